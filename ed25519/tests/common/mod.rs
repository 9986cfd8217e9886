//! Shared by the tests: random numbers that are the same in each run, and a signer who makes strange signatures.
#![allow(dead_code, reason = "each test is a crate of its own and uses a part")]

use curve25519_dalek::{
    constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION},
    edwards::{CompressedEdwardsY, EdwardsPoint},
    scalar::Scalar,
    traits::Identity,
};
use sha2::{Digest, Sha512};
use std::io::Write as _;

/// The order of the base point: 2^252 + 27742317777372353535851937790883648493, little-endian.
pub(crate) const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// A signer who knows the rules and tries to bend them.
pub(crate) struct Forger {
    secret: Scalar,
    pub(crate) key: [u8; 32],
}

impl Forger {
    /// Under the key `[secret]B` with a point of small order added.
    pub(crate) fn new(secret: Scalar, torsion: EdwardsPoint) -> Self {
        Self { secret, key: (B * secret + torsion).compress().0 }
    }

    /// `R = [nonce]B` with a point of small order added, and the `S` that fits. The equation with the cofactor holds; the
    /// equation without it holds if the small parts cancel out.
    pub(crate) fn sign(&self, message: &[u8], nonce: Scalar, torsion: EdwardsPoint) -> [u8; 64] {
        self.sign_with_encoding(message, nonce, &(B * nonce + torsion).compress().0)
    }

    /// Any `R` as it is given, and `S = nonce + k * secret`.
    pub(crate) fn sign_with_encoding(&self, message: &[u8], nonce: Scalar, r: &[u8; 32]) -> [u8; 64] {
        let s = nonce + hash(r, &self.key, message) * self.secret;
        signature(r, &s.to_bytes())
    }
}

/// `SHA-512(R || A || M) mod L`.
pub(crate) fn hash(r: &[u8], a: &[u8], message: &[u8]) -> Scalar {
    let digest = Sha512::new().chain_update(r).chain_update(a).chain_update(message).finalize();
    Scalar::from_bytes_mod_order_wide(&digest.into())
}

/// The equation with the cofactor of RFC 8032 section 5.1.7: `[8][S]B = [8]R + [8][k]A`.
pub(crate) fn with_cofactor(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let (r, s) = signature.split_at(32);
    let Some(r_point) = CompressedEdwardsY(r.try_into().expect("32 bytes")).decompress() else {
        return false;
    };
    let s = Scalar::from_bytes_mod_order(s.try_into().expect("half of 64 bytes"));
    let a = CompressedEdwardsY(*key).decompress().expect("the key decodes");
    (B * s - a * hash(r, key, message) - r_point).is_small_order()
}

pub(crate) fn signature(r: &[u8; 32], s: &[u8; 32]) -> [u8; 64] {
    [&r[..], s].concat().try_into().expect("twice 32 bytes")
}

/// `S + L`, and whether it has more than 32 bytes.
pub(crate) fn plus_order(mut s: [u8; 32]) -> ([u8; 32], bool) {
    let mut carry = 0;
    for (byte, order) in s.iter_mut().zip(L) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    (s, carry != 0)
}

/// Every encoding that is not canonical: `y` from `p` to `2^255 - 1` with either sign, on the curve or not, and `x = 0` with
/// the sign set.
pub(crate) fn non_canonical_encodings() -> Vec<[u8; 32]> {
    let mut encodings = Vec::new();
    for sign in [0, 0x80] {
        for low in 0xed..=0xff {
            let mut encoding = [0xff; 32];
            (encoding[0], encoding[31]) = (low, 0x7f | sign);
            encodings.push(encoding);
        }
    }
    for y in [EdwardsPoint::identity(), EIGHT_TORSION[4]] {
        let mut encoding = y.compress().0;
        encoding[31] |= 0x80;
        encodings.push(encoding);
    }
    encodings
}

/// A line that is seen although the test passes. `cargo xtask test` collects those that begin with `note: ` or `not run: `.
pub(crate) fn say(line: &str) {
    // Not `println!`, which the test harness captures. In one piece: another line must not come in between.
    drop(std::io::stderr().write_all(format!("\n{line}\n").as_bytes()));
}

/// `SplitMix64` (Steele, Lea, Flood 2014): small, and the same numbers in each run and on each machine.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number under `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("under a usize")
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.byte()).collect()
    }

    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        [(); N].map(|()| self.byte())
    }

    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    pub(crate) fn scalar(&mut self) -> Scalar {
        Scalar::from_bytes_mod_order_wide(&self.array())
    }
}
