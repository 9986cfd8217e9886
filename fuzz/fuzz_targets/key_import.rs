//! Any bytes as a key in every form: raw, PEM (public, secret, encrypted), COSE_Key and COSE_KeySet, JWK and JWK Set. What is
//! accepted is a key that may be trusted and comes back from every form that it can be written in.
//!
//! An encrypted key may ask for seconds of work, and up to 10,000,000 rounds the crate does it. Here a file that asks for
//! over 1,000 rounds, or for scrypt of over 1 MiB, is not decrypted: how much it asks for is read with the same library
//! first. Where that cannot be read the crate cannot read it either and does no work.
#![no_main]

use curve25519_dalek::edwards::CompressedEdwardsY;
use kycvs::{Algorithm, Error, ErrorCode, ImportedKeys, SigningKey, VerifyingKey};
use libfuzzer_sys::fuzz_target;
use pkcs8::{
    EncryptedPrivateKeyInfoRef, SecretDocument,
    pkcs5::{
        EncryptionScheme,
        pbes2::{Kdf, Parameters},
    },
};

/// The passphrase of the vectors' encrypted keys. One of them asks for a single round and is decrypted here.
const PASSPHRASE: &[u8] = b"correct horse battery staple";

fuzz_target!(|bytes: &[u8]| {
    if let Ok(raw) = bytes.try_into() {
        public(VerifyingKey::from_bytes(raw));
        secret(Ok(SigningKey::from_seed(raw)));
    }
    secret(SigningKey::from_cose_key(bytes));

    match ImportedKeys::read(bytes) {
        Ok(keys) => {
            assert!(!keys.keys().is_empty());
            for key in keys.keys() {
                public(Ok(key.key().clone()));
            }
        }
        Err(error) => refused(&error),
    }

    let Ok(text) = str::from_utf8(bytes) else { return };
    public(VerifyingKey::from_pem(text));
    secret(SigningKey::from_pem(text));
    secret(SigningKey::from_jwk(text));
    if work_is_small(text) {
        secret(SigningKey::from_encrypted_pem(text, PASSPHRASE));
    }
    // Only one of the two calls can be the right one for a file.
    if SigningKey::is_encrypted_pem(text) {
        assert!(SigningKey::from_pem(text).is_err());
    }
});

/// A key that was accepted may be trusted, and each form of it leads back to it, alone and told apart by its content.
fn public(key: kycvs::Result<VerifyingKey>) {
    let key = match key {
        Ok(key) => key,
        Err(error) => return refused(&error),
    };
    assert_eq!(VerifyingKey::from_bytes(key.as_bytes()).as_ref(), Ok(&key));
    let point = CompressedEdwardsY(*key.as_bytes()).decompress().expect("a point");
    assert_eq!(point.compress().as_bytes(), key.as_bytes());
    assert!(point.is_torsion_free() && !point.is_small_order());
    assert_eq!(key.thumbprint()[..8], *key.key_id().as_bytes());
    let pem = key.to_pem();
    assert_eq!(VerifyingKey::from_pem(&pem).as_ref(), Ok(&key));
    assert_read(pem.as_bytes(), &key, None);
    for algorithm in [None, Some(Algorithm::EdDsa), Some(Algorithm::Ed25519)] {
        assert_read(&key.to_cose_key(algorithm), &key, algorithm);
        assert_read(key.to_jwk(algorithm).as_bytes(), &key, algorithm);
    }
}

fn assert_read(file: &[u8], key: &VerifyingKey, algorithm: Option<Algorithm>) {
    let keys = ImportedKeys::read(file).expect("the crate's own file");
    assert_eq!((keys.keys().len(), keys.skipped()), (1, 0));
    assert_eq!((keys.keys()[0].key(), keys.keys()[0].algorithm()), (key, algorithm));
}

fn secret(key: kycvs::Result<SigningKey>) {
    let key = match key {
        Ok(key) => key,
        Err(error) => return refused(&error),
    };
    public(Ok(key.verifying_key().clone()));
    let again = [
        SigningKey::from_pem(&key.to_pem()),
        SigningKey::from_jwk(&key.to_jwk()),
        SigningKey::from_cose_key(&key.to_cose_key()),
    ];
    for again in again {
        let again = again.expect("the crate's own file");
        assert_eq!(*again.to_cose_key(), *key.to_cose_key());
    }
}

fn refused(error: &Error) {
    assert!(matches!(error.code(), ErrorCode::InvalidKey | ErrorCode::WrongPassphrase), "{error:?}");
}

fn work_is_small(text: &str) -> bool {
    // The core reads PEM files that this crate does not: several blocks, text around them, indented lines.
    let Ok((_, document)) = SecretDocument::from_pem(text.trim()) else {
        return !text.contains("ENCRYPTED PRIVATE KEY");
    };
    let Ok(encrypted) = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes()) else { return true };
    match &encrypted.encryption_algorithm {
        EncryptionScheme::Pbes2(Parameters { kdf: Kdf::Pbkdf2(kdf), .. }) => kdf.iteration_count <= 1_000,
        EncryptionScheme::Pbes2(Parameters { kdf: Kdf::Scrypt(kdf), .. }) => {
            let bytes = u64::from(kdf.block_size)
                .saturating_mul(128)
                .saturating_mul(u64::from(kdf.parallelization))
                .saturating_mul(kdf.cost_parameter);
            bytes <= 1 << 20
        }
        _ => true,
    }
}
