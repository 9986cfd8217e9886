//! Encrypted keys whose scrypt asks for work that does not exist or must not be done (RFC 7914 section 2): refused before
//! any of it, whatever the passphrase is.

use kycvs::ErrorCode::InvalidKey;

use super::secret_keys::with_passphrase;
use crate::forms::pem;
use crate::model::{Expected, KeyCase};
use crate::raw::hx;

pub(super) fn cases() -> Vec<KeyCase> {
    [
        ("scrypt-n-0", "The cost N is 0.", [0, 8, 1]),
        ("scrypt-n-1", "The cost N is 1: it has to be more.", [1, 8, 1]),
        ("scrypt-n-3", "The cost N is 3, no power of two.", [3, 8, 1]),
        ("scrypt-n-2^63", "The cost N is 2^63.", [1 << 63, 8, 1]),
        ("scrypt-r-0", "The block size r is 0.", [1024, 0, 1]),
        ("scrypt-p-0", "The parallelization p is 0.", [1024, 8, 0]),
        ("scrypt-p-65535", "The parallelization p is 65,535: far too much work.", [1024, 8, 65_535]),
    ]
    .into_iter()
    .map(|(name, comment, cost)| {
        with_passphrase(name, comment, &file(cost), "any passphrase", Expected::refused(InvalidKey))
    })
    .collect()
}

/// PBES2 with scrypt and AES-256-CBC around 64 bytes that are nothing.
fn file([n, r, p]: [u64; 3]) -> String {
    let octets = |bytes: &[u8]| der(0x04, bytes);
    let scrypt = [octets(&[7; 16]), integer(n), integer(r), integer(p)].concat();
    let derivation = sequence(&[hx("06092b06010401da47040b"), sequence(&[scrypt])]);
    let cipher = sequence(&[hx("060960864801650304012a"), octets(&[9; 16])]);
    let algorithm = sequence(&[hx("06092a864886f70d01050d"), sequence(&[derivation, cipher])]);
    pem("ENCRYPTED PRIVATE KEY", &sequence(&[algorithm, octets(&[0; 64])]))
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    der(0x30, &parts.concat())
}

fn integer(value: u64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let zeroes = bytes.iter().take(7).take_while(|&&byte| byte == 0).count();
    let shortest = &bytes[zeroes..];
    let sign: &[u8] = if shortest[0] >= 0x80 { &[0] } else { &[] };
    der(0x02, &[sign, shortest].concat())
}

/// Tag, length, content (X.690 section 8.1), of up to 255 bytes.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = u8::try_from(content.len()).expect("a short content");
    let head: &[u8] = if len < 0x80 { &[tag, len] } else { &[tag, 0x81, len] };
    [head, content].concat()
}
