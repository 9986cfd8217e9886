//! Reading a token allocates nothing: not for a sound one, not for a broken one, not for an attack on the reader.
//!
//! The counting allocator is that of the crate `allocation-counter`; it counts what the measured thread allocates.

mod common;

use allocation_counter::measure;
use common::{Random, at, bstr, envelope, example_claims, example_token, head, issuer, purpose};
use kycvs::{Claims, ErrorCode, Issuer, Presentation, Status, StatusListRef, Token, TokenId};
use std::collections::BTreeMap;

/// The number of the code, or 0.
fn read(bytes: &[u8]) -> u16 {
    match Token::parse(bytes) {
        Ok(token) => {
            // What it says of itself without making claims of it.
            let parts = [token.as_bytes(), token.protected_bytes(), token.payload_bytes(), token.signature()];
            assert!(parts.iter().all(|part| !part.is_empty()));
            assert!(token.protected_bytes().windows(8).any(|part| part == token.key_id().as_bytes()));
            let _ = token.algorithm();
            0
        }
        Err(error) => error.number(),
    }
}

/// Reads `bytes`, and finds that nothing was allocated, not even for a moment.
#[track_caller]
fn read_without_allocating(bytes: &[u8]) -> u16 {
    let mut number = u16::MAX;
    let info = measure(|| number = read(bytes));
    assert_eq!((info.count_total, info.bytes_total), (0, 0), "{} -> {number}", hex::encode(bytes));
    number
}

#[test]
fn the_counter_counts() {
    let token = example_token();
    // A presentation is owned, and claims are.
    assert!(measure(|| drop(Presentation::from_bytes(&token))).count_total > 0);
    let parsed = Token::parse(&token).expect("the example");
    assert!(measure(|| drop(parsed.unverified_claims())).count_total > 0);
}

#[test]
fn sound_tokens() {
    let full = |len| "x".repeat(len);
    let small = Claims::new(
        issuer("i"),
        Status::NotVaccinated,
        purpose("p"),
        TokenId::from_bytes([0; 16]),
        at(0),
        at(u64::MAX),
    );
    let small = small.expect("long enough");
    let list = StatusListRef::new(u64::MAX, full(256)).expect("256 bytes");
    for claims in [
        example_claims(),
        small.clone(),
        small.with_status_list(list.clone()),
        example_claims().as_specimen(),
    ] {
        let issuer = Issuer::new(claims.issuer().clone(), common::example_key());
        let token = issuer.sign(&claims).expect("its own claims");
        assert_eq!(read_without_allocating(&token), 0);
    }
}

#[test]
fn broken_tokens() {
    let token = example_token();
    let mut outcomes: BTreeMap<u16, u32> = BTreeMap::new();
    let mut try_one = |bytes: &[u8]| *outcomes.entry(read_without_allocating(bytes)).or_default() += 1;
    for len in 0..token.len() {
        try_one(&token[..len]);
    }
    for bit in 0..token.len() * 8 {
        let mut changed = token.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        try_one(&changed);
    }
    let mut random = Random::new(3);
    for _ in 0..20_000 {
        let mut changed = token.clone();
        for _ in 0..=random.below(4) {
            let at = random.below(changed.len());
            match random.below(3) {
                0 => drop(changed.remove(at)),
                1 => changed.insert(at, random.byte()),
                _ => changed[at] = random.byte(),
            }
        }
        try_one(&changed);
        let len = random.below(80);
        try_one(&random.bytes(len));
    }
    for number in [0, 3, 4, 5] {
        assert!(outcomes.get(&number).is_some_and(|&count| count > 100), "{outcomes:?}");
    }
}

/// Lengths and counts that the input does not have, nesting without end, and megabytes.
#[test]
fn attacks_on_the_reader() {
    let token = example_token();
    let parsed = Token::parse(&token).expect("the example");
    for major in 2..=5 {
        for count in [1 << 10, u64::from(u32::MAX), 1 << 40, u64::MAX] {
            let lying = head(major, count);
            assert_eq!(read_without_allocating(&lying), ErrorCode::Malformed.number());
            let in_the_payload = envelope(parsed.protected_bytes(), &lying, parsed.signature());
            assert_eq!(read_without_allocating(&in_the_payload), ErrorCode::Malformed.number());
            let in_the_header = envelope(&lying, parsed.payload_bytes(), parsed.signature());
            assert_eq!(read_without_allocating(&in_the_header), ErrorCode::Malformed.number());
        }
    }
    for opener in [0x81, 0x9f, 0xa1, 0xbf, 0xd2, 0x5f, 0x7f] {
        assert_eq!(read_without_allocating(&[opener; 1024]), ErrorCode::Malformed.number());
    }
    assert_eq!(read_without_allocating(&bstr(&[0; 1021])), ErrorCode::NotAStatusToken.number());
    assert_eq!(read_without_allocating(&vec![0xd2; 100 << 20]), ErrorCode::TooLarge.number());
}
