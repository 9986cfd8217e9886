//! Whether this instance can do its work: its clock is right, and the database takes a change.

use std::time::{Duration, Instant};

use tokio::{sync::Mutex, time::timeout};

use crate::{app::App, db::Fault};

/// The database takes a change within this, or the service is not ready.
const ANSWER: Duration = Duration::from_secs(2);

/// A result is used again for this long: a flood of questions must not become a flood of changes.
const HOLDS: Duration = Duration::from_secs(1);

/// What was found last, and when.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Mutex<Option<(Instant, Verdict)>>);

type Verdict = Result<(), NotReady>;

/// Why no calls should be sent here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotReady {
    /// The clock cannot be trusted.
    Clock,
    /// The database fails.
    Database(Fault),
    /// The database takes longer than two seconds.
    Slow,
}

impl NotReady {
    /// What a caller may know.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Clock => "The clock is wrong.",
            Self::Database(Fault::Full) => "The database's disk is full.",
            Self::Database(_) => "The database takes no changes.",
            Self::Slow => "The database does not answer in time.",
        }
    }
}

impl Readiness {
    /// Looks, or tells what was found a moment ago. Callers that come at once share one look.
    pub(crate) async fn look(&self, app: &App) -> Verdict {
        // The comparison of clocks writes its own line to the log.
        if !app.clock.is_right() {
            return Err(NotReady::Clock);
        }
        let mut last = self.0.lock().await;
        if let Some((at, verdict)) = *last
            && at.elapsed() < HOLDS
        {
            return verdict;
        }
        let verdict = match timeout(ANSWER, app.db.try_write(app.clock.now_ms())).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(NotReady::Database(Fault::of(&error))),
            Err(_) => Err(NotReady::Slow),
        };
        if let Some((_, before)) = *last
            && before != verdict
        {
            match verdict {
                Ok(()) => tracing::info!("ready again"),
                Err(NotReady::Database(fault)) => {
                    tracing::error!(kind = fault.as_str(), "not ready: the database failed: {fault}");
                }
                Err(_) => tracing::error!("not ready: the database does not answer in time"),
            }
        }
        *last = Some((Instant::now(), verdict));
        verdict
    }
}
