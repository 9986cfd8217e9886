import Foundation
import Kycvs
import XCTest

/// The surface as an app uses it: objects, values, and Foundation's types.
final class ApiTests: XCTestCase {
    private let now = Date(timeIntervalSince1970: TimeInterval(Town.now) + 0.75)

    func testAnAnswerFromKeyToVerdict() throws {
        let town = try Town()
        let subject = try Subject(name: "A.P.J. Abdul Kalam", mobile: "98765 43210")
        let answer = try Answer(
            status: .partiallyVaccinated,
            purpose: "rail-booking",
            validFor: 900.9,
            audience: Town.audience,
            nonce: Town.nonce,
            subject: subject,
            specimen: true
        )
        let presentation = try town.issuer.issue(answer, at: now)
        let policy = try Policy(audience: Town.audience, allowSpecimen: true)
        let verifier = Verifier(trust: town.trust, policy: policy)
        let expectation = try Expectation(nonce: Town.nonce, purpose: "rail-booking", subject: subject)

        let verdict = try verifier.verify(presentation.toBytes(), expectation: expectation, at: now)
        XCTAssertEqual(verdict.status, .partiallyVaccinated)
        XCTAssertEqual(verdict.issuer, "in.example.health")
        XCTAssertEqual(verdict.audience, Town.audience)
        XCTAssertEqual(verdict.purpose, "rail-booking")
        XCTAssertEqual(verdict.issuedAtSeconds, Town.now)
        XCTAssertEqual(verdict.issuedAt, Date(timeIntervalSince1970: TimeInterval(Town.now)))
        XCTAssertEqual(verdict.expiresAtSeconds, Town.now + 900)
        XCTAssertEqual(verdict.expiresAt, Date(timeIntervalSince1970: TimeInterval(Town.now) + 900))
        XCTAssertEqual(verdict.tokenID.count, 32)
        XCTAssertEqual(verdict.keyID, town.key.verifyingKey.keyID)
        XCTAssertEqual(verdict.nonce, Town.nonce.hexadecimal)
        XCTAssertTrue(verdict.subjectMatched)
        XCTAssertTrue(verdict.specimen)

        for text in [presentation.toText(), presentation.toBase64URL()] {
            XCTAssertEqual(try verifier.verifyText(text, expectation: expectation, at: now), verdict)
            XCTAssertEqual(try Presentation(text: text), presentation)
        }
        let outcomes = try verifier.verifyMany([presentation.toBytes()], expectation: expectation, at: now)
        XCTAssertEqual(outcomes, [.good(verdict: verdict)])
        XCTAssertEqual(try outcomes[0].result.get(), verdict)
        XCTAssertEqual(verifier.verifyMany([], expectation: expectation), [])

        let claims = presentation.unverifiedClaims
        XCTAssertEqual(claims.issuedAt, verdict.issuedAt)
        XCTAssertEqual(claims.expiresAt, verdict.expiresAt)
        XCTAssertEqual(claims.tokenID, verdict.tokenID)
        XCTAssertEqual(presentation.unverifiedKeyID, verdict.keyID)
        XCTAssertTrue(presentation.hasOpening)
        XCTAssertFalse(presentation.withoutOpening().hasOpening)
    }

    func testADamagedTextAmongManyIsOneFailedOutcome() throws {
        let town = try Town()
        let presentation = try Presentation(bytes: town.answer())
        let verdict = try town.verify(presentation.toBytes())
        let texts = [presentation.toText(), "KV1:DAMAGED", "", " \(presentation.toBase64URL())\n"]
        let expected = [verdict.tokenID, "bad_text", "bad_text", verdict.tokenID]
        func said(_ outcomes: [Outcome]) -> [String] {
            outcomes.map { outcome in
                switch outcome {
                case .good(let verdict): verdict.tokenID
                case .failed(let error): error.code
                }
            }
        }
        XCTAssertEqual(said(try town.verifier.verifyMany(texts, expectation: town.expectation, at: now)), expected)
        XCTAssertEqual(
            said(town.verifier.verifyManyAtSeconds(texts, expectation: town.expectation, nowSeconds: Town.now)),
            expected)
        // Without a time it is the system's, for which they are too old.
        XCTAssertEqual(
            said(town.verifier.verifyMany(texts, expectation: town.expectation)),
            ["expired", "bad_text", "bad_text", "expired"])
    }

    func testTheTwoStepsComeToWhatOneComesTo() throws {
        let town = try Town()
        let (key, other) = (town.key.verifyingKey, try OtherLibrary(seed: Town.seed))
        let answer = try Answer(
            status: .fullyVaccinated, purpose: "entry", validFor: 900, audience: Town.audience, nonce: Town.nonce)
        let elsewhere = try Issuer(name: "in.example.health", signedElsewhereBy: key)
        for issuer in [town.issuer, elsewhere] {
            let pending = try issuer.beginIssue(answer, at: now)
            XCTAssertEqual(pending.verifyingKey, key)
            let presentation = try pending.finish(signature: other.sign(pending.message))
            let verdict = try town.verify(presentation.toBytes())
            for begun in [
                try town.verifier.beginVerify(presentation.toBytes(), expectation: town.expectation, at: now),
                try town.verifier.beginVerifyText(presentation.toText(), expectation: town.expectation, at: now),
            ] {
                XCTAssertEqual(begun.issuer, "in.example.health")
                XCTAssertEqual(begun.tokenID, verdict.tokenID)
                XCTAssertEqual(begun.nowSeconds, Town.now)
                XCTAssertEqual(begun.now, Date(timeIntervalSince1970: TimeInterval(Town.now)))
                XCTAssertGreaterThanOrEqual(begun.keepUntil, verdict.expiresAt)
                XCTAssertEqual(try begun.finish(firstUse: true), verdict)
                // A use counts once.
                XCTAssertEqual(failure { try begun.finish(firstUse: true) }?.code, "replayed")
            }
        }
        let seen = try town.verifier.beginVerify(
            town.issuer.issue(answer).toBytes(), expectation: town.expectation)
        XCTAssertEqual(failure { try seen.finish(firstUse: false) }?.code, "replayed")
        XCTAssertEqual(
            failure { try town.verifier.beginVerifyText("KV1:", expectation: town.expectation) }?.family, "unreadable")
        for wrong in [Data(), Data(count: 64), try other.sign(Data())] {
            XCTAssertEqual(failure { try elsewhere.beginIssue(answer).finish(signature: wrong) }?.code, "signer_failed")
        }
        let alone = failure { try elsewhere.issue(answer) }
        XCTAssertEqual(alone?.code, "signer_failed")
        XCTAssertTrue(alone?.reason?.contains("beginIssue") == true, alone?.reason ?? "no reason")
    }

    func testTextsGivenAsBytesSaySoInEachOutcome() throws {
        let town = try Town()
        let presentation = try Presentation(bytes: town.answer())
        let bytes = [presentation.toText(), presentation.toBase64URL()].map { Data($0.utf8) }
        for outcome in try town.verifier.verifyMany(bytes, expectation: town.expectation, at: now) {
            let error = failure { try outcome.get() }
            XCTAssertEqual(error?.code, "malformed")
            XCTAssertEqual(error?.message, "this is an answer's text given as bytes: give it as text")
        }
    }

    func testAnAnswerThatMayHaveBeenIssuedBeforeTheRestartIsExpired() throws {
        let town = try Town()
        let presentation = try town.answer()
        func code(restart seconds: TimeInterval) throws -> String? {
            let restart = Date(timeIntervalSince1970: TimeInterval(Town.now) + seconds)
            let policy = try Policy(audience: Town.audience).withIssuedAfter(restart)
            let verifier = Verifier(trust: town.trust, policy: policy)
            return failure { try verifier.verify(presentation, expectation: town.expectation, at: now) }?.code
        }
        // The clock skew is allowed for: one minute unless set.
        XCTAssertNil(try code(restart: -60.01))
        XCTAssertEqual(try code(restart: -60), "expired")
        XCTAssertEqual(try code(restart: 1), "expired")
    }

    func testNowIsTheSystemsClock() throws {
        let town = try Town()
        let answer = try Answer(
            status: .fullyVaccinated, purpose: "entry", validFor: 60, audience: Town.audience, nonce: Town.nonce)
        let presentation = try town.issuer.issue(answer)
        let verdict = try town.verifier.verify(presentation.toBytes(), expectation: town.expectation)
        XCTAssertEqual(verdict.issuedAt.timeIntervalSinceNow, 0, accuracy: 30)
        XCTAssertNoThrow(try town.verifier.verifyText(presentation.toText(), expectation: town.expectation))
        let outcomes = town.verifier.verifyMany([presentation.toBytes()], expectation: town.expectation)
        XCTAssertEqual(try outcomes[0].get(), verdict)
    }

    func testADateAndItsSecondsAreTheSameMoment() throws {
        let town = try Town()
        let presentation = try town.answer()
        let end = Date(timeIntervalSince1970: TimeInterval(Town.now) + 900 + 60)
        XCTAssertNoThrow(
            try town.verifier.verify(presentation, expectation: town.expectation, at: end.addingTimeInterval(-0.01)))
        XCTAssertEqual(
            failure { try town.verifier.verify(presentation, expectation: town.expectation, at: end) }?.code, "expired")
        XCTAssertEqual(
            failure { try town.verifier.verifyMany([presentation], expectation: town.expectation, at: end)[0].get() }?
                .code,
            "expired")
    }

    func testPolicies() throws {
        let town = try Town()
        let presentation = try town.answer()
        let late = Date(timeIntervalSince1970: TimeInterval(Town.now) + 900 + 100)
        let policy = try Policy(audience: Town.audience)

        let patient = Verifier(trust: town.trust, policy: try policy.withClockSkew(120.5))
        XCTAssertNoThrow(try patient.verify(presentation, expectation: town.expectation, at: late))
        let strict = Verifier(trust: town.trust, policy: try policy.withMaxLifetime(899.9))
        XCTAssertEqual(
            failure { try strict.verify(presentation, expectation: town.expectation, at: now) }?.code,
            "lifetime_too_long")
        XCTAssertEqual(failure { try policy.withClockSkew(100_000) }?.code, "invalid_setting")
        XCTAssertEqual(failure { try Policy() }?.code, "invalid_setting")
    }

    func testTrustStores() throws {
        let town = try Town()
        let key = town.key.verifyingKey
        let (start, end) = (Date(timeIntervalSince1970: 10.9), Date(timeIntervalSince1970: 20))
        let trusted = try TrustedKey(issuer: "in.example.health", key: key, algorithm: .ed25519, withdrawn: true)
            .withValidity(notBefore: start, notAfter: end)
        XCTAssertEqual(trusted.issuer, "in.example.health")
        XCTAssertEqual(trusted.key, key)
        XCTAssertEqual(trusted.keyID, key.keyID)
        XCTAssertEqual(trusted.algorithm, .ed25519)
        XCTAssertTrue(trusted.isWithdrawn)
        XCTAssertEqual(trusted.notBeforeSeconds, 10)
        XCTAssertEqual(trusted.notBefore, Date(timeIntervalSince1970: 10))
        XCTAssertEqual(trusted.notAfter, end)
        XCTAssertNil(try trusted.withValidity(notBefore: nil, notAfter: nil).notBefore)
        XCTAssertEqual(failure { try trusted.withValidity(notBefore: end, notAfter: start) }?.code, "bad_trust_store")

        let store = try TrustStore().withKey(trusted)
        XCTAssertEqual(store, try TrustStore(keys: [trusted]))
        XCTAssertEqual(store.keys, [trusted])
        XCTAssertEqual(try TrustStore(bytes: store.toBytes()), store)
        XCTAssertEqual(failure { try store.withKey(trusted) }?.code, "bad_trust_store")
        XCTAssertEqual(failure { try TrustStore(bytes: Data([1, 2, 3])) }?.code, "bad_trust_store")

        let nobody = town.verifier.withTrust(try TrustStore())
        XCTAssertEqual(
            failure { try nobody.verify(try town.answer(), expectation: town.expectation, at: now) }?.code,
            "no_trusted_keys")
    }

    func testKeys() throws {
        let key = try SigningKey.generate()
        let passphrase = Data("four words that nobody guesses".utf8)
        XCTAssertEqual(try SigningKey(pem: key.toPEM()).verifyingKey, key.verifyingKey)
        let encrypted = try key.toEncryptedPEM(passphrase: passphrase)
        XCTAssertEqual(try SigningKey(encryptedPEM: encrypted, passphrase: passphrase).verifyingKey, key.verifyingKey)
        XCTAssertEqual(
            failure { try SigningKey(encryptedPEM: encrypted, passphrase: Data()) }?.code, "wrong_passphrase")
        XCTAssertEqual(failure { try SigningKey(seed: Data(count: 31)) }?.code, "invalid_key")

        let open = key.verifyingKey
        XCTAssertEqual(try VerifyingKey(bytes: open.toBytes()), open)
        XCTAssertEqual(try VerifyingKey(pem: open.toPEM()), open)
        XCTAssertEqual(Set([open, try VerifyingKey(pem: open.toPEM())]).count, 1)
        let imported = try ImportedKeys(file: Data(open.toPEM().utf8))
        XCTAssertEqual(imported.keys.map(\.key), [open])
        XCTAssertEqual(imported.skipped, 0)
        XCTAssertEqual(try TrustedKey(issuer: "a", imported: imported.keys[0]).algorithm, .edDSA)
    }

    func testSubjects() throws {
        let subject = try Subject(name: "A.P.J. Abdul Kalam", mobile: "98765 43210")
        XCTAssertEqual(subject.name, "a p j abdul kalam")
        XCTAssertEqual(subject.mobile, "+919876543210")
        XCTAssertNil(try Subject(name: "A").mobile)
        XCTAssertEqual(failure { try Subject(name: "") }?.code, "invalid_claim")
    }

    func testStatuses() {
        XCTAssertEqual(Status.allCases.map(\.number), [0, 1, 2])
        XCTAssertEqual(Status.allCases.sorted(by: >), [.fullyVaccinated, .partiallyVaccinated, .notVaccinated])
        for status in Status.allCases {
            let verdict = try? Town().verify(Town().answer(status))
            XCTAssertEqual(
                Status.allCases.filter { verdict?.meets($0) == true }, Status.allCases.filter { $0 <= status })
        }
    }

    /// A secret never stands in what is printed: of `print`, `dump`, a mirror or an interpolation.
    func testASigningKeyShowsItsIDAlone() throws {
        let key = try SigningKey(seed: Data(repeating: 0xA5, count: 32))
        var dumped = ""
        dump(key, to: &dumped)
        for shown in [
            "\(key)", String(reflecting: key), dumped,
            String(describing: Mirror(reflecting: key).children.map(\.value)),
        ] {
            XCTAssertFalse(shown.lowercased().contains("a5a5"), shown)
            XCTAssertFalse(shown.contains("165, 165"), shown)
        }
        XCTAssertEqual("\(key)", "SigningKey(\(key.verifyingKey.keyID))")
        XCTAssertEqual("\(key.verifyingKey)", "VerifyingKey(\(key.verifyingKey.keyID))")
    }

    func testEachTokenIsGoodOnce() throws {
        let memory = MemoryReplayGuard(capacity: 1)
        let town = try Town(replayGuard: memory)
        let (one, other) = (try town.answer(), try town.answer())
        XCTAssertNoThrow(try town.verify(one))
        XCTAssertEqual(failure { try town.verify(one) }?.code, "replayed")
        // A new trust store forgets nothing.
        XCTAssertEqual(
            failure { try town.verifier.withTrust(town.trust).verify(one, expectation: town.expectation, at: now) }?
                .code,
            "replayed")
        // It is full.
        let full = failure { try town.verify(other) }
        XCTAssertEqual(full?.code, "replay_guard_failed")
        XCTAssertTrue(full?.reason?.contains("full") == true, full?.reason ?? "no reason")
    }

    /// A guard of the app's own gets what the token says, and may ask the one in memory.
    func testAGuardAroundAGuard() throws {
        final class Around: ReplayGuard {
            let inside = MemoryReplayGuard(capacity: 8)

            func firstUse(issuer: String, tokenID: String, keepUntil: Date, now: Date) throws -> Bool {
                guard issuer == "in.example.health", tokenID.count == 32,
                    now == Date(timeIntervalSince1970: TimeInterval(Town.now)),
                    keepUntil >= now.addingTimeInterval(900)
                else { throw AppError() }
                return try inside.firstUse(issuer: issuer, tokenID: tokenID, keepUntil: keepUntil, now: now)
            }
        }
        let town = try Town(replayGuard: Around())
        let presentation = try town.answer()
        XCTAssertNoThrow(try town.verify(presentation))
        XCTAssertEqual(failure { try town.verify(presentation) }?.code, "replayed")
    }

    /// What Apple's review looks for in an app that has this package in it.
    func testThePrivacyManifestSaysThatNothingIsCollected() throws {
        let file = URL(fileURLWithPath: #filePath).appendingPathComponent(
            "../../../Sources/Kycvs/PrivacyInfo.xcprivacy")
        let manifest = try PropertyListSerialization.propertyList(
            from: Data(contentsOf: file.standardized), format: nil)
        let members = try XCTUnwrap(manifest as? [String: Any])
        XCTAssertEqual(members["NSPrivacyTracking"] as? Bool, false)
        for list in ["NSPrivacyTrackingDomains", "NSPrivacyCollectedDataTypes", "NSPrivacyAccessedAPITypes"] {
            XCTAssertEqual((members[list] as? [Any])?.count, 0, list)
        }
        XCTAssertEqual(members.count, 4)
    }
}
