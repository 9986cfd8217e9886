//! Bad input gets a clear error and loses nothing.

use std::fs::File;
use std::os::unix::fs::FileTypeExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use image::{GrayImage, Luma};

use crate::support::{Folder, ISSUER, KEY_ID, NOTHING, Run, run};

const ISSUE: &str = "--status 2 --purpose gate";

#[test]
fn key_files_that_are_none() {
    let folder = Folder::new();
    let issue = |key: &str| folder.run(&format!("issue --issuer {ISSUER} {ISSUE} --key {key}"), NOTHING);
    issue("missing.pem").ends(2, "error[io]: cannot read `missing.pem`: No such file or directory");
    issue(".").ends(2, "error[io]: cannot read `.`: it is a folder");
    issue("issuer.pub.pem").ends(2, "error[invalid_key]: `issuer.pub.pem`: ");
    issue("trust.cbor").ends(2, "error[invalid_key]: `trust.cbor`: ");
    let pem = folder.text("issuer.pem");
    folder.write("cut.pem", &pem[..pem.len() / 2]);
    folder.set_mode("cut.pem", 0o600);
    let cut = issue("cut.pem").ends(2, "error[invalid_key]: `cut.pem`: ");
    assert!(!cut.stderr.contains("MC4CAQ"), "{cut:?}");
    File::create(folder.path("huge.pem")).and_then(|file| file.set_len(1 << 40)).expect("a sparse file");
    issue("huge.pem").ends(2, "error[invalid_key]: `huge.pem`: ");
    folder
        .run("trust add --trust new.cbor --issuer i huge.pem", NOTHING)
        .ends(2, "error[invalid_key]: `huge.pem`: ");
}

#[test]
fn a_key_that_others_can_read_is_warned_of() {
    let folder = Folder::new();
    let quiet = folder.issue(ISSUE).ends(0, "");
    assert_eq!(quiet.stderr, "");
    folder.set_mode("issuer.pem", 0o644);
    let warned = folder
        .issue(ISSUE)
        .ends(0, "warning: others can read `issuer.pem` (mode 644): chmod 600 `issuer.pem`");
    assert!(warned.stdout.starts_with("KV1:"));
    // The one object stays the one object.
    folder.issue(&format!("{ISSUE} --json")).ends(0, "warning: ").json();
}

#[test]
fn trust_files_cut_short_or_damaged() {
    let folder = Folder::new();
    let whole = folder.read("trust.cbor");
    for length in 0..whole.len() {
        folder.write("trust.cbor", &whole[..length]);
        folder.verify("--allow-open pass.kycvs", NOTHING).ends(2, "error[bad_trust_store]: `trust.cbor`: ");
        let add = format!("trust add --trust trust.cbor --issuer {ISSUER} issuer.pub.pem");
        folder.run(&add, NOTHING).ends(2, "error[bad_trust_store]");
        assert_eq!(folder.read("trust.cbor"), whole[..length], "what was there is still there");
    }
    File::create(folder.path("trust.cbor")).and_then(|file| file.set_len(100 << 20)).expect("a sparse file");
    folder.verify("--allow-open pass.kycvs", NOTHING).ends(2, "error[bad_trust_store]");
    folder.verify("--allow-open --trust missing pass.kycvs", NOTHING).ends(2, "");
}

#[test]
fn a_fault_of_the_gate_is_not_the_travellers() {
    let folder = Folder::new();
    folder.run(&format!("trust remove --trust trust.cbor {KEY_ID}"), NOTHING).good();
    for token in ["pass.kycvs", "garbage"] {
        folder.verify(&format!("--allow-open {token}"), NOTHING).ends(2, "error[no_trusted_keys]");
    }
    let folder = Folder::new();
    let early = "verify --no-nonce --trust trust.cbor --allow-open --now 2023-12-31T23:59:59Z pass.kycvs";
    folder.run(early, NOTHING).ends(2, "error[clock_not_set]");
    folder.verify("--allow-open --skew 11m pass.kycvs", NOTHING).ends(2, "error[invalid_setting]");
    folder.verify("pass.kycvs", NOTHING).ends(2, "error[usage]: say who you are with --audience");
}

#[test]
fn a_hundred_megabytes_are_refused_at_once() {
    let folder = Folder::new();
    File::create(folder.path("huge")).and_then(|file| file.set_len(100_000_000)).expect("a sparse file");
    let start = Instant::now();
    folder.verify("--allow-open huge", NOTHING).ends(1, "error[too_large]");
    folder.run("inspect huge", NOTHING).ends(1, "error[too_large]");
    folder.run("qr huge", NOTHING).ends(1, "error[too_large]");
    let mut command = folder.command();
    command.args(["verify", "--no-nonce", "--trust", "trust.cbor", "--allow-open", "-"]);
    command.stdin(File::open(folder.path("huge")).expect("the file"));
    run(&mut command, b"").ends(1, "error[too_large]");
    folder
        .run_with("verify --no-nonce --trust trust.cbor --allow-open -", NOTHING, &vec![b'A'; 100_000_000])
        .ends(1, "error[too_large]");
    assert!(start.elapsed() < Duration::from_mins(1), "it was read: {:?}", start.elapsed());

    // One under, at and over the bound of the core.
    for (length, code) in [(1_041, "malformed"), (1_042, "too_large")] {
        folder.write("raw", vec![0xd2; length]);
        folder.verify("--allow-open raw", NOTHING).ends(1, &format!("error[{code}]"));
    }
    folder.verify("--allow-open {}", &["A".repeat(100_000)]).ends(1, "error[too_large]");
}

#[test]
fn things_that_are_no_token() {
    let folder = Folder::new();
    folder.write("empty", "");
    folder.write("blank", "\n\n");
    for (token, status, error) in [
        ("empty", 1, "error[bad_text]"),
        ("blank", 1, "error[bad_text]"),
        ("hello", 1, "error[bad_text]"),
        ("KV1:hello", 1, "error[bad_text]"),
        ("", 1, "error[bad_text]"),
        ("trust.cbor", 1, "error[not_a_status_token]"),
        ("issuer.pub.pem", 1, "error[bad_text]"),
        (".", 2, "error[io]: cannot read `.`: it is a folder"),
        ("missing.kycvs", 2, "error[io]: there is no file `missing.kycvs`"),
        ("./missing", 2, "error[io]: there is no file `./missing`"),
    ] {
        folder.verify("--allow-open {}", &[token]).ends(status, error);
    }
    let cut = &folder.read("pass.kycvs")[..100];
    folder.write("cut.kycvs", cut);
    folder.verify("--allow-open cut.kycvs", NOTHING).ends(1, "error[malformed]");
    let seen = folder.run("inspect cut.kycvs", NOTHING).ends(1, "error[malformed]");
    assert!(seen.stdout.contains("16: \"application/kycvs+cwt\""), "{seen:?}");
}

#[test]
fn pictures_that_are_none_or_without_a_code() {
    let folder = Folder::new();
    GrayImage::from_fn(300, 200, |x, y| Luma([x.wrapping_mul(y).to_le_bytes()[0]]))
        .save(folder.path("cat.png"))
        .expect("a picture");
    folder
        .verify("--allow-open cat.png", NOTHING)
        .ends(2, "error[no_qr_code]: there is no QR code in `cat.png`");

    folder.run("qr pass.kycvs --out pass.png", NOTHING).good();
    let png = folder.read("pass.png");
    folder.write("cut.png", &png[..png.len() / 2]);
    folder.verify("--allow-open cut.png", NOTHING).ends(2, "error[io]: cannot read `cut.png`");

    // A code of which the middle is gone.
    let mut code = image::open(folder.path("pass.png")).expect("a picture").into_luma8();
    let (width, height) = code.dimensions();
    for (x, y, pixel) in code.enumerate_pixels_mut() {
        if (width / 3..width * 2 / 3).contains(&x) && (height / 3..height * 2 / 3).contains(&y) {
            *pixel = Luma([255]);
        }
    }
    code.save(folder.path("torn.png")).expect("a picture");
    folder
        .verify("--allow-open torn.png", NOTHING)
        .ends(2, "error[no_qr_code]: the QR code in `torn.png` cannot be read");

    // A few bytes that say they are a square of 60,000 pixels, and a file of 100 MB that starts as a picture does.
    let mut bomb = png.clone();
    bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    folder.write("bomb.png", bomb);
    folder.verify("--allow-open bomb.png", NOTHING).ends(2, "error[io]: cannot read `bomb.png`");
    GrayImage::new(12_000, 12_000).save(folder.path("page.png")).expect("a picture");
    // It says the size: it has read no more than the head.
    folder
        .verify("--allow-open page.png", NOTHING)
        .ends(2, "error[io]: cannot read `page.png`: a picture of 12000 x 12000 pixels is too large");
    folder.write("huge.png", &png);
    File::options()
        .write(true)
        .open(folder.path("huge.png"))
        .and_then(|file| file.set_len(100_000_000))
        .expect("a sparse file");
    folder.verify("--allow-open huge.png", NOTHING).ends(1, "error[too_large]");
}

#[test]
fn files_of_other_kinds_are_told() {
    let folder = Folder::new();
    for (start, kind) in [
        (&b"GIF89a\x01\0\x01\0"[..], "a GIF picture"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "a WebP picture"),
        (b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0", "a BMP picture"),
        (b"II*\0\x08\0\0\0", "a TIFF picture"),
        (b"\0\0\0\x18ftypheic", "a HEIF or AVIF picture"),
        (b"\xef\xbb\xbf<?xml version=\"1.0\"?>", "an SVG picture or other XML"),
        (b" <svg xmlns=\"http://www.w3.org/2000/svg\">", "an SVG picture or other XML"),
        (b"%PDF-1.7", "a PDF document"),
    ] {
        for length in [start.len(), 100_000] {
            let mut file = start.to_vec();
            file.resize(length, b' ');
            folder.write("file", file);
            let error = format!("error[io]: `file` is {kind}: of pictures, PNG or JPEG can be read");
            folder.verify("--allow-open file", NOTHING).ends(2, &error);
        }
    }
}

#[test]
fn what_is_written_takes_the_place_of_nothing_that_is_needed() {
    let folder = Folder::new();
    folder.write("people.csv", "status\n2\n");
    folder.write("asha", "Asha\n");
    folder.write("phrase", "a long passphrase\n");
    folder.run("qr pass.kycvs --out pass.png", NOTHING).good();
    std::fs::hard_link(folder.path("people.csv"), folder.path("hard")).expect("a link");
    std::os::unix::fs::symlink("trust.cbor", folder.path("soft")).expect("a link");
    folder.run("keygen --issuer i --out-dir other --passphrase-file phrase", NOTHING).good();
    let names = ["issuer.pem", "people.csv", "asha", "phrase", "pass.png", "trust.cbor", "other/issuer.pem"];
    let before = names.map(|name| folder.read(name));

    let issue = format!("issue --key issuer.pem --issuer {ISSUER} --purpose gate");
    let locked = "issue --key other/issuer.pem --passphrase-file phrase --issuer i --status 2 --purpose gate";
    for (call, why) in [
        (format!("{issue} --status 2 --out ./issuer.pem"), "this call reads"),
        (format!("{issue} --batch people.csv --out people.csv"), "this call reads"),
        (format!("{issue} --batch people.csv --out hard"), "this call reads"),
        (format!("{issue} --status 2 --subject-file asha --out asha"), "this call reads"),
        (format!("{locked} --out phrase"), "this call reads"),
        ("qr pass.png --out ./pass.png".into(), "this call reads"),
        ("trust export --trust trust.cbor --out trust.cbor".into(), "this call reads"),
        ("trust export --trust trust.cbor --out soft".into(), "this call reads"),
        (format!("{issue} --status 2 --out other/issuer.pem"), "holds a private key"),
        (format!("{issue} --batch people.csv --out other/issuer.pem"), "holds a private key"),
        (format!("{locked} --out issuer.pem"), "holds a private key"),
        ("trust export --trust trust.cbor --out issuer.pem".into(), "holds a private key"),
    ] {
        let refused = folder.run(&call, NOTHING).ends(2, "error[usage]: ");
        assert!(refused.stderr.contains(why), "{call} {refused:?}");
    }
    let mut command = folder.command();
    let stdin = File::open(folder.path("people.csv")).expect("the file");
    let call = format!("{issue} --batch - --out people.csv");
    run(command.args(call.split(' ')).stdin(stdin), b"")
        .ends(2, "error[usage]: this call reads `people.csv`");
    assert_eq!(names.map(|name| folder.read(name)), before);

    let text = "error[usage]: a batch is lines of text";
    folder.run(&format!("{issue} --batch people.csv --out x.KYCVS"), NOTHING).ends(2, text);
    for change in ["add --issuer i --trust - issuer.pub.pem", &format!("withdraw --trust - {KEY_ID}")] {
        folder.run(&format!("trust {change}"), NOTHING).ends(2, "error[usage]: a trust store is changed in");
    }
}

#[test]
fn a_dash_is_standard_output() {
    let folder = Folder::new();
    folder.write("people.csv", "status\n2\n");
    let names = folder.names();
    assert!(folder.issue(&format!("{ISSUE} --out -")).good().starts_with("KV1:"));
    assert!(folder.issue("--purpose gate --batch people.csv --out -").good().starts_with("KV1:"));
    assert!(folder.run("trust export --trust trust.cbor --out -", NOTHING).good().starts_with('{'));
    assert!(folder.run("qr pass.kycvs --out -", NOTHING).good().contains('\u{2588}'));
    let object = folder.issue(&format!("{ISSUE} --json --out -")).ends(0, "").json();
    assert!(object.get("out").is_none(), "{object}");
    assert_eq!(folder.names(), names);
}

/// Thousands of corners of codes and no code: there are millions of ways to put them together.
#[test]
fn a_picture_does_not_take_for_ever() {
    let folder = Folder::new();
    let page = GrayImage::from_fn(2_000, 2_000, |x, y| {
        let (x, y) = (x % 30 / 3, y % 30 / 3);
        let ring = x.max(y) <= 6 && (x == 0 || x == 6 || y == 0 || y == 6);
        let dark = ring || ((2..=4).contains(&x) && (2..=4).contains(&y));
        Luma([if dark { 0 } else { 255 }])
    });
    page.save(folder.path("page.png")).expect("a picture");
    folder
        .verify("--allow-open page.png", NOTHING)
        .ends(2, "error[no_qr_code]: the search for a QR code in `page.png` takes too long");
}

#[test]
fn nothing_is_overwritten_by_keygen() {
    let folder = Folder::new();
    let keygen = |dir: &str| folder.run(&format!("keygen --issuer i --out-dir {dir}"), NOTHING);
    let (key, trust) = (folder.read("issuer.pem"), folder.read("trust.cbor"));
    keygen(".").ends(2, "error[io]: `./issuer.pem` is there already and is not overwritten");
    std::fs::remove_file(folder.path("issuer.pem")).expect("it goes");
    keygen(".").ends(2, "error[io]: `./trust.cbor` is there already and is not overwritten");
    assert_eq!(folder.read("trust.cbor"), trust);
    assert!(!folder.names().contains(&"issuer.pem".into()), "no key is left behind");
    folder.write("issuer.pem", &key);

    keygen("issuer.pem/x").ends(2, "error[io]: cannot make `issuer.pem/x`");
    keygen("/proc/kycvs").ends(2, "error[io]: cannot make `/proc/kycvs`");
    folder.run("keygen --out-dir made --issuer {}", &["x".repeat(65)]).ends(2, "error[invalid_claim]");
    assert!(!folder.names().contains(&"made".into()));

    keygen("made/deep").good();
    let mode = |name: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        folder.path(name).metadata().expect("the file").permissions().mode() & 0o777
    };
    assert_eq!(mode("made/deep/issuer.pem"), 0o600);
    assert_eq!(mode("made/deep/trust.cbor") & 0o600, 0o600);
}

#[test]
fn a_file_that_cannot_be_written_stays_as_it_was() {
    let folder = Folder::new();
    folder
        .issue(&format!("{ISSUE} --out missing/answer"))
        .ends(2, "error[io]: cannot write `missing/answer`: No such file");
    folder
        .issue(&format!("{ISSUE} --out issuer.pem/answer"))
        .ends(2, "error[io]: cannot write `issuer.pem/answer`: Not a directory");
    folder.issue(&format!("{ISSUE} --out .")).ends(2, "error[io]: cannot write `.`: it is a folder");
    folder.issue(&format!("{ISSUE} --out /proc/answer")).ends(2, "error[io]: cannot write `/proc/answer`");
    folder
        .issue(&format!("{ISSUE} --out /dev/full"))
        .ends(2, "error[io]: cannot write `/dev/full`: No space left on device");
    folder.issue(&format!("{ISSUE} --out /dev/null")).good();
    let null = std::fs::metadata("/dev/null").expect("/dev/null");
    assert!(null.file_type().is_char_device(), "a device is written to, never replaced");

    // A folder in which nobody may make a file. Root may: then the case says nothing.
    std::fs::create_dir(folder.path("locked")).expect("a folder");
    std::fs::copy(folder.path("trust.cbor"), folder.path("locked/trust.cbor")).expect("a copy");
    folder.set_mode("locked", 0o555);
    let add = folder.run("trust withdraw --trust locked/trust.cbor 866eefbd6718c884", NOTHING);
    if add.status == Some(0) {
        eprintln!("not run: this user may write where nobody may");
    } else {
        add.ends(2, "error[io]: cannot write `locked/trust.cbor`: Permission denied");
        assert_eq!(folder.read("locked/trust.cbor"), folder.read("trust.cbor"));
    }
    folder.set_mode("locked", 0o755);
}

/// A file-size limit makes every write fail that is not empty, as a disk does that fills up at the wrong moment.
#[test]
fn a_write_that_fails_half_way_leaves_the_old_file() {
    let folder = Folder::new();
    let before = folder.names();
    let trust = folder.read("trust.cbor");
    for arguments in [
        "trust withdraw --trust trust.cbor 866eefbd6718c884",
        "issue --key issuer.pem --issuer i --status 2 --purpose gate --out answer.txt",
        "qr pass.kycvs --out answer.txt.png",
        "keygen --issuer i --out-dir made",
    ] {
        let mut command = Command::new("sh");
        let call = format!("trap '' XFSZ; ulimit -f 0; exec {} {arguments}", env!("CARGO_BIN_EXE_kycvs"));
        command.current_dir(folder.path(".")).args(["-c", &call]);
        let failed = run(&mut command, b"").ends(2, "error[io]: cannot write `");
        assert!(failed.stderr.contains("File too large"), "{failed:?}");
    }
    assert_eq!(folder.read("trust.cbor"), trust);
    assert!(std::fs::read_dir(folder.path("made")).expect("the folder").next().is_none(), "a half key");
    std::fs::remove_dir(folder.path("made")).expect("it goes");
    assert_eq!(folder.names(), before, "something half written was left behind");
}

/// Runs a script in a mount namespace of its own, in which it may mount what it likes. `None` where the system allows
/// none, which is said.
fn with_mounts(folder: &Folder, script: &str) -> Option<Run> {
    std::fs::create_dir(folder.path("disk")).expect("a folder");
    let mut command = Command::new("unshare");
    let script = script.replace("kycvs", env!("CARGO_BIN_EXE_kycvs"));
    command.current_dir(folder.path(".")).args(["-rm", "sh", "-c", &script]);
    let trial = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
    if !trial.is_ok_and(|trial| trial.status.success()) {
        eprintln!("not run: no file system can be mounted here");
        return None;
    }
    Some(run(&mut command, b""))
}

#[test]
fn a_full_disk_leaves_the_old_file() {
    let folder = Folder::new();
    // Two pages: one for the trust store, and one that is filled.
    let script = "mount -t tmpfs -o size=8k none disk && cp trust.cbor disk/ && cat /dev/zero > disk/filler 2> /dev/null
         kycvs trust withdraw --trust disk/trust.cbor 866eefbd6718c884; echo status $?
         kycvs keygen --issuer i --out-dir disk/new; echo status $?
         cmp trust.cbor disk/trust.cbor && find disk -type f | sort";
    let Some(full) = with_mounts(&folder, script) else { return };
    assert_eq!(full.stdout, "status 2\nstatus 2\ndisk/filler\ndisk/trust.cbor\n", "{full:?}");
    for path in ["disk/trust.cbor", "disk/new/issuer.pem"] {
        let error = format!("error[io]: cannot write `{path}`: No space left on device\n");
        assert!(full.stderr.contains(&error), "{full:?}");
    }
}

#[test]
fn a_read_only_disk_leaves_the_old_file() {
    let folder = Folder::new();
    let script = "mount -t tmpfs none disk && cp trust.cbor disk/ && mount -o remount,ro disk
         kycvs trust withdraw --trust disk/trust.cbor 866eefbd6718c884; echo status $?
         cmp trust.cbor disk/trust.cbor && find disk -type f";
    let Some(locked) = with_mounts(&folder, script) else { return };
    assert_eq!(locked.stdout, "status 2\ndisk/trust.cbor\n", "{locked:?}");
    assert_eq!(locked.stderr, "error[io]: cannot write `disk/trust.cbor`: Read-only file system\n");
}

#[test]
fn a_full_standard_output_is_an_error() {
    let folder = Folder::new();
    for arguments in [
        &["demo"][..],
        &["--help"],
        &["--version"],
        &["trust", "list", "--trust", "trust.cbor", "--json"],
        &[
            "verify",
            "--no-nonce",
            "--trust",
            "trust.cbor",
            "--allow-open",
            "--max-lifetime",
            "31d",
            "--now",
            "2026-07-01T10:05:00Z",
            "pass.kycvs",
        ],
        &["verify", "--no-nonce", "--trust", "trust.cbor", "--allow-open", "--batch", "answer.txt"],
    ] {
        let mut command = folder.command();
        let full = File::options().write(true).open("/dev/full").expect("/dev/full");
        let child = command.args(arguments).stdout(full).stderr(Stdio::piped()).spawn().expect("it runs");
        let output = child.wait_with_output().expect("it ends");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {stderr}");
        assert!(
            stderr.contains("error[io]: cannot write to standard output: No space left on device"),
            "{stderr}"
        );
    }
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let folder = Folder::new();
    for arguments in [
        &["demo"][..],
        &["demo", "--json"],
        &["--help"],
        &["inspect", "pass.kycvs"],
        &["inspect", "nonsense", "--json"],
        &[
            "verify",
            "--no-nonce",
            "--trust",
            "trust.cbor",
            "--allow-open",
            "--max-lifetime",
            "31d",
            "--now",
            "2026-07-01T10:05:00Z",
            "pass.kycvs",
        ],
        &["verify", "--no-nonce", "--trust", "trust.cbor", "--allow-open", "--batch", "answer.txt"],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = folder.command();
        let child = command.args(arguments).stdout(writer).stderr(Stdio::piped()).spawn().expect("it runs");
        let output = child.wait_with_output().expect("it ends");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!stderr.contains("panicked"), "{arguments:?} {stderr}");
        assert!(!stderr.contains("error"), "{arguments:?} {stderr}");
        assert_ne!(output.status.code(), Some(0), "nobody saw a verdict: {arguments:?}");
        assert!(matches!(output.status.code(), Some(1 | 141)), "{arguments:?} {:?}", output.status);
    }
}

#[test]
fn a_closed_standard_error_is_no_panic() {
    let folder = Folder::new();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let status = folder.command().args(["verify", "nonsense"]).stderr(writer).status().expect("it runs");
    assert_eq!(status.code(), Some(2));
}

#[test]
fn words_of_a_token_cannot_steer_the_terminal() {
    let folder = Folder::new();
    let name = "evil\u{1b}[2J\u{202e}name";
    folder.run("keygen --out-dir made --issuer {}", &[name]).good();
    let text = folder
        .run(
            "issue --key made/issuer.pem --status 2 --purpose {} --audience {} --issuer {}",
            &["p\n\u{7}", "a\u{9b}1m", name],
        )
        .good();
    for run in [
        folder.run("verify --no-nonce --trust made/trust.cbor --audience {} {}", &["a\u{9b}1m", text.trim()]),
        folder.run("inspect {}", &[text.trim()]),
        folder.run("trust list --trust made/trust.cbor", NOTHING),
        folder.run("verify --no-nonce --trust {} --allow-open x", &["no\u{1b}file"]),
        folder.run("issue --key issuer.pem --issuer i --status {}", &["no\u{1b}status"]),
    ] {
        // Clap does not escape control sequences, it leaves them out.
        let shown = (run.stdout + &run.stderr).replace("notatus", "\\u{1b}");
        assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']), "{shown:?}");
        assert!(shown.contains("\\u{1b}"), "{shown:?}");
    }
    let object = folder.run("inspect --json {}", &[text.trim()]);
    assert!(object.stdout.trim_end().chars().all(|char| matches!(char, ' '..='~')), "{object:?}");
    assert!(object.stdout.contains("\\u202e"), "{object:?}");
    assert_eq!(object.json()["claims"]["issuer"], name);
}

#[test]
fn times_past_the_year_9999_are_written_as_seconds() {
    use kycvs::{
        Claims, Issuer, IssuerName, Presentation, Purpose, SigningKey, Status, Timestamp, Token, TokenId,
    };
    let folder = Folder::new();
    let issuer = Issuer::new(
        IssuerName::new(ISSUER).expect("a name"),
        SigningKey::from_pem(&folder.text("issuer.pem")).expect("the key"),
    );
    let claims = Claims::new(
        issuer.name().clone(),
        Status::FullyVaccinated,
        Purpose::new("gate").expect("a purpose"),
        TokenId::from_bytes([7; 16]),
        Timestamp::from_secs(1_782_900_000),
        Timestamp::from_secs(u64::MAX),
    )
    .expect("claims");
    let token = issuer.sign(&claims).expect("a token");
    let text = Presentation::new(Token::parse(&token).expect("a token"), None).to_text();
    let seen = folder.run("inspect {}", &[&text]).good();
    assert!(seen.contains("expires   second 18446744073709551615\n"), "{seen}");
    let verdict =
        folder.verify("--json --allow-open --max-lifetime {} {}", &["18446744073709551615s", &text]);
    assert_eq!(verdict.ends(0, "").json()["expires_at"], "18446744073709551615");
}

#[test]
fn a_status_list_is_not_passed_over_in_silence() {
    use kycvs::{Answer, Issuer, IssuerName, Purpose, SigningKey, Status, StatusListRef, Timestamp};
    let folder = Folder::new();
    let issuer = Issuer::new(
        IssuerName::new(ISSUER).expect("a name"),
        SigningKey::from_pem(&folder.text("issuer.pem")).expect("the key"),
    );
    let answer =
        Answer::new(Status::NotVaccinated, Purpose::new("gate").expect("a purpose"), Duration::from_mins(15))
            .with_status_list(StatusListRef::new(412, "https://example.org/lists/1").expect("a reference"));
    let text = issuer.issue_at(&answer, Timestamp::from_secs(1_782_900_000)).expect("an answer").to_text();
    folder.verify("--allow-open {}", &[&text]).ends(2, "error[status_list_unavailable]");
    let good = folder.verify("--allow-open --ignore-status-lists --at-least 0 {}", &[&text]).good();
    assert!(good.starts_with("good: not vaccinated (0)"), "a status of 0 is a good answer: {good}");
    let seen = folder.run("inspect {}", &[&text]).good();
    assert!(seen.contains("entry 412 of https://example.org/lists/1"), "{seen}");
}

/// Each level doubled the time: 179 bytes took 24 seconds.
#[test]
fn inspect_of_nested_sign1_ends_and_is_as_long_as_its_input() {
    let folder = Folder::new();
    for (levels, inside) in [(25, vec![1]), (120, vec![1]), (120, vec![0x82, 1]), (120, vec![1, 1])] {
        let nested = (0..levels).fold(inside, |inner: Vec<u8>, _| {
            let head = match inner.len() {
                length @ 0..24 => vec![0x40 | length.to_le_bytes()[0]],
                length @ 24..0x100 => vec![0x58, length.to_le_bytes()[0]],
                length => vec![0x59, length.to_le_bytes()[1], length.to_le_bytes()[0]],
            };
            [&[0xd2, 0x84], &head[..], &inner, &[0xa0, 0x40, 0x40]].concat()
        });
        folder.write("nested.bin", &nested);
        let seen = folder.run("inspect nested.bin", NOTHING).ends(1, "error[not_a_status_token]");
        assert!(seen.stdout.len() < 64 * nested.len() + 200, "{} of {}", seen.stdout.len(), nested.len());
        folder.run("inspect --json nested.bin", NOTHING).ends(1, "").json();
    }
}
