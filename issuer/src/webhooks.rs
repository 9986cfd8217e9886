//! Webhooks to verifying entities: an outbox in the database, and the worker that empties it.

use crate::db::Tx;

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
