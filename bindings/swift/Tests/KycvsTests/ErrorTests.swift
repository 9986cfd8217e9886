import Foundation
import Kycvs
import XCTest

/// Typed errors, the core's sentences, and causes.
final class ErrorTests: XCTestCase {
    /// One of each family, with the sentence of the core.
    func testEveryFamilyTellsItsSentence() throws {
        let town = try Town()
        let stranger = try Town().verifier.withTrust(
            TrustStore(keys: [TrustedKey(issuer: "x", key: SigningKey(seed: Data(count: 32)).verifyingKey)]))
        let good = try town.answer()
        let all: [(KycvsError?, String, String, Int32, String)] = [
            (
                failure { try town.verify(Data([0xD2])) }, "unreadable", "malformed", 3,
                "the bytes are damaged or cut short: scan or paste the whole answer again"
            ),
            (
                failure { try stranger.verify(good, expectation: town.expectation) }, "untrusted", "unknown_key", 7,
                "no trusted key signed this answer: do not rely on it, or add the issuer's key to the trust store"
            ),
            (
                failure {
                    try town.verifier.verifyAtSeconds(
                        good, expectation: town.expectation, nowSeconds: Town.now + 10_000)
                }, "refused", "expired", 12, "the answer has expired: ask for a new one"
            ),
            (
                failure { try town.verifier.verifyAtSeconds(good, expectation: town.expectation, nowSeconds: 0) },
                "set_up", "clock_not_set", 97, "this verifier's clock is not set: set it and try again"
            ),
            (
                failure {
                    try SigningKey(
                        encryptedPEM: town.key.toEncryptedPEM(passphrase: Data("a".utf8)), passphrase: Data())
                },
                "issuing", "wrong_passphrase", 68, "the passphrase does not open this key: check it and try again"
            ),
        ]
        for (error, family, code, number, sentence) in all {
            let error = try XCTUnwrap(error, code)
            XCTAssertEqual(error.family, family)
            XCTAssertEqual(error.code, code)
            XCTAssertEqual(error.number, number)
            XCTAssertEqual(error.message, sentence)
            XCTAssertEqual(error.localizedDescription, sentence)
            XCTAssertEqual((error as NSError).localizedDescription, sentence)
            XCTAssertEqual("\(error)", "\(code): \(sentence)")
            XCTAssertNil(error.cause)
            XCTAssertEqual(
                refusal(error), ["code": JSON(code), "number": .number(UInt64(number)), "family": JSON(family)])
        }
    }

    /// The compiler knows what is thrown: no `catch` for other errors.
    func testErrorsAreTyped() throws {
        let town = try Town()
        func code(_ presentation: Data) -> String {
            do {
                return try town.verifier.verify(presentation, expectation: town.expectation).tokenID
            } catch {
                return error.code
            }
        }
        XCTAssertEqual(code(Data()), "malformed")
    }

    func testWhatASignerThrowsIsTheCause() throws {
        final class Broken: Signer {
            let error: any Error
            init(_ error: any Error) { self.error = error }
            func sign(_ message: Data) throws -> Data { throw error }
        }
        let thrown = AppError()
        let error = try XCTUnwrap(failureOfIssuing(Broken(thrown)))
        XCTAssertEqual(error.code, "signer_failed")
        XCTAssertTrue(error.cause as? AppError === thrown)
        XCTAssertFalse("\(error)".contains("AppError"))
        XCTAssertEqual(error.failure.cause?.description, "Cause(AppError)")

        // Values of any kind, the library's own among them.
        let cocoa = try XCTUnwrap(failureOfIssuing(Broken(CocoaError(.fileNoSuchFile))))
        XCTAssertEqual((cocoa.cause as? CocoaError)?.code, .fileNoSuchFile)
        let nested = try XCTUnwrap(failureOfIssuing(Broken(error)))
        XCTAssertEqual((nested.cause as? KycvsError)?.code, "signer_failed")
        XCTAssertTrue((nested.cause as? KycvsError)?.cause as? AppError === thrown)
        XCTAssertEqual(nested.cause as? KycvsError, error)
        XCTAssertNotEqual(nested, error)
    }

    func testASignerThatSignsWrongly() throws {
        final class Wrong: Signer {
            let signature: Data
            init(_ signature: Data) { self.signature = signature }
            func sign(_ message: Data) -> Data { signature }
        }
        for length in [0, 1, 63, 65, 1_000_000] {
            let error = try XCTUnwrap(failureOfIssuing(Wrong(Data(count: length))), "\(length)")
            XCTAssertEqual(error.code, "signer_failed")
            XCTAssertNil(error.cause)
            XCTAssertTrue(error.reason?.contains("64 bytes") == true, error.reason ?? "no reason")
        }
    }

    func testWhatAGuardThrowsIsTheCause() throws {
        final class Broken: ReplayGuard {
            let error = AppError()
            func firstUse(issuer: String, tokenID: String, keepUntil: Date, now: Date) throws -> Bool { throw error }
        }
        let broken = Broken()
        let town = try Town(replayGuard: broken)
        let presentation = try town.answer()
        let error = try XCTUnwrap(failure { try town.verify(presentation) })
        XCTAssertEqual(error.code, "replay_guard_failed")
        XCTAssertTrue(error.cause as? AppError === broken.error)
        XCTAssertNil(error.reason)
    }

    /// Each of many gets its own.
    func testManyCauses() throws {
        final class Counting: ReplayGuard, @unchecked Sendable {
            private let lock = NSLock()
            private var numbers: [String: Int] = [:]

            func firstUse(issuer: String, tokenID: String, keepUntil: Date, now: Date) throws -> Bool {
                throw AppError(
                    lock.withLock {
                        numbers[tokenID] = numbers.count
                        return numbers[tokenID]!
                    })
            }

            func number(_ tokenID: String) -> Int? {
                lock.withLock { numbers[tokenID] }
            }
        }
        let counting = Counting()
        let town = try Town(replayGuard: counting)
        let presentations = try (0..<100).map { _ in try town.answer() }
        let outcomes = town.verifier.verifyManyAtSeconds(
            presentations, expectation: town.expectation, nowSeconds: Town.now)
        XCTAssertEqual(outcomes.count, 100)
        for (presentation, outcome) in zip(presentations, outcomes) {
            let tokenID = try Presentation(bytes: presentation).unverifiedClaims.tokenID
            let error = try XCTUnwrap(failure(outcome.get))
            XCTAssertEqual(error.code, "replay_guard_failed")
            XCTAssertEqual((error.cause as? AppError)?.number, counting.number(tokenID))
            XCTAssertNotNil(counting.number(tokenID))
        }
    }

    /// What was thrown is let go with the error that it caused.
    func testCausesAreLetGo() throws {
        final class Throwing: Signer {
            func sign(_ message: Data) throws -> Data { throw AppError() }
        }
        weak var thrown: AppError?
        do {
            let error = try XCTUnwrap(failureOfIssuing(Throwing()))
            thrown = error.cause as? AppError
            XCTAssertNotNil(thrown)
        }
        XCTAssertNil(thrown)
    }

    /// So are the app's own objects.
    func testSignersAndGuardsAreLetGo() throws {
        final class Idle: Signer, ReplayGuard {
            func sign(_ message: Data) -> Data { Data() }
            func firstUse(issuer: String, tokenID: String, keepUntil: Date, now: Date) -> Bool { true }
        }
        weak var idle: Idle?
        try {
            let kept = Idle()
            idle = kept
            let town = try Town(replayGuard: kept)
            _ = try town.verify(town.answer())
            _ = failureOfIssuing(kept)
        }()
        XCTAssertNil(idle)
    }

    private func failureOfIssuing(_ signer: any Signer) -> KycvsError? {
        failure {
            let key = try SigningKey.generate().verifyingKey
            let answer = try Answer(status: .fullyVaccinated, purpose: "entry", validFor: 60)
            return try Issuer(name: "x", key: key, signer: signer).issue(answer)
        }
    }
}
