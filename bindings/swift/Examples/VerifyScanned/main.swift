// Checks what was scanned:
//
//     VerifyScanned TRUST_FILE AUDIENCE NONCE < SCANNED_TEXT
//
// TRUST_FILE names the keys to believe; IssueAnswer and `kycvs keygen` write one. AUDIENCE is our own name. NONCE is the
// challenge that we gave to the person who answers, in hexadecimal digits. Exit status: 0 where the person may come in.

import Foundation
import Kycvs

let arguments = CommandLine.arguments
guard arguments.count == 4, let nonce = Data(hexadecimal: arguments[3]), let scanned = readLine() else {
    print("usage: VerifyScanned TRUST_FILE AUDIENCE NONCE < SCANNED_TEXT")
    exit(2)
}

guard let trustFile = try? Data(contentsOf: URL(fileURLWithPath: arguments[1])) else {
    print("\(arguments[1]) can not be read: name the trust file with the keys to believe")
    exit(2)
}

do {
    // Once, when the app starts: whom we believe, and who we are.
    let trust = try TrustStore(bytes: trustFile)
    let verifier = try Verifier(
        trust: trust,
        policy: Policy(audience: arguments[2]),
        replayGuard: MemoryReplayGuard(capacity: 100_000)
    )

    // For every person: the challenge that was given to them.
    let expectation = try Expectation(nonce: nonce)
    let verdict = try verifier.verifyText(scanned, expectation: expectation)

    // A verdict says that the answer is good. What to do about it is our own rule.
    if verdict.meets(.fullyVaccinated) {
        print("Welcome. \(verdict.issuer) says: fully vaccinated. Asked for \(verdict.purpose).")
    } else {
        print("Not fully vaccinated, says \(verdict.issuer).")
        exit(1)
    }
} catch {
    switch error {
    case .unreadable:
        print("Please scan again: \(error.message)")
    case .untrusted:
        print("Do not rely on this: \(error.message)")
    case .refused where error.code == "expired":
        print("That was good once. Please show a new answer.")
    case .refused:
        print("A good answer, but not to our question: \(error.message)")
    case .setUp, .issuing:
        print("The fault is ours, not yours (\(error.code)): \(error.message)")
    }
    exit(1)
}

extension Data {
    /// The bytes of a text of hexadecimal digits; `nil` where it is something else.
    init?(hexadecimal text: String) {
        let digits = text.compactMap(\.hexDigitValue)
        guard digits.count == text.count, digits.count.isMultiple(of: 2) else { return nil }
        self.init(stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) })
    }
}
