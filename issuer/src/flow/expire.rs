//! What time alone does: requests and answers that are past theirs end, and what ended is removed.

use sqlx::{AssertSqlSafe, Row};

use crate::{app::App, problem::Result};

use super::{Request, State, end};

/// How many rows one transaction changes, so that no call waits long for it.
const BATCH: u32 = 100;

/// Ends what is past its time: erases what a person gave and nobody answered for, and answers that nobody fetched. How
/// many there were, of which there may be more.
pub(crate) async fn expire(app: &App) -> Result<usize> {
    let now = app.clock.now();
    let ids = ids(
        app,
        "SELECT id FROM requests WHERE state IN ('open', 'otp_sent', 'answered') AND expires_at <= $1 LIMIT $2",
        now,
    )
    .await?;
    if ids.is_empty() {
        return Ok(0);
    }
    let mut ended = 0;
    let mut tx = app.db.begin().await?;
    for id in &ids {
        let request = Request::read_from(&mut *tx, id).await?;
        let done = match request.state(now) {
            State::Expired if request.presentation.is_some() => {
                end::end_answered(&mut tx, &request, now).await?
            }
            State::Expired => end::end(&mut tx, app, &request, State::Expired).await?,
            _ => false,
        };
        ended += usize::from(done);
    }
    tx.commit().await?;
    for _ in 0..ended {
        app.metrics.ended(State::Expired);
    }
    app.webhook_wake.notify_one();
    Ok(ids.len())
}

/// Removes what ended so long ago that its state is no longer told. How many there were.
pub(crate) async fn remove(app: &App) -> Result<usize> {
    let ids = ids(
        app,
        "SELECT id FROM requests WHERE ended_at IS NOT NULL AND ended_at <= $1 LIMIT $2",
        app.clock.now() - i64::from(app.config.answers.keep_ended),
    )
    .await?;
    if ids.is_empty() {
        return Ok(0);
    }
    let mut tx = app.db.begin().await?;
    for id in &ids {
        for statement in [
            "DELETE FROM webhooks WHERE request = $1",
            "DELETE FROM replies WHERE request = $1",
            "DELETE FROM requests WHERE id = $1",
        ] {
            sqlx::query(statement).bind(id).execute(&mut *tx).await?;
        }
    }
    tx.commit().await?;
    Ok(ids.len())
}

/// Removes replies and rates that are of no more use.
pub(crate) async fn forget_old(app: &App) -> Result<()> {
    let mut tx = app.db.begin().await?;
    sqlx::query("DELETE FROM replies WHERE expires_at <= $1").bind(app.clock.now()).execute(&mut *tx).await?;
    tx.commit().await?;
    let mut tx = app.db.begin().await?;
    // Calls take several of these rows, in an order that a statement over all of them does not keep.
    let statement = format!(
        "DELETE FROM limits WHERE key IN (SELECT key FROM limits WHERE full_at_ms <= $1{})",
        app.db.skip_locked()
    );
    sqlx::query(AssertSqlSafe(statement)).bind(app.clock.now_ms()).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(())
}

/// The ids of requests, in the order in which everyone locks the rows of several requests (of `requests` or `webhooks`),
/// so that two transactions wait for each other in turn and never both. The database's order may be another.
async fn ids(app: &App, statement: &'static str, until: i64) -> Result<Vec<String>> {
    let rows = sqlx::query(statement).bind(until).bind(i64::from(BATCH)).fetch_all(app.db.reader()).await?;
    let mut ids: Vec<String> = rows.iter().map(|row| row.try_get("id")).collect::<sqlx::Result<_>>()?;
    ids.sort_unstable();
    Ok(ids)
}

/// How many rows [`expire`] and [`remove`] take at once.
pub(crate) const fn batch() -> usize {
    BATCH as usize
}
