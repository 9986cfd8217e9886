import Foundation
import Kycvs
import XCTest

/// One verifier for all threads.
final class ThreadTests: XCTestCase {
    func testEightThreadsShareAVerifier() throws {
        let vectors = try [Vectors("valid.json"), Vectors("invalid.json")]
        let town = try Town()
        let good = try Status.allCases.map { ($0, try town.answer($0)) }
        var changed = good[0].1
        changed[changed.count - 1] ^= 1
        let bad = [Data(): "malformed", changed: "bad_signature"]

        // One verifier each for a mix of the published cases, made once and shared.
        let cases = vectors.flatMap { file in
            file.cases.prefix(60).compactMap { vector in
                vector["policy"]["seen"] == .null
                    ? try? (vector, file.setUp(vector)) : nil
            }
        }
        XCTAssertGreaterThan(cases.count, 80)

        let wrong = Wrong()
        let started = together(8) { thread in
            for round in 0..<200 {
                let (status, presentation) = good[(round + thread) % good.count]
                wrong.unless((try? town.verify(presentation))?.status == status)
                for (presentation, code) in bad {
                    wrong.unless(failure { try town.verify(presentation) }?.code == code)
                }
            }
            for (vector, (verifier, expectation)) in cases {
                let found = Result { () throws(KycvsError) in
                    try verifier.verifyAtSeconds(
                        vector["presentation"].bytes!, expectation: expectation, nowSeconds: vector["now"].number!)
                }
                switch found {
                case .success(let verdict): wrong.unless(json(verdict) == vector["expected"])
                case .failure(let error): wrong.unless(refusal(error) == vector["expected"])
                }
            }
        }
        XCTAssertEqual(started, 8)
        XCTAssertEqual(wrong.count, 0)
    }

    /// Eight threads are inside of one verifier at the same time: none waits for another to come out.
    func testEightVerificationsAtATime() throws {
        final class Waits: ReplayGuard {
            let all = Barrier(8)

            func firstUse(issuer: String, tokenID: String, keepUntil: Date, now: Date) -> Bool { all.wait() }
        }
        let waits = Waits()
        let town = try Town(replayGuard: waits)
        let presentation = try town.answer()
        let wrong = Wrong()
        let started = together(8) { _ in
            wrong.unless((try? town.verify(presentation))?.status == .fullyVaccinated)
        }
        XCTAssertEqual(started, 8)
        XCTAssertEqual(waits.all.most, 8)
        XCTAssertEqual(wrong.count, 0)
    }

    /// Of eight uses at a time one wins, through a guard that is written in Swift, and each loser learns why.
    func testOneOfEightUsesWins() throws {
        final class Once: ReplayGuard, @unchecked Sendable {
            private let lock = NSLock()
            private var seen: Set<String> = []

            func firstUse(issuer: String, tokenID: String, keepUntil: Date, now: Date) -> Bool {
                lock.withLock { seen.insert(tokenID).inserted }
            }
        }
        for replayGuard in [Once(), MemoryReplayGuard(capacity: 1_000)] as [any ReplayGuard] {
            let town = try Town(replayGuard: replayGuard)
            for _ in 0..<50 {
                let presentation = try town.answer()
                let (wins, replays) = (Wrong(), Wrong())
                let started = together(8) { _ in
                    let code = failure { try town.verify(presentation) }?.code
                    wins.unless(code != nil)
                    replays.unless(code != "replayed")
                }
                XCTAssertEqual(started, 8)
                XCTAssertEqual(wins.count, 1)
                XCTAssertEqual(replays.count, 7)
            }
        }
    }

    /// Tasks, too: whatever an app hands from one to another is `Sendable`.
    func testTasks() async throws {
        let town = try Town()
        let presentation = try town.answer()
        let (verifier, expectation) = (town.verifier, town.expectation)
        let verdicts = try await withThrowingTaskGroup(of: Verdict.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try verifier.verifyAtSeconds(presentation, expectation: expectation, nowSeconds: Town.now)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        XCTAssertEqual(verdicts.count, 8)
        XCTAssertEqual(Set(verdicts).count, 1)
    }

    private final class Wrong: @unchecked Sendable {
        private let lock = NSLock()
        private var counted = 0

        var count: Int { lock.withLock { counted } }

        func unless(_ right: Bool) {
            if !right { lock.withLock { counted += 1 } }
        }
    }
}
