//! The KYC-VS status token: one signed answer to one question, "is this person vaccinated?" - `0` not, `1` partially,
//! `2` fully - given with the person's consent to one verifying entity, for one purpose, for a short time.
//!
//! It is a CWT (RFC 8392) in a COSE_Sign1 (RFC 9052), signed with Ed25519 (RFC 8032), in the deterministic encoding of CBOR
//! (RFC 8949 section 4.2.1). The repository's `SPEC.md` is the format's text; this crate is the one place where its rules
//! stand in code.
//!
//! # Issue and verify
//!
//! ```
//! use core::time::Duration;
//! use kycvs::*;
//!
//! // An issuer signs an answer to the railway's challenge ...
//! let issuer = Issuer::new(IssuerName::new("in.gov.cowin")?, SigningKey::generate()?);
//! let challenge = Nonce::new(b"sixteen bytes...")?;
//! let presentation = issuer.issue(
//!     &Answer::new(Status::FullyVaccinated, Purpose::new("rail-booking")?, Duration::from_secs(15 * 60))
//!         .with_audience(Audience::new("irctc.co.in")?)
//!         .with_nonce(challenge.clone())
//!         .with_subject(Subject::new("A.P.J. Abdul Kalam")?),
//! )?;
//!
//! // ... and the railway, which trusts the issuer's key, checks it.
//! let trust = TrustStore::new().with(TrustedKey::new(issuer.name().clone(), issuer.verifying_key().clone()))?;
//! let verifier = Verifier::new(trust, Policy::audience(Audience::new("irctc.co.in")?));
//! let expectation = Expectation::nonce(challenge).with_subject(Subject::new("a p j abdul kalam")?);
//! let verdict = verifier.verify(presentation.as_bytes(), &expectation)?;
//! assert!(verdict.meets(Status::FullyVaccinated) && verdict.subject_matched());
//! # Ok::<(), kycvs::Error>(())
//! ```
//!
//! # Many tokens
//!
//! A [`Verifier`] that is used often is fast by itself: a trusted key that has been used 64 times gets tables
//! ([`Preparation`] bounds and tunes them), with which a token costs less than half of what the bare signature costs without.
//! [`Verifier::verify_many`] costs less still. The verdicts are the same, whichever way they are computed.
//!
//! # Layers
//!
//! The crate `kycvs-ed25519` verifies the signatures; this crate knows what is signed and whom to trust. Each module knows
//! only those before it: `error`, `time`, `random`, `hex` and `chunks`; `cbor` (the strict encoding); `cose`
//! (COSE_Sign1); `key`; `subject`; `claims`; `token`; `trust`; `issue`; `replay`; `verify`; `json`. There is no I/O, no network and
//! no `unsafe`.
//!
//! # Features
//!
//! - `std` (default): the system's clock ([`Timestamp::now`] and the calls without a time) and random source
//!   ([`SystemRandom`]), and [`MemoryReplayGuard`]. Without it the crate needs `alloc` alone, on a target that has atomic
//!   pointers; the time is then always given (`verify_at`, `issue_at`), and a [`RandomSource`] is handed to the issuer.
//!   WebAssembly without a system (`wasm32-unknown-unknown`) has no clock: leave `std` out there.
//! - `parallel`: [`Verifier::verify_many`] and [`Issuer::issue_many`] work on all cores, in the current `rayon` pool.
//! - `encrypted-keys`: secret keys in files that a passphrase encrypts. It brings AES, PBKDF2 and scrypt, which a verifier has
//!   no use for.
//! - `serde`: JSON forms of the public types. Names, purposes, algorithms, codes and families are strings, a status is its
//!   number, a time is its seconds since 1970, and bytes are lower case hexadecimal digits. [`Verdict`], [`TrustedKey`],
//!   [`Claims`] and [`Error`] (`code`, `number`, `family`, `message`) are objects and can be written only; the values in them
//!   can be read back, each through its constructor. Secrets (keys, openings, subjects, presentations) have no JSON form.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod cbor;
mod chunks;
mod claims;
mod cose;
mod error;
mod hex;
mod issue;
#[cfg(feature = "serde")]
mod json;
mod key;
mod random;
mod replay;
mod subject;
mod time;
mod token;
mod trust;
mod verify;

pub use claims::{Audience, Claims, IssuerName, Nonce, Purpose, Status, StatusListRef, TokenId};
pub use error::{BoxError, Error, ErrorCode, Family, Result, UnknownCode};
pub use issue::{Answer, Issuer, PendingAnswer};
pub use key::{Algorithm, ImportedKey, ImportedKeys, KeyId, Signer, SigningKey, VerifyingKey};
pub use random::RandomSource;
#[cfg(feature = "std")]
pub use random::SystemRandom;
#[cfg(feature = "std")]
pub use replay::MemoryReplayGuard;
pub use replay::ReplayGuard;
pub use subject::{Commitment, Opening, Subject, UNICODE_VERSION};
pub use time::Timestamp;
pub use token::{MAX_PRESENTATION_BYTES, MAX_TEXT_BYTES, MAX_TOKEN_BYTES, Presentation, Token};
pub use trust::{TrustStore, TrustedKey, Validity};
pub use verify::{Expectation, PendingVerdict, Policy, Preparation, Presented, Verdict, Verifier};
/// What secrets are handed out in: wiped when dropped.
pub use zeroize::Zeroizing;

/// Compiles and runs the README's examples.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../../README.md")]
struct Readme;
