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

/// A time that an app hands to a guard of Rust's, which it got from `date(ofSeconds:)` itself: what lies outside the
/// format's times is its first or its last.
func seconds(of date: Date) -> UInt64 {
    let seconds = date.timeIntervalSince1970.rounded(.down)
    return UInt64(exactly: seconds) ?? (seconds > 0 ? .max : .min)
}
