import Foundation

extension Verifier {
    /// Checks the bytes of a presentation as if it were this time. A part of a second is dropped.
    ///
    /// - Throws: ``KycvsError`` as `verify` without a time, and ``InvalidTime``.
    public func verify(_ presentation: Data, expectation: Expectation, at now: Date) throws -> Verdict {
        try verifyAtSeconds(presentation, expectation: expectation, nowSeconds: wholeSeconds(now))
    }

    /// Checks a presentation in either text form, `KV1:` or base64url, as if it were this time. A part of a second is
    /// dropped.
    ///
    /// - Throws: ``KycvsError`` as `verifyText` without a time, and ``InvalidTime``.
    public func verifyText(_ text: String, expectation: Expectation, at now: Date) throws -> Verdict {
        try verifyTextAtSeconds(text, expectation: expectation, nowSeconds: wholeSeconds(now))
    }

    /// Checks many presentations as if it were this time: for each, in order, what `verify` gives. A part of a second is
    /// dropped.
    ///
    /// - Throws: ``InvalidTime`` alone. What is wrong with a presentation is in its outcome.
    public func verifyMany(_ presentations: [Data], expectation: Expectation, at now: Date) throws -> [Outcome] {
        try verifyManyAtSeconds(presentations, expectation: expectation, nowSeconds: wholeSeconds(now))
    }
}

extension Policy {
    /// How far the issuer's clock and this one may be apart, in seconds; a part of a second is dropped.
    ///
    /// - Throws: ``KycvsError`` with `invalid_setting` where it is longer than the core allows, and ``InvalidTime``.
    public func withClockSkew(_ clockSkew: TimeInterval) throws -> Policy {
        try withClockSkewSeconds(wholeSeconds(clockSkew))
    }

    /// The longest lifetime of an answer, in seconds; a part of a second is dropped.
    ///
    /// - Throws: ``InvalidTime``.
    public func withMaxLifetime(_ maxLifetime: TimeInterval) throws -> Policy {
        try withMaxLifetimeSeconds(wholeSeconds(maxLifetime))
    }
}

extension TrustedKey {
    /// The same key, good for tokens that were issued from `notBefore` on and before `notAfter`; `nil` is no bound. Parts
    /// of a second are dropped.
    ///
    /// - Throws: ``KycvsError`` with `bad_trust_store` where the end is not after the start, and ``InvalidTime``.
    public func withValidity(notBefore: Date?, notAfter: Date?) throws -> TrustedKey {
        try withValiditySeconds(notBefore: notBefore.map(wholeSeconds), notAfter: notAfter.map(wholeSeconds))
    }

    /// The first second in which the key may have signed. Exactly: ``notBeforeSeconds``.
    public var notBefore: Date? { notBeforeSeconds.map(date(ofSeconds:)) }

    /// The first second in which the key may no longer have signed. Exactly: ``notAfterSeconds``.
    public var notAfter: Date? { notAfterSeconds.map(date(ofSeconds:)) }
}

extension MemoryReplayGuard {
    /// Room for at most `capacity` tokens at a time (some 150 bytes each): as many as come in within the longest lifetime
    /// and the clock skew.
    ///
    /// It forgets what has expired. When it is full of tokens that have not, an answer is refused with
    /// `replay_guard_failed` rather than one forgotten.
    public convenience init(capacity: UInt32) {
        guard let made = memoryReplayGuard(capacity: capacity) as? MemoryReplayGuard else {
            preconditionFailure("what Rust made is Rust's")
        }
        self.init(unsafeFromHandle: made.uniffiCloneHandle())
    }
}
