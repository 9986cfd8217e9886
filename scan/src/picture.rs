//! A picture in grey, and the search for codes in it.

use rqrr::PreparedImage;
use rxing::common::{DetectorRXingResult as _, HybridBinarizer};
use rxing::qrcode::cpp_port::decoder::Decode;
use rxing::qrcode::cpp_port::detector::{FindFinderPatterns, GenerateFinderPatternSets, SampleQR};
use rxing::{Binarizer as _, Luma8Source};

use crate::Codes;

/// A library that reads QR codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// `rqrr`, a port of quirc. It is the better one at low contrast and steep angles.
    Rqrr,
    /// `rxing`, a port of zxing-cpp. It is the better one at everything else.
    Rxing,
}

/// A picture in grey: one byte a pixel, row by row, 0 is black.
///
/// Transparent pixels have no colour of their own. A picture with transparent parts is looked at on white paper, and then on
/// black.
pub struct Picture {
    width: u32,
    height: u32,
    /// On white paper.
    white: Vec<u8>,
    /// On black paper, if that makes a difference.
    black: Option<Vec<u8>>,
}

impl Picture {
    /// From brightness and opacity (0 is transparent) of each pixel. `None` if the pixels do not fill whole rows.
    #[must_use]
    pub fn new(width: u32, pixels: impl Iterator<Item = [u8; 2]> + Clone) -> Option<Self> {
        let white: Vec<u8> = pixels.clone().map(|pixel| on(u8::MAX, pixel)).collect();
        let all = u32::try_from(white.len()).ok()?;
        let height = all.checked_div(width)?;
        if width * height != all {
            return None;
        }
        let transparent = pixels.clone().any(|[_, opacity]| opacity < u8::MAX);
        let black = transparent.then(|| pixels.map(|pixel| on(0, pixel)).collect());
        Some(Self { width, height, white, black })
    }

    /// All codes in the picture, each content once.
    ///
    /// Both readers look, since each finds codes that the other misses (`README.md` has the figures).
    #[must_use]
    pub fn codes(&self) -> Codes {
        self.codes_by(&[Reader::Rxing, Reader::Rqrr])
    }

    /// The codes that only these readers find.
    #[must_use]
    pub fn codes_by(&self, readers: &[Reader]) -> Codes {
        let mut codes = Codes::default();
        // Fewer pixels are no code, and a library may count on there being some.
        if self.width.min(self.height) < SMALLEST {
            return codes;
        }
        for paper in [Some(&self.white), self.black.as_ref()].into_iter().flatten() {
            // Dark on light, and light on dark as a dark screen shows a code.
            for mask in [0, u8::MAX] {
                let pixels: Vec<u8> = paper.iter().map(|grey| grey ^ mask).collect();
                for reader in readers {
                    match reader {
                        Reader::Rqrr => self.look_with_rqrr(&pixels, &mut codes),
                        Reader::Rxing => self.look_with_rxing(&pixels, &mut codes),
                    }
                }
            }
        }
        codes
    }

    fn look_with_rqrr(&self, pixels: &[u8], codes: &mut Codes) {
        let width = self.width as usize;
        let pixel = |x: usize, y: usize| pixels.get(y * width + x).copied().unwrap_or(u8::MAX);
        let mut prepared = PreparedImage::prepare_from_greyscale(width, self.height as usize, pixel);
        for grid in prepared.detect_grids() {
            let mut content = Vec::new();
            match grid.decode_to(&mut content) {
                Ok(_) => codes.add(content),
                Err(_) => codes.damaged += 1,
            }
        }
    }

    /// By the steps of its `QrReader`, which as a whole asks for the time: the web page has no clock for it. It does
    /// not count codes that it cannot read, since it often takes print for such codes.
    fn look_with_rxing(&self, pixels: &[u8], codes: &mut Codes) {
        let Ok(source) = Luma8Source::new_with_slice(pixels, self.width, self.height) else { return };
        let binarizer = HybridBinarizer::new(source);
        let Ok(matrix) = binarizer.get_black_matrix() else { return };
        let mut used = Vec::new();
        // The most plausible sets come first.
        let sets = GenerateFinderPatternSets(&mut FindFinderPatterns(matrix, true, 0));
        for set in sets.into_iter().take(MOST_SETS) {
            let corners = [set.bl, set.tl, set.tr];
            if corners.iter().any(|corner| used.contains(corner)) {
                continue;
            }
            let decoded = SampleQR(matrix, &set).and_then(|sample| Decode(sample.getBits()));
            if let Ok(decoded) = decoded.as_ref()
                && decoded.isValid()
            {
                used.extend(corners);
                codes.add(decoded.content().bytes().to_vec());
            }
        }
    }
}

/// The pixel on paper of this brightness.
fn on(paper: u8, [grey, opacity]: [u8; 2]) -> u8 {
    let weighed = u32::from(grey) * u32::from(opacity) + u32::from(paper) * u32::from(u8::MAX - opacity);
    u8::try_from(weighed / u32::from(u8::MAX)).unwrap_or(u8::MAX)
}

/// The most sets of three corners that are tried: a page full of corners has hundreds of thousands.
const MOST_SETS: usize = 1_000;
/// The modules on a side of the smallest code.
const SMALLEST: u32 = 21;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Found;
    use qrcode::{Color, EcLevel, QrCode};

    /// A code in the middle of white, with so many pixels a module, as brightness and opacity.
    fn drawn(content: &[u8], scale: usize) -> (u32, Vec<[u8; 2]>) {
        let code = QrCode::with_error_correction_level(content, EcLevel::M).expect("a code");
        let side = (code.width() + 8) * scale;
        let dark = |at: usize| {
            let module =
                |place: usize| (place / scale).checked_sub(4).filter(|module| *module < code.width());
            matches!((module(at % side), module(at / side)), (Some(x), Some(y)) if code[(x, y)] == Color::Dark)
        };
        let pixels = (0..side * side).map(|at| [if dark(at) { 10 } else { 240 }, 255]).collect();
        (u32::try_from(side).expect("a side"), pixels)
    }

    fn found(width: u32, pixels: &[[u8; 2]]) -> Found {
        Picture::new(width, pixels.iter().copied()).expect("a picture").codes().found()
    }

    #[test]
    fn bytes_come_out_as_they_went_in_whether_they_are_text_or_not() {
        let all: Vec<u8> = (0..=255).collect();
        let zip = [b"PK\x03\x04".as_slice(), &all].concat();
        for content in [&all[..], &zip, b"\xff", b"KV1:ABC", "KV1:\u{926}".as_bytes(), b"8901234567890"] {
            let (width, pixels) = drawn(content, 4);
            let codes = Picture::new(width, pixels.iter().copied()).expect("a picture").codes();
            assert_eq!(codes.contents, [content], "{}", content.escape_ascii());
        }
    }

    #[test]
    fn a_code_is_read_on_white_on_black_and_without_a_background() {
        let (width, pixels) = drawn(b"KV1:ABC", 5);
        let dark = |pixel: &[u8; 2]| pixel[0] < 128;
        let looks: [fn(bool) -> [u8; 2]; 6] = [
            |dark| [if dark { 0 } else { 255 }, 255],
            |dark| [if dark { 255 } else { 0 }, 255],
            |dark| [0, if dark { 255 } else { 0 }],
            |dark| [255, if dark { 255 } else { 0 }],
            |dark| [0, if dark { 0 } else { 255 }],
            |dark| [255, if dark { 0 } else { 255 }],
        ];
        for (at, look) in looks.iter().enumerate() {
            let pixels: Vec<_> = pixels.iter().map(|pixel| look(dark(pixel))).collect();
            assert_eq!(found(width, &pixels), Found::Answer(b"KV1:ABC".into()), "look {at}");
        }
    }

    #[test]
    fn pixels_that_fill_no_whole_rows_are_no_picture() {
        let pixels = [[0, 255]; 12];
        for width in [0, 5, 13, u32::MAX] {
            assert!(Picture::new(width, pixels.iter().copied()).is_none(), "{width}");
        }
        assert_eq!(found(4, &pixels), Found::Nothing);
        assert!(Picture::new(0, [].into_iter()).is_none());
    }

    /// Noise, and codes of which parts are overwritten with it: nothing panics, and nothing else is read than what was drawn.
    #[test]
    fn no_picture_makes_a_reader_panic() {
        let mut state = 1_u64;
        let mut random = move |bound: u64| {
            // SplitMix64.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (mixed ^ (mixed >> 31)) % bound
        };
        for round in 0..300 {
            let content = vec![b'A'; usize::try_from(1 + random(120)).expect("a length")];
            let (width, mut pixels) = drawn(&content, 2 + usize::try_from(random(3)).expect("a scale"));
            let noise = random(100);
            let (start, end) = (random(pixels.len() as u64), random(pixels.len() as u64));
            for (at, pixel) in pixels.iter_mut().enumerate() {
                if (start.min(end)..start.max(end)).contains(&(at as u64)) && random(100) < noise {
                    *pixel = [if random(2) == 0 { 0 } else { 255 }, 255];
                }
            }
            // Also cut off in the middle of the code.
            let rows = pixels.len() / width as usize;
            let kept = usize::try_from(random(rows as u64)).expect("rows") * width as usize;
            pixels.truncate(if round % 3 == 0 { kept } else { pixels.len() });
            match found(width, &pixels) {
                Found::Other(read) => assert_eq!(read, content, "round {round}"),
                Found::Nothing | Found::Damaged => {}
                seen => panic!("round {round}: {seen:?}"),
            }
        }
    }
}
