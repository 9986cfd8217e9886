//! The normal form of a mobile number: E.164.

use crate::error::{Error, ErrorCode, Result};
use alloc::string::String;
use unicode_general_category::{GeneralCategory, get_general_category};
use zeroize::Zeroizing;

/// The longest number that is looked at, in bytes.
const MAX_GIVEN: usize = 256;
/// E.164 allows 15 digits; there is no subscriber's number with under 8.
const DIGITS: core::ops::RangeInclusive<usize> = 8..=15;

pub(super) fn normalise(given: &str) -> Result<Zeroizing<String>> {
    let invalid = |detail| Error::because(ErrorCode::InvalidClaim, detail);
    if given.len() > MAX_GIVEN {
        return Err(invalid("a mobile number has at most 256 bytes as given"));
    }
    let not_a_number = invalid("not a mobile number: write + and 8 to 15 digits, or ten digits");
    let (has_plus, digits) = dial(given).ok_or(not_a_number.clone())?;
    let national = digits.strip_prefix('0').unwrap_or(&digits);
    let (country, rest) = match (has_plus, national.len()) {
        (true, _) if DIGITS.contains(&digits.len()) => ("", digits.as_str()),
        (false, 10) => ("91", national),
        (false, 12) if national.starts_with("91") => ("", national),
        _ => return Err(not_a_number),
    };
    let mut number = Zeroizing::new(String::with_capacity(16));
    for part in ["+", country, rest] {
        number.push_str(part);
    }
    Ok(number)
}

/// Whether there is a plus in front, and the digits as ASCII; `None` at anything that is no part of a number.
fn dial(given: &str) -> Option<(bool, Zeroizing<String>)> {
    let mut has_plus = false;
    let mut digits = Zeroizing::new(String::with_capacity(MAX_GIVEN));
    for c in given.chars() {
        match digit_value(c) {
            Some(value) => digits.push(char::from(b'0' + value)),
            None if c == '+' && !has_plus && digits.is_empty() => has_plus = true,
            None if is_punctuation(c) => {}
            None => return None,
        }
    }
    Some((has_plus, digits))
}

fn is_punctuation(c: char) -> bool {
    matches!(c, '.' | '(' | ')' | '\t')
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
            ("9876+543210", None),
            ("++919876543210", None),
            ("", None),
        ] {
            assert_eq!(normalise(given).ok().as_ref().map(|number| number.as_str()), expected, "{given}");
        }
    }
}
