//! The codes of a picture, and the one that is meant.

use kycvs::Presentation;

/// The codes that were seen in a picture.
#[derive(Clone, Debug, Default)]
pub struct Codes {
    /// The content of each code as bytes, since not every code holds text. Each content is here once.
    pub contents: Vec<Vec<u8>>,
    /// How often a code was seen that could not be read.
    pub damaged: usize,
}

/// What a picture shows to a verifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// One answer: its text, as the code holds it.
    Answer(Vec<u8>),
    /// A code of another kind. Of several it is the first.
    Other(Vec<u8>),
    /// Different answers. Nobody can say which of them is meant.
    Several,
    /// A code that cannot be read.
    Damaged,
    /// No code.
    Nothing,
}

impl Codes {
    /// Adds the content of a code, unless it is there.
    pub fn add(&mut self, content: Vec<u8>) {
        if !self.contents.contains(&content) {
            self.contents.push(content);
        }
    }

    /// Adds the codes of another look at the same picture.
    pub fn extend(&mut self, other: Self) {
        self.damaged += other.damaged;
        for content in other.contents {
            self.add(content);
        }
    }

    /// The code that is meant. An answer is preferred to any other code.
    #[must_use]
    pub fn found(&self) -> Found {
        let mut answers = self.contents.iter().filter(|content| is_answer(content));
        match (answers.next(), answers.next()) {
            (Some(_), Some(_)) => Found::Several,
            (Some(answer), None) => Found::Answer(answer.clone()),
            (None, _) => match self.contents.first() {
                Some(other) => Found::Other(other.clone()),
                None if self.damaged > 0 => Found::Damaged,
                None => Found::Nothing,
            },
        }
    }
}

/// Whether a content claims to be an answer, or the core can read it as one. Nothing is verified.
#[must_use]
pub fn is_answer(content: &[u8]) -> bool {
    std::str::from_utf8(content)
        .is_ok_and(|text| Presentation::is_kv1(text) || Presentation::from_text(text).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(contents: &[&str], damaged: usize) -> Found {
        let mut codes = Codes { contents: Vec::new(), damaged };
        for content in contents {
            codes.add(content.as_bytes().to_vec());
        }
        codes.found()
    }

    #[test]
    fn an_answer_is_preferred_to_other_codes_and_to_damaged_ones() {
        assert_eq!(found(&["https://example.org", "KV1:A"], 3), Found::Answer(b"KV1:A".into()));
        assert_eq!(found(&["https://example.org", "8901"], 3), Found::Other(b"https://example.org".into()));
        assert_eq!(found(&[], 3), Found::Damaged);
        assert_eq!(found(&[], 0), Found::Nothing);
    }

    #[test]
    fn two_answers_are_ambiguous_and_the_same_answer_twice_is_one() {
        assert_eq!(found(&["KV1:A", "8901", "KV1:B"], 0), Found::Several);
        assert_eq!(found(&["KV1:A", "KV1:A"], 0), Found::Answer(b"KV1:A".into()));
        let mut first = Codes { contents: vec![b"KV1:A".into()], damaged: 1 };
        first.extend(Codes { contents: vec![b"KV1:A".into(), b"KV1:B".into()], damaged: 1 });
        assert_eq!((first.contents.len(), first.damaged), (2, 2));
        assert_eq!(first.found(), Found::Several);
    }

    #[test]
    fn a_text_that_begins_with_kv1_claims_to_be_an_answer_and_other_bytes_do_not() {
        assert!(is_answer(b" \nKV1:") && !is_answer(b"kv1:") && !is_answer(b"0oQ"));
        assert!(!is_answer(b"KV1:\xff") && !is_answer(b""));
    }
}
