//! Keys: the two halves of an Ed25519 pair, their ids and their file formats.
//!
//! Uses [`cbor`](crate::cbor), [`random`](crate::RandomSource) and the crate `kycvs-ed25519`, which verifies signatures; knows
//! nothing of claims, tokens or trust. Under every key that a [`VerifyingKey`] can hold, all verification formulas agree;
//! [`SigningKey`] is wiped when it is dropped. The formats are PKCS#8 and SubjectPublicKeyInfo PEM ([`pem`], [`encrypted`]),
//! COSE_Key ([`cose_key`]) and JWK ([`jwk`]); [`import`] tells them apart.

mod cose_key;
#[cfg(feature = "encrypted-keys")]
mod encrypted;
mod import;
mod imported;
mod jwk;
mod pem;
mod signing;
mod verifying;

pub use import::ImportedKeys;
pub use imported::ImportedKey;
pub use signing::{Signer, SigningKey};
pub use verifying::VerifyingKey;

use crate::error::{Error, ErrorCode, Result};
use core::{fmt, str::FromStr};

/// The two names of one signature scheme, Ed25519 (RFC 8032), that a token can carry.
///
/// The entry of a key in the trust store says which of the two its tokens carry, so that there is no choice for
/// an attacker to make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// `EdDSA`, -8 (RFC 9053 section 2.2): the default, because the COSE libraries in use today read it.
    #[default]
    EdDsa,
    /// `Ed25519`, -19 (RFC 9864 section 2.2): the fully specified successor.
    Ed25519,
}

impl Algorithm {
    /// The number in the IANA registry of COSE algorithms: -8 or -19.
    #[must_use]
    pub const fn cose_id(self) -> i64 {
        match self {
            Self::EdDsa => -8,
            Self::Ed25519 => -19,
        }
    }

    /// The name that both JOSE and COSE use: `EdDSA` or `Ed25519`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Ed25519 => "Ed25519",
        }
    }

    pub(crate) fn from_cose_id(id: i128) -> Option<Self> {
        [Self::EdDsa, Self::Ed25519].into_iter().find(|alg| i128::from(alg.cose_id()) == id)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        [Self::EdDsa, Self::Ed25519]
            .into_iter()
            .find(|alg| alg.name() == name)
            .ok_or(Error::because(ErrorCode::UnsupportedAlgorithm, "the algorithms are EdDSA and Ed25519"))
    }
}

/// The longest file of keys, in bytes.
const MAX_FILE_BYTES: usize = 1024 * 1024;

fn bounded(file: &[u8]) -> Result<()> {
    if file.len() > MAX_FILE_BYTES { Err(invalid("a file of keys has at most 1 MiB")) } else { Ok(()) }
}

/// Without a byte order mark, which editors of Windows write in front of a text.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// An `invalid_key`, and a clause about why. It must not hold anything of the input.
fn invalid(detail: &'static str) -> Error {
    Error::because(ErrorCode::InvalidKey, detail)
}

/// A `kid`: the first eight bytes of the key's SHA-256 COSE Key Thumbprint (RFC 9679).
///
/// It names a key; it does not identify one beyond doubt. Where two trusted keys share it, both are tried.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; 8]);

impl KeyId {
    /// From its eight bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// Its eight bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::hex::write(f, &self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = Error;

    fn from_str(hex: &str) -> Result<Self> {
        crate::hex::read(hex).map(Self).ok_or(invalid("a key id is 16 hexadecimal digits"))
    }
}
