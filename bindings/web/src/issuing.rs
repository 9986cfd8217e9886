//! Making answers.

use crate::{
    failure::{Outcome, Thrown, failure},
    keys::VerifyingKey,
    presentation::Presentation,
    random::WebRandom,
    signing_key::SigningKey,
    subject::Subject,
    values::{algorithm, status},
};
use kycvs::{Audience, IssuerName, Nonce, Purpose, StatusListRef, Timestamp};
use std::time::Duration;
use wasm_bindgen::prelude::*;

/// What is to be said.
#[wasm_bindgen]
pub struct Answer(kycvs::Answer);

#[wasm_bindgen]
impl Answer {
    pub fn of(status: u8, purpose: &str, valid_for_seconds: u64) -> Outcome<Self> {
        let purpose = Purpose::new(purpose).map_err(failure)?;
        Ok(Self(kycvs::Answer::new(self::status(status)?, purpose, Duration::from_secs(valid_for_seconds))))
    }

    #[wasm_bindgen(js_name = withAudience)]
    pub fn with_audience(self, audience: &str) -> Outcome<Self> {
        Ok(Self(self.0.with_audience(Audience::new(audience).map_err(failure)?)))
    }

    #[wasm_bindgen(js_name = withNonce)]
    pub fn with_nonce(self, nonce: &[u8]) -> Outcome<Self> {
        Ok(Self(self.0.with_nonce(Nonce::new(nonce).map_err(failure)?)))
    }

    #[wasm_bindgen(js_name = withSubject)]
    pub fn with_subject(self, subject: &Subject) -> Self {
        Self(self.0.with_subject(subject.0.clone()))
    }

    #[wasm_bindgen(js_name = withStatusList)]
    pub fn with_status_list(self, index: u64, uri: &str) -> Outcome<Self> {
        Ok(Self(self.0.with_status_list(StatusListRef::new(index, uri).map_err(failure)?)))
    }

    pub fn specimen(self) -> Self {
        Self(self.0.as_specimen())
    }
}

/// An issuer.
#[wasm_bindgen]
pub struct Issuer(Signing);

/// Who signs: a key of this package, or the app.
enum Signing {
    Here(Box<kycvs::Issuer<kycvs::SigningKey>>),
    Elsewhere(Box<kycvs::Issuer<kycvs::VerifyingKey>>),
}

#[wasm_bindgen]
impl Issuer {
    #[wasm_bindgen(js_name = withKey)]
    pub fn with_key(name: &str, key: &SigningKey, algorithm: Option<String>) -> Outcome<Self> {
        let issuer = kycvs::Issuer::new(IssuerName::new(name).map_err(failure)?, key.0.clone());
        Ok(Self(Signing::Here(Box::new(set_up(issuer, algorithm)?))))
    }

    #[wasm_bindgen(js_name = signedElsewhere)]
    pub fn signed_elsewhere(name: &str, key: &VerifyingKey, algorithm: Option<String>) -> Outcome<Self> {
        let issuer = kycvs::Issuer::signed_elsewhere(IssuerName::new(name).map_err(failure)?, key.0.clone());
        Ok(Self(Signing::Elsewhere(Box::new(set_up(issuer, algorithm)?))))
    }

    pub fn name(&self) -> String {
        let name = match &self.0 {
            Signing::Here(issuer) => issuer.name(),
            Signing::Elsewhere(issuer) => issuer.name(),
        };
        name.as_str().to_owned()
    }

    #[wasm_bindgen(js_name = verifyingKey)]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(match &self.0 {
            Signing::Here(issuer) => issuer.verifying_key().clone(),
            Signing::Elsewhere(issuer) => issuer.verifying_key().clone(),
        })
    }

    /// Only if the key is here; otherwise `signer_failed`.
    pub fn issue(&self, answer: &Answer, now_seconds: u64) -> Outcome<Presentation> {
        let now = Timestamp::from_secs(now_seconds);
        let issued = match &self.0 {
            Signing::Here(issuer) => issuer.issue_at(&answer.0, now),
            Signing::Elsewhere(issuer) => issuer
                .begin_issue_at(&answer.0, now)
                .and_then(|pending| Err(pending.failed("the key is elsewhere".into()))),
        };
        Ok(Presentation(issued.map_err(failure)?))
    }

    #[wasm_bindgen(js_name = beginIssue)]
    pub fn begin_issue(&self, answer: &Answer, now_seconds: u64) -> Outcome<PendingAnswer> {
        let now = Timestamp::from_secs(now_seconds);
        let begun = match &self.0 {
            Signing::Here(issuer) => issuer.begin_issue_at(&answer.0, now),
            Signing::Elsewhere(issuer) => issuer.begin_issue_at(&answer.0, now),
        };
        Ok(PendingAnswer(begun.map_err(failure)?))
    }
}

/// With this algorithm, and the random source that there is here.
fn set_up<S>(issuer: kycvs::Issuer<S>, algorithm: Option<String>) -> Outcome<kycvs::Issuer<S>> {
    let issuer = match self::algorithm(algorithm.as_deref())? {
        Some(algorithm) => issuer.with_algorithm(algorithm),
        None => issuer,
    };
    Ok(issuer.with_random_source(WebRandom))
}

/// An answer that waits for its signature.
#[wasm_bindgen]
pub struct PendingAnswer(kycvs::PendingAnswer);

#[wasm_bindgen]
impl PendingAnswer {
    pub fn message(&self) -> Vec<u8> {
        self.0.message().to_vec()
    }

    pub fn finish(self, signature: &[u8]) -> Outcome<Presentation> {
        Ok(Presentation(self.0.finish(signature).map_err(failure)?))
    }

    /// The exception for what the app's signer threw.
    pub fn failed(self, thrown: JsValue) -> JsValue {
        failure(self.0.failed(Thrown::boxed(thrown)))
    }
}
