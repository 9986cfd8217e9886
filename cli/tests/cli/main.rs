//! What the `kycvs` binary does, seen from outside.

// Modes, devices and closed pipes are Unix's.
#![cfg(unix)]

mod access;
mod bad_input;
mod batch;
mod demo;
#[cfg(feature = "serve")]
mod field;
mod forms;
mod gate;
mod json;
#[cfg(target_os = "linux")]
mod memory;
mod pictures;
#[cfg(feature = "serve")]
mod records;
mod rows;
#[cfg(feature = "serve")]
mod serve;
mod sessions;
mod shell;
mod support;
mod tables;
mod trust;
