//! What is handed over and shown: a token, and its opening where there is one.

use crate::{
    failure::{Outcome, failure, secret},
    values,
};
use js_sys::JsString;
use wasm_bindgen::prelude::*;

/// A presentation.
#[wasm_bindgen]
pub struct Presentation(pub(crate) kycvs::Presentation);

#[wasm_bindgen]
impl Presentation {
    #[wasm_bindgen(js_name = fromBytes)]
    pub fn from_bytes(bytes: &[u8]) -> Outcome<Self> {
        Ok(Self(kycvs::Presentation::from_bytes(bytes).map_err(failure)?))
    }

    #[wasm_bindgen(js_name = fromText)]
    pub fn from_text(text: &str) -> Outcome<Self> {
        Ok(Self(kycvs::Presentation::from_text(text).map_err(failure)?))
    }

    #[wasm_bindgen(js_name = isKv1)]
    pub fn is_kv1(text: &str) -> bool {
        kycvs::Presentation::is_kv1(text)
    }

    #[wasm_bindgen(js_name = toBytes)]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.as_bytes().to_vec()
    }

    #[wasm_bindgen(js_name = toText)]
    pub fn to_text(&self) -> JsString {
        secret(&self.0.to_text())
    }

    #[wasm_bindgen(js_name = toBase64url)]
    pub fn to_base64url(&self) -> JsString {
        secret(&self.0.to_base64url())
    }

    #[wasm_bindgen(js_name = hasOpening)]
    pub fn has_opening(&self) -> bool {
        self.0.opening().is_some()
    }

    #[wasm_bindgen(js_name = withoutOpening)]
    pub fn without_opening(&self) -> Self {
        Self(self.0.without_opening())
    }

    #[wasm_bindgen(js_name = unverifiedClaims)]
    pub fn unverified_claims(&self) -> JsValue {
        values::claims(&self.0.token())
    }
}

/// The most bytes of a presentation.
#[wasm_bindgen(js_name = maxPresentationBytes)]
pub fn max_presentation_bytes() -> usize {
    kycvs::MAX_PRESENTATION_BYTES
}

/// The most bytes of either text form, without white space around it.
#[wasm_bindgen(js_name = maxTextBytes)]
pub fn max_text_bytes() -> usize {
    kycvs::MAX_TEXT_BYTES
}
