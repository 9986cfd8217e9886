//! Section 6 of SPEC.md: which keys are acceptable, and which signatures are accepted.
//!
//! Nobody's list of outcomes stands here, but rules, and every case is held to them:
//!
//! - A key is refused if and only if it is not canonical, not on the curve, of small order, or has a torsion component.
//!   The test computes that from the bytes ([`Fault::of`]), multiplying by `L` as a plain integer.
//! - Under a key that is not refused the verdict is that of `ed25519-dalek`'s `verify_strict`, that of section 6.3 as the test
//!   computes it ([`strict`]), and where it is yes, that of the equation with cofactor ([`with_cofactor`]).
//!
//! The cases are Project Wycheproof's, the twelve of "Taming the many `EdDSA`s" (speccheck), the 914 of C2SP's CCTV, and the
//! test's own: every encoding of a small-order point and every encoding that is not canonical as `A` and as `R`, torsion
//! components in both, and `S` that is not reduced. Other people's messages are no tokens, so that theirs go through the two
//! functions that a verifier stands on, `VerifyingKey::from_bytes` and `VerifyingKey::verifies`, and through the same key with tables, alone and in bulk
//! (`PreparedKey`); the test's own go through
//! `Verifier::verify_at` as well, over the Sig_structure of a real token.

mod common;

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use common::{
    EXAMPLE_NOW, Random, audience, bstr, counting_from, envelope, example_claims, example_expectation, head,
    issuer, say, sig_structure,
};
use curve25519_dalek::{
    constants::ED25519_BASEPOINT_POINT as B,
    edwards::{CompressedEdwardsY, EdwardsPoint},
    scalar::{Scalar, clamp_integer},
    traits::{Identity, IsIdentity},
};
use kycvs::{
    ErrorCode, ImportedKeys, Issuer, Policy, PreparedKey, SigningKey, Token, TrustStore, TrustedKey,
    Verifier, VerifyingKey,
};
use sha2::{Digest, Sha512};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

/// The order of the base point: 2^252 + 27742317777372353535851937790883648493, little-endian.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Why a key is not acceptable (section 6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    NotCanonical,
    NotOnTheCurve,
    SmallOrder,
    Torsion,
}

impl Fault {
    fn of(key: &[u8; 32]) -> Option<Self> {
        // Rule 1: y < p = 2^255 - 19, so the bytes of y are not ed..ff ff .. ff 7f.
        let y_top = key[31] & 0x7f;
        if y_top == 0x7f && key[1..31].iter().all(|&byte| byte == 0xff) && key[0] >= 0xed {
            return Some(Self::NotCanonical);
        }
        let Some(point) = CompressedEdwardsY(*key).decompress() else { return Some(Self::NotOnTheCurve) };
        // Rule 2, its last words: where x = 0 (y is 1 or -1), the sign must be 0. The library takes it.
        if point.compress().0 != *key {
            return Some(Self::NotCanonical);
        }
        if times_eight(point).is_identity() {
            return Some(Self::SmallOrder);
        }
        (!times_order(point).is_identity()).then_some(Self::Torsion)
    }
}

fn times_eight(point: EdwardsPoint) -> EdwardsPoint {
    (0..3).fold(point, |point, _| point + point)
}

/// `[L]P` by doubling and adding, so that nothing reduces `L` modulo `L`.
fn times_order(point: EdwardsPoint) -> EdwardsPoint {
    let bits = (0..256).rev().map(|bit| L[bit / 8] >> (bit % 8) & 1 == 1);
    bits.fold(EdwardsPoint::identity(), |sum, bit| {
        let double = sum + sum;
        if bit { double + point } else { double }
    })
}

fn is_below_order(scalar: &[u8]) -> bool {
    scalar.iter().rev().lt(L.iter().rev())
}

fn hash(r: &[u8], a: &[u8], message: &[u8]) -> Scalar {
    let digest = Sha512::new().chain_update(r).chain_update(a).chain_update(message).finalize();
    Scalar::from_bytes_mod_order_wide(&digest.into())
}

/// Section 6.3 in the test's own words. The key decodes.
fn strict(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let (r, s) = signature.split_at(32);
    let r: &[u8; 32] = r.try_into().expect("half of 64 bytes");
    let Some(r_point) = CompressedEdwardsY(*r).decompress() else { return false };
    if !is_below_order(s) || times_eight(r_point).is_identity() {
        return false;
    }
    let s = Scalar::from_bytes_mod_order(s.try_into().expect("half of 64 bytes"));
    let a = CompressedEdwardsY(*key).decompress().expect("the key decodes");
    (B * s - a * hash(r, key, message)).compress().0 == *r
}

/// The equation with cofactor of RFC 8032 section 5.1.7: `[8][S]B = [8]R + [8][k]A`.
fn with_cofactor(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let (r, s) = signature.split_at(32);
    let Some(r_point) = CompressedEdwardsY(r.try_into().expect("32 bytes")).decompress() else {
        return false;
    };
    let s = Scalar::from_bytes_mod_order(s.try_into().expect("half of 64 bytes"));
    let a = CompressedEdwardsY(*key).decompress().expect("the key decodes");
    times_eight(B * s - a * hash(r, key, message) - r_point).is_identity()
}

/// What became of one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    KeyRefused(Fault),
    Accepted,
    Refused,
}

/// Puts one case through the crate and holds it to the rules above.
#[track_caller]
fn judge(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> Outcome {
    let shown = || format!("key {}, signature {}", hex::encode(key), hex::encode(signature));
    let trusted = VerifyingKey::from_bytes(key);
    if let Some(fault) = Fault::of(key) {
        let error = trusted.expect_err("a key that must not be trusted");
        assert_eq!(error.code(), ErrorCode::InvalidKey, "{fault:?}: {}", shown());
        return Outcome::KeyRefused(fault);
    }
    let accepted = trusted.unwrap_or_else(|e| panic!("{e}: {}", shown())).verifies(message, signature);
    let bare = ed25519_dalek::VerifyingKey::from_bytes(key).expect("a point");
    let of_dalek = bare.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok();
    assert_eq!(accepted, of_dalek, "left: kycvs; right: verify_strict; {}", shown());
    assert_eq!(accepted, strict(key, message, signature), "right: section 6.3; {}", shown());
    with_tables(key, |prepared| {
        assert_eq!(accepted, prepared.verifies(message, signature), "right: from tables; {}", shown());
        // Beside others: what is worked on together is decided each by itself.
        let beside = [(&b"another"[..], signature), (message, signature), (&b"again another"[..], signature)];
        let alone = beside.map(|(message, signature)| prepared.verifies(message, signature));
        assert_eq!(prepared.verifies_many(&beside), alone, "{}", shown());
        assert_eq!(alone[1], accepted, "{}", shown());
    });
    if accepted {
        assert!(with_cofactor(key, message, signature), "{}", shown());
        Outcome::Accepted
    } else {
        Outcome::Refused
    }
}

/// The key with tables, which are made once for all of its cases.
fn with_tables(key: &[u8; 32], check: impl FnOnce(&PreparedKey)) {
    static TABLES: Mutex<BTreeMap<[u8; 32], PreparedKey>> = Mutex::new(BTreeMap::new());
    let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
    check(tables.entry(*key).or_insert_with(|| {
        PreparedKey::new(&VerifyingKey::from_bytes(key).expect("a key that is not refused"))
    }));
}

/// How often each outcome came.
#[derive(Debug, Default)]
struct Count {
    keys_refused: usize,
    accepted: usize,
    refused: usize,
}

impl Count {
    fn add(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::KeyRefused(_) => &mut self.keys_refused,
            Outcome::Accepted => &mut self.accepted,
            Outcome::Refused => &mut self.refused,
        } += 1;
    }

    fn all(&self) -> usize {
        self.keys_refused + self.accepted + self.refused
    }
}

/// A file of other people's, read where it lies; `None`, and it says so, where it is not there.
fn shared(path: &str) -> Option<serde_json::Value> {
    let folder = std::env::var_os("KYCVS_SHARED_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")),
        PathBuf::from,
    );
    let Ok(json) = std::fs::read_to_string(folder.join(path)) else {
        say(&format!("not run: {path} is not there (KYCVS_SHARED_DATA names the folder)"));
        return None;
    };
    Some(serde_json::from_str(&json).unwrap_or_else(|error| panic!("{path}: {error}")))
}

fn unhex<const N: usize>(value: &serde_json::Value) -> Option<[u8; N]> {
    hex::decode(value.as_str()?).ok()?.try_into().ok()
}

/// Wycheproof: its keys are acceptable, and a signature is accepted if and only if its result is `valid`. One that has not 64
/// bytes cannot be handed over, and is none of the valid ones.
#[test]
fn wycheproof_of_the_crate() {
    use wycheproof::{
        TestResult,
        eddsa::{TestName, TestSet},
    };
    let set = TestSet::load(TestName::Ed25519).expect("the crate's own file");
    let (mut count, mut of_another_length) = (Count::default(), 0);
    for group in &set.test_groups {
        let key = group.key.pk[..].try_into().expect("32 bytes");
        for test in &group.tests {
            let valid = test.result == TestResult::Valid;
            let Ok(signature) = test.sig[..].try_into() else {
                assert!(!valid, "{}: a valid signature has 64 bytes", test.tc_id);
                of_another_length += 1;
                continue;
            };
            let outcome = judge(key, &test.msg, signature);
            let expected = if valid { Outcome::Accepted } else { Outcome::Refused };
            assert_eq!(outcome, expected, "{}: {}", test.tc_id, test.comment);
            count.add(outcome);
        }
    }
    assert_eq!(count.all() + of_another_length, set.number_of_tests);
    assert!(count.accepted > 80 && count.refused > 20, "{count:?}");
}

/// The same rule for a later edition of the file than the crate's.
#[test]
fn wycheproof_of_the_file() {
    let Some(set) = shared("wycheproof/ed25519_test.json") else { return };
    let (mut count, mut of_another_length) = (Count::default(), 0);
    for group in set["testGroups"].as_array().expect("groups") {
        let key = unhex(&group["publicKey"]["pk"]).expect("32 bytes");
        for test in group["tests"].as_array().expect("tests") {
            let valid = test["result"] == "valid";
            let Some(signature) = unhex(&test["sig"]) else {
                assert!(!valid, "{test}");
                of_another_length += 1;
                continue;
            };
            let message = hex::decode(test["msg"].as_str().expect("hex")).expect("hex");
            let outcome = judge(&key, &message, &signature);
            assert_eq!(outcome, if valid { Outcome::Accepted } else { Outcome::Refused }, "{test}");
            count.add(outcome);
        }
    }
    assert_eq!(Some((count.all() + of_another_length) as u64), set["numberOfTests"].as_u64());
    assert!(count.accepted > 80 && count.refused > 20, "{count:?}");
}

/// speccheck: each of the twelve has an odd key or an odd signature, so that none is accepted, though `verify_strict` alone
/// would take one: its key has a torsion component and is never trusted.
#[test]
fn speccheck() {
    let Some(cases) = shared("ed25519-speccheck/cases.json") else { return };
    let mut count = Count::default();
    for case in cases.as_array().expect("a list") {
        let key = unhex(&case["pub_key"]).expect("32 bytes");
        let message = hex::decode(case["message"].as_str().expect("hex")).expect("hex");
        let outcome = judge(&key, &message, &unhex(&case["signature"]).expect("64 bytes"));
        assert_ne!(outcome, Outcome::Accepted, "{case}");
        count.add(outcome);
    }
    assert_eq!(count.all(), 12);
    assert!(count.keys_refused > 0 && count.refused > 0, "{count:?}");
}

/// CCTV: `verify_strict` takes those whose flags are among `low_order_component_A` and `low_order_component_R`, as the
/// folder's README has it; and a key is refused if and only if a flag says that `A` is odd. So what is accepted is what has
/// neither: flags among `low_order_component_R`.
#[test]
fn cctv() {
    let Some(cases) = shared("ed25519-cctv/ed25519vectors.json") else { return };
    let mut count = Count::default();
    for case in cases.as_array().expect("a list") {
        let key = unhex(&case["key"]).expect("32 bytes");
        let signature = unhex(&case["sig"]).expect("64 bytes");
        let message = case["msg"].as_str().expect("a text").as_bytes();
        // `null` where there are none.
        let flags: BTreeSet<&str> =
            case["flags"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
        let within = |allowed: &[&str]| flags.iter().all(|flag| allowed.contains(flag));

        let outcome = judge(&key, message, &signature);
        let odd_key = flags.iter().any(|flag| flag.ends_with("_A"));
        assert_eq!(matches!(outcome, Outcome::KeyRefused(_)), odd_key, "{case}");
        assert_eq!(outcome == Outcome::Accepted, within(&["low_order_component_R"]), "{case}");
        let of_dalek = ed25519_dalek::VerifyingKey::from_bytes(&key).is_ok_and(|key| {
            key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(&signature)).is_ok()
        });
        assert_eq!(of_dalek, within(&["low_order_component_A", "low_order_component_R"]), "{case}");
        count.add(outcome);
    }
    assert_eq!(count.all(), 914);
    assert!(count.keys_refused > 0 && count.accepted > 0 && count.refused > 0, "{count:?}");
    say(&format!("note: ed25519: CCTV's 914: {count:?}"));
}

/// The eight points of small order, as multiples of one of order 8.
fn small_order_points() -> [EdwardsPoint; 8] {
    let mut encoding = [0; 32];
    hex::decode_to_slice("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", &mut encoding)
        .expect("hex");
    let generator = CompressedEdwardsY(encoding).decompress().expect("a point");
    let mut next = EdwardsPoint::identity();
    [(); 8].map(|()| {
        let point = next;
        next += generator;
        point
    })
}

/// Every encoding that is not canonical: `y` from `p` to `2^255 - 1` with either sign, on the curve or not, and `x = 0` with
/// the sign set.
fn non_canonical_encodings() -> Vec<[u8; 32]> {
    let mut encodings = Vec::new();
    for sign in [0, 0x80] {
        for low in 0xed..=0xff {
            let mut encoding = [0xff; 32];
            (encoding[0], encoding[31]) = (low, 0x7f | sign);
            encodings.push(encoding);
        }
    }
    for y in [EdwardsPoint::identity(), small_order_points()[4]] {
        let mut encoding = y.compress().0;
        encoding[31] |= 0x80;
        encodings.push(encoding);
    }
    encodings
}

/// SPEC.md section 6.4 lists all encodings of the points of small order: fourteen.
#[test]
fn the_encodings_of_small_order_are_those_of_the_specification() {
    let spec = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../SPEC.md")).expect("SPEC.md");
    let listed = |name: &str| -> BTreeSet<String> {
        let (_, block) = spec.split_once(&format!("```hex {name}\n")).expect(name);
        block.split("```").next().into_iter().flat_map(str::lines).map(str::to_owned).collect()
    };
    let canonical: BTreeSet<String> =
        small_order_points().iter().map(|point| hex::encode(point.compress().0)).collect();
    assert_eq!(canonical, listed("small-order-canonical"));
    let others: BTreeSet<String> = non_canonical_encodings()
        .into_iter()
        .filter(|&encoding| {
            CompressedEdwardsY(encoding).decompress().is_some_and(|point| times_eight(point).is_identity())
        })
        .map(hex::encode)
        .collect();
    assert_eq!(others, listed("small-order-non-canonical"));
    assert_eq!((canonical.len(), others.len()), (8, 6));
}

/// A signer who knows the rules and tries to bend them: the secret scalar `a`, the key with a point of small order added.
struct Forger {
    secret: Scalar,
    key: [u8; 32],
}

impl Forger {
    fn new(seed: u8, torsion: EdwardsPoint) -> Self {
        let secret = Scalar::from_bytes_mod_order(clamp_integer(counting_from(seed)));
        Self { secret, key: (B * secret + torsion).compress().0 }
    }

    /// `R` with a point of small order added, and the `S` that goes with it: good by the equation with cofactor, and by
    /// the one without where the small parts cancel out.
    fn sign(&self, message: &[u8], nonce: Scalar, torsion: EdwardsPoint) -> [u8; 64] {
        let r = (B * nonce + torsion).compress().0;
        self.sign_with_encoding(message, nonce, &r)
    }

    /// `R` as it is given, whatever it is: `S` is `nonce + k·a`.
    fn sign_with_encoding(&self, message: &[u8], nonce: Scalar, r: &[u8; 32]) -> [u8; 64] {
        let s = nonce + hash(r, &self.key, message) * self.secret;
        signature(r, &s.to_bytes())
    }
}

fn signature(r: &[u8; 32], s: &[u8; 32]) -> [u8; 64] {
    [&r[..], s].concat().try_into().expect("twice 32 bytes")
}

/// `S + n·L` for as long as it has 32 bytes.
fn not_reduced(s: &[u8]) -> Vec<[u8; 32]> {
    let mut sums = Vec::new();
    let mut sum: [u8; 32] = s.try_into().expect("32 bytes");
    loop {
        let mut carry = 0;
        for (byte, order) in sum.iter_mut().zip(L) {
            let total = u16::from(*byte) + u16::from(order) + carry;
            *byte = total.to_le_bytes()[0];
            carry = total >> 8;
        }
        if carry != 0 {
            return sums;
        }
        sums.push(sum);
    }
}

/// Torsion in `A` and `R` in all 64 ways, over messages enough that in some the small parts cancel out; with `S` as it should
/// be, and with every multiple of `L` added that fits.
#[test]
fn torsion_and_unreduced_scalars() {
    let mut random = Random::new(0x8032);
    let mut count = Count::default();
    let mut strict_under_a_refused_key = 0;
    for (i, of_key) in small_order_points().into_iter().enumerate() {
        let forger = Forger::new(1, of_key);
        assert_eq!(Fault::of(&forger.key), (i != 0).then_some(Fault::Torsion));
        for of_r in small_order_points() {
            for _ in 0..16 {
                let message = random.bytes(20);
                let nonce = Scalar::from_bytes_mod_order(random.array());
                let made = forger.sign(&message, nonce, of_r);
                assert!(with_cofactor(&forger.key, &message, &made));
                strict_under_a_refused_key += usize::from(i != 0 && strict(&forger.key, &message, &made));
                count.add(judge(&forger.key, &message, &made));
            }
            let message = random.bytes(20);
            let made = forger.sign(&message, Scalar::from(7_u8), of_r);
            let (r, s) = made.split_at(32);
            let sums = not_reduced(s);
            assert!(sums.len() >= 14, "2^256 holds 15 multiples of L and a rest");
            for s in sums {
                let outcome = judge(&forger.key, &message, &signature(r.try_into().expect("32 bytes"), &s));
                assert_ne!(outcome, Outcome::Accepted);
                count.add(outcome);
            }
        }
    }
    // Without torsion in the key, exactly the signatures without torsion in R are good.
    assert_eq!(count.accepted, 16);
    assert!(count.refused > 200 && count.keys_refused > 1_500, "{count:?}");
    // The check of keys is not for nothing: `verify_strict` by itself takes some that other formulas would not.
    assert!(strict_under_a_refused_key > 50, "{strict_under_a_refused_key}");
}

/// Every odd encoding as `A`, as `R`, and as both, with odd and ordinary `S`.
#[test]
fn odd_encodings() {
    let honest = Forger::new(1, EdwardsPoint::identity());
    let mut odd: Vec<[u8; 32]> = small_order_points().iter().map(|point| point.compress().0).collect();
    odd.extend(non_canonical_encodings());
    for y in 0..=40 {
        // The smallest numbers are where the non-canonical ones come down to.
        let mut encoding = [0; 32];
        encoding[0] = y;
        odd.push(encoding);
    }
    let mut keys = odd.clone();
    keys.push(honest.key);
    odd.push((B * Scalar::from(7_u8)).compress().0);

    let one_below = {
        let mut s = L;
        s[0] -= 1;
        s
    };
    let scalars = [[0; 32], Scalar::ONE.to_bytes(), one_below, L, [0xff; 32], counting_from(3)];
    let message = b"of no token";
    let (mut count, mut faults) = (Count::default(), BTreeSet::new());
    for key in &keys {
        faults.extend(Fault::of(key));
        for r in &odd {
            for s in &scalars {
                let outcome = judge(key, message, &signature(r, s));
                assert_ne!(outcome, Outcome::Accepted, "nobody signed this");
                count.add(outcome);
            }
            // Whoever knows the secret scalar of the one good key can make S fit any R of small order: under the equation
            // with cofactor this is a signature.
            count.add(judge(key, message, &honest.sign_with_encoding(message, Scalar::ZERO, r)));
        }
    }
    assert!(faults.is_superset(&[Fault::NotCanonical, Fault::NotOnTheCurve, Fault::SmallOrder].into()));
    assert_eq!(count.accepted, 0, "R of small order is never accepted");
    assert!(count.keys_refused > 10_000 && count.refused > 600, "{count:?}");
}

/// Keys of every kind of fault are refused in every form in which a key can be brought in, and are in no trust store.
#[test]
fn a_faulty_key_comes_in_nowhere() {
    let mut keys: Vec<[u8; 32]> = small_order_points().iter().map(|point| point.compress().0).collect();
    keys.extend(non_canonical_encodings());
    keys.extend(small_order_points()[1..].iter().map(|&torsion| Forger::new(1, torsion).key));
    let off_the_curve =
        (0..=u8::MAX).map(|byte| [byte; 32]).find(|key| Fault::of(key) == Some(Fault::NotOnTheCurve));
    keys.push(off_the_curve.expect("half of all numbers are not on the curve"));
    let good = Forger::new(1, EdwardsPoint::identity()).key;
    for key in keys.iter().chain([&good]) {
        let fine = Fault::of(key).is_none();
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
fn forged_signatures_of_a_real_token() {
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
    let forger = Forger { secret, key: (B * secret).compress().0 };
    let mut random = Random::new(18);
    let mut made = Vec::new();
    for torsion in &small_order_points()[1..] {
        for _ in 0..8 {
            let nonce = Scalar::from_bytes_mod_order(random.array());
            made.push(forger.sign(&message, nonce, *torsion));
        }
    }
    // By the equation with cofactor all of these are signatures.
    assert!(made.iter().all(|made| with_cofactor(&forger.key, &message, made)));
    let (r, s) = parsed.signature().split_at(32);
    let r = r.try_into().expect("32 bytes");
    made.extend(not_reduced(s).iter().map(|s| signature(r, s)));
    for r in small_order_points().iter().map(|point| point.compress().0).chain(non_canonical_encodings()) {
        made.push(forger.sign_with_encoding(&message, Scalar::ZERO, &r));
        made.push(signature(&r, &[0; 32]));
        made.push(signature(&r, s.try_into().expect("32 bytes")));
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
