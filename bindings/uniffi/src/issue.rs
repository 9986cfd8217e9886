//! Making answers.

use crate::{
    bytes::Bytes,
    callback::{AppSigner, Signer},
    error::Result,
    key::{SigningKey, VerifyingKey},
    pending::PendingAnswer,
    presentation::Presentation,
    subject::Subject,
    values::{Algorithm, Status, StatusListRef},
};
use kycvs::{Audience, IssuerName, Nonce, Purpose, Timestamp};
use std::{sync::Arc, time::Duration};

/// What is to be said, to whom, and for how long.
#[derive(uniffi::Object)]
pub struct Answer(kycvs::Answer);

#[uniffi::export]
impl Answer {
    /// `status`, for `purpose`, good for `validForSeconds` from the moment that it is issued.
    ///
    /// By default an answer is an open pass: for anyone, without a challenge, bound to nobody. Say whom it is for
    /// (`audience`) and what it answers (`nonce`, 8 to 64 bytes) wherever there is a verifying entity to name. Bind it to a
    /// person (`subject`) only where the verifying entity asked for it and the person was told. A `specimen` is for
    /// training, and refused by every verifier that does not ask for specimens.
    ///
    /// Fails with `invalid_claim` where a token cannot hold one of them.
    #[allow(clippy::too_many_arguments)]
    #[uniffi::constructor(default(
        audience = None, nonce = None, subject = None, status_list = None, specimen = false
    ))]
    pub fn new(
        status: Status,
        purpose: String,
        valid_for_seconds: u64,
        audience: Option<String>,
        nonce: Option<Bytes>,
        subject: Option<Arc<Subject>>,
        status_list: Option<StatusListRef>,
        specimen: bool,
    ) -> Result<Self> {
        let valid_for = Duration::from_secs(valid_for_seconds);
        let mut answer = kycvs::Answer::new(status.into(), Purpose::new(purpose)?, valid_for);
        if let Some(audience) = audience {
            answer = answer.with_audience(Audience::new(audience)?);
        }
        if let Some(nonce) = nonce {
            answer = answer.with_nonce(Nonce::new(&nonce)?);
        }
        if let Some(subject) = subject {
            answer = answer.with_subject(subject.0.clone());
        }
        if let Some(reference) = status_list {
            answer = answer.with_status_list(kycvs::StatusListRef::new(reference.index, reference.uri)?);
        }
        Ok(Self(if specimen { answer.as_specimen() } else { answer }))
    }
}

/// An issuer: a name, and a key that verifiers trust for it.
#[derive(uniffi::Object)]
pub struct Issuer(kycvs::Issuer<Arc<dyn kycvs::Signer + Send + Sync>>);

#[uniffi::export]
impl Issuer {
    /// An issuer with this name and key. Its tokens name `algorithm`, or `EdDSA` where none is given: what the
    /// verifiers' trust stores name for the key. Fails with `invalid_claim` where the name is not 1 to 64 bytes of UTF-8.
    #[uniffi::constructor(default(algorithm = None))]
    pub fn new(name: String, key: &SigningKey, algorithm: Option<Algorithm>) -> Result<Self> {
        Self::signing_with(name, Arc::new(key.0.clone()), algorithm)
    }

    /// An issuer whose key lives elsewhere: `signer` signs for `key`.
    #[uniffi::constructor(default(algorithm = None))]
    pub fn with_signer(
        name: String,
        key: &VerifyingKey,
        signer: Arc<dyn Signer>,
        algorithm: Option<Algorithm>,
    ) -> Result<Self> {
        Self::signing_with(name, Arc::new(AppSigner { key: key.0.clone(), signer }), algorithm)
    }

    /// An issuer whose key lives elsewhere, at a signer that has to be awaited: for `beginIssue`. Its `issue` fails with
    /// `signer_failed`.
    #[uniffi::constructor(default(algorithm = None))]
    pub fn signed_elsewhere(name: String, key: &VerifyingKey, algorithm: Option<Algorithm>) -> Result<Self> {
        Self::signing_with(name, Arc::new(Elsewhere(key.0.clone())), algorithm)
    }

    /// The issuer's name.
    pub fn name(&self) -> String {
        self.0.name().as_str().to_owned()
    }

    /// The key that verifiers have to trust.
    pub fn verifying_key(&self) -> Arc<VerifyingKey> {
        Arc::new(VerifyingKey(self.0.verifying_key().clone()))
    }

    /// Issues an answer, now. Fails with `invalid_claim` where it would not live for a second, or past the end of time,
    /// with `random_source_failed`, and with `signer_failed`.
    pub fn issue(&self, answer: &Answer) -> Result<Presentation> {
        Ok(Presentation(self.0.issue(&answer.0)?))
    }

    /// Issues an answer at the time `nowSeconds`, in seconds since 1970. Fails as `issue`.
    pub fn issue_at_seconds(&self, answer: &Answer, now_seconds: u64) -> Result<Presentation> {
        Ok(Presentation(self.0.issue_at(&answer.0, Timestamp::from_secs(now_seconds))?))
    }

    /// Begins to issue an answer, now, for a signer that has to be awaited: gives the bytes to sign, and then, with their
    /// signature, the presentation. Fails as `issue`, except with `signer_failed`.
    pub fn begin_issue(&self, answer: &Answer) -> Result<PendingAnswer> {
        Ok(self.0.begin_issue(&answer.0)?.into())
    }

    /// Begins to issue an answer at the time `nowSeconds`, in seconds since 1970. Fails as `beginIssue`.
    pub fn begin_issue_at_seconds(&self, answer: &Answer, now_seconds: u64) -> Result<PendingAnswer> {
        Ok(self.0.begin_issue_at(&answer.0, Timestamp::from_secs(now_seconds))?.into())
    }
}

/// A key whose signatures are made between the two steps of `beginIssue`.
struct Elsewhere(kycvs::VerifyingKey);

impl kycvs::Signer for Elsewhere {
    fn verifying_key(&self) -> kycvs::VerifyingKey {
        self.0.clone()
    }

    fn sign(&self, _message: &[u8]) -> std::result::Result<[u8; 64], kycvs::BoxError> {
        Err("this issuer has a public key only: call beginIssue".into())
    }
}

impl Issuer {
    fn signing_with(
        name: String,
        signer: Arc<dyn kycvs::Signer + Send + Sync>,
        algorithm: Option<Algorithm>,
    ) -> Result<Self> {
        let issuer = kycvs::Issuer::new(IssuerName::new(name)?, signer);
        Ok(Self(match algorithm {
            Some(algorithm) => issuer.with_algorithm(algorithm.into()),
            None => issuer,
        }))
    }
}
