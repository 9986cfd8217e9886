//! Numbers in the digits of any script.

use unicode_general_category::{GeneralCategory, get_general_category};

/// The number that `text` writes in decimal digits (Unicode `Nd`) of any script, without a sign or a separator.
///
/// `None` if there is no digit, another character, or a number over `u32::MAX`.
///
/// ```
/// use kycvs_tables::number;
///
/// assert_eq!(["2", "२", "02", "２"].map(number), [Some(2); 4]);
/// assert_eq!(["", "-2", "2.0", "²", " 2", "4294967296"].map(number), [None; 6]);
/// ```
#[must_use]
pub fn number(text: &str) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    text.chars().try_fold(0_u32, |number, c| number.checked_mul(10)?.checked_add(digit(c)?))
}

/// The value of a decimal digit of any script.
///
/// Unicode keeps the ten digits of a script together and in ascending order (The Unicode Standard, section 4.6), so that
/// the value is the distance from the start of a run of digits, modulo ten.
fn digit(c: char) -> Option<u32> {
    let is_digit = |c: char| get_general_category(c) == GeneralCategory::DecimalNumber;
    if c.is_ascii() || !is_digit(c) {
        return c.to_digit(10);
    }
    let before = ('\0'..c).rev().take_while(|&c| is_digit(c)).count();
    u32::try_from(before % 10).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The core reads digits for mobile numbers; a cell must not mean another number here.
    #[test]
    fn every_digit_has_the_value_that_it_has_in_a_mobile_number() {
        let mut digits = 0;
        for c in ('\0'..=char::MAX).filter(|&c| c.is_numeric() || digit(c).is_some()) {
            let mobile =
                kycvs::Subject::new("a").and_then(|person| person.with_mobile(&format!("+1234567{c}")));
            let expected = mobile.ok().and_then(|person| person.mobile()?.chars().nth(8)?.to_digit(10));
            assert_eq!(digit(c), expected, "U+{:04X}", u32::from(c));
            digits += usize::from(expected.is_some());
        }
        assert!(digits > 600, "{digits} digits in Unicode");
    }
}
