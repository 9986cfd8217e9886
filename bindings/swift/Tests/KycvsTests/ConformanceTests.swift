import Foundation
import Kycvs
import XCTest

/// Every case of the published test vectors, the whole result compared.
final class ConformanceTests: XCTestCase {
    func testEveryCaseOfEveryFile() throws {
        let reports = try Vectors.names.map(Report.init)
        for report in reports {
            XCTAssertGreaterThan(report.cases, 100, report.name)
            XCTAssertEqual(report.failures, [], report.name)
        }
        if let path = ProcessInfo.processInfo.environment["KYCVS_CONFORMANCE_OUT"] {
            try write(reports, to: URL(fileURLWithPath: path))
        }
    }

    /// For `cargo xtask test`, which holds the counts of all platforms together.
    private func write(_ reports: [Report], to file: URL) throws {
        let files = reports.map { ($0.name, ["cases": $0.cases, "passed": $0.cases - $0.failed.count]) }
        let report: [String: Any] = [
            "platform": "swift",
            "files": Dictionary(uniqueKeysWithValues: files),
            "failed": reports.flatMap(\.failed),
        ]
        try JSONSerialization.data(withJSONObject: report).write(to: file)
    }

    /// Swift's side numbers the statuses by their order, and compares them by it.
    func testEveryStatusHasTheNumberOfTheVectors() throws {
        let vectors = try Vectors("valid.json")
        var numbers: [Status: Set<UInt64>] = [:]
        for vector in vectors.cases {
            let (verifier, expectation) = try vectors.setUp(vector)
            let verdict = try verifier.verifyAtSeconds(
                vector["presentation"].bytes!, expectation: expectation, nowSeconds: vector["now"].number!)
            let number = vector["expected"]["verdict"]["status"].number!
            XCTAssertEqual(verdict.status.number, Int(number), vector["id"].text!)
            XCTAssertEqual(Status.allCases.filter(verdict.meets).count, Int(number) + 1, vector["id"].text!)
            numbers[verdict.status, default: []].insert(number)
        }
        XCTAssertEqual(numbers, [.notVaccinated: [0], .partiallyVaccinated: [1], .fullyVaccinated: [2]])
    }

    /// A number that was rounded on the way here would make some cases pass that should not.
    func testLargeNumbersAreReadExactly() throws {
        let json = try JSONDecoder().decode(JSON.self, from: Data("[18446744073709551615, 9007199254740993]".utf8))
        XCTAssertEqual(json, .array([.number(.max), .number(9_007_199_254_740_993)]))
        XCTAssertNotEqual(json, .array([.number(.max), .number(9_007_199_254_740_992)]))
    }

    /// The same inputs many at once, and as text.
    func testManyAndTextAreDecidedAsEachAlone() throws {
        let vectors = try Vectors("valid.json")
        for vector in vectors.cases {
            let (verifier, expectation) = try vectors.setUp(vector)
            let (bytes, now) = (vector["presentation"].bytes!, vector["now"].number!)

            let many = verifier.verifyManyAtSeconds([bytes, Data(), bytes], expectation: expectation, nowSeconds: now)
            XCTAssertEqual(many.count, 3)
            XCTAssertEqual(json(try many[0].get()), vector["expected"], vector["id"].text!)
            XCTAssertThrowsError(try many[1].get()) { XCTAssertEqual(($0 as? KycvsError)?.code, "malformed") }
            XCTAssertEqual(json(try many[2].get()), vector["expected"], vector["id"].text!)

            let presentation = try Presentation(bytes: bytes)
            for text in [presentation.toText(), presentation.toBase64URL()] {
                let verdict = try verifier.verifyTextAtSeconds(text, expectation: expectation, nowSeconds: now)
                XCTAssertEqual(json(verdict), vector["expected"], vector["id"].text!)
            }
        }
    }
}

/// What came of one file.
private struct Report {
    let name: String
    let cases: Int
    /// The ids of the cases that came to something else.
    let failed: [String]
    /// The same, with what they came to.
    let failures: [String]

    init(_ name: String) throws {
        let vectors = try Vectors(name)
        let wrong = vectors.cases.compactMap { vector -> (String, String)? in
            let found = vectors.outcome(of: vector)
            let id = vector["id"].text!
            return found == vector["expected"]
                ? nil : (id, "\(id)\n  expected \(vector["expected"])\n  found    \(found)")
        }
        self.name = name
        cases = vectors.cases.count
        failed = wrong.map(\.0)
        failures = wrong.map(\.1)
    }
}
