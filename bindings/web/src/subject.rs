//! The person that an answer is about.

use crate::failure::{Outcome, failure, secret};
use js_sys::JsString;
use kycvs::{Commitment, Opening};
use wasm_bindgen::prelude::*;

/// A person as named. Wiped when it is freed.
#[wasm_bindgen]
pub struct Subject(pub(crate) kycvs::Subject);

#[wasm_bindgen]
impl Subject {
    pub fn of(name: &str, mobile: Option<String>) -> Outcome<Self> {
        let subject = kycvs::Subject::new(name).map_err(failure)?;
        Ok(Self(match mobile {
            Some(mobile) => subject.with_mobile(&mobile).map_err(failure)?,
            None => subject,
        }))
    }

    pub fn name(&self) -> JsString {
        secret(self.0.name())
    }

    pub fn mobile(&self) -> Option<JsString> {
        self.0.mobile().map(secret)
    }

    pub fn commitment(&self, opening: &[u8]) -> Outcome<Vec<u8>> {
        let opening = Opening::try_from(opening).map_err(failure)?;
        Ok(Commitment::new(&self.0, &opening).as_bytes().to_vec())
    }
}
