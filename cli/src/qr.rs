//! QR codes (ISO/IEC 18004): made of a token's text, and read from a picture.

use std::borrow::Cow;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use image::imageops;
use image::{
    DynamicImage, GrayAlphaImage, GrayImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, Luma,
};
use kycvs_scan::{Codes, Found, Picture, Reader, looks};
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
/// The time of the processor that one look at a picture, with one reader at one size, may take. Without optimisation,
/// everything takes longer.
const PATIENCE: Duration = Duration::from_secs(if cfg!(debug_assertions) { 60 } else { 10 });
/// How often the time is compared.
const TICK: Duration = Duration::from_millis(100);

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
    pub(crate) fn full_width(&self) -> usize {
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

/// The content of the QR code in a picture: of several, the answer.
pub(crate) fn read_picture(file: Vec<u8>, name: &str) -> Result<Vec<u8>> {
    Err(Failure::NoQrCode(match codes(file, name)?.found() {
        Found::Answer(content) | Found::Other(content) => return Ok(content),
        Found::Several => {
            format!("there are two answers in {name}, and nobody can say which is meant: show one at a time")
        }
        Found::Nothing => format!("there is no QR code in {name}"),
        Found::Damaged => format!(
            "the QR code in {name} cannot be read: take the picture closer, straight and in good light"
        ),
    }))
}

/// All QR codes in a picture.
///
/// A picture can be drawn for which a reader searches for hours. If one look takes longer than [`PATIENCE`], the search fails:
/// a later look could have seen another answer, and the verdict must not depend on how fast the machine is. Other work on a
/// busy machine does not count.
pub(crate) fn codes(file: Vec<u8>, name: &str) -> Result<Codes> {
    let (sender, receiver) = mpsc::channel();
    // It ends with the program if it does not end before.
    thread::spawn(move || look(&file, &sender));
    let mut codes = None::<Codes>;
    let start = Instant::now();
    let mut begun = spent(start);
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(Ok(seen)) => {
                codes.get_or_insert_default().extend(seen);
                begun = spent(start);
            }
            Ok(Err(reason)) => return Err(Failure::Io(format!("cannot read {name}: {}", shown(&reason)))),
            Err(RecvTimeoutError::Disconnected) => return Ok(codes.unwrap_or_else(damaged)),
            Err(RecvTimeoutError::Timeout) if spent(start) < begun + PATIENCE => {}
            Err(RecvTimeoutError::Timeout) => {
                return Err(Failure::NoQrCode(format!(
                    "the search for a QR code in {name} takes too long: take another picture"
                )));
            }
        }
    }
}

/// The processor's time of this process: of the search, since nothing else runs meanwhile.
#[cfg(unix)]
fn spent(_start: Instant) -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap_or_default()
}

#[cfg(not(unix))]
fn spent(start: Instant) -> Duration {
    start.elapsed()
}

/// Looks at every size, also after an answer was found: at another size there may be another answer.
fn look(file: &[u8], seen: &Sender<std::result::Result<Codes, String>>) {
    let picture = match decode(file) {
        Ok(picture) => picture,
        Err(reason) => return drop(seen.send(Err(reason))),
    };
    // The faster reader first: nothing that keeps the other one busy hides what this one sees.
    for reader in [Reader::Rxing, Reader::Rqrr] {
        for size in looks(picture.width().max(picture.height())) {
            let picture = scaled(&picture, size);
            let pixels = picture.as_raw().chunks_exact(2).map(|pixel| [pixel[0], pixel[1]]);
            let codes = || Picture::new(picture.width(), pixels).map(|picture| picture.codes_by(&[reader]));
            // A library that panics has seen something that it cannot read. The other looks go on.
            let codes = catch_unwind(AssertUnwindSafe(codes)).unwrap_or_else(|_| Some(damaged()));
            if seen.send(Ok(codes.unwrap_or_default())).is_err() {
                return;
            }
        }
    }
}

/// A code that cannot be read.
fn damaged() -> Codes {
    Codes { contents: Vec::new(), damaged: 1 }
}

/// Brightness and opacity of each pixel.
fn decode(file: &[u8]) -> std::result::Result<GrayAlphaImage, String> {
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
    Ok(picture.into_luma_alpha8())
}

fn scaled(picture: &GrayAlphaImage, longest: u32) -> Cow<'_, GrayAlphaImage> {
    let (width, height) = picture.dimensions();
    let largest = width.max(height);
    if largest <= longest {
        return Cow::Borrowed(picture);
    }
    let scale = |side: u32| {
        let side = u64::from(side) * u64::from(longest) / u64::from(largest);
        u32::try_from(side).unwrap_or(longest).max(1)
    };
    // Not `resize`, which works on a copy of sixteen bytes a pixel.
    Cow::Owned(imageops::thumbnail(picture, scale(width), scale(height)))
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
            assert_eq!(read_picture(png, "it")?, text.as_bytes());
        }
        Ok(())
    }

    /// Two codes beside or above each other, as large as each other or one twice as large, and between them so many
    /// modules of white.
    fn two(
        first: &str,
        second: &str,
        above: bool,
        pixels: [usize; 2],
        gap: usize,
        scale: f64,
    ) -> Result<Vec<u8>> {
        let codes = [Code::new(first)?, Code::new(second)?];
        let sides = [0, 1].map(|place| codes[place].full_width() * pixels[place]);
        let along = sides[0] + gap + sides[1];
        let across = sides[0].max(sides[1]);
        let (width, height) = if above { (across, along) } else { (along, across) };
        let size = |side: usize| u32::try_from(side).expect("a small picture");
        let picture = GrayImage::from_fn(size(width), size(height), |x, y| {
            let (along, across) = if above { (y as usize, x as usize) } else { (x as usize, y as usize) };
            let dark = [(0, 0), (1, sides[0] + gap)].into_iter().any(|(place, start)| {
                let at = along.checked_sub(start).map(|along| along / pixels[place]);
                let (at, across) = (at.unwrap_or(usize::MAX), across / pixels[place]);
                if above { codes[place].is_dark(across, at) } else { codes[place].is_dark(at, across) }
            });
            Luma([if dark { 0 } else { 255 }])
        });
        // As a screen or a photograph has it: a module is no whole number of pixels.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small picture")]
        let scaled = |side: u32| (f64::from(side) * scale).round() as u32;
        let (width, height) = (scaled(picture.width()), scaled(picture.height()));
        let picture = imageops::resize(&picture, width, height, imageops::FilterType::Triangle);
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, ImageFormat::Png).expect("a picture");
        Ok(file.into_inner())
    }

    #[test]
    fn two_answers_in_one_picture_are_an_error_in_every_layout() -> Result<()> {
        let [one, other] = answers();
        let mut wrong = Vec::new();
        for (above, pixels, gap) in layouts() {
            for scale in [0.9, 1.0, 1.5] {
                match read_picture(two(&one, &other, above, pixels, gap, scale)?, "it") {
                    Err(Failure::NoQrCode(text)) if text.contains("there are two answers") => {}
                    found => {
                        wrong.push((above, pixels, gap, scale, found.map(|text| text == one.as_bytes())));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
        Ok(())
    }

    #[test]
    fn an_answer_is_read_beside_itself_and_beside_a_code_of_another_kind() -> Result<()> {
        let [one, _] = answers();
        for (above, pixels, gap) in layouts().into_iter().filter(|(_, _, gap)| *gap == 20) {
            for beside in [&one, "HTTPS://EXAMPLE.ORG/ASK"] {
                let picture = two(&one, beside, above, pixels, gap, 1.0)?;
                assert_eq!(read_picture(picture, "it")?, one.as_bytes(), "{beside} {above} {pixels:?}");
            }
        }
        Ok(())
    }

    fn answers() -> [String; 2] {
        ["09AZ $%*+-./:", "ZA90 $%*+-./:"].map(|text| "KV1:".to_owned() + &text.repeat(24))
    }

    /// Beside and above each other, in three sizes, with three gaps.
    fn layouts() -> Vec<(bool, [usize; 2], usize)> {
        let mut layouts = Vec::new();
        for above in [false, true] {
            for pixels in [[3, 3], [5, 5], [3, 6]] {
                layouts.extend([0, 20, 100].map(|gap| (above, pixels, gap)));
            }
        }
        layouts
    }
}
