//! What the `kycvs` binary does, seen from outside.

// Modes, devices and closed pipes are Unix's.
#![cfg(unix)]

mod bad_input;
mod batch;
mod demo;
mod forms;
mod json;
#[cfg(target_os = "linux")]
mod memory;
mod pictures;
#[cfg(feature = "serve")]
mod serve;
mod sessions;
mod support;
mod trust;
