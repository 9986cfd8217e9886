//! The equation of a signature (RFC 8032 section 5.1.7, without the cofactor), apart from how its sum is computed.
//!
//! A signature `R || S` under the key `A` is good where `S` is below the order `L`, `R` is not of small order, and
//! `[S]B - [k]A`, encoded, is `R` byte by byte, with `k = SHA-512(R || A || M) mod L`. That is exactly what `verify_strict` of
//! `ed25519-dalek` accepts under a [`VerifyingKey`], which is of the large prime order. Two of the three are seen at once:
//!
//! - `verify_strict` takes the square root that `R` stands for, and asks whether the point is of small order. Nothing
//!   has to be computed for that. What is compared is the canonical encoding of the sum, so that an `R` that is not
//!   canonical equals nothing; and there are eight points of small order, so that a canonical `R` is one of them if and
//!   only if it is one of eight strings.
//! - `S` is read as a reduced scalar or not at all.
//!
//! (Chalkias, Garillot and Nikolaenko, "Taming the many `EdDSA`s", SSR 2020, compare the rules in use and give the edge
//! cases; `core/tests/ed25519.rs` and `equivalence.rs` hold every way to `verify_strict`.)
//!
//! What is left is the sum: [`VerifyingKey`] computes it from nothing but the key, [`PreparedKey`](super::PreparedKey) from
//! tables, for one signature or for many. Every way computes the same point, and so comes to the same verdict.

use super::VerifyingKey;
use alloc::vec::Vec;
use curve25519_dalek::{
    edwards::{CompressedEdwardsY, EdwardsPoint},
    scalar::Scalar,
};
use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;

/// What the sum has to be.
#[derive(Clone, Copy)]
pub(crate) struct Equation<'a> {
    r: &'a [u8; 32],
    pub(super) s: Scalar,
    pub(super) k: Scalar,
}

impl<'a> Equation<'a> {
    /// `None` where `signature` cannot be anyone's: `S` is not reduced, or `R` is of small order.
    pub(crate) fn new(key: &VerifyingKey, message: &[u8], signature: &'a [u8; 64]) -> Option<Self> {
        let (r, s) = halves(signature);
        let s = Option::from(Scalar::from_canonical_bytes(*s))?;
        if is_of_small_order(r) {
            return None;
        }
        let digest =
            Sha512::new().chain_update(r).chain_update(key.as_bytes()).chain_update(message).finalize();
        Some(Self { r, s, k: Scalar::from_bytes_mod_order_wide(&digest.into()) })
    }

    /// Whether `[S]B - [k]A` is what it has to be.
    pub(crate) fn holds(&self, sum: &EdwardsPoint) -> bool {
        self.holds_encoded(&sum.compress())
    }

    fn holds_encoded(&self, sum: &CompressedEdwardsY) -> bool {
        sum.as_bytes().ct_eq(self.r).into()
    }
}

/// Whether each equation holds with its sum. They are encoded together, which costs one inversion for all.
pub(crate) fn hold_all(equations: &[Equation<'_>], sums: &[EdwardsPoint]) -> Vec<bool> {
    let encoded = EdwardsPoint::compress_batch_alloc(sums);
    equations.iter().zip(&encoded).map(|(equation, sum)| equation.holds_encoded(sum)).collect()
}

fn halves(signature: &[u8; 64]) -> (&[u8; 32], &[u8; 32]) {
    let (halves, _) = signature.as_chunks::<32>();
    (&halves[0], &halves[1])
}

/// Whether the canonical encoding `r` is that of a point of small order. What is not canonical equals no sum anyway.
fn is_of_small_order(r: &[u8; 32]) -> bool {
    let mut y = *r;
    y[31] &= 0x7f;
    SMALL_ORDER_Y.contains(&y)
}

/// The `y` of the eight points whose order divides 8: the neutral one (1), that of order 2 (-1), the two of order 4 (0), and the
/// four of order 8.
const SMALL_ORDER_Y: [[u8; 32]; 5] = [
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    ],
    [0; 32],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use curve25519_dalek::constants::EIGHT_TORSION;

    #[test]
    fn the_points_of_small_order_are_the_librarys() {
        let theirs: BTreeSet<_> = EIGHT_TORSION.iter().map(|point| point.compress().0).collect();
        assert_eq!(theirs.len(), 8);
        assert!(theirs.iter().all(is_of_small_order));
        let without_sign: BTreeSet<_> = theirs
            .into_iter()
            .map(|mut y| {
                y[31] &= 0x7f;
                y
            })
            .collect();
        assert_eq!(without_sign, BTreeSet::from(SMALL_ORDER_Y));
    }
}
