import Foundation
import Kycvs
import XCTest

#if canImport(CryptoKit)
import CryptoKit
#endif

/// What README.md shows, as it stands there. The last test sees to it that nothing is shown that does not stand in a
/// file which is compiled.
final class ReadmeTests: XCTestCase {
    private let nonce = Town.nonce

    func testVerify() throws {
        let town = try Town()
        let trustFile = FileManager.default.temporaryDirectory.appendingPathComponent("kycvs-\(UUID()).cbor")
        try town.trust.toBytes().write(to: trustFile)
        defer { try? FileManager.default.removeItem(at: trustFile) }
        let scanned = try town.issuer.issue(
            Answer(status: .fullyVaccinated, purpose: "entry", validFor: 60, audience: "irctc.co.in", nonce: nonce)
        ).toText()

        // Once, when the app starts: whom we believe, and who we are.
        let trust = try TrustStore(bytes: Data(contentsOf: trustFile))
        let verifier = Verifier(trust: trust, policy: try Policy(audience: "irctc.co.in"))

        // For every person: the challenge that was given to them, and what was scanned.
        let verdict = try verifier.verifyText(scanned, expectation: Expectation(nonce: nonce))
        if verdict.meets(.fullyVaccinated) {
            print("Welcome. So says \(verdict.issuer), until \(verdict.expiresAt).")
        }
        XCTAssertEqual(verdict.status, .fullyVaccinated)
    }

    func testMoreExpected() throws {
        let subject = try Subject(name: "A.P.J. Abdul Kalam", mobile: "98765 43210")
        let expectation = try Expectation(nonce: nonce, purpose: "rail-booking", subject: subject)

        let town = try Town()
        let presentation = try town.answer(subject: subject)
        let verdict = try town.verifier.verifyAtSeconds(presentation, expectation: expectation, nowSeconds: Town.now)
        XCTAssertTrue(verdict.subjectMatched)
    }

    func testAVerdictForAPreview() throws {
        let key = try SigningKey.generate()
        let issuer = try Issuer(name: "in.example.health", key: key)
        let answer = try Answer(status: .partiallyVaccinated, purpose: "preview", validFor: 60, specimen: true)
        let presentation = try issuer.issue(answer)

        let trust = try TrustStore(keys: [TrustedKey(issuer: issuer.name, key: key.verifyingKey)])
        let verifier = Verifier(trust: trust, policy: try Policy(open: true, allowSpecimen: true))
        let verdict = try verifier.verify(presentation.toBytes(), expectation: Expectation(nonce: nil))
        XCTAssertEqual(verdict.status, .partiallyVaccinated)
        XCTAssertTrue(verdict.specimen)
    }

    func testErrors() throws {
        let town = try Town()
        let (verifier, expectation) = (town.verifier, town.expectation)
        var said: [String] = []
        func admit(_: Verdict) { said.append("admitted") }
        func ask(_ text: String) { said.append(text) }
        func report(_ code: String, _ message: String) { said.append("\(code): \(message)") }
        func decide(_ presentation: Data) {
            do {
                let verdict = try verifier.verify(presentation, expectation: expectation)
                admit(verdict)
            } catch {
                switch error {
                case .unreadable: ask("Please scan again.")
                case .untrusted: ask("This is from nobody whom we know.")
                case .refused where error.code == "expired": ask("Please show a new answer.")
                case .refused: ask(error.message)
                case .setUp, .issuing: report(error.code, error.message)
                }
            }
        }
        let answer = try Answer(
            status: .fullyVaccinated, purpose: "a", validFor: 60, audience: Town.audience, nonce: nonce)
        let open = try Answer(status: .fullyVaccinated, purpose: "a", validFor: 60)
        decide(try town.issuer.issue(answer).toBytes())
        decide(Data())
        decide(try Issuer(name: "x", key: .generate()).issue(answer).toBytes())
        decide(try town.issuer.issue(answer, at: Date(timeIntervalSinceNow: -10_000)).toBytes())
        decide(try town.issuer.issue(open).toBytes())
        XCTAssertEqual(
            said,
            [
                "admitted", "Please scan again.", "This is from nobody whom we know.", "Please show a new answer.",
                "the answer was not given to this verifying entity: ask for one of its own",
            ])
    }

    func testAGuardOfOnesOwn() throws {
        let town = try Town(replayGuard: Database())
        let presentation = try town.answer()
        XCTAssertNoThrow(try town.verify(presentation))
        XCTAssertEqual(failure { try town.verify(presentation) }?.code, "replayed")
    }

    func testAGuardInMemoryAfterARestart() throws {
        let town = try Town()
        let trust = town.trust

        let policy = try Policy(audience: "irctc.co.in").withIssuedAfter(Date())
        let verifier = Verifier(trust: trust, policy: policy, replayGuard: MemoryReplayGuard(capacity: 100_000))

        let answer = try Answer(
            status: .fullyVaccinated, purpose: "entry", validFor: 600, audience: Town.audience, nonce: nonce)
        // So near to the restart it may have been issued before it.
        let early = try town.issuer.issue(answer).toBytes()
        XCTAssertEqual(failure { try verifier.verify(early, expectation: town.expectation) }?.code, "expired")
        let later = Date(timeIntervalSinceNow: 300)
        let late = try town.issuer.issue(answer, at: later).toBytes()
        XCTAssertNoThrow(try verifier.verify(late, expectation: town.expectation, at: later))
    }

    func testASignerAndAGuardThatAreAwaited() async throws {
        let town = try Town()
        let answer = try Answer(
            status: .fullyVaccinated, purpose: "entry", validFor: 60, audience: Town.audience, nonce: nonce)
        let scanned = try await issueElsewhere(answer, service: KeyService(seed: Town.seed)).toText()
        let database = SharedDatabase()
        let verdict = try await verifyOnce(scanned, town.verifier, town.expectation, database)
        XCTAssertEqual(verdict.status, .fullyVaccinated)
        do {
            _ = try await verifyOnce(scanned, town.verifier, town.expectation, database)
            XCTFail("it was used before")
        } catch let error as KycvsError {
            XCTAssertEqual(error.code, "replayed")
        }
    }

    func testPrepared() throws {
        let town = try Town()
        let (trust, policy) = (town.trust, try Policy(audience: Town.audience))

        // Few keys, many answers, and fast from the first one on.
        let verifier = Verifier(trust: trust, policy: policy).withPreparation(.large.withMaxKeys(4))
        print("Keys with tables: \(verifier.prepare())")

        let presentation = try town.answer()
        XCTAssertNoThrow(
            try verifier.verifyAtSeconds(presentation, expectation: town.expectation, nowSeconds: Town.now))
    }

    func testIssue() throws {
        let passphrase = Data("four words that nobody guesses".utf8)
        let key = try SigningKey.generate()
        let pem = try key.toEncryptedPEM(passphrase: passphrase)

        let issuer = try Issuer(name: "in.example.health", key: SigningKey(encryptedPEM: pem, passphrase: passphrase))
        let answer = try Answer(
            status: .fullyVaccinated,
            purpose: "rail-booking",
            validFor: 15 * 60,
            audience: "irctc.co.in",
            nonce: nonce
        )
        let qr = try issuer.issue(answer).toText()

        XCTAssertEqual(try Presentation(text: qr).unverifiedKeyID, key.verifyingKey.keyID)
    }

    #if canImport(CryptoKit)
    func testAKeyOfCryptoKit() throws {
        let secret = Curve25519.Signing.PrivateKey()
        let signer = KeychainKey(secret)
        let publicKey = secret.publicKey.rawRepresentation
        let key = try VerifyingKey(bytes: publicKey)
        let issuer = try Issuer(name: "in.example.health", key: key, signer: signer)
        let answer = try Answer(status: .fullyVaccinated, purpose: "entry", validFor: 60)
        let presentation = try issuer.issue(answer).toBytes()
        let trust = try TrustStore(keys: [TrustedKey(issuer: "in.example.health", key: key)])
        let verifier = Verifier(trust: trust, policy: try Policy(open: true))
        XCTAssertNoThrow(try verifier.verify(presentation, expectation: Expectation(nonce: nil)))
    }
    #endif

    func testWhatIsShownIsCompiled() throws {
        let here = URL(fileURLWithPath: #filePath)
        let package = here.appendingPathComponent("../../..").standardized
        let compiled = try [here.path, package.path + "/Bench/Package.swift"].map { path in
            try lines(String(contentsOfFile: path, encoding: .utf8)).joined(separator: "\n")
        }
        for page in ["README.md", "Sources/Kycvs/Kycvs.docc/Kycvs.md"] {
            let text = try String(contentsOf: package.appendingPathComponent(page), encoding: .utf8)
            let shown = text.components(separatedBy: "```swift\n").dropFirst().map {
                $0.components(separatedBy: "```")[0]
            }
            XCTAssertFalse(shown.isEmpty, page)
            for block in shown {
                let block = lines(block).filter { !$0.hasPrefix("import ") }.joined(separator: "\n")
                XCTAssertTrue(compiled.contains { $0.contains(block) }, "\(page) shows what is not compiled:\n\(block)")
            }
        }
    }

    /// Without what places them: indentation and empty lines.
    private func lines(_ text: String) -> [String] {
        text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }
}

final class Database: ReplayGuard {
    func firstUse(issuer: String, tokenID: String, keepUntil: Date, now: Date) throws -> Bool {
        // One statement, so that of two uses at a time one wins.
        try insertUnlessThere(key: "\(issuer) \(tokenID)", until: keepUntil)
    }
}

extension Database {
    private func insertUnlessThere(key: String, until: Date) throws -> Bool {
        table.insert(key)
    }
}

private let table = Table()

private final class Table: @unchecked Sendable {
    private let lock = NSLock()
    private var keys: Set<String> = []

    func insert(_ key: String) -> Bool {
        lock.withLock { keys.insert(key).inserted }
    }
}

func issueElsewhere(_ answer: Answer, service: KeyService) async throws -> Presentation {
    let issuer = try Issuer(name: "in.example.health", signedElsewhereBy: service.publicKey)
    let pending = try issuer.beginIssue(answer)
    return try await pending.finish(signature: service.sign(pending.message))
}

func verifyOnce(_ scanned: String, _ verifier: Verifier, _ expectation: Expectation, _ database: SharedDatabase)
    async throws -> Verdict
{
    let pending = try verifier.beginVerifyText(scanned, expectation: expectation)
    let key = "\(pending.issuer) \(pending.tokenID)"
    return try await pending.finish(firstUse: database.insertUnlessThere(key: key, until: pending.keepUntil))
}

/// Stands for a key management service.
actor KeyService {
    private let key: OtherLibrary
    let publicKey: VerifyingKey

    init(seed: Data) throws {
        key = try OtherLibrary(seed: seed)
        publicKey = try SigningKey(seed: seed).verifyingKey
    }

    func sign(_ message: Data) throws -> Data { try key.sign(message) }
}

/// Stands for a database that is asked asynchronously.
actor SharedDatabase {
    private var keys: Set<String> = []

    func insertUnlessThere(key: String, until: Date) -> Bool { keys.insert(key).inserted }
}

/// Of the page of the documentation.
private func overview(_ verifier: Verifier, _ scanned: String, _ nonce: Data) throws {
    let verdict = try verifier.verifyText(scanned, expectation: Expectation(nonce: nonce))
    if verdict.meets(.fullyVaccinated) {
        print("Welcome.")
    }
}

#if canImport(CryptoKit)
final class KeychainKey: Signer {
    private let key: Curve25519.Signing.PrivateKey

    init(_ key: Curve25519.Signing.PrivateKey) {
        self.key = key
    }

    func sign(_ message: Data) throws -> Data {
        try key.signature(for: message)
    }
}
#endif
