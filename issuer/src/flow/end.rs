//! The end of a request without an answer.

use sqlx::{
    any::{Any, AnyArguments},
    query::Query,
};

use crate::{
    app::App,
    audit::{self, Entry, Event},
    db::Tx,
    problem::Result,
    replies, webhooks,
};

use super::{Kind, Request, State};

/// How long at least an entity is tried to be told of an end, in seconds, even where the request is not kept as long.
const TOLD_FOR: i64 = 3_600;

/// Ends a request that is open: erases what the person gave, notes it in the log, and has the entity told. Whether it was
/// still open.
pub(super) async fn end(tx: &mut Tx, app: &App, request: &Request, state: State) -> Result<bool> {
    let now = app.clock.now();
    let done = sqlx::query(
        "UPDATE requests SET state = $1, ended_at = $2, otp_hash = NULL, sealed = NULL, known_mobile = NULL, \
         corrections = 0 WHERE id = $3 AND state IN ('open', 'otp_sent')",
    )
    .bind(state.as_str())
    .bind(now)
    .bind(&request.id)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    replies::forget(tx, &request.id).await?;
    let (event, webhook) = match state {
        State::Declined => (Some(Event::Declined), "request.declined"),
        State::Failed => (Some(Event::Failed), "request.failed"),
        _ => (None, "request.expired"),
    };
    if let Some(event) = event {
        let entry = Entry {
            at: now,
            event,
            request: &request.id,
            entity: request.entity.as_deref(),
            purpose: &request.purpose,
            binding: request.binding.as_str(),
            token_hash: None,
        };
        audit::append(tx, &entry).await?;
    }
    if let (Kind::Request, Some(entity)) = (request.kind, &request.entity) {
        let until = now + i64::from(app.config.answers.keep_ended).max(TOLD_FOR);
        webhooks::enqueue(tx, &request.id, entity, webhook, app.clock.now_ms(), until).await?;
    }
    Ok(true)
}

/// Ends an answer that nobody acknowledged in its time: erases it, and what would tell of it again. The entity is not
/// told once more; it was told of the answer. How many webhooks it did not take, where the request was still answered.
pub(super) async fn end_answered(tx: &mut Tx, id: &str, now: i64) -> Result<Option<u64>> {
    let done = sqlx::query(
        "UPDATE requests SET state = 'expired', ended_at = $1, presentation = NULL, session_hash = NULL \
         WHERE id = $2 AND state = 'answered'",
    );
    erase(tx, id, done.bind(now).bind(id)).await
}

/// Ends a request whose row cannot be read, when its time is over: nothing that it holds stays. As
/// [`end_answered`].
pub(super) async fn end_unread(tx: &mut Tx, id: &str, now: i64) -> Result<Option<u64>> {
    let done = sqlx::query(
        "UPDATE requests SET state = 'expired', ended_at = $1, presentation = NULL, session_hash = NULL, \
         otp_hash = NULL, sealed = NULL, known_mobile = NULL, corrections = 0 \
         WHERE id = $2 AND state IN ('open', 'otp_sent', 'answered')",
    );
    erase(tx, id, done.bind(now).bind(id)).await
}

async fn erase(tx: &mut Tx, id: &str, end: Query<'_, Any, AnyArguments>) -> Result<Option<u64>> {
    let done = end.execute(&mut **tx).await?;
    replies::forget(tx, id).await?;
    let unsent = sqlx::query("DELETE FROM webhooks WHERE request = $1").bind(id).execute(&mut **tx).await?;
    Ok((done.rows_affected() > 0).then_some(unsent.rows_affected()))
}
