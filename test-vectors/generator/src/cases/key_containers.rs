//! Public keys in PEM: a SubjectPublicKeyInfo (RFC 8410) in a `PUBLIC KEY` block.

use kycvs::ErrorCode::InvalidKey;

use crate::ed25519::{Key, SMALL_ORDER, SMALL_ORDER_NOT_CANONICAL, kid, over_the_field};
use crate::forms::pem;
use crate::model::{Expected, Flag, Format, KeyCase, Keys, PublicKey};
use crate::raw::hx;

pub(super) fn cases() -> Vec<KeyCase> {
    let mut cases = good();
    cases.extend(other_keys());
    cases.extend(damaged());
    cases.extend(sets());
    cases
}

fn key() -> Key {
    Key::named("public PEM")
}

fn case(name: &str, comment: &str, input: String, expected: Expected<Keys>) -> KeyCase {
    KeyCase {
        id: format!("key/public-pem/{name}"),
        comment: comment.into(),
        flags: vec![Flag::KeyFormat],
        format: Format::PublicPem,
        input,
        passphrase: None,
        expected,
    }
}

fn refused(name: &str, comment: &str, input: impl Into<String>) -> KeyCase {
    case(name, comment, input.into(), Expected::refused(InvalidKey))
}

/// `SEQUENCE { SEQUENCE { id-Ed25519 }, BIT STRING }`.
fn spki(public: &[u8]) -> Vec<u8> {
    [&hx("302a300506032b6570032100"), public].concat()
}

fn block() -> String {
    pem("PUBLIC KEY", &spki(&key().public))
}

fn good() -> Vec<KeyCase> {
    let public = key().public;
    let good = |name: &str, comment: &str, input: String| {
        let key =
            PublicKey { public_key: hex::encode(public), key_id: hex::encode(kid(&public)), algorithm: None };
        case(name, comment, input, Expected::Good(Keys::One(key)))
    };
    vec![
        good("line-feeds", "Lines end with a line feed.", block()),
        good(
            "line-ends-of-windows",
            "Lines end with a carriage return and a line feed.",
            block().replace('\n', "\r\n"),
        ),
        good("no-line-feed-behind", "The last line has no line feed.", block().trim_end().to_owned()),
        good("blank-lines-around", "Blank lines stand in front and behind.", format!("\n\n{}\n\n", block())),
        good(
            "text-in-front",
            "A text in front, which RFC 7468 allows.",
            format!("The key of the test issuer.\nIt is published: never trust it.\n{}", block()),
        ),
        good("text-behind", "A text behind.", format!("{}-- \nPublished: never trust it.\n", block())),
        good("line-ends-of-old", "Lines end with a carriage return alone.", block().replace('\n', "\r")),
        good("byte-order-mark", "A byte order mark in front.", format!("\u{feff}{}", block())),
        good(
            "indented",
            "Every line is indented, by a tab or spaces, and has spaces behind.",
            format!("\t  {}", block().replace('\n', "  \n\t  ")),
        ),
        good(
            "lines-of-other-lengths",
            "The base64 stands in lines of 7 characters, with an empty line among them.",
            lines_of_7(),
        ),
    ]
}

fn lines_of_7() -> String {
    let whole = block();
    let lines: Vec<_> = whole.lines().collect();
    let (first, second) = lines[1].split_at(7);
    format!("{}\n{first}\n\n{second}\n{}\n", lines[0], lines[2])
}

/// A file of several blocks is read as a set.
fn sets() -> Vec<KeyCase> {
    let (one, two) = (Key::named("public PEM"), Key::named("public PEM, two"));
    let first = pem("PUBLIC KEY", &spki(&one.public));
    let second = pem("PUBLIC KEY", &spki(&two.public));
    let rsa = include_str!("../../openssl/public-rsa.pem");
    let certificate = include_str!("../../openssl/certificate.pem");
    let secret = include_str!("../../openssl/secret-ec.pem");
    let small = pem("PUBLIC KEY", &spki(&hx(SMALL_ORDER[3].1)));
    let public = |key: &Key| PublicKey {
        public_key: hex::encode(key.public),
        key_id: hex::encode(kid(&key.public)),
        algorithm: None,
    };
    let set = |name: &str, comment: &str, input: String, expected| KeyCase {
        id: format!("key/public-pem-set/{name}"),
        format: Format::PublicPemSet,
        ..case(name, comment, input, expected)
    };
    let good = |name: &str, comment: &str, blocks: &[&str], keys: &[&Key], skipped| {
        let keys = Keys::Set { keys: keys.iter().map(|key| public(key)).collect(), skipped };
        set(name, comment, blocks.concat(), Expected::Good(keys))
    };
    let refused = |name: &str, comment: &str, blocks: &[&str]| {
        set(name, comment, blocks.concat(), Expected::refused(InvalidKey))
    };
    let cut = &first.replace("-----END PUBLIC KEY-----\n", "");
    let headers = &second.replacen("-----\n", "-----\nComment: a header\n\n", 1);
    vec![
        good("one", "One key.", &[&first], &[&one], 0),
        good(
            "two",
            "Two keys in their order, with text around them.",
            &["A\n", &second, "B\n", &first, "C"],
            &[&two, &one],
            0,
        ),
        good("rsa-skipped", "A key of RSA is skipped, as in a JWK Set.", &[rsa, &first], &[&one], 1),
        good(
            "other-labels-skipped",
            "Blocks with other labels are skipped, also that of a secret key.",
            &[certificate, &first, secret],
            &[&one],
            2,
        ),
        good(
            "content-of-other-label",
            "What stands in a block with another label is not looked at.",
            &["-----BEGIN NOTE-----\nHeader: x\n\n*\n-----END NOTE-----\n", &first],
            &[&one],
            1,
        ),
        refused("others-alone", "Keys of other kinds alone.", &[rsa, certificate]),
        refused(
            "small-order",
            "A faulty key of the right kind is not skipped: a point of small order.",
            &[&first, &small],
        ),
        refused("without-end", "The last line of the second block is missing.", &[&second, cut]),
        refused("without-end-first", "The last line of the first block is missing.", &[cut, &second]),
        refused(
            "end-alone",
            "A line that closes a block stands alone.",
            &[&first, "-----END PUBLIC KEY-----\n"],
        ),
        refused(
            "begin-cut",
            "A line that opens a block lacks a hyphen.",
            &[&first, &second.replacen("KEY-----", "KEY----", 1)],
        ),
        refused("headers", "A block has headers (RFC 1421).", &[&first, headers]),
    ]
}

/// Whole blocks, but with another key in them, or one that must not be trusted.
fn other_keys() -> Vec<KeyCase> {
    let with =
        |name: &str, comment: &str, public: &[u8]| refused(name, comment, pem("PUBLIC KEY", &spki(public)));
    vec![
        refused("rsa", "An RSA key.", include_str!("../../openssl/public-rsa.pem")),
        refused("p-256", "A key of the curve P-256.", include_str!("../../openssl/public-ec.pem")),
        refused("x25519", "An X25519 key.", include_str!("../../openssl/public-x25519.pem")),
        refused("ed448", "An Ed448 key.", include_str!("../../openssl/public-ed448.pem")),
        refused("certificate", "A certificate.", include_str!("../../openssl/certificate.pem")),
        with("small-order", "A point of order 8.", &hx(SMALL_ORDER[4].1)),
        with("neutral-point", "The neutral point.", &hx(SMALL_ORDER[0].1)),
        with("zeroes", "32 zeroes: a point of order 4.", &[0; 32]),
        with(
            "small-order-not-canonical",
            "A point of order 4, not canonical.",
            &hx(SMALL_ORDER_NOT_CANONICAL[4].1),
        ),
        with("not-canonical", "y is p + 3.", &over_the_field(3, false)),
        with("torsion", "A good key and a point of small order.", &key().public_with_torsion(1)),
        with("not-on-the-curve", "y is 2.", &[&[2][..], &[0; 31]].concat()),
    ]
}

fn damaged() -> Vec<KeyCase> {
    let public = key().public;
    let der = |name: &str, comment: &str, der: Vec<u8>| refused(name, comment, pem("PUBLIC KEY", &der));
    let whole = spki(&public);
    let block = block();
    let lines: Vec<_> = block.lines().collect();
    vec![
        refused("empty", "Nothing.", ""),
        refused("without-end", "The last line is missing.", lines[..2].join("\n")),
        refused("without-begin", "The first line is missing.", lines[1..].join("\n")),
        refused("without-content", "There is nothing between the two lines.", pem("PUBLIC KEY", &[])),
        refused(
            "labels-differ",
            "The labels of the two lines differ.",
            block.replacen("BEGIN PUBLIC", "BEGIN PRIVATE", 1),
        ),
        refused("label-unknown", "The label is `ED25519 PUBLIC KEY`.", pem("ED25519 PUBLIC KEY", &whole)),
        refused("label-rsa", "The label is `RSA PUBLIC KEY`.", pem("RSA PUBLIC KEY", &whole)),
        refused("label-lower-case", "The label is in lower case.", pem("public key", &whole)),
        refused(
            "not-base64",
            "There is a character that base64 does not have.",
            block.replacen("MC", "M*", 1),
        ),
        refused(
            "base64-cut",
            "The last line of base64 lacks a character.",
            block.replacen("=\n-----END", "\n-----END", 1).replacen("\n-----END", "A\n-----END", 1),
        ),
        der("cut-short", "The last byte of the structure is missing.", whole[..43].to_vec()),
        der("byte-behind", "A byte stands behind the structure.", [&whole[..], &[0]].concat()),
        der("31-bytes", "The key has 31 bytes.", [&hx("3029300506032b6570032000"), &public[..31]].concat()),
        der(
            "33-bytes",
            "The key has 33 bytes.",
            [&hx("302b300506032b6570032200"), &public[..], &[0]].concat(),
        ),
        der(
            "unused-bits",
            "The bit string has an unused bit.",
            [&hx("302a300506032b6570032101"), &public[..]].concat(),
        ),
        der(
            "parameters-null",
            "The algorithm has parameters: NULL. RFC 8410 wants none.",
            [&hx("302c300706032b65700500032100"), &public[..]].concat(),
        ),
        der(
            "other-algorithm",
            "A good key under the identifier of X25519.",
            [&hx("302a300506032b656e032100"), &public[..]].concat(),
        ),
        der(
            "octet-string",
            "The key is an octet string.",
            [&hx("302a300506032b6570042100"), &public[..]].concat(),
        ),
        der("bare", "The 32 bytes alone.", public.to_vec()),
        der(
            "long-length",
            "The outer length is in its long form, as DER does not have it.",
            [&hx("30812a300506032b6570032100"), &public[..]].concat(),
        ),
    ]
}
