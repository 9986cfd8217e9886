//! Bare Ed25519: the signature of a token of kycvs, by each library's own calls.
//!
//! No two of them accept the same: only `verify_strict` decides as kycvs does. `verify_batch` and zebra's batch tell whether
//! all signatures of a batch are good and not which one is bad, and cannot decide a token at all.

use std::{
    hint::black_box,
    sync::Arc,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use ed25519_dalek::{
    Signer as _, Verifier as _,
    hazmat::{ExpandedSecretKey, raw_sign},
};
use sha2::Sha512;

use crate::{
    answer::{TOKENS, seed},
    measure::{Kind, Row, SIGN, VERIFY_STRICT, on_all_cores},
    ours,
};

/// Messages of one key, and their signatures.
struct Signed {
    messages: Vec<Vec<u8>>,
    signatures: Vec<[u8; 64]>,
    turn: AtomicUsize,
}

impl Signed {
    /// Each in turn.
    fn next(&self) -> (&[u8], &[u8; 64]) {
        let i = self.turn.fetch_add(1, Relaxed) % self.messages.len();
        (black_box(&self.messages[i]), black_box(&self.signatures[i]))
    }
}

pub(crate) fn rows() -> Vec<Row> {
    let key = ed25519_dalek::SigningKey::from_bytes(&seed(0));
    let messages = ours::messages();
    let signatures = messages.iter().map(|message| key.sign(message).to_bytes()).collect();
    let signed = Arc::new(Signed { messages, signatures, turn: AtomicUsize::new(0) });
    let mut rows = dalek(&key, &signed);
    rows.extend(aws_lc(&signed));
    rows.extend(ring(&signed));
    rows.extend(zebra(&signed));
    rows.extend(sodium(&signed));
    rows
}

fn dalek(key: &ed25519_dalek::SigningKey, signed: &Arc<Signed>) -> Vec<Row> {
    let public = key.verifying_key();
    let of = ed25519_dalek::Signature::from_bytes;
    let strict = {
        let signed = Arc::clone(signed);
        move || {
            let (message, signature) = signed.next();
            assert!(public.verify_strict(message, &of(signature)).is_ok());
        }
    };
    let plain = {
        let signed = Arc::clone(signed);
        move || {
            let (message, signature) = signed.next();
            assert!(public.verify(message, &of(signature)).is_ok());
        }
    };
    let batch = {
        let signed = Arc::clone(signed);
        let signatures: Vec<_> = signed.signatures.iter().map(of).collect();
        let keys = vec![public; TOKENS];
        move || {
            let messages: Vec<&[u8]> = signed.messages.iter().map(Vec::as_slice).collect();
            assert!(ed25519_dalek::verify_batch(black_box(&messages), &signatures, &keys).is_ok());
        }
    };
    let sign = {
        let (signed, key) = (Arc::clone(signed), key.clone());
        move || _ = black_box(key.sign(signed.next().0))
    };
    let expanded = {
        let (signed, key) = (Arc::clone(signed), ExpandedSecretKey::from(&key.to_bytes()));
        move || _ = black_box(raw_sign::<Sha512>(&key, signed.next().0, &public))
    };
    vec![
        Row::verify(VERIFY_STRICT, strict.clone()).in_short_runs(),
        on_all_cores(VERIFY_STRICT, Kind::Verify, 64, strict),
        Row::verify("ed25519-dalek verify", plain).in_short_runs(),
        Row::verify("ed25519-dalek verify_batch, 1,024 of a key", batch).of(TOKENS),
        Row::issue(SIGN, sign),
        // `sign` takes the secret scalar out of the seed each time.
        Row::issue("ed25519-dalek raw_sign, the seed expanded before", expanded),
    ]
}

fn aws_lc(signed: &Arc<Signed>) -> Vec<Row> {
    use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, ParsedPublicKey};
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed(0)).expect("a seed has 32 bytes");
    let public = ParsedPublicKey::new(&ED25519, pair.public_key().as_ref()).expect("it is a key");
    let (for_verify, for_sign) = (Arc::clone(signed), Arc::clone(signed));
    vec![
        Row::verify("aws-lc-rs", move || {
            let (message, signature) = for_verify.next();
            assert!(public.verify_sig(message, signature).is_ok());
        }),
        Row::issue("aws-lc-rs sign", move || _ = black_box(pair.sign(for_sign.next().0))),
    ]
}

fn ring(signed: &Arc<Signed>) -> Vec<Row> {
    use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed(0)).expect("a seed has 32 bytes");
    let public = UnparsedPublicKey::new(&ED25519, pair.public_key().as_ref().to_vec());
    let (for_verify, for_sign) = (Arc::clone(signed), Arc::clone(signed));
    vec![
        Row::verify("ring", move || {
            let (message, signature) = for_verify.next();
            assert!(public.verify(message, signature).is_ok());
        }),
        Row::issue("ring sign", move || _ = black_box(pair.sign(for_sign.next().0))),
    ]
}

fn zebra(signed: &Arc<Signed>) -> Vec<Row> {
    use ed25519_zebra::{Signature, SigningKey, VerificationKey, VerificationKeyBytes, batch};
    let key = SigningKey::from(seed(0));
    let public = VerificationKey::from(&key);
    let bytes = VerificationKeyBytes::from(&key);
    let (for_verify, for_batch, for_sign) = (Arc::clone(signed), Arc::clone(signed), Arc::clone(signed));
    vec![
        Row::verify("ed25519-zebra", move || {
            let (message, signature) = for_verify.next();
            assert!(public.verify(&Signature::from(*signature), message).is_ok());
        }),
        Row::verify("ed25519-zebra batch, 1,024 of a key", move || {
            let mut batch = batch::Verifier::new();
            for (message, signature) in for_batch.messages.iter().zip(&for_batch.signatures) {
                batch.queue((bytes, Signature::from(*signature), message));
            }
            assert!(black_box(batch).verify(rand::rng()).is_ok());
        })
        .of(TOKENS),
        Row::issue("ed25519-zebra sign", move || _ = black_box(key.sign(for_sign.next().0))),
    ]
}

fn sodium(signed: &Arc<Signed>) -> Vec<Row> {
    use libsodium_rs::crypto_sign::{KeyPair, sign_detached, verify_detached};
    libsodium_rs::ensure_init().expect("libsodium starts");
    let (public, secret) = KeyPair::from_seed(&seed(0)).expect("a seed has 32 bytes").into_tuple();
    let (for_verify, for_sign) = (Arc::clone(signed), Arc::clone(signed));
    vec![
        Row::verify("libsodium", move || {
            let (message, signature) = for_verify.next();
            assert!(verify_detached(signature, message, &public));
        }),
        Row::issue("libsodium sign", move || {
            drop(black_box(sign_detached(for_sign.next().0, &secret)));
        }),
    ]
}
