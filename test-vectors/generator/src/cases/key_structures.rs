//! Public keys as COSE_Key and JWK, alone and in sets.

use crate::ed25519::{Key, kid};
use crate::model::{Expected, Flag, Format, KeyCase, Keys, PublicKey};

mod cose;
mod jwk;

pub(super) fn cases() -> Vec<KeyCase> {
    let mut cases = cose::keys();
    cases.extend(cose::sets());
    cases.extend(jwk::keys());
    cases.extend(jwk::sets());
    cases
}

fn case(format: Format, name: &str, comment: &str, input: String, expected: Expected<Keys>) -> KeyCase {
    let folder = match format {
        Format::CoseKey => "cose-key",
        Format::CoseKeySet => "cose-key-set",
        Format::Jwk => "jwk",
        _ => "jwk-set",
    };
    KeyCase {
        id: format!("key/{folder}/{name}"),
        comment: comment.into(),
        flags: vec![Flag::KeyFormat],
        format,
        input,
        passphrase: None,
        expected,
    }
}

fn one(key: &Key, algorithm: Option<&'static str>) -> Expected<Keys> {
    Expected::Good(Keys::One(public_key(key, algorithm)))
}

fn set(keys: Vec<PublicKey>, skipped: usize) -> Expected<Keys> {
    Expected::Good(Keys::Set { keys, skipped })
}

fn public_key(key: &Key, algorithm: Option<&'static str>) -> PublicKey {
    PublicKey { public_key: hex::encode(key.public), key_id: hex::encode(kid(&key.public)), algorithm }
}
