//! The forms in which a token is taken: text, hex, files, standard input, pictures.

use image::{DynamicImage, GrayImage, ImageFormat, Luma};

use crate::support::{AUDIENCE, CHECKED, Folder, NAME, NONCE, NOTHING, run};

const PASS: &str = "--allow-open --max-lifetime 30d";

/// Asserts that it is the pass of the fixtures.
#[track_caller]
fn is_the_pass(folder: &Folder, token: &str) {
    let text = folder.verify(&format!("{PASS} {{}}"), &[token]).good();
    assert!(text.starts_with("good: fully vaccinated (2)\n"), "{text}");
}

#[test]
fn every_form_gives_the_same_verdict() {
    let folder = Folder::new();
    let bytes = folder.read("pass.kycvs");
    let seen = folder.run("qr --json pass.kycvs", NOTHING).json();
    let text = seen["text"].as_str().expect("text").to_owned();
    let hex = hex::encode(&bytes);
    let base64url = base64url(&bytes);

    for (name, content) in [
        ("raw", bytes.clone()),
        ("text", text.clone().into_bytes()),
        ("pasted", format!("\n\t {text} \r\n\r\n").into_bytes()),
        ("notepad", format!("\u{feff}{text}\r\n").into_bytes()),
        ("base64url", format!("{base64url}\n").into_bytes()),
        ("hex", format!("  {hex}\n").into_bytes()),
    ] {
        folder.write(name, &content);
        is_the_pass(&folder, name);
        let arguments = format!("verify --no-nonce --trust trust.cbor --now 2026-07-01T10:05:00Z {PASS} -");
        folder.run_with(&arguments, NOTHING, &content).good();
    }
    for token in [text.clone(), format!("  {text}\n"), base64url, hex.to_uppercase(), hex] {
        is_the_pass(&folder, &token);
    }
}

/// One token, alone in a file and on the first line of a batch, with things around it that people do not see.
#[test]
fn a_batch_takes_what_a_single_call_takes() {
    let folder = Folder::new();
    let bytes = folder.read("pass.kycvs");
    let presentation = kycvs::Presentation::from_bytes(&bytes).expect("the pass");
    let forms = [presentation.to_text(), presentation.to_base64url(), hex::encode(&bytes)];
    let (mark, space) = ("\u{feff}", "\u{a0}");
    for form in &forms {
        for (content, good) in [
            (form.clone(), true),
            (format!(" \t{form} \t\r\n"), true),
            (format!("{mark}{form}\n"), true),
            (format!("{mark} {form}\r\n"), true),
            (format!("{mark}{mark}{form}\n"), false),
            (format!(" {mark}{form}\n"), false),
            (format!("{space}{form}\n"), false),
            (format!("{form}{space}\n"), false),
            (format!("\u{3000}{form}\n"), false),
            (format!("\u{c}{form}\n"), false),
            (format!("{form}\0\n"), false),
            (format!("{form}\u{e9}\n"), false),
        ] {
            same_in_a_batch(&folder, content.as_bytes(), good);
        }
    }
    same_in_a_batch(&folder, &[forms[0].as_bytes(), b"\xff\n"].concat(), false);
    same_in_a_batch(&folder, mark.as_bytes(), false);
    same_in_a_batch(&folder, b"\n", false);

    // The mark stands at the beginning of a file, not of a line.
    folder.write("tokens", format!("{mark}{0}\n{mark}{0}\n", forms[0]));
    let batch = folder.verify(&format!("{PASS} --batch tokens"), NOTHING).ends(1, "1 good, 1 not good");
    assert!(batch.stdout.starts_with("good[2]") && batch.stdout.contains("\nerror[bad_text]"), "{batch:?}");
}

/// Asserts that a file's content has one verdict as a token and as a batch of one line, from standard input too.
#[track_caller]
fn same_in_a_batch(folder: &Folder, content: &[u8], good: bool) {
    folder.write("token", content);
    let codes = ["token", "--batch token", "-", "--batch -"].map(|how| {
        let call = format!("verify --no-nonce --trust trust.cbor --now {CHECKED} {PASS} --json {how}");
        let seen = folder.run_with(&call, NOTHING, content).json();
        if seen["ok"] == true { "good".to_owned() } else { seen["code"].to_string() }
    });
    assert!(
        codes.iter().all(|code| *code == codes[0]),
        "{codes:?}: {:?}",
        content.escape_ascii().to_string()
    );
    assert_eq!(codes[0] == "good", good, "{codes:?}: {:?}", content.escape_ascii().to_string());
}

#[test]
fn pictures_are_read_back() {
    let folder = Folder::new();
    folder.run("qr pass.kycvs --out pass.png", NOTHING).good();
    is_the_pass(&folder, "pass.png");

    let code = image::open(folder.path("pass.png")).expect("a picture").into_luma8();
    let save = |picture: &GrayImage, name: &str, format| {
        DynamicImage::from(picture.clone()).save_with_format(folder.path(name), format).expect("a picture");
        is_the_pass(&folder, name);
    };
    // A JPEG file under a name that says nothing.
    save(&code, "pass.picture", ImageFormat::Jpeg);
    // As a screen in dark colours shows it.
    let mut exchanged = code.clone();
    image::imageops::invert(&mut exchanged);
    save(&exchanged, "dark.png", ImageFormat::Png);
    // Turned, and somewhere on a large page.
    let mut page = GrayImage::from_pixel(3000, 2200, Luma([230]));
    image::imageops::overlay(&mut page, &image::imageops::rotate90(&code), 1700, 900);
    save(&page, "page.png", ImageFormat::Png);
    save(&page, "page.jpg", ImageFormat::Jpeg);
}

#[test]
fn of_several_codes_the_token_is_taken() {
    let folder = Folder::new();
    folder.run("qr pass.kycvs --out pass.png", NOTHING).good();
    let code = image::open(folder.path("pass.png")).expect("a picture").into_luma8();
    let other = qrcode::QrCode::new("https://example.org/help").expect("a code");
    let other = GrayImage::from_fn(290, 290, |x, y| {
        let module = |pixel: u32| {
            (pixel / 10).checked_sub(2).filter(|&module| module < 25).map(|module| module as usize)
        };
        let dark = match (module(x), module(y)) {
            (Some(x), Some(y)) => other[(x, y)] == qrcode::Color::Dark,
            _ => false,
        };
        Luma([if dark { 0 } else { 255 }])
    });
    let mut page = GrayImage::from_pixel(1100, 700, Luma([255]));
    image::imageops::overlay(&mut page, &other, 20, 20);
    image::imageops::overlay(&mut page, &code, 420, 40);
    page.save(folder.path("page.png")).expect("a picture");
    is_the_pass(&folder, "page.png");

    // The same answer twice is one; two answers are none.
    folder.run("qr answer.txt --out answer.png", NOTHING).good();
    let answer = image::open(folder.path("answer.png")).expect("a picture").into_luma8();
    for (second, good) in [(&code, true), (&answer, false)] {
        let mut page = GrayImage::from_pixel(1500, 700, Luma([255]));
        image::imageops::overlay(&mut page, &code, 20, 20);
        image::imageops::overlay(&mut page, second, 800, 20);
        page.save(folder.path("two.png")).expect("a picture");
        if good {
            is_the_pass(&folder, "two.png");
        } else {
            let two = folder.verify(&format!("{PASS} two.png"), NOTHING);
            two.ends(2, "error[no_qr_code]: there are two answers in `two.png`");
        }
    }

    // A small one on a large page: it is seen in a large copy of the picture only.
    let mut page = GrayImage::from_pixel(3800, 1600, Luma([255]));
    let large = image::imageops::resize(&code, 1500, 1500, image::imageops::FilterType::Nearest);
    let small = image::imageops::resize(&answer, 300, 300, image::imageops::FilterType::Nearest);
    image::imageops::overlay(&mut page, &large, 20, 20);
    image::imageops::overlay(&mut page, &small, 2500, 700);
    page.save(folder.path("far.png")).expect("a picture");
    folder.verify(&format!("{PASS} far.png"), NOTHING).ends(2, "there are two answers in `far.png`");

    let mut page = GrayImage::from_pixel(400, 400, Luma([255]));
    image::imageops::overlay(&mut page, &other, 50, 50);
    page.save(folder.path("other.png")).expect("a picture");
    folder.verify(&format!("{PASS} other.png"), NOTHING).ends(
        1,
        "error[bad_text]: this is a code of another kind (a web address): ask for the KYC-VS answer",
    );
}

#[test]
fn the_picture_of_a_vector_file_is_the_same_code() {
    let folder = Folder::new();
    folder.run("qr pass.kycvs --out pass.svg", NOTHING).good();
    let svg = folder.text("pass.svg");
    assert!(svg.starts_with("<?xml") && svg.ends_with("</svg>\n"), "{svg}");
    let path = svg.split("d=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a path");
    // `M{left} {top}h{width}v{height}H{left}V{top}`, each a dark rectangle.
    let numbers: Vec<u32> = path
        .split(|char: char| !char.is_ascii_digit())
        .filter(|number| !number.is_empty())
        .map(|number| number.parse().expect("a number"))
        .collect();
    let side: u32 = svg
        .split("width=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("a width")
        .parse()
        .expect("a number");
    let mut picture = GrayImage::from_pixel(side, side, Luma([255]));
    for rectangle in numbers.chunks(6) {
        for x in rectangle[0]..rectangle[0] + rectangle[2] {
            for y in rectangle[1]..rectangle[1] + rectangle[3] {
                picture.put_pixel(x, y, Luma([0]));
            }
        }
    }
    picture.save(folder.path("drawn.png")).expect("a picture");
    is_the_pass(&folder, "drawn.png");
}

#[test]
fn the_terminal_shows_the_same_code() {
    let folder = Folder::new();
    let plain = folder.run("qr pass.kycvs", NOTHING).good();
    assert!(!plain.contains('\u{1b}'));
    read_from_the_screen(&folder, &plain, "plain.png");
}

/// A terminal is what `script` (util-linux) makes; where there is none, that is said and nothing else.
#[test]
fn on_a_terminal_the_code_has_its_own_colours() {
    let folder = Folder::new();
    let mut command = std::process::Command::new("script");
    let call = format!("{} qr pass.kycvs", env!("CARGO_BIN_EXE_kycvs"));
    command.current_dir(folder.path(".")).args(["-qec", &call, "/dev/null"]);
    if command.output().is_err() {
        eprintln!("not run: there is no `script` here");
        return;
    }
    let shown = run(&mut command, b"").good();
    let lines: Vec<_> = shown.lines().collect();
    assert!(
        lines.iter().all(
            |line| line.starts_with("\u{1b}[38;5;16;48;5;231m") && line.trim_end().ends_with("\u{1b}[0m")
        ),
        "{shown}"
    );
    let bare = shown.replace("\u{1b}[38;5;16;48;5;231m", "").replace("\u{1b}[0m", "").replace('\r', "");
    read_from_the_screen(&folder, &bare, "screen.png");
}

#[track_caller]
fn read_from_the_screen(folder: &Folder, screen: &str, name: &str) {
    let rows: Vec<Vec<char>> = screen.lines().map(|line| line.chars().collect()).collect();
    let mut picture = GrayImage::from_pixel(80 * 6, 80 * 6, Luma([255]));
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let (column, row) = (x as usize / 6, y as usize / 6);
        let char = rows.get(row / 2).and_then(|line| line.get(column)).copied().unwrap_or(' ');
        let dark = match char {
            '\u{2588}' => true,
            '\u{2580}' => row % 2 == 0,
            '\u{2584}' => row % 2 == 1,
            _ => false,
        };
        *pixel = Luma([if dark { 0 } else { 255 }]);
    }
    picture.save(folder.path(name)).expect("a picture");
    is_the_pass(folder, name);
}

#[test]
fn who_the_person_is_may_come_from_a_file() {
    let folder = Folder::new();
    let check = format!("--audience {AUDIENCE} --nonce {NONCE} answer.txt");
    for content in ["ASHA R VERMA", "asha r. verma\r\n", "\u{feff}Asha R Verma\n\n"] {
        folder.write("who", content);
        let text = folder.verify(&format!("--subject-file who {check}"), NOTHING).good();
        assert!(text.contains("subject   matched"), "{text}");
    }
    folder.verify(&format!("--name {{}} {check}"), &[NAME]).good();
    folder.write("who", "Asha R Verma\n+91 98765 43210\n");
    folder.verify(&format!("--subject-file who {check}"), NOTHING).ends(1, "error[wrong_subject]");

    let issued = folder.issue("--status 1 --purpose gate --subject-file who --json").json();
    let text = issued["text"].as_str().expect("text");
    folder
        .verify("--allow-open --at-least 1 --name {} --mobile {} {}", &["asha r verma", "09876543210", text])
        .good();
    folder
        .run_with(
            "verify --no-nonce --trust trust.cbor --now 2026-07-01T10:05:00Z --allow-open --at-least 1 --subject-file - {}",
            &[text],
            b"Asha R Verma\n9876543210",
        )
        .good();

    folder.write("who", "one\ntwo\nthree");
    folder
        .verify(&format!("--subject-file who {check}"), NOTHING)
        .ends(2, "error[usage]: `who` is no subject file");
    folder
        .verify("--allow-open --subject-file - -", NOTHING)
        .ends(2, "error[usage]: only one file can be standard input");
}

#[test]
fn encrypted_keys_are_opened_from_a_file() {
    let folder = Folder::new();
    folder.write("secret", "correct horse\nsecond line\n");
    folder.run("keygen --issuer in.gov.cowin --out-dir made --passphrase-file secret", NOTHING).good();
    assert!(folder.text("made/issuer.pem").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    let issue = "issue --key made/issuer.pem --issuer in.gov.cowin --status 2 --purpose gate";
    let text = folder.run(&format!("{issue} --passphrase-file secret"), NOTHING).good();
    folder.run("verify --no-nonce --trust made/trust.cbor --allow-open {}", &[&text]).good();
    folder.run_with(&format!("{issue} --passphrase-file -"), NOTHING, b"correct horse\r\n").good();
    folder
        .run_with(&format!("{issue} --passphrase-file -"), NOTHING, b"wrong horse")
        .ends(2, "error[wrong_passphrase]");
    folder.run_with(&format!("{issue} --passphrase-file -"), NOTHING, b"\n").ends(2, "error[usage]");
    folder.run(issue, NOTHING).ends(2, "error[invalid_key]");
}

#[test]
fn both_algorithms_can_be_named() {
    let folder = Folder::new();
    folder.run("keygen --issuer i --out-dir made --alg Ed25519", NOTHING).good();
    let issue = "issue --key made/issuer.pem --issuer i --status 2 --purpose gate";
    let verify = "verify --no-nonce --trust made/trust.cbor --allow-open {}";
    let text = folder.run(&format!("{issue} --alg Ed25519"), NOTHING).good();
    folder.run(verify, &[&text]).good();
    let seen = folder.run("inspect --json {}", &[&text]).json();
    assert_eq!(seen["algorithm"], "Ed25519");
    let text = folder.run(issue, NOTHING).good();
    folder.run(verify, &[&text]).ends(1, "error[unsupported_algorithm]");
}

/// From `issue --specimen` to the verdict, one and in a batch.
#[test]
fn a_specimen_is_refused_unless_it_is_asked_for() {
    let folder = Folder::new();
    folder.write("people.csv", "status,purpose\n2,training\n1,training\n");
    let text = folder.issue("--status 2 --purpose training --specimen").good();
    let raw =
        folder.issue("--status 2 --purpose training --specimen --out s.kycvs --json").ends(0, "").json();
    assert_eq!(raw["claims"]["specimen"], true);
    folder.issue("--batch people.csv --specimen --out specimens").ends(0, "2 issued, 0 refused\n");
    let lines = folder.text("specimens");
    let lines: Vec<_> = lines.lines().collect();
    folder.run("qr s.kycvs --out s.png", NOTHING).good();
    for token in [text.trim(), "s.kycvs", "s.png", lines[0], lines[1]] {
        let inspected = folder.run("inspect --json {}", &[token]).json();
        assert_eq!(inspected["claims"]["specimen"], true, "{token}");
        folder.verify("--allow-open --at-least 0 {}", &[token]).ends(1, "error[specimen]");
        let shown = folder.verify("--allow-open --at-least 0 --allow-specimen {}", &[token]).good();
        assert!(shown.lines().next().is_some_and(|line| line.ends_with(", a SPECIMEN")), "{shown}");
    }
    let refused = folder.verify("--allow-open --batch specimens", NOTHING).ends(1, "0 good, 2 not good\n");
    assert_eq!(refused.stdout.matches("error[specimen]").count(), 2);
    let shown = folder.verify("--allow-open --allow-specimen --batch specimens", NOTHING).ends(3, "").stdout;
    assert!(shown.lines().all(|line| line.ends_with(", a SPECIMEN")), "{shown}");
    // And nothing else is one.
    let real = folder.issue("--status 2 --purpose training").good();
    let shown = folder.verify("--allow-open --allow-specimen {}", &[real.trim()]).good();
    assert!(!shown.contains("SPECIMEN"), "{shown}");
}

fn base64url(bytes: &[u8]) -> String {
    kycvs::Presentation::from_bytes(bytes).expect("a presentation").to_base64url()
}
