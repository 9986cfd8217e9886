//! What can go wrong, as one stable code each.
//!
//! The lowest layer: every other module reports through [`Error`]. The codes, their numbers and their families
//! are those of `SPEC.md`, section "Codes", and the same on every platform; a code is never given another meaning.

use alloc::{boxed::Box, sync::Arc};
use core::{fmt, str::FromStr};

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// An error of somebody else's code: a [`Signer`](crate::Signer), a [`ReplayGuard`](crate::ReplayGuard) or a
/// [`RandomSource`](crate::RandomSource). It becomes the [`source`](core::error::Error::source) of an [`Error`].
pub type BoxError = Box<dyn core::error::Error + Send + Sync>;

/// A refusal or a failure: a stable [code](ErrorCode) and a sentence that says what to do next.
///
/// Neither `Display` nor `Debug` ever shows a key, an opening, a name or a number.
///
/// ```
/// use kycvs::{ErrorCode, Family, Presentation};
///
/// let error = Presentation::from_text("not a token!").unwrap_err();
/// assert_eq!(error.code(), ErrorCode::BadText);
/// assert_eq!(error.number(), 2);
/// assert_eq!(error.family(), Family::Unreadable);
/// ```
#[derive(Clone)]
pub struct Error {
    code: ErrorCode,
    /// Whether `detail` is a sentence of its own, in place of the code's.
    is_whole: bool,
    detail: &'static str,
    source: Option<Arc<dyn core::error::Error + Send + Sync>>,
}

impl Error {
    pub(crate) const fn new(code: ErrorCode) -> Self {
        Self::because(code, "")
    }

    /// `detail` is a clause about what was wrong; it must not hold anything of the input.
    pub(crate) const fn because(code: ErrorCode, detail: &'static str) -> Self {
        Self { code, is_whole: false, detail, source: None }
    }

    /// With `sentence` in place of the code's, if that would send a person the wrong way. It must not hold anything of
    /// the input.
    pub(crate) const fn saying(code: ErrorCode, sentence: &'static str) -> Self {
        Self { code, is_whole: true, detail: sentence, source: None }
    }

    /// Of an answer's text that was given as bytes. To scan it again would not help.
    pub(crate) const fn text_given_as_bytes(code: ErrorCode) -> Self {
        Self::saying(code, TEXT_GIVEN_AS_BYTES)
    }

    pub(crate) fn caused_by(code: ErrorCode, source: BoxError) -> Self {
        Self { source: Some(Arc::from(source)), ..Self::new(code) }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The code's number, as in `SPEC.md`.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.code.number()
    }

    /// The code's family.
    #[must_use]
    pub fn family(&self) -> Family {
        self.code.family()
    }

    /// Whether an answer's text (`KV1:` or base64url) was given as bytes. Then the program gives a column, a file or a request's
    /// body in the wrong form, and the answer may be valid: give it as text.
    ///
    /// ```
    /// use kycvs::Presentation;
    ///
    /// let of = |bytes| Presentation::from_bytes(bytes).unwrap_err().is_text_given_as_bytes();
    /// assert!(of(b"KV1:RRQJ6BERK"));
    /// assert!(!of(b"damaged"));
    /// ```
    #[must_use]
    pub fn is_text_given_as_bytes(&self) -> bool {
        self.is_whole && self.detail == TEXT_GIVEN_AS_BYTES
    }
}

const TEXT_GIVEN_AS_BYTES: &str = "this is an answer's text given as bytes: give it as text";

/// By the code: what is said beside it may change.
impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        self.code == other.code
    }
}

impl Eq for Error {}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The source is somebody else's text, which may hold anything: it is reached by `source()` alone.
        f.debug_struct("Error")
            .field("code", &self.code)
            .field("detail", &self.detail)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_whole {
            return f.write_str(self.detail);
        }
        f.write_str(self.code.sentence())?;
        if !self.detail.is_empty() {
            write!(f, " ({})", self.detail)?;
        }
        Ok(())
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

/// Who has to do something about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Family {
    /// The bytes are no status token: scan again, or ask for the answer again.
    Unreadable,
    /// A status token that no trusted key speaks for: do not rely on it.
    Untrusted,
    /// A trusted answer, but not one to this question: ask for a new one.
    Refused,
    /// What this program was given is at fault, and not the answer: a setting, a store, a clock, or a value that somebody
    /// typed in. Correct it.
    SetUp,
    /// An answer could not be signed, or a key could not be made or read.
    Issuing,
}

impl Family {
    /// The family's name as every platform shows it: `unreadable`, `untrusted`, `refused`, `set_up`, `issuing`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Untrusted => "untrusted",
            Self::Refused => "refused",
            Self::SetUp => "set_up",
            Self::Issuing => "issuing",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Writes the table of codes once; all that is told of a code follows from it.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, $family:ident, $sentence:literal;)*) => {
        /// The stable codes: the same names and numbers on every platform and in the published vectors.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(u16)]
        pub enum ErrorCode {
            $($(#[$doc])* $variant = $number,)*
        }

        impl ErrorCode {
            /// Every code, by number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code's name, such as `wrong_nonce`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The family that the code belongs to.
            #[must_use]
            pub const fn family(self) -> Family {
                match self { $(Self::$variant => Family::$family,)* }
            }

            const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)* }
            }
        }
    };
}

codes! {
    /// More bytes than a presentation may have; nothing was read.
    TooLarge = 1, "too_large", Unreadable,
        "this is longer than any status token: scan or paste the answer alone";
    /// Neither `KV1:` text nor base64url.
    BadText = 2, "bad_text", Unreadable,
        "this is neither KV1: text nor base64url: scan or paste the whole answer again";
    /// Not well-formed CBOR (RFC 8949), cut short, or followed by more bytes.
    Malformed = 3, "malformed", Unreadable,
        "the bytes are damaged or cut short: scan or paste the whole answer again";
    /// Well-formed, but not the one deterministic encoding (RFC 8949 section 4.2.1).
    NotCanonical = 4, "not_canonical", Unreadable,
        "the bytes are not in the deterministic encoding: ask the issuer for a new answer";
    /// CBOR of another shape.
    NotAStatusToken = 5, "not_a_status_token", Unreadable,
        "this is not a KYC-VS status token: ask for the answer itself";
    /// `alg` is not one of the two, or not the one that the trusted key's entry names.
    UnsupportedAlgorithm = 6, "unsupported_algorithm", Untrusted,
        "the answer is signed with an algorithm that its key is not trusted for: ask the issuer";
    /// No trusted key has the token's `kid`.
    UnknownKey = 7, "unknown_key", Untrusted,
        "no trusted key signed this answer: do not rely on it, or add the issuer's key to the trust store";
    /// The signature does not verify.
    BadSignature = 8, "bad_signature", Untrusted,
        "the signature is wrong, so the answer was changed or forged: do not rely on it";
    /// The key is trusted for another issuer than the one that the token names.
    IssuerMismatch = 9, "issuer_mismatch", Untrusted,
        "the key that signed this answer speaks for another issuer: do not rely on it";
    /// Issued outside the key's validity, or the key is withdrawn.
    KeyNotValid = 10, "key_not_valid", Untrusted,
        "the key that signed this answer was not valid at its time or is withdrawn: ask for a new answer";
    /// `iat` is later than now and the allowed clock skew.
    NotYetValid = 11, "not_yet_valid", Refused,
        "the answer was issued later than this verifier's clock says: check the clock, or ask again";
    /// `exp` is past.
    Expired = 12, "expired", Refused,
        "the answer has expired: ask for a new one";
    /// `exp - iat` is over what the verifier allows.
    LifetimeTooLong = 13, "lifetime_too_long", Refused,
        "the answer lives longer than this verifier allows: ask for one with a shorter life";
    /// Meant for another verifying entity, or for anyone where that is not welcome.
    WrongAudience = 14, "wrong_audience", Refused,
        "the answer was not given to this verifying entity: ask for one of its own";
    /// Not the challenge that was given.
    WrongNonce = 15, "wrong_nonce", Refused,
        "the answer does not belong to this request: ask again";
    /// Given for another purpose.
    WrongPurpose = 16, "wrong_purpose", Refused,
        "the answer was given for another purpose: ask for one for this purpose";
    /// Not bound to this name or number, or not checkable.
    WrongSubject = 17, "wrong_subject", Refused,
        "the answer is not bound to this person as named: check the name and number, and that the answer came with its opening";
    /// The token was used before.
    Replayed = 18, "replayed", Refused,
        "this answer was used before: ask for a new one";
    /// The status list says that the answer no longer holds.
    Revoked = 19, "revoked", Refused,
        "the issuer has taken this answer back: ask for a new one";
    /// The token refers to a status list, and none that is fresh and signed is at hand.
    StatusListUnavailable = 20, "status_list_unavailable", SetUp,
        "the answer refers to a status list that this verifier does not have: get the list, or say that lists are not looked at";
    /// For training and demonstrations only.
    Specimen = 21, "specimen", Refused,
        "this is a specimen, made for training: ask for a real answer";
    /// A name, text, time or number that a status token cannot hold.
    InvalidClaim = 64, "invalid_claim", SetUp,
        "a value cannot stand in a status token";
    /// Not an Ed25519 key, or one that must not be trusted.
    InvalidKey = 65, "invalid_key", Issuing,
        "this is not an Ed25519 key that can be used";
    /// The signer, such as an HSM, did not sign.
    SignerFailed = 66, "signer_failed", Issuing,
        "the signer did not sign: see to it and issue again";
    /// The random source gave no bytes.
    RandomSourceFailed = 67, "random_source_failed", Issuing,
        "the random source gave no bytes: see to it and try again";
    /// The passphrase does not open the key.
    WrongPassphrase = 68, "wrong_passphrase", Issuing,
        "the passphrase does not open this key: check it and try again";
    /// The trust store is empty.
    NoTrustedKeys = 96, "no_trusted_keys", SetUp,
        "this verifier trusts no key yet: add an issuer's key to its trust store";
    /// Now is before 2024-01-01.
    ClockNotSet = 97, "clock_not_set", SetUp,
        "this verifier's clock is not set: set it and try again";
    /// The bytes are no trust store, or an entry cannot stand in one.
    BadTrustStore = 98, "bad_trust_store", SetUp,
        "a trust store cannot be like this: see what is wrong, or fetch it again from where you trust it";
    /// The replay guard is full or could not be asked.
    ReplayGuardFailed = 99, "replay_guard_failed", SetUp,
        "the replay guard could not be asked, so the answer was not accepted: see to the guard and try again";
    /// A setting of the verifier is out of its range.
    InvalidSetting = 120, "invalid_setting", SetUp,
        "a setting of this verifier is out of its range";
}

impl ErrorCode {
    /// The code's number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The code with this number, where there is one.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.number() == number)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ErrorCode {
    type Err = UnknownCode;

    fn from_str(name: &str) -> core::result::Result<Self, UnknownCode> {
        Self::ALL.iter().copied().find(|code| code.as_str() == name).ok_or(UnknownCode)
    }
}

/// The text is not the name of an [`ErrorCode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownCode;

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the name of a code")
    }
}

impl core::error::Error for UnknownCode {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::ToString};

    #[test]
    fn names_and_numbers_lead_back_to_their_code() {
        for &code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_number(code.number()), Some(code));
            assert_eq!(code.as_str().parse(), Ok(code));
        }
        assert!(ErrorCode::ALL.windows(2).all(|pair| pair[0].number() < pair[1].number()));
        assert_eq!(ErrorCode::from_number(0), None);
        assert_eq!("nonsense".parse::<ErrorCode>(), Err(UnknownCode));
    }

    #[test]
    fn families_are_those_of_the_specification() {
        for &code in ErrorCode::ALL {
            let family = match code.number() {
                20 | 64 | 96.. => Family::SetUp,
                1..=5 => Family::Unreadable,
                6..=10 => Family::Untrusted,
                11..=21 => Family::Refused,
                _ => Family::Issuing,
            };
            assert_eq!(code.family(), family, "{code}");
        }
    }

    #[test]
    fn a_source_is_reached_but_not_shown() {
        let error = Error::caused_by(ErrorCode::SignerFailed, "pin 1234 is wrong".into());
        assert!(!format!("{error} {error:?}").contains("1234"));
        let source = core::error::Error::source(&error).expect("there is a source");
        assert_eq!(source.to_string(), "pin 1234 is wrong");
    }
}
