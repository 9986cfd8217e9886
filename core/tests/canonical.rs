//! One set of claims, one byte string: whatever the claims, what is written reads back as the same claims, and whatever is
//! accepted, written again it is the same bytes.
//!
//! The claims are generated over everything that their types can hold (proptest). The accepted bytes are those of generated
//! tokens and of changed ones that still read; they are put together again by the test's own few lines of CBOR and
//! `Claims::encode`, so that a reader that took two encodings of one thing would be found out.

mod common;

use common::{
    EXAMPLE_NOW, at, bstr, counting_from, envelope, example_expectation, example_key, example_token,
    example_verifier, say,
};
use kycvs::{
    Algorithm, Audience, Claims, Commitment, ErrorCode, Issuer, IssuerName, Nonce, Opening, Presentation,
    Purpose, SigningKey, Status, StatusListRef, Token, TokenId,
};
use proptest::{
    collection::vec,
    option,
    prelude::*,
    test_runner::{Config, TestRunner},
};
use std::cell::Cell;

/// Any Unicode text of `1..=max` bytes, the bounds themselves more often than by chance.
fn text(max: usize) -> impl Strategy<Value = String> {
    let of_length = |len: usize| {
        vec(any::<char>(), len).prop_map(move |chars| {
            let mut text: String = chars.into_iter().collect();
            while text.len() > len {
                text.pop();
            }
            // What the last character left over.
            text.extend(std::iter::repeat_n('x', len - text.len()));
            text
        })
    };
    prop_oneof![Just(1), Just(max), 1..=max].prop_flat_map(of_length)
}

/// Any number, those where its encoding changes width more often than by chance.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        any::<u64>(),
        0..=300_u64,
        (0..=64_u32).prop_map(|bits| u64::MAX.checked_shr(bits).unwrap_or(0)),
        (0..64_u32).prop_map(|bit| 1 << bit),
    ]
}

fn claims() -> impl Strategy<Value = Claims> {
    let needed = (text(64), 0..=2_u64, text(64), any::<[u8; 16]>(), number(), number());
    let optional = (
        option::of(text(64)),
        option::of(vec(any::<u8>(), 8..=64)),
        option::of((number(), text(256))),
        option::of(any::<[u8; 32]>()),
        any::<bool>(),
    );
    (needed, optional).prop_filter_map("a time that is no later", |(needed, optional)| {
        let (issuer, status, purpose, id, one, other) = needed;
        let mut claims = Claims::new(
            IssuerName::new(issuer).expect("1 to 64 bytes"),
            Status::from_number(status).expect("0, 1 or 2"),
            Purpose::new(purpose).expect("1 to 64 bytes"),
            TokenId::from_bytes(id),
            at(one.min(other)),
            at(one.max(other)),
        )
        .ok()?;
        let (audience, nonce, list, commitment, specimen) = optional;
        if let Some(audience) = audience {
            claims = claims.with_audience(Audience::new(audience).expect("1 to 64 bytes"));
        }
        if let Some(nonce) = nonce {
            claims = claims.with_nonce(Nonce::new(&nonce).expect("8 to 64 bytes"));
        }
        if let Some((index, uri)) = list {
            claims = claims.with_status_list(StatusListRef::new(index, uri).expect("1 to 256 bytes"));
        }
        if let Some(commitment) = commitment {
            claims = claims.with_commitment(Commitment::from_bytes(commitment));
        }
        Some(if specimen { claims.as_specimen() } else { claims })
    })
}

fn algorithm() -> impl Strategy<Value = Algorithm> {
    prop_oneof![Just(Algorithm::EdDsa), Just(Algorithm::Ed25519)]
}

fn sign(claims: &Claims, algorithm: Algorithm, key: SigningKey) -> Vec<u8> {
    let issuer = Issuer::new(claims.issuer().clone(), key).with_algorithm(algorithm);
    issuer.sign(claims).expect("the issuer's own claims")
}

/// The token that says what `token` says, put together from what the public interface tells of it.
fn written_again(token: &Token<'_>) -> Vec<u8> {
    let protected = match token.algorithm() {
        // {1: alg, 4: kid, 16: typ}, in this order.
        Some(algorithm) => {
            let alg: u8 = if algorithm == Algorithm::EdDsa { 0x27 } else { 0x32 };
            let kid = bstr(token.key_id().as_bytes());
            [&[0xa3, 0x01, alg, 0x04][..], &kid, b"\x10\x75application/kycvs+cwt"].concat()
        }
        // Another number, which the interface does not tell.
        None => token.protected_bytes().to_vec(),
    };
    envelope(&protected, &token.unverified_claims().encode(), token.signature())
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

proptest! {
    #![proptest_config(Config { cases: 800, failure_persistence: None, ..Config::default() })]

    /// decode(encode(c)) == c, in every form that a token is handed over in.
    #[test]
    fn what_is_written_reads_back(claims in claims(), algorithm in algorithm(), opening in option::of(any::<[u8; 16]>())) {
        let bytes = sign(&claims, algorithm, example_key());
        let token = Token::parse(&bytes).expect("what was signed can be read");
        prop_assert_eq!(token.unverified_claims(), claims.clone());
        prop_assert_eq!(token.payload_bytes(), claims.encode());
        prop_assert_eq!(token.algorithm(), Some(algorithm));
        prop_assert_eq!(token.key_id(), example_key().verifying_key().key_id());

        let opening = opening.map(Opening::from_bytes);
        let presentation = Presentation::new(token, opening.as_ref());
        for again in [
            Presentation::from_bytes(presentation.as_bytes()),
            Presentation::from_text(&presentation.to_text()),
            Presentation::from_text(&presentation.to_base64url()),
        ] {
            let again = again.expect("what was made can be read");
            prop_assert_eq!(&again, &presentation);
            prop_assert_eq!(again.opening(), opening.clone());
            prop_assert_eq!(again.token().unverified_claims(), claims.clone());
        }
    }

    /// The same claims under the same key and algorithm are the same bytes, and anything else is other bytes.
    #[test]
    fn the_same_claims_are_the_same_bytes(claims in claims(), others in claims(), algorithm in algorithm()) {
        let once = sign(&claims, algorithm, example_key());
        let key = SigningKey::from_pem(&example_key().to_pem()).expect("its own file");
        prop_assert_eq!(&once, &sign(&claims.clone(), algorithm, key));

        let other = if algorithm == Algorithm::EdDsa { Algorithm::Ed25519 } else { Algorithm::EdDsa };
        prop_assert_ne!(&once, &sign(&claims, other, example_key()));
        prop_assert_ne!(&once, &sign(&claims, algorithm, SigningKey::from_seed(&counting_from(1))));
        if others != claims {
            prop_assert_ne!(&once, &sign(&others, algorithm, example_key()));
            prop_assert_ne!(claims.encode(), others.encode());
        }
    }
}

/// encode(decode(b)) == b for every accepted b: tokens as they were signed, and tokens with bytes changed, taken out or put
/// in that are accepted still.
#[test]
fn what_is_accepted_is_written_again_as_it_was() {
    let (accepted, changed_and_accepted) = (Cell::new(0_u32), Cell::new(0_u32));
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..10_u8);
    let strategy = (claims(), algorithm(), vec(change, 0..=2));
    runner(20_000)
        .run(&strategy, |(claims, algorithm, changes)| {
            let signed = sign(&claims, algorithm, example_key());
            let mut bytes = signed.clone();
            for (index, byte, kind) in changes {
                let at = index.index(bytes.len());
                match kind {
                    0 => drop(bytes.remove(at)),
                    1 => bytes.insert(at, byte),
                    2..5 => bytes[at] = byte,
                    _ => bytes[at] ^= 1 << (byte % 8),
                }
            }
            if let Ok(token) = Token::parse(&bytes) {
                accepted.set(accepted.get() + 1);
                changed_and_accepted.set(changed_and_accepted.get() + u32::from(bytes != signed));
                prop_assert_eq!(hex::encode(written_again(&token)), hex::encode(&bytes));
            }
            Ok(())
        })
        .expect("what is accepted is written again as it was");
    say(&format!(
        "note: canonical: {} tokens were accepted and written again, {} of them changed ones",
        accepted.get(),
        changed_and_accepted.get()
    ));
    assert!(changed_and_accepted.get() > 1_000, "the changes must leave some that are accepted");
    assert!(accepted.get() - changed_and_accepted.get() > 1_000);
}

/// Of one token no other is good: every single bit turned, every length cut, every byte put in front or behind.
#[test]
fn no_changed_token_is_good() {
    let token = example_token();
    let verifier = example_verifier();
    let code = |bytes: &[u8]| {
        verifier.verify_at(bytes, &example_expectation(), EXAMPLE_NOW).map(drop).map_err(|error| error.code())
    };
    assert_eq!(code(&token), Ok(()));

    let mut of_signature = 0;
    for bit in 0..token.len() * 8 {
        let mut changed = token.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let refused = code(&changed).expect_err("a turned bit");
        of_signature += u32::from(refused == ErrorCode::BadSignature);
        assert!((3..=8).contains(&refused.number()), "bit {bit}: {refused}");
    }
    // The signature alone is 512 bits, and most of the claims' values can be changed into others of the same length.
    assert!(of_signature > 900, "{of_signature}");

    for len in 0..token.len() {
        assert_eq!(code(&token[..len]), Err(ErrorCode::Malformed), "{len} bytes of it");
    }
    for byte in 0..=u8::MAX {
        code(&[&[byte], &token[..]].concat()).expect_err("a byte in front");
        code(&[&token[..], &[byte]].concat()).expect_err("a byte behind");
    }
}
