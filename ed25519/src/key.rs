//! Public keys, and which of them are accepted. The lowest layer: it knows no signature.

use core::{
    error::Error,
    fmt,
    hash::{Hash, Hasher},
};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};

use crate::equation::Equation;

/// An Ed25519 public key (RFC 8032 section 5.1.2).
///
/// Invariant: the encoding is canonical, and the point is of the large prime order `L`: it is not of small order and has no
/// torsion component. Every key that is made as RFC 8032 says is such a key.
///
/// ```
/// use ed25519_dalek::Signer;
/// use kycvs_ed25519::PublicKey;
///
/// let secret = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
/// let signature = secret.sign(b"one message").to_bytes();
///
/// let key = PublicKey::from_bytes(secret.verifying_key().as_bytes())?;
/// assert!(key.verifies(b"one message", &signature));
/// assert!(!key.verifies(b"another", &signature));
/// # Ok::<(), kycvs_ed25519::InvalidKey>(())
/// ```
#[derive(Clone)]
pub struct PublicKey {
    bytes: [u8; 32],
    /// `-A`, because the sum only adds.
    negative: EdwardsPoint,
}

impl PublicKey {
    /// Reads the 32 bytes of a key.
    ///
    /// # Errors
    /// An [`InvalidKey`] if the bytes are not the canonical encoding of a point of the large prime order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, InvalidKey> {
        let point = CompressedEdwardsY(*bytes).decompress().ok_or(InvalidKey::NotOnCurve)?;
        if point.compress().as_bytes() != bytes {
            return Err(InvalidKey::NotCanonical);
        }
        if point.is_small_order() || !point.is_torsion_free() {
            return Err(InvalidKey::NotPrimeOrder);
        }
        Ok(Self { bytes: *bytes, negative: -point })
    }

    /// The 32 bytes of the key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Whether `signature` is a signature of this key over `message` (RFC 8032 section 5.1.7, without the cofactor).
    ///
    /// The crate's documentation gives the exact rule. The message is neither prehashed nor in a context.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        Equation::new(self, message, signature).is_some_and(|equation| equation.holds(&self.sum(&equation)))
    }

    /// `[S]B - [k]A`, computed without tables of the key.
    pub(crate) fn sum(&self, equation: &Equation) -> EdwardsPoint {
        EdwardsPoint::vartime_double_scalar_mul_basepoint(&equation.k, &self.negative, &equation.s)
    }

    /// `-A`.
    pub(crate) fn negative(&self) -> &EdwardsPoint {
        &self.negative
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for PublicKey {}

impl Hash for PublicKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(")?;
        self.bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// Why 32 bytes are not a [`PublicKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "32 bytes have no other fault")]
pub enum InvalidKey {
    /// The bytes do not decode to a point of the curve (RFC 8032 section 5.1.3).
    NotOnCurve,
    /// Another encoding of the same point is the canonical one.
    NotCanonical,
    /// The point is of small order, or has a torsion component.
    NotPrimeOrder,
}

impl fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotOnCurve => "the public key is not a point of the curve",
            Self::NotCanonical => "the public key's encoding is not canonical",
            Self::NotPrimeOrder => "the public key's point is not of the large prime order",
        })
    }
}

impl Error for InvalidKey {}
