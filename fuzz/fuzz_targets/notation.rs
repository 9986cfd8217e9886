//! Any bytes, as `kycvs inspect` prints them: the work and the output are bounded by the length of the input, and nothing
//! in the output steers a terminal.
#![no_main]

use kycvs_diagnostic::{MAX_GROWTH, notation};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let seen = notation(bytes);
    assert!(seen.headers <= bytes.len(), "{} headers of {} bytes", seen.headers, bytes.len());
    assert!(seen.text.len() <= MAX_GROWTH * (bytes.len() + 1), "{} bytes of output", seen.text.len());
    assert!(!seen.text.contains(|char: char| char.is_control() && char != '\n'));
    // A reader that cannot read on says so and shows what is left.
    assert_eq!(!seen.is_whole, seen.text.ends_with("' /") && seen.text.contains("/ cannot be read: h'"));
});
