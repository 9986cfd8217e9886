//! One verdict, whichever way it is computed: `ed25519-dalek`'s `verify_strict`, the key alone, the key with tables, and in bulk.
//!
//! Signatures are made under keys whose secrets are known and then bent in the ways in which implementations differ: bits, the
//! order added to `S`, points of small order in `R` and instead of it, encodings that are not canonical, scalars with
//! extreme digits. `KYCVS_EQUIVALENCE` says how many; ten million were run for the tables' introduction:
//! `KYCVS_EQUIVALENCE=10000000 cargo test --release --package kycvs --test equivalence`.

mod common;

use common::Random;
use curve25519_dalek::{
    constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION},
    edwards::EdwardsPoint,
    scalar::Scalar,
};
use kycvs::{PreparedKey, VerifyingKey};
use sha2::{Digest, Sha512};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// How many signatures are judged where nothing is said.
const CASES: usize = 20_000;

/// Signatures under one key, and how many of them go into bulk verification together.
const OF_A_KEY: usize = 1_000;
const BATCH: usize = 100;

/// Someone who has a key and the wish to make strange signatures.
struct Forger {
    secret: Scalar,
    bytes: [u8; 32],
    bare: ed25519_dalek::VerifyingKey,
    key: VerifyingKey,
    prepared: PreparedKey,
}

impl Forger {
    fn new(random: &mut Random, large: bool) -> Self {
        let secret = scalar(random);
        let bytes = (B * secret).compress().0;
        let key = VerifyingKey::from_bytes(&bytes).expect("a multiple of the base point");
        Self {
            secret,
            bytes,
            bare: ed25519_dalek::VerifyingKey::from_bytes(&bytes).expect("a point"),
            prepared: if large { PreparedKey::large(&key) } else { PreparedKey::new(&key) },
            key,
        }
    }

    fn challenge(&self, r: &[u8; 32], message: &[u8]) -> Scalar {
        let digest = Sha512::new().chain_update(r).chain_update(self.bytes).chain_update(message).finalize();
        Scalar::from_bytes_mod_order_wide(&digest.into())
    }

    /// `R` as it is given, whatever it is, and the `S` that goes with the discrete logarithm `nonce`.
    fn sign(&self, message: &[u8], nonce: Scalar, r: [u8; 32]) -> ([u8; 32], [u8; 32]) {
        (r, (nonce + self.challenge(&r, message) * self.secret).to_bytes())
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
    let nonce = scalar(random);
    let point = B * nonce;
    let honest = forger.sign(&message, nonce, point.compress().0);
    let (bent, (mut r, mut s)) = match random.below(12) {
        0..3 => ("honest", honest),
        3 => ("torsion in R", forger.sign(&message, nonce, (point + small(random)).compress().0)),
        4 => ("R of small order", forger.sign(&message, Scalar::ZERO, small(random).compress().0)),
        5 => ("R not canonical", forger.sign(&message, Scalar::ZERO, not_canonical(random))),
        6 => ("S and the order", (honest.0, plus_order(honest.1))),
        7 => ("S extreme", (honest.0, extreme(random))),
        8 => ("R negated", (negated(honest.0), honest.1)),
        9 => ("R of anything", (random.array(), honest.1)),
        10 => ("no key at all", without_key(random)),
        _ => ("a bit", honest),
    };
    if bent == "a bit" {
        let bit = random.below(8 * (64 + message.len()));
        let part = match bit / 8 {
            at @ 0..32 => &mut r[at],
            at @ 32..64 => &mut s[at - 32],
            at => &mut message[at - 64],
        };
        *part ^= 1 << (bit % 8);
    }
    Case { bent, message, signature: [r, s].concat().try_into().expect("twice 32 bytes") }
}

fn scalar(random: &mut Random) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&random.array())
}

fn small(random: &mut Random) -> EdwardsPoint {
    *random.pick(&EIGHT_TORSION)
}

/// `y` and `y + p`, where both have 255 bits, and both signs.
fn not_canonical(random: &mut Random) -> [u8; 32] {
    let mut encoding = [0xff; 32];
    encoding[0] = 0xed + random.byte() % 19;
    encoding[31] = if random.below(2) == 0 { 0xff } else { 0x7f };
    encoding
}

fn negated(mut r: [u8; 32]) -> [u8; 32] {
    r[31] ^= 0x80;
    r
}

/// With the order `L` added, as bytes.
fn plus_order(mut s: [u8; 32]) -> [u8; 32] {
    // L - 1 = -1 mod L.
    let mut carry = 1;
    for (byte, order) in s.iter_mut().zip((-Scalar::ONE).to_bytes()) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    s
}

/// Digits at their ends: runs of one byte, with a bit of the top or without.
fn extreme(random: &mut Random) -> [u8; 32] {
    let mut s = [[0, 0x7f, 0x80, 0x81, 0xff][random.below(5)]; 32];
    s[random.below(32)] = random.byte();
    s[31] = [0, 0x0f, 0x10, 0x1f][random.below(4)];
    s
}

/// `S` and `R = [S]B`: right where the challenge is zero, and so never.
fn without_key(random: &mut Random) -> ([u8; 32], [u8; 32]) {
    let s = Scalar::from(random.byte());
    ((B * s).compress().0, s.to_bytes())
}

type Count = BTreeMap<(&'static str, bool), usize>;

/// Judges [`OF_A_KEY`] signatures under a key of their own, and counts by how they were bent and by verdict.
fn judge(number: usize, count: &mut Count) {
    let mut random = Random::new(number as u64);
    let forger = Forger::new(&mut random, number.is_multiple_of(16));
    for _ in 0..OF_A_KEY / BATCH {
        let batch: Vec<_> = (0..BATCH).map(|_| case(&forger, &mut random)).collect();
        let signed: Vec<_> = batch.iter().map(|case| (&*case.message, &case.signature)).collect();
        let bulk = forger.prepared.verifies_many(&signed);
        for (Case { bent, message, signature }, in_bulk) in batch.iter().zip(bulk) {
            let of_dalek = ed25519_dalek::Signature::from_bytes(signature);
            let strict = forger.bare.verify_strict(message, &of_dalek).is_ok();
            let ours = [
                forger.key.verifies(message, signature),
                forger.prepared.verifies(message, signature),
                in_bulk,
            ];
            assert_eq!(ours, [strict; 3], "{bent}: {:?} {signature:02x?} {message:02x?}", forger.key);
            *count.entry((*bent, strict)).or_default() += 1;
        }
    }
}

#[test]
fn every_way_comes_to_the_verdict_of_verify_strict() {
    let cases = std::env::var("KYCVS_EQUIVALENCE").map_or(CASES, |cases| cases.parse().expect("a number"));
    let keys = cases.div_ceil(OF_A_KEY);
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
