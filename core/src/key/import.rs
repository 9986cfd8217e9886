//! Public keys from files of other people, whatever their format.

use super::{Algorithm, SigningKey, VerifyingKey, cose_key, jwk};
use crate::error::{Error, ErrorCode, Result};
use alloc::vec::Vec;

/// The longest file that is read, in bytes.
const MAX_BYTES: usize = 1024 * 1024;

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

    /// Reads every Ed25519 public key of a file: PEM (`PUBLIC KEY`, one or more), COSE_Key, COSE_KeySet, JWK or JWK
    /// Set, told apart by their content. At most 1 MiB.
    ///
    /// Keys of other kinds are counted and passed over, as RFC 7517 section 5 asks.
    ///
    /// # Errors
    /// `invalid_key` where the file is none of these, holds no key that can be used, or holds an Ed25519 key that
    /// must not be trusted.
    pub fn read_all(file: &[u8]) -> Result<ImportedKeys> {
        if file.len() > MAX_BYTES {
            return Err(invalid("the file is over 1 MiB"));
        }
        let text = core::str::from_utf8(file).map(str::trim_start).unwrap_or_default();
        let candidates = if text.contains(PEM_BEGIN) {
            pem_candidates(text)?
        } else if text.starts_with('{') {
            jwk::candidates(text)?
        } else {
            cose_key::candidates(file)?
        };
        ImportedKeys::of(candidates)
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

/// What [`ImportedKey::read_all`] found: at least one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedKeys {
    keys: Vec<ImportedKey>,
    skipped: usize,
}

impl ImportedKeys {
    fn of(candidates: Vec<Candidate>) -> Result<Self> {
        let all = candidates.len();
        let keys: Vec<_> = candidates.into_iter().flatten().collect();
        if keys.is_empty() {
            return Err(invalid("the file holds no Ed25519 key"));
        }
        Ok(Self { skipped: all - keys.len(), keys })
    }

    /// The keys, in the order of the file.
    #[must_use]
    pub fn keys(&self) -> &[ImportedKey] {
        &self.keys
    }

    /// How many keys of another kind the file holds.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skipped
    }
}

/// A key of a set, or `None` for one of another kind.
pub(super) type Candidate = Option<ImportedKey>;

/// For who wants this one key and no other.
pub(super) fn the_one(candidate: Candidate) -> Result<ImportedKey> {
    candidate.ok_or(invalid("the key is another algorithm's"))
}

const PEM_BEGIN: &str = "-----BEGIN ";

/// Each PEM block of the file, which must all be Ed25519 public keys.
fn pem_candidates(text: &str) -> Result<Vec<Candidate>> {
    let starts: Vec<usize> = text.match_indices(PEM_BEGIN).map(|(start, _)| start).collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(&start, end)| VerifyingKey::from_pem(&text[start..end]))
        .map(|key| key.map(|key| Some(ImportedKey::new(key, None))))
        .collect()
}

fn invalid(detail: &'static str) -> Error {
    Error::because(ErrorCode::InvalidKey, detail)
}
