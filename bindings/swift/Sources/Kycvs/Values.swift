import Foundation

extension Status {
    /// The number that stands for it in a token.
    public var number: Int {
        // The order is that of the enum in Rust, where the cases stand by their numbers, from 0. No number is written here
        // again: `ConformanceTests` holds each to the test vectors, and so the order that `<` and `meets` go by.
        Self.allCases.prefix { $0 != self }.count
    }
}

/// The further vaccinated, the greater: as their numbers, which the core compares.
extension Status: Comparable {
    public static func < (one: Status, other: Status) -> Bool {
        one.number < other.number
    }
}

extension Verdict {
    /// When the answer was issued. Exactly: ``issuedAtSeconds``.
    public var issuedAt: Date { date(ofSeconds: issuedAtSeconds) }

    /// From when on the answer is no longer good. Exactly: ``expiresAtSeconds``.
    public var expiresAt: Date { date(ofSeconds: expiresAtSeconds) }

    /// Whether the status is this one or further, which is a comparison of their numbers and no rule of the token.
    ///
    /// ```swift
    /// guard verdict.meets(.partiallyVaccinated) else { return }
    /// ```
    public func meets(_ atLeast: Status) -> Bool {
        status >= atLeast
    }
}

extension Claims {
    /// When it is said to have been issued. Exactly: ``issuedAtSeconds``.
    public var issuedAt: Date { date(ofSeconds: issuedAtSeconds) }

    /// Until when it is meant to be good. Exactly: ``expiresAtSeconds``.
    public var expiresAt: Date { date(ofSeconds: expiresAtSeconds) }
}

extension Outcome {
    /// The same as a `Result`.
    public var result: Result<Verdict, KycvsError> {
        switch self {
        case .good(let verdict): .success(verdict)
        case .failed(let error): .failure(error)
        }
    }

    /// The verdict, or the error, thrown.
    public func get() throws(KycvsError) -> Verdict {
        try result.get()
    }
}
