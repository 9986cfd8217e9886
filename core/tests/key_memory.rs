//! Reading a file of keys takes memory for the keys that it gives, not for those that it skips.
//!
//! The counting allocator is that of the crate `allocation-counter`; it counts what the measured thread allocates.

use allocation_counter::measure;
use kycvs::{ImportedKeys, SigningKey};

const MIB: usize = 1024 * 1024;

/// Reads a file of about 1 MiB, and returns the most bytes that were allocated at one time.
fn most_bytes(file: &[u8]) -> u64 {
    assert!((MIB - 64..=MIB).contains(&file.len()), "{} bytes", file.len());
    measure(|| drop(ImportedKeys::read(file))).bytes_max
}

/// A COSE_KeySet of as many `element`s as 1 MiB holds.
fn cose_key_set(element: &[u8]) -> Vec<u8> {
    let count = (MIB - 5) / element.len();
    let count_bytes = u32::try_from(count).expect("under 1 MiB").to_be_bytes();
    [&[0x9a], &count_bytes[..], &element.repeat(count)].concat()
}

/// A JWK Set of as many `element`s as 1 MiB holds.
fn jwk_set(element: &str) -> Vec<u8> {
    let count = (MIB - 16) / (element.len() + 1);
    format!(r#"{{"keys":[{}]}}"#, vec![element; count].join(",")).into_bytes()
}

#[test]
fn keys_that_are_skipped_take_no_memory() {
    for (name, file) in [
        ("empty COSE_Keys", cose_key_set(&[0xa0])),
        ("COSE_Keys of another type", cose_key_set(&[0xa1, 0x01, 0x02])),
        ("empty JWKs", jwk_set("{}")),
        ("JWKs of another type", jwk_set(r#"{"kty":"EC","crv":[1],"x":1e400,"d":"AAAA"}"#)),
        ("PEM blocks of another label", {
            let block = "-----BEGIN X-----\n-----END X-----\n";
            block.repeat(MIB / block.len()).into_bytes()
        }),
    ] {
        let bytes = most_bytes(&file);
        assert!(bytes < 4096, "{name}: {bytes} bytes");
    }
}

#[test]
fn one_long_member_takes_no_more_than_its_file() {
    let long = "A".repeat(MIB - 64);
    let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{long}"}}"#);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{long}\n-----END PUBLIC KEY-----");
    for file in [jwk, pem] {
        let bytes = measure(|| drop(ImportedKeys::read(file.as_bytes()))).bytes_max;
        assert!(bytes <= 3 * MIB as u64, "{bytes} bytes");
    }
}

#[test]
fn usable_keys_take_a_bounded_multiple_of_their_file() {
    let key = SigningKey::from_seed(&[7; 32]);
    // The same key again and again: reading gives each of them.
    let file = jwk_set(&key.verifying_key().to_jwk(None));
    let bytes = most_bytes(&file);
    assert!(bytes <= 8 * MIB as u64, "{bytes} bytes");
}
