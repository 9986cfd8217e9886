//! Public keys from files of other people, whatever their format.

use super::{
    bounded, cose_key,
    imported::{Candidate, ImportedKey},
    invalid, jwk, pem, without_mark,
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
    /// Set, told apart by their content. At most 1 MiB. A text may begin with a byte order mark.
    ///
    /// Keys of other kinds are counted and skipped, as RFC 7517 section 5 asks; a PEM block with another label is such a
    /// key. They take no memory.
    ///
    /// # Errors
    /// `invalid_key` if the file is none of these, holds no key that can be used, or holds an Ed25519 key that
    /// must not be trusted.
    pub fn read(file: &[u8]) -> Result<Self> {
        bounded(file)?;
        if [[0xff, 0xfe], [0xfe, 0xff]].iter().any(|mark| file.starts_with(mark)) {
            return Err(invalid("the file is in UTF-16: save it as UTF-8"));
        }
        let text = core::str::from_utf8(file).map(without_mark).unwrap_or_default();
        let found = if jwk::is_object(text) {
            jwk::read_keys(text)?
        } else if text.contains(pem::BEGIN) {
            pem::read_keys(text)?
        } else {
            cose_key::read_keys(file)?
        };
        if found.keys.is_empty() {
            return Err(invalid("the file holds no Ed25519 key"));
        }
        Ok(found)
    }

    /// Before the first key of a file is read.
    pub(super) fn none() -> Self {
        Self { keys: Vec::new(), skipped: 0 }
    }

    /// With the file's next key, or with one more that is skipped.
    pub(super) fn with(mut self, candidate: Candidate) -> Self {
        match candidate {
            Some(key) => self.keys.push(key),
            None => self.skipped += 1,
        }
        self
    }

    /// The keys, in the order of the file.
    #[must_use]
    pub fn keys(&self) -> &[ImportedKey] {
        &self.keys
    }

    /// How many keys of other kinds the file holds.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorCode, SigningKey};
    use alloc::{format, string::String};

    fn jwk() -> String {
        SigningKey::from_seed(&[1; 32]).verifying_key().to_jwk(None)
    }

    #[test]
    fn white_space_of_other_formats_is_none_of_jwk() {
        for good in ["\u{feff}", " \t\r\n", "\u{feff}\n"] {
            assert!(ImportedKeys::read(format!("{good}{}", jwk()).as_bytes()).is_ok(), "{good:?}");
        }
        for bad in
            ["\u{a0}", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{3000}", "\u{feff}\u{feff}", " \u{feff}"]
        {
            let error = ImportedKeys::read(format!("{bad}{}", jwk()).as_bytes()).expect_err(bad);
            assert_eq!(error.code(), ErrorCode::InvalidKey);
        }
    }

    #[test]
    fn members_of_other_keys_may_hold_any_json() {
        for odd in ["1e400", "-1E-9999", "123456789012345678901234567890", "[[{}]]", "null"] {
            let set = format!(r#"{{"keys":[{{"kty":"EC","x":{odd},"crv":{odd},"d":{odd}}},{}]}}"#, jwk());
            let found = ImportedKeys::read(set.as_bytes()).expect(odd);
            assert_eq!((found.keys().len(), found.skipped()), (1, 1), "{odd}");
            let one = jwk().replacen('{', &format!(r#"{{"note":{odd},"#), 1);
            assert!(ImportedKeys::read(one.as_bytes()).is_ok(), "{odd}");
        }
    }

    #[test]
    fn file_in_utf_16_is_named() {
        for file in [&[0xff, 0xfe, b'{', 0][..], &[0xfe, 0xff, 0, b'{']] {
            let error = ImportedKeys::read(file).expect_err("UTF-16");
            assert!(format!("{error}").contains("UTF-16"), "{error}");
        }
    }

    #[test]
    fn file_of_more_than_1_mib_is_an_invalid_key() {
        let padded = |len| jwk() + &" ".repeat(len - jwk().len());
        assert!(ImportedKeys::read(padded(1024 * 1024).as_bytes()).is_ok());
        let error = ImportedKeys::read(padded(1024 * 1024 + 1).as_bytes()).expect_err("too long");
        assert_eq!(error.code(), ErrorCode::InvalidKey);
    }
}
