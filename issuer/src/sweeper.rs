//! Goes over the database every few seconds: ends what is past its time, removes what ended long ago, and sees to it that
//! nothing that was erased stays behind in the journal.

use std::{pin::pin, time::Duration};

use crate::{
    app::App,
    flow::expire,
    problem::{Problem, Result},
};

/// Between two rounds.
const EVERY: Duration = Duration::from_secs(2);

/// Every how many rounds the slower cleaning is done.
const ROUNDS: u32 = 30;

/// Sweeps until `stop` is ready. Several instances may do this at once over one database.
pub(crate) async fn run(app: App, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    let mut round = 0_u32;
    loop {
        turn(&app, round).await;
        round = round.wrapping_add(1);
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// One round, unless the clock is wrong: by it, requests of all instances would end before their time.
pub(crate) async fn turn(app: &App, round: u32) {
    if app.config.clock.compare {
        app.metrics.clock_ahead(app.clock.compare(&app.db).await);
        if !app.clock.is_right() {
            return;
        }
    }
    // A fault of the database is logged where it becomes a problem; the next round may go better.
    if let Err(problem) = sweep(app, round).await {
        tracing::warn!(code = problem.code.as_str(), "sweeping broke off in part");
    }
}

/// Every step, whether or not those before went well; the first fault.
pub(crate) async fn sweep(app: &App, round: u32) -> Result<()> {
    let is_slow = round.is_multiple_of(ROUNDS);
    let expired = once_more(|| expire::expire(app)).await;
    let removed = once_more(|| expire::remove(app)).await;
    let forgotten = if is_slow { once_more(|| expire::forget_old(app)).await } else { Ok(()) };
    // What calls erased in the meantime is in the journal too.
    let emptied = app.db.empty_journal().await.map(|emptied| {
        if !emptied && is_slow {
            tracing::warn!("somebody reads the database all the time: what was erased stays in its journal");
        }
    });
    expired.and(removed).and(forgotten).and(emptied.map_err(Problem::from))
}

/// Does it, and once more where the database let another transaction go first.
async fn once_more<T, F: Future<Output = Result<T>>>(work: impl Fn() -> F) -> Result<T> {
    match work().await {
        Err(problem) if problem.is_conflict => work().await,
        done => done,
    }
}
