//! Audience, nonce, purpose, specimens, status lists, replay.

use kycvs::ErrorCode::{Replayed, Specimen, StatusListUnavailable, WrongAudience, WrongNonce, WrongPurpose};

use crate::case::Case;
use crate::model::{Flag, VerifyCase};
use crate::token::{AUDIENCE, ISSUER, NONCE, PURPOSE, derived};

pub(super) fn valid() -> Vec<VerifyCase> {
    let list =
        |case: Case| case.facts(|facts| facts.status_list = Some((7, "https://lists.example/1".into())));
    vec![
        audience("own", "The audience is this verifier.", Some(AUDIENCE), Some(AUDIENCE), false).accepted(),
        audience(
            "own-and-open-welcome",
            "The audience is this verifier, which takes open tokens too.",
            Some(AUDIENCE),
            Some(AUDIENCE),
            true,
        )
        .accepted(),
        audience(
            "none-where-open-is-welcome",
            "An open token, and the verifier has no name.",
            None,
            None,
            true,
        )
        .accepted(),
        audience(
            "none-where-both-are-welcome",
            "An open token, and the verifier has a name too.",
            None,
            Some(AUDIENCE),
            true,
        )
        .accepted(),
        nonce("expected", "The nonce is the expected one.", Some(&NONCE), Some(&NONCE)).accepted(),
        nonce("neither", "No nonce was given, and there is none.", None, None).accepted(),
        nonce(
            "not-asked-for",
            "No nonce was given, and the token has one: it is reported.",
            Some(&NONCE),
            None,
        )
        .accepted(),
        nonce("64-bytes", "A nonce of 64 bytes is the expected one.", Some(&[7; 64]), Some(&[7; 64]))
            .accepted(),
        purpose("expected", "The purpose is the expected one.", PURPOSE, Some(PURPOSE)).accepted(),
        purpose("any", "No purpose is expected.", "anything", None).accepted(),
        purpose("multi-byte", "A purpose in Devanagari.", "रेल आरक्षण", Some("रेल आरक्षण")).accepted(),
        specimen("allowed", "A specimen, where specimens are allowed.")
            .policy(|policy| policy.allow_specimen = true)
            .accepted(),
        case(
            "specimen/real-where-specimens-are-allowed",
            "A real answer, where specimens are allowed too.",
            Flag::Specimen,
        )
        .policy(|policy| policy.allow_specimen = true)
        .accepted(),
        list(case(
            "status-list/not-looked-at",
            "A status list, where lists are not looked at.",
            Flag::StatusList,
        ))
        .policy(|policy| policy.ignore_status_lists = true)
        .accepted(),
        case("status-list/none", "No status list, where lists are not looked at.", Flag::StatusList)
            .policy(|policy| policy.ignore_status_lists = true)
            .accepted(),
        replay("guard-has-seen-nothing", "The guard has seen nothing.")
            .policy(|policy| policy.seen = Some(vec![]))
            .accepted(),
        replay("another-id-of-the-issuer", "The guard has seen another token of the issuer.")
            .seen(ISSUER, Some(derived("another token id", "replay")))
            .accepted(),
        replay("same-id-of-another-issuer", "The guard has seen this token id, but of another issuer.")
            .seen("health.example", None)
            .accepted(),
        replay(
            "same-id-of-a-longer-issuer",
            "The guard has seen this token id of an issuer whose name goes on.",
        )
        .seen("in.gov.cowin2", None)
        .accepted(),
        replay("no-guard", "There is no guard.").accepted(),
    ]
}

pub(super) fn invalid() -> Vec<VerifyCase> {
    let other = "example.org";
    let mut off = NONCE;
    off[15] ^= 1;
    let mut off_in_front = NONCE;
    off_in_front[0] ^= 0x80;
    let longer = [&NONCE[..], &[0]].concat();
    let list =
        |case: Case| case.facts(|facts| facts.status_list = Some((7, "https://lists.example/1".into())));
    let mut cases: Vec<VerifyCase> = [
        ("other", "The audience is another verifier.", Some(other), Some(AUDIENCE), false),
        (
            "other-and-open-welcome",
            "The audience is another verifier; that open tokens are welcome does not help.",
            Some(other),
            Some(AUDIENCE),
            true,
        ),
        (
            "given-where-open-alone-is-welcome",
            "The token has an audience, and the verifier no name.",
            Some(AUDIENCE),
            None,
            true,
        ),
        ("none", "An open token, where open tokens are not welcome.", None, Some(AUDIENCE), false),
        ("upper-case", "The audience is in capitals.", Some("IRCTC.CO.IN"), Some(AUDIENCE), false),
        ("longer", "The audience goes on.", Some("irctc.co.in.example"), Some(AUDIENCE), false),
        (
            "shorter",
            "The audience is the beginning of the verifier's name.",
            Some("irctc.co"),
            Some(AUDIENCE),
            false,
        ),
        ("with-space", "There is a space behind the audience.", Some("irctc.co.in "), Some(AUDIENCE), false),
        ("with-nul", "There is a NUL behind the audience.", Some("irctc.co.in\u{0}"), Some(AUDIENCE), false),
        (
            "subdomain",
            "The audience is a part of the verifier.",
            Some("www.irctc.co.in"),
            Some(AUDIENCE),
            false,
        ),
        (
            "decomposed",
            "The same name, with the accent as a combining mark.",
            Some("cafe\u{301}"),
            Some("caf\u{e9}"),
            false,
        ),
    ]
    .into_iter()
    .map(|(name, comment, token, own, open)| audience(name, comment, token, own, open).refused(WrongAudience))
    .collect();
    let nonces: [Challenge<'_>; 8] = [
        ("absent", "A nonce is expected, and there is none.", None, &NONCE),
        ("other", "The nonce is another.", Some(b"another challeng"), &NONCE),
        ("last-bit-off", "The last bit of the nonce is another.", Some(&off), &NONCE),
        ("first-bit-off", "The first bit of the nonce is another.", Some(&off_in_front), &NONCE),
        ("beginning", "The nonce is the first 8 bytes of the expected one.", Some(&NONCE[..8]), &NONCE),
        ("longer", "The nonce is the expected one and a zero.", Some(&longer), &NONCE),
        ("expected-is-longer", "The expected nonce is the token's and a zero.", Some(&NONCE), &longer),
        ("zeroes", "The nonce is zeroes of the same length.", Some(&[0; 16]), &NONCE),
    ];
    cases.extend(nonces.into_iter().map(|(name, comment, token, expected)| {
        nonce(name, comment, token, Some(expected)).refused(WrongNonce)
    }));
    cases.extend([
        purpose("other", "The purpose is another.", "hotel-booking", Some(PURPOSE)).refused(WrongPurpose),
        purpose("upper-case", "The purpose is in capitals.", "RAIL-BOOKING", Some(PURPOSE))
            .refused(WrongPurpose),
        purpose("longer", "The purpose goes on.", "rail-booking-and-more", Some(PURPOSE))
            .refused(WrongPurpose),
        purpose("shorter", "The purpose is the beginning of the expected one.", "rail", Some(PURPOSE))
            .refused(WrongPurpose),
        purpose("with-space", "There is a space in front of the purpose.", " rail-booking", Some(PURPOSE))
            .refused(WrongPurpose),
        purpose(
            "decomposed",
            "The same purpose, with the accent as a combining mark.",
            "cafe\u{301}",
            Some("caf\u{e9}"),
        )
        .refused(WrongPurpose),
        specimen("not-allowed", "A specimen, where specimens are not allowed.").refused(Specimen),
        specimen("open", "An open specimen.")
            .facts(|facts| {
                facts.audience = None;
                facts.nonce = None;
            })
            .policy(|policy| policy.open = true)
            .expectation(|expectation| expectation.nonce = None)
            .refused(Specimen),
        list(case("status-list/looked-at", "A status list, and no list at hand.", Flag::StatusList))
            .refused(StatusListUnavailable),
        list(case("status-list/before-specimen", "A specimen with a status list.", Flag::StatusList))
            .facts(|facts| facts.specimen = true)
            .refused(StatusListUnavailable),
        list(case(
            "status-list/specimen-behind-it",
            "A specimen with a status list, which is not looked at.",
            Flag::StatusList,
        ))
        .facts(|facts| facts.specimen = true)
        .policy(|policy| policy.ignore_status_lists = true)
        .refused(Specimen),
        replay("seen", "The guard has seen the token.").seen(ISSUER, None).refused(Replayed),
        replay("seen-among-others", "The guard has seen the token, among others.")
            .seen("health.example", None)
            .seen(ISSUER, Some(derived("another token id", "replay")))
            .seen(ISSUER, None)
            .refused(Replayed),
        replay("open-pass", "The guard has seen the token, an open pass.")
            .seen(ISSUER, None)
            .facts(|facts| {
                facts.audience = None;
                facts.nonce = None;
            })
            .policy(|policy| policy.open = true)
            .expectation(|expectation| expectation.nonce = None)
            .refused(Replayed),
        replay(
            "seen-with-opening",
            "The guard has seen the token; that it comes with its opening now does not matter.",
        )
        .bound_to("a p j abdul kalam", None)
        .seen(ISSUER, None)
        .refused(Replayed),
    ]);
    cases
}

/// Name, comment, the token's nonce, the expected one.
type Challenge<'a> = (&'a str, &'a str, Option<&'a [u8]>, &'a [u8]);

fn case(id: &str, comment: &str, flag: Flag) -> Case {
    Case::new(id, comment, &[flag])
}

fn audience(name: &str, comment: &str, token: Option<&str>, own: Option<&str>, open: bool) -> Case {
    case(&format!("audience/{name}"), comment, Flag::Audience)
        .facts(|facts| facts.audience = token.map(Into::into))
        .policy(|policy| {
            policy.audience = own.map(Into::into);
            policy.open = open;
        })
}

fn nonce(name: &str, comment: &str, token: Option<&[u8]>, expected: Option<&[u8]>) -> Case {
    case(&format!("nonce/{name}"), comment, Flag::Nonce)
        .facts(|facts| facts.nonce = token.map(Into::into))
        .expectation(|expectation| expectation.nonce = expected.map(hex::encode))
}

fn purpose(name: &str, comment: &str, token: &str, expected: Option<&str>) -> Case {
    case(&format!("purpose/{name}"), comment, Flag::Purpose)
        .facts(|facts| facts.purpose = token.into())
        .expectation(|expectation| expectation.purpose = expected.map(Into::into))
}

fn specimen(name: &str, comment: &str) -> Case {
    case(&format!("specimen/{name}"), comment, Flag::Specimen).facts(|facts| facts.specimen = true)
}

fn replay(name: &str, comment: &str) -> Case {
    case(&format!("replay/{name}"), comment, Flag::Replay)
}
