//! Secret keys in PEM: PKCS#8 (RFC 5958, RFC 8410), plain and encrypted. What comes out is the public half.

use kycvs::ErrorCode::{self, InvalidKey, WrongPassphrase};

use crate::ed25519::{Key, kid};
use crate::forms::pem;
use crate::model::{Expected, Flag, Format, KeyCase, Keys, PublicKey};
use crate::raw::hx;

/// `openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -iter 1000` made these of the key named `encrypted`.
const ENCRYPTED: &str = include_str!("../../openssl/encrypted-aes-256.pem");
const PASSPHRASE: &str = "correct horse battery staple";

pub(super) fn cases() -> Vec<KeyCase> {
    let mut cases = plain();
    cases.extend(not_plain());
    cases.extend(encrypted());
    cases.extend(not_encrypted());
    cases
}

fn key() -> Key {
    Key::named("secret PEM")
}

fn public_half(key: &Key) -> Expected<Keys> {
    Expected::Good(Keys::One(PublicKey {
        public_key: hex::encode(key.public),
        key_id: hex::encode(kid(&key.public)),
        algorithm: None,
    }))
}

/// PKCS#8 version 1: the seed in an octet string in an octet string.
fn version_1(seed: &[u8]) -> Vec<u8> {
    [&hx("302e020100300506032b657004220420"), seed].concat()
}

/// Version 2: with the public key.
fn version_2(seed: &[u8], public: &[u8]) -> Vec<u8> {
    [&hx("3051020101300506032b657004220420"), seed, &hx("812100"), public].concat()
}

fn plain() -> Vec<KeyCase> {
    let key = key();
    let good = |name: &str, comment: &str, input: String| secret(name, comment, input, public_half(&key));
    let block = pem("PRIVATE KEY", &version_1(&key.seed));
    vec![
        good("version-1", "PKCS#8 as `openssl genpkey` writes it.", block.clone()),
        good(
            "version-2",
            "PKCS#8 with the public key (RFC 5958).",
            pem("PRIVATE KEY", &version_2(&key.seed, &key.public)),
        ),
        good(
            "line-ends-of-windows",
            "Lines end with a carriage return and a line feed.",
            block.replace('\n', "\r\n"),
        ),
        good("no-line-feed-behind", "The last line has no line feed.", block.trim_end().to_owned()),
        good(
            "text-in-front",
            "A text in front.",
            format!("Published: never sign anything with it.\n{block}"),
        ),
        good("text-behind", "A text behind.", format!("{block}Published: never sign anything with it.\n")),
        good("byte-order-mark", "A byte order mark in front.", format!("\u{feff}{block}")),
        good("indented", "Every line is indented.", format!("  {}", block.replace('\n', "\n  "))),
        good(
            "beside-other-blocks",
            "Blocks with other labels stand around it: a certificate and a public key.",
            format!(
                "{}{block}{}",
                include_str!("../../openssl/certificate.pem"),
                include_str!("../../openssl/public-ec.pem")
            ),
        ),
        secret(
            "zeroes",
            "The seed is 32 zeroes.",
            pem("PRIVATE KEY", &version_1(&[0; 32])),
            public_half(&Key::from_seed([0; 32])),
        ),
    ]
}

fn not_plain() -> Vec<KeyCase> {
    let key = key();
    let refused = |name: &str, comment: &str, input: &str| {
        secret(name, comment, input.to_owned(), Expected::refused(InvalidKey))
    };
    let der = |name: &str, comment: &str, der: Vec<u8>| refused(name, comment, &pem("PRIVATE KEY", &der));
    let whole = version_1(&key.seed);
    let spki = [&hx("302a300506032b6570032100"), &key.public[..]].concat();
    vec![
        refused("encrypted", "The key is encrypted.", ENCRYPTED),
        refused("public", "A public key.", &pem("PUBLIC KEY", &spki)),
        refused("rsa", "An RSA key.", include_str!("../../openssl/secret-rsa.pem")),
        refused("p-256", "A key of the curve P-256.", include_str!("../../openssl/secret-ec.pem")),
        refused(
            "p-256-sec1",
            "A key of the curve P-256 in its older form.",
            include_str!("../../openssl/secret-ec-sec1.pem"),
        ),
        refused("x25519", "An X25519 key.", include_str!("../../openssl/secret-x25519.pem")),
        refused("ed448", "An Ed448 key.", include_str!("../../openssl/secret-ed448.pem")),
        refused("label-openssh", "The label is `OPENSSH PRIVATE KEY`.", &pem("OPENSSH PRIVATE KEY", &whole)),
        refused("label-public", "A secret key under the label `PUBLIC KEY`.", &pem("PUBLIC KEY", &whole)),
        refused("empty", "Nothing.", ""),
        refused(
            "two",
            "Two secret keys.",
            &[pem("PRIVATE KEY", &whole), pem("PRIVATE KEY", &version_1(&Key::named("another").seed))]
                .concat(),
        ),
        der(
            "version-2-wrong-public-key",
            "The public key in it is another one's.",
            version_2(&key.seed, &Key::named("another").public),
        ),
        der(
            "31-bytes",
            "The seed has 31 bytes.",
            [&hx("302d020100300506032b65700421041f"), &key.seed[..31]].concat(),
        ),
        der(
            "33-bytes",
            "The seed has 33 bytes.",
            [&hx("302f020100300506032b657004230421"), &key.seed[..], &[0]].concat(),
        ),
        der(
            "not-wrapped",
            "The seed stands in one octet string, not in two.",
            [&hx("302c020100300506032b65700420"), &key.seed[..]].concat(),
        ),
        der("cut-short", "The last byte is missing.", whole[..47].to_vec()),
        der("byte-behind", "A byte stands behind the structure.", [&whole[..], &[0]].concat()),
        der(
            "version-3",
            "A version that does not exist.",
            [&hx("302e020102300506032b657004220420"), &key.seed[..]].concat(),
        ),
        der(
            "parameters-null",
            "The algorithm has parameters: NULL.",
            [&hx("3030020100300706032b6570050004220420"), &key.seed[..]].concat(),
        ),
        der("bare", "The 32 bytes alone.", key.seed.to_vec()),
    ]
}

fn secret(name: &str, comment: &str, input: String, expected: Expected<Keys>) -> KeyCase {
    KeyCase {
        id: format!("key/secret-pem/{name}"),
        comment: comment.into(),
        flags: vec![Flag::KeyFormat],
        format: Format::SecretPem,
        input,
        passphrase: None,
        expected,
    }
}

fn encrypted() -> Vec<KeyCase> {
    let key = Key::named("encrypted");
    let good = |name: &str, comment: &str, input: &str, passphrase: &str| {
        with_passphrase(name, comment, input, passphrase, public_half(&key))
    };
    let devanagari = include_str!("../../openssl/encrypted-passphrase-devanagari.pem");
    let long = include_str!("../../openssl/encrypted-passphrase-160-bytes.pem");
    vec![
        good(
            "aes-256",
            "PBES2 with PBKDF2, HMAC-SHA-256, 1,000 iterations and AES-256-CBC.",
            ENCRYPTED,
            PASSPHRASE,
        ),
        good(
            "default-iterations",
            "With the iterations that openssl takes by itself.",
            include_str!("../../openssl/encrypted-default-iterations.pem"),
            PASSPHRASE,
        ),
        good(
            "aes-128",
            "The same with AES-128-CBC.",
            include_str!("../../openssl/encrypted-aes-128.pem"),
            PASSPHRASE,
        ),
        good(
            "scrypt",
            "PBES2 with scrypt of 1 MiB and AES-256-CBC.",
            include_str!("../../openssl/encrypted-scrypt.pem"),
            PASSPHRASE,
        ),
        good(
            "1-iteration",
            "With one iteration.",
            include_str!("../../openssl/encrypted-1-iteration.pem"),
            PASSPHRASE,
        ),
        good(
            "passphrase-devanagari",
            "The passphrase is the UTF-8 of Devanagari letters.",
            devanagari,
            "\u{92a}\u{93e}\u{938}\u{935}\u{930}\u{94d}\u{921}",
        ),
        good(
            "passphrase-160-bytes",
            "The passphrase is longer than a block of SHA-256.",
            long,
            &"long".repeat(40),
        ),
        good(
            "line-ends-of-windows",
            "Lines end with a carriage return and a line feed.",
            &ENCRYPTED.replace('\n', "\r\n"),
            PASSPHRASE,
        ),
        good("byte-order-mark", "A byte order mark in front.", &format!("\u{feff}{ENCRYPTED}"), PASSPHRASE),
    ]
}

fn not_encrypted() -> Vec<KeyCase> {
    let refused = |name: &str, comment: &str, input: &str, passphrase: &str, code: ErrorCode| {
        with_passphrase(name, comment, input, passphrase, Expected::refused(code))
    };
    let lines: Vec<_> = ENCRYPTED.lines().collect();
    let plain = pem("PRIVATE KEY", &version_1(&key().seed));
    vec![
        refused(
            "wrong-passphrase",
            "Another passphrase.",
            ENCRYPTED,
            "correct horse battery stable",
            WrongPassphrase,
        ),
        refused(
            "wrong-passphrase-right-padding",
            "Another passphrase, with which the padding is right by chance.",
            include_str!("../../openssl/encrypted-1-iteration.pem"),
            "wrong0",
            WrongPassphrase,
        ),
        refused("wrong-passphrase-empty", "An empty passphrase.", ENCRYPTED, "", WrongPassphrase),
        refused(
            "wrong-passphrase-line-feed",
            "The passphrase and a line feed.",
            ENCRYPTED,
            &format!("{PASSPHRASE}\n"),
            WrongPassphrase,
        ),
        refused(
            "wrong-passphrase-capital",
            "The passphrase with a capital letter.",
            ENCRYPTED,
            "Correct horse battery staple",
            WrongPassphrase,
        ),
        refused(
            "wrong-passphrase-beginning",
            "The beginning of the passphrase.",
            ENCRYPTED,
            "correct horse",
            WrongPassphrase,
        ),
        refused(
            "p-256",
            "The passphrase is right, and the key one of the curve P-256.",
            include_str!("../../openssl/encrypted-ec.pem"),
            PASSPHRASE,
            InvalidKey,
        ),
        refused("plain", "The key is not encrypted.", &plain, PASSPHRASE, InvalidKey),
        refused(
            "plain-under-the-label",
            "A plain key under the label of an encrypted one.",
            &plain.replace("PRIVATE", "ENCRYPTED PRIVATE"),
            PASSPHRASE,
            InvalidKey,
        ),
        refused(
            "label-plain",
            "An encrypted key under the label of a plain one.",
            &ENCRYPTED.replace("ENCRYPTED ", ""),
            PASSPHRASE,
            InvalidKey,
        ),
        refused(
            "without-a-line",
            "A line is missing in the middle.",
            &[&lines[..2], &lines[3..]].concat().join("\n"),
            PASSPHRASE,
            InvalidKey,
        ),
        refused(
            "without-end",
            "The last line is missing.",
            &lines[..lines.len() - 1].join("\n"),
            PASSPHRASE,
            InvalidKey,
        ),
        refused(
            "not-base64",
            "There is a character that base64 does not have.",
            &ENCRYPTED.replacen("MIG", "M*G", 1),
            PASSPHRASE,
            InvalidKey,
        ),
        refused("empty", "Nothing.", "", PASSPHRASE, InvalidKey),
        refused(
            "triple-des",
            "PBES2 with triple DES. The passphrase is right.",
            include_str!("../../openssl/encrypted-des3.pem"),
            PASSPHRASE,
            InvalidKey,
        ),
        refused(
            "pbes1",
            "PBES1. The passphrase is right.",
            include_str!("../../openssl/encrypted-pbes1.pem"),
            PASSPHRASE,
            InvalidKey,
        ),
        refused(
            "scrypt-512-mib",
            "scrypt that wants 512 MiB, refused before it is done. The passphrase is right.",
            include_str!("../../openssl/encrypted-scrypt-512-mib.pem"),
            PASSPHRASE,
            InvalidKey,
        ),
        refused(
            "10000001-iterations",
            "More than 10,000,000 iterations: some seconds of work, refused before it is done. The passphrase is right.",
            include_str!("../../openssl/encrypted-10000001-iterations.pem"),
            PASSPHRASE,
            InvalidKey,
        ),
    ]
}

pub(super) fn with_passphrase(
    name: &str,
    comment: &str,
    input: &str,
    passphrase: &str,
    expected: Expected<Keys>,
) -> KeyCase {
    KeyCase {
        id: format!("key/encrypted-pem/{name}"),
        comment: comment.into(),
        flags: vec![Flag::KeyFormat],
        format: Format::EncryptedPem,
        input: input.into(),
        passphrase: Some(passphrase.into()),
        expected,
    }
}
