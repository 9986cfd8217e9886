//! What an app implements in JavaScript: a signer and a replay guard.

use crate::failure::Thrown;
use js_sys::Uint8Array;
use kycvs::{BoxError, Timestamp, TokenId};
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast as _, prelude::*};

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

    /// An object with a method `sign`.
    #[derive(Clone, Debug)]
    pub type ForeignSigner;

    #[wasm_bindgen(method, structural, catch)]
    fn sign(this: &ForeignSigner, message: Uint8Array) -> Result<JsValue, JsValue>;
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

/// Who signs: a key of this package, or the app's own signer.
#[derive(Clone)]
pub(crate) enum AnySigner {
    Key(Box<kycvs::SigningKey>),
    App(Box<AppSigner>),
}

/// The app's own signer, with the key that it signs for.
#[derive(Clone)]
pub(crate) struct AppSigner {
    pub(crate) key: kycvs::VerifyingKey,
    pub(crate) signer: ForeignSigner,
}

impl kycvs::Signer for AnySigner {
    fn verifying_key(&self) -> kycvs::VerifyingKey {
        match self {
            Self::Key(key) => key.verifying_key().clone(),
            Self::App(app) => app.key.clone(),
        }
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], BoxError> {
        match self {
            Self::Key(key) => key.sign(message),
            Self::App(app) => {
                let signature = app.signer.sign(Uint8Array::from(message)).map_err(Thrown::boxed)?;
                let signature = signature.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec);
                signature.and_then(|signature| signature.try_into().ok()).ok_or_else(|| {
                    "the signer's sign has to return the 64 bytes of a signature, and no promise".into()
                })
            }
        }
    }
}
