//! Ed25519 (RFC 8032) taken apart, so that a signature can be wrong in exactly one way.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use curve25519_dalek::traits::Identity;
use sha2::{Digest, Sha256, Sha512};

use super::raw::hx;

/// L, the order of the base point, as 32 little-endian bytes.
pub(super) const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// A published test key: everybody can make it from its name.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) seed: [u8; 32],
    secret: Scalar,
    prefix: [u8; 32],
    pub(super) public: [u8; 32],
}

impl Key {
    /// The key with the seed SHA-256(`kycvs-test-vectors/1 key ` and `name`).
    pub(super) fn named(name: &str) -> Self {
        Self::from_seed(Sha256::digest(format!("kycvs-test-vectors/1 key {name}")).into())
    }

    pub(super) fn from_seed(seed: [u8; 32]) -> Self {
        let hash: [u8; 64] = Sha512::digest(seed).into();
        let (low, prefix) = (first_half(&hash), second_half(&hash));
        let secret = Scalar::from_bytes_mod_order(clamp_integer(low));
        let public = (ED25519_BASEPOINT_POINT * secret).compress().to_bytes();
        Self { seed, secret, prefix, public }
    }

    /// The first eight bytes of the COSE Key Thumbprint (RFC 9679).
    pub(super) fn kid(&self) -> [u8; 8] {
        kid(&self.public)
    }

    /// As RFC 8032 section 5.1.6 has it.
    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        let r = self.secret_nonce(&[], message);
        self.answer(r, &encoded(r), &[], message)
    }

    /// With `r` drawn from elsewhere: as good as any signature, but not the deterministic one.
    pub(super) fn sign_with_nonce_of(&self, label: &str, message: &[u8]) -> [u8; 64] {
        let r = self.secret_nonce(label.as_bytes(), message);
        self.answer(r, &encoded(r), &[], message)
    }

    /// Ed25519ctx or Ed25519ph: the same with dom2(flag, context) in front of both hashes.
    pub(super) fn sign_with_domain(&self, flag: u8, context: &str, message: &[u8]) -> [u8; 64] {
        let mut domain = b"SigEd25519 no Ed25519 collisions".to_vec();
        domain.extend([flag, u8::try_from(context.len()).expect("a short context")]);
        domain.extend_from_slice(context.as_bytes());
        let message = if flag == 1 { Sha512::digest(message).to_vec() } else { message.to_vec() };
        let hash = Sha512::new().chain_update(&domain).chain_update(self.prefix).chain_update(&message);
        let r = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        self.answer(r, &encoded(r), &domain, &message)
    }

    /// `R` is these bytes of a small-order point, whatever they are; `S = k a`. Then `[8][S]B = [8]R + [8][k]A`.
    pub(super) fn sign_with_small_order_r(&self, point: &[u8; 32], message: &[u8]) -> [u8; 64] {
        self.answer(Scalar::ZERO, point, &[], message)
    }

    /// `R = [r]B + T`: the equation with the cofactor holds, the one without does not.
    pub(super) fn sign_with_torsion_in_r(&self, torsion: usize, message: &[u8]) -> [u8; 64] {
        let r = self.secret_nonce(&[], message);
        let point = ED25519_BASEPOINT_POINT * r + EIGHT_TORSION[torsion];
        self.answer(r, &point.compress().to_bytes(), &[], message)
    }

    /// `A + T`: a public key with a torsion component.
    pub(super) fn public_with_torsion(&self, torsion: usize) -> [u8; 32] {
        let point = CompressedEdwardsY(self.public).decompress().expect("a public key");
        (point + EIGHT_TORSION[torsion]).compress().to_bytes()
    }

    fn secret_nonce(&self, label: &[u8], message: &[u8]) -> Scalar {
        let hash = Sha512::new().chain_update(label).chain_update(self.prefix).chain_update(message);
        Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
    }

    /// `R` and `S = r + k a` with `k = SHA-512(domain, R, A, message)`.
    fn answer(&self, r: Scalar, point: &[u8; 32], domain: &[u8], message: &[u8]) -> [u8; 64] {
        let hash = Sha512::new()
            .chain_update(domain)
            .chain_update(point)
            .chain_update(self.public)
            .chain_update(message);
        let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        two_halves(point, (r + k * self.secret).as_bytes())
    }
}

pub(super) fn kid(public: &[u8; 32]) -> [u8; 8] {
    let thumbprint: [u8; 32] =
        Sha256::new().chain_update(hx("a301012006215820")).chain_update(public).finalize().into();
    thumbprint.first_chunk().copied().expect("a hash has 32 bytes")
}

/// The encodings of the points of small order that are canonical, as SPEC.md section 6.4 lists them, with their order.
pub(super) const SMALL_ORDER: [(u8, &str); 8] = [
    (1, "0100000000000000000000000000000000000000000000000000000000000000"),
    (2, "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    (4, "0000000000000000000000000000000000000000000000000000000000000000"),
    (4, "0000000000000000000000000000000000000000000000000000000000000080"),
    (8, "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    (8, "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"),
    (8, "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    (8, "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
];

/// Those that are not canonical.
pub(super) const SMALL_ORDER_NOT_CANONICAL: [(u8, &str); 6] = [
    (1, "0100000000000000000000000000000000000000000000000000000000000080"),
    (1, "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    (1, "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
    (2, "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
    (4, "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    (4, "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
];

/// The order of one of dalek's eight torsion points, by its place in the list.
pub(super) fn torsion_order(place: usize) -> u8 {
    let point = EIGHT_TORSION[place];
    let orders = [(1, point), (2, point + point), (4, point + point + point + point)];
    orders.iter().find(|(_, multiple)| *multiple == EdwardsPoint::identity()).map_or(8, |&(order, _)| order)
}

/// `p + above` with this sign bit: an encoding that is not canonical, of a point or of none.
pub(super) fn over_the_field(above: u8, sign: bool) -> [u8; 32] {
    let mut encoding = [0xff; 32];
    encoding[0] = 0xed + above;
    encoding[31] = if sign { 0xff } else { 0x7f };
    encoding
}

/// A number of 256 bits and `times` L, where it fits.
pub(super) fn plus_order(number: &[u8; 32], times: u8) -> Option<[u8; 32]> {
    let mut sum = [0; 32];
    let mut carry = 0_u16;
    for ((sum, number), order) in sum.iter_mut().zip(number).zip(ORDER) {
        carry += u16::from(*number) + u16::from(order) * u16::from(times);
        *sum = (carry & 0xff) as u8;
        carry >>= 8;
    }
    (carry == 0).then_some(sum)
}

/// `L - S` of a reduced `S`.
pub(super) fn negated(s: [u8; 32]) -> [u8; 32] {
    (-Scalar::from_bytes_mod_order(s)).to_bytes()
}

pub(super) fn first_half(signature: &[u8; 64]) -> [u8; 32] {
    signature.first_chunk().copied().expect("64 bytes have a half")
}

pub(super) fn second_half(signature: &[u8; 64]) -> [u8; 32] {
    signature.last_chunk().copied().expect("64 bytes have a half")
}

pub(super) fn two_halves(r: &[u8; 32], s: &[u8; 32]) -> [u8; 64] {
    [*r, *s].concat().try_into().expect("two halves of 32 bytes")
}

fn encoded(r: Scalar) -> [u8; 32] {
    (ED25519_BASEPOINT_POINT * r).compress().to_bytes()
}
