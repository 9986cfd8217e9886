//! What every token says: the example of SPEC.md section 13 without its subject, which no peer has a place for.

use std::time::{SystemTime, UNIX_EPOCH};

/// Who signs.
pub(crate) const ISSUER: &str = "in.gov.cowin";
/// Whom the answer is for.
pub(crate) const AUDIENCE: &str = "irctc.co.in";
/// What it is for.
pub(crate) const PURPOSE: &str = "rail-booking";
/// The status, in the words of the peers.
pub(crate) const STATUS: &str = "fully_vaccinated";
/// How long an answer is good, in seconds.
pub(crate) const LIFETIME: u64 = 900;
/// The challenge that the answer has to repeat.
pub(crate) const NONCE: [u8; 16] = [0xc0; 16];

/// Tokens that are verified in turn. So many that a processor cannot learn them, nor keep what one needs of a table.
pub(crate) const TOKENS: usize = 1_024;

/// The seed of key number `i`.
pub(crate) fn seed(i: u8) -> [u8; 32] {
    core::array::from_fn(|at| at.to_le_bytes()[0] ^ i)
}

/// Seconds since 1970, by the system's clock: the peers ask no other.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs()
}

/// The number of a token: another one each time, as kycvs has it.
pub(crate) fn token_id() -> [u8; 16] {
    let mut id = [0; 16];
    getrandom::fill(&mut id).expect("the system has random bytes");
    id
}
