//! COSE_Key and COSE_KeySet (RFC 9052 section 7).

use kycvs::ErrorCode::InvalidKey;

use super::{case, one, public_key, set};
use crate::ed25519::{Key, SMALL_ORDER, over_the_field};
use crate::model::{Expected, Format, KeyCase};
use crate::raw::{
    ARRAY, BREAK, BYTES, MAP, Map, NULL, UINT, Width, array, bytes, head, hx, indefinite, int, join,
    long_head, long_string, tag, text,
};

const KTY: i64 = 1;
const KID: i64 = 2;
const ALG: i64 = 3;
const KEY_OPS: i64 = 4;
const CRV: i64 = -1;
const X: i64 = -2;
const D: i64 = -4;

fn key() -> Key {
    Key::named("COSE_Key")
}

/// kty OKP, crv Ed25519, x: in the deterministic order, 1, -1, -2.
fn plain(key: &Key) -> Map {
    Map::new(vec![(int(KTY), int(1)), (int(CRV), int(6)), (int(X), bytes(&key.public))])
}

pub(super) fn keys() -> Vec<KeyCase> {
    let mut cases = good();
    cases.extend(other_kinds());
    cases.extend(faulty());
    cases.extend(encodings());
    cases
}

fn good() -> Vec<KeyCase> {
    let good = |name: &str, comment: &str, algorithm, edit: fn(&mut Map)| {
        let mut map = plain(&key());
        edit(&mut map);
        case(Format::CoseKey, name, comment, hex::encode(map.encode()), one(&key(), algorithm))
    };
    vec![
        good("plain", "kty, crv and x.", None, |_| {}),
        good("alg--8", "With `alg` -8.", Some("EdDSA"), |map| map.set(ALG, int(-8))),
        good("alg--19", "With `alg` -19.", Some("Ed25519"), |map| map.set(ALG, int(-19))),
        good("any-order", "The labels stand in another order.", None, |map| map.entries.reverse()),
        good("kid-and-key-ops", "With a `kid` and `key_ops`, which are ignored.", None, |map| {
            map.set(KID, bytes(b"any bytes"));
            map.set(KEY_OPS, array(&[&int(2)]));
        }),
        good("unknown-labels", "With unknown labels, which are ignored.", None, |map| {
            map.set(0, hx("f97e00"));
            map.set(-70_000, hx("a0"));
            map.set_raw(text("note"), text("a test key"));
            map.set_raw(bytes(&[1]), vec![NULL]);
        }),
        good(
            "unknown-label-twice",
            "An unknown label stands twice: it is ignored both times.",
            None,
            |map| {
                map.set(KID, bytes(&[1]));
                map.repeat(KID);
            },
        ),
        good("unknown-text-label-twice", "An unknown label of text stands twice, apart.", None, |map| {
            map.entries.insert(0, (text("note"), int(1)));
            map.entries.push((text("note"), int(2)));
        }),
        good("label-of-64-bits", "An unknown label is 2^64-1.", None, |map| {
            map.set_raw(head(UINT, u64::MAX), int(0));
        }),
        good("d-matches", "The private key is in it and belongs to x.", None, |map| {
            map.set(D, bytes(&key().seed));
        }),
        good(
            "long-integers",
            "Integers stand in longer forms: the shortest is not asked for.",
            None,
            |map| {
                map.set(KTY, long_head(UINT, Width::Two, 1));
                map.set(CRV, long_head(UINT, Width::Eight, 6));
                map.rename(X, long_head(1, Width::One, 1));
            },
        ),
        good(
            "unknown-value-indefinite",
            "The value of an unknown label is an indefinite array.",
            None,
            |map| {
                map.set(KEY_OPS, indefinite(ARRAY, &[&int(2)]));
            },
        ),
        good("unknown-label-indefinite", "An unknown label is an indefinite string.", None, |map| {
            map.entries.push((indefinite(3, &[&text("note")]), int(0)));
        }),
        good("long-lengths", "Lengths stand in longer forms.", None, |map| {
            map.set(X, long_string(BYTES, Width::Four, &key().public));
            map.make_head_long(Width::One);
        }),
    ]
}

fn refused(name: &str, comment: &str, edit: impl FnOnce(&mut Map)) -> KeyCase {
    let mut map = plain(&key());
    edit(&mut map);
    invalid(name, comment, &map.encode())
}

fn invalid(name: &str, comment: &str, input: &[u8]) -> KeyCase {
    case(Format::CoseKey, name, comment, hex::encode(input), Expected::refused(InvalidKey))
}

fn other_kinds() -> Vec<KeyCase> {
    vec![
        refused("kty-2", "kty is 2, EC2.", |map| map.set(KTY, int(2))),
        refused("kty-4", "kty is 4, a symmetric key.", |map| map.set(KTY, int(4))),
        refused("kty-text", "kty is the text `OKP`.", |map| map.set(KTY, text("OKP"))),
        refused("kty-missing", "There is no kty.", |map| map.remove(KTY)),
        refused("crv-4", "crv is 4, X25519.", |map| map.set(CRV, int(4))),
        refused("crv-7", "crv is 7, Ed448.", |map| map.set(CRV, int(7))),
        refused("crv-text", "crv is the text `Ed25519`.", |map| map.set(CRV, text("Ed25519"))),
        refused("crv-missing", "There is no crv.", |map| map.remove(CRV)),
        refused("alg--7", "`alg` is -7.", |map| map.set(ALG, int(-7))),
        refused("alg-text", "`alg` is the text `EdDSA`.", |map| map.set(ALG, text("EdDSA"))),
        refused("alg-null", "`alg` is null.", |map| map.set(ALG, vec![NULL])),
        refused("alg-2^64-8", "`alg` is 2^64-8.", |map| map.set(ALG, head(UINT, u64::MAX - 7))),
    ]
}

fn faulty() -> Vec<KeyCase> {
    vec![
        refused("x-missing", "There is no x.", |map| map.remove(X)),
        refused("x-31-bytes", "x has 31 bytes.", |map| map.set(X, bytes(&key().public[..31]))),
        refused("x-33-bytes", "x has 33 bytes.", |map| {
            map.set(X, bytes(&[&key().public[..], &[0]].concat()));
        }),
        refused("x-empty", "x is empty.", |map| map.set(X, bytes(&[]))),
        refused("x-text", "x is text.", |map| map.set(X, text(&"x".repeat(32)))),
        refused("x-null", "x is null.", |map| map.set(X, vec![NULL])),
        refused("x-small-order", "x is a point of order 2.", |map| map.set(X, bytes(&hx(SMALL_ORDER[1].1)))),
        refused("x-not-canonical", "x is not canonical.", |map| map.set(X, bytes(&over_the_field(4, true)))),
        refused("x-torsion", "x has a torsion component.", |map| {
            map.set(X, bytes(&key().public_with_torsion(4)));
        }),
        refused("d-of-another-key", "d belongs to another x.", |map| {
            map.set(D, bytes(&Key::named("another").seed));
        }),
        refused("d-31-bytes", "d has 31 bytes.", |map| map.set(D, bytes(&key().seed[..31]))),
        refused("d-empty", "d is empty.", |map| map.set(D, bytes(&[]))),
        refused("d-null", "d is null.", |map| map.set(D, vec![NULL])),
        refused("d-is-x", "d is x once more.", |map| map.set(D, bytes(&key().public))),
        refused("kty-twice", "kty stands twice.", |map| map.repeat(KTY)),
        refused("x-twice", "x stands twice, the same both times.", |map| map.repeat(X)),
        refused("x-twice-differing", "x stands twice, the second another key.", |map| {
            map.repeat(X);
            map.entries[3].1 = bytes(&Key::named("another").public);
        }),
        refused("crv-twice-in-another-form", "crv stands twice, the second time in a longer form.", |map| {
            map.entries.push((long_head(1, Width::One, 0), int(6)));
        }),
    ]
}

fn encodings() -> Vec<KeyCase> {
    let whole = plain(&key()).encode();
    vec![
        refused("map-indefinite", "The map is of indefinite length.", Map::make_indefinite),
        refused("x-indefinite", "x is an indefinite string.", |map| {
            map.set(X, indefinite(BYTES, &[&bytes(&key().public)]));
        }),
        refused("unknown-malformed", "The value of an unknown label is text that is no UTF-8.", |map| {
            map.set(99, hx("61ff"));
        }),
        refused("unknown-depth-9", "The value of an unknown label is nested to depth 9.", |map| {
            map.set(99, hx("8181818181818100"));
        }),
        invalid("empty", "Nothing.", &[]),
        invalid("empty-map", "An empty map.", &[0xa0]),
        invalid("byte-behind", "A byte stands behind the map.", &join(&[&whole, &[0]])),
        invalid("break-behind", "A break stands behind the map.", &join(&[&whole, &[BREAK]])),
        invalid("twice", "Two keys, one behind the other.", &whole.repeat(2)),
        invalid("cut-short", "The last byte is missing.", &whole[..whole.len() - 1]),
        invalid("in-a-byte-string", "The key in a byte string.", &bytes(&whole)),
        invalid("tagged", "The key is tagged.", &tag(24, &whole)),
        invalid("integer", "An integer.", &[0]),
        invalid(
            "count-too-high",
            "The map says that it has one label more.",
            &join(&[&head(MAP, 4), &whole[1..]]),
        ),
    ]
}

pub(super) fn sets() -> Vec<KeyCase> {
    let one = Key::named("COSE_KeySet, one");
    let two = Key::named("COSE_KeySet, two");
    let with = |key: &Key, edit: &dyn Fn(&mut Map)| {
        let mut map = plain(key);
        edit(&mut map);
        map.encode()
    };
    let plain_one = with(&one, &|_| {});
    let alg_two = with(&two, &|map| map.set(ALG, int(-19)));
    let eddsa_one = with(&one, &|map| map.set(ALG, int(-8)));
    let ec = Map::new(vec![
        (int(KTY), int(2)),
        (int(CRV), int(1)),
        (int(X), bytes(&[7; 32])),
        (int(-3), bytes(&[8; 32])),
    ])
    .encode();
    let rsa = Map::new(vec![(int(KTY), int(3)), (int(CRV), bytes(&[7; 256])), (int(X), bytes(&[1, 0, 1]))])
        .encode();
    let symmetric = Map::new(vec![(int(KTY), int(4)), (int(CRV), bytes(&[7; 32]))]).encode();
    let x25519 = with(&one, &|map| map.set(CRV, int(4)));
    let other_alg = with(&one, &|map| map.set(ALG, int(-7)));
    let small = with(&one, &|map| map.set(X, bytes(&hx(SMALL_ORDER[3].1))));
    let without_x = with(&one, &|map| map.remove(X));
    let wrong_d = with(&one, &|map| map.set(D, bytes(&two.seed)));
    let twice = with(&one, &|map| map.repeat(X));

    let good = |name: &str, comment: &str, keys: &[&[u8]], expected| {
        case(Format::CoseKeySet, name, comment, hex::encode(array(keys)), expected)
    };
    let refused = |name: &str, comment: &str, input: Vec<u8>| {
        case(Format::CoseKeySet, name, comment, hex::encode(input), Expected::refused(InvalidKey))
    };
    let first = || public_key(&one, None);
    vec![
        good("one", "One key.", &[&plain_one], set(vec![first()], 0)),
        good(
            "two",
            "Two keys, in their order.",
            &[&alg_two, &plain_one],
            set(vec![public_key(&two, Some("Ed25519")), first()], 0),
        ),
        good("ec-skipped", "A key of P-256 is skipped.", &[&ec, &plain_one], set(vec![first()], 1)),
        good(
            "mixed",
            "Keys of five other kinds are skipped.",
            &[&ec, &eddsa_one, &rsa, &symmetric, &x25519, &alg_two, &other_alg],
            set(vec![public_key(&one, Some("EdDSA")), public_key(&two, Some("Ed25519"))], 5),
        ),
        good(
            "same-key-twice",
            "The same key twice: a set is a list.",
            &[&plain_one, &plain_one],
            set(vec![first(), first()], 0),
        ),
        refused("empty", "No key at all.", array(&[])),
        refused("others-alone", "Keys of other kinds alone.", array(&[&ec, &rsa])),
        refused(
            "small-order",
            "A faulty key of the right kind is not skipped: a point of small order.",
            array(&[&plain_one, &small]),
        ),
        refused(
            "x-missing",
            "A faulty key of the right kind is not skipped: no x.",
            array(&[&plain_one, &without_x]),
        ),
        refused(
            "wrong-d",
            "A faulty key of the right kind is not skipped: d of another key.",
            array(&[&plain_one, &wrong_d]),
        ),
        refused(
            "label-twice",
            "A faulty key of the right kind is not skipped: x twice.",
            array(&[&plain_one, &twice]),
        ),
        refused("indefinite", "The array is of indefinite length.", indefinite(ARRAY, &[&plain_one])),
        refused(
            "indefinite-key",
            "A key in it is a map of indefinite length.",
            array(&[&plain_one, &with(&two, &Map::make_indefinite)]),
        ),
        refused("integer-in-it", "An integer is no key.", array(&[&plain_one, &int(7)])),
        refused("byte-behind", "A byte stands behind the set.", join(&[&array(&[&plain_one]), &[0]])),
        refused("cut-short", "The set says that it has two keys.", join(&[&head(ARRAY, 2), &plain_one])),
        refused("nested", "A set in a set.", array(&[&array(&[&plain_one])])),
    ]
}
