//! The log of consents and refusals: append-only, each entry holding the hash of the one before.
//!
//! No name, no number, no status is in it. Entries are appended in the transaction of what they tell, so that there is
//! neither an answer without its consent nor a consent that was rolled back.

use ciborium::Value;
use sha2::{Digest, Sha256};
use sqlx::Row;

use crate::db::Tx;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A person entered the right password, and an answer was signed.
    Consented,
    /// A person refused.
    Declined,
    /// The tries were used up.
    Failed,
}

impl Event {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Consented => "consented",
            Self::Declined => "declined",
            Self::Failed => "failed",
        }
    }
}

/// One entry, before it has its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    /// Seconds since 1970.
    pub(crate) at: i64,
    pub(crate) event: Event,
    /// The request's id.
    pub(crate) request: &'a str,
    /// The verifying entity, or none for an open pass.
    pub(crate) entity: Option<&'a str>,
    pub(crate) purpose: &'a str,
    pub(crate) binding: &'a str,
    /// SHA-256 of the token, where one was signed.
    pub(crate) token_hash: Option<[u8; 32]>,
}

/// The place of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) seq: i64,
    pub(crate) hash: [u8; 32],
}

/// Appends an entry. Until the transaction ends, no other can be appended.
pub(crate) async fn append(tx: &mut Tx, entry: &Entry<'_>) -> sqlx::Result<Receipt> {
    // Takes the head before it is read, so that instances which share a database queue here.
    let head = sqlx::query("UPDATE audit_head SET seq = seq + 1 WHERE id = 1 RETURNING seq, hash")
        .fetch_one(&mut **tx)
        .await?;
    let (seq, previous): (i64, Vec<u8>) = (head.try_get("seq")?, head.try_get("hash")?);
    let event = entry.event.as_str();
    let hash = hash(seq, entry.at, event, entry, &previous);
    sqlx::query(
        "INSERT INTO audit (seq, at, event, request, entity, purpose, binding, token_hash, previous, hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(seq)
    .bind(entry.at)
    .bind(event)
    .bind(entry.request)
    .bind(entry.entity)
    .bind(entry.purpose)
    .bind(entry.binding)
    .bind(entry.token_hash.map(Vec::from))
    .bind(previous)
    .bind(&hash[..])
    .execute(&mut **tx)
    .await?;
    sqlx::query("UPDATE audit_head SET hash = $1 WHERE id = 1").bind(&hash[..]).execute(&mut **tx).await?;
    Ok(Receipt { seq, hash })
}

/// SHA-256 over the deterministic encoding (RFC 8949 section 4.2.1) of the entry and the hash before it.
fn hash(seq: i64, at: i64, event: &str, entry: &Entry<'_>, previous: &[u8]) -> [u8; 32] {
    let optional = |value: Option<Value>| value.unwrap_or(Value::Null);
    let value = Value::Array(vec![
        "kycvs/audit/1".into(),
        seq.into(),
        at.into(),
        event.into(),
        entry.request.into(),
        optional(entry.entity.map(Value::from)),
        entry.purpose.into(),
        entry.binding.into(),
        optional(entry.token_hash.map(|hash| Value::Bytes(hash.to_vec()))),
        Value::Bytes(previous.to_vec()),
    ]);
    let mut bytes = Vec::new();
    // Arrays of texts, bytes and integers have one encoding in ciborium, which is the deterministic one.
    ciborium::into_writer(&value, &mut bytes)
        .unwrap_or_else(|_| unreachable!("a Vec takes all that is written"));
    Sha256::digest(&bytes).into()
}
