//! The equation of a signature (RFC 8032 section 5.1.7, without the cofactor), apart from how its sum is computed.
//!
//! This module decides what is accepted. A signature `R || S` under the key `A` is valid if and only if
//!
//! - `S` is below the order `L`,
//! - `R` is not of small order, and
//! - the encoding of `[S]B - [k]A` is `R` byte by byte, with `k = SHA-512(R || A || M) mod L`.
//!
//! The first two are decided here at once, from the bytes. The sum comes from [`PublicKey`](crate::PublicKey), from the
//! tables of a [`PreparedKey`](crate::PreparedKey), or from a [`Batch`](crate::Batch). Every way computes the same point, and
//! so comes to the same verdict. The README gives the argument that this is the accept set of `verify_strict`.

use crate::PublicKey;
use curve25519_dalek::{
    edwards::{CompressedEdwardsY, EdwardsPoint},
    scalar::Scalar,
};
use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;

/// What the sum has to be.
pub(crate) struct Equation {
    r: [u8; 32],
    pub(crate) s: Scalar,
    pub(crate) k: Scalar,
}

impl Equation {
    /// `None` if `signature` is valid under no key: `S` is not reduced, or `R` is of small order.
    pub(crate) fn new(key: &PublicKey, message: &[u8], signature: &[u8; 64]) -> Option<Self> {
        let (r, s) = halves(signature);
        let s = Option::from(Scalar::from_canonical_bytes(*s))?;
        if is_of_small_order(r) {
            return None;
        }
        let digest =
            Sha512::new().chain_update(r).chain_update(key.as_bytes()).chain_update(message).finalize();
        Some(Self { r: *r, s, k: Scalar::from_bytes_mod_order_wide(&digest.into()) })
    }

    /// Whether `sum` is what `[S]B - [k]A` has to be.
    pub(crate) fn holds(&self, sum: &EdwardsPoint) -> bool {
        self.holds_encoded(&sum.compress())
    }

    /// The same for a sum that is encoded already.
    pub(crate) fn holds_encoded(&self, sum: &CompressedEdwardsY) -> bool {
        sum.as_bytes().ct_eq(&self.r).into()
    }
}

fn halves(signature: &[u8; 64]) -> (&[u8; 32], &[u8; 32]) {
    let (halves, _) = signature.as_chunks::<32>();
    (&halves[0], &halves[1])
}

/// Whether the canonical encoding `r` is that of a point of small order. A non-canonical `r` equals no sum anyway.
fn is_of_small_order(r: &[u8; 32]) -> bool {
    let mut y = *r;
    y[31] &= 0x7f;
    SMALL_ORDER_Y.contains(&y)
}

/// The `y` of the eight points whose order divides 8: the neutral point (1), the point of order 2 (-1), the two points of
/// order 4 (0), and the four points of order 8.
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
    fn points_of_small_order_are_those_of_the_library() {
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
