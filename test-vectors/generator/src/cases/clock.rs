//! Times: every comparison one under, at, and one over; and where sums would overflow.

use kycvs::ErrorCode::{Expired, LifetimeTooLong, NotYetValid};

use crate::case::Case;
use crate::model::{Flag, VerifyCase};
use crate::token::{EXPIRES_AT, ISSUED_AT, NOW};

/// The least time at which a clock counts as set.
const CLOCK_IS_SET: u64 = 1_704_067_200;

pub(super) fn valid() -> Vec<VerifyCase> {
    let mut cases = vec![
        case("at-iat", "Now is `iat`.").now(ISSUED_AT).accepted(),
        case("second-before-exp", "Now is a second before `exp`.").now(EXPIRES_AT - 1).accepted(),
        case("first-second-of-2024", "The clock says the first second that counts as set.")
            .facts(|facts| {
                facts.issued_at = CLOCK_IS_SET;
                facts.expires_at = CLOCK_IS_SET + 900;
            })
            .now(CLOCK_IS_SET)
            .accepted(),
        case("iat-0", "`iat` is 0.")
            .facts(|facts| facts.issued_at = 0)
            .policy(|policy| policy.max_lifetime = u64::MAX)
            .accepted(),
        case("exp-2^64-1", "`exp` is 2^64-1, and so is the longest lifetime.")
            .facts(|facts| facts.expires_at = u64::MAX)
            .policy(|policy| policy.max_lifetime = u64::MAX)
            .accepted(),
        case("iat-0-exp-2^64-1", "The longest lifetime that there is.")
            .facts(|facts| {
                facts.issued_at = 0;
                facts.expires_at = u64::MAX;
            })
            .policy(|policy| policy.max_lifetime = u64::MAX)
            .accepted(),
        case("now-2^64-1-saturates", "Now and the skew are more than 64 bits hold: the sum saturates.")
            .facts(|facts| {
                facts.issued_at = u64::MAX - 1;
                facts.expires_at = u64::MAX;
            })
            .now(u64::MAX)
            .accepted(),
        case("iat-2^64-2-within-skew", "`iat` is later than now, within the skew, at the end of 64 bits.")
            .facts(|facts| {
                facts.issued_at = u64::MAX - 1;
                facts.expires_at = u64::MAX;
            })
            .now(u64::MAX - 61)
            .accepted(),
        lifetime("at-the-longest", 3600, 3600).accepted(),
        lifetime("one-under-the-longest", 3599, 3600).accepted(),
        lifetime("of-one-second", 1, 1).now(ISSUED_AT).accepted(),
        case("lifetime-of-24-hours", "The lifetime is the longest of the default policy.")
            .facts(|facts| facts.expires_at = ISSUED_AT + 86_400)
            .accepted(),
        case(
            "skew-adds-nothing-to-the-lifetime",
            "The longest lifetime is held against `exp - iat`, whatever the skew.",
        )
        .facts(|facts| facts.expires_at = ISSUED_AT + 600)
        .policy(|policy| policy.max_lifetime = 600)
        .now(ISSUED_AT + 659)
        .accepted(),
    ];
    for issued_at in [23, 24, 0xff, 0x100, 0xffff, 0x1_0000, 0xffff_ffff, 0x1_0000_0000] {
        let comment = format!("`iat` is {issued_at}: integers of each length, on both sides of the bound.");
        let now = NOW.max(issued_at);
        cases.push(
            case(&format!("iat-{issued_at}"), &comment)
                .facts(|facts| {
                    facts.issued_at = issued_at;
                    facts.expires_at = now + 100;
                })
                .policy(|policy| policy.max_lifetime = u64::MAX)
                .now(now)
                .accepted(),
        );
    }
    for skew in [0, 1, 60, 600] {
        cases.push(skewed(skew, "at-iat-less-skew", ISSUED_AT - skew).accepted());
        cases.push(skewed(skew, "second-before-exp-and-skew", EXPIRES_AT + skew - 1).accepted());
    }
    cases
}

pub(super) fn invalid() -> Vec<VerifyCase> {
    let mut cases = vec![
        case("long-before-iat", "Now is a year before `iat`.")
            .now(ISSUED_AT - 31_536_000)
            .refused(NotYetValid),
        case("long-after-exp", "Now is a year after `exp`.").now(EXPIRES_AT + 31_536_000).refused(Expired),
        case("now-2^64-1", "Now is 2^64-1.").now(u64::MAX).refused(Expired),
        case("iat-2^64-2", "`iat` is 2^64-2.")
            .facts(|facts| {
                facts.issued_at = u64::MAX - 1;
                facts.expires_at = u64::MAX;
            })
            .refused(NotYetValid),
        case("iat-2^63", "`iat` is 2^63, which is negative in 64 bits with a sign.")
            .facts(|facts| {
                facts.issued_at = 1 << 63;
                facts.expires_at = (1 << 63) + 900;
            })
            .refused(NotYetValid),
        case(
            "exp-2^63-is-not-past",
            "`exp` is 2^63, which is negative in 64 bits with a sign: far in the future, and too long.",
        )
        .facts(|facts| facts.expires_at = 1 << 63)
        .refused(LifetimeTooLong),
        case("exp-less-than-skew", "`exp` is less than the skew.")
            .facts(|facts| {
                facts.issued_at = 0;
                facts.expires_at = 59;
            })
            .refused(Expired),
        case("iat-0-exp-1", "`iat` is 0 and `exp` is 1.")
            .facts(|facts| {
                facts.issued_at = 0;
                facts.expires_at = 1;
            })
            .refused(Expired),
        case("exp-of-32-bits", "`exp` is 2^32 more than `iat` and 900: in 32 bits it would be good.")
            .facts(|facts| facts.expires_at = EXPIRES_AT + (1 << 32))
            .refused(LifetimeTooLong),
        case("times-in-milliseconds", "Both times are in milliseconds.")
            .facts(|facts| {
                facts.issued_at = ISSUED_AT * 1000;
                facts.expires_at = EXPIRES_AT * 1000;
            })
            .refused(NotYetValid),
        lifetime("one-over-the-longest", 3601, 3600).refused(LifetimeTooLong),
        lifetime("of-one-second-where-none-is-allowed", 1, 0).now(ISSUED_AT).refused(LifetimeTooLong),
        case(
            "lifetime-of-24-hours-and-a-second",
            "The lifetime is a second over the longest of the default policy.",
        )
        .facts(|facts| facts.expires_at = ISSUED_AT + 86_401)
        .refused(LifetimeTooLong),
        case("lifetime-one-over-with-skew", "The skew adds nothing to the longest lifetime.")
            .facts(|facts| facts.expires_at = ISSUED_AT + 601)
            .policy(|policy| policy.max_lifetime = 600)
            .refused(LifetimeTooLong),
        case("lifetime-2^64-1", "The longest lifetime that there is, and one less allowed.")
            .facts(|facts| {
                facts.issued_at = 0;
                facts.expires_at = u64::MAX;
            })
            .policy(|policy| policy.max_lifetime = u64::MAX - 1)
            .refused(LifetimeTooLong),
        case(
            "now-2^64-1-saturates-to-expired",
            "At the end of time the skew does not help a token that ended before it.",
        )
        .facts(|facts| {
            facts.issued_at = u64::MAX - 200;
            facts.expires_at = u64::MAX - 60;
        })
        .now(u64::MAX)
        .refused(Expired),
    ];
    for skew in [0, 1, 60, 600] {
        cases.push(skewed(skew, "second-before-iat-less-skew", ISSUED_AT - skew - 1).refused(NotYetValid));
        cases.push(skewed(skew, "at-exp-and-skew", EXPIRES_AT + skew).refused(Expired));
        cases.push(skewed(skew, "second-after-exp-and-skew", EXPIRES_AT + skew + 1).refused(Expired));
    }
    cases
}

fn case(name: &str, comment: &str) -> Case {
    Case::new(format!("clock/{name}"), comment, &[Flag::Clock])
}

fn skewed(skew: u64, when: &str, now: u64) -> Case {
    let comment = format!("The skew is {skew} seconds, and now is {now}.");
    case(&format!("skew-{skew}-{when}"), &comment).policy(|policy| policy.clock_skew = skew).now(now)
}

fn lifetime(name: &str, seconds: u64, longest: u64) -> Case {
    let comment = format!("The token lives for {seconds} s, and {longest} s are allowed.");
    case(&format!("lifetime-{name}"), &comment)
        .facts(|facts| facts.expires_at = ISSUED_AT + seconds)
        .policy(|policy| policy.max_lifetime = longest)
        .now(NOW.min(ISSUED_AT + seconds - 1))
}
