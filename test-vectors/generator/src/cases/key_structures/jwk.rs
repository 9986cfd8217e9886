//! JWK and JWK Set (RFC 7517, RFC 8037).

use kycvs::ErrorCode::InvalidKey;

use super::{case, one, public_key, set};
use crate::ed25519::{Key, SMALL_ORDER, over_the_field};
use crate::forms::{base64, base64url};
use crate::model::{Expected, Format, KeyCase};
use crate::raw::hx;

fn key() -> Key {
    Key::named("JWK")
}

fn x(bytes: &[u8]) -> String {
    format!(r#""kty":"OKP","crv":"Ed25519","x":"{}""#, base64url(bytes))
}

fn plain() -> String {
    x(&key().public)
}

fn d(seed: &[u8]) -> String {
    format!(r#","d":"{}""#, base64url(seed))
}

pub(super) fn keys() -> Vec<KeyCase> {
    let mut cases = good();
    cases.extend(faulty());
    cases.extend(members());
    cases.extend(json());
    cases
}

fn good() -> Vec<KeyCase> {
    let good = |name: &str, comment: &str, algorithm, input: String| {
        case(Format::Jwk, name, comment, input, one(&key(), algorithm))
    };
    let with = |more: &str| format!("{{{}{more}}}", plain());
    vec![
        good("plain", "kty, crv and x.", None, with("")),
        good("alg-eddsa", "With `alg` EdDSA.", Some("EdDSA"), with(r#","alg":"EdDSA""#)),
        good("alg-ed25519", "With `alg` Ed25519.", Some("Ed25519"), with(r#","alg":"Ed25519""#)),
        good(
            "unknown-members",
            "With members that are ignored.",
            None,
            with(r#","kid":"any","use":"sig","key_ops":["verify"],"x5c":[],"exp":1.5e3,"note":{"x":null}"#),
        ),
        good(
            "unknown-member-twice",
            "An unknown member stands twice: it is ignored both times.",
            None,
            with(r#","kid":"a","kid":"b""#),
        ),
        good("d-matches", "The private key is in it and belongs to x.", None, with(&d(&key().seed))),
        good(
            "any-order",
            "The members stand in another order.",
            None,
            format!(r#"{{"x":"{}","crv":"Ed25519","kty":"OKP"}}"#, base64url(&key().public)),
        ),
        good(
            "white-space",
            "White space between all.",
            None,
            format!(" {{\n\t{}\r\n}} \n", plain().replace(':', " : ").replace(',', " ,\n")),
        ),
        good(
            "byte-order-mark",
            "A byte order mark in front, and white space behind it.",
            None,
            format!("\u{feff}\n{}", with("")),
        ),
        good(
            "unknown-members-of-large-numbers",
            "Numbers that no float holds stand in unknown members.",
            None,
            with(r#","a":1e400,"b":[-1E-9999],"c":123456789012345678901234567890"#),
        ),
        good(
            "escaped-name",
            "The name of a member is written with an escape.",
            None,
            with("").replacen("kty", r"k\u0074y", 1),
        ),
        good(
            "escaped-value",
            "A value is written with an escape: `OKP` all the same.",
            None,
            with("").replacen("OKP", r"O\u004bP", 1),
        ),
        good(
            "escaped-unknown-value",
            "The value of an unknown member is written with an escape.",
            None,
            with(r#","kid":"caf\u00e9 \"1\"""#),
        ),
    ]
}

fn refused(name: &str, comment: &str, input: impl Into<String>) -> KeyCase {
    case(Format::Jwk, name, comment, input.into(), Expected::refused(InvalidKey))
}

fn faulty() -> Vec<KeyCase> {
    let public = key().public;
    let with = |name: &str, comment: &str, bytes: &[u8]| refused(name, comment, format!("{{{}}}", x(bytes)));
    let written = |name: &str, comment: &str, text: String| {
        refused(name, comment, format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{text}"}}"#))
    };
    let text = base64url(&public);
    let spare = {
        // 32 bytes leave two bits of the last character unused.
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let last = alphabet.find(text.chars().last().expect("43 characters")).expect("base64url");
        format!("{}{}", &text[..42], &alphabet[last + 1..last + 2])
    };
    // Hashed names until one has both characters that the alphabets do not share.
    let special = (0..u64::MAX)
        .map(|at| base64(&Key::named(&format!("JWK {at}")).public))
        .find(|text| text.contains('+') && text.contains('/'))
        .expect("one of many has both");
    vec![
        with("x-31-bytes", "x has 31 bytes.", &public[..31]),
        with("x-33-bytes", "x has 33 bytes.", &[&public[..], &[0]].concat()),
        with("x-empty", "x is empty.", &[]),
        with("x-small-order", "x is a point of order 8.", &hx(SMALL_ORDER[6].1)),
        with("x-not-canonical", "x is not canonical.", &over_the_field(5, false)),
        with("x-torsion", "x has a torsion component.", &key().public_with_torsion(2)),
        written("x-padded", "x is padded.", format!("{text}=")),
        written("x-spare-bits", "The last character of x has a spare bit set.", spare),
        written(
            "x-standard-alphabet",
            "x is in the alphabet with `+` and `/`.",
            special.trim_end_matches('=').into(),
        ),
        written("x-with-space", "There is a space in x.", format!("{} {}", &text[..20], &text[20..])),
        written("x-hexadecimal", "x is in hexadecimal digits.", hex::encode(public)),
        refused(
            "d-of-another-key",
            "d belongs to another x.",
            format!("{{{}{}}}", plain(), d(&Key::named("another").seed)),
        ),
        refused("d-31-bytes", "d has 31 bytes.", format!("{{{}{}}}", plain(), d(&key().seed[..31]))),
        refused("d-empty", "d is empty.", format!("{{{}{}}}", plain(), d(&[]))),
    ]
}

fn members() -> Vec<KeyCase> {
    let changed = |name: &str, comment: &str, from: &str, to: &str| {
        refused(name, comment, format!("{{{}}}", plain()).replacen(from, to, 1))
    };
    let with =
        |name: &str, comment: &str, more: &str| refused(name, comment, format!("{{{}{more}}}", plain()));
    let seed = base64url(&key().seed);
    vec![
        changed("kty-ec", "kty is EC.", "OKP", "EC"),
        changed("kty-lower-case", "kty is in lower case.", "OKP", "okp"),
        changed("kty-number", "kty is a number.", r#""OKP""#, "1"),
        changed("kty-missing", "There is no kty.", r#""kty":"OKP","#, ""),
        changed("crv-x25519", "crv is X25519.", "Ed25519", "X25519"),
        changed("crv-ed448", "crv is Ed448.", "Ed25519", "Ed448"),
        changed("crv-missing", "There is no crv.", r#""crv":"Ed25519","#, ""),
        changed("crv-null", "crv is null.", r#""Ed25519""#, "null"),
        changed("x-missing", "There is no x.", r#","x":"#, r#","y":"#),
        changed("x-in-capitals", "The name of x is a capital letter.", r#""x""#, r#""X""#),
        with("alg-es256", "`alg` is ES256.", r#","alg":"ES256""#),
        with("alg-lower-case", "`alg` is in lower case.", r#","alg":"eddsa""#),
        with("alg-number", "`alg` is a number.", r#","alg":-8"#),
        with("alg-empty", "`alg` is empty.", r#","alg":"""#),
        with("alg-null", "`alg` is null, which is not absent.", r#","alg":null"#),
        with("d-null", "d is null, which is not absent.", r#","d":null"#),
        with(
            "d-escaped",
            "The first character of d is written with an escape.",
            &format!(r#","d":"\u{:04x}{}""#, seed.as_bytes()[0], &seed[1..]),
        ),
        with("d-number", "d is a number.", r#","d":7"#),
        with("kty-twice", "kty stands twice.", r#","kty":"OKP""#),
        with(
            "x-twice",
            "x stands twice, the same both times.",
            &format!(r#","x":"{}""#, base64url(&key().public)),
        ),
        with(
            "x-twice-by-an-escape",
            "x stands twice, the second time with an escape in its name.",
            &format!(r#","\u0078":"{}""#, base64url(&key().public)),
        ),
    ]
}

fn json() -> Vec<KeyCase> {
    let whole = format!("{{{}}}", plain());
    vec![
        refused("empty", "Nothing.", ""),
        refused("empty-object", "An empty object.", "{}"),
        refused("array", "The key in an array.", format!("[{whole}]")),
        refused(
            "members-in-an-array",
            "The values of the members in an array, and no object.",
            format!(r#"["OKP","Ed25519","EdDSA","{}"]"#, base64url(&key().public)),
        ),
        refused("string", "The key in a string.", format!("\"{}\"", whole.replace('"', "\\\""))),
        refused("byte-order-mark-twice", "Two byte order marks.", format!("\u{feff}\u{feff}{whole}")),
        refused("no-break-space", "U+00A0 in front: no white space of JSON.", format!("\u{a0}{whole}")),
        refused("vertical-tab", "U+000B in front: no white space of JSON.", format!("\u{b}{whole}")),
        refused("ideographic-space", "U+3000 in front: no white space of JSON.", format!("\u{3000}{whole}")),
        refused("text-behind", "A letter stands behind the object.", format!("{whole}x")),
        refused("twice", "Two keys, one behind the other.", whole.repeat(2)),
        refused("cut-short", "The closing brace is missing.", whole[..whole.len() - 1].to_owned()),
        refused("trailing-comma", "A comma stands behind the last member.", format!("{{{},}}", plain())),
        refused("comment", "There is a comment.", format!("{{{} /* test */}}", plain())),
        refused("single-quotes", "The strings stand in single quotation marks.", whole.replace('"', "'")),
        refused("names-unquoted", "The names have no quotation marks.", whole.replace(r#""kty""#, "kty")),
        refused(
            "control-in-a-string",
            "A line feed stands in a string.",
            format!("{{{},\"kid\":\"a\nb\"}}", plain()),
        ),
    ]
}

pub(super) fn sets() -> Vec<KeyCase> {
    let one = Key::named("JWK Set, one");
    let two = Key::named("JWK Set, two");
    let plain_one = format!("{{{}}}", x(&one.public));
    let alg_one = format!(r#"{{{},"alg":"EdDSA"}}"#, x(&one.public));
    let alg_two = format!(r#"{{{},"alg":"Ed25519","kid":"2"}}"#, x(&two.public));
    let ec = r#"{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA","alg":"ES256"}"#;
    let rsa = r#"{"kty":"RSA","n":"AAAA","e":"AQAB"}"#;
    let symmetric = r#"{"kty":"oct","k":"AAAA"}"#;
    let x25519 = plain_one.replace("Ed25519", "X25519");
    let other_alg = format!(r#"{{{},"alg":"ES256"}}"#, x(&one.public));
    let small = format!("{{{}}}", x(&hx(SMALL_ORDER[1].1)));
    let without_x = r#"{"kty":"OKP","crv":"Ed25519"}"#;
    let wrong_d = format!("{{{}{}}}", x(&one.public), d(&two.seed));

    let write = |keys: &[&str]| format!(r#"{{"keys":[{}]}}"#, keys.join(","));
    let good = |name: &str, comment: &str, input: String, expected| {
        case(Format::JwkSet, name, comment, input, expected)
    };
    let refused = |name: &str, comment: &str, input: String| {
        case(Format::JwkSet, name, comment, input, Expected::refused(InvalidKey))
    };
    let first = || public_key(&one, None);
    vec![
        good("one", "One key.", write(&[&plain_one]), set(vec![first()], 0)),
        good(
            "two",
            "Two keys, in their order.",
            write(&[&alg_two, &plain_one]),
            set(vec![public_key(&two, Some("Ed25519")), first()], 0),
        ),
        good("ec-skipped", "A key of P-256 is skipped.", write(&[ec, &plain_one]), set(vec![first()], 1)),
        good(
            "mixed",
            "Keys of five other kinds are skipped.",
            write(&[ec, &alg_one, rsa, symmetric, &x25519, &alg_two, &other_alg]),
            set(vec![public_key(&one, Some("EdDSA")), public_key(&two, Some("Ed25519"))], 5),
        ),
        good(
            "unknown-members",
            "Members beside `keys` are ignored.",
            format!(r#"{{"issuer":"x","keys":[{plain_one}],"next":null}}"#),
            set(vec![first()], 0),
        ),
        good(
            "white-space",
            "White space and line feeds.",
            format!("\n{{ \"keys\" :\n [ {plain_one} ] }}\n"),
            set(vec![first()], 0),
        ),
        refused("empty", "No key at all.", write(&[])),
        refused("others-alone", "Keys of other kinds alone.", write(&[ec, rsa])),
        refused(
            "small-order",
            "A faulty key of the right kind is not skipped: a point of small order.",
            write(&[&plain_one, &small]),
        ),
        refused(
            "x-missing",
            "A faulty key of the right kind is not skipped: no x.",
            write(&[&plain_one, without_x]),
        ),
        refused(
            "wrong-d",
            "A faulty key of the right kind is not skipped: d of another key.",
            write(&[&plain_one, &wrong_d]),
        ),
        refused("keys-missing", "There is no `keys`.", "{\"key\":[]}".into()),
        refused("keys-object", "`keys` is an object.", format!(r#"{{"keys":{plain_one}}}"#)),
        refused("keys-null", "`keys` is null.", r#"{"keys":null}"#.into()),
        refused(
            "keys-twice",
            "`keys` stands twice.",
            format!(r#"{{"keys":[{plain_one}],"keys":[{plain_one}]}}"#),
        ),
        good(
            "odd-members-of-others",
            "Keys of other kinds are skipped, whatever our members are in them.",
            write(&[r#"{"kty":"XX","x":17,"crv":null,"d":[]}"#, r#"{"kty":7}"#, "{}", &plain_one]),
            set(vec![first()], 3),
        ),
        good(
            "large-numbers-in-others",
            "Keys of other kinds are skipped, also where a number in them is too large for a float.",
            write(&[r#"{"kty":"EC","crv":1e400,"x":1e400,"alg":-1e400,"d":1e400}"#, &plain_one]),
            set(vec![first()], 1),
        ),
        good(
            "byte-order-mark",
            "A byte order mark in front.",
            format!("\u{feff}{}", write(&[&plain_one])),
            set(vec![first()], 0),
        ),
        refused(
            "members-beside-faulty-keys",
            "A set is no key, though the members of a good one stand beside its faulty one.",
            format!(r#"{{"keys":[{small}],{}}}"#, x(&one.public)),
        ),
        refused(
            "members-in-an-array",
            "An array of the values of the members is no key.",
            write(&[&plain_one, &format!(r#"["OKP","Ed25519","EdDSA","{}"]"#, base64url(&two.public))]),
        ),
        refused("string-in-it", "A string is no key.", write(&[&plain_one, "\"x\""])),
        refused("null-in-it", "Null is no key.", write(&[&plain_one, "null"])),
        refused("cut-short", "The closing brace is missing.", format!(r#"{{"keys":[{plain_one}]"#)),
    ]
}
