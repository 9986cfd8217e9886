//! The public half.

use super::{KeyId, invalid};
use crate::{
    cbor::Writer,
    error::{Error, Result},
};
use core::{
    fmt,
    hash::{Hash, Hasher},
};
use kycvs_ed25519::{InvalidKey, PublicKey};
use sha2::{Digest, Sha256};

/// An Ed25519 public key that may be trusted.
///
/// Its encoding is canonical and its point is of the large prime order: not of small order, and without a torsion
/// component. Under such a key every verification formula in use (RFC 8032 section 5.1.7 with and without the
/// cofactor) gives the same answer for a signature that is accepted here. Anything else is `invalid_key`.
#[derive(Clone)]
pub struct VerifyingKey {
    inner: PublicKey,
    thumbprint: [u8; 32],
}

impl VerifyingKey {
    /// From the 32 bytes of RFC 8032 section 5.1.2.
    ///
    /// # Errors
    /// `invalid_key` where they are not the canonical encoding of a point of the large prime order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self> {
        let inner = PublicKey::from_bytes(bytes).map_err(|fault| {
            invalid(match fault {
                InvalidKey::NotOnCurve => "its bytes are not a point of the curve",
                InvalidKey::NotCanonical => "its encoding is not canonical",
                InvalidKey::NotPrimeOrder => "its point is not of the large prime order",
            })
        })?;
        let thumbprint = thumbprint(bytes);
        Ok(Self { inner, thumbprint })
    }

    /// The key as the crate that verifies signatures has it.
    pub(crate) fn as_public(&self) -> &PublicKey {
        &self.inner
    }

    /// The 32 bytes of RFC 8032 section 5.1.2.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.inner.as_bytes()
    }

    /// The SHA-256 COSE Key Thumbprint (RFC 9679 section 3).
    #[must_use]
    pub fn thumbprint(&self) -> &[u8; 32] {
        &self.thumbprint
    }

    /// The `kid` of this key's tokens: the first eight bytes of the [thumbprint](Self::thumbprint).
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        let mut id = [0; 8];
        id.copy_from_slice(&self.thumbprint[..8]);
        KeyId(id)
    }

    /// Whether `signature` is this key's over `message`, by the strict rule: `S` reduced, `R` not of small order,
    /// the cofactorless equation on encodings.
    ///
    /// This is the bare signature and says nothing about a token: use a [`Verifier`](crate::Verifier) for that.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.inner.verifies(message, signature)
    }
}

/// SHA-256 of the deterministic encoding of the required members of the COSE_Key (RFC 9679 section 4.1).
fn thumbprint(public: &[u8; 32]) -> [u8; 32] {
    let mut writer = Writer::with_capacity(40);
    writer.map(3).int(1).int(1).int(-1).int(6).int(-2).bytes(public);
    Sha256::digest(writer.finish()).into()
}

impl TryFrom<&[u8]> for VerifyingKey {
    type Error = Error;

    /// As [`from_bytes`](Self::from_bytes); another length than 32 is `invalid_key` too.
    fn try_from(bytes: &[u8]) -> Result<Self> {
        Self::from_bytes(bytes.try_into().map_err(|_| invalid("a public key has 32 bytes"))?)
    }
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for VerifyingKey {}

impl Hash for VerifyingKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", self.key_id())
    }
}
