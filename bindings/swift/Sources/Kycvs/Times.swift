import Foundation

// The format's times are whole seconds up to 2^64-1, which neither `Date` nor `TimeInterval` can hold exactly. What
// decides takes `UInt64`, in functions whose names end in `Seconds`; here and beside them are the same functions for
// Foundation's types. `TimeInterval` and not `Duration`, because `Duration` begins with iOS 16 and macOS 13.

/// A `Date` or a `TimeInterval` that is not a time of the token format: before 1970, negative, infinite, not a number, or
/// past the last second of the format.
///
/// The functions that take a `Date` or a `TimeInterval` throw it before anything else is looked at.
public struct InvalidTime: Error, Equatable, Sendable {
    /// The seconds that were given: since 1970, or how many.
    public let seconds: Double
}

extension InvalidTime: LocalizedError {
    public var errorDescription: String? { description }
}

extension InvalidTime: CustomStringConvertible {
    public var description: String {
        "\(seconds) seconds is no time that a token can carry: give a date from 1970 on, or a length of time that is not negative."
    }
}

/// The whole seconds since 1970 in which a date lies.
func wholeSeconds(_ date: Date) throws -> UInt64 {
    try wholeSeconds(date.timeIntervalSince1970)
}

/// The whole seconds of a length of time; a part of a second is dropped.
func wholeSeconds(_ interval: TimeInterval) throws -> UInt64 {
    guard let seconds = UInt64(exactly: interval.rounded(.down)) else {
        throw InvalidTime(seconds: interval)
    }
    return seconds
}

/// For an app to look at. From 2^53 seconds on - 285 million years - the nearest `Date` that there is.
func date(ofSeconds seconds: UInt64) -> Date {
    Date(timeIntervalSince1970: Double(seconds))
}

/// What an app hands to a guard of Rust's has to be one of the format's times: with any other in the place of NaN, the
/// guard would forget a token that is still good. A guard of the app's own passes on what it got from `date(ofSeconds:)`,
/// whose last is 2^64 for want of a nearer `Date`.
func mustBeTimes(_ dates: Date...) throws {
    // As numbers: between dates, `>=` is true of NaN.
    let times = Double(UInt64.min)...Double(UInt64.max)
    if let wrong = dates.map(\.timeIntervalSince1970).first(where: { !times.contains($0) }) {
        throw InvalidTime(seconds: wrong)
    }
}

/// The whole seconds of one of those times.
func seconds(of date: Date) -> UInt64 {
    UInt64(exactly: date.timeIntervalSince1970.rounded(.down)) ?? .max
}
