//! Tokens as bytes that were accepted, and the presentation that is handed over.
//!
//! Stands on [`cose`](crate::cose), [`claims`](crate::claims), [`key`](crate::SigningKey) and
//! [`subject`](crate::subject); knows nothing of trust. What
//! is read here is of the right form (codes 1 to 5) and no more: whether to believe it is a
//! [`Verifier`](crate::Verifier)'s question.

mod fault;
mod text;

pub(crate) use text::decode as decode_text;

use crate::{
    cbor::{Reader, Writer},
    claims::{Claims, RawClaims},
    cose::{ProtectedHeader, Sign1},
    error::{Error, Result},
    key::{Algorithm, KeyId},
    subject::Opening,
};
use alloc::{string::String, vec::Vec};
use core::{fmt, str::FromStr};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The longest token, in bytes.
pub const MAX_TOKEN_BYTES: usize = 1024;

/// The longest presentation, in bytes: a token and an opening.
pub const MAX_PRESENTATION_BYTES: usize = MAX_TOKEN_BYTES + OPENING_ITEM_BYTES;

/// The longest text form of a presentation, in bytes.
pub const MAX_TEXT_BYTES: usize = text::MAX_BYTES;

/// A byte string of sixteen and its header.
const OPENING_ITEM_BYTES: usize = 17;

/// The bytes of one status token, found to be of the right form. Nothing of it has been verified.
///
/// Reading one allocates nothing.
///
/// ```
/// use kycvs::{ErrorCode, Token};
///
/// assert_eq!(Token::parse(b"").unwrap_err().code(), ErrorCode::Malformed);
/// assert_eq!(Token::parse(&[0; 1025]).unwrap_err().code(), ErrorCode::TooLarge);
/// ```
#[derive(Clone, Copy)]
pub struct Token<'a> {
    bytes: &'a [u8],
    sign1: Sign1<'a>,
    header: ProtectedHeader<'a>,
    claims: RawClaims<'a>,
}

impl<'a> Token<'a> {
    /// Reads one token, and nothing behind it.
    ///
    /// # Errors
    /// `too_large`, `malformed`, `not_canonical` or `not_a_status_token`, by the rules of `SPEC.md`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        if bytes.len() > MAX_TOKEN_BYTES {
            return Err(fault::too_large(bytes));
        }
        let token = Self::read(bytes).ok_or_else(|| fault::of_token(bytes))?;
        debug_assert!(fault::walk(bytes).is_ok(), "one pass accepts no more than the walk of each layer");
        Ok(token)
    }

    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::deterministic(bytes);
        let token = Self::read_next(&mut reader)?;
        reader.end().ok()?;
        Some(token)
    }

    /// Reads the token at the front of what is left; `None` where there is none, whatever the reason.
    #[inline]
    fn read_next(reader: &mut Reader<'a>) -> Option<Self> {
        let bytes = reader.rest();
        let sign1 = Sign1::read(reader).ok()?;
        let (bytes, _) = bytes.split_at(bytes.len() - reader.rest().len());
        let header = ProtectedHeader::read(sign1.protected).ok()?;
        let claims = RawClaims::read(sign1.payload).ok()?;
        Some(Self { bytes, sign1, header, claims })
    }

    /// The bytes that were read.
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The algorithm that the token names; `None` where it is neither of the two.
    #[must_use]
    pub fn algorithm(&self) -> Option<Algorithm> {
        Algorithm::from_cose_id(self.header.alg)
    }

    /// The `kid` of the key that is said to have signed.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        KeyId::from_bytes(*self.header.kid)
    }

    /// The encoded protected header.
    #[must_use]
    pub fn protected_bytes(&self) -> &'a [u8] {
        self.sign1.protected
    }

    /// The encoded claims.
    #[must_use]
    pub fn payload_bytes(&self) -> &'a [u8] {
        self.sign1.payload
    }

    /// The signature's 64 bytes.
    #[must_use]
    pub fn signature(&self) -> &'a [u8; 64] {
        self.sign1.signature
    }

    /// What the token says, **believed by nobody yet**: for inspection, never for a decision.
    #[must_use]
    pub fn unverified_claims(&self) -> Claims {
        self.claims.to_claims()
    }

    pub(crate) fn raw_claims(&self) -> &RawClaims<'a> {
        &self.claims
    }
}

impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("bytes", &self.bytes.len())
            .field("key_id", &self.key_id())
            .finish_non_exhaustive()
    }
}

/// A presentation, borrowed and read: the token, and the opening behind it.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) token: Token<'a>,
    pub(crate) opening: Option<&'a [u8; 16]>,
}

impl<'a> Parts<'a> {
    /// Reads a CBOR sequence (RFC 8742) of a token and perhaps an opening, in one pass. What that refuses is walked once
    /// more, to tell why.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self> {
        if bytes.len() > MAX_PRESENTATION_BYTES {
            return Err(fault::too_large(bytes));
        }
        let parts = Self::read_sequence(bytes).ok_or_else(|| fault::of_presentation(bytes))?;
        debug_assert!(
            fault::walk_sequence(bytes).is_ok(),
            "one pass accepts no more than the walk of each layer"
        );
        Ok(parts)
    }

    #[inline]
    fn read_sequence(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::deterministic(bytes);
        let token = Token::read_next(&mut reader).filter(|token| token.bytes.len() <= MAX_TOKEN_BYTES)?;
        let opening = if reader.rest().is_empty() { None } else { Some(reader.bytes_of().ok()?) };
        reader.end().ok()?;
        Some(Self { token, opening })
    }
}

/// What a person hands over: a token and, where the subject is to be checked, the opening of its commitment.
///
/// It has one byte string and two text forms: `KV1:` and Base45 for QR codes, unpadded base64url for JSON and URLs.
/// Its opening is wiped when it is dropped.
///
/// ```
/// # use kycvs::*;
/// # let issuer = Issuer::new(IssuerName::new("in.gov.cowin")?, SigningKey::from_seed(&[7; 32]));
/// # let answer = Answer::new(Status::FullyVaccinated, Purpose::new("gate")?, core::time::Duration::from_secs(900));
/// # let presentation = issuer.issue(&answer)?;
/// let text = presentation.to_text();
/// assert!(text.starts_with("KV1:"));
/// assert_eq!(Presentation::from_text(&text)?, presentation);
/// assert_eq!(Presentation::from_text(&presentation.to_base64url())?, presentation);
/// # Ok::<(), kycvs::Error>(())
/// ```
#[derive(Clone)]
pub struct Presentation {
    bytes: Vec<u8>,
    token_len: usize,
}

impl Presentation {
    /// A token with, or without, the opening of its commitment.
    #[must_use]
    pub fn new(token: Token<'_>, opening: Option<&Opening>) -> Self {
        let mut bytes = Vec::with_capacity(token.as_bytes().len() + OPENING_ITEM_BYTES);
        bytes.extend_from_slice(token.as_bytes());
        Self::of(bytes, opening)
    }

    /// A token that was made of claims, and so is of the right form.
    pub(crate) fn of_signed(token: Vec<u8>, opening: Option<&Opening>) -> Self {
        debug_assert!(Token::parse(&token).is_ok());
        Self::of(token, opening)
    }

    /// The opening comes last, so that no copy of it is left behind where `token` has to grow.
    fn of(token: Vec<u8>, opening: Option<&Opening>) -> Self {
        let token_len = token.len();
        let mut writer = Writer::behind(token);
        if let Some(opening) = opening {
            writer.bytes(opening.as_bytes());
        }
        Self { bytes: writer.finish(), token_len }
    }

    /// Reads a presentation. Nothing of it is verified.
    ///
    /// # Errors
    /// `too_large`, `malformed`, `not_canonical` or `not_a_status_token`, by the rules of `SPEC.md`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let parts = Parts::read(bytes)?;
        Ok(Self { bytes: bytes.into(), token_len: parts.token.as_bytes().len() })
    }

    /// Reads either text form, with spaces and line breaks around it or not. Nothing of it is verified.
    ///
    /// Base45 is not decoded in constant time, and its text holds the opening: the time can tell of it. Base64url is.
    ///
    /// # Errors
    /// `bad_text`, and those of [`from_bytes`](Self::from_bytes).
    pub fn from_text(text: &str) -> Result<Self> {
        Self::from_bytes(&text::decode(text)?)
    }

    /// Whether a text claims to be an answer's: whether it begins with `KV1:`, behind white space or not. So the answer is
    /// told from whatever else was scanned beside it, and what is wrong with it can be said; to read it is for
    /// [`from_text`](Self::from_text). Base64url has no such mark.
    ///
    /// ```
    /// use kycvs::Presentation;
    ///
    /// assert!(Presentation::is_kv1("KV1:RRQJ"));
    /// assert!(!Presentation::is_kv1("https://example.org/"));
    /// ```
    #[must_use]
    pub fn is_kv1(text: &str) -> bool {
        text::is_kv1(text)
    }

    /// The bytes that a text stands for, read no further: for tools that show what is in a damaged one.
    ///
    /// # Errors
    /// `bad_text`, or `too_large` where the text is longer than any presentation's.
    pub fn bytes_of_text(text: &str) -> Result<Zeroizing<Vec<u8>>> {
        text::decode(text)
    }

    /// The bytes: a CBOR sequence.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The token.
    #[must_use]
    pub fn token(&self) -> Token<'_> {
        Token::read(&self.bytes[..self.token_len])
            .unwrap_or_else(|| unreachable!("these bytes were read when the presentation was made"))
    }

    /// The opening, where there is one.
    #[must_use]
    pub fn opening(&self) -> Option<Opening> {
        let opening = self.bytes[self.token_len..].strip_prefix(&[0x50])?;
        opening.try_into().ok().map(Opening::from_bytes)
    }

    /// The same answer for someone who is not to test a name against it.
    #[must_use]
    pub fn without_opening(&self) -> Self {
        Self::new(self.token(), None)
    }

    /// `KV1:` and Base45 (RFC 9285): for QR codes, in their alphanumeric mode. It holds the opening too, where there is
    /// one, and is meant to be shown: it is not wiped, and it is not made in constant time.
    #[must_use]
    pub fn to_text(&self) -> String {
        text::to_kv1(&self.bytes)
    }

    /// Unpadded base64url (RFC 4648 section 5): for JSON, HTTP and URLs. It holds the opening as well.
    #[must_use]
    pub fn to_base64url(&self) -> String {
        text::to_base64url(&self.bytes)
    }
}

impl Drop for Presentation {
    fn drop(&mut self) {
        // The token is no secret, and wiping it would cost more than making it out of claims.
        self.bytes[self.token_len..].zeroize();
    }
}

impl ZeroizeOnDrop for Presentation {}

/// In constant time, for presentations of one length.
impl PartialEq for Presentation {
    fn eq(&self, other: &Self) -> bool {
        self.bytes.ct_eq(&other.bytes).into()
    }
}

impl Eq for Presentation {}

impl FromStr for Presentation {
    type Err = Error;

    /// As [`from_text`](Self::from_text).
    fn from_str(text: &str) -> Result<Self> {
        Self::from_text(text)
    }
}

impl TryFrom<&[u8]> for Presentation {
    type Error = Error;

    /// As [`from_bytes`](Self::from_bytes).
    fn try_from(bytes: &[u8]) -> Result<Self> {
        Self::from_bytes(bytes)
    }
}

impl AsRef<[u8]> for Presentation {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Presentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presentation").field("token", &self.token()).finish_non_exhaustive()
    }
}
