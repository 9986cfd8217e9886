//! The secret half, and the trait behind which it may live elsewhere.

use super::{VerifyingKey, invalid};
use crate::{
    error::{BoxError, Error, Result},
    random::{RandomSource, random_bytes},
};
use alloc::{boxed::Box, sync::Arc};
use core::fmt;
use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign};
use sha2::Sha512;
use zeroize::Zeroizing;

/// An Ed25519 secret key (RFC 8032 section 5.1.5). It is wiped when it is dropped, and `Debug` shows its id alone.
///
/// ```
/// use kycvs::SigningKey;
///
/// let key = SigningKey::generate()?;
/// let pem = key.to_pem();
/// let again = SigningKey::from_pem(&pem)?;
/// assert_eq!(again.verifying_key(), key.verifying_key());
/// # Ok::<(), kycvs::Error>(())
/// ```
pub struct SigningKey {
    /// On the heap, so that no copy is left behind where the key is moved.
    secret: Box<Secret>,
    verifying_key: VerifyingKey,
}

struct Secret {
    seed: Zeroizing<[u8; 32]>,
    /// Made of the seed once, and not again for every signature.
    expanded: ExpandedSecretKey,
    /// The public half of `expanded`, as the signing function takes it.
    public: ed25519_dalek::VerifyingKey,
}

impl Secret {
    /// Copies the seed directly to the heap, because a move would leave a copy on the stack.
    fn new(seed: &[u8; 32], expanded: ExpandedSecretKey, public: ed25519_dalek::VerifyingKey) -> Box<Self> {
        let mut secret = Box::new(Self { seed: Zeroizing::new([0; 32]), expanded, public });
        secret.seed.copy_from_slice(seed);
        secret
    }
}

impl SigningKey {
    /// A new key from the system's random source.
    ///
    /// # Errors
    /// `random_source_failed`.
    #[cfg(feature = "std")]
    pub fn generate() -> Result<Self> {
        Self::generate_with(&crate::random::SystemRandom)
    }

    /// A new key from `source`.
    ///
    /// # Errors
    /// `random_source_failed`.
    pub fn generate_with(source: &dyn RandomSource) -> Result<Self> {
        let seed = Zeroizing::new(random_bytes(source)?);
        Ok(Self::from_seed(&seed))
    }

    /// The key with this 32-byte seed, the private key of RFC 8032 section 5.1.5.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let expanded = ExpandedSecretKey::from(seed);
        let public = ed25519_dalek::VerifyingKey::from(&expanded);
        let verifying_key = VerifyingKey::from_bytes(public.as_bytes()).unwrap_or_else(|_| {
            unreachable!(
                "it is a multiple of the base point, and not of small order: a clamped scalar is a multiple of 8 \
                 below 8 times the order"
            )
        });
        Self { secret: Secret::new(seed, expanded, public), verifying_key }
    }

    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying_key
    }

    pub(super) fn seed(&self) -> &[u8; 32] {
        &self.secret.seed
    }
}

impl TryFrom<&[u8]> for SigningKey {
    type Error = Error;

    /// As [`from_seed`](Self::from_seed); `invalid_key` where there are not 32 bytes.
    fn try_from(seed: &[u8]) -> Result<Self> {
        Ok(Self::from_seed(seed.try_into().map_err(|_| invalid("a seed has 32 bytes"))?))
    }
}

impl Clone for SigningKey {
    fn clone(&self) -> Self {
        let expanded = ExpandedSecretKey::from(self.seed());
        Self {
            secret: Secret::new(self.seed(), expanded, self.secret.public),
            verifying_key: self.verifying_key.clone(),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.verifying_key.key_id())
    }
}

/// Makes Ed25519 signatures: a [`SigningKey`], or a key that lives in an HSM, a KMS or a phone's key store.
///
/// ```
/// use kycvs::{BoxError, Signer, SigningKey, VerifyingKey};
///
/// /// Stands for a device that signs and never shows its key.
/// struct Device(SigningKey);
///
/// impl Signer for Device {
///     fn verifying_key(&self) -> VerifyingKey {
///         self.0.verifying_key().clone()
///     }
///
///     fn sign(&self, message: &[u8]) -> Result<[u8; 64], BoxError> {
///         self.0.sign(message)
///     }
/// }
/// # let _ = Device(SigningKey::from_seed(&[7; 32])).sign(b"");
/// ```
pub trait Signer {
    /// The public half of the key that signs.
    fn verifying_key(&self) -> VerifyingKey;

    /// The Ed25519 signature (64 bytes, RFC 8032 section 5.1.6, neither prehashed nor with a context) over
    /// `message`.
    ///
    /// # Errors
    /// Where the signer cannot sign; it becomes `signer_failed` with this as its source.
    fn sign(&self, message: &[u8]) -> core::result::Result<[u8; 64], BoxError>;
}

impl Signer for SigningKey {
    fn verifying_key(&self) -> VerifyingKey {
        self.verifying_key.clone()
    }

    fn sign(&self, message: &[u8]) -> core::result::Result<[u8; 64], BoxError> {
        // The public half is this seed's (see `from_seed`): with another one, two signatures would give the key away.
        Ok(raw_sign::<Sha512>(&self.secret.expanded, message, &self.secret.public).to_bytes())
    }
}

/// Whoever holds a signer can sign with it.
macro_rules! signs_as_what_it_holds {
    ($($holder:ty),*) => {$(
        impl<S: Signer + ?Sized> Signer for $holder {
            fn verifying_key(&self) -> VerifyingKey {
                (**self).verifying_key()
            }

            fn sign(&self, message: &[u8]) -> core::result::Result<[u8; 64], BoxError> {
                (**self).sign(message)
            }
        }
    )*};
}

signs_as_what_it_holds!(&S, Box<S>, Arc<S>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;

    #[test]
    fn clone_is_the_same_key() {
        let key = SigningKey::from_seed(&[7; 32]);
        let clone = key.clone();
        let signature = clone.sign(b"one message").expect("a signature");
        assert_eq!(signature, key.sign(b"one message").expect("a signature"));
        assert!(key.verifying_key().verifies(b"one message", &signature));
        assert_eq!((clone.seed(), clone.verifying_key()), (key.seed(), key.verifying_key()));
    }

    #[test]
    fn a_seed_has_32_bytes() {
        let key = SigningKey::try_from([7; 32].as_slice()).expect("32 bytes");
        assert_eq!(key.verifying_key(), SigningKey::from_seed(&[7; 32]).verifying_key());
        for length in [0, 31, 33, 64] {
            let error = SigningKey::try_from(alloc::vec![7; length].as_slice()).expect_err("another length");
            assert_eq!(error.code(), ErrorCode::InvalidKey);
        }
    }
}
