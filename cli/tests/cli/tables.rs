//! Tables and other text files as people save them.

use std::process::Stdio;

use crate::support::{Folder, ISSUER, NOTHING, run};

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn every_line_end_and_separator_issues_and_verifies_the_same() {
    let folder = Folder::new();
    for end in ["\n", "\r\n", "\r"] {
        for separator in [",", ";", "\t"] {
            for head in ["", "\u{feff}", "sep=@#", "\u{feff}sep=@#"] {
                let table = format!("{head}\"status\"@purpose#2@gate#@#1@\"door,;\"#");
                folder.write("people.csv", table.replace('@', separator).replace('#', end));
                let issued =
                    folder.issue("--batch people.csv --out answers").ends(0, "2 issued, 0 refused\n");
                assert_eq!(issued.stdout, "");
                let answers = folder.text("answers").replace('\n', end);
                folder.write("answers", format!("\u{feff}{answers}"));
                let verified = folder
                    .verify("--allow-open --at-least 0 --batch answers", NOTHING)
                    .ends(0, "2 good, 0 not good");
                let words: Vec<_> = verified.stdout.lines().map(|line| line.split(", ").nth(2)).collect();
                assert_eq!(words, [Some("gate"), Some("door,;")], "{end:?} {separator:?} {head:?}");
            }
        }
    }
}

#[test]
fn a_file_that_is_no_text_is_named_as_the_cause() {
    let folder = Folder::new();
    for (content, kind) in [
        (utf16("\u{feff}status,purpose\r\n2,gate\r\n"), "is UTF-16 text: save it as UTF-8"),
        (utf16("status\n2\n"), "is UTF-16 text: save it as UTF-8"),
        (b"PK\x03\x04\x14\0".to_vec(), "is a zip archive, such as an .xlsx or .ods workbook"),
        (b"\x1f\x8b\x08\0".to_vec(), "is compressed with gzip: unpack it"),
    ] {
        folder.write("file", &content);
        folder.issue("--batch file --out out").ends(2, &format!("error[bad_csv]: `file` {kind}"));
        let verified = folder.verify("--allow-open --batch file", NOTHING);
        verified.ends(2, &format!("error[io]: `file` {kind}"));
        folder.verify("--allow-open file", NOTHING).ends(2, &format!("error[io]: `file` {kind}"));
        folder.run("inspect file", NOTHING).ends(2, &format!("error[io]: `file` {kind}"));
        folder.run("trust add --trust trust.cbor --issuer i file", NOTHING).ends(2, kind);
        folder
            .run(&format!("issue --key file --issuer {ISSUER} --status 2 --purpose p"), NOTHING)
            .ends(2, kind);
        folder.issue("--status 2 --purpose p --subject-file file").ends(2, kind);
    }
    assert!(!folder.names().contains(&"out".to_owned()));
    folder.write("people.csv", "status\u{ff0c}purpose\n2\u{ff0c}gate\n");
    folder.issue("--batch people.csv").ends(2, "line 1: the separator of the first row is U+FF0C");
}

/// A blank cell is a mistake. It must not take its value from an option, or leave a token unbound.
#[test]
fn white_space_in_a_cell_is_not_an_empty_cell() {
    let folder = Folder::new();
    let options = "--status 2 --purpose gate --audience irctc.co.in --nonce 000102030405060708090a0b0c0d0e0f --valid-for 15m";
    for blank in ["  ", "\u{a0}", "\u{3000}\u{200b}"] {
        for (column, code) in [
            ("status", "bad_csv"),
            ("purpose", "invalid_claim"),
            ("audience", "invalid_claim"),
            ("nonce", "invalid_claim"),
            ("name", "invalid_claim"),
            ("mobile", "invalid_claim"),
            ("valid_for", "bad_csv"),
        ] {
            let (other, filler) = match column {
                "mobile" => ("name", "Asha"),
                "purpose" => ("status", "2"),
                _ => ("purpose", "gate"),
            };
            for quote in ["", "\""] {
                folder.write("people.csv", format!("{column},{other}\n{quote}{blank}{quote},{filler}\n"));
                let refused = folder.issue(&format!("--batch people.csv {options}"));
                let refused = refused.ends(2, &format!("error[{code}]: line 2: "));
                assert_eq!(refused.stdout, "\n", "{column} {blank:?}");
            }
        }
        // A line of white space and separators only is no row.
        folder.write("people.csv", format!("name,purpose\n{blank},{blank}\n,\nAsha,\n"));
        folder.issue(&format!("--batch people.csv {options}")).ends(0, "1 issued, 0 refused\n");
    }
}

#[test]
fn hex_of_every_form_is_known_everywhere() {
    let folder = Folder::new();
    let text = folder.issue("--status 2 --purpose gate").good();
    let token = kycvs::Presentation::from_text(text.trim()).expect("an answer");
    let hex = hex::encode(&token);
    folder.write("token.hex", format!("\u{feff}{}\r\n", hex.to_uppercase()));
    folder.verify("--allow-open token.hex", NOTHING).good();
    // A CWT tag before it, no tag at all, and a byte that begins nothing: bytes that are no token, and no base64url.
    for wrong in [format!("d83d{hex}"), hex[2..].to_owned(), "ff00".to_owned()] {
        let bytes = hex::decode(&wrong).expect("hex");
        folder.write("raw.kycvs", bytes);
        let raw = folder.verify("--allow-open raw.kycvs", NOTHING);
        assert_eq!(raw.status, Some(1), "{raw:?}");
        folder.write("wrong.hex", &wrong);
        for same in
            [folder.verify("--allow-open {}", &[&wrong]), folder.verify("--allow-open wrong.hex", NOTHING)]
        {
            assert_eq!((same.status, same.stderr), (raw.status, raw.stderr.clone()), "{wrong}");
        }
        let batch = folder.verify("--allow-open --batch wrong.hex", NOTHING).ends(1, "0 good, 1 not good");
        assert_eq!(batch.stdout, raw.stderr, "{wrong}");
        let seen = folder.run("inspect {}", &[&wrong]);
        assert_eq!(seen.stdout, folder.run("inspect raw.kycvs", NOTHING).stdout, "{wrong}");
    }
}

#[test]
fn a_line_with_a_control_character_is_bad_text() {
    let folder = Folder::new();
    let text = folder.issue("--status 2 --purpose gate").good();
    let text = text.trim();
    let mut lines = Vec::new();
    for wrong in ["\u{b}", "\u{7f}", "\u{1b}[0m", "\u{85}"] {
        lines.push(format!("{wrong}{text}"));
        lines.push(format!("{text}{wrong}"));
        lines.push(text.replacen(':', &format!(":{wrong}"), 1));
    }
    let mut file = lines.join("\n").into_bytes();
    file.extend(b"\n\xff\n");
    folder.write("lines", &file);
    let batch = folder.verify("--allow-open --batch lines", NOTHING).ends(1, "0 good, 13 not good");
    assert!(batch.stdout.lines().all(|line| line.starts_with("error[bad_text]: ")), "{batch:?}");
    for line in &lines {
        folder.verify("--allow-open {}", &[line]).ends(1, "error[bad_text]");
    }
    folder.write("damaged.txt", format!("{text}\u{b}"));
    folder.verify("--allow-open damaged.txt", NOTHING).ends(1, "error[bad_text]");
}

#[test]
fn a_mark_is_no_part_of_keys_passphrases_and_names() {
    let folder = Folder::new();
    let mark = |name: &str| {
        let content = folder.read(name);
        folder.write(name, [&b"\xef\xbb\xbf"[..], &content].concat());
    };
    for (first, second) in [("secret\n", "\u{feff}secret\r\n"), ("\u{feff}secret\r", "secret")] {
        let made = if first == "secret\n" { "one" } else { "two" };
        folder.write("first", first);
        folder.write("second", second);
        for name in ["first", "second"] {
            folder.set_mode(name, 0o600);
        }
        folder
            .run(&format!("keygen --issuer {ISSUER} --passphrase-file first --out-dir {made}"), NOTHING)
            .good();
        let issue = format!("issue --issuer {ISSUER} --status 2 --purpose p --key {made}/issuer.pem");
        folder.run(&format!("{issue} --passphrase-file second"), NOTHING).good();
    }
    mark("issuer.pem");
    mark("issuer.pub.pem");
    folder.write("person", "\u{feff}Asha Verma\r98765 43210\r");
    let answer = folder.issue("--status 2 --purpose p --subject-file person").good();
    folder
        .verify("--allow-open --name {} --mobile {} {}", &["asha verma", "9876543210", answer.trim()])
        .good();
    folder.write("answer", format!("\u{feff}{answer}"));
    folder.verify("--allow-open --name {} --mobile {} answer", &["asha verma", "9876543210"]).good();
    folder.run("trust remove --trust trust.cbor 866eefbd6718c884", NOTHING).good();
    folder.run(&format!("trust add --trust trust.cbor --issuer {ISSUER} issuer.pub.pem"), NOTHING).good();
    folder.verify("--allow-open answer", NOTHING).good();
}

/// A batch that has written a name to its temporary file and waits for more rows.
#[cfg(target_os = "linux")]
struct Waiting {
    folder: Folder,
    before: Vec<String>,
    temporary: String,
    child: std::process::Child,
    stdin: std::process::ChildStdin,
}

#[cfg(target_os = "linux")]
impl Waiting {
    /// `begin` is what a shell does before.
    fn start(begin: &str) -> Self {
        use std::io::Write as _;
        let folder = Folder::new();
        let before = folder.names();
        let script = format!(
            "{begin} exec {} issue --key issuer.pem --issuer {ISSUER} --purpose p --batch - --out answers",
            env!("CARGO_BIN_EXE_kycvs")
        );
        // Whoever started the tests may have them ignore signals, which a child inherits.
        let mut command = std::process::Command::new("env");
        command.args(["--default-signal=INT,TERM,HUP", "sh", "-c", &script]).current_dir(folder.path("."));
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it runs");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(b"status,name\n2,Asha\n").expect("it reads");
        loop {
            let new: Vec<_> = folder.names().into_iter().filter(|name| !before.contains(name)).collect();
            if let [temporary] = &*new {
                let temporary = temporary.clone();
                return Self { folder, before, temporary, child, stdin };
            }
            assert!(child.try_wait().expect("it runs").is_none(), "it waits for more rows");
            std::thread::yield_now();
        }
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        run(std::process::Command::new("sh").args(["-c", &kill]), b"").good();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_leaves_no_temporary_file() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::ExitStatusExt as _;
    for (signal, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        let mut batch = Waiting::start("");
        let about = std::fs::metadata(batch.folder.path(&batch.temporary)).expect("it is there");
        assert_eq!(about.permissions().mode() & 0o777, 0o600);
        batch.signal(signal);
        let status = batch.child.wait().expect("it ends");
        assert_eq!(status.signal(), Some(number), "{signal}: {status:?}");
        assert_eq!(batch.folder.names(), batch.before, "{signal}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_that_was_ignored_stays_ignored() {
    let mut batch = Waiting::start("trap '' HUP;");
    batch.signal("HUP");
    drop(batch.stdin);
    assert!(batch.child.wait().expect("it ends").success());
    assert_eq!(batch.folder.text("answers").lines().count(), 1);
}

#[test]
fn a_batch_file_can_be_read_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    folder.write("people.csv", "status,name\n2,Asha\n");
    folder.issue("--batch people.csv --purpose p --out answers").good();
    let mode = std::fs::metadata(folder.path("answers")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
