//! Webhooks to verifying entities: an outbox in the database, and the worker that empties it.
//!
//! A row is written in the transaction of what it tells. The worker takes it by setting its next time ahead, so that of
//! several instances one sends it, and another does where that one dies. It is sent until the entity answers 2xx, has
//! acknowledged its request, or the request is over. Each entity has calls of its own under way, few of them where it
//! does not answer, so that one that is dead holds up no other.

use std::{
    collections::{HashMap, HashSet},
    iter,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::body::Bytes;
use futures_util::future::BoxFuture;
use kycvs::Zeroizing;
use reqwest::{Client, header};
use serde::Serialize;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};
use tokio::{
    sync::{Notify, Semaphore},
    task::{Id, JoinSet},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    app::App,
    clock::Clock,
    config,
    db::{self, Db, Tx},
    entities::{self, Entity},
    metrics::Metrics,
    outbound::{self, Outcome, backoff, is_loopback, may_be_called},
    problem,
    secret::ServiceSecret,
    standard_webhooks::{ID, SIGNATURE, TIMESTAMP, WebhookKey},
};

/// How often the outbox is looked at where nobody says that there is something in it.
const POLL: Duration = Duration::from_secs(1);
/// What is enqueued within this time is looked for once.
const GATHER: Duration = Duration::from_millis(20);
/// Calls under way to one entity: to one that answers, and to one that did not.
const LANES: usize = 8;
const LANES_OF_FAILING: usize = 1;
/// Calls under way in all.
const CALLS: usize = 256;
/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// Notes that an entity is to be told of its request, in the transaction of what it is told. Nothing where it has no
/// address for that.
pub(crate) async fn enqueue(
    tx: &mut Tx,
    request: &str,
    entity: &str,
    event: &str,
    now_ms: i64,
    expires_at: i64,
) -> sqlx::Result<()> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|error| sqlx::Error::Io(std::io::Error::other(error)))?;
    sqlx::query(
        "INSERT INTO webhooks (id, request, entity, event, created_at, expires_at, next_at_ms) \
         SELECT $1, $2, id, $3, $4, $5, $6 FROM entities WHERE id = $7 AND callback_url IS NOT NULL",
    )
    .bind(format!("msg_{}", hex::encode(id)))
    .bind(request)
    .bind(event)
    .bind(now_ms / 1000)
    .bind(expires_at)
    .bind(now_ms)
    .bind(entity)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Sends what is in the outbox until `stop`; then waits for the calls that are under way.
pub(crate) async fn run(app: App, stop: impl Future<Output = ()>) {
    let wake = Arc::clone(&app.webhook_wake);
    match Worker::new(&app) {
        Ok(worker) => Arc::new(worker).run(&wake, stop).await,
        Err(error) => tracing::error!(%error, "webhooks cannot be sent"),
    }
}

/// The request as its entity sees it, or `None` where it is gone.
type View = dyn Fn(String) -> BoxFuture<'static, problem::Result<Option<Value>>> + Send + Sync;

struct Worker {
    db: Db,
    clock: Clock,
    secret: ServiceSecret,
    settings: config::Webhooks,
    client: Client,
    calls: Arc<Semaphore>,
    metrics: Arc<Metrics>,
    view: Arc<View>,
}

/// A row that this worker has taken.
#[derive(Debug)]
struct Row {
    id: String,
    request: String,
    event: String,
    created_at: i64,
    expires_at: i64,
    /// This one counted.
    attempts: u32,
}

/// A row, and what becomes of it. In the order in which everyone locks such rows: by request first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    request: String,
    id: String,
    fate: Fate,
}

/// What becomes of a row.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// It was taken, or there is nothing to tell any more.
    Done,
    /// Its time is over.
    GivenUp,
    /// Milliseconds since 1970.
    AgainAt(i64),
}

impl Told {
    /// Whether it is called no more.
    fn is_over(&self) -> bool {
        !matches!(self.fate, Fate::AgainAt(_))
    }
}

impl Worker {
    fn new(app: &App) -> reqwest::Result<Self> {
        let of_view = app.clone();
        Ok(Self {
            db: app.db.clone(),
            clock: app.clock.clone(),
            secret: app.secret.clone(),
            settings: app.config.webhooks.clone(),
            client: client(&app.config.webhooks)?,
            calls: Arc::new(Semaphore::new(CALLS)),
            metrics: Arc::clone(&app.metrics),
            view: Arc::new(move |request| {
                let app = of_view.clone();
                Box::pin(async move { crate::flow::webhook_view(&app, &request).await })
            }),
        })
    }

    async fn run(self: Arc<Self>, wake: &Notify, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let stopping = CancellationToken::new();
        let mut entities = JoinSet::new();
        let mut busy = HashMap::<Id, String>::new();
        let mut failing = HashSet::new();
        loop {
            tokio::select! {
                () = &mut stop => break,
                () = wake.notified() => sleep(GATHER).await,
                () = sleep(POLL) => {}
                Some(ended) = entities.join_next_with_id() => {
                    let (id, fails) = ended.unwrap_or_else(|error| (error.id(), true));
                    let Some(entity) = busy.remove(&id) else { continue };
                    if fails {
                        // It is looked at again with the next poll.
                        failing.insert(entity);
                        continue;
                    }
                    failing.remove(&entity);
                }
            }
            for entity in self.due().await {
                if busy.values().any(|other| *other == entity) {
                    continue;
                }
                let lanes = if failing.contains(&entity) { LANES_OF_FAILING } else { LANES };
                let task =
                    entities.spawn(Arc::clone(&self).tell_entity(entity.clone(), lanes, stopping.clone()));
                busy.insert(task.id(), entity);
            }
        }
        stopping.cancel();
        while entities.join_next().await.is_some() {}
    }

    /// The entities that are to be told something now.
    async fn due(&self) -> Vec<String> {
        // A webhook carries the time, and its own time could seem to be over.
        if !self.clock.is_right() {
            return Vec::new();
        }
        sqlx::query("SELECT DISTINCT entity FROM webhooks WHERE next_at_ms <= $1")
            .bind(self.clock.now_ms())
            .fetch_all(self.db.reader())
            .await
            .and_then(|rows| rows.iter().map(|row| row.try_get("entity")).collect())
            .unwrap_or_else(|error| {
                tracing::warn!(kind = db::kind(&error), "the outbox of webhooks cannot be read");
                Vec::new()
            })
    }

    /// Sends what is due for one entity until there is nothing left or a call fails; says whether one did.
    async fn tell_entity(self: Arc<Self>, entity: String, lanes: usize, stopping: CancellationToken) -> bool {
        let (entity, url) = match entities::by_id(&self.db, &entity).await {
            Ok(Some(Entity { id, callback_url: Some(url), .. })) => (id, url),
            Ok(_) => return self.forget(&entity).await.is_err(),
            Err(_) => return true,
        };
        // An address that is not called fails like one that does not answer: its rows wait, and end with their time.
        let endpoint = Arc::new(Endpoint::new(entity, url, &self));
        // Tasks, and no futures that wait here for their turn: one of those could hold the connection to the database that
        // this loop waits for.
        let mut calls = JoinSet::new();
        let mut fails = false;
        loop {
            if !fails && !stopping.is_cancelled() && calls.len() < lanes {
                for row in self.take(&endpoint.entity, lanes - calls.len()).await.unwrap_or_default() {
                    calls.spawn(Arc::clone(&self).tell(row, Arc::clone(&endpoint)));
                }
            }
            let Some(first) = calls.join_next().await else { return fails };
            let ended: Vec<_> = iter::once(first).chain(iter::from_fn(|| calls.try_join_next())).collect();
            fails = ended.iter().any(|ended| !matches!(ended, Ok(told) if told.is_over()));
            // One transaction for all that ended at the same time.
            let mut told: Vec<_> = ended.into_iter().flatten().collect();
            told.sort_unstable();
            let noted = match self.note(&told).await {
                Err(error) if db::is_conflict(&error) => self.note(&told).await,
                noted => noted,
            };
            if let Err(error) = noted {
                // They are sent again when their time as taken is over, with the same ids.
                tracing::warn!(kind = db::kind(&error), "what became of webhooks was not noted");
            }
        }
    }

    async fn take(&self, entity: &str, most: usize) -> sqlx::Result<Vec<Row>> {
        let now_ms = self.clock.now_ms();
        // A row may wait for those before it, each of which may take the whole time of a call.
        let taken = Duration::from_secs(3 * u64::from(self.settings.timeout) + 10);
        // Many rows, and not in the order in which others lock them: it waits for none.
        let statement = format!(
            "UPDATE webhooks SET next_at_ms = $1, attempts = attempts + 1 WHERE next_at_ms <= $2 AND id IN \
             (SELECT id FROM webhooks WHERE entity = $3 AND next_at_ms <= $2 ORDER BY next_at_ms LIMIT $4{}) \
             RETURNING id, request, event, created_at, expires_at, attempts",
            self.db.skip_locked()
        );
        let mut tx = self.db.begin().await?;
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(after(now_ms, taken))
            .bind(now_ms)
            .bind(entity)
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        rows.iter().map(Row::read).collect()
    }

    /// Sends one, and says what becomes of it.
    async fn tell(self: Arc<Self>, row: Row, endpoint: Arc<Endpoint>) -> Told {
        let fate = self.fate(&row, &endpoint).await;
        Told { request: row.request, id: row.id, fate }
    }

    async fn fate(&self, row: &Row, endpoint: &Endpoint) -> Fate {
        if row.expires_at <= self.clock.now() {
            return Fate::GivenUp;
        }
        let body = match (self.view)(row.request.clone()).await {
            Ok(Some(view)) if view["state"] != "acknowledged" => row.body(&view),
            Ok(_) => return Fate::Done,
            Err(_) => return self.again(row, None),
        };
        let Ok(_call) = self.calls.acquire().await else { return self.again(row, None) };
        let outcome = endpoint.call(row, body, self).await;
        let (entity, event, attempt) = (&endpoint.entity, &row.event, row.attempts);
        let request = row.request.get(..6).unwrap_or_default();
        self.metrics.webhook(outcome == Outcome::Taken);
        match outcome {
            Outcome::Taken => {
                tracing::info!(entity, event, attempt, request, "the entity took its webhook");
                Fate::Done
            }
            Outcome::Again(why, wait) | Outcome::Unknown(why, wait) => {
                tracing::warn!(entity, event, attempt, request, why, "the entity did not take its webhook");
                self.again(row, wait)
            }
            // An entity mends its receiver; until the request is over it is told again.
            Outcome::Refused(why) => {
                tracing::warn!(entity, event, attempt, request, why, "the entity refused its webhook");
                self.again(row, None)
            }
        }
    }

    fn again(&self, row: &Row, wait: Option<u64>) -> Fate {
        let first = Duration::from_secs_f64(self.settings.first_wait.max(0.0));
        let named = Duration::from_secs(wait.unwrap_or(0)).min(LONGEST_WAIT);
        Fate::AgainAt(after(self.clock.now_ms(), backoff(first, row.attempts, LONGEST_WAIT).max(named)))
    }

    /// `told` is in its order.
    async fn note(&self, told: &[Told]) -> sqlx::Result<()> {
        let mut given_up = 0;
        let mut tx = self.db.begin().await?;
        for Told { id, fate, .. } in told {
            let statement = match fate {
                Fate::Done | Fate::GivenUp => sqlx::query("DELETE FROM webhooks WHERE id = $1").bind(id),
                Fate::AgainAt(at) => {
                    sqlx::query("UPDATE webhooks SET next_at_ms = $1 WHERE id = $2").bind(at).bind(id)
                }
            };
            let rows = statement.execute(&mut *tx).await?.rows_affected();
            given_up += if *fate == Fate::GivenUp { rows } else { 0 };
        }
        tx.commit().await?;
        self.metrics.webhooks_given_up(given_up);
        Ok(())
    }

    /// Of an entity that was disabled or has no address any more.
    async fn forget(&self, entity: &str) -> sqlx::Result<()> {
        // As with `take`; what somebody else has locked is gone after the next poll.
        let statement = format!(
            "DELETE FROM webhooks WHERE id IN (SELECT id FROM webhooks WHERE entity = $1{})",
            self.db.skip_locked()
        );
        let mut tx = self.db.begin().await?;
        let rows = sqlx::query(AssertSqlSafe(statement)).bind(entity).execute(&mut *tx).await?;
        tx.commit().await?;
        self.metrics.webhooks_given_up(rows.rows_affected());
        Ok(())
    }
}

/// What calls entities. Their addresses are their own choice, so only public ones are connected to.
fn client(settings: &config::Webhooks) -> reqwest::Result<Client> {
    let timeout = Duration::from_secs(settings.timeout.into());
    if settings.allow_insecure { outbound::client(timeout) } else { outbound::client_to_public(timeout) }
}

/// Whether webhooks go to this address without `webhooks.allow_insecure`. The address of a name is checked later, when the
/// name is resolved.
pub(crate) fn is_called_by_default(url: &Url) -> bool {
    url.scheme() == "https" && !is_loopback(url) && may_be_called(url)
}

/// Where an entity is told.
struct Endpoint {
    entity: String,
    url: Url,
    key: WebhookKey,
    /// Whether the settings let that address be called.
    may_be_called: bool,
}

impl Endpoint {
    fn new(entity: String, url: Url, worker: &Worker) -> Self {
        let key = entities::webhook_key(&worker.secret, &entity);
        let may_be_called = worker.settings.allow_insecure || is_called_by_default(&url);
        Self { entity, url, key, may_be_called }
    }

    async fn call(&self, row: &Row, body: Bytes, worker: &Worker) -> Outcome {
        if !self.may_be_called {
            return Outcome::Refused(
                "its address is not https:// on a public host, and is not called".into(),
            );
        }
        let now = worker.clock.now();
        let call = worker
            .client
            .post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(ID, &row.id)
            .header(TIMESTAMP, now)
            .header(SIGNATURE, self.key.sign(&row.id, now, &body))
            .body(body);
        Outcome::of(call.send().await).await
    }
}

impl Row {
    fn read(row: &AnyRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            request: row.try_get("request")?,
            event: row.try_get("event")?,
            created_at: row.try_get("created_at")?,
            expires_at: row.try_get("expires_at")?,
            attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
        })
    }

    /// What is sent, in memory that is wiped.
    fn body(&self, view: &Value) -> Bytes {
        #[derive(Serialize)]
        struct Body<'a> {
            r#type: &'a str,
            timestamp: String,
            data: &'a Value,
        }
        let timestamp = jiff::Timestamp::from_second(self.created_at).unwrap_or_default().to_string();
        let mut json = Zeroizing::new(Vec::with_capacity(8 << 10));
        serde_json::to_writer(&mut *json, &Body { r#type: &self.event, timestamp, data: view })
            .unwrap_or_else(|_| unreachable!("a Vec takes all that is written"));
        Bytes::from_owner(json)
    }
}

fn after(now_ms: i64, wait: Duration) -> i64 {
    now_ms.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
