//! Which keys and which signatures are accepted: the rules of the README, applied to every case.
//!
//! - A key is refused if and only if it is not canonical, not on the curve, of small order, or has a torsion component.
//!   The test computes that from the bytes ([`fault`]), multiplying by `L` as a plain integer.
//! - Under a key that is not refused the verdict is that of `ed25519-dalek`'s `verify_strict` and that of the rules as the
//!   test computes them ([`strict`]). If it is yes, the equation with the cofactor holds too ([`with_cofactor`]).
//!
//! The cases are Project Wycheproof's, the twelve of "Taming the many `EdDSA`s" (speccheck), the 914 of C2SP's CCTV, and the
//! test's own: every encoding of a small-order point and every encoding that is not canonical as `A` and as `R`, torsion
//! components in both, and `S` that is not reduced. Each goes through every way: the public key, the prepared key, and a
//! batch with other signatures.

mod common;

use common::{Forger, L, Random, hash, non_canonical_encodings, plus_order, say, signature, with_cofactor};
use curve25519_dalek::{
    constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION},
    edwards::{CompressedEdwardsY, EdwardsPoint},
    scalar::{Scalar, clamp_integer},
    traits::{Identity, IsIdentity},
};
use kycvs_ed25519::{Batch, InvalidKey, PreparedKey, PublicKey};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

/// Why a key is not acceptable.
fn fault(key: &[u8; 32]) -> Option<InvalidKey> {
    let y_is_reduced = key[31] & 0x7f != 0x7f || key[1..31].iter().any(|&byte| byte != 0xff) || key[0] < 0xed;
    let Some(point) = CompressedEdwardsY(*key).decompress() else { return Some(InvalidKey::NotOnCurve) };
    // If x = 0 (y is 1 or -1), the sign must be 0. The library takes either.
    let has_sign_of_zero = key[31] & 0x80 != 0 && (point + point).is_identity();
    if !y_is_reduced || has_sign_of_zero {
        return Some(InvalidKey::NotCanonical);
    }
    (times_eight(point).is_identity() || !times_order(point).is_identity())
        .then_some(InvalidKey::NotPrimeOrder)
}

fn times_eight(point: EdwardsPoint) -> EdwardsPoint {
    (0..3).fold(point, |point, _| point + point)
}

/// `[L]P` by doubling and adding, because the library would reduce `L` modulo `L`.
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

/// The rules for a signature in the test's own words. The key decodes.
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

/// The result of one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    KeyRefused(InvalidKey),
    Accepted,
    Refused,
}

/// Puts one case through the crate in every way, and compares the verdicts.
#[track_caller]
fn judge(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> Outcome {
    let shown = || format!("key {}, signature {}", hex::encode(key), hex::encode(signature));
    let public = PublicKey::from_bytes(key);
    if let Some(fault) = fault(key) {
        assert_eq!(public.expect_err("an invalid key"), fault, "{}", shown());
        return Outcome::KeyRefused(fault);
    }
    let public = public.unwrap_or_else(|e| panic!("{e}: {}", shown()));
    let accepted = public.verifies(message, signature);
    let bare = ed25519_dalek::VerifyingKey::from_bytes(key).expect("a point");
    let of_dalek = bare.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok();
    assert_eq!(accepted, of_dalek, "right: verify_strict; {}", shown());
    assert_eq!(accepted, strict(key, message, signature), "right: the rules; {}", shown());
    with_tables(&public, |prepared| {
        assert_eq!(accepted, prepared.verifies(message, signature), "right: from tables; {}", shown());
        // Beside others, with tables and without: the verdict of each is its own.
        let messages = [&b"another"[..], message, &b"again another"[..]];
        let mut batch = Batch::new();
        for message in messages {
            batch.push(&public, message, signature);
            batch.push_prepared(prepared, message, signature);
        }
        let alone = messages.map(|message| public.verifies(message, signature));
        assert_eq!(batch.verify(), alone.map(|verdict| [verdict; 2]).concat(), "{}", shown());
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
fn with_tables(key: &PublicKey, check: impl FnOnce(&PreparedKey)) {
    static TABLES: Mutex<BTreeMap<[u8; 32], PreparedKey>> = Mutex::new(BTreeMap::new());
    let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
    check(tables.entry(*key.as_bytes()).or_insert_with(|| PreparedKey::new(key)));
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

/// A published file of cases. If it is missing, this prints `not run` and returns `None`.
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

/// speccheck: each of the twelve has an invalid key or an invalid signature, and none is accepted. `verify_strict` accepts one
/// of them, whose key has a torsion component.
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
        // `null` if there are none.
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

/// `S + n·L` for as long as it has 32 bytes.
fn not_reduced(s: &[u8]) -> Vec<[u8; 32]> {
    let mut sums = Vec::new();
    let mut sum: [u8; 32] = s.try_into().expect("32 bytes");
    loop {
        let overflows;
        (sum, overflows) = plus_order(sum);
        if overflows {
            return sums;
        }
        sums.push(sum);
    }
}

fn secret() -> Scalar {
    Scalar::from_bytes_mod_order(clamp_integer([1; 32]))
}

/// Torsion in `A` and `R` in all 64 ways, over messages enough that in some the small parts cancel out; with `S` as it should
/// be, and with every multiple of `L` added that fits.
#[test]
fn torsion_and_unreduced_scalars() {
    let mut random = Random::new(0x8032);
    let mut count = Count::default();
    let mut strict_under_a_refused_key = 0;
    for (i, of_key) in EIGHT_TORSION.into_iter().enumerate() {
        let forger = Forger::new(secret(), of_key);
        assert_eq!(fault(&forger.key), (i != 0).then_some(InvalidKey::NotPrimeOrder));
        for of_r in EIGHT_TORSION {
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
    let honest = Forger::new(secret(), EdwardsPoint::identity());
    let mut odd: Vec<[u8; 32]> = EIGHT_TORSION.iter().map(|point| point.compress().0).collect();
    odd.extend(non_canonical_encodings());
    for y in 0..=40 {
        // The non-canonical numbers reduce to the smallest ones.
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
    let scalars = [[0; 32], Scalar::ONE.to_bytes(), one_below, L, [0xff; 32], [0x0f; 32]];
    let message = b"of no token";
    let (mut count, mut faults) = (Count::default(), BTreeSet::new());
    for key in &keys {
        faults.extend(fault(key).map(|fault| format!("{fault:?}")));
        for r in &odd {
            for s in &scalars {
                let outcome = judge(key, message, &signature(r, s));
                assert_ne!(outcome, Outcome::Accepted, "nobody signed this");
                count.add(outcome);
            }
            // The owner of the one valid key can make S fit any R of small order: by the equation with the cofactor this
            // is a signature.
            count.add(judge(key, message, &honest.sign_with_encoding(message, Scalar::ZERO, r)));
        }
    }
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert_eq!(count.accepted, 0, "R of small order is never accepted");
    assert!(count.keys_refused > 10_000 && count.refused > 600, "{count:?}");
}
