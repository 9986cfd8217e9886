//! Times (RFC 3339, in UTC) and durations (`90s`, `15m`, `24h`, `30d`, `1h30m`).
//!
//! A time past the year 9999 has no such form: JSON has the seconds since 1970 as digits, and text says `second`
//! before them.

use std::borrow::Cow;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::fmt::temporal::Pieces;
use kycvs::Timestamp;

/// Reads an RFC 3339 time; a fraction of a second is dropped.
pub(crate) fn parse_time(text: &str) -> Result<Timestamp, String> {
    // Not `jiff::Timestamp`, which ends a day before the year 9999 does.
    let seconds = Pieces::parse(text).ok().and_then(|pieces| {
        let offset = pieces.to_numeric_offset()?;
        let local = DateTime::from_parts(pieces.date(), pieces.time()?);
        Some(local.duration_since(EPOCH).as_secs() - i64::from(offset.seconds()))
    });
    let seconds = seconds.ok_or("write a time as 2026-01-31T09:30:00Z (RFC 3339)")?;
    u64::try_from(seconds).map(Timestamp::from_secs).map_err(|_| String::from("a time before 1970"))
}

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// An RFC 3339 time in UTC; past the year 9999, which has no such form, the seconds since 1970.
pub(crate) fn time(time: Timestamp) -> String {
    i64::try_from(time.as_secs())
        .ok()
        .and_then(|seconds| EPOCH.checked_add(SignedDuration::from_secs(seconds)).ok())
        .map_or_else(|| time.as_secs().to_string(), |time| format!("{time}Z"))
}

/// A [`time`] for people, who are told when it is a number of seconds.
pub(crate) fn shown(time: &str) -> Cow<'_, str> {
    if time.ends_with('Z') { time.into() } else { format!("second {time}").into() }
}

/// Reads a duration: whole numbers, each with its unit. A day is 24 hours.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    const HINT: &str = "write a duration as 90s, 15m, 24h or 30d";
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("{text} of what? {HINT}"));
    }
    let mut total = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at(digits);
        let number: u64 = number.parse().map_err(|_| String::from(HINT))?;
        let unit = match tail.as_bytes().first() {
            Some(b's') => 1,
            Some(b'm') => 60,
            Some(b'h') => 3_600,
            Some(b'd') => 86_400,
            _ => return Err(String::from(HINT)),
        };
        total = number
            .checked_mul(unit)
            .and_then(|seconds| total.checked_add(seconds))
            .ok_or_else(|| String::from("that is longer than can be counted"))?;
        rest = &tail[1..];
    }
    if text.is_empty() { Err(String::from(HINT)) } else { Ok(Duration::from_secs(total)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_their_units() {
        let seconds = |text| parse_duration(text).map(|duration| duration.as_secs());
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("15m"), Ok(900));
        assert_eq!(seconds("24h"), Ok(86_400));
        assert_eq!(seconds("30d"), Ok(2_592_000));
        assert_eq!(seconds("1h30m"), Ok(5_400));
        assert!(seconds("15").is_err_and(|hint| hint.starts_with("15 of what?")));
        for wrong in ["", "m", "1", "1.5h", "-1h", "1 h", "1w", "1h30", "1\u{e9}", "99999999999999999999s"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
        assert!(seconds("18446744073709551615d").is_err());
    }

    #[test]
    fn times_are_read_and_written_in_utc() {
        assert_eq!(parse_time("2026-07-01T15:30:00+05:30").map(time).as_deref(), Ok("2026-07-01T10:00:00Z"));
        assert_eq!(parse_time("1970-01-01T00:00:01.9Z").map(Timestamp::as_secs), Ok(1));
        assert!(parse_time("1969-12-31T23:59:59Z").is_err());
        for wrong in ["yesterday", "2026-07-01", "2026-07-01T10:00:00", "10:00:00Z", ""] {
            assert!(parse_time(wrong).is_err(), "{wrong}");
        }
        let last = "9999-12-31T23:59:59Z";
        assert_eq!(parse_time(last).map(time).as_deref(), Ok(last));
    }

    #[test]
    fn any_second_can_be_written() {
        assert_eq!(time(Timestamp::from_secs(0)), "1970-01-01T00:00:00Z");
        assert_eq!(time(Timestamp::from_secs(253_402_300_799)), "9999-12-31T23:59:59Z");
        assert_eq!(time(Timestamp::from_secs(253_402_300_800)), "253402300800");
        assert_eq!(time(Timestamp::from_secs(u64::MAX)), "18446744073709551615");
    }
}
