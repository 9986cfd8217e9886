import Foundation
import XCTest

@testable import Kycvs

/// Wrong use is an error that says so, never a crash.
final class WrongUseTests: XCTestCase {
    private let notTimes: [Double] = [
        .nan, .signalingNaN, .infinity, -.infinity, -1, -0.001, -1e300, 1e300, 18_446_744_073_709_551_616,
        .greatestFiniteMagnitude,
    ]

    func testWhatIsNoTimeIsAnError() throws {
        let town = try Town()
        let presentation = try town.answer()
        let text = try Presentation(bytes: presentation).toText()
        let answer = try Answer(status: .fullyVaccinated, purpose: "entry", validFor: 60)
        let policy = try Policy(open: true)
        let key = try TrustedKey(issuer: "a", key: town.key.verifyingKey)

        for seconds in notTimes {
            let date = Date(timeIntervalSince1970: seconds)
            refuses(seconds) { try town.verifier.verify(presentation, expectation: town.expectation, at: date) }
            refuses(seconds) { try town.verifier.verifyText(text, expectation: town.expectation, at: date) }
            refuses(seconds) { try town.verifier.verifyMany([presentation], expectation: town.expectation, at: date) }
            refuses(seconds) { try town.verifier.verifyMany([text], expectation: town.expectation, at: date) }
            refuses(seconds) { try policy.withIssuedAfter(date) }
            refuses(seconds) { try town.issuer.issue(answer, at: date) }
            refuses(seconds) { try town.issuer.beginIssue(answer, at: date) }
            refuses(seconds) {
                try town.verifier.beginVerify(presentation, expectation: town.expectation, at: date)
            }
            refuses(seconds) { try town.verifier.beginVerifyText(text, expectation: town.expectation, at: date) }
            refuses(seconds) { try key.withValidity(notBefore: date, notAfter: nil) }
            refuses(seconds) { try key.withValidity(notBefore: nil, notAfter: date) }
            refuses(seconds) { try policy.withClockSkew(seconds) }
            refuses(seconds) { try policy.withMaxLifetime(seconds) }
            refuses(seconds) { try Answer(status: .fullyVaccinated, purpose: "entry", validFor: seconds) }
        }
    }

    /// Such as `Date.distantPast`, which an app may have for "not known".
    func testDatesOfFoundation() throws {
        let town = try Town()
        let presentation = try town.answer()
        refuses(nil) { try town.verifier.verify(presentation, expectation: town.expectation, at: .distantPast) }
        let far = failure { try town.verifier.verify(presentation, expectation: town.expectation, at: .distantFuture) }
        XCTAssertEqual(far?.code, "expired")
        XCTAssertEqual(
            try TrustedKey(issuer: "a", key: town.key.verifyingKey)
                .withValidity(notBefore: nil, notAfter: .distantFuture).notAfter, .distantFuture)
    }

    /// A guard of the library's that an app asks by itself, with dates that it has from elsewhere.
    func testDatesForTheGuardInMemory() throws {
        let memory = MemoryReplayGuard(capacity: .max)
        func isFirst(_ digit: String, keepUntil: Double, now: Double) throws -> Bool {
            try memory.firstUse(
                issuer: "a", tokenID: String(repeating: digit, count: 32),
                keepUntil: Date(timeIntervalSince1970: keepUntil), now: Date(timeIntervalSince1970: now))
        }
        // With any time in the place of these, it could forget what it has seen, or not remember what it sees.
        let last = 18_446_744_073_709_551_616.0
        XCTAssertTrue(try isFirst("1", keepUntil: 100, now: 50))
        for seconds in notTimes where seconds != last {
            refuses(seconds) { try isFirst("2", keepUntil: seconds, now: 50) }
            refuses(seconds) { try isFirst("2", keepUntil: 100, now: seconds) }
        }
        XCTAssertTrue(try isFirst("2", keepUntil: 100, now: 50), "it was remembered in spite of the error")
        XCTAssertFalse(try isFirst("1", keepUntil: 100, now: 99.9))
        XCTAssertFalse(try isFirst("1", keepUntil: 200, now: 100), "a late time by itself makes it forget nothing")

        // The `Date` of the format's last second, as a guard of the app's own is given it, is 2^64 seconds.
        XCTAssertEqual(date(ofSeconds: .max).timeIntervalSince1970, last)
        XCTAssertTrue(try isFirst("3", keepUntil: last, now: 100))
        XCTAssertFalse(try isFirst("3", keepUntil: last, now: 1.8e19))
        XCTAssertThrowsError(try memory.firstUse(issuer: "a", tokenID: "not an id", keepUntil: Date(), now: Date())) {
            XCTAssertTrue($0 is CallbackError, "\($0)")
            XCTAssertFalse($0.localizedDescription.isEmpty)
        }
    }

    /// A verifier whose guard asks with no time refuses, and says why.
    func testNoTimeInAGuardOfOnesOwn() throws {
        final class Careless: ReplayGuard {
            let inside = MemoryReplayGuard(capacity: 8)

            func firstUse(issuer: String, tokenID: String, keepUntil: Date, now: Date) throws -> Bool {
                let never = Date(timeIntervalSince1970: .nan)
                return try inside.firstUse(issuer: issuer, tokenID: tokenID, keepUntil: never, now: now)
            }
        }
        let town = try Town(replayGuard: Careless())
        let error = try XCTUnwrap(failure { try town.verify(town.answer()) })
        XCTAssertEqual(error.code, "replay_guard_failed")
        XCTAssertTrue(error.cause is InvalidTime)
    }

    func testTheLastSecondOfTheFormat() throws {
        let town = try Town()
        XCTAssertEqual(
            failure {
                try town.verifier.verifyAtSeconds(town.answer(), expectation: town.expectation, nowSeconds: .max)
            }?.code, "expired")
        let answer = try Answer(status: .fullyVaccinated, purpose: "entry", validForSeconds: .max)
        XCTAssertEqual(failure { try town.issuer.issueAtSeconds(answer, nowSeconds: .max) }?.code, "invalid_claim")
        XCTAssertEqual(failure { try Policy(open: true).withClockSkewSeconds(.max) }?.code, "invalid_setting")
        XCTAssertNoThrow(try Policy(open: true).withMaxLifetimeSeconds(.max))
    }

    func testInputsOf100Megabytes() throws {
        let town = try Town()
        let size = 100_000_000
        let data = Data(repeating: 0xD2, count: size)
        let text = String(repeating: "K", count: size)
        XCTAssertEqual(failure { try town.verify(data) }?.code, "too_large")
        XCTAssertEqual(
            failure { try town.verifier.verifyText(text, expectation: town.expectation) }?.family, "unreadable")
        XCTAssertEqual(failure { try Presentation(bytes: data) }?.code, "too_large")
        XCTAssertEqual(failure { try Presentation(text: text) }?.family, "unreadable")
        XCTAssertEqual(failure { try TrustStore(bytes: data) }?.code, "bad_trust_store")
        XCTAssertEqual(failure { try ImportedKeys(file: data) }?.code, "invalid_key")
        XCTAssertEqual(failure { try SigningKey(seed: data) }?.code, "invalid_key")
        XCTAssertEqual(failure { try SigningKey(pem: text) }?.code, "invalid_key")
        XCTAssertEqual(failure { try VerifyingKey(bytes: data) }?.code, "invalid_key")
        XCTAssertEqual(failure { try VerifyingKey(pem: text) }?.code, "invalid_key")
        XCTAssertEqual(failure { try Expectation(nonce: data) }?.code, "invalid_claim")
        XCTAssertEqual(failure { try Expectation(nonce: nil, purpose: text) }?.code, "invalid_claim")
        XCTAssertEqual(failure { try Policy(audience: text) }?.code, "invalid_claim")
        XCTAssertEqual(failure { try Subject(name: text) }?.code, "invalid_claim")
        XCTAssertFalse(town.key.verifyingKey.verifies(message: data, signature: data))
    }

    func testNilAndEmpty() throws {
        let town = try Town()
        XCTAssertEqual(failure { try town.verify(Data()) }?.code, "malformed")
        XCTAssertEqual(
            failure { try town.verifier.verifyText("", expectation: town.expectation) }?.family, "unreadable")
        XCTAssertEqual(failure { try Expectation(nonce: Data()) }?.code, "invalid_claim")
        XCTAssertEqual(
            failure { try Answer(status: .fullyVaccinated, purpose: "", validFor: 60) }?.code, "invalid_claim")
        XCTAssertNoThrow(try Expectation(nonce: nil))
        XCTAssertNoThrow(
            try Answer(
                status: .fullyVaccinated, purpose: "entry", validFor: 60, audience: nil, nonce: nil, subject: nil,
                statusList: nil))
        XCTAssertFalse(town.key.verifyingKey.verifies(message: Data(), signature: Data()))
    }

    /// A part of a `Data` does not begin at index 0.
    func testASliceOfData() throws {
        let town = try Town()
        let presentation = try town.answer()
        let slice = (Data(repeating: 9, count: 100) + presentation)[100...]
        XCTAssertEqual(slice.startIndex, 100)
        XCTAssertEqual(try town.verify(slice), try town.verify(presentation))
        let many = town.verifier.verifyManyAtSeconds([slice], expectation: town.expectation, nowSeconds: Town.now)
        XCTAssertEqual(try many[0].get(), try town.verify(presentation))
    }

    /// Errors that nobody ever asks for do not pile up, and of too many at a time it is the oldest that are lost.
    func testCausesDoNotPileUp() {
        let numbers = (0..<100_005).map { Cause.keep(Cause(AppError($0))) }
        let errors = numbers.map { Cause.take($0).error }
        XCTAssertEqual(errors.prefix(5).filter { $0 is CauseLost }.count, 5)
        XCTAssertEqual(errors.dropFirst(5).compactMap { ($0 as? AppError)?.number }, Array(5..<100_005))
        XCTAssertTrue(errors[0].localizedDescription.contains("was lost"))
        // Each is handed out once.
        XCTAssertTrue(Cause.take(numbers[100_004]).error is CauseLost)
    }

    private func refuses(_ seconds: Double?, _ body: () throws -> Any, line: UInt = #line) {
        XCTAssertThrowsError(try body(), line: line) { error in
            guard let error = error as? InvalidTime else { return XCTFail("\(error)", line: line) }
            XCTAssertTrue(error.localizedDescription.contains("give a date from 1970 on"), line: line)
            if let seconds, !seconds.isNaN { XCTAssertEqual(error.seconds, seconds, accuracy: 0.01, line: line) }
        }
    }
}
