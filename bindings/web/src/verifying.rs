//! Checking answers.

use crate::{
    callbacks::{AppGuard, ForeignGuard},
    failure::{Outcome, failure},
    presentation::Presentation,
    subject::Subject,
    trust::TrustStore,
    values,
};
use kycvs::{Audience, Nonce, Preparation, Purpose, Timestamp};
use std::time::Duration;
use wasm_bindgen::prelude::*;

/// What a verifier takes.
#[wasm_bindgen]
pub struct Policy(kycvs::Policy);

#[wasm_bindgen]
impl Policy {
    pub fn of(audience: Option<String>, open: bool) -> Outcome<Self> {
        let audience = audience.map(Audience::new).transpose().map_err(failure)?;
        Ok(Self(kycvs::Policy::new(audience, open).map_err(failure)?))
    }

    #[wasm_bindgen(js_name = withClockSkew)]
    pub fn with_clock_skew(self, seconds: u64) -> Outcome<Self> {
        Ok(Self(self.0.with_clock_skew(Duration::from_secs(seconds)).map_err(failure)?))
    }

    #[wasm_bindgen(js_name = withMaxLifetime)]
    pub fn with_max_lifetime(self, seconds: u64) -> Self {
        Self(self.0.with_max_lifetime(Duration::from_secs(seconds)))
    }

    #[wasm_bindgen(js_name = allowingSpecimens)]
    pub fn allowing_specimens(self) -> Self {
        Self(self.0.allowing_specimens())
    }

    #[wasm_bindgen(js_name = ignoringStatusLists)]
    pub fn ignoring_status_lists(self) -> Self {
        Self(self.0.ignoring_status_lists())
    }
}

/// What one request expects of its answer.
#[wasm_bindgen]
pub struct Expectation(kycvs::Expectation);

#[wasm_bindgen]
impl Expectation {
    pub fn nonce(nonce: &[u8]) -> Outcome<Self> {
        Ok(Self(kycvs::Expectation::nonce(Nonce::new(nonce).map_err(failure)?)))
    }

    #[wasm_bindgen(js_name = noNonce)]
    pub fn no_nonce() -> Self {
        Self(kycvs::Expectation::no_nonce())
    }

    #[wasm_bindgen(js_name = withPurpose)]
    pub fn with_purpose(self, purpose: &str) -> Outcome<Self> {
        Ok(Self(self.0.with_purpose(Purpose::new(purpose).map_err(failure)?)))
    }

    #[wasm_bindgen(js_name = withSubject)]
    pub fn with_subject(self, subject: &Subject) -> Self {
        Self(self.0.with_subject(subject.0.clone()))
    }
}

/// The core has none without a system, where memory may be scarce: a page that has checked 64 answers can spare the 9 MB.
const KEYS_WITH_TABLES: usize = 4;

/// Checks answers against a trust store and a policy.
#[wasm_bindgen]
pub struct Verifier(kycvs::Verifier);

#[wasm_bindgen]
impl Verifier {
    pub fn of(trust: &TrustStore, policy: Policy, guard: Option<ForeignGuard>) -> Self {
        let preparation = Preparation::default().with_max_keys(KEYS_WITH_TABLES);
        let verifier = kycvs::Verifier::new(trust.0.clone(), policy.0).with_preparation(preparation);
        Self(match guard {
            Some(guard) => verifier.with_replay_guard(AppGuard::new(guard)),
            None => verifier,
        })
    }

    #[wasm_bindgen(js_name = withTrust)]
    pub fn with_trust(&self, trust: &TrustStore) -> Self {
        Self(self.0.clone().with_trust(trust.0.clone()))
    }

    #[wasm_bindgen(js_name = verifyBytes)]
    pub fn verify_bytes(
        &self,
        bytes: &[u8],
        expectation: &Expectation,
        now_seconds: u64,
    ) -> Outcome<JsValue> {
        given(self.0.verify_at(bytes, &expectation.0, Timestamp::from_secs(now_seconds)))
    }

    #[wasm_bindgen(js_name = verifyText)]
    pub fn verify_text(&self, text: &str, expectation: &Expectation, now_seconds: u64) -> Outcome<JsValue> {
        given(self.0.verify_text_at(text, &expectation.0, Timestamp::from_secs(now_seconds)))
    }

    #[wasm_bindgen(js_name = verifyPresentation)]
    pub fn verify_presentation(
        &self,
        presentation: &Presentation,
        expectation: &Expectation,
        now_seconds: u64,
    ) -> Outcome<JsValue> {
        self.verify_bytes(presentation.0.as_bytes(), expectation, now_seconds)
    }
}

fn given(result: kycvs::Result<kycvs::Verdict>) -> Outcome<JsValue> {
    result.map(|verdict| values::verdict(&verdict)).map_err(failure)
}
