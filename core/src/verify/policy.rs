//! What a verifier takes, whatever the request.

use crate::{
    claims::Audience,
    error::{Error, ErrorCode, Result},
    time::Timestamp,
};
use core::time::Duration;

/// What a verifier takes: answers for its own name, open ones, or both, and within which bounds of time.
///
/// There is no default for the audience: one of the constructors says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    audience: Option<Audience>,
    open: bool,
    clock_skew: Duration,
    max_lifetime: Duration,
    issued_after: Option<Timestamp>,
    specimens: bool,
    ignore_status_lists: bool,
}

impl Policy {
    /// 10 minutes: a clock that is further off is to be set, not allowed for.
    pub const MAX_CLOCK_SKEW: Duration = Duration::from_mins(10);

    /// The longest lifetime of an answer that a policy accepts if nothing else is set: 24 hours.
    pub const DEFAULT_MAX_LIFETIME: Duration = Duration::from_hours(24);

    /// Takes answers that were given to this verifying entity, and no others.
    #[must_use]
    pub fn audience(audience: Audience) -> Self {
        Self::welcoming(Some(audience), false)
    }

    /// Takes answers that name no verifying entity (open passes), and no others.
    #[must_use]
    pub fn open() -> Self {
        Self::welcoming(None, true)
    }

    /// Takes answers that were given to this verifying entity, and open ones.
    #[must_use]
    pub fn audience_or_open(audience: Audience) -> Self {
        Self::welcoming(Some(audience), true)
    }

    /// What the three constructors say, where it comes from a file or another language: the verifying entity's name, and
    /// whether open answers are welcome.
    ///
    /// # Errors
    /// `invalid_setting` where nobody would be welcome.
    pub fn new(audience: Option<Audience>, open: bool) -> Result<Self> {
        if audience.is_none() && !open {
            return Err(Error::because(
                ErrorCode::InvalidSetting,
                "say who the verifying entity is, or that open answers are welcome, or both",
            ));
        }
        Ok(Self::welcoming(audience, open))
    }

    fn welcoming(audience: Option<Audience>, open: bool) -> Self {
        Self {
            audience,
            open,
            clock_skew: Duration::from_mins(1),
            max_lifetime: Self::DEFAULT_MAX_LIFETIME,
            issued_after: None,
            specimens: false,
            ignore_status_lists: false,
        }
    }

    /// How far the issuer's clock and this one may be apart: 60 seconds unless set. Whole seconds count.
    ///
    /// # Errors
    /// `invalid_setting` where it is over 10 minutes.
    pub fn with_clock_skew(self, clock_skew: Duration) -> Result<Self> {
        if clock_skew > Self::MAX_CLOCK_SKEW {
            return Err(Error::because(ErrorCode::InvalidSetting, "the clock skew is at most 10 minutes"));
        }
        Ok(Self { clock_skew, ..self })
    }

    /// The longest lifetime of an answer: [`DEFAULT_MAX_LIFETIME`](Self::DEFAULT_MAX_LIFETIME) unless set. Whole seconds count.
    #[must_use]
    pub fn with_max_lifetime(self, max_lifetime: Duration) -> Self {
        Self { max_lifetime, ..self }
    }

    /// Refuses answers that may have been issued at or before this time, as `expired`: `iat` must be later than `time` and the
    /// clock skew together. By default there is no such bound.
    ///
    /// A [`MemoryReplayGuard`](crate::MemoryReplayGuard) does not know which answers were used before the program was started.
    /// If you give the time of the start here, none of them is accepted again. Answers that are issued within the clock skew
    /// after the start are refused as well.
    ///
    /// ```
    /// use kycvs::{MemoryReplayGuard, Policy, Timestamp, TrustStore, Verifier};
    ///
    /// let policy = Policy::open().with_issued_after(Timestamp::now());
    /// let verifier = Verifier::new(TrustStore::new(), policy).with_replay_guard(MemoryReplayGuard::new(10_000));
    /// # let _ = verifier;
    /// ```
    #[must_use]
    pub fn with_issued_after(self, time: Timestamp) -> Self {
        Self { issued_after: Some(time), ..self }
    }

    /// Takes specimens too: for training and demonstrations.
    #[must_use]
    pub fn allowing_specimens(self) -> Self {
        Self { specimens: true, ..self }
    }

    /// Does not look at status lists: an answer that was taken back is good here until it expires.
    #[must_use]
    pub fn ignoring_status_lists(self) -> Self {
        Self { ignore_status_lists: true, ..self }
    }

    pub(super) fn clock_skew(&self) -> Duration {
        self.clock_skew
    }

    pub(super) fn max_lifetime(&self) -> Duration {
        self.max_lifetime
    }

    /// Whether an answer that was issued then is surely issued after the bound, whatever the clocks say.
    pub(super) fn is_issued_after_bound(&self, issued_at: Timestamp) -> bool {
        self.issued_after.is_none_or(|bound| issued_at > bound.saturating_add(self.clock_skew))
    }

    pub(super) fn allows_specimens(&self) -> bool {
        self.specimens
    }

    pub(super) fn ignores_status_lists(&self) -> bool {
        self.ignore_status_lists
    }

    /// Whether an answer with this audience, or with none, is for this verifier.
    pub(super) fn welcomes(&self, audience: Option<&str>) -> bool {
        match audience {
            Some(audience) => self.audience.as_ref().is_some_and(|own| own.as_str() == audience),
            None => self.open,
        }
    }
}
