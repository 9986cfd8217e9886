//! The trust store as a file.

use serde_json::json;

use crate::support::{CHECKED, Folder, ISSUER, KEY_ID, NOTHING};

#[test]
fn what_is_exported_can_be_added() {
    let folder = Folder::new();
    folder.run("keygen --issuer i --out-dir made --alg Ed25519", NOTHING).good();
    folder.run("trust export --trust made/trust.cbor --out other.jwks", NOTHING).good();
    folder.run(&format!("trust add --trust trust.cbor --issuer {ISSUER} other.jwks"), NOTHING).good();
    let list =
        |file: &str| folder.run(&format!("trust list --json --trust {file}"), NOTHING).json()["keys"].clone();
    let keys = list("trust.cbor");
    assert_eq!(keys.as_array().map(Vec::len), Some(2));
    for format in ["jwks", "cose"] {
        let export = format!("trust export --trust trust.cbor --format {format} --out keys.{format}");
        folder.run(&export, NOTHING).good();
        let add = format!("trust add --trust {format}.cbor --issuer {ISSUER} keys.{format}");
        folder.run(&add, NOTHING).good();
        assert_eq!(list(&format!("{format}.cbor")), keys, "{format}");
    }
    // PEM names no algorithm: all are of the one that the call names.
    let pem = folder.run("trust export --trust trust.cbor --format pem", NOTHING).good();
    assert_eq!(pem.matches("BEGIN PUBLIC KEY").count(), 2);
    folder
        .run_with(
            &format!("trust add --trust pem.cbor --issuer {ISSUER} --alg Ed25519 -"),
            NOTHING,
            pem.as_bytes(),
        )
        .good();
    assert!(list("pem.cbor").as_array().expect("a list").iter().all(|key| key["algorithm"] == "Ed25519"));
    // Words around the blocks, as a mail has them, change nothing (RFC 7468).
    let mail = format!("\u{feff}Dear verifier,\r\nthese are our keys:\r\n\r\n{pem}\n-- \nThe issuer\n");
    let add = format!("trust add --trust mail.cbor --issuer {ISSUER} --alg Ed25519 -");
    folder.run_with(&add, NOTHING, mail.as_bytes()).good();
    assert_eq!(list("mail.cbor"), list("pem.cbor"));
}

#[test]
fn keys_of_other_kinds_are_passed_over() {
    let folder = Folder::new();
    let jwks = json!({"keys": [
        {"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "alg": "EdDSA"},
    ]});
    folder.write("keys.jwks", jwks.to_string());
    let add = "trust add --trust new.cbor --issuer i keys.jwks";
    let text = folder.run(add, NOTHING).good();
    assert_eq!(text, format!("added {KEY_ID} for i\nskipped 1 key of another kind\n"));
    folder
        .run(add, NOTHING)
        .ends(2, &format!("error[usage]: the key {KEY_ID} is in `new.cbor` already: remove it first"));
    folder
        .run("trust add --trust new2.cbor --issuer i --alg Ed25519 keys.jwks", NOTHING)
        .ends(2, &format!("error[usage]: the file names EdDSA for the key {KEY_ID}, and --alg says Ed25519"));
    assert!(!folder.names().contains(&"new2.cbor".into()));
    folder
        .run("trust add --trust new.cbor --issuer i issuer.pem", NOTHING)
        .ends(2, "error[invalid_key]: `issuer.pem`: ");
    folder
        .run("trust add --trust new.cbor --issuer i answer.txt", NOTHING)
        .ends(2, "error[invalid_key]: `answer.txt`: ");
}

#[test]
fn a_key_is_trusted_for_a_time_and_until_it_is_withdrawn() {
    let folder = Folder::new();
    let verify = |file: &str| {
        let call = format!(
            "verify --no-nonce --trust {file} --allow-open --max-lifetime 31d --now {CHECKED} pass.kycvs"
        );
        folder.run(&call, NOTHING)
    };
    for (name, window, good) in [
        ("a", "--not-before 2026-07-01T10:00:00Z", true),
        ("b", "--not-before 2026-07-01T10:00:01Z", false),
        ("c", "--not-after 2026-07-01T10:00:00Z", false),
        ("d", "--not-before 2026-01-01T05:30:00+05:30 --not-after 2026-07-01T10:00:01Z", true),
    ] {
        folder
            .run(&format!("trust add --trust {name} --issuer {ISSUER} {window} issuer.pub.pem"), NOTHING)
            .good();
        if good {
            verify(name).good();
        } else {
            verify(name).ends(1, "error[key_not_valid]");
        }
    }
    let upside_down = "trust add --trust e --issuer i --not-before 2026-01-02T00:00:00Z --not-after 2026-01-01T00:00:00Z issuer.pub.pem";
    folder.run(upside_down, NOTHING).ends(2, "error[usage]: --not-after must be later");

    folder.run(&format!("trust withdraw --trust a {KEY_ID}"), NOTHING).good();
    verify("a").ends(1, "error[key_not_valid]");
    folder.run("trust export --trust a", NOTHING).ends(2, "error[usage]: `a` has no key to export");
    folder
        .run("trust withdraw --trust a 0011223344556677", NOTHING)
        .ends(2, "error[usage]: `a` has no key 0011223344556677");
    folder.run("trust withdraw --trust a 00", NOTHING).ends(2, "a key id is 16 hex digits");
    let add = folder.run(&format!("trust add --trust trust.cbor --issuer {ISSUER} issuer.pub.pem"), NOTHING);
    add.ends(2, &format!("error[usage]: the key {KEY_ID} is in `trust.cbor` already: remove it first"));
    let add = folder.run(&format!("trust add --trust a --issuer {ISSUER} issuer.pub.pem"), NOTHING);
    add.ends(2, &format!("the key {KEY_ID} is in `a` already (withdrawn): remove it first"));
}

/// A link to the store stays a link, and a store that others may read stays so.
#[test]
fn the_file_keeps_its_place_and_its_mode() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    folder.set_mode("trust.cbor", 0o640);
    std::os::unix::fs::symlink("trust.cbor", folder.path("link")).expect("a link");
    folder.run(&format!("trust withdraw --trust link {KEY_ID}"), NOTHING).good();
    assert!(folder.path("link").symlink_metadata().expect("the link").is_symlink());
    assert_eq!(folder.path("trust.cbor").metadata().expect("the store").permissions().mode() & 0o777, 0o640);
    let list = folder.run("trust list --trust trust.cbor", NOTHING).good();
    assert!(list.contains("WITHDRAWN"), "{list}");
}

/// Ten at once: each one's key is in the end.
#[test]
fn no_change_is_lost_to_another() {
    let folder = Folder::new();
    for number in 0..10 {
        folder.run(&format!("keygen --issuer i --out-dir made{number}"), NOTHING).good();
        folder
            .run(
                &format!("trust export --trust made{number}/trust.cbor --format pem --out {number}.pem"),
                NOTHING,
            )
            .good();
    }
    std::thread::scope(|scope| {
        for number in 0..10 {
            let folder = &folder;
            scope.spawn(move || {
                folder.run(&format!("trust add --trust all.cbor --issuer i {number}.pem"), NOTHING).good()
            });
        }
    });
    let list = folder.run("trust list --trust all.cbor --json", NOTHING).json();
    assert_eq!(list["keys"].as_array().map(Vec::len), Some(10));
}

#[test]
fn an_export_does_not_revive_a_key_past_its_window() {
    let folder = Folder::new();
    let list =
        |file: &str| folder.run(&format!("trust list --json --trust {file}"), NOTHING).json()["keys"].clone();
    for (name, window) in [
        ("past", "--not-after 2020-01-01T00:00:00Z"),
        ("future", "--not-before 2099-01-01T00:00:00Z"),
        ("both", "--not-before 2019-01-01T00:00:00Z --not-after 2020-01-01T00:00:00Z"),
    ] {
        folder
            .run(&format!("trust add --trust {name} --issuer {ISSUER} {window} issuer.pub.pem"), NOTHING)
            .good();
        for format in ["jwks", "pem", "cose"] {
            let export = format!("trust export --trust {name} --format {format} --out {name}.{format}");
            let refused = folder.run(&export, NOTHING).ends(2, "--drop-windows to export it without");
            assert!(
                refused.stderr.starts_with(&format!("error[usage]: the key {KEY_ID} is trusted ")),
                "{refused:?}"
            );
            assert!(!folder.path(&format!("{name}.{format}")).exists());
            folder.run(&format!("{export} --json"), NOTHING).ends(2, "").json();
            // Who says it gets the key, and trusts it always.
            folder.run(&format!("{export} --drop-windows"), NOTHING).good();
            let new = format!("{name}.{format}.cbor");
            folder.run(&format!("trust add --trust {new} --issuer {ISSUER} {name}.{format}"), NOTHING).good();
            assert_eq!(list(&new)[0]["not_after"], json!(null));
        }
    }
    // Only the keys that are exported count.
    folder.run("keygen --issuer other --out-dir made", NOTHING).good();
    folder.run("trust export --trust made/trust.cbor --out other.jwks", NOTHING).good();
    folder.run("trust add --trust past --issuer other other.jwks", NOTHING).good();
    folder.run("trust export --trust past --issuer other", NOTHING).good();
    folder.run("trust export --trust past", NOTHING).ends(2, "error[usage]: the key ");
}

#[test]
fn an_export_says_that_withdrawn_keys_are_left_out() {
    let folder = Folder::new();
    folder.run("keygen --issuer other --out-dir made", NOTHING).good();
    folder.run("trust export --trust made/trust.cbor --out other.jwks", NOTHING).good();
    folder.run("trust add --trust trust.cbor --issuer other other.jwks", NOTHING).good();
    folder.run(&format!("trust withdraw --trust trust.cbor {KEY_ID}"), NOTHING).good();
    for format in ["jwks", "pem", "cose"] {
        let export = format!("trust export --trust trust.cbor --format {format} --json");
        let json = folder.run(&export, NOTHING).ends(0, "left out 1 withdrawn key").json();
        assert_eq!((&json["keys"], &json["left_out"]), (&json!(1), &json!(1)));
        assert!(!json.to_string().contains(KEY_ID));
    }
}

#[test]
fn each_key_of_a_cose_key_set_names_its_id() {
    let folder = Folder::new();
    for (format, alg) in [("EdDSA", "27"), ("Ed25519", "32")] {
        folder
            .run(&format!("trust add --trust {format} --issuer i --alg {format} issuer.pub.pem"), NOTHING)
            .good();
        let json = folder.run(&format!("trust export --trust {format} --format cose --json"), NOTHING).json();
        let x = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        // {1: 1, 2: h'KEY_ID', 3: alg, -1: 6, -2: h'x'} in an array.
        assert_eq!(json["data"], format!("81a501010248{KEY_ID}03{alg}2006215820{x}"));
    }
}
