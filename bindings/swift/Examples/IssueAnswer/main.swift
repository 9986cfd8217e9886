// Issues an answer, and prints the text for a QR code:
//
//     IssueAnswer FOLDER AUDIENCE NONCE
//
// FOLDER holds the issuer's key, `issuer.pem`; where there is none yet, both are made, and `trust.cbor` for the verifiers.
// AUDIENCE asked, and gave the challenge NONCE, in hexadecimal digits.

import Foundation
import Kycvs

let arguments = CommandLine.arguments
guard arguments.count == 4, let nonce = Data(hexadecimal: arguments[3]) else {
    print("usage: IssueAnswer FOLDER AUDIENCE NONCE")
    exit(2)
}

do {
    let key = try issuersKey(in: URL(fileURLWithPath: arguments[1], isDirectory: true))
    let issuer = try Issuer(name: "in.example.health", key: key)

    // What the person agreed to have said, to whom, what for, and for how long.
    let answer = try Answer(
        status: .fullyVaccinated,
        purpose: "rail-booking",
        validFor: 15 * 60,
        audience: arguments[2],
        nonce: nonce
    )
    let presentation = try issuer.issue(answer)
    print(presentation.toText())
} catch {
    // The sentence of a `KycvsError` or of a `FileError`.
    print("No answer was issued: \(error.localizedDescription)")
    exit(1)
}

/// The key in this folder. A real issuer's is in a key store, or encrypted (`toEncryptedPEM`); see `Signer`.
func issuersKey(in folder: URL) throws -> SigningKey {
    let file = folder.appendingPathComponent("issuer.pem")
    if FileManager.default.fileExists(atPath: file.path) {
        guard let pem = try? String(contentsOf: file, encoding: .utf8) else { throw FileError(file, "can not be read") }
        return try SigningKey(pem: pem)
    }
    let key = try SigningKey.generate()
    let trusted = try TrustedKey(issuer: "in.example.health", key: key.verifyingKey)
    let trust = try TrustStore(keys: [trusted]).toBytes()
    do {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
        throw FileError(folder, "can not be made")
    }
    // The key comes last: with it here, nothing else is made any more.
    let trustFile = folder.appendingPathComponent("trust.cbor")
    guard (try? trust.write(to: trustFile)) != nil else { throw FileError(trustFile, "can not be written") }
    let onlyForMe: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
    guard FileManager.default.createFile(atPath: file.path, contents: Data(key.toPEM().utf8), attributes: onlyForMe)
    else {
        throw FileError(file, "can not be written")
    }
    return key
}

/// Which file it is about: the errors of Foundation do not say so on every system.
struct FileError: LocalizedError {
    let errorDescription: String?

    init(_ file: URL, _ what: String) {
        errorDescription = "\(file.path) \(what): look at what is there, and who may read and write it"
    }
}

extension Data {
    /// The bytes of a text of hexadecimal digits; `nil` where it is something else.
    init?(hexadecimal text: String) {
        let digits = text.compactMap(\.hexDigitValue)
        guard digits.count == text.count, digits.count.isMultiple(of: 2) else { return nil }
        self.init(stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) })
    }
}
