//! One-time passwords: six digits that nobody can foretell, kept as a keyed hash and told in one message.

use std::fmt::Write;

use kycvs::{Subject, Zeroizing};
use sha2::{Digest, Sha256};

use crate::{
    problem::{Problem, ProblemCode, Result},
    secret::{KeyedHash, ServiceSecret, Use},
};

/// How many digits.
pub(crate) const DIGITS: usize = 6;

/// A password that was just drawn. Wiped when it is dropped.
pub(crate) struct Otp(Zeroizing<String>);

impl Otp {
    /// Draws one, each as likely as every other.
    pub(crate) fn draw() -> Result<Self> {
        /// The largest multiple of a million that 32 bits hold: what is drawn above it would favour some passwords.
        const FAIR: u32 = u32::MAX - u32::MAX % 1_000_000;
        loop {
            let mut drawn = Zeroizing::new([0; 4]);
            getrandom::fill(&mut *drawn)
                .map_err(|_| Problem::new(ProblemCode::Unavailable, "The system has no random numbers."))?;
            let number = u32::from_be_bytes(*drawn);
            if number < FAIR {
                let mut digits = Zeroizing::new(String::with_capacity(DIGITS));
                write!(digits, "{:06}", number % 1_000_000)
                    .unwrap_or_else(|_| unreachable!("a String takes all that is written"));
                return Ok(Self(digits));
            }
        }
    }

    pub(crate) fn proof(&self) -> Proof {
        Proof::of_digits(&self.0)
    }

    /// The text for the person. If the password is for a page of one host only, the text names that host.
    pub(crate) fn message(
        &self,
        language: Language,
        asker: &str,
        only_at: Option<&str>,
        seconds: u32,
    ) -> Zeroizing<String> {
        let minutes = seconds.div_ceil(60);
        let otp = &*self.0;
        // Long enough for the longest name of an entity, so that growing leaves no copy of the password behind.
        let mut text = Zeroizing::new(String::with_capacity(1024));
        match language {
            Language::English => write!(
                text,
                "{otp} is your one-time password to answer {asker}. It is good for {minutes} min. \
                 Entering it tells them your vaccination status. Give it to no one.",
            ),
            Language::Hindi => write!(
                text,
                "{asker} को उत्तर देने के लिए आपका वन-टाइम पासवर्ड {otp} है। यह {minutes} मिनट तक मान्य है। \
                 इसे डालने पर उन्हें आपकी टीकाकरण स्थिति बताई जाएगी। इसे किसी को न दें।",
            ),
        }
        .and_then(|()| match (only_at, language) {
            (None, _) => Ok(()),
            (Some(host), Language::English) => write!(text, " Enter it only at {host}."),
            (Some(host), Language::Hindi) => write!(text, " इसे केवल {host} पर डालें।"),
        })
        .unwrap_or_else(|_| unreachable!("a String takes all that is written"));
        text
    }
}

/// What shows that somebody has the password: the SHA-256 of its digits in hexadecimal ones, which is what the calls of
/// 2021 send. Hashing six digits hides nothing, so this is as secret as they are.
pub(crate) struct Proof(Zeroizing<String>);

impl Proof {
    /// From the digits that a person typed, if they are six. They may be of any script.
    pub(crate) fn of_typed(typed: &str) -> Option<Self> {
        // The core is asked to read them as the end of a number: it has the one table of digits (SPEC.md, section 7.2).
        const START: &str = "+99";
        let six = typed.chars().count() == DIGITS && typed.chars().all(char::is_numeric);
        let number = Zeroizing::new(format!("{START}{}", if six { typed } else { return None }));
        let read = Subject::new("x").and_then(|name| name.with_mobile(&number)).ok()?;
        let digits = read.mobile()?.strip_prefix(START)?;
        (digits.len() == DIGITS).then(|| Self::of_digits(digits))
    }

    /// From the hash that a client made.
    pub(crate) fn of_hash(digest: &str) -> Option<Self> {
        let sound = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        sound.then(|| {
            let mut digest = Zeroizing::new(digest.to_owned());
            digest.make_ascii_lowercase();
            Self(digest)
        })
    }

    fn of_digits(digits: &str) -> Self {
        let digest: Zeroizing<[u8; 32]> = Zeroizing::new(Sha256::digest(digits.as_bytes()).into());
        Self(Zeroizing::new(hex::encode(*digest)))
    }

    /// As it is kept for one request and one round of it.
    pub(crate) fn hash(&self, secret: &ServiceSecret, request: &str, round: i64) -> KeyedHash {
        secret.hash(Use::Otp, &[request.as_bytes(), &round.to_be_bytes(), self.0.as_bytes()])
    }
}

/// A language that messages are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    #[default]
    English,
    Hindi,
}

impl Language {
    pub(crate) fn from_tag(tag: &str) -> Option<Self> {
        match tag {
            "en" => Some(Self::English),
            "hi" => Some(Self::Hindi),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_six_digits_and_its_hash_is_the_one_of_2021() {
        for _ in 0..1000 {
            let otp = Otp::draw().expect("the system has random bytes");
            assert!(Proof::of_typed(&otp.0).is_some());
        }
        let typed = Proof::of_typed("012345").expect("six digits");
        let sent = "0d1b0b8d4b1b4b5a";
        assert!(Proof::of_hash(sent).is_none());
        let upper = hex::encode_upper(Sha256::digest(b"012345"));
        assert_eq!(*Proof::of_hash(&upper).expect("64 digits").0, *typed.0);
        for wrong in
            ["", "12345", "1234567", "12345x", " 12345", "+12345", "1234５", "१२३४५६७", "12345²", "1234½"]
        {
            assert!(Proof::of_typed(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_password_is_read_in_the_digits_of_any_script() {
        let ascii = Proof::of_typed("012345").expect("six digits");
        for typed in ["०१२३४५", "০১২৩৪৫", "௦௧௨௩௪௫", "۰۱۲۳۴۵", "٠١٢٣٤٥", "０１２３４５", "01२३45"]
        {
            assert_eq!(*Proof::of_typed(typed).expect(typed).0, *ascii.0, "{typed}");
        }
    }

    #[test]
    fn every_digit_comes_in_every_place() {
        let mut seen = [[false; 10]; DIGITS];
        // That one of 60 is missing after a thousand draws has a chance of 60 * 0.9^1000, under 10^-43.
        for _ in 0..1000 {
            for (place, digit) in Otp::draw().expect("random bytes").0.bytes().enumerate() {
                seen[place][usize::from(digit - b'0')] = true;
            }
        }
        assert!(seen.iter().flatten().all(|seen| *seen));
    }

    #[test]
    fn a_message_holds_the_password_and_who_asks() {
        let otp = Otp::draw().expect("random bytes");
        for language in ["en", "hi"] {
            let language = Language::from_tag(language).expect("it is known");
            let text = otp.message(language, "Indian Railways", None, 180);
            assert!(text.contains(&*otp.0) && text.contains("Indian Railways") && text.contains('3'));
            let only = otp.message(language, "Indian Railways", Some("kycvs.example"), 180);
            assert!(only.starts_with(&*text) && only.contains("kycvs.example"));
        }
    }
}
