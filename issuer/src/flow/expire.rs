//! What time alone does: requests and answers that are past theirs end, and what ended is removed.

use sqlx::{AssertSqlSafe, Row};

use crate::{
    app::App,
    db::Tx,
    problem::{ProblemCode, Result},
};

use super::{Request, State, end, short};

/// How many rows one transaction changes, so that no call waits long for it.
const BATCH: u32 = 100;

/// Ends what is past its time: erases what a person gave and nobody answered for, and answers that nobody fetched.
pub(crate) async fn expire(app: &App) -> Result<()> {
    let statement = "SELECT id FROM requests WHERE state IN ('open', 'otp_sent', 'answered') \
                     AND expires_at <= $1 AND id > $2 ORDER BY id LIMIT $3";
    let mut page = Page::first(statement.to_owned(), app.clock.now());
    while page.turn(app).await? {
        let mut ended = Vec::new();
        let mut tx = app.db.begin().await?;
        for id in &page.ids {
            ended.extend(expire_one(&mut tx, app, id).await?);
        }
        tx.commit().await?;
        for unsent in ended {
            app.metrics.ended(State::Expired);
            app.metrics.webhooks_given_up(unsent);
        }
        app.webhook_wake.notify_one();
    }
    Ok(())
}

/// How many webhooks about it are given up, where it was this call that ended it. One that cannot be read holds up no
/// other.
async fn expire_one(tx: &mut Tx, app: &App, id: &str) -> Result<Option<u64>> {
    let now = app.clock.now();
    let request = match Request::read_from(&mut **tx, id).await {
        Ok(request) => request,
        // Another instance has removed it.
        Err(problem) if problem.code == ProblemCode::NotFound => return Ok(None),
        Err(problem) if problem.code == ProblemCode::Internal => {
            tracing::error!(request = short(id), "a request cannot be read: it is ended and erased as it is");
            return end::end_unread(tx, id, now).await;
        }
        Err(problem) => return Err(problem),
    };
    match request.state(now) {
        State::Expired if request.presentation.is_some() => end::end_answered(tx, id, now).await,
        State::Expired => Ok(end::end(tx, app, &request, State::Expired).await?.then_some(0)),
        _ => Ok(None),
    }
}

/// Removes what ended so long ago that its state is no longer told, once its entity was told of the end, or that was
/// given up.
pub(crate) async fn remove(app: &App) -> Result<()> {
    let statement = format!(
        "SELECT id FROM requests WHERE ended_at IS NOT NULL AND ended_at <= $1 - {} AND id > $2 AND NOT EXISTS \
         (SELECT 1 FROM webhooks WHERE request = requests.id AND webhooks.expires_at > $1) ORDER BY id LIMIT $3",
        app.config.answers.keep_ended
    );
    let mut page = Page::first(statement, app.clock.now());
    while page.turn(app).await? {
        let mut unsent = 0;
        let mut tx = app.db.begin().await?;
        for id in &page.ids {
            let webhooks = sqlx::query("DELETE FROM webhooks WHERE request = $1").bind(id);
            unsent += webhooks.execute(&mut *tx).await?.rows_affected();
            for statement in ["DELETE FROM replies WHERE request = $1", "DELETE FROM requests WHERE id = $1"]
            {
                sqlx::query(statement).bind(id).execute(&mut *tx).await?;
            }
        }
        tx.commit().await?;
        app.metrics.webhooks_given_up(unsent);
    }
    Ok(())
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

/// Ids of requests, a transaction's worth at a time. What a transaction leaves is not met again.
struct Page {
    /// With the time, the last id of the page before, and how many.
    statement: String,
    now: i64,
    last: String,
    /// In the order in which everyone locks the rows of several requests (of `requests` or `webhooks`), so that two
    /// transactions wait for each other in turn and never both. The database's order may be another.
    ids: Vec<String>,
}

impl Page {
    fn first(statement: String, now: i64) -> Self {
        Self { statement, now, last: String::new(), ids: Vec::new() }
    }

    /// Turns to the next, and says whether there is something on it.
    async fn turn(&mut self, app: &App) -> Result<bool> {
        let rows = sqlx::query(AssertSqlSafe(self.statement.clone()));
        let rows = rows.bind(self.now).bind(&self.last).bind(i64::from(BATCH));
        let rows = rows.fetch_all(app.db.reader()).await?;
        self.ids = rows.iter().map(|row| row.try_get("id")).collect::<sqlx::Result<_>>()?;
        let Some(last) = self.ids.last() else { return Ok(false) };
        self.last.clone_from(last);
        self.ids.sort_unstable();
        Ok(true)
    }
}
