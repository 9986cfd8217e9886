//! Which mobile numbers the service takes, wherever a number comes in: typed by a person, sent by an entity, imported.
//!
//! The core knows no country's numbers: it takes ten digits as Indian and any digits after a `+` (`SPEC.md`, section 7.2).
//! Here the operator's settings come on top. A national number is one of `numbers.country`, or refused if there is none.
//! A number that cannot exist in its country is refused: no message goes to it, and nobody is recorded under it.
//!
//! The plans of other countries than India come from the crate `phonenumber` (Google's data). They are loaded when the
//! first such number comes: 5 MB, and a pattern of some 0.5 MB for each country that is met. Its buffers are not wiped.

use kycvs::{Subject, Zeroizing};
use phonenumber::{Mode, Type, country, metadata::DATABASE};
use serde::Deserialize;

/// Which mobile numbers a service takes: the table `[numbers]` of its settings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Setting")]
pub struct Numbers {
    /// Of which country a number without `+` is.
    country: Option<country::Id>,
    /// To which countries messages are sent.
    send_to: Vec<country::Id>,
}

/// Why a number is not taken. Holds nothing of the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadNumber {
    /// It is not written as a number.
    #[error(
        "not a mobile number: write + and the country, or the number as it is written in its own country"
    )]
    NotANumber,
    /// It is written without its country, and the settings name none.
    #[error("the country of the number is missing: write + and the country in front")]
    National,
    /// No phone has it.
    #[error("no mobile number of its country: check the digits")]
    Impossible,
    /// A spreadsheet made a decimal of it, such as `9876543210.0` or `9.87E+09`.
    #[error(
        "a decimal, as spreadsheets make of long numbers: format the column as text, and enter the number again"
    )]
    Decimal,
    /// The plus sign in front is not U+002B.
    #[error("a number with another plus sign than the ASCII one: type + in front")]
    ForeignPlus,
}

/// As the settings are written. `country` is two letters of ISO 3166, or `none`.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Setting {
    country: String,
    send_to: Option<Vec<String>>,
}

impl Default for Setting {
    fn default() -> Self {
        Self { country: "IN".to_owned(), send_to: None }
    }
}

/// A setting that cannot be used, and what to write.
#[derive(Debug, thiserror::Error)]
enum BadSetting {
    #[error("write the two capital letters of a country, such as \"IN\"")]
    NoCountry,
    #[error("messages would go to no country: name at least one in numbers.send_to")]
    Nowhere,
}

impl TryFrom<Setting> for Numbers {
    type Error = BadSetting;

    fn try_from(setting: Setting) -> Result<Self, BadSetting> {
        let country = if setting.country == "none" { None } else { Some(country_of(&setting.country)?) };
        let send_to: Vec<_> = match setting.send_to {
            Some(names) => names.iter().map(|name| country_of(name)).collect::<Result<_, _>>()?,
            None => country.into_iter().collect(),
        };
        if send_to.is_empty() { Err(BadSetting::Nowhere) } else { Ok(Self { country, send_to }) }
    }
}

impl Numbers {
    /// The person with this number, as it is written by people.
    pub(crate) fn checked(&self, person: Subject, text: &str) -> Result<Subject, BadNumber> {
        if is_decimal(text) {
            return Err(BadNumber::Decimal);
        }
        if text.contains(FOREIGN_PLUSES) {
            return Err(BadNumber::ForeignPlus);
        }
        let with_plus = self.with_plus(text);
        let text = with_plus.as_ref().map_or(text, |text| text.as_str());
        let person = match self.country {
            Some(country::Id::IN) => as_core(person, text)?,
            _ if text.contains('+') => as_core(person, text)?,
            Some(country) => {
                let number = national(country, text)?;
                as_core(person, &number)?
            }
            None => return Err(BadNumber::National),
        };
        match person.mobile().map(can_exist) {
            Some(true) => Ok(person),
            _ => Err(BadNumber::Impossible),
        }
    }

    /// The number with `+` for the two zeroes in front, if the code of the country of the settings follows them. Other
    /// codes are not read so: a table can pad its numbers with zeroes, and no country dials all others with two.
    fn with_plus(&self, text: &str) -> Option<Zeroizing<String>> {
        let mut digits = text.chars().filter_map(|c| kycvs_tables::number(c.encode_utf8(&mut [0; 4])));
        if text.contains('+') || !(digits.next() == Some(0) && digits.next() == Some(0)) {
            return None;
        }
        let code = match self.country? {
            country::Id::IN => INDIA[1..].to_owned(),
            country => DATABASE.by_id(country.as_ref())?.country_code().to_string(),
        };
        if !code.chars().all(|c| digits.next() == c.to_digit(10)) {
            return None;
        }
        let mut zeroes = 0;
        let mut written = Zeroizing::new(String::with_capacity(text.len()));
        for c in text.chars() {
            let is_zero = zeroes < 2 && kycvs_tables::number(c.encode_utf8(&mut [0; 4])) == Some(0);
            zeroes += u8::from(is_zero);
            match (is_zero, zeroes) {
                (true, 1) => written.push('+'),
                (true, _) => {}
                (false, _) => written.push(c),
            }
        }
        Some(written)
    }

    /// Whether messages are sent to the country of this number (E.164, checked).
    pub(crate) fn sends_to(&self, number: &str) -> bool {
        let country = if number.starts_with(INDIA) {
            Some(country::Id::IN)
        } else {
            phonenumber::parse(None, number).ok().and_then(|number| number.country().id())
        };
        country.is_some_and(|country| self.send_to.contains(&country))
    }
}

/// India and nothing else: ten digits are Indian, and messages go there.
impl Default for Numbers {
    fn default() -> Self {
        Self { country: Some(country::Id::IN), send_to: vec![country::Id::IN] }
    }
}

impl From<BadNumber> for crate::records::Reason {
    fn from(bad: BadNumber) -> Self {
        bad.to_string().into()
    }
}

const INDIA: &str = "+91";

fn country_of(name: &str) -> Result<country::Id, BadSetting> {
    name.parse().map_err(|_| BadSetting::NoCountry)
}

/// Full-width, small, and superscript.
const FOREIGN_PLUSES: [char; 3] = ['\u{ff0b}', '\u{fe62}', '\u{207a}'];

/// Whether a spreadsheet wrote a number like this: with one or two zeroes behind a point or comma, or with an exponent. The
/// first form is refused even if the core reads it, because the zero would become a digit: `987654321.0` lacks a digit, and
/// would be +919876543210.
fn is_decimal(text: &str) -> bool {
    let text = kycvs_tables::trim(text);
    let text = text.strip_prefix('+').unwrap_or(text);
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent.trim_start_matches(['+', '-']))),
        None => (text, None),
    };
    match (number.split_once(['.', ',']), exponent) {
        (Some((whole, fraction)), Some(exponent)) => [whole, fraction, exponent].into_iter().all(is_digits),
        (None, Some(exponent)) => is_digits(number) && is_digits(exponent),
        (Some((whole, fraction)), None) => is_digits(whole) && matches!(fraction, "0" | "00"),
        (None, None) => false,
    }
}

fn as_core(person: Subject, text: &str) -> Result<Subject, BadNumber> {
    person.with_mobile(text).map_err(|_| BadNumber::NotANumber)
}

/// A number without `+`, in E.164.
fn national(country: country::Id, text: &str) -> Result<Zeroizing<String>, BadNumber> {
    let code = DATABASE.by_id(country.as_ref()).ok_or(BadNumber::NotANumber)?.country_code();
    // The core reads digits and punctuation: with the country's code in front the text is a number to it.
    let prefix = format!("+{code}");
    let name = Subject::new("x").map_err(|_| BadNumber::NotANumber)?;
    let person = as_core(name, &Zeroizing::new(format!("{prefix}{text}")))?;
    let digits = person.mobile().and_then(|number| number.strip_prefix(&prefix));
    let number = digits.and_then(|digits| phonenumber::parse(Some(country), digits).ok());
    let number = number.ok_or(BadNumber::NotANumber)?;
    Ok(Zeroizing::new(number.format().mode(Mode::E164).to_string()))
}

/// Whether a mobile phone can have this number (E.164).
fn can_exist(number: &str) -> bool {
    // India's plan, and not the data: series are opened faster than the data is renewed.
    if let Some(digits) = number.strip_prefix(INDIA) {
        return digits.len() == 10 && digits.starts_with(['6', '7', '8', '9']);
    }
    let Ok(parsed) = phonenumber::parse(None, number) else { return false };
    let is_mobile = matches!(parsed.number_type(&DATABASE), Type::Mobile | Type::FixedLineOrMobile);
    // Not one that is read as another number, such as one with a zero between country and number.
    is_mobile && parsed.is_valid() && parsed.format().mode(Mode::E164).to_string() == number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(setting: &str) -> Result<Numbers, String> {
        toml::from_str(setting).map_err(|error| error.message().to_owned())
    }

    fn numbers(country: &str, send_to: &[&str]) -> Numbers {
        read(&format!("country = {country:?}\nsend_to = {send_to:?}")).expect("countries")
    }

    fn checked(numbers: &Numbers, text: &str) -> Result<String, BadNumber> {
        let person = numbers.checked(Subject::new("Asha").expect("a name"), text)?;
        Ok(person.mobile().expect("a number").to_owned())
    }

    #[test]
    fn an_indian_number_has_ten_digits_that_begin_with_six_to_nine() {
        let india = Numbers::default();
        for written in
            ["9876543210", "098765 43210", "919876543210", "+91 98765-43210", "९८७६५४३२१०", "৯৮৭৬৫৪৩২১০"]
        {
            assert_eq!(checked(&india, written).as_deref(), Ok("+919876543210"), "{written}");
        }
        assert_eq!(checked(&india, "6000000000").as_deref(), Ok("+916000000000"));
        for impossible in
            ["1111111111", "5876543210", "+915876543210", "+9198765432", "+9198765432100", "+911123456789"]
        {
            assert_eq!(checked(&india, impossible), Err(BadNumber::Impossible), "{impossible}");
        }
        for none in ["98765", "0000000000", "987654321012345678", "", "call me"] {
            assert_eq!(checked(&india, none), Err(BadNumber::NotANumber), "{none}");
        }
    }

    #[test]
    fn numbers_of_no_country_satellites_and_fixed_lines_are_impossible() {
        for number in [
            "+88161234567",
            "+8821234567",
            "+8831234567",
            "+9991234567",
            "+80012345678",
            "+12345678",
            "+442071234567",
            "+123456789012345",
            "+4407911123456",
            "+19005550123",
            "+0123456789",
            "+97798412345678",
        ] {
            assert_eq!(checked(&Numbers::default(), number), Err(BadNumber::Impossible), "{number}");
        }
        for number in ["+14155550123", "+447400123456", "+9779841234567", "+971501234567"] {
            assert_eq!(checked(&Numbers::default(), number).as_deref(), Ok(number));
        }
    }

    #[test]
    fn a_national_number_is_one_of_the_country_of_the_settings() {
        let britain = numbers("GB", &["GB"]);
        for written in ["07400 123456", "7400123456", "(07400) 123-456", "+44 7400 123456"] {
            assert_eq!(checked(&britain, written).as_deref(), Ok("+447400123456"), "{written}");
        }
        assert_eq!(checked(&britain, "9876543210"), Err(BadNumber::Impossible));
        assert_eq!(checked(&numbers("NP", &["NP"]), "९८४१२३४५६७").as_deref(), Ok("+9779841234567"));
        assert_eq!(checked(&britain, "call me"), Err(BadNumber::NotANumber));
    }

    #[test]
    fn without_a_country_national_numbers_are_refused() {
        let none = numbers("none", &["IN"]);
        for written in ["9876543210", "09876543210", "919876543210"] {
            assert_eq!(checked(&none, written), Err(BadNumber::National), "{written}");
        }
        assert_eq!(checked(&none, "+91 98765 43210").as_deref(), Ok("+919876543210"));
    }

    #[test]
    fn messages_go_to_the_countries_of_the_settings_and_by_default_to_its_own() {
        let own = read("").expect("India");
        assert_eq!(own, Numbers::default());
        assert!(own.sends_to("+919876543210") && !own.sends_to("+9779841234567"));
        let two = numbers("IN", &["IN", "NP"]);
        assert!(two.sends_to("+919876543210") && two.sends_to("+9779841234567"));
        // Countries can share a code.
        let us = numbers("US", &["US"]);
        assert!(us.sends_to("+14155550123") && !us.sends_to("+18762101234"));
        assert!(read("country = \"NP\"").expect("Nepal").sends_to("+9779841234567"));
        for (setting, wanted) in [
            ("country = \"in\"", "two capital letters"),
            ("country = \"XX\"", "two capital letters"),
            ("send_to = [\"India\"]", "two capital letters"),
            ("send_to = []", "name at least one"),
            ("country = \"none\"", "name at least one"),
        ] {
            let error = read(setting).expect_err(setting);
            assert!(error.contains(wanted), "{setting}: {error}");
        }
    }

    #[test]
    fn two_zeroes_before_the_code_of_the_own_country_are_a_plus() {
        let india = Numbers::default();
        for written in [
            "0091 98765 43210",
            "00919876543210",
            "(00)91-98765-43210",
            "००९१ ९८७६५ ४३२१०",
            "0091 (0) 98765 43210",
        ] {
            assert_eq!(checked(&india, written).as_deref(), Ok("+919876543210"), "{written}");
        }
        assert_eq!(checked(&numbers("GB", &["GB"]), "0044 7400 123456").as_deref(), Ok("+447400123456"));
        // Other codes: a table can pad an Indian number of ten digits.
        for written in
            ["006581234567", "0044 7400 123456", "00 98765 43210", "000919876543210", "+0091 9876543210"]
        {
            assert!(checked(&india, written).is_err(), "{written}");
        }
        assert_eq!(checked(&numbers("none", &["IN"]), "00919876543210"), Err(BadNumber::National));
    }

    #[test]
    fn a_number_that_a_spreadsheet_or_keyboard_changed_is_refused_with_the_cause() {
        for country in [Numbers::default(), numbers("GB", &["GB"]), numbers("none", &["IN"])] {
            for decimal in [
                "9876543210.0",
                " 9876543210.00 ",
                "9876543210,0",
                "919876543210.0",
                "+919876543210.0",
                "987654321.0",
                "9.87654321E+09",
                "9,87654321e9",
                "9E+09",
                "9.1987654321E+11",
            ] {
                assert_eq!(checked(&country, decimal), Err(BadNumber::Decimal), "{decimal}");
            }
            for plus in ["\u{ff0b}919876543210", "\u{ff0b}91 98765 43210", "\u{fe62}919876543210"] {
                assert_eq!(checked(&country, plus), Err(BadNumber::ForeignPlus), "{plus}");
            }
        }
        for written in ["98765.43210", "987.654.3210", "98765.00000"] {
            assert!(checked(&Numbers::default(), written).is_ok(), "{written}");
        }
    }

    #[test]
    fn an_error_says_nothing_of_the_number() {
        use BadNumber::{Decimal, ForeignPlus, Impossible, National, NotANumber};
        for bad in [NotANumber, National, Impossible, Decimal, ForeignPlus] {
            assert!(!bad.to_string().contains(|c: char| c.is_ascii_digit()), "{bad}");
        }
    }
}
