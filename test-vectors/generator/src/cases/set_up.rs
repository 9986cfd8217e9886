//! Faults of the verifier's own set-up: found before the token is looked at.

use kycvs::ErrorCode::{ClockNotSet, InvalidClaim, InvalidSetting, Malformed, NoTrustedKeys};

use crate::case::Case;
use crate::model::{Flag, VerifyCase};
use crate::token::NOW;

/// 2024-01-01T00:00:00Z.
const CLOCK_IS_SET: u64 = 1_704_067_200;

pub(super) fn cases() -> Vec<VerifyCase> {
    let mut cases = store_and_clock();
    cases.extend(values());
    cases
}

fn case(name: &str, comment: &str) -> Case {
    Case::new(format!("set-up/{name}"), comment, &[Flag::SetUp])
}

fn store_and_clock() -> Vec<VerifyCase> {
    let garbage = |presentation: &mut Vec<u8>| *presentation = b"garbage".to_vec();
    vec![
        case("no-trusted-keys", "The trust store is empty.").trust("empty").refused(NoTrustedKeys),
        case("no-trusted-keys-before-garbage", "The trust store is empty, and the bytes are garbage.")
            .trust("empty")
            .presentation(garbage)
            .refused(NoTrustedKeys),
        case("no-trusted-keys-before-nothing", "The trust store is empty, and there are no bytes.")
            .trust("empty")
            .presentation(Vec::clear)
            .refused(NoTrustedKeys),
        case("no-trusted-keys-before-too-large", "The trust store is empty, and there are too many bytes.")
            .trust("empty")
            .presentation(|presentation| presentation.resize(2000, 0))
            .refused(NoTrustedKeys),
        case("no-trusted-keys-before-clock", "The trust store is empty, and the clock is not set.")
            .trust("empty")
            .now(0)
            .refused(NoTrustedKeys),
        case("clock-0", "The clock says 1970.").now(0).refused(ClockNotSet),
        case("clock-1", "The clock says a second later than that.").now(1).refused(ClockNotSet),
        case("clock-2023", "The clock says the last second of 2023.")
            .now(CLOCK_IS_SET - 1)
            .refused(ClockNotSet),
        case("clock-2023-good-token", "The clock says the last second of 2023, and the token is good then.")
            .now(CLOCK_IS_SET - 1)
            .facts(|facts| {
                facts.issued_at = CLOCK_IS_SET - 100;
                facts.expires_at = CLOCK_IS_SET + 100;
            })
            .refused(ClockNotSet),
        case("clock-before-garbage", "The clock is not set, and the bytes are garbage.")
            .now(0)
            .presentation(garbage)
            .refused(ClockNotSet),
        case("clock-before-too-large", "The clock is not set, and there are too many bytes.")
            .now(0)
            .presentation(|presentation| presentation.resize(2000, 0))
            .refused(ClockNotSet),
        case("garbage", "Nothing is wrong with the set-up, and the bytes are garbage.")
            .now(NOW)
            .presentation(garbage)
            .refused(Malformed),
    ]
}

/// Values that a policy or an expectation cannot hold. The token is good.
fn values() -> Vec<VerifyCase> {
    let nonce = |name: &str, comment: &str, length: usize| {
        case(name, comment)
            .expectation(|expectation| expectation.nonce = Some("5a".repeat(length)))
            .refused(InvalidClaim)
    };
    let audience = |name: &str, comment: &str, text: String| {
        case(name, comment).policy(|policy| policy.audience = Some(text)).refused(InvalidClaim)
    };
    let purpose = |name: &str, comment: &str, text: String| {
        case(name, comment).expectation(|expectation| expectation.purpose = Some(text)).refused(InvalidClaim)
    };
    let person = |name: &str, comment: &str, who: &str, mobile: Option<&str>| {
        case(name, comment).bound_to("a p j abdul kalam", None).person(who, mobile).refused(InvalidClaim)
    };
    let skew = |name: &str, comment: &str, seconds: u64| {
        case(name, comment).policy(|policy| policy.clock_skew = seconds).refused(InvalidSetting)
    };
    vec![
        skew("clock-skew-601", "A clock skew of 601 seconds.", 601),
        skew("clock-skew-86400", "A clock skew of a day.", 86_400),
        skew("clock-skew-2^32", "A clock skew of 2^32 seconds.", 1 << 32),
        nonce("nonce-empty", "An expected nonce of no bytes is not `none was given`.", 0),
        nonce("nonce-7-bytes", "An expected nonce of 7 bytes.", 7),
        nonce("nonce-65-bytes", "An expected nonce of 65 bytes.", 65),
        audience("audience-empty", "An audience of no bytes.", String::new()),
        audience("audience-65-bytes", "An audience of 65 bytes.", "a".repeat(65)),
        audience(
            "audience-66-bytes-multi-byte",
            "An audience of 22 characters and 66 bytes.",
            "क".repeat(22),
        ),
        purpose("purpose-empty", "An expected purpose of no bytes.", String::new()),
        purpose("purpose-65-bytes", "An expected purpose of 65 bytes.", "p".repeat(65)),
        person("name-empty", "An expected name of no bytes.", "", None),
        person("name-without-letters", "An expected name without a letter.", " - ", None),
        person("name-129-bytes", "An expected name of 129 letters.", &"n".repeat(129), None),
        person("mobile-empty", "An expected number of no bytes.", "A.P.J. Abdul Kalam", Some("")),
        person("mobile-short", "An expected number of five digits.", "A.P.J. Abdul Kalam", Some("98765")),
    ]
}
