import Foundation
import Kycvs

/// A value of JSON, to be compared as it stands: numbers are exact up to 2^64-1, and strings are equal where their bytes
/// are. (Swift takes two spellings of `é` for equal.)
enum JSON: Sendable {
    case null
    case bool(Bool)
    case number(UInt64)
    case string(String)
    case array([JSON])
    case object([String: JSON])
}

extension JSON: Equatable {
    static func == (one: JSON, other: JSON) -> Bool {
        switch (one, other) {
        case (.null, .null): true
        case (.bool(let one), .bool(let other)): one == other
        case (.number(let one), .number(let other)): one == other
        case (.string(let one), .string(let other)): one.utf8.elementsEqual(other.utf8)
        case (.array(let one), .array(let other)): one == other
        case (.object(let one), .object(let other)): one == other
        default: false
        }
    }
}

extension JSON: Decodable {
    init(from decoder: any Decoder) throws {
        if let object = try? decoder.container(keyedBy: MemberName.self) {
            let members = try object.allKeys.map { ($0.stringValue, try object.decode(JSON.self, forKey: $0)) }
            self = .object(Dictionary(uniqueKeysWithValues: members))
            return
        }
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let text = try? value.decode(String.self) {
            self = .string(text)
        } else if let number = try? value.decode(UInt64.self) {
            self = .number(number)
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else {
            self = .array(try value.decode([JSON].self))
        }
    }

    private struct MemberName: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

extension JSON: ExpressibleByDictionaryLiteral {
    init(dictionaryLiteral members: (String, JSON)...) {
        self = .object(Dictionary(uniqueKeysWithValues: members))
    }
}

extension JSON {
    init(_ text: String?) {
        self = text.map(JSON.string) ?? .null
    }

    subscript(_ name: String) -> JSON {
        if case .object(let members) = self, let value = members[name] { return value }
        fatalError("a case has no \(name)")
    }

    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    var number: UInt64? {
        if case .number(let number) = self { number } else { nil }
    }

    var flag: Bool {
        if case .bool(let flag) = self { return flag }
        fatalError("\(self) is neither true nor false")
    }

    var list: [JSON]? {
        if case .array(let values) = self { values } else { nil }
    }

    var bytes: Data? {
        text.map { Data(hexadecimal: $0) }
    }
}

extension Data {
    /// Of hexadecimal digits, which the vectors and the tests are known to hold.
    init(hexadecimal text: String) {
        let digits = text.map { $0.hexDigitValue! }
        precondition(digits.count.isMultiple(of: 2))
        self.init(stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) })
    }

    var hexadecimal: String {
        reduce(into: "") { $0 += String($1 >> 4, radix: 16) + String($1 & 15, radix: 16) }
    }
}
