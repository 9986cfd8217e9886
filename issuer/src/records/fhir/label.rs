//! Numbers of doses as text: "2", "Dose 2", "2 of 3", "2/3", "second".

use crate::records::import::MOST_DOSES;

/// What a text says: which dose, and of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) number: u32,
    pub(super) series: Option<u32>,
}

impl Label {
    /// `None` if it is not surely understood, such as "booster".
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > 64 {
            return None;
        }
        let mut numbers = Vec::new();
        let mut has_of = false;
        let words = words(text);
        // "No 2nd dose" is none, and "1/2 dose" is half of one.
        let is_none = words.len() > 2 && words.iter().any(|word| word == "no");
        let is_part =
            words.iter().any(|word| word == "/") && words.last().is_some_and(|word| word.starts_with("dose"));
        if is_none || is_part {
            return None;
        }
        for word in words {
            match word.as_str() {
                "dose" | "doses" | "number" | "no" | "nr" | "shot" | "jab" | "vaccination" | "st" | "nd"
                | "rd" | "th" => {}
                "of" | "/" if numbers.len() == 1 && !has_of => has_of = true,
                word => numbers.push(number(word)?),
            }
        }
        match (numbers[..].first(), numbers.get(1), numbers.len()) {
            (Some(&number), None, 1) if !has_of => Some(Self { number, series: None }),
            (Some(&number), Some(&series), 2) if has_of => Some(Self { number, series: Some(series) }),
            _ => None,
        }
    }
}

fn number(word: &str) -> Option<u32> {
    const WORDS: [[&str; 2]; 6] = [
        ["one", "first"],
        ["two", "second"],
        ["three", "third"],
        ["four", "fourth"],
        ["five", "fifth"],
        ["six", "sixth"],
    ];
    let by_word = || (1..).zip(WORDS).find_map(|(number, forms)| forms.contains(&word).then_some(number));
    word.parse().ok().or_else(by_word).filter(|number| (1..=MOST_DOSES).contains(number))
}

/// Runs of letters and of digits, in lower case; digits of any script as ASCII. A slash is a word; so is every other
/// sign that could change what a number means.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = Kind::Gap;
    for char in text.to_lowercase().chars() {
        let (kind, char) = match char {
            _ if digit(char).is_some() => (Kind::Digit, digit(char).unwrap_or(char)),
            _ if char.is_alphabetic() => (Kind::Letter, char),
            ' ' | '\t' | '\u{a0}' | ':' | '#' => (Kind::Gap, char),
            _ => (Kind::Sign, char),
        };
        if kind != Kind::Gap {
            match words.last_mut() {
                Some(word) if kind == last && kind != Kind::Sign => word.push(char),
                _ => words.push(char.into()),
            }
        }
        last = kind;
    }
    words
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gap,
    Letter,
    Digit,
    Sign,
}

/// A decimal digit of the scripts of India, Arabic, or fullwidth, as its ASCII form.
fn digit(char: char) -> Option<char> {
    const ZEROS: [u32; 14] =
        [0x30, 0x660, 0x6f0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0x1c50, 0xff10];
    let value = ZEROS.iter().map(|zero| u32::from(char).wrapping_sub(*zero)).find(|value| *value < 10)?;
    char::from_digit(value, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_all_their_forms_and_nothing_else_is_guessed() {
        for text in [
            "1",
            " 1 ",
            "01",
            "Dose 1",
            "dose1",
            "1st",
            "1st dose",
            "First dose",
            "no: 1",
            "#1",
            "१",
            "DOSE ONE",
        ] {
            assert_eq!(Label::parse(text), Some(Label { number: 1, series: None }), "{text}");
        }
        for text in
            ["2 of 3", "2/3", "2 / 3", "Dose 2 of 3", "2nd of 3 doses", "2of3", "second of three", "२/३"]
        {
            assert_eq!(Label::parse(text), Some(Label { number: 2, series: Some(3) }), "{text}");
        }
        for text in [
            "",
            "booster",
            "0",
            "-1",
            "1-2",
            "1.5",
            "1,2",
            "1 2",
            "100",
            "/2",
            "1/2/3",
            "1 of",
            "dose",
            "1 or 2",
            "1+",
            "no 2nd dose",
            "no dose 1",
            "1/2 dose",
            "1/2 doses",
        ] {
            assert_eq!(Label::parse(text), None, "{text}");
        }
    }
}
