//! Section 6 of SPEC.md, as far as it is about keys in files and signatures of tokens. The crate `kycvs-ed25519` has the tests of
//! the rules themselves.
//!
//! A key of each invalid kind is refused in every file format, and every kind of forged signature is
//! `bad_signature` over a real token.

mod common;

#[path = "../../ed25519/tests/common/mod.rs"]
mod forging;

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use common::{
    EXAMPLE_NOW, Random, audience, bstr, counting_from, envelope, example_claims, example_expectation, head,
    issuer, sig_structure,
};
use curve25519_dalek::{
    constants::EIGHT_TORSION,
    edwards::{CompressedEdwardsY, EdwardsPoint},
    scalar::{Scalar, clamp_integer},
    traits::Identity,
};
use forging::{Forger, non_canonical_encodings, plus_order, signature, with_cofactor};
use kycvs::{
    ErrorCode, ImportedKeys, Issuer, Policy, SigningKey, Token, TrustStore, TrustedKey, Verifier,
    VerifyingKey,
};
use sha2::{Digest, Sha512};
use std::collections::BTreeSet;

/// SPEC.md section 6.4 lists all encodings of the points of small order: fourteen.
#[test]
fn encodings_of_small_order_are_those_of_the_specification() {
    let spec = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../SPEC.md")).expect("SPEC.md");
    let listed = |name: &str| -> BTreeSet<String> {
        let (_, block) = spec.split_once(&format!("```hex {name}\n")).expect(name);
        block.split("```").next().into_iter().flat_map(str::lines).map(str::to_owned).collect()
    };
    let canonical: BTreeSet<String> =
        EIGHT_TORSION.iter().map(|point| hex::encode(point.compress().0)).collect();
    assert_eq!(canonical, listed("small-order-canonical"));
    let others: BTreeSet<String> = non_canonical_encodings()
        .into_iter()
        .filter(|&encoding| {
            CompressedEdwardsY(encoding).decompress().is_some_and(|point| point.is_small_order())
        })
        .map(hex::encode)
        .collect();
    assert_eq!(others, listed("small-order-non-canonical"));
    assert_eq!((canonical.len(), others.len()), (8, 6));
}

/// Keys of every kind of fault are refused in every form in which a key can be brought in, and are in no trust store.
#[test]
fn invalid_key_is_refused_in_every_form() {
    let mut keys: Vec<[u8; 32]> = EIGHT_TORSION.iter().map(|point| point.compress().0).collect();
    keys.extend(non_canonical_encodings());
    let secret = Scalar::from(7_u8);
    keys.extend(EIGHT_TORSION[1..].iter().map(|&torsion| Forger::new(secret, torsion).key));
    let off_the_curve =
        (0..=u8::MAX).map(|byte| [byte; 32]).find(|&key| CompressedEdwardsY(key).decompress().is_none());
    keys.push(off_the_curve.expect("half of all numbers are not on the curve"));
    let valid = Forger::new(secret, EdwardsPoint::identity()).key;
    for key in keys.iter().chain([&valid]) {
        let fine = *key == valid;
        assert_eq!(VerifyingKey::from_bytes(key).is_ok(), fine);
        let cose_key = [b"\xa3\x01\x01\x20\x06\x21", &bstr(key)[..]].concat();
        let key_set = [b"\x81", &cose_key[..]].concat();
        let x = Base64UrlUnpadded::encode_string(key);
        let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#);
        let der = [&b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"[..], key].concat();
        let base64 = Base64::encode_string(&der);
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n");
        for file in [&cose_key[..], &key_set, jwk.as_bytes(), pem.as_bytes()] {
            match ImportedKeys::read(file) {
                Ok(keys) => assert!(fine && keys.keys()[0].key().as_bytes() == key),
                Err(error) => assert!(!fine && error.code() == ErrorCode::InvalidKey, "{error}"),
            }
        }
        let store = [
            b"\xa2\x00\x6dkycvs/trust/1\x01\x81\xa3\x00",
            &[head(3, 1), b"i".to_vec(), b"\x01\x27\x02".to_vec(), bstr(key)].concat()[..],
        ];
        match TrustStore::from_bytes(&store.concat()) {
            Ok(store) => assert!(fine && store.len() == 1),
            Err(error) => assert!(!fine && error.code() == ErrorCode::BadTrustStore, "{error}"),
        }
    }
}

/// The forgeries once more, over a real token: it is good with the honest signature and `bad_signature` with any other.
#[test]
fn forged_signature_of_real_token_is_refused() {
    let seed = counting_from(0);
    let key = SigningKey::from_seed(&seed);
    let trust = TrustStore::new()
        .with(TrustedKey::new(issuer("in.gov.cowin"), key.verifying_key().clone()))
        .expect("one key");
    let verifier = Verifier::new(trust, Policy::audience(audience("irctc.co.in")));
    let token = Issuer::new(issuer("in.gov.cowin"), key).sign(&example_claims()).expect("its own claims");
    let parsed = Token::parse(&token).expect("what was signed");
    let message = sig_structure(parsed.protected_bytes(), parsed.payload_bytes());
    let code = |signature: &[u8; 64]| {
        let token = envelope(parsed.protected_bytes(), parsed.payload_bytes(), signature);
        verifier.verify_at(&token, &example_expectation(), EXAMPLE_NOW).err().map(|error| error.code())
    };
    assert_eq!(code(parsed.signature()), None);

    // The same key with its secret scalar in hand.
    let expanded = Sha512::digest(seed);
    let secret = Scalar::from_bytes_mod_order(clamp_integer(expanded[..32].try_into().expect("half of 64")));
    let forger = Forger::new(secret, EdwardsPoint::identity());
    let mut random = Random::new(18);
    let mut made = Vec::new();
    for torsion in &EIGHT_TORSION[1..] {
        for _ in 0..8 {
            let nonce = Scalar::from_bytes_mod_order(random.array());
            made.push(forger.sign(&message, nonce, *torsion));
        }
    }
    // By the equation with the cofactor all of these are signatures.
    assert!(made.iter().all(|made| with_cofactor(&forger.key, &message, made)));
    let (r, s) = parsed.signature().split_at(32);
    let r = r.try_into().expect("32 bytes");
    // `S + n * L`, which fits into 32 bytes at least 14 times.
    let s: &[u8; 32] = s.try_into().expect("32 bytes");
    made.extend((0..14).scan(*s, |s, _| {
        *s = plus_order(*s).0;
        Some(signature(r, s))
    }));
    for r in EIGHT_TORSION.iter().map(|point| point.compress().0).chain(non_canonical_encodings()) {
        made.push(forger.sign_with_encoding(&message, Scalar::ZERO, &r));
        made.push(signature(&r, &[0; 32]));
        made.push(signature(&r, s));
    }
    made.extend((0..64).map(|_| random.array()));
    for bit in 0..512 {
        let mut flipped = *parsed.signature();
        flipped[bit / 8] ^= 1 << (bit % 8);
        made.push(flipped);
    }
    for signature in &made {
        assert_eq!(code(signature), Some(ErrorCode::BadSignature), "{}", hex::encode(signature));
    }

    // A second signature of the same key with another nonce is a good one: what is not deterministic is the issuer's
    // affair, and a verifier cannot see it (section 6.5).
    let another = forger.sign(&message, Scalar::from(42_u8), EdwardsPoint::identity());
    assert_ne!(&another, parsed.signature());
    assert_eq!(code(&another), None);
}
