//! Whose key it is, and when it may have signed.

use kycvs::ErrorCode::{IssuerMismatch, KeyNotValid};

use crate::case::Case;
use crate::model::{Flag, VerifyCase};
use crate::stores::{NOT_AFTER, NOT_BEFORE, cowin_old, cowin_second, example};

pub(super) fn valid() -> Vec<VerifyCase> {
    vec![
        issued("window", "at-not-before", NOT_BEFORE).accepted(),
        issued("window", "before-not-after", NOT_AFTER - 1).accepted(),
        issued("window", "in-the-middle", NOT_BEFORE + 1000).accepted(),
        issued("from", "at-not-before", NOT_BEFORE).accepted(),
        issued("from", "long-after-not-before", NOT_AFTER + 1_000_000).accepted(),
        issued("until", "before-not-after", NOT_AFTER - 1).accepted(),
        issued("until", "at-0", 0).accepted(),
        issued("one-second", "in-that-second", NOT_BEFORE).accepted(),
        issued("last-second", "at-2^64-2", u64::MAX - 1).flag(Flag::LargeInteger).accepted(),
        case(
            "key-validity/not-held-against-now",
            "The key's validity is over now, but was not when the token was issued.",
        )
        .trust("window")
        .facts(|facts| {
            facts.issued_at = NOT_AFTER - 10;
            facts.expires_at = NOT_AFTER + 2000;
        })
        .now(NOT_AFTER + 1500)
        .accepted(),
        case("key-validity/expires-after-not-after", "The token is good for longer than the key.")
            .trust("window")
            .facts(|facts| {
                facts.issued_at = NOT_AFTER - 1;
                facts.expires_at = NOT_AFTER + 600;
            })
            .now(NOT_AFTER)
            .accepted(),
        case("trust/good-key-beside-a-withdrawn-one", "Another key of the store is withdrawn.")
            .trust("several")
            .accepted(),
        case(
            "trust/other-issuer-of-several",
            "The key of another issuer of the store signed for that issuer.",
        )
        .trust("several")
        .key(example())
        .facts(|facts| facts.issuer = "health.example".into())
        .accepted(),
    ]
}

pub(super) fn invalid() -> Vec<VerifyCase> {
    let mismatch = |store: &'static str, name: &str, comment: &str, issuer: &str| {
        case(&format!("trust/{name}"), comment)
            .trust(store)
            .facts(|facts| facts.issuer = issuer.into())
            .refused(IssuerMismatch)
    };
    vec![
        mismatch("issuer-other", "issuer-other", "The key speaks for another issuer.", "in.gov.cowin"),
        mismatch(
            "cowin",
            "issuer-other-in-token",
            "The token names an issuer that the key does not speak for.",
            "health.example",
        ),
        mismatch(
            "issuer-upper-case",
            "issuer-upper-case",
            "The store has the issuer in capitals.",
            "in.gov.cowin",
        ),
        mismatch(
            "issuer-longer",
            "issuer-longer-in-store",
            "The store has the issuer with a dot behind it.",
            "in.gov.cowin",
        ),
        mismatch(
            "cowin",
            "issuer-longer-in-token",
            "The token has the issuer with a dot behind it.",
            "in.gov.cowin.",
        ),
        mismatch("cowin", "issuer-beginning", "The token has the beginning of the issuer's name.", "in.gov"),
        mismatch(
            "cowin",
            "issuer-with-space",
            "The token has a space behind the issuer's name.",
            "in.gov.cowin ",
        ),
        mismatch(
            "cowin",
            "issuer-with-nul",
            "The token has a NUL behind the issuer's name.",
            "in.gov.cowin\u{0}",
        ),
        mismatch(
            "cowin",
            "issuer-look-alike",
            "The token has a Cyrillic `о` in the issuer's name.",
            "in.g\u{43e}v.cowin",
        ),
        mismatch(
            "issuer-composed",
            "issuer-decomposed",
            "The same name, with the accent as a combining mark.",
            "sante\u{301}.example",
        ),
        mismatch(
            "several",
            "issuer-of-another-key",
            "The store has this issuer, but for another key.",
            "health.example",
        ),
        case(
            "trust/key-of-another-issuer-for-this-one",
            "A key of another issuer of the store signed as this one.",
        )
        .trust("several")
        .key(example())
        .refused(IssuerMismatch),
        case("key-validity/withdrawn", "The key is withdrawn.").trust("withdrawn").refused(KeyNotValid),
        case("key-validity/withdrawn-within-its-window", "The key is withdrawn, and within its validity.")
            .trust("withdrawn-window")
            .refused(KeyNotValid),
        case(
            "key-validity/withdrawn-one-of-several",
            "The key is withdrawn; others of the same issuer are not.",
        )
        .trust("several")
        .key(cowin_old())
        .refused(KeyNotValid),
        case(
            "key-validity/withdrawn-long-before",
            "The token was issued long before; a withdrawn key speaks for none.",
        )
        .trust("withdrawn")
        .facts(|facts| facts.issued_at = 1_789_920_000)
        .refused(KeyNotValid),
        issued("window", "before-not-before", NOT_BEFORE - 1).refused(KeyNotValid),
        issued("window", "at-not-after", NOT_AFTER).refused(KeyNotValid),
        issued("window", "after-not-after", NOT_AFTER + 1).refused(KeyNotValid),
        issued("window", "at-0", 0).refused(KeyNotValid),
        issued("from", "before-not-before", NOT_BEFORE - 1).refused(KeyNotValid),
        issued("until", "at-not-after", NOT_AFTER).refused(KeyNotValid),
        issued("until", "at-2^64-2", u64::MAX - 1).refused(KeyNotValid),
        issued("one-second", "a-second-before", NOT_BEFORE - 1).refused(KeyNotValid),
        issued("one-second", "a-second-after", NOT_BEFORE + 1).refused(KeyNotValid),
        issued("never", "at-0", 0).refused(KeyNotValid),
        issued("never", "at-1", 1).refused(KeyNotValid),
        issued("last-second", "at-2^64-3", u64::MAX - 2).flag(Flag::LargeInteger).refused(KeyNotValid),
        case(
            "key-validity/window-over-for-all-of-the-token",
            "The key's validity began when the token had ended.",
        )
        .trust("from")
        .facts(|facts| {
            facts.issued_at = NOT_BEFORE - 100;
            facts.expires_at = NOT_BEFORE;
        })
        .now(NOT_BEFORE - 50)
        .refused(KeyNotValid),
        case(
            "key-validity/second-key-of-the-issuer",
            "The entry of the key that signed counts, and it has no bound; the issuer's name is another.",
        )
        .trust("cowin-two-keys")
        .key(cowin_second())
        .facts(|facts| facts.issuer = "in.gov.cowin.second".into())
        .refused(IssuerMismatch),
    ]
}

fn case(id: &str, comment: &str) -> Case {
    Case::new(id, comment, &[if id.starts_with("trust") { Flag::Trust } else { Flag::KeyValidity }])
}

/// A token of a store with a bounded key, good in everything else at any time.
fn issued(store: &'static str, when: &str, at: u64) -> Case {
    let comment = format!("The key of the store `{store}`, and a token that was issued at {at}.");
    case(&format!("key-validity/{store}-{when}"), &comment)
        .trust(store)
        .facts(|facts| {
            facts.issued_at = at;
            facts.expires_at = at.saturating_add(2_000_000_000);
        })
        .policy(|policy| policy.max_lifetime = 2_000_000_000)
        .now(at.max(1_790_000_000))
}
