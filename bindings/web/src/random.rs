//! The random source of the browser or of Node.js: `crypto.getRandomValues`.

use crate::failure::Thrown;
use kycvs::{BoxError, RandomSource};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = ["globalThis", "crypto"], js_name = getRandomValues)]
    fn get_random_values(buffer: &mut [u8]) -> Result<(), JsValue>;
}

/// Everything random here comes from it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WebRandom;

impl RandomSource for WebRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), BoxError> {
        // It gives so many at a time at most.
        buffer.chunks_mut(65_536).try_for_each(get_random_values).map_err(Thrown::boxed)
    }
}
