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
    fn an_error_says_nothing_of_the_number() {
        for bad in [BadNumber::NotANumber, BadNumber::National, BadNumber::Impossible] {
            assert!(!bad.to_string().contains(|c: char| c.is_ascii_digit()), "{bad}");
        }
    }
}
