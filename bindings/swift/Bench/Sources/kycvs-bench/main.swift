// Times what an app does for each person: `cargo xtask bench` asks this program and the one in Rust in turn.
//
// It prints `ready` and the names of what it can time. For each name on standard input it runs one round, and prints the
// nanoseconds of a call.

import Foundation
import Kycvs

/// The case of the specification, as a verifier that expects nobody in particular sees it.
struct Inputs: Sendable {
    let verifier: Verifier
    let nonce: Data
    let purpose: String
    let now: Date
    let presentation: Data

    init(vectors: URL) throws {
        let file = try Object(JSONSerialization.jsonObject(with: Data(contentsOf: vectors)))
        let vector =
            try file.list("cases").first { try $0.text("id") == "valid/specification" }
            ?? { throw Missing("its case") }()
        let trusted = try file.object("trust_stores").list(vector.text("trust"))[0]
        let key = try VerifyingKey(bytes: trusted.bytes("public_key"))
        let trust = try TrustStore(keys: [TrustedKey(issuer: trusted.text("issuer"), key: key)])
        verifier = try Verifier(trust: trust, policy: Policy(audience: vector.object("policy").text("audience")))
        nonce = try vector.object("expectation").bytes("nonce")
        purpose = try vector.object("expectation").text("purpose")
        now = Date(timeIntervalSince1970: try vector.number("now"))
        presentation = try vector.bytes("presentation")
    }

    func verify() throws {
        let expectation = try Expectation(nonce: nonce, purpose: purpose)
        let verdict = try verifier.verify(presentation, expectation: expectation, at: now)
        precondition(verdict.status == .fullyVaccinated)
    }
}

/// Runs `work` over and over for at least 0.4 seconds on each of so many threads; nanoseconds of the wall for each call.
/// They are threads of their own: `DispatchQueue.concurrentPerform` has no more of them than there are processors.
func round(threads: Int, _ work: @escaping @Sendable () throws -> Void) -> Double {
    let (calls, start, end) = (Counter(), DispatchSemaphore(value: 0), DispatchGroup())
    for _ in 0..<threads {
        end.enter()
        Thread {
            start.wait()
            let begin = DispatchTime.now().uptimeNanoseconds
            var mine = 0
            while DispatchTime.now().uptimeNanoseconds - begin < 400_000_000 {
                for _ in 0..<200 {
                    do { try work() } catch { fatalError("\(error)") }
                }
                mine += 200
            }
            calls.add(mine)
            end.leave()
        }.start()
    }
    let begin = DispatchTime.now().uptimeNanoseconds
    for _ in 0..<threads {
        start.signal()
    }
    end.wait()
    return Double(DispatchTime.now().uptimeNanoseconds - begin) / Double(calls.sum)
}

final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var counted = 0

    var sum: Int { lock.withLock { counted } }

    func add(_ number: Int) {
        lock.withLock { counted += number }
    }
}

struct Missing: Error {
    let what: String
    init(_ what: String) { self.what = what }
}

/// An object of JSON.
struct Object {
    private let members: [String: Any]

    init(_ value: Any) throws {
        guard let members = value as? [String: Any] else { throw Missing("an object") }
        self.members = members
    }

    func object(_ name: String) throws -> Object { try Object(value(name)) }
    func list(_ name: String) throws -> [Object] { try value(name, as: [Any].self).map(Object.init) }
    func text(_ name: String) throws -> String { try value(name) }
    func number(_ name: String) throws -> Double { try value(name, as: NSNumber.self).doubleValue }

    func bytes(_ name: String) throws -> Data {
        let digits = try text(name).compactMap(\.hexDigitValue)
        return Data(stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) })
    }

    private func value<Value>(_ name: String, as _: Value.Type = Value.self) throws -> Value {
        guard let value = members[name] as? Value else { throw Missing(name) }
        return value
    }
}

let vectors =
    CommandLine.arguments.count > 1
    ? URL(fileURLWithPath: CommandLine.arguments[1])
    : URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../../../test-vectors/valid.json").standardized
let inputs = try Inputs(vectors: vectors)
let own: [(name: String, run: () -> Double)] = [
    ("verify", { round(threads: 1, inputs.verify) }),
    ("verify-2-threads", { round(threads: 2, inputs.verify) }),
]
let rounds = own + peers()
var warm: Set<String> = []

/// A line that is not held back until the program ends.
func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}

say((["ready"] + rounds.map(\.name)).joined(separator: " "))
while let name = readLine() {
    guard let (name, run) = rounds.first(where: { $0.name == name }) else {
        say("no such round: \(name)")
        exit(2)
    }
    if warm.insert(name).inserted {
        _ = run()
    }
    say(String(run()))
}
