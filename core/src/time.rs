//! Points in time. Stands beside [`error`](crate::ErrorCode); knows nothing of tokens.

use core::time::Duration;

/// A point in time in whole seconds since 1970-01-01T00:00:00Z (a `NumericDate` of RFC 8392 section 2, never
/// negative and never a fraction).
///
/// ```
/// use kycvs::Timestamp;
///
/// let noon = Timestamp::from_secs(1_790_000_000);
/// assert_eq!(noon.as_secs(), 1_790_000_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(u64);

impl Timestamp {
    /// 2024-01-01T00:00:00Z: a clock that is earlier was never set.
    pub(crate) const CLOCK_IS_SET: Self = Self(1_704_067_200);

    /// `seconds` after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// The system's clock now. A clock before 1970 reads as 0, which verifiers and issuers refuse as `clock_not_set`.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn now() -> Self {
        Self(std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs()))
    }

    /// This many whole seconds later; `None` past the end of time. A fraction of a second is dropped.
    #[must_use]
    pub fn checked_add(self, span: Duration) -> Option<Self> {
        self.0.checked_add(span.as_secs()).map(Self)
    }

    pub(crate) fn saturating_add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.as_secs()))
    }

    pub(crate) fn saturating_sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(span.as_secs()))
    }
}
