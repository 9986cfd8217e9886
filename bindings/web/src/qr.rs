//! QR codes (ISO/IEC 18004) in a picture, read by what the command line reads them with.

use js_sys::Uint8Array;
use kycvs_scan::{Codes, Found, Kind, Picture, is_answer};
use wasm_bindgen::prelude::*;

/// The codes that were seen in pictures of one scene.
#[wasm_bindgen]
#[derive(Default)]
pub struct QrCodes(Codes);

#[wasm_bindgen]
impl QrCodes {
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds those in a picture of `width` pixels a row, four bytes a pixel as a canvas has them.
    pub fn look(&mut self, rgba: &[u8], width: u32) {
        let pixels = rgba.chunks_exact(4).map(|pixel| [brightness(pixel), pixel[3]]);
        if let Some(picture) = Picture::new(width, pixels) {
            self.0.extend(picture.codes());
        }
    }

    /// The content of each code.
    pub fn contents(&self) -> Vec<Uint8Array> {
        self.0.contents.iter().map(|content| Uint8Array::from(&content[..])).collect()
    }

    /// How often a code was seen that cannot be read.
    pub fn damaged(&self) -> usize {
        self.0.damaged
    }

    /// The name of the finding. The code that is meant, if there is one, holds [`content`](Self::content).
    pub fn found(&self) -> String {
        let found = match self.0.found() {
            Found::Answer(_) => "answer",
            Found::Other(_) => "other",
            Found::Several => "several",
            Found::Damaged => "damaged",
            Found::Nothing => "nothing",
        };
        found.into()
    }

    /// The content that is meant, if it is one.
    pub fn content(&self) -> Option<Vec<u8>> {
        match self.0.found() {
            Found::Answer(content) | Found::Other(content) => Some(content),
            _ => None,
        }
    }
}

/// The name and the words of the kind of code that a content is; nothing of an answer.
#[wasm_bindgen(js_name = otherKind)]
pub fn other_kind(content: &[u8]) -> Vec<String> {
    if is_answer(content) {
        return Vec::new();
    }
    let kind = Kind::of(content);
    vec![kind.name().into(), kind.words().into()]
}

/// Of red, green and blue, as ITU-R BT.601 weighs them.
fn brightness(pixel: &[u8]) -> u8 {
    let weighed =
        pixel.iter().zip([299, 587, 114]).map(|(&part, weight)| u32::from(part) * weight).sum::<u32>();
    u8::try_from(weighed / 1000).unwrap_or(u8::MAX)
}
