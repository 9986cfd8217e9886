//! Between the two steps of issuing and of verifying, while the app waits for its signer or its replay guard.

use crate::{
    bytes::Bytes,
    error::{KycvsError, Result},
    key::VerifyingKey,
    presentation::Presentation,
    values::Verdict,
};
use kycvs::ErrorCode;
use std::sync::{Arc, Mutex, PoisonError};

/// An answer that waits for its signature: from `beginIssue`, for a signer that has to be awaited.
///
/// Nothing is issued before `finish`. It becomes one presentation at most: if the signer fails, begin again.
#[derive(uniffi::Object)]
pub struct PendingAnswer {
    message: Vec<u8>,
    key: kycvs::VerifyingKey,
    pending: Mutex<Option<kycvs::PendingAnswer>>,
}

impl From<kycvs::PendingAnswer> for PendingAnswer {
    fn from(pending: kycvs::PendingAnswer) -> Self {
        let (message, key) = (pending.message().to_vec(), pending.verifying_key().clone());
        Self { message, key, pending: Mutex::new(Some(pending)) }
    }
}

#[uniffi::export]
impl PendingAnswer {
    /// The bytes to sign: with Ed25519, neither prehashed nor with a context (RFC 8032, section 5.1.6).
    pub fn message(&self) -> Vec<u8> {
        self.message.clone()
    }

    /// The key that has to sign.
    pub fn verifying_key(&self) -> Arc<VerifyingKey> {
        Arc::new(VerifyingKey(self.key.clone()))
    }

    /// The presentation with this signature (64 bytes), which is checked under the issuer's key.
    ///
    /// Fails with `signer_failed` if it is not the key's signature of the message, or if this was called before.
    pub fn finish(&self, signature: Bytes) -> Result<Presentation> {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner).take();
        let pending = pending.ok_or_else(|| finished_before(ErrorCode::SignerFailed))?;
        Ok(Presentation(pending.finish(&signature)?))
    }
}

/// A verdict that waits for the replay guard: from `beginVerify` or `beginVerifyText`, for a guard that has to be awaited.
///
/// It shows what a guard needs. The content of the answer comes only from `finish`.
#[derive(uniffi::Object)]
pub struct PendingVerdict {
    issuer: String,
    token_id: String,
    keep_until: u64,
    now: u64,
    pending: Mutex<Option<kycvs::PendingVerdict>>,
}

impl From<kycvs::PendingVerdict> for PendingVerdict {
    fn from(pending: kycvs::PendingVerdict) -> Self {
        Self {
            issuer: pending.issuer().to_owned(),
            token_id: pending.token_id().to_string(),
            keep_until: pending.keep_until().as_secs(),
            now: pending.now().as_secs(),
            pending: Mutex::new(Some(pending)),
        }
    }
}

#[uniffi::export]
impl PendingVerdict {
    /// The issuer whose token it is.
    pub fn issuer(&self) -> String {
        self.issuer.clone()
    }

    /// The token's id, 32 hexadecimal digits, which one issuer uses once.
    pub fn token_id(&self) -> String {
        self.token_id.clone()
    }

    /// Until when the guard has to remember the token at least, in seconds since 1970.
    pub fn keep_until_seconds(&self) -> u64 {
        self.keep_until
    }

    /// The time of the check, in seconds since 1970.
    pub fn now_seconds(&self) -> u64 {
        self.now
    }

    /// The verdict, if `firstUse` is true: what the `firstUse` of a `ReplayGuard` returns. If the verifier has a guard of its
    /// own, that is asked as well.
    ///
    /// Fails with `replayed` if it is false, or if this was called before. If your guard throws, do not call it.
    pub fn finish(&self, first_use: bool) -> Result<Verdict> {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner).take();
        let pending = pending.ok_or_else(|| finished_before(ErrorCode::Replayed))?;
        Ok(pending.finish(Ok(first_use))?.into())
    }
}

fn finished_before(code: ErrorCode) -> KycvsError {
    KycvsError::because(code, "this was finished before: begin again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Answer, Expectation, Issuer, Policy, SigningKey, Status, TrustStore, TrustedKey, Verifier};

    fn said<T>(result: Result<T>) -> (String, Option<String>) {
        let Err(error) = result else { panic!("it is accepted") };
        (error.failure().code.clone(), error.failure().reason.clone())
    }

    #[test]
    fn each_step_is_finished_once() {
        let key = SigningKey::generate().expect("a random source");
        let issuer = Issuer::signed_elsewhere("me".into(), &key.verifying_key(), None).expect("a short name");
        let answer = Answer::new(Status::FullyVaccinated, "gate".into(), 900, None, None, None, None, false)
            .expect("it fits");
        let pending = issuer.begin_issue(&answer).expect("a random source");
        assert_eq!(pending.verifying_key().0, key.verifying_key().0);
        let signature = kycvs::Signer::sign(&key.0, &pending.message()).expect("a key signs");
        let presentation = pending.finish(signature.as_slice().into()).expect("its signature").to_bytes();
        let again = Some("this was finished before: begin again".to_owned());
        assert_eq!(
            said(pending.finish(signature.as_slice().into())),
            ("signer_failed".into(), again.clone())
        );
        let (code, reason) = said(issuer.issue(&answer));
        assert_eq!(code, "signer_failed");
        assert!(reason.is_some_and(|reason| reason.contains("beginIssue")));

        let trusted = TrustedKey::new("me".into(), &key.verifying_key(), None, false).expect("a short name");
        let trust = TrustStore::new(vec![Arc::new(trusted)]).expect("one key");
        let policy = Policy::new(None, true, false, false).expect("open");
        let verifier = Verifier::new(&trust, &policy, None);
        let nobody = Expectation::new(None, None, None).expect("nothing is expected");
        let begin = || verifier.begin_verify(presentation.as_slice().into(), &nobody).expect("it is valid");
        let pending = begin();
        assert_eq!(pending.finish(true).map(|verdict| verdict.token_id).ok(), Some(pending.token_id()));
        assert_eq!(said(pending.finish(true)), ("replayed".into(), again));
        assert_eq!(said(begin().finish(false)), ("replayed".into(), None));
    }
}
