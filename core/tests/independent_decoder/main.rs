//! What the strict reader accepts, and the code with which it refuses, is what two other readers of the rules say: one that
//! was written for this test from SPEC.md alone ([`reader`], [`rules`]), and one with `ciborium` as its decoder.
//!
//! The inputs are made from sound presentations by changes of the structure, of the encoding and of the bytes in every layer
//! ([`mutate`]), and from CBOR that never was a token. They are the same in each run. Other people's examples of
//! deterministic CBOR go the same way.

#[path = "../common/mod.rs"]
mod common;
mod mutate;
mod reader;
mod rules;

use common::{
    Random, at, audience, bstr, envelope, example_claims, example_key, example_opening, example_token,
    issuer, purpose, say,
};
use kycvs::{
    Algorithm, Claims, ErrorCode, Issuer, Nonce, Presentation, Status, StatusListRef, Token, TokenId,
};
use rules::Rules;
use std::{collections::BTreeMap, path::PathBuf};

/// Over 100,000, so that the rarest of the outcomes comes hundreds of times.
const INPUTS: usize = 150_000;

/// Presentations with each claim there and not there, and of each algorithm.
fn presentations() -> Vec<Vec<u8>> {
    let short = Claims::new(
        issuer("i"),
        Status::NotVaccinated,
        purpose("p"),
        TokenId::from_bytes([0; 16]),
        at(0),
        at(u64::MAX),
    )
    .expect("long enough");
    let list = StatusListRef::new(1, "https://example.org/list").expect("an address");
    let claims = [
        example_claims(),
        example_claims().with_status_list(list.clone()).as_specimen(),
        short.clone(),
        short.clone().with_audience(audience("irctc.co.in")).as_specimen(),
        short.with_nonce(Nonce::new(&[7; 64]).expect("64 bytes")).with_status_list(list),
    ];
    let mut presentations = Vec::new();
    for (claims, algorithm) in claims.iter().flat_map(|c| [(c, Algorithm::EdDsa), (c, Algorithm::Ed25519)]) {
        let issuer = Issuer::new(claims.issuer().clone(), example_key()).with_algorithm(algorithm);
        let token = issuer.sign(claims).expect("its own claims");
        let token = Token::parse(&token).expect("what was signed");
        for opening in [None, Some(&example_opening())] {
            presentations.push(Presentation::new(token, opening).as_bytes().to_vec());
        }
    }
    presentations
}

/// The crate's answer.
fn code(bytes: &[u8]) -> Result<(), u16> {
    Presentation::from_bytes(bytes).map(drop).map_err(|error| error.number())
}

#[track_caller]
fn assert_all_agree(rules: &Rules, bytes: &[u8]) -> Result<(), u16> {
    let (own, second) = (code(bytes), rules.read(bytes));
    assert_eq!(own, second, "left: kycvs; right: the second reader; {}", hex::encode(bytes));
    let third = rules.accepts_by_ciborium(bytes);
    assert_eq!(own.is_ok(), third, "left: kycvs; right: ciborium; {}", hex::encode(bytes));
    own
}

#[test]
fn three_readers_agree() {
    let rules = Rules::new();
    let sound = presentations();
    for presentation in &sound {
        assert_eq!(assert_all_agree(&rules, presentation), Ok(()));
    }
    let trees: Vec<_> = sound.iter().map(|presentation| mutate::tree(presentation)).collect();
    let mut random = Random::new(0x6b79_6376_7331);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..INPUTS {
        let bytes = mutate::input(&mut random, &trees);
        let outcome = match assert_all_agree(&rules, &bytes) {
            Ok(()) if sound.contains(&bytes) => "accepted unchanged".to_owned(),
            Ok(()) => "accepted".to_owned(),
            Err(number) => ErrorCode::from_number(number).expect("a code").to_string(),
        };
        *counts.entry(outcome).or_default() += 1;
    }
    say(&format!("note: independent decoder: of {INPUTS} inputs, by outcome: {counts:?}"));
    for (outcome, at_least) in [
        ("accepted", 5_000),
        ("malformed", 10_000),
        ("not_canonical", 10_000),
        ("not_a_status_token", 10_000),
    ] {
        assert!(counts.get(outcome).is_some_and(|&count| count >= at_least), "{outcome}: {counts:?}");
    }
}

/// Every turned bit, every cut, and every value of every byte of two presentations: not by chance but all of them.
#[test]
fn the_readers_agree_on_every_small_change() {
    let rules = Rules::new();
    let sound = presentations();
    for presentation in [&sound[1], &sound[9]] {
        let token = Presentation::from_bytes(presentation).expect("sound").token().as_bytes().len();
        for at in 0..presentation.len() {
            // Without its opening it is a presentation still.
            let cut = assert_all_agree(&rules, &presentation[..at]);
            assert_eq!(cut.is_ok(), at == token, "the first {at} bytes");
            let mut changed = presentation.clone();
            for byte in 0..=u8::MAX {
                changed[at] = byte;
                assert_eq!(code(&changed), rules.read(&changed), "{}", hex::encode(&changed));
            }
        }
    }
}

/// The bound on size and the bytes behind the first item: at most 1,024 of token and 1,041 in all, in the order of 10.4.1.
#[test]
fn the_readers_agree_about_size() {
    let rules = Rules::new();
    let mut seen = BTreeMap::new();
    for first_len in [1, 242, 1_022, 1_023, 1_024, 1_025, 1_026, 1_041, 1_042] {
        for behind in [&[][..], &[0], &bstr(&[0; 16]), &[0xff], &[0, 0], &[0x18]] {
            let content = vec![0; first_len - if first_len > 258 { 3 } else { 1 }];
            let bytes = if first_len == 1 { vec![0x40] } else { bstr(&content) };
            let outcome = assert_all_agree(&rules, &[&bytes[..], behind].concat());
            *seen.entry(outcome).or_insert(0) += 1;
        }
    }
    for number in [1, 3, 5] {
        assert!(seen.contains_key(&Err(number)), "{seen:?}");
    }
}

/// Section 5 as the IETF's own examples of deterministic encoding have it, each as the payload of an envelope.
///
/// The rule: what the common deterministic encoding (CDE) takes is canonical here, and so of another shape; what it refuses
/// is malformed or not canonical. With two differences that SPEC.md names: only one NaN is canonical here, and tags are not
/// looked into, so that a big number that should have been an integer is canonical.
#[test]
fn examples_of_deterministic_encoding() {
    let folder = std::env::var_os("KYCVS_SHARED_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")),
        PathBuf::from,
    );
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let (Some(cde), Some(dcbor)) =
        (read("cbor-cde/example-table-input.csv"), read("dcbor/dcbor_vectors.json"))
    else {
        return say(
            "not run: other people's examples of deterministic CBOR are not there (KYCVS_SHARED_DATA)",
        );
    };

    let rules = Rules::new();
    let token = example_token();
    let token = Token::parse(&token).expect("the example");
    let as_payload = |cbor: &[u8]| {
        assert_all_agree(&rules, &envelope(token.protected_bytes(), cbor, token.signature()))
            .expect_err("no example is a set of claims")
    };
    let mut count = 0;
    for line in cde.lines() {
        // The hex is the one cell that is nothing but hex and has its place behind the value, which may hold commas.
        let cells: Vec<&str> = line.split(',').collect();
        let cbor = cells[2..].iter().find_map(|cell| hex::decode(cell).ok()).expect("a cell of hex");
        let (nan, big) = (cbor == [0xf9, 0x7e, 0x01], matches!(cbor[0], 0xc2 | 0xc3));
        let expected = match cells[0] {
            "bad" if !big => [3, 4].as_slice(),
            _ if nan => &[4],
            _ => &[5],
        };
        assert!(expected.contains(&as_payload(&cbor)), "{line}");
        count += 1;
    }
    let dcbor: serde_json::Value = serde_json::from_str(&dcbor).expect("JSON");
    for case in dcbor["valid"].as_array().expect("a list") {
        let cbor = hex::decode(case["hex"].as_str().expect("hex")).expect("hex");
        assert_eq!(as_payload(&cbor), 5, "{case}");
        count += 1;
    }
    // dCBOR refuses more than the deterministic encoding does: that the readers agree is all that is asked.
    for case in dcbor["must_reject"].as_array().expect("a list") {
        as_payload(&hex::decode(case["hex"].as_str().expect("hex")).expect("hex"));
        count += 1;
    }
    assert!(count > 100, "{count}");
}
