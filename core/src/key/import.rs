//! Public keys from files of other people, whatever their format.

use super::{
    VerifyingKey, bounded, cose_key,
    imported::{Candidate, ImportedKey},
    invalid, jwk,
};
use crate::error::Result;
use alloc::vec::Vec;

/// The public keys of a file: at least one. None of them is trusted by that:
/// [`TrustedKey::of_imported`](crate::TrustedKey::of_imported) says for which issuer one speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedKeys {
    keys: Vec<ImportedKey>,
    skipped: usize,
}

impl ImportedKeys {
    /// Reads every Ed25519 public key of a file: PEM (`PUBLIC KEY`, one or more), COSE_Key, COSE_KeySet, JWK or JWK
    /// Set, told apart by their content. At most 1 MiB.
    ///
    /// Keys of other kinds are counted and passed over, as RFC 7517 section 5 asks.
    ///
    /// # Errors
    /// `invalid_key` where the file is none of these, holds no key that can be used, or holds an Ed25519 key that
    /// must not be trusted.
    pub fn read(file: &[u8]) -> Result<Self> {
        bounded(file)?;
        let text = core::str::from_utf8(file).map(str::trim_start).unwrap_or_default();
        let candidates = if text.starts_with('{') {
            jwk::candidates(text)?
        } else if text.contains(PEM_BEGIN) {
            pem_candidates(text)?
        } else {
            cose_key::candidates(file)?
        };
        Self::of(candidates)
    }

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

impl IntoIterator for ImportedKeys {
    type Item = ImportedKey;
    type IntoIter = alloc::vec::IntoIter<ImportedKey>;

    fn into_iter(self) -> Self::IntoIter {
        self.keys.into_iter()
    }
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
