//! Public keys as their 32 bytes: which points may be trusted.

use kycvs::ErrorCode::InvalidKey;

use crate::ed25519::{Key, SMALL_ORDER, SMALL_ORDER_NOT_CANONICAL, kid, over_the_field, torsion_order};
use crate::model::{Expected, Flag, Format, KeyCase, Keys, PublicKey};
use crate::raw::hx;
use crate::stores::of_the_specification;

pub(super) fn cases() -> Vec<KeyCase> {
    let mut cases = good();
    cases.extend(small_order());
    cases.extend(not_canonical());
    cases.extend(torsion());
    cases.extend(others());
    cases
}

fn refused(name: &str, comment: &str, bytes: &[u8]) -> KeyCase {
    case(name, comment, bytes, Expected::refused(InvalidKey))
}

fn case(name: &str, comment: &str, bytes: &[u8], expected: Expected<Keys>) -> KeyCase {
    KeyCase {
        id: format!("key/raw/{name}"),
        comment: comment.into(),
        flags: vec![Flag::Ed25519],
        format: Format::Raw,
        input: hex::encode(bytes),
        passphrase: None,
        expected,
    }
}

fn good() -> Vec<KeyCase> {
    let good = |name: &str, comment: &str, public: [u8; 32]| {
        let key =
            PublicKey { public_key: hex::encode(public), key_id: hex::encode(kid(&public)), algorithm: None };
        case(name, comment, &public, Expected::Good(Keys::One(key)))
    };
    let base_point = [&[0x58][..], &[0x66; 31]].concat().try_into().expect("32 bytes");
    vec![
        good("specification", "The key of the specification, section 13.", of_the_specification().public),
        good("even", "A key whose x is even.", with_sign(0)),
        good("odd", "A key whose x is odd.", with_sign(0x80)),
        good("base-point", "The base point: everybody knows its secret, but it is a key.", base_point),
        good(
            "rfc8032-test-1",
            "The key of RFC 8032, test 1.",
            hx("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
                .try_into()
                .expect("32 bytes"),
        ),
        good(
            "rfc8037",
            "The key of RFC 8037, appendix A; it is the same.",
            Key::from_seed(
                hx("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
                    .try_into()
                    .expect("32 bytes"),
            )
            .public,
        ),
    ]
}

fn with_sign(sign: u8) -> [u8; 32] {
    (0..u64::MAX)
        .map(|at| Key::named(&format!("sign {at}")).public)
        .find(|public| public[31] & 0x80 == sign)
        .expect("half of all keys have it")
}

fn small_order() -> Vec<KeyCase> {
    let canonical = SMALL_ORDER.iter().enumerate().map(|(at, (order, digits))| {
        let comment = format!("A point of order {order}.");
        refused(&format!("small-order-{order}-{at}"), &comment, &hx(digits))
    });
    let not_canonical = SMALL_ORDER_NOT_CANONICAL.iter().enumerate().map(|(at, (order, digits))| {
        let comment = format!("A point of order {order}, in an encoding that is not canonical.");
        refused(&format!("small-order-{order}-not-canonical-{at}"), &comment, &hx(digits))
    });
    canonical.chain(not_canonical).collect()
}

/// y from p + 2 on to 2^255 - 1, of a point or of none; p and p + 1 are among the points of small order.
fn not_canonical() -> Vec<KeyCase> {
    let mut cases = Vec::new();
    for above in 2..=18 {
        for (sign, name) in [(false, "even"), (true, "odd")] {
            let comment = format!("y is p + {above}, which is not less than p; x would be {name}.");
            cases.push(refused(&format!("y-p-and-{above}-{name}"), &comment, &over_the_field(above, sign)));
        }
    }
    cases
}

fn torsion() -> Vec<KeyCase> {
    let key = Key::named("torsion");
    let mut cases: Vec<_> = (1..8)
        .map(|torsion| {
            let order = torsion_order(torsion);
            let comment = format!("A good key and a point of order {order}: a mixed order.");
            refused(
                &format!("torsion-{torsion}-of-order-{order}"),
                &comment,
                &key.public_with_torsion(torsion),
            )
        })
        .collect();
    let public = &key.public;
    let own =
        PublicKey { public_key: hex::encode(public), key_id: hex::encode(kid(public)), algorithm: None };
    cases.push(case("torsion-none", "The same key without it.", public, Expected::Good(Keys::One(own))));
    cases
}

fn others() -> Vec<KeyCase> {
    let mut two = [0; 32];
    two[0] = 2;
    let mut two_odd = two;
    two_odd[31] = 0x80;
    let mut seven = [0; 32];
    seven[0] = 7;
    let good = Key::named("length").public;
    let mut reversed = good;
    reversed.reverse();
    let longer = [&good[..], &[0]].concat();
    vec![
        refused("not-on-the-curve-2", "y is 2, which no point has.", &two),
        refused("not-on-the-curve-2-odd", "y is 2, and x would be odd.", &two_odd),
        refused("not-on-the-curve-7", "y is 7, which no point has.", &seven),
        refused("31-bytes", "The last byte is missing.", &good[..31]),
        refused("33-bytes", "A zero behind.", &longer),
        refused(
            "33-bytes-with-40",
            "The byte 40 in front, as some tools write a compressed point.",
            &[&[0x40], &good[..]].concat(),
        ),
        refused("empty", "No bytes.", &[]),
        refused(
            "64-bytes",
            "Secret seed and public key, as some libraries keep them.",
            &[Key::named("length").seed, good].concat(),
        ),
        refused(
            "length-in-front",
            "The head of a byte string in front.",
            &[&[0x58, 0x20], &good[..]].concat(),
        ),
    ]
}
