//! A public key as it was read from a file.

use super::{Algorithm, SigningKey, VerifyingKey, invalid};
use crate::error::Result;

/// A public key that was read from a file, and the algorithm that the file names for it.
///
/// It is not trusted by that: [`TrustedKey`](crate::TrustedKey) says for which issuer it speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedKey {
    key: VerifyingKey,
    algorithm: Option<Algorithm>,
}

impl ImportedKey {
    pub(super) fn new(key: VerifyingKey, algorithm: Option<Algorithm>) -> Self {
        Self { key, algorithm }
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The algorithm that the file names for it, where it names one.
    #[must_use]
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    pub(super) fn belongs_to(&self, secret: &SigningKey) -> Result<()> {
        if self.key == *secret.verifying_key() {
            Ok(())
        } else {
            Err(invalid("its public half belongs to another key"))
        }
    }
}

/// A key of a set, or `None` for one of another kind.
pub(super) type Candidate = Option<ImportedKey>;

/// For who wants this one key and no other.
pub(super) fn the_one(candidate: Candidate) -> Result<ImportedKey> {
    candidate.ok_or(invalid("the key is another algorithm's"))
}
