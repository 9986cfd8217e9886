//! Calls that are safe to repeat: what an `Idempotency-Key` was answered with.
//!
//! The reply is stored in the transaction of what it tells, so that there is either both or neither. Two calls with one
//! key that come at once meet at that row: who comes second is rolled back and repeats the first one's reply. What had no
//! effect (a value that is not taken, a service that is away) is not stored and can be tried again with the same key.
//!
//! Between what a call does first and what it can say there may be seconds: a message is handed over. Such a call is
//! [begun](begin) before and [finished](finish) or [given up](give_up) after; who repeats it in between waits for its reply.

use std::{fmt, time::Duration};

use axum::http::StatusCode;
use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Serialize;
use sqlx::Row;
use tokio::time::{sleep, timeout};

use crate::{
    app::App,
    config::Config,
    db::{ACQUIRE_TIMEOUT, Tx},
    flow,
    limits::SKEW,
    problem::{Problem, ProblemCode, Result},
    secret::{KeyedHash, Use},
};

/// What a call was answered with.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    /// JSON: a problem document where the status is an error.
    pub(crate) body: String,
    /// Which problem it is, where it is one that was not given before.
    pub(crate) code: Option<ProblemCode>,
    /// Whether it comes from an earlier call.
    pub(crate) repeated: bool,
}

/// Without the body, which can be an answer.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Reply {
    pub(crate) fn new(status: StatusCode, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_string(body)
            .map_err(|_| Problem::new(ProblemCode::Internal, "The answer could not be written."))?;
        Ok(Self { status, body, code: None, repeated: false })
    }

    /// Of a problem that came with an effect, such as a try that was counted.
    pub(crate) fn of_problem(problem: &Problem) -> Self {
        let (code, body) = (problem.code, problem.document().to_string());
        Self { status: code.status(), body, code: Some(code), repeated: false }
    }
}

/// A call that carries an `Idempotency-Key`: who made it, and what it said.
#[derive(Clone)]
pub(crate) struct Repeatable {
    scope: String,
    key_hash: KeyedHash,
    fingerprint: KeyedHash,
    /// Tells this call from those that repeat it.
    owner: String,
}

impl Repeatable {
    /// `parts` are what has to be the same for the call to be the same: method, path and body.
    pub(crate) fn new(app: &App, scope: Scope<'_>, key: &str, parts: &[&[u8]]) -> Result<Self> {
        Ok(Self {
            scope: scope.to_text(),
            key_hash: app.secret.hash(Use::ReplyKey, &[key.as_bytes()]),
            fingerprint: app.secret.hash(Use::ReplyFingerprint, parts),
            owner: hex::encode(&flow::random::<16>()?[..]),
        })
    }

    fn context(&self) -> String {
        format!("reply:{}:{}", self.scope, hex::encode(self.key_hash.as_bytes()))
    }
}

/// Within what a key is one and the same.
#[derive(Clone, Copy)]
pub(crate) enum Scope<'a> {
    /// The calls of one entity.
    Entity(&'a str),
    /// The calls of a person who answers one request.
    Request(&'a str),
    /// Open passes begun from one network.
    Network(&'a str),
}

impl Scope<'_> {
    fn to_text(self) -> String {
        match self {
            Self::Entity(id) => format!("entity:{id}"),
            Self::Request(id) => format!("request:{id}"),
            Self::Network(hash) => format!("network:{hash}"),
        }
    }
}

/// How much longer than a delivery a begun call takes where all goes well, in seconds.
const MARGIN: u64 = 3;
/// How much longer than a delivery it may take by any instance's clock, its wait for the database at the end included.
/// After that its process died.
const LONGER: u64 = MARGIN + SKEW.as_secs() + ACQUIRE_TIMEOUT.as_secs();
/// How often it looks.
const LOOK: Duration = Duration::from_millis(200);
/// What stands in place of the status as long as there is none; the body is the owner then.
const BEGUN: i64 = 0;

/// Does `work`, or repeats what it was answered with. `work` [keeps](keep) its reply.
pub(crate) async fn once(
    app: &App,
    call: Option<&Repeatable>,
    work: impl Future<Output = Result<Reply>>,
) -> Result<Reply> {
    let Some(call) = call else { return work.await };
    if let Some(reply) = settled(app, call).await? {
        return Ok(reply);
    }
    match work.await {
        Ok(reply) => Ok(reply),
        // Another call with this key may have been quicker, which is why this one found no more to do.
        Err(problem) => settled(app, call).await?.ok_or(problem),
    }
}

/// Stores the reply of a call in the transaction of its effect.
pub(crate) async fn keep(
    tx: &mut Tx,
    app: &App,
    call: Option<&Repeatable>,
    request: &str,
    reply: &Reply,
) -> Result<()> {
    let Some(call) = call else { return Ok(()) };
    let (status, body, expires_at) = kept(app, call, reply)?;
    let done = sqlx::query(
        "INSERT INTO replies (scope, key_hash, fingerprint, status, body, request, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (scope, key_hash) DO NOTHING",
    )
    .bind(&call.scope)
    .bind(call.key_hash.as_bytes())
    .bind(call.fingerprint.as_bytes())
    .bind(status)
    .bind(body)
    .bind(request)
    .bind(expires_at)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 0 {
        return Err(repeat("The same call is being answered."));
    }
    Ok(())
}

/// Notes, in the transaction of its first effect, that a call is under way whose reply comes later.
pub(crate) async fn begin(tx: &mut Tx, app: &App, call: Option<&Repeatable>, request: &str) -> Result<()> {
    let Some(call) = call else { return Ok(()) };
    let now = app.clock.now();
    let done = sqlx::query(
        "INSERT INTO replies (scope, key_hash, fingerprint, status, body, request, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (scope, key_hash) DO UPDATE SET \
         fingerprint = $3, body = $5, request = $6, expires_at = $7 \
         WHERE replies.status = $4 AND replies.expires_at <= $8",
    )
    .bind(&call.scope)
    .bind(call.key_hash.as_bytes())
    .bind(call.fingerprint.as_bytes())
    .bind(BEGUN)
    .bind(&call.owner)
    .bind(request)
    .bind(now.saturating_add_unsigned(app.config.delivery.seconds() + LONGER))
    .bind(now)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 0 {
        return Err(repeat("The same call is being answered."));
    }
    Ok(())
}

/// Stores the reply of a call that was begun, unless what it is about has ended in the meantime, or another took it over.
pub(crate) async fn finish(app: &App, call: Option<&Repeatable>, reply: &Reply) -> Result<()> {
    let Some(call) = call else { return Ok(()) };
    let (status, body, expires_at) = kept(app, call, reply)?;
    let mut tx = app.db.begin().await?;
    sqlx::query(
        "UPDATE replies SET status = $1, body = $2, expires_at = $3 \
         WHERE scope = $4 AND key_hash = $5 AND status = $6 AND body = $7",
    )
    .bind(status)
    .bind(body)
    .bind(expires_at)
    .bind(&call.scope)
    .bind(call.key_hash.as_bytes())
    .bind(BEGUN)
    .bind(&call.owner)
    .execute(&mut *tx)
    .await?;
    Ok(tx.commit().await?)
}

/// Forgets a call that was begun and came to nothing, in the transaction that takes its first effect back: it can be tried
/// again with the same key.
pub(crate) async fn give_up(tx: &mut Tx, call: Option<&Repeatable>) -> Result<()> {
    let Some(call) = call else { return Ok(()) };
    sqlx::query("DELETE FROM replies WHERE scope = $1 AND key_hash = $2 AND status = $3 AND body = $4")
        .bind(&call.scope)
        .bind(call.key_hash.as_bytes())
        .bind(BEGUN)
        .bind(&call.owner)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// A reply as it is stored: status, sealed body, and until when.
fn kept(app: &App, call: &Repeatable, reply: &Reply) -> Result<(i64, String, i64)> {
    let answers = &app.config.answers;
    let longest = [answers.request_lifetime, answers.max_valid_for, answers.keep_ended];
    let expires_at = longest.iter().fold(app.clock.now(), |sum, seconds| sum + i64::from(*seconds));
    let sealed = app.secret.seal(&call.context(), reply.body.as_bytes())?;
    Ok((i64::from(reply.status.as_u16()), Base64UrlUnpadded::encode_string(&sealed), expires_at))
}

/// Nothing was done by this call, and what another one does is not known yet.
fn repeat(why: &str) -> Problem {
    Problem::new(ProblemCode::WrongState, why).retry_after(1)
}

/// Removes what a person's calls about a request were answered with: it holds the answer.
pub(crate) async fn forget(tx: &mut Tx, request: &str) -> Result<()> {
    sqlx::query("DELETE FROM replies WHERE scope = $1")
        .bind(Scope::Request(request).to_text())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// What there is of a call.
enum Found {
    Nothing,
    /// It is under way.
    Begun,
    Reply(Reply),
}

/// The reply of a call that was made before, once it is no longer under way.
///
/// Who has waited does no work any more, for which there might not be the time: they are told to repeat the call.
async fn settled(app: &App, call: &Repeatable) -> Result<Option<Reply>> {
    let waiting = async {
        loop {
            sleep(LOOK).await;
            match find(app, call).await? {
                Found::Nothing => return Err(repeat("The same call came to nothing: repeat it.")),
                Found::Begun => {}
                Found::Reply(reply) => return Ok(Some(reply)),
            }
        }
    };
    match find(app, call).await? {
        Found::Nothing => Ok(None),
        Found::Begun => timeout(longest_wait(&app.config), waiting)
            .await
            .unwrap_or_else(|_| Err(repeat("The same call is being answered: repeat it."))),
        Found::Reply(reply) => Ok(Some(reply)),
    }
}

/// How long who repeats a call waits for its reply. Less than a call may take, and than is waited for at the end.
fn longest_wait(config: &Config) -> Duration {
    Duration::from_secs(config.delivery.seconds() + MARGIN)
}

async fn find(app: &App, call: &Repeatable) -> Result<Found> {
    let row = sqlx::query(
        "SELECT fingerprint, status, body, expires_at FROM replies WHERE scope = $1 AND key_hash = $2",
    )
    .bind(&call.scope)
    .bind(call.key_hash.as_bytes())
    .fetch_optional(app.db.reader())
    .await?;
    let Some(row) = row else { return Ok(Found::Nothing) };
    let status: i64 = row.try_get("status")?;
    // Its process died, or it is this very call, which could not note its end and must not wait for itself.
    let is_dead = || -> Result<bool> {
        Ok(row.try_get::<i64, _>("expires_at")? <= app.clock.now()
            || row.try_get::<String, _>("body")? == call.owner)
    };
    if status == BEGUN && is_dead()? {
        return Ok(Found::Nothing);
    }
    if !call.fingerprint.is(&row.try_get::<Vec<u8>, _>("fingerprint")?) {
        return Err(Problem::new(
            ProblemCode::KeyReused,
            "This Idempotency-Key came with another call before. Make a new key for each call.",
        ));
    }
    if status == BEGUN {
        return Ok(Found::Begun);
    }
    let broken = || Problem::new(ProblemCode::Internal, "The stored reply cannot be read.");
    let sealed = Base64UrlUnpadded::decode_vec(&row.try_get::<String, _>("body")?).map_err(|_| broken())?;
    let body = app.secret.open(&call.context(), &sealed)?;
    let status = u16::try_from(status).map_err(|_| broken())?;
    Ok(Found::Reply(Reply {
        status: StatusCode::from_u16(status).map_err(|_| broken())?,
        body: String::from_utf8(body.to_vec()).map_err(|_| broken())?,
        code: None,
        repeated: true,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::middleware::CALL;

    #[test]
    fn a_repeated_call_waits_less_than_a_call_may_take_and_than_is_waited_for_at_the_end() {
        for seconds in 1..=20 {
            let settings = format!(
                "public_url = 'https://a.example'\nissuer = 'a'\ndisplay_name = 'A'\nkey_file = 'k'\n\
                 [delivery]\nkind = 'webhook'\nurl = 'https://sms.example'\ntimeout = {seconds}"
            );
            let config: Config = toml::from_str(&settings).expect("settings");
            let wait = longest_wait(&config);
            assert!(wait >= Duration::from_secs(seconds) && wait < config.finish());
            // It looks once before it waits.
            assert!(ACQUIRE_TIMEOUT + wait < CALL);
        }
    }
}
