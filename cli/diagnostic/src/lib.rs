//! What `kycvs inspect` prints: CBOR diagnostic notation (RFC 8949 section 8, with the `<< >>` of RFC 8610 appendix G), for
//! people who look into a token.
//!
//! The printer reads any bytes, as far as it can, and judges nothing: the core says what a token may hold. If an item is
//! not in its shortest form, the notation's encoding indicators (`_0` to `_3`, `_`) show it.
//!
//! This is a package of its own because its fuzz target (`fuzz/fuzz_targets/notation.rs`) needs nothing else of the command
//! line.

#![forbid(unsafe_code)]

mod escape;
mod notation;

pub use escape::{escaped, shown};
pub use notation::{MAX_GROWTH, Notation, notation};
