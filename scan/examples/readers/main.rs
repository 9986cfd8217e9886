//! How many computed photographs each reader of QR codes can read: `cargo run --release -p kycvs-scan --example readers`.
//!
//! With a folder as argument, the photographs are written there, for readers that are not in Rust.

// Pixels are counted in whole numbers and computed in fractions.
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss)]

mod photographs;

use std::path::Path;
use std::time::{Duration, Instant};

use image::{GrayImage, imageops};
use kycvs_scan::{Codes, Picture, Reader, looks};
use photographs::GROUPS;
use qrcode::{EcLevel, QrCode};

/// Photographs of each group.
const EACH: u64 = 8;

const READERS: [(&str, &[Reader]); 3] =
    [("rqrr", &[Reader::Rqrr]), ("rxing", &[Reader::Rxing]), ("both", &[Reader::Rqrr, Reader::Rxing])];

fn main() {
    let folder = std::env::args_os().nth(1);
    // As long as an answer with an opening is.
    let text = format!("KV1:{}", "7AB$C%D*E+F-G.H/I:J K0L1M2N3".repeat(15).get(..400).unwrap_or_default());
    let code = QrCode::with_error_correction_level(&text, EcLevel::M).expect("a code");
    println!("| {EACH} photographs of each kind | {} |", READERS.map(|(name, _)| name).join(" | "));
    println!("|---|{}", "---:|".repeat(READERS.len()));
    let mut total = [0; READERS.len()];
    let mut time = [Duration::ZERO; READERS.len()];
    for (group, seed) in GROUPS.iter().zip((0..).step_by(1_000)) {
        let mut read = [0; READERS.len()];
        for number in 0..EACH {
            let photograph = group.photograph(&code, seed + number);
            if let Some(folder) = &folder {
                let name = format!("{}-{number}.png", group.name.replace([' ', ','], "_"));
                photograph.save(Path::new(folder).join(name)).expect("the picture is written");
            }
            for (at, (_, readers)) in READERS.iter().enumerate() {
                let start = Instant::now();
                read[at] +=
                    u64::from(codes(&photograph, readers).contents.iter().any(|one| *one == text.as_bytes()));
                time[at] += start.elapsed();
            }
        }
        println!("| {} | {} |", group.name, read.map(|count| count.to_string()).join(" | "));
        (0..READERS.len()).for_each(|at| total[at] += read[at]);
    }
    println!(
        "| **all {}** | {} |",
        GROUPS.len() as u64 * EACH,
        total.map(|count| count.to_string()).join(" | ")
    );
    let pictures = u32::try_from(GROUPS.len() as u64 * EACH).unwrap_or(u32::MAX);
    println!(
        "| milliseconds for each | {} |",
        time.map(|time| (time / pictures).as_millis().to_string()).join(" | ")
    );
}

/// All codes of a photograph, at every size at which the command line and the page look.
fn codes(photograph: &GrayImage, readers: &[Reader]) -> Codes {
    let longest = photograph.width().max(photograph.height());
    let mut codes = Codes::default();
    for size in looks(longest) {
        let side = |side: u32| (side * size / longest).max(1);
        let small = imageops::thumbnail(photograph, side(photograph.width()), side(photograph.height()));
        let pixels = small.as_raw().iter().map(|grey| [*grey, u8::MAX]);
        if let Some(picture) = Picture::new(small.width(), pixels) {
            codes.extend(picture.codes_by(readers));
        }
    }
    codes
}
