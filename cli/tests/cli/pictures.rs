//! Pictures as people have them: transparent, in a palette, scanned, with two answers, and of codes of another kind.

use std::io::Write as _;
use std::path::PathBuf;

use image::imageops::{self, FilterType};
use image::{DynamicImage, GrayImage, ImageBuffer, Luma, LumaA, Rgba};
use qrcode::{Color, EcLevel, QrCode};

use crate::support::{Folder, NOTHING};

/// The text that the picture in this file shows, of a folder.
#[track_caller]
fn text_in(folder: &Folder, name: &str) -> String {
    folder.run("qr --json {}", &[name]).json()["text"].as_str().expect("a text").to_owned()
}

/// A picture of the answer of the fixtures, with eight pixels a module, and its text.
fn answer(folder: &Folder) -> (GrayImage, String) {
    folder.run("qr answer.txt --out code.png", NOTHING).good();
    let code = image::open(folder.path("code.png")).expect("a picture").into_luma8();
    (code, folder.text("answer.txt").trim().to_owned())
}

/// A picture of a code that holds these bytes.
fn code_of(content: &[u8]) -> GrayImage {
    let code = QrCode::with_error_correction_level(content, EcLevel::M).expect("a code");
    let side = u32::try_from(code.width() + 8).expect("a side");
    let module = |x: u32| (x / 4).checked_sub(4).filter(|x| *x < side - 8).map(|x| x as usize);
    GrayImage::from_fn(side * 4, side * 4, |x, y| match (module(x), module(y)) {
        (Some(x), Some(y)) if code[(x, y)] == Color::Dark => Luma([0]),
        _ => Luma([255]),
    })
}

#[test]
fn pictures_of_every_colour_type_are_read() {
    let folder = Folder::new();
    let (code, text) = answer(&folder);
    let dark = |x, y| code.get_pixel(x, y).0[0] < 128;
    let (width, height) = code.dimensions();
    let colours = |ink: [u8; 4], paper: [u8; 4]| {
        DynamicImage::from(ImageBuffer::from_fn(width, height, |x, y| {
            Rgba(if dark(x, y) { ink } else { paper })
        }))
    };
    let mut pictures = vec![
        ("black on transparent black", colours([0, 0, 0, 255], [0, 0, 0, 0])),
        ("black on transparent white", colours([0, 0, 0, 255], [255, 255, 255, 0])),
        ("white on transparent", colours([255, 255, 255, 255], [255, 255, 255, 0])),
        ("transparent on black", colours([0, 0, 0, 0], [0, 0, 0, 255])),
        ("transparent on white", colours([0, 0, 0, 0], [255, 255, 255, 255])),
        ("half transparent", colours([0, 0, 0, 160], [0, 0, 0, 0])),
        ("blue on yellow", colours([0, 0, 160, 255], [255, 240, 120, 255])),
        ("yellow on blue", colours([255, 240, 120, 255], [0, 0, 160, 255])),
    ];
    let grey_and_opacity =
        ImageBuffer::from_fn(width, height, |x, y| LumaA([0, if dark(x, y) { 255_u8 } else { 0 }]));
    pictures.push(("grey and opacity", grey_and_opacity.into()));
    let opaque = colours([0, 0, 0, 255], [255, 255, 255, 255]);
    pictures.push(("16 bits grey", opaque.to_luma16().into()));
    pictures.push(("16 bits colour", opaque.to_rgb16().into()));
    pictures.push(("16 bits grey and opacity", opaque.to_luma_alpha16().into()));
    pictures.push(("16 bits colour and opacity", colours([0, 0, 0, 255], [0, 0, 0, 0]).to_rgba16().into()));
    for (what, picture) in pictures {
        picture.save(folder.path("picture.png")).expect("a picture");
        assert_eq!(text_in(&folder, "picture.png"), text, "{what}");
    }
}

/// Two colours in a palette, one of them transparent, a bit a pixel.
#[test]
fn a_palette_with_a_transparent_colour_is_read() {
    let folder = Folder::new();
    let (code, text) = answer(&folder);
    for (palette, opacity) in [
        ([0, 0, 0, 0, 0, 0], [255, 0]),
        ([0, 0, 0, 255, 255, 255], [255, 255]),
        ([255, 255, 255, 0, 0, 0], [255, 0]),
    ] {
        let mut encoder_file = Vec::new();
        let mut encoder = png::Encoder::new(&mut encoder_file, code.width(), code.height());
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::One);
        encoder.set_palette(palette.to_vec());
        encoder.set_trns(opacity.to_vec());
        let row = |row: &[u8]| -> Vec<u8> {
            let bit = |at: usize, grey: &u8| u8::from(*grey > 127) << (7 - at);
            row.chunks(8).map(|byte| byte.iter().enumerate().map(|(at, grey)| bit(at, grey)).sum()).collect()
        };
        let rows: Vec<u8> = code.as_raw().chunks(code.width() as usize).flat_map(row).collect();
        encoder.write_header().expect("a header").write_image_data(&rows).expect("a picture");
        folder.write("palette.png", &encoder_file);
        assert_eq!(text_in(&folder, "palette.png"), text, "{palette:?} {opacity:?}");
    }
}

/// A page of A4 with a code of 3 cm, and with lines of print that are level or askew.
#[test]
fn a_scanned_page_with_a_code_of_three_centimetres_is_read() {
    let folder = Folder::new();
    let (code, text) = answer(&folder);
    for dots_per_inch in [200, 300] {
        let (width, height) = (dots_per_inch * 210 * 10 / 254, dots_per_inch * 297 * 10 / 254);
        let side = dots_per_inch * 30 * 10 / 254;
        let small = imageops::resize(&code, side, side, FilterType::Triangle);
        for (left, top, slope) in [(10, 10, 100_000), (80, 50, 60), (40, 85, -45)] {
            let mut page = print(width, height, slope);
            let place = |share: u32, all: u32| i64::from((all - side) * share / 100);
            imageops::overlay(&mut page, &small, place(left, width), place(top, height));
            page.save(folder.path("page.png")).expect("a picture");
            assert_eq!(text_in(&folder, "page.png"), text, "{dots_per_inch} dpi at {left} %, {top} %");
        }
    }
}

/// Lines of strokes that look like print, the same ones each time. They fall or rise by a pixel in `slope`.
fn print(width: u32, height: u32, slope: i32) -> GrayImage {
    let line = width / 60;
    GrayImage::from_fn(width, height, |x, y| {
        let y = y.saturating_add_signed(x.cast_signed() / slope);
        let (letter, row) = (x * 3 / line, y / line);
        let seed = letter.wrapping_mul(2_654_435_761).wrapping_add(row.wrapping_mul(40_503)) >> 7;
        let printed = row % 2 == 0 && seed % 5 != 0 && x.wrapping_add(y.wrapping_mul(seed)) % 7 < 3;
        Luma([if printed { 40 } else { 235 + (seed % 20) as u8 }])
    })
}

#[test]
fn a_code_of_another_kind_is_named() {
    let folder = Folder::new();
    let zip =
        [b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0certificate.json".as_slice(), &[0x80, 0xff, 0, 1].repeat(100)]
            .concat();
    let aadhaar = "1234567890".repeat(150);
    for (content, kind) in [
        (&zip[..], " (a CoWIN certificate)"),
        (b"HC1:6BFOXN*TS0BI$ZD4N9:9S6RCVN5+O30K3/XIV0W23NTDE", " (an EU health certificate)"),
        (b"shc:/567629095243206034602924374044603122295953265460346029", " (a SMART Health Card)"),
        (b"upi://pay?pa=shop@bank&pn=Shop&am=10", " (a UPI payment)"),
        (b"https://example.org/ticket/1", " (a web address)"),
        (b"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", " (a JSON Web Token)"),
        (b"mdoc:owBjMS4wAYIB2BhYS6QBAiABIVgg", " (a mobile identity document)"),
        (b"BEGIN:VCARD\nVERSION:3.0\nFN:Somebody\nEND:VCARD", " (contact details)"),
        (b"WIFI:S:net;T:WPA;P:secret;;", " (a wireless network)"),
        (b"<?xml version=\"1.0\"?><PrintLetterBarcodeData uid=\"1\"/>", " (an Aadhaar card)"),
        (aadhaar.as_bytes(), " (an Aadhaar card)"),
        (b"8901234567890", " (a plain number)"),
        (b"\xff\xfe\x00\x80 bytes", ""),
        (b"Coach B2, seat 41", ""),
        (b"TICKET1234", ""),
    ] {
        code_of(content).save(folder.path("other.png")).expect("a picture");
        let said = folder.verify("--allow-open other.png", NOTHING);
        let seen = folder.verify("--allow-open --json other.png", NOTHING).json();
        let sentence = format!("this is a code of another kind{kind}: ask for the KYC-VS answer");
        assert_eq!(seen["message"], *sentence, "{}", content.escape_ascii());
        assert_eq!((&seen["family"], said.status), (&"unreadable".into(), Some(1)));
        // The code stays what the core says of this text.
        let text = std::str::from_utf8(content).unwrap_or("\u{fffd}");
        let error = kycvs::Presentation::from_text(text).expect_err("no answer");
        assert_eq!(seen["code"], error.code().as_str());
    }
}

#[test]
fn another_kind_is_named_where_it_was_scanned_as_text_too() {
    let folder = Folder::new();
    let sentence = "error[bad_text]: this is a code of another kind (an EU health certificate): ask for the KYC-VS answer";
    folder.verify("--allow-open {}", &["HC1:6BFOXN*TS0BI$ZD4N9"]).ends(1, sentence);
    folder.write("scanned", "HC1:6BFOXN*TS0BI$ZD4N9\n");
    folder.verify("--allow-open scanned", NOTHING).ends(1, sentence);
    folder.run("inspect scanned", NOTHING).ends(1, sentence);
    let batch = folder.verify("--allow-open --batch scanned", NOTHING);
    assert!(batch.stdout.contains(sentence), "{batch:?}");
    // What may be a damaged answer is not called something else.
    folder.verify("--allow-open {}", &["KV1:NCF"]).ends(1, "error[");
    let damaged = folder.verify("--allow-open {}", &["hello"]);
    assert!(!damaged.stderr.contains("another kind"), "{damaged:?}");
}

#[test]
fn a_damaged_answer_in_a_code_is_not_called_another_kind() {
    let folder = Folder::new();
    code_of(b"KV1:NCF$AB").save(folder.path("damaged.png")).expect("a picture");
    let run = folder.verify("--allow-open damaged.png", NOTHING);
    assert!(run.status == Some(1) && !run.stderr.contains("another kind"), "{run:?}");
}

/// A pair at different sizes and places: each look at the picture may see only one of them.
#[test]
fn two_answers_in_one_picture_are_refused_in_every_layout() {
    let folder = Folder::new();
    let (first, _) = answer(&folder);
    folder.run("qr pass.kycvs --out code.png", NOTHING).good();
    let second = image::open(folder.path("code.png")).expect("a picture").into_luma8();
    for (page, side, place) in [
        ((1_200, 700), 560, (620, 20)),
        ((2_400, 1_600), 220, (1_900, 1_200)),
        ((3_600, 2_400), 300, (3_000, 100)),
        ((3_600, 2_400), 1_200, (1_500, 1_000)),
    ] {
        let mut picture = GrayImage::from_pixel(page.0, page.1, Luma([250]));
        imageops::overlay(&mut picture, &first, 20, 20);
        let other = imageops::resize(&second, side, side, FilterType::Triangle);
        imageops::overlay(&mut picture, &other, place.0, place.1);
        picture.save(folder.path("two.png")).expect("a picture");
        let two = folder.verify("--allow-open two.png", NOTHING);
        two.ends(2, "error[no_qr_code]: there are two answers in `two.png`");
    }
}

/// The pictures of `data/field`. They are not copied.
#[test]
fn pictures_from_the_field_give_what_their_readme_says() {
    let folder = std::env::var_os("KYCVS_SHARED_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")),
        PathBuf::from,
    );
    let field = folder.join("field");
    let Ok(text) = std::fs::read_to_string(field.join("qr-answer.txt")) else {
        // Not `eprintln!`, which the test harness keeps to itself.
        let line = b"\nnot run: pictures from the field are not there (KYCVS_SHARED_DATA names the folder)\n";
        return drop(std::io::stderr().write_all(line));
    };
    let folder = Folder::new();
    let at = |name: &str| field.join(name).into_os_string();
    for name in ["qr-transparent.png", "qr-a4-300dpi.png"] {
        let seen = folder.run("qr --json {}", &[at(name)]).json();
        assert_eq!(seen["text"], text.trim(), "{name}");
    }
    for (name, kind) in [("qr-cowin-zip.png", "a CoWIN certificate"), ("qr-upi.png", "a UPI payment")] {
        let sentence =
            format!("error[bad_text]: this is a code of another kind ({kind}): ask for the KYC-VS answer");
        folder.verify("--allow-open {}", &[at(name)]).ends(1, &sentence);
        folder.run("inspect {}", &[at(name)]).ends(1, &sentence);
    }
}
