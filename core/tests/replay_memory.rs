//! The replay guard in memory takes as many bytes for each token as its documentation states.
//!
//! The counting allocator is that of the crate `allocation-counter`; it counts what the measured thread allocates.

#![cfg(feature = "std")]

use allocation_counter::measure;
use kycvs::{MemoryReplayGuard, ReplayGuard, Timestamp, TokenId};

/// An issuer's name of 12 bytes.
const ISSUER: &str = "in.gov.cowin";

/// What `count` tokens take in the end, and what they took at the most, by token.
fn bytes_each(count: u64, keep_until: impl Fn(u64) -> u64) -> [u64; 2] {
    let guard = MemoryReplayGuard::new(usize::MAX);
    let info = measure(|| {
        for number in 0..count {
            let mut id = [0; 16];
            // Spread: tokens with one end do not come in the order of their ids.
            id[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
            let until = Timestamp::from_secs(keep_until(number));
            let first = guard.first_use(ISSUER, &TokenId::from_bytes(id), until, Timestamp::from_secs(1));
            assert!(first.expect("it is not full"));
        }
    });
    [info.bytes_current.unsigned_abs(), info.bytes_max].map(|bytes| bytes / count)
}

#[test]
fn a_token_takes_130_to_200_bytes_and_at_most_240_while_a_table_grows() {
    // Just below and just above the sizes at which the tables double.
    for count in [1_000, 10_000, 28_000, 29_000, 57_000, 58_000, 100_000] {
        for (name, bytes) in [
            ("in order", bytes_each(count, |number| 10_000 + number)),
            ("at one time", bytes_each(count, |_| 10_000)),
            ("mixed", bytes_each(count, |number| 10_000 + number.wrapping_mul(0x9e37_79b9) % 900)),
        ] {
            let [kept, most] = bytes;
            println!("{count} {name}: {kept} {most}");
            assert!((130..=200).contains(&kept), "{count} tokens, {name}: {kept} bytes each");
            assert!(most <= 240, "{count} tokens, {name}: {most} bytes each at the most");
        }
    }
}
