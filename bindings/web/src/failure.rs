//! Errors: those of the core become exceptions of the package, and what an app's own code threw comes back as their cause.

use js_sys::{Error, JsString};
use kycvs::BoxError;
use send_wrapper::SendWrapper;
use std::{error::Error as StdError, fmt};
use wasm_bindgen::prelude::*;

pub(crate) type Outcome<T> = Result<T, JsValue>;

#[wasm_bindgen(raw_module = "./errors.js")]
extern "C" {
    /// A `KycvsError` of the family's class.
    #[wasm_bindgen(js_name = kycvsError)]
    fn kycvs_error(code: &str, number: u16, family: &str, message: &str, cause: JsValue) -> JsValue;
}

/// The exception for an error of the core.
pub(crate) fn failure(error: kycvs::Error) -> JsValue {
    let cause = match error.source() {
        None => JsValue::UNDEFINED,
        Some(source) => match source.downcast_ref::<Thrown>() {
            Some(Thrown(thrown)) => (**thrown).clone(),
            None => Error::new(&source.to_string()).into(),
        },
    };
    kycvs_error(error.code().as_str(), error.number(), error.family().as_str(), &error.to_string(), cause)
}

/// What an app's signer or replay guard threw, on its way through the core. WebAssembly runs in one thread, so that it
/// comes out in the one that it went in.
#[derive(Debug)]
pub(crate) struct Thrown(SendWrapper<JsValue>);

impl Thrown {
    pub(crate) fn boxed(thrown: JsValue) -> BoxError {
        Box::new(Self(SendWrapper::new(thrown)))
    }
}

impl fmt::Display for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an exception in JavaScript")
    }
}

impl StdError for Thrown {}

/// A text that may be a secret, as a string of JavaScript. It is copied from where it lies, and wiped there.
pub(crate) fn secret(text: &str) -> JsString {
    text.into()
}
