import Foundation

extension Answer {
    /// `status`, for `purpose`, good for `validFor` seconds from the moment that it is issued; a part of a second is
    /// dropped.
    ///
    /// By default an answer is an open pass: for anyone, without a challenge, bound to nobody. Say whom it is for
    /// (`audience`) and what it answers (`nonce`, 8 to 64 bytes) wherever there is a verifying entity to name. Bind it to a
    /// person (`subject`) only where the verifying entity asked for it and the person was told. A `specimen` is for
    /// training, and refused by every verifier that does not ask for specimens.
    ///
    /// - Throws: ``KycvsError`` with `invalid_claim` where a token cannot hold one of them, and ``InvalidTime``.
    public convenience init(
        status: Status,
        purpose: String,
        validFor: TimeInterval,
        audience: String? = nil,
        nonce: Data? = nil,
        subject: Subject? = nil,
        statusList: StatusListRef? = nil,
        specimen: Bool = false
    ) throws {
        try self.init(
            status: status,
            purpose: purpose,
            validForSeconds: wholeSeconds(validFor),
            audience: audience,
            nonce: nonce,
            subject: subject,
            statusList: statusList,
            specimen: specimen
        )
    }
}

extension Issuer {
    /// Issues an answer as if it were this time; a part of a second is dropped.
    ///
    /// - Throws: ``KycvsError`` as `issue` without a time, and ``InvalidTime``.
    public func issue(_ answer: Answer, at now: Date) throws -> Presentation {
        try issueAtSeconds(answer, nowSeconds: wholeSeconds(now))
    }

    /// Begins to issue an answer as if it were this time; a part of a second is dropped.
    ///
    /// - Throws: ``KycvsError`` as `beginIssue` without a time, and ``InvalidTime``.
    public func beginIssue(_ answer: Answer, at now: Date) throws -> PendingAnswer {
        try beginIssueAtSeconds(answer, nowSeconds: wholeSeconds(now))
    }
}
