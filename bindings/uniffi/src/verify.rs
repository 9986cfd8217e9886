//! Checking answers.

use crate::{
    bytes::Bytes,
    callback::{AppGuard, ReplayGuard},
    error::{KycvsError, Result},
    pending::PendingVerdict,
    preparation::Preparation,
    subject::Subject,
    trust::TrustStore,
    values::Verdict,
};
use kycvs::{Audience, Nonce, Purpose, Timestamp};
use std::{sync::Arc, time::Duration};
use zeroize::Zeroizing;

/// What a verifier takes, whatever the request: answers for its own name, open ones, or both, and within which bounds
/// of time.
#[derive(uniffi::Object)]
pub struct Policy(kycvs::Policy);

#[uniffi::export]
impl Policy {
    /// Takes answers that were given to `audience`, the verifying entity's own name, and, where `open` is set, answers
    /// that name nobody (open passes).
    ///
    /// `allowSpecimen` takes specimens too: for training. `ignoreStatusLists` does not look at status lists, so that an
    /// answer that was taken back is good here until it expires.
    ///
    /// Fails with `invalid_setting` where nobody would be welcome, and with `invalid_claim` where the name is not 1 to
    /// 64 bytes of UTF-8.
    #[uniffi::constructor(default(
        audience = None, open = false, allow_specimen = false, ignore_status_lists = false
    ))]
    pub fn new(
        audience: Option<String>,
        open: bool,
        allow_specimen: bool,
        ignore_status_lists: bool,
    ) -> Result<Self> {
        let audience = audience.map(Audience::new).transpose()?;
        let mut policy = kycvs::Policy::new(audience, open)?;
        if allow_specimen {
            policy = policy.allowing_specimens();
        }
        if ignore_status_lists {
            policy = policy.ignoring_status_lists();
        }
        Ok(Self(policy))
    }

    /// How far the issuer's clock and this one may be apart: 60 seconds unless set. Fails with `invalid_setting` where it
    /// is over 10 minutes.
    pub fn with_clock_skew_seconds(&self, clock_skew: u64) -> Result<Self> {
        Ok(Self(self.0.clone().with_clock_skew(Duration::from_secs(clock_skew))?))
    }

    /// The longest lifetime of an answer: 24 hours unless set.
    pub fn with_max_lifetime_seconds(&self, max_lifetime: u64) -> Self {
        Self(self.0.clone().with_max_lifetime(Duration::from_secs(max_lifetime)))
    }

    /// Refuses answers that may have been issued at or before this time (in seconds since 1970), as `expired`. Answers that are
    /// issued within the clock skew after it are refused as well. By default there is no such bound.
    ///
    /// Give the time of the start if the replay guard does not outlive the program, as the one in memory: it does not know
    /// which answers were used before.
    pub fn with_issued_after_seconds(&self, time: u64) -> Self {
        Self(self.0.clone().with_issued_after(Timestamp::from_secs(time)))
    }
}

/// What one request expects of its answer.
#[derive(uniffi::Object)]
pub struct Expectation(kycvs::Expectation);

#[uniffi::export]
impl Expectation {
    /// The answer must carry the challenge `nonce` (8 to 64 bytes). Null (nil) says in so many words that none was given,
    /// so that the answer may be one that was shown before.
    ///
    /// Where a `purpose` is given, the answer must have been given for it. Where a `subject` is given, the answer must be
    /// about that person, and come with its opening.
    ///
    /// Fails with `invalid_claim` where a token could hold no such nonce or purpose.
    #[uniffi::constructor(default(purpose = None, subject = None))]
    pub fn new(nonce: Option<Bytes>, purpose: Option<String>, subject: Option<Arc<Subject>>) -> Result<Self> {
        let mut expectation = match nonce {
            Some(nonce) => kycvs::Expectation::nonce(Nonce::new(&nonce)?),
            None => kycvs::Expectation::no_nonce(),
        };
        if let Some(purpose) = purpose {
            expectation = expectation.with_purpose(Purpose::new(purpose)?);
        }
        if let Some(subject) = subject {
            expectation = expectation.with_subject(subject.0.clone());
        }
        Ok(Self(expectation))
    }
}

/// What came of one of many.
#[derive(Debug, uniffi::Enum)]
pub enum Outcome {
    /// The answer is good.
    Good {
        /// What it says.
        verdict: Verdict,
    },
    /// It is not, or the verifier's set-up is at fault.
    Failed {
        /// Why.
        error: KycvsError,
    },
}

impl From<kycvs::Result<kycvs::Verdict>> for Outcome {
    fn from(result: kycvs::Result<kycvs::Verdict>) -> Self {
        match result {
            Ok(verdict) => Self::Good { verdict: verdict.into() },
            Err(error) => Self::Failed { error: error.into() },
        }
    }
}

/// Checks answers against a trust store and a policy. Make one, and share it between threads as it is.
#[derive(uniffi::Object)]
pub struct Verifier(kycvs::Verifier);

#[uniffi::export]
impl Verifier {
    /// A verifier that trusts these keys and keeps this policy. With a replay guard it takes each token once.
    #[uniffi::constructor(default(replay_guard = None))]
    pub fn new(trust: &TrustStore, policy: &Policy, replay_guard: Option<Arc<dyn ReplayGuard>>) -> Self {
        let verifier = kycvs::Verifier::new(trust.0.clone(), policy.0.clone());
        Self(match replay_guard {
            Some(guard) => verifier.with_replay_guard(AppGuard(guard)),
            None => verifier,
        })
    }

    /// The same verifier with another trust store: what to do when the store's file has changed. What was used stays used,
    /// and what was prepared of the keys that stay is kept.
    pub fn with_trust(&self, trust: &TrustStore) -> Self {
        Self(self.0.clone().with_trust(trust.0.clone()))
    }

    /// The same verifier, spending this much on being fast, where the default does not fit. It begins with nothing
    /// prepared.
    pub fn with_preparation(&self, preparation: &Preparation) -> Self {
        Self(self.0.clone().with_preparation(preparation.0.clone()))
    }

    /// Makes the tables of the trusted keys now, for as many keys as the preparation allows, and tells how many have some.
    /// Without this call each is made when it pays.
    pub fn prepare(&self) -> i32 {
        // Signed, because Java cannot call what gives an unsigned number.
        i32::try_from(self.0.prepare()).unwrap_or(i32::MAX)
    }

    /// Checks the bytes of a presentation, now. Fails with the first code that says why the answer is not good, or what
    /// is wrong with the verifier's set-up.
    pub fn verify(&self, presentation: Bytes, expectation: &Expectation) -> Result<Verdict> {
        Ok(self.0.verify(&presentation, &expectation.0)?.into())
    }

    /// Checks the bytes of a presentation at the time `nowSeconds`, in seconds since 1970. Fails as `verify`.
    pub fn verify_at_seconds(
        &self,
        presentation: Bytes,
        expectation: &Expectation,
        now_seconds: u64,
    ) -> Result<Verdict> {
        Ok(self.0.verify_at(&presentation, &expectation.0, Timestamp::from_secs(now_seconds))?.into())
    }

    /// Checks a presentation in either text form, `KV1:` or base64url, now. White space around it is dropped. Fails as
    /// `verify`, and with `bad_text`.
    pub fn verify_text(&self, text: String, expectation: &Expectation) -> Result<Verdict> {
        let text = Zeroizing::new(text);
        Ok(self.0.verify_text(&text, &expectation.0)?.into())
    }

    /// Checks a presentation in either text form at the time `nowSeconds`, in seconds since 1970. Fails as
    /// `verifyText`.
    pub fn verify_text_at_seconds(
        &self,
        text: String,
        expectation: &Expectation,
        now_seconds: u64,
    ) -> Result<Verdict> {
        let text = Zeroizing::new(text);
        Ok(self.0.verify_text_at(&text, &expectation.0, Timestamp::from_secs(now_seconds))?.into())
    }

    /// Begins to check the bytes of a presentation, now, for a replay guard that has to be awaited: gives what the guard is asked,
    /// and then, with its answer, the verdict. Fails as `verify`, except with `replayed` and `replay_guard_failed`.
    pub fn begin_verify(&self, presentation: Bytes, expectation: &Expectation) -> Result<PendingVerdict> {
        Ok(self.0.begin_verify(&*presentation, &expectation.0)?.into())
    }

    /// Begins to check the bytes of a presentation at the time `nowSeconds`, in seconds since 1970. Fails as `beginVerify`.
    pub fn begin_verify_at_seconds(
        &self,
        presentation: Bytes,
        expectation: &Expectation,
        now_seconds: u64,
    ) -> Result<PendingVerdict> {
        let now = Timestamp::from_secs(now_seconds);
        Ok(self.0.begin_verify_at(&*presentation, &expectation.0, now)?.into())
    }

    /// Begins to check a presentation in either text form, now. Fails as `beginVerify`, and with `bad_text`.
    pub fn begin_verify_text(&self, text: String, expectation: &Expectation) -> Result<PendingVerdict> {
        let text = Zeroizing::new(text);
        Ok(self.0.begin_verify(text.as_str(), &expectation.0)?.into())
    }

    /// Begins to check a presentation in either text form at the time `nowSeconds`, in seconds since 1970. Fails as
    /// `beginVerifyText`.
    pub fn begin_verify_text_at_seconds(
        &self,
        text: String,
        expectation: &Expectation,
        now_seconds: u64,
    ) -> Result<PendingVerdict> {
        let (text, now) = (Zeroizing::new(text), Timestamp::from_secs(now_seconds));
        Ok(self.0.begin_verify_at(text.as_str(), &expectation.0, now)?.into())
    }

    /// Checks many presentations in either text form, now: for each, in order, what `verifyText` gives. A damaged text is a
    /// failed outcome like any other.
    pub fn verify_many_texts(&self, texts: Vec<String>, expectation: &Expectation) -> Vec<Outcome> {
        self.outcomes_of_texts(texts, expectation, Timestamp::now())
    }

    /// Checks many presentations in either text form at the time `nowSeconds`, in seconds since 1970: for each, in order, what
    /// `verifyTextAtSeconds` gives.
    pub fn verify_many_texts_at_seconds(
        &self,
        texts: Vec<String>,
        expectation: &Expectation,
        now_seconds: u64,
    ) -> Vec<Outcome> {
        self.outcomes_of_texts(texts, expectation, Timestamp::from_secs(now_seconds))
    }

    /// Checks many presentations, now: for each, in order, what `verify` gives.
    pub fn verify_many(&self, presentations: Vec<Bytes>, expectation: &Expectation) -> Vec<Outcome> {
        self.outcomes(presentations, expectation, Timestamp::now())
    }

    /// Checks many presentations at the time `nowSeconds`, in seconds since 1970: for each, in order, what
    /// `verifyAtSeconds` gives.
    pub fn verify_many_at_seconds(
        &self,
        presentations: Vec<Bytes>,
        expectation: &Expectation,
        now_seconds: u64,
    ) -> Vec<Outcome> {
        self.outcomes(presentations, expectation, Timestamp::from_secs(now_seconds))
    }
}

impl Verifier {
    fn outcomes(&self, presentations: Vec<Bytes>, expectation: &Expectation, now: Timestamp) -> Vec<Outcome> {
        let presentations: Vec<&[u8]> = presentations.iter().map(|presentation| &**presentation).collect();
        let results = self.0.verify_many_at(&presentations, &expectation.0, now);
        results.into_iter().map(Into::into).collect()
    }

    fn outcomes_of_texts(
        &self,
        texts: Vec<String>,
        expectation: &Expectation,
        now: Timestamp,
    ) -> Vec<Outcome> {
        // An opening may be in them.
        let texts = Zeroizing::new(texts);
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let results = self.0.verify_many_at(&texts, &expectation.0, now);
        results.into_iter().map(Into::into).collect()
    }
}
