//! What an app implements in its own language: a signer and a replay guard.
//!
//! An exception that is thrown in there has to come back to the app as the cause of the error that follows from it.
//! An exception cannot cross into Rust, so the foreign side keeps it and hands over a number for it ([`Cause`]); the
//! number travels through the core as the source of its error, and becomes the exception again on the way out.

use crate::{error::CallbackError, time::Timestamp};
use kycvs::{BoxError, TokenId};
use std::sync::Arc;

/// Makes signatures with a key that lives elsewhere: in a phone's key store, an HSM or a KMS.
///
/// What an implementation throws arrives as the cause of `signer_failed`.
#[uniffi::export(with_foreign)]
pub trait Signer: Send + Sync {
    /// The Ed25519 signature over `message`: 64 bytes, neither prehashed nor with a context (RFC 8032, section 5.1.6).
    fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, CallbackError>;
}

/// Remembers which tokens were used, so that each is good once: in a database that several verifiers share, say.
///
/// `memoryReplayGuard` makes one that keeps them in this process. What an implementation throws arrives as the cause
/// of `replay_guard_failed`, and the answer is not accepted.
#[uniffi::export(with_foreign)]
pub trait ReplayGuard: Send + Sync {
    /// Whether this issuer's token is used for the first time. If so, it is remembered before this returns, until
    /// `keepUntil` at least. Of two calls for one token at the same time one alone may get `true`.
    ///
    /// `tokenId` is 32 hexadecimal digits. A time past the last that the language's own type can hold is given as its last.
    fn first_use(
        &self,
        issuer: String,
        token_id: String,
        keep_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, CallbackError>;
}

/// A replay guard in the memory of this process, for at most `capacity` tokens at a time (130 to 240 bytes each): as many
/// as come in within the longest lifetime and the clock skew.
///
/// It forgets what has expired. When it is full of tokens that have not, an answer is refused with
/// `replay_guard_failed` rather than one forgotten.
#[uniffi::export]
#[must_use]
pub fn memory_replay_guard(capacity: u32) -> Arc<dyn ReplayGuard> {
    Arc::new(InMemory(kycvs::MemoryReplayGuard::new(capacity as usize)))
}

struct InMemory(kycvs::MemoryReplayGuard);

impl ReplayGuard for InMemory {
    fn first_use(
        &self,
        issuer: String,
        token_id: String,
        keep_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, CallbackError> {
        let unexpected = |error: BoxError| CallbackError::Unexpected { reason: error.to_string() };
        let token_id = token_id.parse::<TokenId>().map_err(|error| unexpected(error.into()))?;
        kycvs::ReplayGuard::first_use(&self.0, &issuer, &token_id, keep_until.into(), now.into())
            .map_err(unexpected)
    }
}

/// The app's guard, as the core asks it.
pub(crate) struct AppGuard(pub(crate) Arc<dyn ReplayGuard>);

impl kycvs::ReplayGuard for AppGuard {
    fn first_use(
        &self,
        issuer: &str,
        token_id: &TokenId,
        keep_until: kycvs::Timestamp,
        now: kycvs::Timestamp,
    ) -> Result<bool, BoxError> {
        let first =
            self.0.first_use(issuer.to_owned(), token_id.to_string(), keep_until.into(), now.into())?;
        Ok(first)
    }
}

/// The app's signer with the key that it signs for, as the core asks it.
#[derive(Clone)]
pub(crate) struct AppSigner {
    pub(crate) key: kycvs::VerifyingKey,
    pub(crate) signer: Arc<dyn Signer>,
}

impl kycvs::Signer for AppSigner {
    fn verifying_key(&self) -> kycvs::VerifyingKey {
        self.key.clone()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], BoxError> {
        let signature = self.signer.sign(message.to_vec())?;
        signature
            .try_into()
            .map_err(|_| "the signer gave something other than the 64 bytes of a signature".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Answer, Expectation, Issuer, KycvsError, Policy, SigningKey, Status, TrustStore, TrustedKey, Verifier,
    };

    struct Gives(Result<Vec<u8>, CallbackError>);

    impl Signer for Gives {
        fn sign(&self, _: Vec<u8>) -> Result<Vec<u8>, CallbackError> {
            self.0.clone()
        }
    }

    fn answer() -> Answer {
        Answer::new(Status::FullyVaccinated, "gate".into(), 900, None, None, None, None, false)
            .expect("it fits")
    }

    fn failure_of(signer: Gives) -> crate::Failure {
        let key = SigningKey::generate().expect("a random source").verifying_key();
        let issuer = Issuer::with_signer("me".into(), &key, Arc::new(signer), None).expect("a short name");
        match issuer.issue(&answer()).err() {
            Some(KycvsError::Issuing { failure }) => failure,
            other => panic!("{:?}", other.map(|error| error.to_string())),
        }
    }

    #[test]
    fn what_a_signer_does_wrong_is_told() {
        let reason = "no".to_owned();
        let unexpected = failure_of(Gives(Err(CallbackError::Unexpected { reason: reason.clone() })));
        assert_eq!((unexpected.code.as_str(), unexpected.reason), ("signer_failed", Some(reason)));
        for length in [0, 63, 65] {
            let short = failure_of(Gives(Ok(vec![0; length])));
            assert!(short.reason.is_some_and(|reason| reason.contains("64 bytes")), "{length}");
        }
    }

    #[test]
    fn a_guard_in_memory_takes_each_token_once_and_is_bounded() {
        let key = SigningKey::generate().expect("a random source");
        let issuer = Issuer::new("me".into(), &key, None).expect("a short name");
        let trusted = TrustedKey::new("me".into(), &key.verifying_key(), None, false).expect("a short name");
        let trust = TrustStore::new(vec![Arc::new(trusted)]).expect("one key");
        let policy = Policy::new(None, true, false, false).expect("open");
        let verifier = Verifier::new(&trust, &policy, Some(memory_replay_guard(1)));
        let expectation = Expectation::new(None, None, None).expect("nothing is expected");
        let verify = || {
            let presentation = issuer.issue(&answer()).expect("an answer").to_bytes();
            [0, 1].map(|_| verifier.verify(presentation.as_slice().into(), &expectation))
        };
        let [first, second] = verify();
        assert!(first.is_ok());
        assert_eq!(second.map_err(|error| error.failure().code.clone()).err().as_deref(), Some("replayed"));
        let [full, _] = verify();
        let full = full.expect_err("there is no room");
        assert_eq!(full.failure().code, "replay_guard_failed");
        assert!(full.failure().reason.as_ref().is_some_and(|reason| reason.contains("full")));
    }
}
