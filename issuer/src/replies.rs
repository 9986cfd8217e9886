//! Calls that are safe to repeat: what an `Idempotency-Key` was answered with.
//!
//! The reply is stored in the transaction of what it tells, so that there is either both or neither. Two calls with one
//! key that come at once meet at that row: who comes second is rolled back and repeats the first one's reply. What had no
//! effect (a value that is not taken, a service that is away) is not stored and can be tried again with the same key.

use std::fmt;

use axum::http::StatusCode;
use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Serialize;
use sqlx::Row;

use crate::{
    app::App,
    db::Tx,
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
}

impl Repeatable {
    /// `parts` are what has to be the same for the call to be the same: method, path and body.
    pub(crate) fn new(app: &App, scope: Scope<'_>, key: &str, parts: &[&[u8]]) -> Self {
        Self {
            scope: scope.to_text(),
            key_hash: app.secret.hash(Use::ReplyKey, &[key.as_bytes()]),
            fingerprint: app.secret.hash(Use::ReplyFingerprint, parts),
        }
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

/// Does `work`, or repeats what it was answered with. `work` [keeps](keep) its reply.
pub(crate) async fn once(
    app: &App,
    call: Option<&Repeatable>,
    work: impl Future<Output = Result<Reply>>,
) -> Result<Reply> {
    let Some(call) = call else { return work.await };
    if let Some(reply) = find(app, call).await? {
        return Ok(reply);
    }
    match work.await {
        Ok(reply) => Ok(reply),
        // Another call with this key may have been quicker, which is why this one found no more to do.
        Err(problem) => find(app, call).await?.ok_or(problem),
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
    let answers = &app.config.answers;
    let longest = [answers.request_lifetime, answers.max_valid_for, answers.keep_ended];
    let expires_at = longest.iter().fold(app.clock.now(), |sum, seconds| sum + i64::from(*seconds));
    let sealed = app.secret.seal(&call.context(), reply.body.as_bytes())?;
    let done = sqlx::query(
        "INSERT INTO replies (scope, key_hash, fingerprint, status, body, request, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (scope, key_hash) DO NOTHING",
    )
    .bind(&call.scope)
    .bind(call.key_hash.as_bytes())
    .bind(call.fingerprint.as_bytes())
    .bind(i64::from(reply.status.as_u16()))
    .bind(Base64UrlUnpadded::encode_string(&sealed))
    .bind(request)
    .bind(expires_at)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Problem::new(ProblemCode::WrongState, "The same call is being answered."));
    }
    Ok(())
}

/// Removes what a person's calls about a request were answered with: it holds the answer.
pub(crate) async fn forget(tx: &mut Tx, request: &str) -> Result<()> {
    sqlx::query("DELETE FROM replies WHERE scope = $1")
        .bind(Scope::Request(request).to_text())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn find(app: &App, call: &Repeatable) -> Result<Option<Reply>> {
    let row = sqlx::query("SELECT fingerprint, status, body FROM replies WHERE scope = $1 AND key_hash = $2")
        .bind(&call.scope)
        .bind(call.key_hash.as_bytes())
        .fetch_optional(app.db.reader())
        .await?;
    let Some(row) = row else { return Ok(None) };
    if !call.fingerprint.is(&row.try_get::<Vec<u8>, _>("fingerprint")?) {
        return Err(Problem::new(
            ProblemCode::KeyReused,
            "This Idempotency-Key came with another call before. Make a new key for each call.",
        ));
    }
    let broken = || Problem::new(ProblemCode::Internal, "The stored reply cannot be read.");
    let sealed = Base64UrlUnpadded::decode_vec(&row.try_get::<String, _>("body")?).map_err(|_| broken())?;
    let body = app.secret.open(&call.context(), &sealed)?;
    let status = u16::try_from(row.try_get::<i64, _>("status")?).map_err(|_| broken())?;
    Ok(Some(Reply {
        status: StatusCode::from_u16(status).map_err(|_| broken())?,
        body: String::from_utf8(body.to_vec()).map_err(|_| broken())?,
        code: None,
        repeated: true,
    }))
}
