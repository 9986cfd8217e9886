//! What goes wrong between a person, a shell and a terminal.

use std::process::Command;

use crate::support::{Folder, ISSUER, NOTHING, run};

const ISSUE: &str = "--status 2 --purpose gate";

#[test]
fn out_replaces_only_what_it_writes_itself() {
    let folder = Folder::new();
    let answer = folder.issue("--status 2 --purpose gate").good();
    folder.write("people.csv", "status,purpose\n7,gate\n2,gate\n");
    folder.write("notes.txt", "buy milk\n");
    let kept = ["trust.cbor", "issuer.pub.pem", "notes.txt"];
    let before = kept.map(|name| folder.read(name));
    for name in kept {
        for call in [
            format!("issue --key issuer.pem --issuer {ISSUER} {ISSUE} --out {name}"),
            format!("issue --key issuer.pem --issuer {ISSUER} --batch people.csv --out {name}"),
        ] {
            folder.run(&call, NOTHING).ends(2, &format!("error[usage]: `{name}` exists, holds no answer"));
        }
    }
    for name in ["trust.cbor", "notes.txt"] {
        let export = format!("trust export --trust trust.cbor --format pem --out {name}");
        folder.run(&export, NOTHING).ends(2, "error[usage]: ");
    }
    std::fs::copy(folder.path("trust.cbor"), folder.path("trust.png")).expect("a copy");
    folder.run("qr pass.kycvs --out trust.png", NOTHING).ends(2, "`trust.png` exists, holds no picture");
    assert_eq!(kept.map(|name| folder.read(name)), before);
    assert_eq!(folder.read("trust.png"), before[0]);

    // Its own output in any form, and empty files.
    folder.write("empty", "");
    folder.write("text", &answer);
    for name in ["empty", "text", "pass.kycvs", "batch"] {
        folder.issue(&format!("{ISSUE} --out {name}")).good();
        folder.issue(&format!("--batch people.csv --out {name}.txt")).ends(2, "1 issued");
        folder.issue(&format!("--batch people.csv --out {name}.txt")).ends(2, "1 issued");
    }
    for _ in 0..2 {
        for name in ["code.png", "code.svg"] {
            folder.run(&format!("qr answer.txt --out {name}"), NOTHING).good();
        }
        for format in ["jwks", "pem", "cose"] {
            let export = format!("trust export --trust trust.cbor --format {format} --out keys.{format}");
            folder.run(&export, NOTHING).good();
        }
    }
}

#[test]
fn kv1_text_that_a_shell_took_apart_gets_a_hint() {
    let folder = Folder::new();
    let hint = "KV1: text has $ and spaces in it, so put it between single quotes";
    for call in ["verify --no-nonce --trust trust.cbor --allow-open {}", "inspect {}", "qr {}"] {
        folder.run(call, &["KV1:A"]).ends(1, &format!("error[bad_text]: {hint}: "));
        // Without its `$`, it may still be Base45 of something.
        folder.run(call, &["KV1:ABC"]).ends(1, &format!("]: {hint}: "));
        folder.run(&format!("{call} {{}}"), &["KV1:AB", "CD"]).ends(2, &format!("; {hint}"));
        // Other text has no such cause.
        let other = folder.run(call, &["nonsense!"]).ends(1, "error[bad_text]");
        assert!(!other.stderr.contains(hint));
    }
}

#[test]
fn help_and_version_are_text_with_json_too() {
    let folder = Folder::new();
    for call in ["--json --help", "verify --json --help", "--json --version"] {
        let help = folder.run(call, NOTHING).good();
        assert!(help.contains("kycvs") && !help.starts_with('{'), "{help}");
    }
}

#[test]
fn a_life_that_verifiers_refuse_is_warned_of() {
    let folder = Folder::new();
    let warning = "warning: verifiers refuse answers that live longer than 24h";
    folder.issue(&format!("{ISSUE} --valid-for 30d")).ends(0, warning);
    folder.issue(&format!("{ISSUE} --valid-for 24h1s --json")).ends(0, warning).json();
    let quiet = folder.issue(&format!("{ISSUE} --valid-for 24h")).ends(0, "");
    assert_eq!(quiet.stderr, "");
}

/// A terminal is what `script` (util-linux) makes; where there is none, that is said and nothing else.
#[test]
fn a_code_in_a_terminal_has_its_colours_and_its_room() {
    let folder = Folder::new();
    let in_terminal = |columns: u32, variables: &str, call: &str| {
        let line = format!("stty rows 24 cols {columns}; {variables} {} {call}", env!("CARGO_BIN_EXE_kycvs"));
        let mut command = Command::new("script");
        command.current_dir(folder.path(".")).env("TERM", "xterm").env_remove("NO_COLOR");
        command.args(["-qec", &line, "/dev/null"]);
        run(&mut command, b"")
    };
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("not run: there is no `script` here");
        return;
    }
    let show = "qr pass.kycvs";
    for (variables, colours) in
        [("", true), ("NO_COLOR=", true), ("NO_COLOR=1", false), ("TERM=dumb", false), ("TERM=vt100", true)]
    {
        let shown = in_terminal(100, variables, show).good();
        assert_eq!(shown.contains("\x1b[38;5;16"), colours, "{variables}");
        assert!(shown.contains('\u{2588}'), "{variables}");
    }
    let narrow = in_terminal(40, "", show).ends(2, "");
    assert!(
        narrow.stdout.contains("error[usage]: the terminal has 40 columns and the code needs"),
        "{narrow:?}"
    );
    assert!(!narrow.stdout.contains('\u{2588}'));
    let demo = in_terminal(40, "", "demo").good();
    assert!(demo.contains("the terminal is too narrow") && demo.contains("Nothing was written"), "{demo}");
}
