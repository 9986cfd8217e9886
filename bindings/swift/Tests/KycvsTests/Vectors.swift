import Foundation
import Kycvs

/// The published test vectors, and how a case of them is run (`test-vectors/README.md`).
struct Vectors: Sendable {
    static let names = ["valid.json", "invalid.json", "subject.json", "text.json", "keys.json"]

    let name: String
    let file: JSON

    /// One of the files of `test-vectors/`.
    init(_ name: String) throws {
        self.name = name
        file = try JSONDecoder().decode(JSON.self, from: Data(contentsOf: Self.folder.appendingPathComponent(name)))
    }

    var cases: [JSON] { file["cases"].list! }

    /// The one case with this id.
    func one(_ id: String) -> JSON {
        cases.first { $0["id"].text == id }!
    }

    /// What a case comes to, in the form of its `expected`.
    func outcome(of vector: JSON) -> JSON {
        do {
            return switch name {
            case "subject.json": try person(vector)
            case "text.json": try textForm(vector)
            case "keys.json": try keyForm(vector)
            default: try presented(vector)
            }
        } catch {
            return refusal(error)
        }
    }

    func presented(_ vector: JSON) throws(KycvsError) -> JSON {
        let (verifier, expectation) = try setUp(vector)
        let presentation = vector["presentation"].bytes!
        let now = vector["now"].number!
        return json(try verifier.verifyAtSeconds(presentation, expectation: expectation, nowSeconds: now))
    }

    func setUp(_ vector: JSON) throws(KycvsError) -> (Verifier, Expectation) {
        let words = vector["policy"]
        let verifier = Verifier(
            trust: try trustStore(file["trust_stores"][vector["trust"].text!]),
            policy: try policy(words),
            replayGuard: words["seen"].list.map(HasSeen.init)
        )
        return (verifier, try expectation(vector["expectation"]))
    }

    private static var folder: URL {
        URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../../test-vectors").standardized
    }
}

/// A guard that has seen just these, and learns nothing.
private final class HasSeen: ReplayGuard {
    private let pairs: [JSON]

    init(_ pairs: [JSON]) {
        self.pairs = pairs
    }

    func firstUse(issuer: String, tokenID: String, keepUntil: Date, now: Date) -> Bool {
        !pairs.contains(["issuer": JSON(issuer), "token_id": JSON(tokenID)])
    }
}

private func trustStore(_ entries: JSON) throws(KycvsError) -> TrustStore {
    var store = try TrustStore()
    for entry in entries.list! {
        let trusted = try TrustedKey(
            issuer: entry["issuer"].text!,
            key: VerifyingKey(bytes: entry["public_key"].bytes!),
            algorithm: algorithm(entry["algorithm"].text!),
            withdrawn: entry["withdrawn"].flag
        )
        let notBefore = entry["not_before"].number
        let notAfter = entry["not_after"].number
        store = try store.withKey(trusted.withValiditySeconds(notBefore: notBefore, notAfter: notAfter))
    }
    return store
}

private func policy(_ words: JSON) throws(KycvsError) -> Policy {
    try Policy(
        audience: words["audience"].text,
        open: words["open"].flag,
        allowSpecimen: words["allow_specimen"].flag,
        ignoreStatusLists: words["ignore_status_lists"].flag
    )
    .withClockSkewSeconds(words["clock_skew"].number!)
    .withMaxLifetimeSeconds(words["max_lifetime"].number!)
}

private func expectation(_ words: JSON) throws(KycvsError) -> Expectation {
    let who = words["subject"]
    return try Expectation(
        nonce: words["nonce"].bytes,
        purpose: words["purpose"].text,
        subject: who == .null ? nil : subject(who)
    )
}

private func subject(_ words: JSON) throws(KycvsError) -> Subject {
    try Subject(name: words["name"].text!, mobile: words["mobile"].text)
}

private func person(_ vector: JSON) throws(KycvsError) -> JSON {
    let subject = try subject(vector)
    let commitment = try subject.commitment(opening: vector["opening"].bytes!)
    // What has its normal form keeps it.
    let again = try Subject(name: subject.name, mobile: subject.mobile)
    guard try again.commitment(opening: vector["opening"].bytes!) == commitment else {
        return "the normal form is not one"
    }
    return ["name": JSON(subject.name), "mobile": JSON(subject.mobile), "commitment": JSON(commitment.hexadecimal)]
}

private func textForm(_ vector: JSON) throws(KycvsError) -> JSON {
    let presentation = try Presentation(text: vector["text"].text!)
    for own in [presentation.toText(), presentation.toBase64URL()] {
        guard try Presentation(text: own) == presentation else { return "its own text is another presentation" }
    }
    return ["presentation": JSON(presentation.toBytes().hexadecimal), "canonical_text": JSON(presentation.toText())]
}

private func keyForm(_ vector: JSON) throws(KycvsError) -> JSON {
    let input = vector["input"].text!
    switch vector["format"].text! {
    case "raw": return json(try VerifyingKey(bytes: Data(hexadecimal: input)), nil)
    case "public_pem":
        let alone = (try? VerifyingKey(pem: input)).map { json($0, nil) }
        guard alone == (try? imported(Data(input.utf8), isSet: false)) else { return "two ways to read a PEM differ" }
        return try imported(Data(input.utf8), isSet: false)
    case "secret_pem": return json(try SigningKey(pem: input).verifyingKey, nil)
    case "encrypted_pem":
        let passphrase = Data(vector["passphrase"].text!.utf8)
        return json(try SigningKey(encryptedPEM: input, passphrase: passphrase).verifyingKey, nil)
    case "cose_key": return try imported(Data(hexadecimal: input), isSet: false)
    case "cose_key_set": return try imported(Data(hexadecimal: input), isSet: true)
    case "jwk": return try imported(Data(input.utf8), isSet: false)
    case "jwk_set", "public_pem_set": return try imported(Data(input.utf8), isSet: true)
    case let other: return JSON("no such form: \(other)")
    }
}

private func imported(_ file: Data, isSet: Bool) throws(KycvsError) -> JSON {
    let imported = try ImportedKeys(file: file)
    let keys = imported.keys.map { json($0.key, $0.algorithm) }
    if !isSet, keys.count == 1, imported.skipped == 0 { return keys[0] }
    return ["keys": .array(keys), "skipped": .number(UInt64(imported.skipped))]
}

private let algorithms: [(Algorithm, String)] = [(.edDSA, "EdDSA"), (.ed25519, "Ed25519")]

private func algorithm(_ name: String) -> Algorithm {
    algorithms.first { $0.1 == name }!.0
}

private func json(_ key: VerifyingKey, _ algorithm: Algorithm?) -> JSON {
    let name = algorithms.first { $0.0 == algorithm }?.1
    return ["public_key": JSON(key.toBytes().hexadecimal), "key_id": JSON(key.keyID), "algorithm": JSON(name)]
}

func json(_ verdict: Verdict) -> JSON {
    [
        "verdict": [
            "status": .number(UInt64(verdict.status.number)),
            "issuer": JSON(verdict.issuer),
            "audience": JSON(verdict.audience),
            "purpose": JSON(verdict.purpose),
            "issued_at": .number(verdict.issuedAtSeconds),
            "expires_at": .number(verdict.expiresAtSeconds),
            "token_id": JSON(verdict.tokenID),
            "key_id": JSON(verdict.keyID),
            "nonce": JSON(verdict.nonce),
            "subject_matched": .bool(verdict.subjectMatched),
            "specimen": .bool(verdict.specimen),
        ]
    ]
}

func refusal(_ error: KycvsError) -> JSON {
    // The case of the enum is the family, too.
    let family =
        switch error {
        case .unreadable: "unreadable"
        case .untrusted: "untrusted"
        case .refused: "refused"
        case .setUp: "set_up"
        case .issuing: "issuing"
        }
    guard family == error.family else { return JSON("a \(error.family) error in \(family)") }
    return ["code": JSON(error.code), "number": .number(UInt64(error.number)), "family": JSON(family)]
}

extension JSON: ExpressibleByStringLiteral {
    init(stringLiteral text: String) {
        self = .string(text)
    }
}
