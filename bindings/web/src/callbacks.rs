//! An app's own replay guard, as the core asks it.

use crate::failure::Thrown;
use kycvs::{BoxError, Timestamp, TokenId};
use send_wrapper::SendWrapper;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// An object with a method `firstUse`.
    #[derive(Debug)]
    pub type ForeignGuard;

    #[wasm_bindgen(method, structural, catch, js_name = firstUse)]
    fn first_use(
        this: &ForeignGuard,
        issuer: &str,
        token_id: &str,
        keep_until_seconds: u64,
        now_seconds: u64,
    ) -> Result<JsValue, JsValue>;
}

/// The app's guard, as the core asks it.
pub(crate) struct AppGuard(SendWrapper<ForeignGuard>);

impl AppGuard {
    pub(crate) fn new(guard: ForeignGuard) -> Self {
        Self(SendWrapper::new(guard))
    }
}

impl kycvs::ReplayGuard for AppGuard {
    fn first_use(
        &self,
        issuer: &str,
        token_id: &TokenId,
        keep_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, BoxError> {
        let said = self.0.first_use(issuer, &token_id.to_string(), keep_until.as_secs(), now.as_secs());
        said.map_err(Thrown::boxed)?
            .as_bool()
            .ok_or_else(|| "the replay guard's firstUse has to return true or false, and no promise".into())
    }
}
