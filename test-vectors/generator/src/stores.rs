//! The trust stores that the cases name, and the keys in them.

use std::collections::BTreeMap;

use super::ed25519::Key;
use super::model::TrustEntry;
use super::token::{ISSUER, cowin};

/// From when on, and until when, the keys of the stores `window`, `from` and `until` are valid.
pub(super) const NOT_BEFORE: u64 = 1_789_999_000;
pub(super) const NOT_AFTER: u64 = 1_790_001_000;

/// A name of 64 bytes in 22 characters.
pub(super) const MULTI_BYTE_ISSUER: &str = "कोविनकोविनकोविनकोविनकx";

pub(super) fn cowin_second() -> Key {
    Key::named("cowin, second")
}

pub(super) fn cowin_ed25519() -> Key {
    Key::named("cowin, Ed25519")
}

pub(super) fn cowin_old() -> Key {
    Key::named("cowin, withdrawn")
}

pub(super) fn example() -> Key {
    Key::named("example")
}

/// The key of SPEC.md section 13.
pub(super) fn of_the_specification() -> Key {
    let mut seed = [0; 32];
    for (at, byte) in (0..).zip(&mut seed) {
        *byte = at;
    }
    Key::from_seed(seed)
}

pub(super) fn all() -> BTreeMap<&'static str, Vec<TrustEntry>> {
    let cowin = || entry(ISSUER, &cowin());
    let ed25519 = TrustEntry { algorithm: "Ed25519", ..entry(ISSUER, &cowin_ed25519()) };
    let second = entry(ISSUER, &cowin_second());
    let withdrawn = TrustEntry { withdrawn: true, ..entry(ISSUER, &cowin_old()) };
    let other = entry("health.example", &example());
    BTreeMap::from([
        ("cowin", vec![cowin()]),
        ("cowin-ed25519", vec![ed25519.clone()]),
        ("cowin-two-keys", vec![cowin(), second]),
        ("empty", vec![]),
        ("several", vec![cowin(), ed25519, withdrawn, other]),
        ("window", vec![within(cowin(), Some(NOT_BEFORE), Some(NOT_AFTER))]),
        ("from", vec![within(cowin(), Some(NOT_BEFORE), None)]),
        ("until", vec![within(cowin(), None, Some(NOT_AFTER))]),
        ("one-second", vec![within(cowin(), Some(NOT_BEFORE), Some(NOT_BEFORE + 1))]),
        ("never", vec![within(cowin(), None, Some(0))]),
        ("last-second", vec![within(cowin(), Some(u64::MAX - 1), Some(u64::MAX))]),
        ("withdrawn", vec![TrustEntry { withdrawn: true, ..cowin() }]),
        (
            "withdrawn-window",
            vec![TrustEntry { withdrawn: true, ..within(cowin(), Some(NOT_BEFORE), Some(NOT_AFTER)) }],
        ),
        ("issuer-1-byte", vec![entry("x", &super::token::cowin())]),
        ("issuer-64-bytes", vec![entry(MULTI_BYTE_ISSUER, &super::token::cowin())]),
        (
            "issuer-64-bytes-ed25519",
            vec![TrustEntry { algorithm: "Ed25519", ..entry(MULTI_BYTE_ISSUER, &cowin_ed25519()) }],
        ),
        ("issuer-other", vec![entry("health.example", &super::token::cowin())]),
        ("issuer-upper-case", vec![entry("IN.GOV.COWIN", &super::token::cowin())]),
        ("issuer-longer", vec![entry("in.gov.cowin.", &super::token::cowin())]),
        ("issuer-composed", vec![entry("sant\u{e9}.example", &super::token::cowin())]),
        (
            "other-withdrawn",
            vec![TrustEntry { withdrawn: true, ..entry("health.example", &super::token::cowin()) }],
        ),
        ("specification", vec![entry(ISSUER, &of_the_specification())]),
    ])
}

fn entry(issuer: &str, key: &Key) -> TrustEntry {
    TrustEntry {
        issuer: issuer.into(),
        public_key: hex::encode(key.public),
        algorithm: "EdDSA",
        not_before: None,
        not_after: None,
        withdrawn: false,
    }
}

fn within(entry: TrustEntry, not_before: Option<u64>, not_after: Option<u64>) -> TrustEntry {
    TrustEntry { not_before, not_after, ..entry }
}
