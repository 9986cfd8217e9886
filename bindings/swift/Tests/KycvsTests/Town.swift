import Foundation
import Kycvs

/// An issuer, a verifier that trusts it, and an answer between the two, for tests that need some.
struct Town {
    static let audience = "irctc.co.in"
    static let nonce = Data("a test challenge".utf8)
    /// 2026-09-21, in seconds since 1970.
    static let now: UInt64 = 1_790_000_000

    static let seed = Data(repeating: 7, count: 32)

    let key: SigningKey
    let issuer: Issuer
    let trust: TrustStore
    let verifier: Verifier
    let expectation: Expectation

    init(replayGuard: (any ReplayGuard)? = nil) throws {
        key = try SigningKey(seed: Self.seed)
        issuer = try Issuer(name: "in.example.health", key: key)
        trust = try TrustStore(keys: [TrustedKey(issuer: "in.example.health", key: key.verifyingKey)])
        verifier = try Verifier(trust: trust, policy: Policy(audience: Self.audience), replayGuard: replayGuard)
        expectation = try Expectation(nonce: Self.nonce)
    }

    /// An answer that was issued at `now`.
    func answer(_ status: Status = .fullyVaccinated, subject: Subject? = nil) throws -> Data {
        let answer = try Answer(
            status: status,
            purpose: "rail-booking",
            validFor: 900,
            audience: Self.audience,
            nonce: Self.nonce,
            subject: subject
        )
        return try issuer.issueAtSeconds(answer, nowSeconds: Self.now).toBytes()
    }

    func verify(_ presentation: Data) throws(KycvsError) -> Verdict {
        try verifier.verifyAtSeconds(presentation, expectation: expectation, nowSeconds: Self.now)
    }
}

/// The error that this throws, if it is one of the library's; the code alone is enough for most tests.
func failure(_ body: () throws -> Any) -> KycvsError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? KycvsError
    }
}

/// What an app throws: a class, so that a test sees whether it comes back itself.
final class AppError: Error {
    let number: Int

    init(_ number: Int = 0) {
        self.number = number
    }
}
