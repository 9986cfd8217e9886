//! The time, which tests move, and whether it can be trusted.
//!
//! Several instances end each other's requests by their own clocks, and a token carries the time of its signature. So the
//! time is compared: with PostgreSQL's clock, or, if the database is a file of this machine, with a clock that nobody
//! sets and with the newest time in the file. If they differ by more than [`MOST_MS`], this instance signs and ends nothing.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    db::Db,
    problem::{Problem, ProblemCode, Result},
};

/// Clocks may differ by this many milliseconds: limits and lifetimes are counted by several of them.
const MOST_MS: i64 = 10_000;

/// The system's time, moved by as much as a test asks.
#[derive(Clone, Default)]
pub(crate) struct Clock {
    /// How far a test let time pass.
    passed_ms: Arc<AtomicI64>,
    /// How far a test set the clock wrong.
    #[cfg(test)]
    set_by_ms: Arc<AtomicI64>,
    /// Where a test has it stand, so that what the test takes itself does not count.
    #[cfg(test)]
    stands_at_ms: Option<i64>,
    compared: Arc<Mutex<Compared>>,
}

/// What comparing the clock found.
#[derive(Debug, Default)]
struct Compared {
    /// The time less [`Clock::uptime_ms`], when the clock was last right.
    started_at_ms: Option<i64>,
    /// By how much the clock differed when it was last compared, if that is too much. Positive if it is ahead.
    wrong_by_ms: Option<i64>,
}

impl Clock {
    /// Milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        self.system_ms().saturating_add(self.passed_ms.load(Ordering::Relaxed))
    }

    /// Seconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.now_ms() / 1000
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "tests have a time of their own")]
    fn system_ms(&self) -> i64 {
        system_ms()
    }

    #[cfg(test)]
    fn system_ms(&self) -> i64 {
        self.stands_at_ms.unwrap_or_else(system_ms).saturating_add(self.set_by_ms.load(Ordering::Relaxed))
    }

    /// Milliseconds since some moment in the past, by a clock that nobody sets.
    fn uptime_ms(&self) -> i64 {
        #[cfg(test)]
        if self.stands_at_ms.is_some() {
            return self.passed_ms.load(Ordering::Relaxed);
        }
        uptime_ms().saturating_add(self.passed_ms.load(Ordering::Relaxed))
    }

    /// Whether the clock can be trusted: it was right when it was last compared, and nobody has set it since.
    pub(crate) fn is_right(&self) -> bool {
        let compared = self.compared();
        compared.wrong_by_ms.is_none() && self.set_since_ms(&compared).abs() <= MOST_MS
    }

    /// Refuses to go on with a clock that cannot be trusted.
    pub(crate) fn must_be_right(&self) -> Result<()> {
        if self.is_right() {
            return Ok(());
        }
        let problem =
            Problem::new(ProblemCode::Unavailable, "The service's clock is wrong. Try again later.");
        Err(problem.retry_after(30))
    }

    /// Compares the clock, writes a line to the log if that changes something, and returns by how many milliseconds it is
    /// ahead (negative: behind). The result before stays if the database cannot be asked.
    pub(crate) async fn compare(&self, db: &Db) -> i64 {
        let asked_at_ms = self.now_ms();
        let theirs = match db.clock_ms().await {
            Ok(Some(database_ms)) => Some(between(asked_at_ms, database_ms, self.now_ms())),
            Ok(None) => self.against_newest(db).await,
            Err(_) => None,
        };
        let mut compared = self.compared();
        let set_by_ms = self.set_since_ms(&compared);
        let wrong_by_ms = match theirs {
            // Another machine's clock says that the time is right, whoever set it.
            Some(found) if db.has_clock() => found,
            Some(found) if set_by_ms.abs() <= MOST_MS => found,
            None if set_by_ms.abs() <= MOST_MS => compared.wrong_by_ms.unwrap_or(0),
            _ => set_by_ms,
        };
        let before = compared.wrong_by_ms;
        if wrong_by_ms.abs() <= MOST_MS {
            compared.wrong_by_ms = None;
            if theirs.is_some() {
                compared.started_at_ms = Some(self.now_ms().saturating_sub(self.uptime_ms()));
            }
        } else {
            compared.wrong_by_ms = Some(wrong_by_ms);
        }
        match (before, compared.wrong_by_ms) {
            (None, Some(_)) => tracing::error!(
                ahead_seconds = wrong_by_ms / 1000,
                "the clock is wrong: nothing is signed or ended until it is set right, for example by NTP"
            ),
            (Some(_), None) => tracing::info!("the clock is right again"),
            _ => {}
        }
        wrong_by_ms
    }

    /// How far it is behind the newest time in a database that has no clock of its own. Once it was right, that can only
    /// change by being set, which shows without the database.
    async fn against_newest(&self, db: &Db) -> Option<i64> {
        if self.compared().started_at_ms.is_some() {
            return Some(0);
        }
        let newest = db.newest_time().await.ok()?;
        Some(self.now_ms().saturating_sub(newest.saturating_mul(1000)).min(0))
    }

    /// By how much the clock was set since it was last right.
    fn set_since_ms(&self, compared: &Compared) -> i64 {
        compared
            .started_at_ms
            .map_or(0, |started_at| self.now_ms().saturating_sub(self.uptime_ms()).saturating_sub(started_at))
    }

    fn compared(&self) -> MutexGuard<'_, Compared> {
        self.compared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Now, until it is moved.
    #[cfg(test)]
    pub(crate) fn standing() -> Self {
        Self { stands_at_ms: Some(system_ms()), ..Self::default() }
    }

    /// Lets time pass, or with a negative number takes it back.
    #[cfg(test)]
    pub(crate) fn advance(&self, seconds: i64) {
        self.passed_ms.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    /// Sets the clock ahead, or with a negative number back, while no time passes.
    #[cfg(test)]
    pub(crate) fn set_by(&self, seconds: i64) {
        self.set_by_ms.fetch_add(seconds * 1000, Ordering::Relaxed);
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

/// By how much this clock is ahead of another, which was asked after `asked_at` and answered before `answered_at`.
fn between(asked_at: i64, theirs: i64, answered_at: i64) -> i64 {
    let (ahead, behind) = (asked_at.saturating_sub(theirs), theirs.saturating_sub(answered_at));
    if behind > 0 { -behind } else { ahead.max(0) }
}

fn system_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// Goes on while the machine sleeps: waking up must not look like a clock that was set.
#[cfg(target_os = "linux")]
fn uptime_ms() -> i64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    time.tv_sec.saturating_mul(1000).saturating_add(time.tv_nsec / 1_000_000)
}

#[cfg(not(target_os = "linux"))]
fn uptime_ms() -> i64 {
    use std::{sync::OnceLock, time::Instant};
    static START: OnceLock<Instant> = OnceLock::new();
    i64::try_from(START.get_or_init(Instant::now).elapsed().as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::databases;

    #[test]
    fn difference_of_two_clocks_does_not_count_the_way_to_the_other() {
        assert_eq!(between(1_000, 1_500, 60_000), 0);
        assert_eq!(between(1_000, 400, 60_000), 600);
        assert_eq!(between(1_000, 61_000, 60_000), -1_000);
    }

    #[tokio::test]
    async fn clock_that_is_set_is_wrong_at_once_and_right_when_it_is_set_back() {
        for (_folder, db) in databases().await {
            for seconds in [11, -11, 1_200, -86_400] {
                let clock = Clock::default();
                assert!(clock.compare(&db).await.abs() < MOST_MS && clock.is_right());
                clock.set_by(seconds);
                assert!(!clock.is_right(), "before it is compared, {seconds}");
                let ahead = clock.compare(&db).await;
                assert_eq!(ahead.signum(), seconds.signum());
                assert!(!clock.is_right() && clock.must_be_right().is_err(), "{seconds}");
                clock.set_by(-seconds);
                clock.compare(&db).await;
                assert!(clock.is_right(), "{seconds}");
            }
        }
    }

    #[tokio::test]
    async fn clock_that_is_set_by_a_little_stays_right() {
        for (_folder, db) in databases().await {
            let clock = Clock::default();
            clock.compare(&db).await;
            for seconds in [5, -5, -4, 4] {
                clock.set_by(seconds);
                assert!(clock.is_right(), "{seconds}");
                clock.compare(&db).await;
                assert!(clock.is_right(), "{seconds}");
            }
        }
    }

    #[tokio::test]
    async fn time_that_passes_is_no_wrong_clock_where_the_database_has_none() {
        let (_folder, db) = databases().await.swap_remove(0);
        let clock = Clock::standing();
        clock.compare(&db).await;
        clock.advance(86_400);
        assert!(clock.is_right());
        assert_eq!(clock.compare(&db).await, 0);
    }

    #[tokio::test]
    async fn clock_behind_the_newest_time_in_the_database_is_wrong_from_the_start() {
        let (_folder, db) = databases().await.swap_remove(0);
        let clock = Clock::default();
        let mut tx = db.begin().await.expect("begins");
        sqlx::query(
            "INSERT INTO requests (id, kind, purpose, valid_for, binding, state, created_at, expires_at) \
             VALUES ('r', 'pass', 'p', 1, 'none', 'open', $1, $1)",
        )
        .bind(clock.now() + 60)
        .execute(&mut *tx)
        .await
        .expect("a row");
        tx.commit().await.expect("commits");
        assert!(clock.compare(&db).await < -MOST_MS && !clock.is_right());
        // Set right, it is trusted from then on.
        clock.set_by(60);
        assert_eq!(clock.compare(&db).await, 0);
        assert!(clock.is_right());
    }

    #[tokio::test]
    async fn clock_that_was_wrong_stays_wrong_while_the_database_cannot_be_asked() {
        for (_folder, db) in databases().await {
            let clock = Clock::default();
            clock.compare(&db).await;
            clock.set_by(100);
            clock.compare(&db).await;
            db.close().await;
            clock.compare(&db).await;
            assert!(!clock.is_right());
        }
    }
}
