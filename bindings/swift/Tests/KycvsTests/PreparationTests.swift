import Foundation
import Kycvs
import XCTest

/// What a verifier may spend on being fast: how many keys get tables, and that no verdict depends on it.
final class PreparationTests: XCTestCase {
    private let now = Date(timeIntervalSince1970: TimeInterval(Town.now))

    /// The town's key, and one of another issuer.
    private func twoKeys(_ town: Town) throws -> TrustStore {
        let other = try SigningKey(seed: Data(repeating: 8, count: 32)).verifyingKey
        return try town.trust.withKey(TrustedKey(issuer: "in.example.other", key: other))
    }

    func testAsManyKeysArePreparedAsMayBe() throws {
        let town = try Town()
        let verifier = town.verifier.withTrust(try twoKeys(town))
        let prepared: [(Preparation, Int32)] = [
            (Preparation(), 2),
            (.large, 2),
            (.never, 0),
            (Preparation().withMaxKeys(1), 1),
            (.large.withMaxKeys(1), 1),
            (Preparation().withMaxKeys(0), 0),
            (Preparation().withMaxKeys(.max), 2),
        ]
        for (preparation, keys) in prepared {
            let verifier = verifier.withPreparation(preparation)
            XCTAssertEqual(verifier.prepare(), keys)
            // The second time they are there.
            XCTAssertEqual(verifier.prepare(), keys)
        }
        XCTAssertEqual(verifier.prepare(), 2)
        XCTAssertEqual(verifier.withTrust(try TrustStore()).prepare(), 0)
    }

    func testAnotherTrustStoreKeepsThePreparation() throws {
        let town = try Town()
        let prepared: [(Preparation, Int32)] = [(Preparation(), 2), (Preparation().withMaxKeys(1), 1), (.never, 0)]
        for (preparation, keys) in prepared {
            let verifier = town.verifier.withPreparation(preparation)
            XCTAssertEqual(verifier.prepare(), min(keys, 1))
            XCTAssertEqual(verifier.withTrust(try twoKeys(town)).prepare(), keys)
        }
    }

    func testNoVerdictDependsOnIt() throws {
        let town = try Town()
        let verifier = town.verifier.withTrust(try twoKeys(town))
        func issued(by name: String, seed: UInt8) throws -> Data {
            let issuer = try Issuer(name: name, key: SigningKey(seed: Data(repeating: seed, count: 32)))
            let answer = try Answer(
                status: .fullyVaccinated, purpose: "entry", validFor: 60, audience: Town.audience, nonce: Town.nonce)
            return try issuer.issue(answer, at: now).toBytes()
        }
        let good = try town.answer()
        var damaged = good
        damaged[damaged.count - 1] ^= 0x10
        let tokens = [
            good, try issued(by: "in.example.other", seed: 8), damaged, Data([1]),
            try issued(by: "in.example.third", seed: 8), try issued(by: "in.example.health", seed: 9),
        ]

        let expected = try verifier.verifyMany(tokens, expectation: town.expectation, at: now)
        XCTAssertEqual(
            expected.map { outcome in failure { try outcome.get() }?.code ?? "good" },
            ["good", "good", "bad_signature", "not_a_status_token", "issuer_mismatch", "unknown_key"])
        for preparation in [Preparation(), .never, .large, .large.withMaxKeys(1)] {
            let verifier = verifier.withPreparation(preparation)
            for _ in 1...2 {
                XCTAssertEqual(try verifier.verifyMany(tokens, expectation: town.expectation, at: now), expected)
                for (token, outcome) in zip(tokens, expected) {
                    let alone = Result { try verifier.verify(token, expectation: town.expectation, at: now) }
                    XCTAssertEqual(try? alone.get(), try? outcome.get())
                    XCTAssertEqual(failure { try alone.get() }?.code, failure { try outcome.get() }?.code)
                }
                // From now on with tables, for as many keys as may have some.
                _ = verifier.prepare()
            }
        }
    }
}
