//! The normal form of a name: two people who write the same name get the same bytes.

use super::case_folding::fold;
use crate::error::{Error, ErrorCode, Result};
use alloc::string::String;
use unicode_general_category::{GeneralCategory, get_general_category};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// The version of the Unicode Standard whose characters a name is made of; a character of a later one counts as a
/// separator. The tables of normalisation and case folding may be later: for these characters they never change
/// (Unicode's stability policies).
pub const UNICODE_VERSION: (u8, u8, u8) = (16, 0, 0);

const _: () = {
    let (major, minor, update) = unicode_general_category::UNICODE_VERSION;
    assert!(major == 16 && minor == 0 && update == 0, "the format is defined over Unicode 16.0.0");
    assert!(unicode_normalization::UNICODE_VERSION.0 >= 16, "normalisation must know all of Unicode 16.0.0");
};

/// The longest name that is looked at, in bytes.
const MAX_GIVEN: usize = 1024;
/// The longest normal form, in bytes.
const MAX_NORMAL: usize = 128;
/// The second round changes nothing of any name that is known (`SPEC.md`, section 7.1); a name that is not settled after this
/// many rounds is refused.
const MAX_ROUNDS: usize = 4;

pub(super) fn normalise(given: &str) -> Result<Zeroizing<String>> {
    let invalid = |detail| Error::because(ErrorCode::InvalidClaim, detail);
    if given.len() > MAX_GIVEN {
        return Err(invalid("a name has at most 1,024 bytes as given"));
    }
    let mut name = Zeroizing::new(String::from(given));
    for _ in 0..MAX_ROUNDS {
        let next = round(&name);
        if *next != *name {
            name = next;
            continue;
        }
        return match name.len() {
            1..=MAX_NORMAL => Ok(name),
            0 => Err(invalid("the name has no letter and no number")),
            _ => Err(invalid("a name has at most 128 bytes in its normal form")),
        };
    }
    Err(invalid("the name has no normal form"))
}

fn round(name: &str) -> Zeroizing<String> {
    // NFKC makes up to 11 bytes of one (U+FDFA); room from the start, so that growing leaves no copies behind. What the
    // normalisation itself buffers, some characters at a time, is out of reach.
    let room = || Zeroizing::new(String::with_capacity(name.len() * 11));
    let mut folded = room();
    folded.extend(
        name.chars()
            .filter(|&c| !is_default_ignorable(c))
            .map(assigned_or_space)
            .nfkc()
            .flat_map(fold)
            .nfkc(),
    );
    let mut words = room();
    for c in folded.chars() {
        if is_kept(c) {
            words.push(c);
        } else if !words.is_empty() && !words.ends_with(' ') {
            words.push(' ');
        }
    }
    if words.ends_with(' ') {
        words.pop();
    }
    words
}

/// Before normalisation, so that a later Unicode's decomposition of the character is never seen.
fn assigned_or_space(c: char) -> char {
    if get_general_category(c) == GeneralCategory::Unassigned { ' ' } else { c }
}

/// Letters, marks and numbers are kept; all else separates.
fn is_kept(c: char) -> bool {
    use GeneralCategory as G;
    matches!(
        get_general_category(c),
        G::UppercaseLetter
            | G::LowercaseLetter
            | G::TitlecaseLetter
            | G::ModifierLetter
            | G::OtherLetter
            | G::NonspacingMark
            | G::SpacingMark
            | G::EnclosingMark
            | G::DecimalNumber
            | G::LetterNumber
            | G::OtherNumber
    )
}

/// `Default_Ignorable_Code_Point` of Unicode 16.0.0: joiners, directional marks, variation selectors and the like.
pub(super) fn is_default_ignorable(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// The property as another crate's tables of Unicode 16 have it.
    fn default_ignorable_of_regex() -> Vec<(char, char)> {
        use regex_syntax::hir::{Class, HirKind};
        let hir = regex_syntax::parse(r"\p{Default_Ignorable_Code_Point}").expect("a known property");
        match hir.kind() {
            HirKind::Class(Class::Unicode(class)) => {
                class.iter().map(|range| (range.start(), range.end())).collect()
            }
            other => panic!("not a class: {other:?}"),
        }
    }

    #[test]
    fn the_ignorable_characters_are_those_of_unicode() {
        let ranges = default_ignorable_of_regex();
        for c in '\0'..=char::MAX {
            let expected = ranges.iter().any(|&(start, end)| (start..=end).contains(&c));
            assert_eq!(is_default_ignorable(c), expected, "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn a_name_that_is_settled_stays() {
        for name in ["a p j abdul kalam", "नरेंद्र", "தமிழ்", "straße", "ﬁne", "İ", "ǰ", "ᾼ", "\u{345}", "Ⅷ x²"]
        {
            let once = normalise(name).expect(name);
            assert_eq!(normalise(&once).expect(name), once, "{name}");
        }
    }

    #[test]
    fn no_single_character_is_without_a_normal_form() {
        for c in '\0'..=char::MAX {
            let text = String::from(c);
            let settled = (0..MAX_ROUNDS).scan(text, |text, _| {
                let next = String::clone(&round(text));
                let same = next == *text;
                *text = next;
                Some(same)
            });
            assert!(settled.into_iter().any(|same| same), "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn bounds_hold() {
        assert!(normalise("").is_err());
        assert!(normalise(" .-\u{200d} ").is_err());
        assert!(normalise(&"a".repeat(128)).is_ok());
        assert!(normalise(&"a".repeat(129)).is_err());
        assert!(normalise(&" ".repeat(1023).replacen(' ', "a ", 1)[..1024]).is_ok());
        assert!(normalise(&(" ".repeat(1024) + "a")).is_err());
    }
}
