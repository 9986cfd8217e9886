//! Any key, message and signature, and signatures that were made and then bent: every way of `kycvs-ed25519` gives the verdict
//! of `verify_strict` of `ed25519-dalek`, and a key is accepted if and only if its encoding is canonical and its point is of
//! the large prime order.
//!
//! An input is two bytes that choose how to bend, a key, a signature and the message. The bytes of the key are also the seed
//! of the key that signs here.
#![no_main]

#[path = "../../ed25519/tests/common/mod.rs"]
mod common;

use common::{Forger, plus_order, signature};
use curve25519_dalek::{constants::EIGHT_TORSION, edwards::EdwardsPoint, scalar::Scalar, traits::Identity};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use kycvs_ed25519::{Batch, PreparedKey, PublicKey};
use libfuzzer_sys::{Corpus, fuzz_target};
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Some((choice, rest)) = bytes.split_first_chunk() else { return Corpus::Reject };
    let Some((key, rest)) = rest.split_first_chunk() else { return Corpus::Reject };
    let Some((given, message)) = rest.split_first_chunk() else { return Corpus::Reject };

    check(key, message, &[*given]);

    let signer = SigningKey::from_bytes(key);
    let honest = signer.sign(message).to_bytes();
    let key = signer.verifying_key();
    let bent = bent(&signer, message, &honest, given, u16::from_be_bytes(*choice).into());
    let verdicts = check(key.as_bytes(), message, &bent).expect("a key that was made as RFC 8032 says");
    assert!(verdicts[0], "the honest signature is valid");
    Corpus::Keep
});

/// The honest signature, and others made of it, of the given one and of the secret.
fn bent(
    signer: &SigningKey,
    message: &[u8],
    honest: &[u8; 64],
    given: &[u8; 64],
    choice: usize,
) -> [[u8; 64]; 7] {
    let [(r, s), (given_r, given_s)] = [honest, given].map(|signature| {
        let (halves, _) = signature.as_chunks();
        (halves[0], halves[1])
    });
    let mut flipped = *honest;
    flipped[choice / 8 % 64] ^= 1 << (choice % 8);
    let forger = Forger::new(signer.to_scalar(), EdwardsPoint::identity());
    let nonce = Scalar::from_bytes_mod_order(given_s);
    [
        *honest,
        flipped,
        signature(&r, &plus_order(s).0),
        signature(&r, &given_s),
        signature(&given_r, &s),
        forger.sign(message, nonce, EIGHT_TORSION[choice % 8]),
        forger.sign_with_encoding(message, nonce, &given_r),
    ]
}

/// The verdicts, which are the same by every way; `None` if the key is refused.
fn check(bytes: &[u8; 32], message: &[u8], signatures: &[[u8; 64]]) -> Option<Vec<bool>> {
    let bare = VerifyingKey::from_bytes(bytes).ok();
    let acceptable = bare.filter(|bare| {
        let point = bare.to_edwards();
        point.compress().as_bytes() == bytes && point.is_torsion_free() && !point.is_small_order()
    });
    let key = PublicKey::from_bytes(bytes);
    assert_eq!(key.is_ok(), acceptable.is_some(), "{key:?}");
    let (key, bare) = (key.ok()?, acceptable?);

    let strict: Vec<bool> = signatures
        .iter()
        .map(|signature| bare.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
        .collect();
    let prepared = prepared(&key);
    let mut batch = Batch::new();
    for (signature, &strict) in signatures.iter().zip(&strict) {
        assert_eq!(key.verifies(message, signature), strict, "{signature:02x?}");
        assert_eq!(prepared.verifies(message, signature), strict, "{signature:02x?}");
        batch.push(&key, message, signature);
        batch.push_prepared(&prepared, message, signature);
    }
    assert_eq!(batch.verify(), strict.iter().flat_map(|&strict| [strict; 2]).collect::<Vec<_>>());
    Some(strict)
}

/// The key with its table. Most inputs have a key that was there before, and a table takes longer than the rest.
fn prepared(key: &PublicKey) -> Arc<PreparedKey> {
    static KNOWN: LazyLock<Mutex<HashMap<PublicKey, Arc<PreparedKey>>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if known.len() > 64 {
        known.clear();
    }
    Arc::clone(known.entry(key.clone()).or_insert_with(|| Arc::new(PreparedKey::new(key))))
}
