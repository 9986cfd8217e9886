//! Each bound: one under, at, and one over.

use kycvs::ErrorCode::{NotAStatusToken, TooLarge};

use crate::case::Case;
use crate::model::{Flag, VerifyCase};
use crate::raw::{BYTES, TEXT, bytes, counted, head, hx, join};
use crate::stores::MULTI_BYTE_ISSUER;
use crate::token::{CTI, ED25519, Facts};

/// 22 letters of three bytes: 66. With one less, and with two letters of one byte in the place of the last: 63 and 64.
const LETTER: &str = "क";

fn case(name: &str, comment: &str, edit: impl FnOnce(&mut Facts)) -> Case {
    Case::new(format!("bounds/{name}"), comment, &[Flag::Bound]).facts(edit)
}

pub(super) fn valid() -> Vec<VerifyCase> {
    let mut cases = vec![
        case("iss-1-byte", "`iss` has 1 byte.", |facts| facts.issuer = "x".into())
            .trust("issuer-1-byte")
            .accepted(),
        case("iss-64-bytes", "`iss` has 64 bytes in 22 characters.", |facts| {
            facts.issuer = MULTI_BYTE_ISSUER.into();
        })
        .trust("issuer-64-bytes")
        .accepted(),
        longest().accepted(),
        shortest().accepted(),
    ];
    for (name, text) in fitting_texts() {
        let comment = format!("`aud` has {}.", size(&text));
        let audience = text.clone();
        cases.push(
            case(&format!("aud-{name}"), &comment, |facts| facts.audience = Some(audience.clone()))
                .policy(|policy| policy.audience = Some(audience.clone()))
                .accepted(),
        );
        let comment = comment.replace("`aud`", "the purpose").replacen('t', "T", 1);
        cases.push(
            case(&format!("purpose-{name}"), &comment, |facts| facts.purpose.clone_from(&text))
                .expectation(|expectation| expectation.purpose = Some(text.clone()))
                .accepted(),
        );
    }
    for length in [8, 9, 63, 64] {
        cases.push(with_nonce(length).expectation(|e| e.nonce = Some(hex::encode(nonce(length)))).accepted());
    }
    for (name, index) in [("0", 0), ("23", 23), ("24", 24), ("2^32", 1 << 32), ("2^64-1", u64::MAX)] {
        cases.push(with_list(&format!("idx-{name}"), index, "https://lists.example/1").accepted());
    }
    for length in [1, 2, 255, 256] {
        cases.push(with_list(&format!("uri-{length}-bytes"), 7, &"u".repeat(length)).accepted());
    }
    cases.extend([255, 256].map(|length| with_payload(length).accepted()));
    cases.push(with_list("uri-256-bytes-multi-byte", 7, &(LETTER.repeat(85) + "u")).accepted());
    cases.push(with_list("uri-no-uri", 7, "anything\u{0}at all").accepted());
    cases
}

pub(super) fn invalid() -> Vec<VerifyCase> {
    let mut cases = vec![
        case("iss-empty", "`iss` is empty.", |facts| facts.issuer.clear()).refused(NotAStatusToken),
        case("iss-65-bytes", "`iss` has 65 bytes.", |facts| facts.issuer = "i".repeat(65))
            .refused(NotAStatusToken),
    ];
    for (name, text) in texts_too_long() {
        let comment = format!("{}.", size(&text));
        let cases_of_text = [
            case(&format!("aud-{name}"), &format!("`aud` has {comment}"), |facts| {
                facts.audience = Some(text.clone());
            })
            .policy(|policy| policy.open = true),
            case(&format!("purpose-{name}"), &format!("The purpose has {comment}"), |facts| {
                facts.purpose.clone_from(&text);
            }),
        ];
        cases.extend(cases_of_text.map(|case| case.refused(NotAStatusToken)));
    }
    for length in [0, 7, 65] {
        cases.push(with_nonce(length).expectation(|e| e.nonce = None).refused(NotAStatusToken));
    }
    cases.push(with_list("uri-257-bytes", 7, &"u".repeat(257)).refused(NotAStatusToken));
    cases
        .push(with_list("uri-257-bytes-multi-byte", 7, &(LETTER.repeat(85) + "uu")).refused(NotAStatusToken));
    for length in [0, 15, 17, 32] {
        let id = format!("bounds/cti-{length}-bytes");
        let case = Case::new(id, format!("`cti` has {length} bytes."), &[Flag::Bound]);
        cases.push(
            case.claims(move |claims| claims.set(CTI, bytes(&vec![7; length]))).refused(NotAStatusToken),
        );
    }
    cases
}

/// Sizes of the whole, apart from what is in it.
pub(super) fn too_large() -> Vec<VerifyCase> {
    let whole = |name: &str, comment: &str, bytes: Vec<u8>| {
        Case::new(format!("bounds/{name}"), comment, &[Flag::Bound, Flag::Length])
            .presentation(move |presentation| *presentation = bytes)
    };
    // A byte string: its head has three bytes.
    let string = |length: usize| join(&[&head(BYTES, length as u64 - 3), &vec![0; length - 3]]);
    let opening = || bytes(&[7; 16]);
    vec![
        whole(
            "first-item-1024-bytes",
            "The first item has 1,024 bytes: it is read, and is no token.",
            string(1024),
        )
        .refused(NotAStatusToken),
        whole("first-item-1025-bytes", "The first item has 1,025 bytes.", string(1025)).refused(TooLarge),
        whole(
            "presentation-1041-bytes",
            "1,024 bytes and an opening: read, and no token.",
            join(&[&string(1024), &opening()]),
        )
        .refused(NotAStatusToken),
        whole("presentation-1042-bytes", "1,025 bytes and an opening.", join(&[&string(1025), &opening()]))
            .refused(TooLarge),
        whole("presentation-1041-bytes-in-one-item", "One item of 1,041 bytes.", string(1041))
            .refused(TooLarge),
        whole("presentation-1042-bytes-in-one-item", "One item of 1,042 bytes.", string(1042))
            .refused(TooLarge),
        whole("token-1024-bytes", "A tagged array whose payload makes it 1,024 bytes.", padded_token(1024))
            .refused(NotAStatusToken),
        whole("token-1025-bytes", "A tagged array whose payload makes it 1,025 bytes.", padded_token(1025))
            .refused(TooLarge),
        whole(
            "presentation-1041-bytes-in-two-items",
            "Two items of 340 and 701 bytes: 1,041 together.",
            join(&[&string(340), &string(701)]),
        )
        .refused(NotAStatusToken),
        whole("presentation-5000-bytes", "5,000 bytes.", vec![0; 5000]).refused(TooLarge),
        Case::new(
            "bounds/good-token-and-long-item",
            "A good token, and behind it an item that makes 1,042 bytes.",
            &[Flag::Bound],
        )
        .presentation(move |presentation| {
            let rest = 1042 - presentation.len();
            presentation.extend(string(rest));
        })
        .refused(TooLarge),
    ]
}

/// Of the shape of a token on the outside, with a payload of as many bytes as it takes.
fn padded_token(length: usize) -> Vec<u8> {
    let ends = [hx("d2 84 41a0 a0 59"), hx("5840")];
    let payload = length - ends.concat().len() - 2 - 64;
    let count = u16::try_from(payload).expect("a short payload").to_be_bytes();
    // A payload that is one text string.
    let content = join(&[&head(TEXT, payload as u64 - 3), &vec![b'a'; payload - 3]]);
    join(&[&ends[0], &count, &content, &ends[1], &[7; 64]])
}

/// Every claim, and each as long as it may be: 755 bytes.
fn longest() -> Case {
    let audience = LETTER.repeat(21) + "x";
    case("longest-token", "Every claim is there and as long as it may be: 755 bytes.", |facts| {
        facts.issuer = MULTI_BYTE_ISSUER.into();
        facts.audience = Some(audience.clone());
        facts.issued_at = u64::MAX - 1;
        facts.expires_at = u64::MAX;
        facts.nonce = Some(nonce(64));
        facts.status_list = Some((u64::MAX, "u".repeat(256)));
        facts.purpose = "p".repeat(64);
        facts.specimen = true;
    })
    .bound_to("a p j abdul kalam", None)
    .person("A.P.J. Abdul Kalam", None)
    .alg(ED25519)
    .key(crate::stores::cowin_ed25519())
    .trust("issuer-64-bytes-ed25519")
    .policy(|policy| {
        policy.audience = Some(audience.clone());
        policy.ignore_status_lists = true;
        policy.allow_specimen = true;
    })
    .expectation(|expectation| expectation.nonce = Some(hex::encode(nonce(64))))
    .now(u64::MAX - 1)
    .presentation(|presentation| assert_eq!(presentation.len(), 755 + 17, "the longest token has 755 bytes"))
}

fn shortest() -> Case {
    case("shortest-token", "No claim that may be left out, and each as short as it may be.", |facts| {
        facts.issuer = "x".into();
        facts.audience = None;
        facts.nonce = None;
        facts.purpose = "y".into();
        facts.issued_at = 0;
        facts.expires_at = 1_790_000_900;
    })
    .trust("issuer-1-byte")
    .policy(|policy| {
        policy.audience = None;
        policy.open = true;
        policy.max_lifetime = 1_790_000_900;
    })
    .expectation(|expectation| expectation.nonce = None)
}

/// On both sides of the bound where the length of the payload takes a byte more.
fn with_payload(length: usize) -> Case {
    let case = |uri: usize| with_list(&format!("payload-{length}-bytes"), 7, &"u".repeat(uri));
    // Tag, array, protected, unprotected; the head of the payload; the signature.
    let whole = 2 + 38 + 1 + if length < 256 { 2 } else { 3 } + length + 66;
    (1..=256).map(case).find(|case| case.length() == whole).expect("one address makes it so long")
}

fn fitting_texts() -> Vec<(&'static str, String)> {
    vec![
        ("1-byte", "x".into()),
        ("23-bytes", "x".repeat(23)),
        ("24-bytes", "x".repeat(24)),
        ("63-bytes", "x".repeat(63)),
        ("64-bytes", "x".repeat(64)),
        ("63-bytes-multi-byte", LETTER.repeat(21)),
        ("64-bytes-multi-byte", LETTER.repeat(21) + "x"),
        ("64-bytes-of-four", "\u{1f489}".repeat(16)),
        ("nul", "\u{0}".into()),
    ]
}

fn texts_too_long() -> Vec<(&'static str, String)> {
    vec![
        ("empty", String::new()),
        ("65-bytes", "x".repeat(65)),
        ("65-bytes-multi-byte", LETTER.repeat(21) + "xx"),
        ("66-bytes-multi-byte", LETTER.repeat(22)),
        ("64-characters-multi-byte", LETTER.repeat(64)),
        ("256-bytes", "x".repeat(256)),
    ]
}

fn size(text: &str) -> String {
    format!("{} in {}", counted(text.len(), "byte"), counted(text.chars().count(), "character"))
}

fn nonce(length: usize) -> Vec<u8> {
    (0..=u8::MAX).take(length).collect()
}

fn with_nonce(length: usize) -> Case {
    let comment = format!("`eat_nonce` has {length} bytes.");
    case(&format!("nonce-{length}-bytes"), &comment, |facts| facts.nonce = Some(nonce(length)))
}

fn with_list(name: &str, index: u64, uri: &str) -> Case {
    let comment =
        format!("A status list whose index is {index} and whose address has {}.", counted(uri.len(), "byte"));
    case(name, &comment, |facts| facts.status_list = Some((index, uri.into())))
        .policy(|policy| policy.ignore_status_lists = true)
}
