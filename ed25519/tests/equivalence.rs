//! One verdict by every way: `ed25519-dalek`'s `verify_strict`, the public key, the prepared key, and a batch.
//!
//! Signatures are made under keys whose secrets are known and then bent where implementations differ: bits, the
//! order added to `S`, points of small order in `R` and instead of it, encodings that are not canonical, scalars with
//! extreme digits. `KYCVS_EQUIVALENCE` says how many; ten million were run when the tables were introduced:
//! `KYCVS_EQUIVALENCE=10000000 cargo test --release --package kycvs-ed25519 --test equivalence`.

mod common;

use common::{Forger, Random, non_canonical_encodings, plus_order, signature};
use curve25519_dalek::{
    constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION},
    edwards::EdwardsPoint,
    scalar::Scalar,
    traits::Identity,
};
use kycvs_ed25519::{Batch, PreparedKey, PublicKey};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// How many signatures are judged by default.
const CASES: usize = 20_000;

/// Signatures under one set of keys, and how many of them go into a batch together: more than a batch works on at a time.
const OF_KEYS: usize = 1_000;
const BATCH: usize = 500;

/// A key in every form.
struct Party {
    forger: Forger,
    bare: ed25519_dalek::VerifyingKey,
    key: PublicKey,
    prepared: PreparedKey,
}

impl Party {
    fn new(random: &mut Random, large: bool) -> Self {
        let forger = Forger::new(random.scalar(), EdwardsPoint::identity());
        let key = PublicKey::from_bytes(&forger.key).expect("a multiple of the base point");
        Self {
            bare: ed25519_dalek::VerifyingKey::from_bytes(&forger.key).expect("a point"),
            prepared: if large { PreparedKey::large(&key) } else { PreparedKey::new(&key) },
            forger,
            key,
        }
    }
}

struct Case {
    bent: &'static str,
    message: Vec<u8>,
    signature: [u8; 64],
}

/// A signature, most often bent.
fn case(forger: &Forger, random: &mut Random) -> Case {
    let length = random.below(300);
    let mut message = random.bytes(length);
    let nonce = random.scalar();
    let small = *random.pick(&EIGHT_TORSION);
    let honest = forger.sign(&message, nonce, EdwardsPoint::identity());
    let (r, s) = halves(&honest);
    let (bent, mut signature) = match random.below(12) {
        0..3 => ("honest", honest),
        3 => ("torsion in R", forger.sign(&message, nonce, small)),
        4 => {
            let r = small.compress().0;
            ("R of small order", forger.sign_with_encoding(&message, Scalar::ZERO, &r))
        }
        5 => {
            let r = *random.pick(&non_canonical_encodings());
            ("R not canonical", forger.sign_with_encoding(&message, Scalar::ZERO, &r))
        }
        6 => ("S and the order", signature(&r, &plus_order(s).0)),
        7 => ("S extreme", signature(&r, &extreme(random))),
        8 => ("R negated", signature(&negated(r), &s)),
        9 => ("R of anything", signature(&random.array(), &s)),
        10 => ("no key at all", without_key(random)),
        _ => ("a bit", honest),
    };
    if bent == "a bit" {
        let bit = random.below(8 * (64 + message.len()));
        let byte = match bit / 8 {
            at @ 0..64 => &mut signature[at],
            at => &mut message[at - 64],
        };
        *byte ^= 1 << (bit % 8);
    }
    Case { bent, message, signature }
}

fn halves(signature: &[u8; 64]) -> ([u8; 32], [u8; 32]) {
    let (halves, _) = signature.as_chunks();
    (halves[0], halves[1])
}

fn negated(mut r: [u8; 32]) -> [u8; 32] {
    r[31] ^= 0x80;
    r
}

/// Digits at their ends: runs of one byte, with a bit of the top or without.
fn extreme(random: &mut Random) -> [u8; 32] {
    let mut s = [[0, 0x7f, 0x80, 0x81, 0xff][random.below(5)]; 32];
    s[random.below(32)] = random.byte();
    s[31] = [0, 0x0f, 0x10, 0x1f][random.below(4)];
    s
}

/// `S` and `R = [S]B`: valid if the challenge is zero, and so never.
fn without_key(random: &mut Random) -> [u8; 64] {
    let s = Scalar::from(random.byte());
    signature(&(B * s).compress().0, &s.to_bytes())
}

type Count = BTreeMap<(&'static str, bool), usize>;

/// Judges [`OF_KEYS`] signatures under keys of their own, and counts by how they were bent and by verdict.
fn judge(number: usize, count: &mut Count) {
    let mut random = Random::new(number as u64);
    let parties = [(); 3].map(|()| Party::new(&mut random, number.is_multiple_of(16)));
    for _ in 0..OF_KEYS / BATCH {
        let cases: Vec<_> = (0..BATCH)
            .map(|_| {
                let party = random.pick(&parties);
                (party, case(&party.forger, &mut random))
            })
            .collect();
        let mut batch = Batch::new();
        for (party, Case { message, signature, .. }) in &cases {
            batch.push(&party.key, message, signature);
            batch.push_prepared(&party.prepared, message, signature);
        }
        let verdicts = batch.verify();
        assert_eq!(verdicts.len(), 2 * BATCH);
        for ((party, Case { bent, message, signature }), in_batch) in cases.iter().zip(verdicts.chunks(2)) {
            let of_dalek = ed25519_dalek::Signature::from_bytes(signature);
            let strict = party.bare.verify_strict(message, &of_dalek).is_ok();
            let ours = [
                party.key.verifies(message, signature),
                party.prepared.verifies(message, signature),
                in_batch[0],
                in_batch[1],
            ];
            assert_eq!(ours, [strict; 4], "{bent}: {:?} {signature:02x?} {message:02x?}", party.key);
            *count.entry((*bent, strict)).or_default() += 1;
        }
    }
}

#[test]
fn every_way_gives_verdict_of_verify_strict() {
    let cases = std::env::var("KYCVS_EQUIVALENCE").map_or(CASES, |cases| cases.parse().expect("a number"));
    let keys = cases.div_ceil(OF_KEYS);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut count = Count::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= keys {
                return count;
            }
            judge(number, &mut count);
        }
    };
    let mut all = Count::new();
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let working: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for (outcome, count) in working.into_iter().flat_map(|thread| thread.join().expect("no disagreement"))
        {
            *all.entry(outcome).or_default() += count;
        }
    });
    let count = |bent, good| all.get(&(bent, good)).copied().unwrap_or(0);
    for bent in
        ["torsion in R", "R of small order", "R not canonical", "S and the order", "R negated", "a bit"]
    {
        assert!(count(bent, false) > cases / 20, "{bent}: {all:?}");
    }
    assert!(count("honest", true) > cases / 8 && count("honest", false) == 0, "{all:?}");
    // The neutral point among those of small order changes nothing.
    assert!(count("torsion in R", true) > 0, "{all:?}");
    common::say(&format!("note: {} signatures, one verdict by every way", all.values().sum::<usize>()));
}
