import Foundation
import Kycvs
import XCTest

#if os(Linux) || os(macOS)
/// The programs of `Examples/`, as a newcomer starts them.
final class ExampleTests: XCTestCase {
    private var folder: URL!
    private let nonce = Town.nonce.hexadecimal

    override func setUpWithError() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("kycvs-\(UUID())", isDirectory: true)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    override func tearDownWithError() throws {
        try FileManager.default.removeItem(at: folder)
    }

    func testAnAnswerIsIssuedAndVerified() throws {
        let answer = try issue()
        XCTAssertTrue(answer.hasPrefix("KV1:"), answer)
        expect(0, "Welcome. in.example.health says: fully vaccinated. Asked for rail-booking.", of: try verify(answer))

        // The key is there now, and stays: an older trust file knows it.
        let trust = try Data(contentsOf: folder.appendingPathComponent("trust.cbor"))
        XCTAssertEqual(try verify(issue()).status, 0)
        XCTAssertEqual(try Data(contentsOf: folder.appendingPathComponent("trust.cbor")), trust)
        let attributes = try FileManager.default.attributesOfItem(
            atPath: folder.appendingPathComponent("issuer.pem").path)
        XCTAssertEqual((attributes[.posixPermissions] as? NSNumber)?.intValue, 0o600)
    }

    func testRefusalsByFamily() throws {
        let answer = try issue()
        expect(
            1, "Please scan again: this is neither KV1: text nor base64url: scan or paste the whole answer again",
            of: try verify("KV1:not a token"))
        expect(
            1, "A good answer, but not to our question: the answer does not belong to this request: ask again",
            of: try verify(answer, nonce: "0011223344556677"))
        expect(
            1,
            "A good answer, but not to our question: the answer was not given to this verifying entity: ask for one of its own",
            of: try verify(answer, audience: "another.example"))

        let key = try SigningKey(pem: String(contentsOf: folder.appendingPathComponent("issuer.pem"), encoding: .utf8))
        let issuer = try Issuer(name: "in.example.health", key: key)
        let old = try issuer.issue(own(.fullyVaccinated), at: Date(timeIntervalSinceNow: -100_000)).toText()
        expect(1, "That was good once. Please show a new answer.", of: try verify(old))
        let not = try issuer.issue(own(.notVaccinated)).toText()
        expect(1, "Not fully vaccinated, says in.example.health.", of: try verify(not))

        let stranger = try Issuer(name: "in.example.health", key: .generate()).issue(own(.fullyVaccinated)).toText()
        let refused = try verify(stranger)
        XCTAssertTrue(refused.output.hasPrefix("Do not rely on this: "), refused.output)
        XCTAssertEqual(refused.status, 1)

        try TrustStore().toBytes().write(to: folder.appendingPathComponent("trust.cbor"))
        let fault = try verify(answer)
        XCTAssertTrue(fault.output.hasPrefix("The fault is ours, not yours (no_trusted_keys): "), fault.output)
        XCTAssertEqual(fault.status, 1)
    }

    func testWrongCalls() throws {
        for program in ["VerifyScanned", "IssueAnswer"] {
            let ran = try run(program, [], input: "")
            XCTAssertEqual(ran.status, 2)
            XCTAssertTrue(ran.output.hasPrefix("usage: \(program) "), ran.output)
        }
    }

    func testTheFolderIsMade() throws {
        let inner = folder.appendingPathComponent("for/the/issuer")
        let ran = try run("IssueAnswer", [inner.path, "irctc.co.in", nonce], input: "")
        XCTAssertEqual(ran.status, 0, ran.output)
        let trust = inner.appendingPathComponent("trust.cbor").path
        let verified = try run("VerifyScanned", [trust, "irctc.co.in", nonce], input: ran.output + "\n")
        XCTAssertEqual(verified.status, 0, verified.output)
    }

    /// A file that can not be read or written is named, with what to do.
    func testFilesThatAreInTheWay() throws {
        let (key, trust) = (folder.appendingPathComponent("issuer.pem"), folder.appendingPathComponent("trust.cbor"))
        let look = "look at what is there, and who may read and write it"
        let make = { try FileManager.default.createDirectory(at: $0, withIntermediateDirectories: true) }
        func issue(_ folder: URL) throws -> Ran {
            try run("IssueAnswer", [folder.path, "irctc.co.in", nonce], input: "")
        }

        expect(2, "\(trust.path) can not be read: name the trust file with the keys to believe", of: try verify("KV1:"))
        try make(trust)
        expect(2, "\(trust.path) can not be read: name the trust file with the keys to believe", of: try verify("KV1:"))
        expect(1, "No answer was issued: \(trust.path) can not be written: \(look)", of: try issue(folder))
        XCTAssertFalse(FileManager.default.fileExists(atPath: key.path), "a key for which there is no trust file")

        try make(key)
        expect(1, "No answer was issued: \(key.path) can not be read: \(look)", of: try issue(folder))
        // A file where the folder should be.
        let file = folder.appendingPathComponent("file")
        try Data().write(to: file)
        expect(1, "No answer was issued: \(file.path) can not be made: \(look)", of: try issue(file))

        try FileManager.default.removeItem(at: key)
        try Data("no key".utf8).write(to: key)
        expect(
            1, "No answer was issued: this is not an Ed25519 key that can be used (this is not a whole PEM file)",
            of: try issue(folder))
    }

    private func own(_ status: Status) throws -> Answer {
        try Answer(status: status, purpose: "rail-booking", validFor: 900, audience: "irctc.co.in", nonce: Town.nonce)
    }

    private func issue() throws -> String {
        let ran = try run("IssueAnswer", [folder.path, "irctc.co.in", nonce], input: "")
        XCTAssertEqual(ran.status, 0, ran.output)
        return ran.output
    }

    private func verify(_ text: String, audience: String = "irctc.co.in", nonce: String? = nil) throws -> Ran {
        let trust = folder.appendingPathComponent("trust.cbor").path
        return try run("VerifyScanned", [trust, audience, nonce ?? self.nonce], input: text + "\n")
    }

    private func expect(_ status: Int32, _ output: String, of ran: Ran, line: UInt = #line) {
        XCTAssertEqual(ran.output, output, line: line)
        XCTAssertEqual(ran.status, status, line: line)
    }

    private struct Ran {
        let status: Int32
        let output: String
    }

    private func run(_ program: String, _ arguments: [String], input: String) throws -> Ran {
        let process = Process()
        process.executableURL = Self.products.appendingPathComponent(program)
        process.arguments = arguments
        let (stdin, stdout) = (Pipe(), Pipe())
        process.standardInput = stdin
        process.standardOutput = stdout
        try process.run()
        try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try stdin.fileHandleForWriting.close()
        let output = try stdout.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let text = String(decoding: output, as: UTF8.self).trimmingCharacters(in: .newlines)
        return Ran(status: process.terminationStatus, output: text)
    }

    /// Where SwiftPM has put the programs: beside the tests.
    private static var products: URL {
        #if os(macOS)
        Bundle(for: ExampleTests.self).bundleURL.deletingLastPathComponent()
        #else
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        #endif
    }
}
#endif
