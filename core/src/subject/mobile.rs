//! The normal form of a mobile number: E.164.

use super::name::is_default_ignorable;
use crate::error::{Error, ErrorCode, Result};
use alloc::string::String;
use unicode_general_category::{GeneralCategory, get_general_category};
use zeroize::Zeroizing;

/// The longest number that is looked at, in bytes.
const MAX_GIVEN: usize = 256;
/// E.164 allows 15 digits; there is no subscriber's number with under 8.
const DIGITS: core::ops::RangeInclusive<usize> = 8..=15;
/// The country code of a number that is given without one.
const INDIA: &str = "91";

pub(super) fn normalise(given: &str) -> Result<Zeroizing<String>> {
    let invalid = |detail| Error::because(ErrorCode::InvalidClaim, detail);
    if given.len() > MAX_GIVEN {
        return Err(invalid("a mobile number has at most 256 bytes as given"));
    }
    let not_a_number = invalid("not a mobile number: write + and 8 to 15 digits, or ten digits");
    let Dialled { has_plus, mut digits, .. } = Dialled::read(given).ok_or(not_a_number.clone())?;
    if !has_plus && digits.starts_with('0') {
        digits.remove(0);
    }
    if digits.len() == 13 && digits.starts_with("910") {
        digits.remove(2);
    }
    let country = match (has_plus, digits.len()) {
        (true, count) if DIGITS.contains(&count) => "",
        (false, 10) => INDIA,
        (false, 12) if digits.starts_with(INDIA) => "",
        _ => return Err(not_a_number),
    };
    let mut number = Zeroizing::new(String::with_capacity(16));
    for part in ["+", country, &digits] {
        number.push_str(part);
    }
    Ok(number)
}

/// A text without its spaces and punctuation.
struct Dialled {
    has_plus: bool,
    /// As ASCII.
    digits: Zeroizing<String>,
    /// Whether a zero that is dialled only inside the country was dropped.
    has_trunk_zero: bool,
}

impl Dialled {
    /// `None` if the text holds anything that is no part of a number.
    fn read(given: &str) -> Option<Self> {
        // With its final size from the start: growing would leave copies behind.
        let digits = Zeroizing::new(String::with_capacity(MAX_GIVEN));
        let mut dialled = Self { has_plus: false, digits, has_trunk_zero: false };
        // The count of digits before the last open parenthesis.
        let mut before_parenthesis = None;
        for c in given.chars() {
            match (digit_value(c), c) {
                (Some(value), _) => dialled.digits.push(char::from(b'0' + value)),
                (None, '+') if !dialled.has_plus && dialled.digits.is_empty() => dialled.has_plus = true,
                (None, '(') => before_parenthesis = Some(dialled.digits.len()),
                (None, ')') => {
                    if let Some(before) = before_parenthesis.take() {
                        dialled.close_parenthesis(before)?;
                    }
                }
                (None, c) if is_dropped(c) => {}
                (None, _) => return None,
            }
        }
        Some(dialled)
    }

    /// Drops the zero of `+91 (0) 98765 43210`, which is dialled only inside the country. A lone zero in
    /// parentheses behind anything except a country code is in doubt: `None`.
    fn close_parenthesis(&mut self, before: usize) -> Option<()> {
        let (outside, inside) = self.digits.split_at(before);
        if inside != "0" || outside.is_empty() {
            return Some(());
        }
        let is_country_code = if self.has_plus { outside.len() <= 3 } else { outside == INDIA };
        if !is_country_code || self.has_trunk_zero {
            return None;
        }
        self.digits.truncate(before);
        self.has_trunk_zero = true;
        Some(())
    }
}

fn is_dropped(c: char) -> bool {
    matches!(c, '.' | '\t')
        || is_default_ignorable(c)
        || matches!(
            get_general_category(c),
            GeneralCategory::SpaceSeparator | GeneralCategory::DashPunctuation
        )
}

/// The value of a decimal digit of any script.
///
/// Unicode keeps the digits of a script together, in ascending order from zero (The Unicode Standard, section 4.6),
/// so that in a run of decimal digits the value is the distance from its start, modulo ten.
fn digit_value(c: char) -> Option<u8> {
    let is_digit = |c: char| get_general_category(c) == GeneralCategory::DecimalNumber;
    if !is_digit(c) {
        return None;
    }
    let before = ('\0'..c).rev().take_while(|&c| is_digit(c)).count();
    u8::try_from(before % 10).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_every_script_come_in_runs_of_ten() {
        let mut run = 0;
        for c in '\0'..=char::MAX {
            if let Some(value) = digit_value(c) {
                assert_eq!(usize::from(value), run % 10, "U+{:04X}", u32::from(c));
                // What Rust itself knows of digits agrees.
                if let Some(ascii) = c.to_digit(10) {
                    assert_eq!(u32::from(value), ascii);
                }
                run += 1;
            } else {
                assert_eq!(run % 10, 0, "a run ends before U+{:04X}", u32::from(c));
                run = 0;
            }
        }
        assert_eq!(digit_value('०'), Some(0));
        assert_eq!(digit_value('९'), Some(9));
        assert_eq!(digit_value('௭'), Some(7));
        assert_eq!(digit_value('７'), Some(7));
        assert_eq!(digit_value('𝟗'), Some(9));
        assert_eq!(digit_value('²'), None);
    }

    #[test]
    fn invisible_characters_change_nothing_wherever_they_stand() {
        let number = "+919876543210";
        for invisible in ('\0'..=char::MAX).filter(|&c| is_default_ignorable(c)) {
            for at in [0, 1, 3, number.len()] {
                let mut pasted = String::from(number);
                pasted.insert(at, invisible);
                let normal = normalise(&pasted).expect("an invisible character is dropped");
                assert_eq!(*normal, number, "U+{:04X} at {at}", u32::from(invisible));
            }
        }
    }

    #[test]
    fn zero_that_is_dialled_only_inside_the_country_is_dropped() {
        for (given, expected) in [
            ("+91 (0) 98765 43210", Some("+919876543210")),
            ("+91(0)9876543210", Some("+919876543210")),
            ("+91 ( 0 ) 98765 43210", Some("+919876543210")),
            ("+९१ (०) ९८७६५ ४३२१०", Some("+919876543210")),
            ("91 (0) 98765 43210", Some("+919876543210")),
            ("(0) 98765 43210", Some("+919876543210")),
            ("+91 098765 43210", Some("+919876543210")),
            ("91 098765 43210", Some("+919876543210")),
            ("+44 (0)20 7946 0958", Some("+442079460958")),
            ("+353 (0)87 123 4567", Some("+353871234567")),
            // The zero is part of an Italian number.
            ("+39 06 1234 5678", Some("+390612345678")),
            ("+225 07 12 34 56 78", Some("+2250712345678")),
            ("+1 (0)", None),
            ("0091 (0) 98765 43210", None),
            ("+9198 (0) 765 43210", None),
            ("987 (0) 6543210", None),
            ("98765 4321(0)", None),
            ("+91 (0)(0) 98765 43210", None),
        ] {
            let normal = normalise(given).ok();
            assert_eq!(normal.as_ref().map(|number| number.as_str()), expected, "{given}");
            if let Some(number) = normal {
                assert_eq!(normalise(&number).ok(), Some(number), "{given}: the normal form is its own");
            }
        }
    }

    #[test]
    fn numbers_come_to_e164() {
        for (given, expected) in [
            ("9876543210", Some("+919876543210")),
            ("09876543210", Some("+919876543210")),
            ("919876543210", Some("+919876543210")),
            ("0919876543210", Some("+919876543210")),
            ("+91 (98765) 432-10", Some("+919876543210")),
            ("९८७६५४३२१०", Some("+919876543210")),
            ("+14155550123", Some("+14155550123")),
            ("+12345678", Some("+12345678")),
            ("+123456789012345", Some("+123456789012345")),
            ("+1234567", None),
            ("+1234567890123456", None),
            ("14155550123", None),
            ("00919876543210", None),
            ("98765432", None),
            ("9876543210x", None),
            ("9876543210 ext. 5", None),
            ("9876543210;ext=5", None),
            ("9876543210#5", None),
            ("9876+543210", None),
            ("++919876543210", None),
            ("", None),
        ] {
            assert_eq!(normalise(given).ok().as_ref().map(|number| number.as_str()), expected, "{given}");
        }
    }
}
