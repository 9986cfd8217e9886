//! Checking answers.

use crate::{
    callbacks::{AppGuard, ForeignGuard},
    failure::{Outcome, Thrown, failure},
    presentation::Presentation,
    subject::Subject,
    trust::TrustStore,
    values,
};
use kycvs::{Audience, Nonce, Preparation, Presented, Purpose, Timestamp};
use std::{sync::Arc, time::Duration};
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

    #[wasm_bindgen(js_name = withIssuedAfter)]
    pub fn with_issued_after(self, seconds: u64) -> Self {
        Self(self.0.with_issued_after(Timestamp::from_secs(seconds)))
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
pub struct Verifier {
    /// Without the guard, for the calls that wait for what it says. The two share trust store and tables.
    bare: kycvs::Verifier,
    whole: kycvs::Verifier,
    guard: Option<Arc<AppGuard>>,
}

#[wasm_bindgen]
impl Verifier {
    pub fn of(trust: &TrustStore, policy: Policy, guard: Option<ForeignGuard>) -> Self {
        let preparation = Preparation::default().with_max_keys(KEYS_WITH_TABLES);
        let bare = kycvs::Verifier::new(trust.0.clone(), policy.0).with_preparation(preparation);
        Self::guarded(bare, guard.map(|guard| Arc::new(AppGuard::new(guard))))
    }

    #[wasm_bindgen(js_name = withTrust)]
    pub fn with_trust(&self, trust: &TrustStore) -> Self {
        Self::guarded(self.bare.clone().with_trust(trust.0.clone()), self.guard.clone())
    }

    #[wasm_bindgen(js_name = verifyBytes)]
    pub fn verify_bytes(
        &self,
        bytes: &[u8],
        expectation: &Expectation,
        now_seconds: u64,
    ) -> Outcome<JsValue> {
        given(self.whole.verify_at(bytes, &expectation.0, Timestamp::from_secs(now_seconds)))
    }

    #[wasm_bindgen(js_name = verifyText)]
    pub fn verify_text(&self, text: &str, expectation: &Expectation, now_seconds: u64) -> Outcome<JsValue> {
        given(self.whole.verify_text_at(text, &expectation.0, Timestamp::from_secs(now_seconds)))
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

    #[wasm_bindgen(js_name = beginBytes)]
    pub fn begin_bytes(
        &self,
        bytes: &[u8],
        expectation: &Expectation,
        now_seconds: u64,
        with_guard: bool,
    ) -> Outcome<PendingVerdict> {
        self.begin(bytes, expectation, now_seconds, with_guard)
    }

    #[wasm_bindgen(js_name = beginText)]
    pub fn begin_text(
        &self,
        text: &str,
        expectation: &Expectation,
        now_seconds: u64,
        with_guard: bool,
    ) -> Outcome<PendingVerdict> {
        self.begin(text, expectation, now_seconds, with_guard)
    }

    #[wasm_bindgen(js_name = beginPresentation)]
    pub fn begin_presentation(
        &self,
        presentation: &Presentation,
        expectation: &Expectation,
        now_seconds: u64,
        with_guard: bool,
    ) -> Outcome<PendingVerdict> {
        self.begin(presentation.0.as_bytes(), expectation, now_seconds, with_guard)
    }
}

impl Verifier {
    fn guarded(bare: kycvs::Verifier, guard: Option<Arc<AppGuard>>) -> Self {
        let whole = match &guard {
            Some(guard) => bare.clone().with_replay_guard(Arc::clone(guard)),
            None => bare.clone(),
        };
        Self { bare, whole, guard }
    }

    /// `with_guard`: whether the verifier's own guard is asked at the end, too.
    fn begin<'a>(
        &self,
        presented: impl Into<Presented<'a>>,
        expectation: &Expectation,
        now_seconds: u64,
        with_guard: bool,
    ) -> Outcome<PendingVerdict> {
        let verifier = if with_guard { &self.whole } else { &self.bare };
        let begun = verifier.begin_verify_at(presented, &expectation.0, Timestamp::from_secs(now_seconds));
        Ok(PendingVerdict(begun.map_err(failure)?))
    }
}

/// A verdict that waits for the replay guard.
#[wasm_bindgen]
pub struct PendingVerdict(kycvs::PendingVerdict);

#[wasm_bindgen]
impl PendingVerdict {
    pub fn issuer(&self) -> String {
        self.0.issuer().to_owned()
    }

    #[wasm_bindgen(js_name = tokenId)]
    pub fn token_id(&self) -> String {
        self.0.token_id().to_string()
    }

    #[wasm_bindgen(js_name = keepUntilSeconds)]
    pub fn keep_until_seconds(&self) -> u64 {
        self.0.keep_until().as_secs()
    }

    #[wasm_bindgen(js_name = nowSeconds)]
    pub fn now_seconds(&self) -> u64 {
        self.0.now().as_secs()
    }

    pub fn finish(self, first_use: bool) -> Outcome<JsValue> {
        given(self.0.finish(Ok(first_use)))
    }

    /// The exception for what the app's guard threw.
    pub fn failed(self, thrown: JsValue) -> Outcome<JsValue> {
        given(self.0.finish(Err(Thrown::boxed(thrown))))
    }
}

fn given(result: kycvs::Result<kycvs::Verdict>) -> Outcome<JsValue> {
    result.map(|verdict| values::verdict(&verdict)).map_err(failure)
}
