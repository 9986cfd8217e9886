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

    /// Checks many presentations in either text form, now: for each, in order, what `verifyText` gives. A damaged text is a
    /// failed outcome like any other.
    // Disfavored, so that the literal `[]` is not ambiguous.
    @_disfavoredOverload
    public func verifyMany(_ texts: [String], expectation: Expectation) -> [Outcome] {
        verifyManyTexts(texts, expectation: expectation)
    }

    /// Checks many presentations in either text form as if it were this time. A part of a second is dropped.
    ///
    /// - Throws: ``InvalidTime`` alone. What is wrong with a presentation is in its outcome.
    @_disfavoredOverload
    public func verifyMany(_ texts: [String], expectation: Expectation, at now: Date) throws -> [Outcome] {
        try verifyManyTextsAtSeconds(texts, expectation: expectation, nowSeconds: wholeSeconds(now))
    }

    /// Checks many presentations in either text form at the time `nowSeconds`, in seconds since 1970.
    @_disfavoredOverload
    public func verifyManyAtSeconds(_ texts: [String], expectation: Expectation, nowSeconds: UInt64) -> [Outcome] {
        verifyManyTextsAtSeconds(texts, expectation: expectation, nowSeconds: nowSeconds)
    }
}

extension Verifier {
    /// Begins to check the bytes of a presentation as if it were this time. A part of a second is dropped.
    ///
    /// - Throws: ``KycvsError`` as `beginVerify` without a time, and ``InvalidTime``.
    public func beginVerify(_ presentation: Data, expectation: Expectation, at now: Date) throws -> PendingVerdict {
        try beginVerifyAtSeconds(presentation, expectation: expectation, nowSeconds: wholeSeconds(now))
    }

    /// Begins to check a presentation in either text form as if it were this time. A part of a second is dropped.
    ///
    /// - Throws: ``KycvsError`` as `beginVerifyText` without a time, and ``InvalidTime``.
    public func beginVerifyText(_ text: String, expectation: Expectation, at now: Date) throws -> PendingVerdict {
        try beginVerifyTextAtSeconds(text, expectation: expectation, nowSeconds: wholeSeconds(now))
    }
}

extension PendingVerdict {
    /// Until when the guard has to remember the token at least. Exactly: ``keepUntilSeconds``.
    public var keepUntil: Date { date(ofSeconds: keepUntilSeconds) }

    /// The time of the check. Exactly: ``nowSeconds``.
    public var now: Date { date(ofSeconds: nowSeconds) }
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

    /// Refuses answers that may have been issued at or before this time, as `expired`. Answers that are issued within the clock
    /// skew after it are refused as well. By default there is no such bound. A part of a second is dropped.
    ///
    /// Give the time of the start if the replay guard does not outlive the program, as ``MemoryReplayGuard``: it does not know
    /// which answers were used before.
    ///
    /// - Throws: ``InvalidTime``.
    public func withIssuedAfter(_ time: Date) throws -> Policy {
        try withIssuedAfterSeconds(wholeSeconds(time))
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
