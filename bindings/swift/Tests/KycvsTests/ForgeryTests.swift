import Foundation
import Kycvs
import XCTest

/// A verdict says that all was checked, so that nobody but the core makes one; nor what a token or an error tells.
final class ForgeryTests: XCTestCase {
    /// Each call here would take an initializer of the library, were there one for apps: those below want an optional
    /// where a plain value is given, and Swift takes them only for want of a better.
    func testAnAppMakesNoneOfThese() {
        let none: String? = nil
        let verdict = Verdict(
            status: .fullyVaccinated, issuer: "forged", audience: none, purpose: "forged", issuedAtSeconds: 0,
            expiresAtSeconds: 0, tokenID: "", keyID: "", nonce: none, subjectMatched: true, specimen: false)
        XCTAssertEqual(verdict.purpose, "rail-booking")
        let claims = Claims(
            status: .fullyVaccinated, issuer: "forged", audience: none, purpose: "forged", issuedAtSeconds: 0,
            expiresAtSeconds: 0, tokenID: "", nonce: none, commitment: none, statusList: nil, specimen: false)
        XCTAssertEqual(claims.purpose, "rail-booking")
        let failure = Failure(
            code: "forged", number: 0, family: "refused", message: "forged", cause: nil, reason: none)
        XCTAssertEqual(failure.code, "malformed")
    }
}

extension Verdict {
    fileprivate init(
        status: Status, issuer: String?, audience: String?, purpose: String?, issuedAtSeconds: UInt64,
        expiresAtSeconds: UInt64, tokenID: String?, keyID: String?, nonce: String?, subjectMatched: Bool, specimen: Bool
    ) {
        self = try! Town().verify(Town().answer())
    }
}

extension Claims {
    fileprivate init(
        status: Status, issuer: String?, audience: String?, purpose: String?, issuedAtSeconds: UInt64,
        expiresAtSeconds: UInt64, tokenID: String?, nonce: String?, commitment: String?, statusList: StatusListRef?,
        specimen: Bool
    ) {
        self = try! Presentation(bytes: Town().answer()).unverifiedClaims
    }
}

extension Failure {
    fileprivate init(code: String?, number: Int32, family: String?, message: String?, cause: Cause?, reason: String?) {
        self = KycvsTests.failure { try Presentation(bytes: Data()) }!.failure
    }
}
