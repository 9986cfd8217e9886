//! The time, which tests move.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

/// The system's time, moved by as much as a test asks.
#[derive(Clone, Default)]
pub(crate) struct Clock {
    offset_ms: Arc<AtomicI64>,
    /// Where a test has it stand, so that what the test takes itself does not count.
    #[cfg(test)]
    stands_at_ms: Option<i64>,
}

impl Clock {
    /// Milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        #[cfg(test)]
        if let Some(stands_at) = self.stands_at_ms {
            return stands_at + self.offset_ms.load(Ordering::Relaxed);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(now.as_millis())
            .unwrap_or(i64::MAX)
            .saturating_add(self.offset_ms.load(Ordering::Relaxed))
    }

    /// Seconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.now_ms() / 1000
    }

    /// Now, until it is moved.
    #[cfg(test)]
    pub(crate) fn standing() -> Self {
        Self { stands_at_ms: Some(Self::default().now_ms()), ..Self::default() }
    }

    /// Moves the time ahead, or with a negative number back.
    #[cfg(test)]
    pub(crate) fn advance(&self, seconds: i64) {
        self.offset_ms.fetch_add(seconds * 1000, Ordering::Relaxed);
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
