import Foundation

extension Status {
    /// The number that stands for it in a token.
    public var number: Int {
        Int(statusNumber(status: self))
    }
}

/// The further vaccinated, the greater.
extension Status: Comparable {
    public static func < (one: Status, other: Status) -> Bool {
        !statusMeets(status: one, atLeast: other)
    }
}

extension Verdict {
    /// When the answer was issued. Exactly: ``issuedAtSeconds``.
    public var issuedAt: Date { date(ofSeconds: issuedAtSeconds) }

    /// From when on the answer is no longer good. Exactly: ``expiresAtSeconds``.
    public var expiresAt: Date { date(ofSeconds: expiresAtSeconds) }

    /// Whether the status is this one or further.
    ///
    /// ```swift
    /// guard verdict.meets(.partiallyVaccinated) else { return }
    /// ```
    public func meets(_ atLeast: Status) -> Bool {
        statusMeets(status: status, atLeast: atLeast)
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
