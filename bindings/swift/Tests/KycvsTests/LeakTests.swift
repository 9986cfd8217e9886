import Foundation
import Kycvs
import XCTest

#if os(Linux)
/// A million verifications leave memory where it was after the first hundred thousand.
final class LeakTests: XCTestCase {
    func testAMillionVerificationsTakeNoMemory() throws {
        let town = try Town(replayGuard: Forgetful())
        let good = try town.answer()
        var changed = good
        changed[changed.count - 1] ^= 1
        let text = try Presentation(bytes: good).toText()
        let expired = Town.now + 10_000

        func ten() throws {
            for _ in 0..<6 {
                _ = try town.verify(good)
            }
            let expectation = try Expectation(nonce: Town.nonce, purpose: "rail-booking")
            _ = try town.verifier.verifyTextAtSeconds(text, expectation: expectation, nowSeconds: Town.now)
            XCTAssertEqual(failure { try town.verify(changed) }?.code, "bad_signature")
            XCTAssertEqual(
                failure { try town.verifier.verifyAtSeconds(good, expectation: expectation, nowSeconds: expired) }?
                    .code, "expired")
            let many = town.verifier.verifyManyAtSeconds([good], expectation: expectation, nowSeconds: Town.now)
            XCTAssertNoThrow(try many[0].get())
        }

        for _ in 0..<10_000 { try ten() }
        let first = try residentPages()
        for _ in 0..<90_000 { try ten() }
        let last = try residentPages()
        print("resident after 100,000 and after 1,000,000 verifications: \(first) and \(last) pages")
        XCTAssertLessThan(Double(last), Double(first) * 1.05)
    }

    /// The same of what an app throws, and of the objects that are made for each person.
    func testErrorsAndObjectsTakeNoMemory() throws {
        final class Throwing: ReplayGuard {
            func firstUse(issuer: String, tokenID: String, keepUntil: Date, now: Date) throws -> Bool {
                throw AppError(1)
            }
        }
        let town = try Town(replayGuard: Throwing())
        let good = try town.answer()
        func one() throws {
            XCTAssertEqual((failure { try town.verify(good) }?.cause as? AppError)?.number, 1)
            _ = try Verifier(
                trust: TrustStore(bytes: town.trust.toBytes()), policy: Policy(open: true), replayGuard: Throwing())
            _ = try Expectation(nonce: Town.nonce, subject: Subject(name: "A"))
        }
        for _ in 0..<10_000 { try one() }
        let first = try residentPages()
        for _ in 0..<50_000 { try one() }
        XCTAssertLessThan(Double(try residentPages()), Double(first) * 1.05)
    }

    private func residentPages() throws -> Int {
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return try XCTUnwrap(Int(fields[1]))
    }
}

/// Takes every token for new, in Swift, so that each verification calls back.
private final class Forgetful: ReplayGuard {
    func firstUse(issuer: String, tokenID: String, keepUntil: Date, now: Date) -> Bool { true }
}
#endif
