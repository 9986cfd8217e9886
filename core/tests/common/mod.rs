//! What several of the tests need: the example of SPEC.md section 13, small CBOR written by hand, and random numbers that
//! are the same in each run.
#![allow(dead_code, reason = "each test is a crate of its own and uses a part")]

use kycvs::{
    Audience, Claims, Commitment, Expectation, Issuer, IssuerName, Nonce, Opening, Policy, Purpose,
    SigningKey, Status, Subject, Timestamp, TokenId, TrustStore, TrustedKey, Verifier,
};
use std::io::Write as _;

/// The signing key's seed: `00 01 02 ... 1f`.
pub(crate) fn example_seed() -> [u8; 32] {
    counting_from(0)
}

/// `start`, `start + 1` and so on.
pub(crate) fn counting_from<const N: usize>(start: u8) -> [u8; N] {
    let mut next = start;
    [(); N].map(|()| {
        let byte = next;
        next = next.wrapping_add(1);
        byte
    })
}

pub(crate) fn example_key() -> SigningKey {
    SigningKey::from_seed(&example_seed())
}

pub(crate) fn example_issuer() -> Issuer<SigningKey> {
    Issuer::new(issuer("in.gov.cowin"), example_key())
}

pub(crate) fn example_subject() -> Subject {
    Subject::new("A.P.J. Abdul Kalam")
        .and_then(|subject| subject.with_mobile("+919876543210"))
        .expect("a name and a number")
}

pub(crate) fn example_opening() -> Opening {
    Opening::from_bytes(counting_from(0xb0))
}

pub(crate) fn example_nonce() -> Nonce {
    Nonce::new(&counting_from::<16>(0xc0)).expect("16 bytes")
}

/// 2026-09-21T14:13:20Z.
pub(crate) const EXAMPLE_IAT: u64 = 1_790_000_000;
pub(crate) const EXAMPLE_EXP: u64 = EXAMPLE_IAT + 900;

pub(crate) fn example_claims() -> Claims {
    Claims::new(
        issuer("in.gov.cowin"),
        Status::FullyVaccinated,
        purpose("rail-booking"),
        TokenId::from_bytes(counting_from(0xa0)),
        at(EXAMPLE_IAT),
        at(EXAMPLE_EXP),
    )
    .expect("15 minutes")
    .with_audience(audience("irctc.co.in"))
    .with_nonce(example_nonce())
    .with_commitment(Commitment::new(&example_subject(), &example_opening()))
}

/// The token of SPEC.md section 13.4.
pub(crate) fn example_token() -> Vec<u8> {
    example_issuer().sign(&example_claims()).expect("the issuer's own claims")
}

pub(crate) fn example_trust() -> TrustStore {
    TrustStore::new()
        .with(TrustedKey::new(issuer("in.gov.cowin"), example_key().verifying_key().clone()))
        .expect("one key")
}

pub(crate) fn example_verifier() -> Verifier {
    Verifier::new(example_trust(), Policy::audience(audience("irctc.co.in")))
}

pub(crate) fn example_expectation() -> Expectation {
    Expectation::nonce(example_nonce())
}

/// 2026-09-21T14:18:20Z, when the example is good.
pub(crate) const EXAMPLE_NOW: Timestamp = Timestamp::from_secs(1_790_000_300);

pub(crate) fn issuer(name: &str) -> IssuerName {
    IssuerName::new(name).expect("an issuer's name")
}

pub(crate) fn audience(name: &str) -> Audience {
    Audience::new(name).expect("an audience")
}

pub(crate) fn purpose(text: &str) -> Purpose {
    Purpose::new(text).expect("a purpose")
}

pub(crate) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_secs(seconds)
}

/// The head of an item in its shortest form (RFC 8949 section 3), written without the crate's own writer.
pub(crate) fn head(major: u8, argument: u64) -> Vec<u8> {
    let bytes = argument.to_be_bytes();
    let (info, width) = match argument {
        0..24 => (bytes[7], 0),
        24..0x100 => (24, 1),
        0x100..0x1_0000 => (25, 2),
        0x1_0000..0x1_0000_0000 => (26, 4),
        _ => (27, 8),
    };
    let mut head = vec![major << 5 | info];
    head.extend_from_slice(&bytes[8 - width..]);
    head
}

/// A byte string in its shortest form.
pub(crate) fn bstr(content: &[u8]) -> Vec<u8> {
    [&head(2, content.len() as u64), content].concat()
}

/// `18([protected, {}, payload, signature])`.
pub(crate) fn envelope(protected: &[u8], payload: &[u8], signature: &[u8]) -> Vec<u8> {
    [&[0xd2, 0x84][..], &bstr(protected), &[0xa0], &bstr(payload), &bstr(signature)].concat()
}

/// What is signed (SPEC.md section 4.6).
pub(crate) fn sig_structure(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    [&b"\x84\x6aSignature1"[..], &bstr(protected), &[0x40], &bstr(payload)].concat()
}

/// A line that is seen although the test passes. `cargo xtask test` collects those that begin with `note: ` or `not run: `.
pub(crate) fn say(line: &str) {
    // Not `println!`, which the test harness keeps to itself; in one piece, so that nothing comes in between.
    drop(std::io::stderr().write_all(format!("\n{line}\n").as_bytes()));
}

/// `SplitMix64` (Steele, Lea, Flood 2014): small, and the same numbers in each run and on each machine.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number under `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("under a usize")
    }

    /// Yes in one of `n` cases.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.byte()).collect()
    }

    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        [(); N].map(|()| self.byte())
    }

    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}
