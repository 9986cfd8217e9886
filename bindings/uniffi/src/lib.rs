//! The surface of the library for Kotlin and Swift, and nothing more: it translates types, and every rule is the core's.
//!
//! `cargo xtask bindings` makes the Kotlin and Swift sources from it. The comments here are what a developer of those
//! languages reads, so that they speak of `null` and camel case.

// What uniffi hands over is owned: an argument cannot be a reference to a string or to bytes of the app's.
#![allow(clippy::needless_pass_by_value)]
// These speak to callers in Rust, of which there are none.
#![allow(clippy::missing_errors_doc, clippy::must_use_candidate, clippy::return_self_not_must_use)]

mod bytes;
mod callback;
mod error;
mod issue;
mod key;
mod pending;
mod preparation;
mod presentation;
mod subject;
mod time;
mod trust;
mod values;
mod verify;

pub use bytes::Bytes;
pub use callback::{ReplayGuard, Signer, memory_replay_guard};
pub use error::{CallbackError, Cause, Failure, KycvsError};
pub use issue::{Answer, Issuer};
pub use key::{ImportedKey, ImportedKeys, SigningKey, VerifyingKey};
pub use pending::{PendingAnswer, PendingVerdict};
pub use preparation::Preparation;
pub use presentation::Presentation;
pub use subject::Subject;
pub use time::Timestamp;
pub use trust::{TrustStore, TrustedKey};
pub use values::{Algorithm, Claims, Status, StatusListRef, Verdict, status_meets, status_number};
pub use verify::{Expectation, Outcome, Policy, Verifier};

uniffi::setup_scaffolding!("kycvs");
