//! An envelope or a protected header of another shape: `not_a_status_token`. All of it is deterministic and signed by a
//! trusted key.

use kycvs::ErrorCode::{NotAStatusToken, UnsupportedAlgorithm};

use crate::case::Case;
use crate::model::{Flag, VerifyCase};
use crate::raw::{ARRAY, Map, NULL, TAG, array, bytes, head, hx, int, join, tag, text, uint};
use crate::token::{ED25519, Envelope, TYP, cowin};

pub(super) fn cases() -> Vec<VerifyCase> {
    let mut cases = envelope();
    cases.extend(protected());
    cases.extend(algorithm());
    cases
}

fn envelope() -> Vec<VerifyCase> {
    let case = |name: &str, comment: &str, edit: fn(&mut Envelope)| {
        let id = format!("shape/envelope/{name}");
        Case::new(id, comment, &[Flag::Shape]).envelope(edit).refused(NotAStatusToken)
    };
    let whole = |name: &str, comment: &str, bytes: Vec<u8>| {
        Case::new(format!("shape/envelope/{name}"), comment, &[Flag::Shape])
            .presentation(move |presentation| *presentation = bytes)
            .refused(NotAStatusToken)
    };
    vec![
        case("untagged", "The tag is missing.", |envelope| envelope.tag.clear()),
        case("tag-17-mac0", "The tag is 17, that of COSE_Mac0.", |envelope| envelope.tag = head(TAG, 17)),
        case("tag-16-encrypt0", "The tag is 16, that of COSE_Encrypt0.", |envelope| {
            envelope.tag = head(TAG, 16);
        }),
        case("tag-98-sign", "The tag is 98, that of COSE_Sign.", |envelope| envelope.tag = head(TAG, 98)),
        case("tag-61-outside", "The CWT tag 61 stands around the token.", |envelope| {
            envelope.tag = join(&[&head(TAG, 61), &head(TAG, 18)]);
        }),
        case("tag-61-inside", "The CWT tag 61 stands within the tag 18.", |envelope| {
            envelope.tag = join(&[&head(TAG, 18), &head(TAG, 61)]);
        }),
        case("tag-61-alone", "The CWT tag 61 stands in the place of 18.", |envelope| {
            envelope.tag = head(TAG, 61);
        }),
        case("tag-twice", "The tag 18 stands twice.", |envelope| envelope.tag = head(TAG, 18).repeat(2)),
        case("tag-self-described", "The tag 55799 stands around the token.", |envelope| {
            envelope.tag = join(&[&head(TAG, 55_799), &head(TAG, 18)]);
        }),
        case("five-items", "A fifth item: null.", |envelope| {
            envelope.head = head(ARRAY, 5);
            envelope.items.push(vec![NULL]);
        }),
        case("three-items", "The signature is missing.", |envelope| {
            envelope.head = head(ARRAY, 3);
            envelope.items.pop();
        }),
        case("no-items", "An empty array.", |envelope| {
            envelope.head = head(ARRAY, 0);
            envelope.items.clear();
        }),
        case("map-for-array", "A map in the place of the array.", |envelope| {
            envelope.head = hx("a2");
            envelope.items.swap(1, 2);
        }),
        case("protected-map", "The protected header is a map and no byte string.", |envelope| {
            envelope.items[0].drain(..2);
        }),
        case("protected-text", "The protected header is a text string.", |envelope| {
            envelope.items[0] = text("");
        }),
        case("protected-tagged", "The protected header is tagged as encoded CBOR (24).", |envelope| {
            envelope.items[0] = tag(24, &envelope.items[0]);
        }),
        case("payload-null", "The payload is null, as of a detached signature.", |envelope| {
            envelope.items[2] = vec![NULL];
        }),
        case("payload-map", "The payload is a map and no byte string.", |envelope| {
            envelope.items[2].drain(..2);
        }),
        case("payload-tagged", "The payload is tagged as encoded CBOR (24).", |envelope| {
            envelope.items[2] = tag(24, &envelope.items[2]);
        }),
        case("unprotected-kid", "The unprotected header holds the `kid` as well.", |envelope| {
            envelope.items[1] = Map::new(vec![(int(4), bytes(&cowin().kid()))]).encode();
        }),
        case("unprotected-unknown", "The unprotected header holds an unknown parameter.", |envelope| {
            envelope.items[1] = Map::new(vec![(int(99), int(0))]).encode();
        }),
        case("unprotected-array", "The unprotected header is an empty array.", |envelope| {
            envelope.items[1] = vec![0x80];
        }),
        case("unprotected-null", "The unprotected header is null.", |envelope| {
            envelope.items[1] = vec![NULL];
        }),
        case("unprotected-bytes", "The unprotected header is an empty byte string.", |envelope| {
            envelope.items[1] = vec![0x40];
        }),
        case("signature-63-bytes", "The signature has 63 bytes.", |envelope| {
            let signature = envelope.items[3].split_off(2);
            envelope.items[3] = bytes(&signature[..63]);
        }),
        case("signature-65-bytes", "A zero stands behind the signature, in its byte string.", |envelope| {
            let signature = envelope.items[3].split_off(2);
            envelope.items[3] = bytes(&[signature.as_slice(), &[0]].concat());
        }),
        case("signature-empty", "The signature is empty.", |envelope| envelope.items[3] = bytes(&[])),
        case("signature-null", "The signature is null.", |envelope| envelope.items[3] = vec![NULL]),
        case("signature-in-an-array", "The signature stands in an array, as COSE_Sign has it.", |envelope| {
            envelope.items[3] = array(&[&envelope.items[3]]);
        }),
        whole("mac0", "A COSE_Mac0.", hx("d1 84 43a10105 a0 41a0 48 0102030405060708")),
        whole("integer", "An integer.", vec![0]),
        whole("null", "Null.", vec![NULL]),
        whole("empty-map", "An empty map.", vec![0xa0]),
        whole("claims-alone", "A map of claims, unsigned.", hx("a1016c696e2e676f762e636f77696e")),
        whole("text", "The text `KV1:` as CBOR.", text("KV1:")),
        whole("opening-alone", "An opening without a token.", bytes(&[7; 16])),
        whole("letter", "The letter `0`, which reads as the integer -17.", b"0".to_vec()),
    ]
}

fn protected() -> Vec<VerifyCase> {
    let case = |name: &str, comment: &str, edit: fn(&mut Map)| {
        let id = format!("shape/protected/{name}");
        Case::new(id, comment, &[Flag::Shape]).header(edit).refused(NotAStatusToken)
    };
    vec![
        case("alg-missing", "There is no `alg`.", |header| header.remove(1)),
        case("kid-missing", "There is no `kid`.", |header| header.remove(4)),
        case("typ-missing", "There is no `typ`.", |header| header.remove(16)),
        case("empty-map", "The header is the empty map.", |header| header.entries.clear()),
        case("crit", "The parameter `crit` (2) names `typ`.", |header| header.set(2, array(&[&int(16)]))),
        case("content-type", "The content type (3) is given.", |header| {
            header.set(3, text("application/cwt"));
        }),
        case("iv", "An IV (5) is given.", |header| header.set(5, bytes(&[0; 12]))),
        case("cwt-claims", "CWT claims stand in the header (15, RFC 9597).", |header| {
            header.set(15, hx("a1016161"));
        }),
        case("x5chain", "A certificate chain (33) is given.", |header| header.set(33, bytes(&[0x30, 0]))),
        case("text-label", "There is a parameter with the label `alg`.", |header| {
            header.set_raw(text("alg"), text("EdDSA"));
        }),
        case("label-0", "There is a parameter with the label 0.", |header| header.set(0, int(0))),
        case("label-negative", "There is a parameter of the private range.", |header| {
            header.set(-65_537, int(0));
        }),
        case("kid-7-bytes", "`kid` has 7 bytes.", |header| header.set(4, bytes(&cowin().kid()[..7]))),
        case("kid-9-bytes", "`kid` has 9 bytes.", |header| {
            header.set(4, bytes(&[&cowin().kid()[..], &[0]].concat()));
        }),
        case("kid-empty", "`kid` is empty.", |header| header.set(4, bytes(&[]))),
        case("kid-32-bytes", "`kid` is a whole thumbprint.", |header| header.set(4, bytes(&[7; 32]))),
        case("kid-text", "`kid` is text.", |header| header.set(4, text("cowin-01"))),
        case("kid-integer", "`kid` is an integer.", |header| header.set(4, uint(u64::MAX))),
        case("typ-uint", "`typ` is a number, as a content format.", |header| header.set(16, uint(61))),
        case("typ-bytes", "`typ` is a byte string.", |header| header.set(16, bytes(TYP.as_bytes()))),
        case("typ-other", "`typ` is that of any CWT.", |header| header.set(16, text("application/cwt"))),
        case("typ-upper-case", "`typ` has another case.", |header| {
            header.set(16, text("application/KYCVS+CWT"));
        }),
        case("typ-without-application", "`typ` is without `application/`.", |header| {
            header.set(16, text("kycvs+cwt"));
        }),
        case("typ-with-parameter", "`typ` has a parameter.", |header| {
            header.set(16, text("application/kycvs+cwt;v=1"));
        }),
        case("typ-with-space", "`typ` has a space behind it.", |header| {
            header.set(16, text("application/kycvs+cwt "));
        }),
        case("typ-empty", "`typ` is empty.", |header| header.set(16, text(""))),
        case("typ-list", "`typ` stands in a list.", |header| header.set(16, array(&[&text(TYP)]))),
        case("alg-text", "`alg` is the text `EdDSA`.", |header| header.set(1, text("EdDSA"))),
        case("alg-bytes", "`alg` is a byte string.", |header| header.set(1, bytes(&[0x27]))),
        case("alg-float", "`alg` is the float -8.0.", |header| header.set(1, hx("f9c800"))),
        case("alg-bignum", "`alg` is the bignum -8.", |header| header.set(1, tag(3, &bytes(&[7])))),
        case("alg-null", "`alg` is null.", |header| header.set(1, vec![NULL])),
        Case::new("shape/protected/list", "The header is a list of its entries.", &[Flag::Shape])
            .protected(|protected| protected[0] = head(ARRAY, 6)[0])
            .refused(NotAStatusToken),
        Case::new(
            "shape/protected/wrapped",
            "The header is a byte string that holds the header.",
            &[Flag::Shape],
        )
        .protected(|protected| *protected = bytes(protected))
        .refused(NotAStatusToken),
        Case::new("shape/protected/tagged", "The header is tagged.", &[Flag::Shape])
            .protected(|protected| *protected = tag(18, protected))
            .refused(NotAStatusToken),
    ]
}

/// Integers that are no algorithm of this format have a code of their own.
fn algorithm() -> Vec<VerifyCase> {
    let case = |name: &str, comment: &str, item: Vec<u8>| {
        let id = format!("algorithm/{name}");
        Case::new(id, comment, &[Flag::Algorithm])
            .header(|header| header.set(1, item))
            .refused(UnsupportedAlgorithm)
    };
    let named =
        |name: &str, comment: &str| Case::new(format!("algorithm/{name}"), comment, &[Flag::Algorithm]);
    vec![
        case("es256", "`alg` is -7, ES256.", int(-7)),
        case("es384", "`alg` is -35, ES384.", int(-35)),
        case("ed448", "`alg` is -53, Ed448.", int(-53)),
        case("rs256", "`alg` is -257, RS256.", int(-257)),
        case("hmac", "`alg` is 5, HMAC with SHA-256.", int(5)),
        case("zero", "`alg` is 0.", int(0)),
        case("positive-8", "`alg` is 8.", int(8)),
        case("positive-19", "`alg` is 19.", int(19)),
        case("minus-9", "`alg` is -9.", int(-9)),
        case("minus-264", "`alg` is -264, whose last byte is that of -8.", int(-264)),
        case("minus-2^32-8", "`alg` is -8 less 2^32.", int(-8 - (1 << 32))),
        case("least", "`alg` is -2^64.", hx("3bffffffffffffffff")),
        case(
            "minus-2^63-1",
            "`alg` is -2^63 - 1, the first that 64 bits with a sign do not hold.",
            hx("3b8000000000000000"),
        ),
        case("greatest", "`alg` is 2^64 - 1.", uint(u64::MAX)),
        case("2^64-8", "`alg` is 2^64 - 8, which is -8 in 64 bits.", uint(u64::MAX - 7)),
        named("-19-where-the-key-names--8", "The key's entry names -8, the token -19.")
            .alg(ED25519)
            .refused(UnsupportedAlgorithm),
        named("-8-where-the-key-names--19", "The key's entry names -19, the token -8.")
            .trust("cowin-ed25519")
            .key(crate::stores::cowin_ed25519())
            .refused(UnsupportedAlgorithm),
    ]
}
