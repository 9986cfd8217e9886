//! When a dose was given: a FHIR `dateTime`, which can be a year, a month, a day or an instant.

use jiff::{Timestamp, civil::Date, tz::Offset};

/// The days on which a dose may have been given, as numbers of days since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct When {
    last: i64,
    first: i64,
    /// Whether the day is known. A month or a year is coarser.
    is_exact: bool,
}

impl When {
    /// `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, or an instant. The latter has two days, its own and that of UTC: another system
    /// may have written down either. `None` if it is none of these.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if !text.is_ascii() || text.len() > 40 {
            return None;
        }
        let digits = |range: std::ops::Range<usize>| {
            let part = text.get(range)?;
            part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<i16>().ok()).flatten()
        };
        let year = digits(0..4).filter(|year| *year > 0)?;
        if text.len() == 4 {
            return Self::between(Date::new(year, 1, 1).ok()?, Date::new(year, 12, 31).ok()?, false);
        }
        let month = digits(5..7).filter(|_| text.as_bytes()[4] == b'-')?;
        let start = Date::new(year, i8::try_from(month).ok()?, 1).ok()?;
        if text.len() == 7 {
            return Self::between(start, start.last_of_month(), false);
        }
        let day = digits(8..10).filter(|_| text.as_bytes()[7] == b'-')?;
        let local = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        let time = &text[10..];
        if time.is_empty() {
            return Self::between(local, local, true);
        }
        if let Ok(instant) = text.parse::<Timestamp>() {
            let utc = Offset::UTC.to_datetime(instant).date();
            return Self::between(local.min(utc), local.max(utc), true);
        }
        // Without a zone, the day is all that is known.
        let time: jiff::civil::DateTime = text.parse().ok()?;
        Self::between(time.date(), time.date(), true)
    }

    fn between(first: Date, last: Date, is_exact: bool) -> Option<Self> {
        Some(Self { first: number(first)?, last: number(last)?, is_exact })
    }

    /// Whether both may be the same day, of another time zone too.
    pub(super) fn may_be(self, other: Self) -> bool {
        self.first <= other.last + 1 && other.first <= self.last + 1
    }

    /// Whether both may be one and the same day.
    pub(super) fn overlaps(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// Whether both are known to the day, and it is the same one.
    pub(super) fn is_surely(self, other: Self) -> bool {
        self.is_exact && other.is_exact && self.overlaps(other)
    }

    /// Whether it is after that instant, in seconds since 1970, by more than a day.
    pub(super) fn is_after(self, instant: i64) -> bool {
        self.first > instant.div_euclid(86_400) + 1
    }

    /// Whether all of it is over at that instant, in seconds since 1970.
    pub(super) fn ended_before(self, instant: i64) -> bool {
        self.last < instant.div_euclid(86_400)
    }

    /// Whether all of it is before the other's first day.
    pub(super) fn is_before(self, other: Self) -> bool {
        self.last < other.first
    }
}

fn number(date: Date) -> Option<i64> {
    Some(Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?.as_second().div_euclid(86_400))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn when(text: &str) -> When {
        When::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn dates_that_may_be_one_day_are_not_told_apart() {
        for (one, other) in [
            ("2021-03-01", "2021-03-01T23:59:59Z"),
            ("2021-03-02T01:30:00+05:30", "2021-03-01T20:00:00Z"),
            ("2021-03-02T01:30:00+05:30", "2021-03-01"),
            ("2021-03-02T01:30:00.123+05:30", "2021-03-02"),
            ("2021-03-01T10:00:00", "2021-03-01"),
        ] {
            assert!(when(one).is_surely(when(other)) && when(other).may_be(when(one)), "{one} {other}");
        }
        for (one, other) in [
            ("2021-03-01", "2021-03"),
            ("2021", "2021-12-31"),
            ("2021", "2021-06"),
            ("2021-03-01", "2021-03-02"),
            ("2020-12-31", "2021"),
        ] {
            assert!(when(one).may_be(when(other)) && !when(one).is_surely(when(other)), "{one} {other}");
        }
        for (one, other) in [("2021-03-01", "2021-03-03"), ("2021-03", "2021-05"), ("2020", "2021-06-01")] {
            assert!(!when(one).may_be(when(other)) && !when(other).may_be(when(one)), "{one} {other}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "21",
            "2021-13",
            "2021-02-30",
            "01/03/2021",
            "2021-3-1",
            "2021-03-01X",
            "spring 2021",
            "२०२१",
        ] {
            assert!(When::parse(text).is_none(), "{text}");
        }
    }
}
