//! Making answers.

use crate::{
    callbacks::{AnySigner, AppSigner, ForeignSigner},
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
pub struct Issuer(kycvs::Issuer<AnySigner>);

#[wasm_bindgen]
impl Issuer {
    #[wasm_bindgen(js_name = withKey)]
    pub fn with_key(name: &str, key: &SigningKey, algorithm: Option<String>) -> Outcome<Self> {
        Self::of(name, AnySigner::Key(Box::new(key.0.clone())), algorithm)
    }

    #[wasm_bindgen(js_name = withSigner)]
    pub fn with_signer(
        name: &str,
        key: &VerifyingKey,
        signer: ForeignSigner,
        algorithm: Option<String>,
    ) -> Outcome<Self> {
        Self::of(name, AnySigner::App(Box::new(AppSigner { key: key.0.clone(), signer })), algorithm)
    }

    pub fn name(&self) -> String {
        self.0.name().as_str().to_owned()
    }

    #[wasm_bindgen(js_name = verifyingKey)]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key().clone())
    }

    pub fn issue(&self, answer: &Answer, now_seconds: u64) -> Outcome<Presentation> {
        let issued = self.0.issue_at(&answer.0, Timestamp::from_secs(now_seconds));
        Ok(Presentation(issued.map_err(failure)?))
    }

    #[wasm_bindgen(js_name = beginIssue)]
    pub fn begin_issue(&self, answer: &Answer, now_seconds: u64) -> Outcome<PendingAnswer> {
        let begun = self.0.begin_issue_at(&answer.0, Timestamp::from_secs(now_seconds));
        Ok(PendingAnswer(begun.map_err(failure)?))
    }
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

impl Issuer {
    fn of(name: &str, signer: AnySigner, algorithm: Option<String>) -> Outcome<Self> {
        let issuer = kycvs::Issuer::new(IssuerName::new(name).map_err(failure)?, signer);
        let issuer = match self::algorithm(algorithm.as_deref())? {
            Some(algorithm) => issuer.with_algorithm(algorithm),
            None => issuer,
        };
        Ok(Self(issuer.with_random_source(WebRandom)))
    }
}
