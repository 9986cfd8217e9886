//! A verification between its two steps: only the replay guard has not answered yet.

use super::{Expectation, Presented, Verdict, Verifier, keep_until, used_once};
#[cfg(feature = "std")]
use crate::error::{Error, ErrorCode};
use crate::{
    claims::TokenId,
    error::{BoxError, Result},
    time::Timestamp,
};
use core::fmt;

impl Verifier {
    /// Begins to check a presentation, now: for a replay guard that does not answer at once.
    ///
    /// # Errors
    /// As [`begin_verify_at`](Self::begin_verify_at).
    #[cfg(feature = "std")]
    pub fn begin_verify<'a>(
        &self,
        presentation: impl Into<Presented<'a>>,
        expectation: &Expectation,
    ) -> Result<PendingVerdict> {
        self.begin_verify_at(presentation, expectation, Timestamp::now())
    }

    /// Begins to check a presentation at the time `now`: everything except whether it was used before, and then, with the
    /// guard's answer, the verdict.
    ///
    /// ```
    /// # use kycvs::*;
    /// # let issuer = Issuer::new(IssuerName::new("in.gov.cowin")?, SigningKey::from_seed(&[7; 32]));
    /// # let answer = Answer::new(Status::FullyVaccinated, Purpose::new("gate")?, core::time::Duration::from_secs(900));
    /// # let trust = TrustStore::new().with(TrustedKey::new(issuer.name().clone(), issuer.verifying_key().clone()))?;
    /// # let verifier = Verifier::new(trust, Policy::open());
    /// # let text = issuer.issue(&answer)?.to_text();
    /// # let insert_if_new = |_: &str, _: &TokenId, _: Timestamp| Ok(true);
    /// let pending = verifier.begin_verify(text.as_str(), &Expectation::no_nonce())?;
    /// let first_use = insert_if_new(pending.issuer(), pending.token_id(), pending.keep_until());
    /// let verdict = pending.finish(first_use)?;
    /// # let _ = verdict;
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`verify_at`](Self::verify_at) and [`verify_text_at`](Self::verify_text_at), except `replayed` and
    /// `replay_guard_failed`.
    pub fn begin_verify_at<'a>(
        &self,
        presentation: impl Into<Presented<'a>>,
        expectation: &Expectation,
        now: Timestamp,
    ) -> Result<PendingVerdict> {
        self.check_set_up(now)?;
        let verdict = self.check_but_replay(&presentation.into().bytes()?, expectation, now)?;
        Ok(PendingVerdict {
            verdict,
            verifier: self.clone(),
            now,
            #[cfg(feature = "std")]
            begun: std::time::Instant::now(),
        })
    }
}

/// A verdict that waits for the replay guard: from [`Verifier::begin_verify`].
///
/// It shows only the fields that a guard needs. The claims come only from [`finish`](Self::finish).
#[must_use = "there is no verdict before `finish`"]
pub struct PendingVerdict {
    verdict: Verdict,
    verifier: Verifier,
    now: Timestamp,
    #[cfg(feature = "std")]
    begun: std::time::Instant,
}

impl PendingVerdict {
    /// The issuer whose token it is.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.verdict.issuer()
    }

    /// The token's id, which one issuer uses once.
    #[must_use]
    pub fn token_id(&self) -> &TokenId {
        self.verdict.token_id()
    }

    /// Until when the guard has to remember the token, at least.
    #[must_use]
    pub fn keep_until(&self) -> Timestamp {
        keep_until(&self.verdict)
    }

    /// The time of the check.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The verdict, if this is the first use of the token: `first_use` is what
    /// [`ReplayGuard::first_use`](crate::ReplayGuard::first_use) would return. If the verifier has a guard of its own, that
    /// guard is asked, too.
    ///
    /// Finish soon: after [`keep_until`](Self::keep_until) the guard may have forgotten the token. With the feature `std` this
    /// is checked by a clock that nobody can set.
    ///
    /// # Errors
    /// `replayed` if it is not the first use; `replay_guard_failed`, with the guard's error as its source; `expired` if so
    /// much time has passed that the guard may have forgotten the token.
    pub fn finish(self, first_use: core::result::Result<bool, BoxError>) -> Result<Verdict> {
        #[cfg(feature = "std")]
        if self.begun.elapsed().as_secs() >= self.keep_until().as_secs().saturating_sub(self.now.as_secs()) {
            let sentence =
                "the replay guard answered so late that it may have forgotten the token: verify again";
            return Err(Error::saying(ErrorCode::Expired, sentence));
        }
        used_once(first_use)?;
        self.verifier.check_replay(&self.verdict, self.now)?;
        Ok(self.verdict)
    }
}

/// Without what the answer says: nobody knows yet whether it is accepted.
impl fmt::Debug for PendingVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingVerdict")
            .field("issuer", &self.issuer())
            .field("token_id", self.token_id())
            .finish_non_exhaustive()
    }
}
