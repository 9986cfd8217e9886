//! `--json`: exactly one object on standard output, whatever happens.

use serde_json::{Value, json};

use crate::support::{AUDIENCE, CHECKED, Folder, ISSUED, ISSUER, KEY_ID, NAME, NONCE, NOTHING};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn a_good_verdict() {
    let folder = Folder::new();
    let check =
        format!("--json --audience {AUDIENCE} --nonce {NONCE} --purpose rail-booking --name {{}} answer.txt");
    let mut verdict = folder.verify(&check, &[NAME]).ends(0, "").json();
    let token_id = verdict["token_id"].take();
    assert_eq!(token_id.as_str().map(str::len), Some(32));
    assert_eq!(
        verdict,
        json!({
            "ok": true, "status": 2, "status_text": "fully vaccinated", "issuer": ISSUER, "audience": AUDIENCE,
            "purpose": "rail-booking", "issued_at": ISSUED, "expires_at": "2026-07-01T10:15:00Z", "token_id": null,
            "key_id": KEY_ID, "nonce": NONCE, "subject_matched": true, "specimen": false
        })
    );
    let specimen = folder
        .verify("--json --allow-open --allow-specimen --at-least 1 specimen.txt", NOTHING)
        .ends(0, "")
        .json();
    assert_eq!(specimen["specimen"], true);
    assert_eq!(specimen["audience"], Value::Null);
}

#[test]
fn errors_of_every_family() {
    let folder = Folder::new();
    let gate = format!("verify --no-nonce --trust trust.cbor --now {CHECKED}");
    for (call, status, code, number, family) in [
        (format!("{gate} --allow-open --json nonsense!"), 1, "bad_text", 2, "unreadable"),
        (format!("{gate} --audience other --json answer.txt"), 1, "wrong_audience", 14, "refused"),
        (format!("{gate} --allow-open --skew 11m --json answer.txt"), 2, "invalid_setting", 120, "set_up"),
        ("inspect --json nonsense!".into(), 1, "bad_text", 2, "unreadable"),
        (
            "issue --json --key issuer.pem --issuer i --status 1 --purpose p --nonce 00".into(),
            2,
            "invalid_claim",
            64,
            "set_up",
        ),
        ("verify --json".into(), 2, "usage", 0, "usage"),
        ("--json".into(), 2, "usage", 0, "usage"),
        ("nonsense --json".into(), 2, "usage", 0, "usage"),
        (format!("{gate} --json answer.txt"), 2, "usage", 0, "usage"),
        (format!("{gate} --allow-open --skew 60 --json answer.txt"), 2, "usage", 0, "usage"),
        (format!("{gate} --allow-open --json missing.kycvs"), 2, "io", 0, "usage"),
        ("trust list --trust missing --json".into(), 2, "io", 0, "usage"),
        ("trust list --trust answer.txt --json".into(), 2, "bad_trust_store", 98, "set_up"),
        (
            "issue --json --key issuer.pem --issuer i --purpose p --batch issuer.pem".into(),
            2,
            "bad_csv",
            0,
            "usage",
        ),
        ("keygen --json --issuer i --out-dir .".into(), 2, "io", 0, "usage"),
    ] {
        let run = folder.run(&call, NOTHING);
        assert_eq!(run.status, Some(status), "{run:?}");
        assert_eq!(run.stderr, "", "{call}");
        let error = run.json();
        assert_eq!((&error["ok"], &error["code"]), (&json!(false), &json!(code)), "{call}");
        assert_eq!((&error["number"], &error["family"]), (&json!(number), &json!(family)), "{call}");
        assert!(
            error["message"].as_str().is_some_and(|text| text.len() > 10 && !text.contains('\n')),
            "{error}"
        );
    }
    folder.run(&format!("trust withdraw --trust trust.cbor {KEY_ID}"), NOTHING).good();
    let error = folder
        .run(&format!("{gate} --allow-open --max-lifetime 31d --json pass.kycvs"), NOTHING)
        .ends(1, "")
        .json();
    assert_eq!((&error["code"], &error["family"]), (&json!("key_not_valid"), &json!("untrusted")));
}

#[test]
fn every_command_gives_one_object() {
    let folder = Folder::new();
    let issued = folder.issue("--status 2 --purpose gate --name Asha --json").ends(0, "").json();
    assert_eq!(keys(&issued), ["base64url", "bytes", "claims", "hex", "ok", "opening", "text"]);
    assert_eq!(issued["opening"].as_str().map(str::len), Some(32));
    let bytes = kycvs::Presentation::from_text(issued["text"].as_str().expect("text")).expect("a token");
    assert_eq!(issued["hex"], hex::encode(&bytes));
    assert_eq!(issued["base64url"], bytes.to_base64url());
    assert_eq!(
        keys(&issued["claims"]),
        [
            "audience",
            "commitment",
            "expires_at",
            "issued_at",
            "issuer",
            "nonce",
            "purpose",
            "specimen",
            "status",
            "status_list",
            "status_text",
            "token_id"
        ]
    );
    for (call, expected) in [
        (
            "issue --json --key issuer.pem --issuer i --status 0 --purpose p --out a.txt",
            &["base64url", "bytes", "claims", "hex", "ok", "opening", "out", "text"][..],
        ),
        (
            "inspect --json answer.txt",
            &[
                "algorithm",
                "bytes",
                "claims",
                "diagnostic",
                "key_id",
                "ok",
                "opening",
                "token_bytes",
                "verified",
            ],
        ),
        ("qr --json answer.txt", &["level", "modules", "ok", "out", "text", "version"]),
        ("qr --json answer.txt --out a.svg", &["level", "modules", "ok", "out", "text", "version"]),
        (
            "keygen --json --issuer i --out-dir made",
            &["algorithm", "encrypted", "issuer", "key_file", "key_id", "ok", "public_key", "trust_file"],
        ),
        ("trust add --json --trust new.cbor --issuer i issuer.pub.pem", &["added", "keys", "ok", "skipped"]),
        ("trust list --json --trust new.cbor", &["keys", "ok"]),
        ("trust export --json --trust new.cbor", &["data", "format", "keys", "left_out", "ok", "out"]),
        ("trust withdraw --json --trust new.cbor 866eefbd6718c884", &["changed", "keys", "ok"]),
        ("trust remove --json --trust new.cbor 866eefbd6718c884", &["changed", "keys", "ok"]),
    ] {
        let object = folder.run(call, NOTHING).ends(0, "").json();
        assert_eq!(keys(&object), expected, "{call}");
        assert_eq!(object["ok"], true);
    }
}
