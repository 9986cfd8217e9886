//! Signatures: the edges of Ed25519, and whose key signed.
//!
//! Two keys with one `kid` are not among the cases: to make a pair takes some 2^32 hashes, and nobody needs it published.

use kycvs::ErrorCode::{BadSignature, IssuerMismatch, UnknownKey};

use crate::case::Case;
use crate::ed25519::{
    Key, ORDER, SMALL_ORDER, SMALL_ORDER_NOT_CANONICAL, first_half, negated, over_the_field, plus_order,
    second_half, torsion_order, two_halves,
};
use crate::model::{Flag, VerifyCase};
use crate::raw::hx;
use crate::stores::{cowin_ed25519, cowin_old, cowin_second, example, of_the_specification};
use crate::token::{ED25519, cowin};

pub(super) fn case(name: &str, comment: impl Into<String>) -> Case {
    Case::new(format!("signature/{name}"), comment, &[Flag::Ed25519])
}

pub(super) fn valid() -> Vec<VerifyCase> {
    vec![
        case(
            "another-r",
            "The signature was made with another secret number than RFC 8032 derives; no verifier sees that.",
        )
        .sign(|key, message| key.sign_with_nonce_of("another", message))
        .accepted(),
        case("alg--19", "`alg` is -19, as the key's entry names it.")
            .trust("cowin-ed25519")
            .key(cowin_ed25519())
            .alg(ED25519)
            .accepted(),
        case("second-key-of-an-issuer", "The second of two keys of one issuer signed.")
            .trust("cowin-two-keys")
            .key(cowin_second())
            .accepted(),
        case("first-key-of-an-issuer", "The first of two keys of one issuer signed.")
            .trust("cowin-two-keys")
            .accepted(),
        case("alg--8-among-several", "One of several keys signed, with -8.").trust("several").accepted(),
        case("alg--19-among-several", "One of several keys signed, with -19.")
            .trust("several")
            .key(cowin_ed25519())
            .alg(ED25519)
            .accepted(),
    ]
}

pub(super) fn invalid() -> Vec<VerifyCase> {
    let mut cases = scalars();
    cases.extend(points());
    cases.extend(keys());
    cases
}

/// `S`.
fn scalars() -> Vec<VerifyCase> {
    let replaced = |name: &str, comment: &str, s: [u8; 32]| {
        case(name, comment)
            .sign(move |key, message| two_halves(&first_half(&key.sign(message)), &s))
            .refused(BadSignature)
    };
    let altered = |name: &str, comment: String, alter: Box<dyn Fn([u8; 32]) -> [u8; 32]>| {
        case(name, comment)
            .sign(move |key, message| {
                let signature = key.sign(message);
                two_halves(&first_half(&signature), &alter(second_half(&signature)))
            })
            .refused(BadSignature)
    };
    let mut less_one = ORDER;
    less_one[0] -= 1;
    let mut more_one = ORDER;
    more_one[0] += 1;
    let mut cases = vec![
        replaced("s-zero", "S is 0.", [0; 32]),
        replaced("s-order", "S is L.", ORDER),
        replaced("s-order-less-one", "S is L - 1: reduced, but not the right one.", less_one),
        replaced("s-order-and-one", "S is L + 1.", more_one),
        replaced("s-all-ones", "S is 2^256 - 1.", [0xff; 32]),
    ];
    for times in [1, 2, 4, 7, 8, 14] {
        let comment = format!("S and {times} times L: the equation holds, but S is not reduced.");
        let alter = move |s: [u8; 32]| plus_order(&s, times).expect("S and 14 times L have 256 bits");
        cases.push(altered(&format!("s-and-{times}-times-the-order"), comment, Box::new(alter)));
    }
    for bit in [252, 253, 254, 255] {
        let comment = format!("The bit {bit} of S is set; RFC 8032 wants the three highest to be clear.");
        let alter = move |mut s: [u8; 32]| {
            s[31] |= 1 << (bit - 248);
            s
        };
        cases.push(altered(&format!("s-bit-{bit}"), comment, Box::new(alter)));
    }
    for (name, byte, bit) in [("lowest-bit", 0, 0), ("middle-bit", 16, 3), ("bit-251", 31, 3)] {
        let alter = move |mut s: [u8; 32]| {
            s[byte] ^= 1 << bit;
            s
        };
        cases.push(altered(
            &format!("s-{name}-changed"),
            format!("The {} of S is changed.", name.replace('-', " ")),
            Box::new(alter),
        ));
    }
    cases.push(altered("s-negated", "S is L - S: R does not match.".into(), Box::new(negated)));
    cases
}

/// `R`.
fn points() -> Vec<VerifyCase> {
    let mut cases = Vec::new();
    for (canonical, points) in [(true, &SMALL_ORDER[..]), (false, &SMALL_ORDER_NOT_CANONICAL)] {
        for (at, (order, digits)) in points.iter().enumerate() {
            let point: [u8; 32] = hx(digits).try_into().expect("32 bytes");
            let kind = if canonical { "canonical" } else { "not-canonical" };
            let equation = match (canonical, order) {
                (true, 1) => "even the equation without the cofactor holds",
                _ => "the equation with the cofactor holds",
            };
            cases.push(
                case(
                    &format!("r-small-order-{order}-{kind}-{at}"),
                    format!(
                        "R is an encoding ({}) of a point of order {order}, and S such that {equation}.",
                        kind.replace('-', " ")
                    ),
                )
                .sign(move |key, message| key.sign_with_small_order_r(&point, message))
                .refused(BadSignature),
            );
        }
    }
    for torsion in 1..8 {
        let order = torsion_order(torsion);
        cases.push(
            case(
                &format!("r-with-torsion-{torsion}"),
                format!(
                    "A point of order {order} was added to R: the equation holds with the cofactor alone."
                ),
            )
            .sign(move |key, message| key.sign_with_torsion_in_r(torsion, message))
            .refused(BadSignature),
        );
    }
    let altered = |name: &str, comment: &str, alter: fn(&mut [u8; 64])| {
        case(name, comment)
            .sign(move |key, message| {
                let mut signature = key.sign(message);
                alter(&mut signature);
                signature
            })
            .refused(BadSignature)
    };
    cases.extend([
        altered("r-lowest-bit-changed", "The lowest bit of R is changed.", |signature| signature[0] ^= 1),
        altered("r-sign-changed", "The sign of R is changed: it is -R.", |signature| signature[31] ^= 0x80),
        altered("r-not-on-the-curve", "R is 2, which no point has as its y.", |signature| {
            signature[..32].fill(0);
            signature[0] = 2;
        }),
        altered(
            "r-over-the-field",
            "R is p + 3, a point of large order in an encoding that is not canonical.",
            |signature| {
                signature[..32].copy_from_slice(&over_the_field(3, false));
            },
        ),
        altered("r-is-the-base-point", "R is the base point.", |signature| {
            signature[..32].copy_from_slice(&[&[0x58][..], &[0x66; 31]].concat());
        }),
        altered("r-is-the-key", "R is the public key.", |signature| {
            signature[..32].copy_from_slice(&cowin().public);
        }),
        altered("r-zero", "R is 32 zeroes.", |signature| signature[..32].fill(0)),
        altered("halves-swapped", "R and S have changed places.", |signature| signature.rotate_left(32)),
        altered("bytes-reversed", "The bytes of R and S are in the other order.", |signature| {
            signature[..32].reverse();
            signature[32..].reverse();
        }),
        altered("zeroes", "The signature is 64 zeroes.", |signature| signature.fill(0)),
        altered("ones", "The signature is 64 times ff.", |signature| signature.fill(0xff)),
        altered("last-byte-changed", "The last byte of the signature is changed.", |signature| {
            signature[63] ^= 1;
        }),
    ]);
    cases
}

/// The wrong key, in one way or another.
fn keys() -> Vec<VerifyCase> {
    let stranger = || Key::named("a stranger");
    vec![
        case("by-another-key", "The `kid` is the trusted key's; another key signed.")
            .key(stranger())
            .kid(cowin().kid())
            .refused(BadSignature),
        case("by-another-trusted-key", "The `kid` is that of one trusted key; another trusted key signed.")
            .trust("cowin-two-keys")
            .key(cowin_second())
            .kid(cowin().kid())
            .refused(BadSignature),
        case("with-the-kid-of-another-trusted-key", "The first key signed, under the `kid` of the second.")
            .trust("cowin-two-keys")
            .kid(cowin_second().kid())
            .refused(BadSignature),
        case("by-a-key-of-another-issuer", "A trusted key of another issuer signed.")
            .trust("several")
            .key(example())
            .refused(IssuerMismatch),
        case(
            "by-the-withdrawn-key-with-the-kid-of-a-good-one",
            "The withdrawn key signed under the `kid` of a good one.",
        )
        .trust("several")
        .key(cowin_old())
        .kid(cowin().kid())
        .refused(BadSignature),
        case("unknown-key", "Nobody trusts the key.").key(stranger()).refused(UnknownKey),
        case("unknown-key-among-several", "Nobody trusts the key, among several.")
            .trust("several")
            .key(stranger())
            .refused(UnknownKey),
        case("kid-one-bit-off", "The trusted key signed under a `kid` with one bit changed.")
            .kid({
                let mut kid = cowin().kid();
                kid[7] ^= 1;
                kid
            })
            .refused(UnknownKey),
        case("kid-zero", "The trusted key signed under a `kid` of zeroes.").kid([0; 8]).refused(UnknownKey),
        case("kid-of-the-public-key", "The `kid` is the first 8 bytes of the public key.")
            .kid(*cowin().public.first_chunk().expect("32 bytes"))
            .refused(UnknownKey),
        case("key-of-the-specification", "The published key of the specification signed; it is not trusted.")
            .key(of_the_specification())
            .refused(UnknownKey),
    ]
}
