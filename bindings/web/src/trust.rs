//! Which keys speak for which issuer, and when.

use crate::{
    failure::{Outcome, failure},
    keys::{ImportedKey, VerifyingKey},
    values::{algorithm, timestamp},
};
use kycvs::{IssuerName, Timestamp, Validity};
use wasm_bindgen::prelude::*;

/// One key, the issuer that it speaks for, and what its tokens must be like.
#[wasm_bindgen]
pub struct TrustedKey(kycvs::TrustedKey);

#[wasm_bindgen]
impl TrustedKey {
    #[wasm_bindgen(js_name = ofKey)]
    pub fn of_key(issuer: &str, key: &VerifyingKey, algorithm: Option<String>) -> Outcome<Self> {
        let trusted = kycvs::TrustedKey::new(IssuerName::new(issuer).map_err(failure)?, key.0.clone());
        Ok(Self(match self::algorithm(algorithm.as_deref())? {
            Some(algorithm) => trusted.with_algorithm(algorithm),
            None => trusted,
        }))
    }

    #[wasm_bindgen(js_name = ofImported)]
    pub fn of_imported(issuer: &str, imported: &ImportedKey, algorithm: Option<String>) -> Outcome<Self> {
        let issuer = IssuerName::new(issuer).map_err(failure)?;
        let algorithm = self::algorithm(algorithm.as_deref())?;
        Ok(Self(kycvs::TrustedKey::of_imported(issuer, &imported.0, algorithm).map_err(failure)?))
    }

    #[wasm_bindgen(js_name = withValidity)]
    pub fn with_validity(self, not_before: Option<u64>, not_after: Option<u64>) -> Outcome<Self> {
        let validity = Validity::new(timestamp(not_before), timestamp(not_after)).map_err(failure)?;
        Ok(Self(self.0.with_validity(validity)))
    }

    pub fn withdraw(self) -> Self {
        Self(self.0.withdrawn())
    }

    pub fn issuer(&self) -> String {
        self.0.issuer().as_str().to_owned()
    }

    pub fn key(&self) -> VerifyingKey {
        VerifyingKey(self.0.key().clone())
    }

    #[wasm_bindgen(js_name = keyId)]
    pub fn key_id(&self) -> String {
        self.0.key_id().to_string()
    }

    pub fn algorithm(&self) -> String {
        self.0.algorithm().name().to_owned()
    }

    #[wasm_bindgen(js_name = notBefore)]
    pub fn not_before(&self) -> Option<u64> {
        self.0.validity().not_before().map(Timestamp::as_secs)
    }

    #[wasm_bindgen(js_name = notAfter)]
    pub fn not_after(&self) -> Option<u64> {
        self.0.validity().not_after().map(Timestamp::as_secs)
    }

    pub fn withdrawn(&self) -> bool {
        self.0.is_withdrawn()
    }
}

/// The keys that a verifier trusts.
#[wasm_bindgen]
pub struct TrustStore(pub(crate) kycvs::TrustStore);

#[wasm_bindgen]
impl TrustStore {
    pub fn empty() -> Self {
        Self(kycvs::TrustStore::new())
    }

    /// The most bytes of a store's file.
    #[wasm_bindgen(js_name = maxBytes)]
    pub fn max_bytes() -> usize {
        kycvs::TrustStore::MAX_BYTES
    }

    #[wasm_bindgen(js_name = fromBytes)]
    pub fn from_bytes(bytes: &[u8]) -> Outcome<Self> {
        Ok(Self(kycvs::TrustStore::from_bytes(bytes).map_err(failure)?))
    }

    #[wasm_bindgen(js_name = toBytes)]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    pub fn add(&mut self, key: &TrustedKey) -> Outcome<()> {
        self.0.add(key.0.clone()).map_err(failure)
    }

    pub fn copy(&self) -> Self {
        Self(self.0.clone())
    }

    pub fn keys(&self) -> Vec<TrustedKey> {
        self.0.keys().cloned().map(TrustedKey).collect()
    }

    pub fn size(&self) -> usize {
        self.0.len()
    }
}
