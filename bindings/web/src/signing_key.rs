//! The secret half of a key.

use crate::{
    failure::{Outcome, failure, secret},
    keys::VerifyingKey,
    random::WebRandom,
};
use js_sys::{JsString, Uint8Array};
use kycvs::Signer as _;
use wasm_bindgen::prelude::*;

/// A secret key. Wiped when it is freed.
#[wasm_bindgen]
pub struct SigningKey(pub(crate) kycvs::SigningKey);

#[wasm_bindgen]
impl SigningKey {
    pub fn generate() -> Outcome<Self> {
        Ok(Self(kycvs::SigningKey::generate_with(&WebRandom).map_err(failure)?))
    }

    #[wasm_bindgen(js_name = fromSeed)]
    pub fn from_seed(seed: &[u8]) -> Outcome<Self> {
        Ok(Self(seed.try_into().map_err(failure)?))
    }

    #[wasm_bindgen(js_name = fromPem)]
    pub fn from_pem(pem: &str) -> Outcome<Self> {
        Ok(Self(kycvs::SigningKey::from_pem(pem).map_err(failure)?))
    }

    #[wasm_bindgen(js_name = fromEncryptedPem)]
    pub fn from_encrypted_pem(pem: &str, passphrase: &[u8]) -> Outcome<Self> {
        Ok(Self(kycvs::SigningKey::from_encrypted_pem(pem, passphrase).map_err(failure)?))
    }

    #[wasm_bindgen(js_name = fromJwk)]
    pub fn from_jwk(jwk: &str) -> Outcome<Self> {
        Ok(Self(kycvs::SigningKey::from_jwk(jwk).map_err(failure)?))
    }

    #[wasm_bindgen(js_name = fromCoseKey)]
    pub fn from_cose_key(bytes: &[u8]) -> Outcome<Self> {
        Ok(Self(kycvs::SigningKey::from_cose_key(bytes).map_err(failure)?))
    }

    #[wasm_bindgen(js_name = isEncryptedPem)]
    pub fn is_encrypted_pem(pem: &str) -> bool {
        kycvs::SigningKey::is_encrypted_pem(pem)
    }

    #[wasm_bindgen(js_name = toPem)]
    pub fn to_pem(&self) -> JsString {
        secret(&self.0.to_pem())
    }

    #[wasm_bindgen(js_name = toEncryptedPem)]
    pub fn to_encrypted_pem(&self, passphrase: &[u8]) -> Outcome<JsString> {
        Ok(secret(&self.0.to_encrypted_pem_with(passphrase, &WebRandom).map_err(failure)?))
    }

    #[wasm_bindgen(js_name = toJwk)]
    pub fn to_jwk(&self) -> JsString {
        secret(&self.0.to_jwk())
    }

    #[wasm_bindgen(js_name = toCoseKey)]
    pub fn to_cose_key(&self) -> Uint8Array {
        Uint8Array::from(&**self.0.to_cose_key())
    }

    #[wasm_bindgen(js_name = verifyingKey)]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key().clone())
    }

    pub fn sign(&self, message: &[u8]) -> Outcome<Vec<u8>> {
        let signature = self.0.sign(message).map_err(|error| js_sys::Error::new(&error.to_string()))?;
        Ok(signature.to_vec())
    }
}
