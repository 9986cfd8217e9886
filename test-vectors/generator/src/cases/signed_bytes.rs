//! Good signatures over other bytes than the token's Sig_structure: `bad_signature`.

use kycvs::ErrorCode::{BadSignature, NotCanonical};
use sha2::{Digest, Sha512};

use super::signature::case;
use crate::model::VerifyCase;
use crate::raw::{BYTES, MAP, UINT, Width, array, bytes, hx, indefinite, join, long_head, long_string, text};
use crate::token::{EXP, EXPIRES_AT, Envelope};

pub(super) fn cases() -> Vec<VerifyCase> {
    let mut cases = over_something_else();
    cases.extend(changed());
    cases
}

/// A good signature, but over other bytes.
fn over_something_else() -> Vec<VerifyCase> {
    // The Sig_structure, taken apart: `84 6a Signature1`, protected, `40`, payload.
    let structure = |name: &str, comment: &str, make: fn(&[u8], &[u8]) -> Vec<u8>| {
        case(&format!("over-{name}"), comment)
            .sign(move |key, message| {
                let (protected, payload) = parts(message);
                key.sign(&make(protected, payload))
            })
            .refused(BadSignature)
    };
    let context = |name: &str, comment: &str, context: &'static str| {
        case(&format!("over-{name}"), comment)
            .sign(move |key, message| {
                let (protected, payload) = parts(message);
                key.sign(&array(&[&text(context), &bytes(protected), &bytes(&[]), &bytes(payload)]))
            })
            .refused(BadSignature)
    };
    let domain = |name: &str, comment: &str, flag: u8, context: &'static str| {
        case(name, comment)
            .sign(move |key, message| key.sign_with_domain(flag, context, message))
            .refused(BadSignature)
    };
    vec![
        structure("payload", "The signature is over the payload alone.", |_, payload| payload.to_vec()),
        structure(
            "both-strings",
            "The signature is over the contents of both byte strings.",
            |protected, payload| join(&[protected, payload]),
        ),
        structure(
            "array-of-the-envelope",
            "The signature is over the untagged array of the token without its signature.",
            |protected, payload| array(&[&bytes(protected), &[0xa0], &bytes(payload)]),
        ),
        structure(
            "token-without-signature",
            "The signature is over the tagged token with an empty signature.",
            |protected, payload| Envelope::new(protected, payload, &[]).encode(),
        ),
        structure(
            "empty-protected",
            "The signature is over a Sig_structure with an empty protected header.",
            |_, payload| array(&[&text("Signature1"), &bytes(&[]), &bytes(&[]), &bytes(payload)]),
        ),
        structure(
            "external-data",
            "The signature is over a Sig_structure with external data.",
            |protected, payload| {
                array(&[&text("Signature1"), &bytes(protected), &bytes(b"kycvs"), &bytes(payload)])
            },
        ),
        structure(
            "five-items",
            "The signature is over a Sig_structure of five items, as of COSE_Sign.",
            |protected, payload| {
                array(&[&text("Signature1"), &bytes(protected), &bytes(&[]), &bytes(&[]), &bytes(payload)])
            },
        ),
        structure(
            "three-items",
            "The signature is over a Sig_structure without external data.",
            |protected, payload| array(&[&text("Signature1"), &bytes(protected), &bytes(payload)]),
        ),
        structure(
            "null-external-data",
            "The signature is over a Sig_structure with null for external data.",
            |protected, payload| array(&[&text("Signature1"), &bytes(protected), &[0xf6], &bytes(payload)]),
        ),
        structure(
            "long-lengths",
            "The signature is over a Sig_structure with lengths in two bytes.",
            |protected, payload| {
                array(&[
                    &text("Signature1"),
                    &long_string(BYTES, Width::Two, protected),
                    &bytes(&[]),
                    &long_string(BYTES, Width::Two, payload),
                ])
            },
        ),
        structure(
            "indefinite-array",
            "The signature is over a Sig_structure of indefinite length.",
            |protected, payload| {
                indefinite(4, &[&text("Signature1"), &bytes(protected), &bytes(&[]), &bytes(payload)])
            },
        ),
        structure(
            "header-map",
            "The signature is over a Sig_structure with the header map itself.",
            |protected, payload| array(&[&text("Signature1"), protected, &bytes(&[]), &bytes(payload)]),
        ),
        structure(
            "tagged-structure",
            "The signature is over a tagged Sig_structure.",
            |protected, payload| {
                join(&[
                    &[0xd2],
                    &array(&[&text("Signature1"), &bytes(protected), &bytes(&[]), &bytes(payload)]),
                ])
            },
        ),
        context("context-signature", "The signature is over the context of COSE_Sign.", "Signature"),
        context(
            "context-counter-signature",
            "The signature is over the context of a counter signature.",
            "CounterSignature",
        ),
        context("context-mac0", "The signature is over the context of COSE_Mac0.", "MAC0"),
        context("context-lower-case", "The signature is over the context in lower case.", "signature1"),
        domain("ed25519ph", "The signature is Ed25519ph, over the hash of the message.", 1, ""),
        domain("ed25519ctx", "The signature is Ed25519ctx with the context `kycvs`.", 0, "kycvs"),
        domain("ed25519ctx-empty", "The signature is Ed25519ctx with an empty context.", 0, ""),
        case("over-the-hash", "The signature is over SHA-512 of the Sig_structure.")
            .sign(|key, message| key.sign(&Sha512::digest(message)))
            .refused(BadSignature),
        case("over-nothing", "The signature is over the empty message.")
            .sign(|key, _| key.sign(&[]))
            .refused(BadSignature),
    ]
}

/// What `protected` and `payload` hold, out of a Sig_structure whose heads have one and two bytes.
fn parts(message: &[u8]) -> (&[u8], &[u8]) {
    let rest = &message[12..];
    let (protected, rest) = rest[2..].split_at(rest[1].into());
    (protected, &rest[3..])
}

/// A good token that was changed after signing.
fn changed() -> Vec<VerifyCase> {
    let changed = |name: &str, comment: &str, from: Vec<u8>, to: Vec<u8>| {
        case(&format!("changed-{name}"), comment)
            .envelope(move |envelope| {
                let whole = envelope.items[2].clone();
                let at = whole
                    .windows(from.len())
                    .position(|window| window == from)
                    .expect("it is in the payload");
                envelope.items[2] = join(&[&whole[..at], &to, &whole[at + from.len()..]]);
            })
            .refused(BadSignature)
    };
    let answer = |status: u8| hx(&format!("3a00010000a200{status:02x}02"));
    vec![
        changed("status", "The status is 2; it was signed as 1.", answer(2), answer(1)),
        changed(
            "expiry",
            "`exp` is a day later than what was signed.",
            exp(EXPIRES_AT),
            exp(EXPIRES_AT + 86_400),
        ),
        changed(
            "audience",
            "`aud` is another than what was signed.",
            text("irctc.co.in"),
            text("irctc.co.im"),
        ),
        changed(
            "nonce",
            "`eat_nonce` is another than what was signed.",
            bytes(b"a test challenge"),
            bytes(b"a text challenge"),
        ),
        changed(
            "purpose",
            "The purpose is another than what was signed.",
            text("rail-booking"),
            text("rail-baoking"),
        ),
        case(
            "re-encoded",
            "The payload was signed with a long `exp`, and brought into the right encoding afterwards.",
        )
        .claims(|claims| claims.set(EXP, long_head(UINT, Width::Eight, EXPIRES_AT)))
        .envelope(|envelope| {
            let long = long_head(UINT, Width::Eight, EXPIRES_AT);
            let mut content = envelope.items[2].split_off(2);
            let at = content.windows(9).position(|window| window == long).expect("it is in the payload");
            content.splice(at..at + 9, long_head(UINT, Width::Four, EXPIRES_AT));
            envelope.items[2] = bytes(&content);
        })
        .refused(BadSignature),
        case(
            "re-encoded-the-other-way",
            "The payload was signed in the right encoding, and `exp` made longer afterwards.",
        )
        .envelope(|envelope| {
            let mut content = envelope.items[2].split_off(2);
            let short = long_head(UINT, Width::Four, EXPIRES_AT);
            let at = content.windows(5).position(|window| window == short).expect("it is in the payload");
            content.splice(at..at + 5, long_head(UINT, Width::Eight, EXPIRES_AT));
            envelope.items[2] = bytes(&content);
        })
        .refused(NotCanonical),
        case(
            "indefinite-map-signed",
            "The claims were signed as a map of indefinite length, and made definite afterwards.",
        )
        .claims(|claims| {
            claims.head = Some(vec![MAP << 5 | 31]);
            claims.end = vec![0xff];
        })
        .envelope(|envelope| {
            let mut content = envelope.items[2].split_off(2);
            content.pop();
            content[0] = MAP << 5 | 7;
            envelope.items[2] = bytes(&content);
        })
        .refused(BadSignature),
        case("of-another-token", "The signature is that of another token of the same key.")
            .sign(|key, message| {
                let mut other = message.to_vec();
                let last = other.len() - 1;
                other[last] ^= 1;
                key.sign(&other)
            })
            .refused(BadSignature),
    ]
}

fn exp(value: u64) -> Vec<u8> {
    long_head(UINT, Width::Four, value)
}
