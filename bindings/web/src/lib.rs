//! The core as WebAssembly, below the package for JavaScript, and nothing more: it translates types, and every rule is the
//! core's.
//!
//! No app sees what is here: `js/` is the package's face. It looks at the arguments first, since what `wasm-bindgen` does
//! with one of a wrong type is to take it for another.

// What `wasm-bindgen` hands over is owned: an optional argument cannot be a reference.
#![allow(clippy::needless_pass_by_value)]
// These speak to callers in Rust, of which there are none.
#![allow(clippy::missing_errors_doc, clippy::must_use_candidate, clippy::return_self_not_must_use)]
// Nobody in Rust sees them, and the linker has to.
#![allow(unreachable_pub)]

mod callbacks;
mod failure;
mod issuing;
mod keys;
mod presentation;
mod qr;
mod random;
mod signing_key;
mod subject;
mod trust;
mod values;
mod verifying;

use std::alloc::System;
use zeroizing_alloc::ZeroAlloc;

/// Memory that is given back is wiped: names, passphrases and keys are copied into it on their way from JavaScript and
/// back, by code that does not know what they are.
#[global_allocator]
static WIPED: ZeroAlloc<System> = ZeroAlloc(System);
