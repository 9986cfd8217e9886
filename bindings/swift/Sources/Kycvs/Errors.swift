import Foundation

extension KycvsError {
    /// What every error tells, whichever its family.
    public var failure: Failure {
        switch self {
        case .unreadable(let failure), .untrusted(let failure), .refused(let failure), .setUp(let failure),
            .issuing(let failure):
            failure
        }
    }

    /// The stable code, such as `wrong_nonce`: the same on every platform.
    public var code: String { failure.code }

    /// The code's number.
    public var number: Int32 { failure.number }

    /// The code's family: `unreadable`, `untrusted`, `refused`, `set_up` or `issuing`. The cases of this type say the same.
    public var family: String { failure.family }

    /// A sentence that says what to do next. It never shows a key, an opening, a name or a number.
    public var message: String { failure.message }

    /// What the app's own ``Signer`` or ``ReplayGuard`` threw, where that is why: the same value.
    public var cause: (any Error)? { failure.cause?.error }

    /// What else is known of why, for a developer: that the signer gave too few bytes, or that the guard is full.
    public var reason: String? { failure.reason }
}

/// `localizedDescription` is the ``message``.
extension KycvsError: LocalizedError {
    public var errorDescription: String? { message }
}

extension KycvsError: CustomStringConvertible {
    /// The code and the sentence.
    public var description: String { "\(code): \(message)" }
}

extension CallbackError: LocalizedError {
    public var errorDescription: String? { description }
}

extension CallbackError: CustomStringConvertible {
    /// Why there was no answer; of what an app threw, its type alone.
    public var description: String {
        switch self {
        case .failed(let cause): "the app's code threw: \(cause)"
        case .unexpected(let reason): reason
        }
    }
}
