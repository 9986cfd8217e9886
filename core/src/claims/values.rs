//! The values of single claims.

use crate::error::{Error, ErrorCode, Result};
use alloc::{string::String, vec::Vec};
use core::fmt;
use subtle::ConstantTimeEq;

/// The answer to "is this person vaccinated?". Ordered: more vaccinated is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// 0: not vaccinated.
    NotVaccinated = 0,
    /// 1: partially vaccinated.
    PartiallyVaccinated = 1,
    /// 2: fully vaccinated.
    FullyVaccinated = 2,
}

impl Status {
    /// The number on the wire: 0, 1 or 2.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The status with this number.
    #[must_use]
    pub const fn from_number(number: u64) -> Option<Self> {
        match number {
            0 => Some(Self::NotVaccinated),
            1 => Some(Self::PartiallyVaccinated),
            2 => Some(Self::FullyVaccinated),
            _ => None,
        }
    }
}

impl From<Status> for u8 {
    fn from(status: Status) -> Self {
        status.number()
    }
}

impl TryFrom<u8> for Status {
    type Error = Error;

    fn try_from(number: u8) -> Result<Self> {
        Self::from_number(number.into())
            .ok_or(Error::because(ErrorCode::InvalidClaim, "the status is 0, 1 or 2"))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NotVaccinated => "not vaccinated",
            Self::PartiallyVaccinated => "partially vaccinated",
            Self::FullyVaccinated => "fully vaccinated",
        })
    }
}

/// A text claim with a type of its own, so that an audience cannot stand where an issuer is wanted.
macro_rules! text_claims {
    ($($(#[$doc:meta])* $name:ident, $what:literal;)*) => {$(
        $(#[$doc])*
        ///
        /// 1 to 64 bytes of UTF-8, compared byte by byte.
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// From its text.
            ///
            /// # Errors
            /// `invalid_claim` where it is empty or over 64 bytes.
            pub fn new(text: impl Into<String>) -> Result<Self> {
                let text = text.into();
                if fits(&text) {
                    Ok(Self(text))
                } else {
                    Err(Error::because(ErrorCode::InvalidClaim, concat!($what, " has 1 to 64 bytes")))
                }
            }

            /// `text` has been found to [fit](fits).
            pub(super) fn of_checked(text: &str) -> Self {
                debug_assert!(fits(text));
                Self(text.into())
            }

            /// Its text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl core::str::FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                Self::new(text)
            }
        }
    )*};
}

text_claims! {
    /// `iss`: the issuer, as the trust store names it, such as `in.gov.cowin`.
    IssuerName, "the issuer's name";
    /// `aud`: the verifying entity that an answer is for, such as `irctc.co.in`.
    Audience, "the audience";
    /// The purpose, as it was shown to the person who consented, such as `rail-booking`.
    Purpose, "the purpose";
}

/// Whether a text claim has a length that the format allows, in bytes.
pub(super) fn fits(text: &str) -> bool {
    (1..=64).contains(&text.len())
}

/// `eat_nonce`: a verifying entity's challenge, 8 to 64 bytes. Compared in constant time.
#[derive(Clone)]
pub struct Nonce(Vec<u8>);

impl Nonce {
    /// From its bytes. 16 from a random source are a good choice.
    ///
    /// # Errors
    /// `invalid_claim` where there are under 8 or over 64.
    pub fn new(bytes: &[u8]) -> Result<Self> {
        if Self::fits(bytes) {
            Ok(Self(bytes.into()))
        } else {
            Err(Error::because(ErrorCode::InvalidClaim, "a nonce has 8 to 64 bytes"))
        }
    }

    /// `bytes` have been found to [fit](Self::fits).
    pub(super) fn of_checked(bytes: &[u8]) -> Self {
        debug_assert!(Self::fits(bytes));
        Self(bytes.into())
    }

    /// Whether a nonce may have this many bytes.
    pub(super) fn fits(bytes: &[u8]) -> bool {
        (8..=64).contains(&bytes.len())
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn matches(&self, bytes: &[u8]) -> bool {
        self.0.ct_eq(bytes).into()
    }
}

impl AsRef<[u8]> for Nonce {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Nonce {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.0)
    }
}

impl Eq for Nonce {}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(")?;
        crate::hex::write(f, &self.0)?;
        f.write_str(")")
    }
}

/// `cti`: sixteen random bytes that no other token has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId([u8; 16]);

impl TokenId {
    /// From its sixteen bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its sixteen bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl TryFrom<&[u8]> for TokenId {
    type Error = Error;

    /// `invalid_claim` where there are not sixteen bytes.
    fn try_from(bytes: &[u8]) -> Result<Self> {
        match bytes.try_into() {
            Ok(bytes) => Ok(Self(bytes)),
            Err(_) => Err(Error::because(ErrorCode::InvalidClaim, "a token id has 16 bytes")),
        }
    }
}

impl core::str::FromStr for TokenId {
    type Err = Error;

    fn from_str(hex: &str) -> Result<Self> {
        crate::hex::read(hex)
            .map(Self)
            .ok_or(Error::because(ErrorCode::InvalidClaim, "a token id is 32 hexadecimal digits"))
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::hex::write(f, &self.0)
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenId({self})")
    }
}

/// A place in a Token Status List: its index, and where the list is (1 to 256 bytes of UTF-8).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct StatusListRef {
    index: u64,
    uri: String,
}

impl StatusListRef {
    /// From the index in the list and the list's address.
    ///
    /// # Errors
    /// `invalid_claim` where the address is empty or over 256 bytes.
    pub fn new(index: u64, uri: impl Into<String>) -> Result<Self> {
        let uri = uri.into();
        if Self::uri_fits(&uri) {
            Ok(Self { index, uri })
        } else {
            Err(Error::because(ErrorCode::InvalidClaim, "a status list's address has 1 to 256 bytes"))
        }
    }

    /// `uri` has been found to [fit](Self::uri_fits).
    pub(super) fn of_checked(index: u64, uri: &str) -> Self {
        debug_assert!(Self::uri_fits(uri));
        Self { index, uri: uri.into() }
    }

    /// Whether a list's address has a length that the format allows, in bytes.
    pub(super) fn uri_fits(uri: &str) -> bool {
        (1..=256).contains(&uri.len())
    }

    /// `idx`: the place in the list.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// `uri`: where the list is.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    #[test]
    fn text_is_bounded_in_bytes() {
        for (text, good) in [
            (String::new(), false),
            ("a".into(), true),
            ("a".repeat(64), true),
            ("a".repeat(65), false),
            ("अ".repeat(21), true),
            ("अ".repeat(22), false),
        ] {
            assert_eq!(Purpose::new(text.clone()).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn nonces_are_bounded_and_compared_whole() {
        assert_eq!(Nonce::new(&[0; 7]).unwrap_err().code(), ErrorCode::InvalidClaim);
        assert_eq!(Nonce::new(&[0; 65]).unwrap_err().code(), ErrorCode::InvalidClaim);
        let nonce = Nonce::new(&[1; 8]).expect("8 bytes");
        assert!(nonce.matches(&[1; 8]));
        assert!(!nonce.matches(&[1; 9]));
        assert!(!nonce.matches(&[]));
    }

    #[test]
    fn status_is_ordered_and_numbered() {
        assert!(Status::NotVaccinated < Status::PartiallyVaccinated);
        assert!(Status::PartiallyVaccinated < Status::FullyVaccinated);
        assert_eq!(Status::try_from(1), Ok(Status::PartiallyVaccinated));
        assert_eq!(Status::try_from(3).unwrap_err().code(), ErrorCode::InvalidClaim);
    }
}
