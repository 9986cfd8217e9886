import Foundation

/// What the app's own signer or replay guard threw, as it travels through the core and back.
///
/// An app that handles an error reads ``KycvsError/cause``, which is the thrown value itself. Two causes are equal where
/// they are the same throw.
public final class Cause: Sendable {
    /// What was thrown: the same value.
    public let error: any Error

    init(_ error: any Error) {
        self.error = error
    }
}

extension Cause: Hashable {
    public static func == (one: Cause, other: Cause) -> Bool {
        one === other
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(ObjectIdentifier(self))
    }
}

/// Names the error's type and shows nothing of it: an app's errors may hold what is not for a log.
extension Cause: CustomStringConvertible {
    public var description: String {
        "Cause(\(type(of: error)))"
    }
}

extension Cause {
    /// The number under which it waits, until Rust hands that number back with the error that follows.
    static func keep(_ cause: Cause) -> UInt64 {
        waiting.add(cause)
    }

    /// What waits under this number, once.
    static func take(_ number: UInt64) -> Cause {
        waiting.remove(number) ?? Cause(CauseLost())
    }

    private static let waiting = Waiting()
}

/// Stands for what an app threw, where too many others were thrown before it was handed on.
struct CauseLost: LocalizedError {
    var errorDescription: String? {
        "The app's signer or replay guard threw an error, which was lost among more than \(Waiting.most) others."
    }
}

/// The causes that are on their way through the core. Each is taken by the error that follows from it; should one ever
/// not be, it is the oldest that goes when there are too many, so that this never grows without end.
private final class Waiting: @unchecked Sendable {
    static let most = 100_000

    // Every access holds the lock, which is why this can be `Sendable`.
    private let lock = NSLock()
    private var causes: [UInt64: Cause] = [:]
    private var oldest: UInt64 = 0
    private var next: UInt64 = 0

    func add(_ cause: Cause) -> UInt64 {
        lock.lock()
        defer { lock.unlock() }
        while causes.count >= Self.most {
            causes[oldest] = nil
            oldest += 1
        }
        let number = next
        causes[number] = cause
        next += 1
        return number
    }

    func remove(_ number: UInt64) -> Cause? {
        lock.lock()
        defer { lock.unlock() }
        return causes.removeValue(forKey: number)
    }
}
