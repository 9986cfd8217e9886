//! Who an answer is about: normalised name and number, and the commitment that binds a token to them without
//! telling who that is.
//!
//! Stands on [`cbor`](crate::cbor); knows nothing of claims or tokens.

mod case_folding;
mod mobile;
mod name;

pub use name::UNICODE_VERSION;

use crate::{
    cbor::Writer,
    error::{Error, ErrorCode, Result},
};
use alloc::string::String;
use core::fmt;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A person as named: a name, and a mobile number where the verifying entity has it already. Both are normalised,
/// wiped when dropped, and never shown by `Debug`.
///
/// Comparing takes constant time for names and numbers of one length. Making one does not: normalisation looks up tables by
/// character, a digit takes longer the higher it stands in its script, and the hash takes longer for a longer name. Do not make
/// a subject where somebody who times it must not learn of the name or number.
///
/// ```
/// use kycvs::Subject;
///
/// let booked = Subject::new("A.P.J. Abdul Kalam")?.with_mobile("098765 43210")?;
/// let typed = Subject::new("a p j  abdul kalam")?.with_mobile("+91-98765-43210")?;
/// assert_eq!(booked.name(), typed.name());
/// assert_eq!(booked.mobile(), Some("+919876543210"));
/// # Ok::<(), kycvs::Error>(())
/// ```
#[derive(Clone)]
pub struct Subject {
    name: Zeroizing<String>,
    mobile: Option<Zeroizing<String>>,
}

impl Subject {
    /// A person known by name alone. The name is normalised as `SPEC.md` says (section 7.1): at most 1,024 bytes
    /// as given, 1 to 128 bytes after. The time that this takes depends on the name: see the type.
    ///
    /// # Errors
    /// `invalid_claim` where nothing is left of the name or too much.
    pub fn new(name: &str) -> Result<Self> {
        Ok(Self { name: name::normalise(name)?, mobile: None })
    }

    /// The same person, by name and mobile number. The number is brought to E.164 (`SPEC.md`, section 7.2);
    /// ten digits are taken as Indian. The time that this takes depends on the number: see the type.
    ///
    /// # Errors
    /// `invalid_claim` where it is not a number.
    pub fn with_mobile(self, mobile: &str) -> Result<Self> {
        Ok(Self { mobile: Some(mobile::normalise(mobile)?), ..self })
    }

    /// The normalised name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number in E.164, such as `+919876543210`.
    #[must_use]
    pub fn mobile(&self) -> Option<&str> {
        self.mobile.as_ref().map(|mobile| mobile.as_str())
    }
}

/// In constant time, for names and numbers of one length.
impl PartialEq for Subject {
    fn eq(&self, other: &Self) -> bool {
        // No number is empty, so that an empty text can stand for none.
        let [own, others] = [self, other].map(|subject| subject.mobile().unwrap_or_default().as_bytes());
        (self.name().as_bytes().ct_eq(other.name().as_bytes()) & own.ct_eq(others)).into()
    }
}

impl Eq for Subject {}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").finish_non_exhaustive()
    }
}

/// Sixteen random bytes that open a [`Commitment`]. They travel beside a token, never inside it, and are wiped when
/// dropped: who has token and opening can test a guess of the name.
#[derive(Clone)]
pub struct Opening(Zeroizing<[u8; 16]>);

impl Opening {
    /// From its sixteen bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Its sixteen bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl PartialEq for Opening {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&*other.0).into()
    }
}

impl Eq for Opening {}

impl TryFrom<&[u8]> for Opening {
    type Error = Error;

    /// `invalid_claim` where there are not sixteen bytes.
    fn try_from(bytes: &[u8]) -> Result<Self> {
        match bytes.try_into() {
            Ok(bytes) => Ok(Self::from_bytes(bytes)),
            Err(_) => Err(Error::because(ErrorCode::InvalidClaim, "an opening has 16 bytes")),
        }
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opening(..)")
    }
}

/// SHA-256 over the subject and an opening: what a token holds of a person. Compared in constant time.
#[derive(Clone, Copy)]
pub struct Commitment([u8; 32]);

impl Commitment {
    /// `SHA-256( ["kycvs/subject/1", opening, name, mobile / null] )` over the deterministic encoding.
    #[must_use]
    pub fn new(subject: &Subject, opening: &Opening) -> Self {
        // Long enough, so that growing leaves no copy of the name behind.
        let mut writer = Writer::with_capacity(64 + subject.name().len());
        writer.array(4).text("kycvs/subject/1").bytes(opening.as_bytes()).text(subject.name());
        match subject.mobile() {
            Some(mobile) => writer.text(mobile),
            None => writer.null(),
        };
        let message = Zeroizing::new(writer.finish());
        Self(Sha256::digest(&*message).into())
    }

    /// From its 32 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn matches(&self, bytes: &[u8; 32]) -> bool {
        self.0.ct_eq(bytes).into()
    }
}

impl PartialEq for Commitment {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.0)
    }
}

impl Eq for Commitment {}

impl fmt::Debug for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Commitment(")?;
        crate::hex::write(f, &self.0)?;
        f.write_str(")")
    }
}
