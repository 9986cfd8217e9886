//! QR codes (ISO/IEC 18004) in a picture, read by what the command line reads them with.

use rqrr::PreparedImage;
use wasm_bindgen::prelude::*;

/// The texts of the codes in a picture of `width` pixels a row, four bytes a pixel as a canvas has them. The picture is
/// looked at as it is and with black and white exchanged, as a screen in dark colours shows a code. What is seen of a
/// code that cannot be read is counted in `damaged`.
#[wasm_bindgen]
pub struct QrCodes {
    texts: Vec<String>,
    damaged: u32,
}

#[wasm_bindgen]
impl QrCodes {
    pub fn read(rgba: &[u8], width: usize) -> Self {
        let mut codes = Self { texts: Vec::new(), damaged: 0 };
        let pixels = rgba.len() / 4;
        // Fewer than that are no code, and a library may count on there being some.
        if width < SMALLEST || pixels / width < SMALLEST {
            return codes;
        }
        let brightness: Vec<u8> = rgba.chunks_exact(4).map(brightness).collect();
        let height = pixels / width;
        for mask in [0, 0xff] {
            let pixel = |x: usize, y: usize| brightness.get(y * width + x).copied().unwrap_or(u8::MAX) ^ mask;
            let mut picture = PreparedImage::prepare_from_greyscale(width, height, pixel);
            for grid in picture.detect_grids() {
                match grid.decode() {
                    Ok((_, text)) => codes.texts.push(text),
                    Err(_) => codes.damaged += 1,
                }
            }
        }
        codes
    }

    pub fn texts(&self) -> Vec<String> {
        self.texts.clone()
    }

    pub fn damaged(&self) -> u32 {
        self.damaged
    }
}

/// Of red, green and blue, as ITU-R BT.601 weighs them.
fn brightness(pixel: &[u8]) -> u8 {
    let weighed =
        pixel.iter().zip([299, 587, 114]).map(|(&part, weight)| u32::from(part) * weight).sum::<u32>();
    u8::try_from(weighed / 1000).unwrap_or(u8::MAX)
}

/// The modules on a side of the smallest code.
const SMALLEST: usize = 21;
