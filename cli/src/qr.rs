//! QR codes (ISO/IEC 18004): made of a token's text, and read from a picture.

use std::io::Cursor;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use image::imageops;
use image::{DynamicImage, GrayImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, Luma};
use qrcode::bits::Bits;
use qrcode::render::svg;
use qrcode::{Color, EcLevel, QrCode, Version};

use crate::failure::{Failure, Result};
use crate::output::shown;

/// Modules of white around a code, as the standard asks.
const QUIET_ZONE: usize = 4;
/// Pixels of a PNG file for each module.
const PIXELS: usize = 8;
/// The most pixels of a picture that is read.
const MOST_PIXELS: u64 = 40_000_000;
/// Memory that a picture may take, in bytes: four for each pixel, and some for the decoder.
const PICTURE_MEMORY: u64 = 200 << 20;
/// The longest sides, in pixels, at which a code is looked for: a small copy of a large photograph is read faster
/// and, without its noise, better.
const LOOKS: [u32; 3] = [1_000, 2_000, 4_000];
/// How long a code is looked for.
const PATIENCE: Duration = Duration::from_secs(10);

/// A QR code at error correction level M in the alphanumeric mode.
pub(crate) struct Code {
    code: QrCode,
    version: i16,
}

impl Code {
    /// The smallest code that holds `text`, which is a presentation's: `KV1:` and Base45. It is one alphanumeric segment,
    /// which is what Base45 is for.
    pub(crate) fn new(text: &str) -> Result<Self> {
        (1..=40)
            .find_map(|version| {
                let mut bits = Bits::new(Version::Normal(version));
                bits.push_alphanumeric_data(text.as_bytes()).ok()?;
                bits.push_terminator(EcLevel::M).ok()?;
                QrCode::with_bits(bits, EcLevel::M).ok().map(|code| Self { code, version })
            })
            .ok_or_else(|| Failure::NoQrCode("the text is too long for a QR code".into()))
    }

    /// The version, 1 to 40, which says how large the code is.
    pub(crate) fn version(&self) -> i16 {
        self.version
    }

    /// Modules on a side, without the white around.
    pub(crate) fn width(&self) -> usize {
        self.code.width()
    }

    /// Modules on a side, with the white around.
    fn full_width(&self) -> usize {
        self.width() + 2 * QUIET_ZONE
    }

    /// Whether the module at this place of the full square is dark.
    fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = QUIET_ZONE..QUIET_ZONE + self.width();
        inside.contains(&x)
            && inside.contains(&y)
            && self.code[(x - QUIET_ZONE, y - QUIET_ZONE)] == Color::Dark
    }

    /// Half blocks, two modules for each character. In colours, black on white whatever the terminal's colours are;
    /// without, the blocks are the dark modules and no line ends in a space.
    pub(crate) fn for_terminal(&self, colours: bool) -> String {
        let width = self.full_width();
        let mut text = String::new();
        for y in (0..width).step_by(2) {
            let row = (0..width).map(|x| match (self.is_dark(x, y), self.is_dark(x, y + 1)) {
                (false, false) => ' ',
                (true, false) => '\u{2580}',
                (false, true) => '\u{2584}',
                (true, true) => '\u{2588}',
            });
            let row: String = row.collect();
            if colours {
                text.push_str("\x1b[38;5;16;48;5;231m");
                text.push_str(&row);
                text.push_str("\x1b[0m");
            } else {
                text.push_str(row.trim_end());
            }
            text.push('\n');
        }
        text
    }

    /// A PNG file.
    pub(crate) fn to_png(&self) -> Result<Vec<u8>> {
        let failed = |text: String| Failure::Io(format!("the picture could not be made: {text}"));
        let side = u32::try_from(self.full_width() * PIXELS).map_err(|error| failed(error.to_string()))?;
        let picture = GrayImage::from_fn(side, side, |x, y| {
            let module = |pixel: u32| pixel as usize / PIXELS;
            Luma([if self.is_dark(module(x), module(y)) { 0 } else { 255 }])
        });
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, ImageFormat::Png).map_err(|error| failed(error.to_string()))?;
        Ok(file.into_inner())
    }

    /// An SVG file.
    pub(crate) fn to_svg(&self) -> String {
        let mut text = self.code.render::<svg::Color<'_>>().quiet_zone(true).build();
        text.push('\n');
        text
    }
}

/// Whether a file starts as PNG or JPEG do.
pub(crate) fn is_picture(start: &[u8]) -> bool {
    start.starts_with(b"\x89PNG\r\n\x1a\n") || start.starts_with(b"\xff\xd8\xff")
}

/// The text of the QR code in a picture: of several, the one that is a token's.
///
/// A picture can be drawn so that looking for codes in it takes hours; whoever shows one is told so after a while.
pub(crate) fn read_picture(file: Vec<u8>, name: &str) -> Result<String> {
    let (sender, receiver) = mpsc::channel();
    // It ends with the program if it does not end before.
    thread::spawn(move || drop(sender.send(find(&file))));
    Err(match receiver.recv_timeout(PATIENCE) {
        Ok(Found::Text(text)) => return Ok(text),
        Ok(Found::NoPicture(reason)) => Failure::Io(format!("cannot read {name}: {}", shown(&reason))),
        Ok(Found::Several) => Failure::NoQrCode(format!(
            "there are two answers in {name}, and one alone can be read: show one at a time"
        )),
        Ok(Found::Nothing) => Failure::NoQrCode(format!("there is no QR code in {name}")),
        Ok(Found::Damaged) | Err(RecvTimeoutError::Disconnected) => Failure::NoQrCode(format!(
            "the QR code in {name} cannot be read: take the picture closer, straight and in good light"
        )),
        Err(RecvTimeoutError::Timeout) => {
            Failure::NoQrCode(format!("no QR code was found in {name} within {} seconds", PATIENCE.as_secs()))
        }
    })
}

/// What was found in a picture.
enum Found {
    Text(String),
    /// Different tokens.
    Several,
    NoPicture(String),
    Nothing,
    Damaged,
}

fn find(file: &[u8]) -> Found {
    let picture = match decode(file) {
        Ok(picture) => picture,
        Err(reason) => return Found::NoPicture(reason),
    };
    let mut damaged = false;
    let mut other = None;
    for size in sizes(&picture) {
        let mut token = None;
        for found in looks(&picture, size).iter().flat_map(codes) {
            match found {
                Some(text) if text.starts_with("KV1:") => {
                    if token.as_ref().is_some_and(|token| *token != text) {
                        return Found::Several;
                    }
                    token = Some(text);
                }
                Some(text) => other = other.or(Some(text)),
                None => damaged = true,
            }
        }
        if let Some(text) = token {
            return Found::Text(text);
        }
    }
    match other {
        Some(text) => Found::Text(text),
        None if damaged => Found::Damaged,
        None => Found::Nothing,
    }
}

fn decode(file: &[u8]) -> std::result::Result<GrayImage, String> {
    // The first line of what a library says is its sentence.
    let reason = |text: String| text.lines().next().unwrap_or_default().to_owned();
    let mut reader = ImageReader::new(Cursor::new(file))
        .with_guessed_format()
        .map_err(|error| reason(error.to_string()))?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(PICTURE_MEMORY);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|error| reason(error.to_string()))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS || decoder.total_bytes() > PICTURE_MEMORY {
        return Err(format!(
            "a picture of {width} x {height} pixels is too large: 40 megapixels of 8 bits a colour are the most"
        ));
    }
    let picture = DynamicImage::from_decoder(decoder).map_err(|error| reason(error.to_string()))?;
    Ok(picture.into_luma8())
}

/// The sizes at which a picture is looked at.
fn sizes(picture: &GrayImage) -> impl Iterator<Item = u32> {
    let longest = picture.width().max(picture.height());
    let last = LOOKS[LOOKS.len() - 1];
    LOOKS.into_iter().filter(move |&size| size < longest).chain((longest <= last).then_some(longest))
}

/// The picture as it is and with black and white exchanged, as a screen in dark colours shows it.
fn looks(picture: &GrayImage, size: u32) -> [GrayImage; 2] {
    let as_it_is = scaled(picture, size);
    let mut exchanged = as_it_is.clone();
    imageops::invert(&mut exchanged);
    [as_it_is, exchanged]
}

fn scaled(picture: &GrayImage, longest: u32) -> GrayImage {
    let (width, height) = picture.dimensions();
    let largest = width.max(height);
    if largest <= longest {
        return picture.clone();
    }
    let scale = |side: u32| {
        let side = u64::from(side) * u64::from(longest) / u64::from(largest);
        u32::try_from(side).unwrap_or(longest).max(1)
    };
    // Not `resize`, which works on a copy of sixteen bytes a pixel.
    imageops::thumbnail(picture, scale(width), scale(height))
}

/// The text of each code in a picture; `None` for one that cannot be read.
fn codes(picture: &GrayImage) -> Vec<Option<String>> {
    let mut prepared = rqrr::PreparedImage::prepare(picture.clone());
    prepared.detect_grids().into_iter().map(|grid| grid.decode().ok().map(|(_, text)| text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alphanumeric_text_takes_eleven_bits_for_two_characters() {
        // Version 12 at level M holds 419 characters in the alphanumeric mode and 287 bytes in the byte mode.
        let longest = "KV1:".to_owned() + &"A".repeat(415);
        assert_eq!(Code::new(&longest).map(|code| code.version()).ok(), Some(12));
        assert_eq!(Code::new(&(longest + "A")).map(|code| code.version()).ok(), Some(13));
    }

    #[test]
    fn a_code_comes_back_from_its_png() -> Result<()> {
        for text in ["KV1:ABC", &("KV1:".to_owned() + &"09AZ $%*+-./:".repeat(60))] {
            let png = Code::new(text)?.to_png()?;
            assert!(is_picture(&png));
            assert_eq!(read_picture(png, "it")?, text);
        }
        Ok(())
    }
}
