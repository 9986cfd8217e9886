//! Public keys, and the files that they come in.

use crate::{
    failure::{Outcome, failure},
    values::algorithm,
};
use kycvs::Algorithm;
use wasm_bindgen::prelude::*;

/// A public key.
#[wasm_bindgen]
pub struct VerifyingKey(pub(crate) kycvs::VerifyingKey);

#[wasm_bindgen]
impl VerifyingKey {
    #[wasm_bindgen(js_name = fromBytes)]
    pub fn from_bytes(bytes: &[u8]) -> Outcome<Self> {
        Ok(Self(bytes.try_into().map_err(failure)?))
    }

    #[wasm_bindgen(js_name = fromPem)]
    pub fn from_pem(pem: &str) -> Outcome<Self> {
        Ok(Self(kycvs::VerifyingKey::from_pem(pem).map_err(failure)?))
    }

    #[wasm_bindgen(js_name = toBytes)]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.as_bytes().to_vec()
    }

    #[wasm_bindgen(js_name = toPem)]
    pub fn to_pem(&self) -> String {
        self.0.to_pem()
    }

    #[wasm_bindgen(js_name = toJwk)]
    pub fn to_jwk(&self, algorithm: Option<String>) -> Outcome<String> {
        Ok(self.0.to_jwk(self::algorithm(algorithm.as_deref())?))
    }

    #[wasm_bindgen(js_name = toCoseKey)]
    pub fn to_cose_key(&self, algorithm: Option<String>) -> Outcome<Vec<u8>> {
        Ok(self.0.to_cose_key(self::algorithm(algorithm.as_deref())?))
    }

    #[wasm_bindgen(js_name = keyId)]
    pub fn key_id(&self) -> String {
        self.0.key_id().to_string()
    }

    pub fn thumbprint(&self) -> Vec<u8> {
        self.0.thumbprint().to_vec()
    }

    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        signature.try_into().is_ok_and(|signature| self.0.verifies(message, signature))
    }
}

/// A public key from a file, and the algorithm that the file names for it.
#[wasm_bindgen]
pub struct ImportedKey(pub(crate) kycvs::ImportedKey);

#[wasm_bindgen]
impl ImportedKey {
    pub fn key(&self) -> VerifyingKey {
        VerifyingKey(self.0.key().clone())
    }

    pub fn algorithm(&self) -> Option<String> {
        self.0.algorithm().map(Algorithm::name).map(ToOwned::to_owned)
    }
}

/// What a file of keys holds.
#[wasm_bindgen]
pub struct ImportedKeys(kycvs::ImportedKeys);

#[wasm_bindgen]
impl ImportedKeys {
    pub fn read(file: &[u8]) -> Outcome<Self> {
        Ok(Self(kycvs::ImportedKeys::read(file).map_err(failure)?))
    }

    pub fn keys(&self) -> Vec<ImportedKey> {
        self.0.keys().iter().cloned().map(ImportedKey).collect()
    }

    pub fn skipped(&self) -> usize {
        self.0.skipped()
    }
}
