//! The log of consents and refusals: append-only, each entry holding the hash of the one before.
//!
//! No name, no number, no status is in it. Entries are appended in the transaction of what they tell, so that there is
//! neither an answer without its consent nor a consent that was rolled back.
//!
//! The head, in a table of its own, names the last entry: without it, a log whose end was cut off would look whole. Who
//! can write to the database can make a new chain and a new head; against that, an operator keeps the head elsewhere from
//! time to time and has it looked for ([`Head`]).

use std::{fmt, str::FromStr};

use ciborium::Value;
use futures_util::TryStreamExt;
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::{Row, any::AnyRow};

use crate::{
    admin::{Admin, AdminError},
    db::{Db, Tx},
};

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
    let hash = hash(&Hashed {
        seq,
        at: entry.at,
        event,
        request: entry.request,
        entity: entry.entity,
        purpose: entry.purpose,
        binding: entry.binding,
        token_hash: entry.token_hash.as_ref().map(<[u8; 32]>::as_slice),
        previous: &previous,
    });
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

/// What the hash of an entry is over.
struct Hashed<'a> {
    seq: i64,
    at: i64,
    event: &'a str,
    request: &'a str,
    entity: Option<&'a str>,
    purpose: &'a str,
    binding: &'a str,
    token_hash: Option<&'a [u8]>,
    previous: &'a [u8],
}

/// SHA-256 over the deterministic encoding (RFC 8949 section 4.2.1) of the entry and the hash before it.
fn hash(entry: &Hashed<'_>) -> [u8; 32] {
    let value = Value::Array(vec![
        "kycvs/audit/1".into(),
        entry.seq.into(),
        entry.at.into(),
        entry.event.into(),
        entry.request.into(),
        entry.entity.map_or(Value::Null, Value::from),
        entry.purpose.into(),
        entry.binding.into(),
        entry.token_hash.map_or(Value::Null, Value::from),
        entry.previous.into(),
    ]);
    let mut bytes = Vec::new();
    // Arrays of texts, bytes and integers have one encoding in ciborium, which is the deterministic one.
    ciborium::into_writer(&value, &mut bytes)
        .unwrap_or_else(|_| unreachable!("a Vec takes all that is written"));
    Sha256::digest(&bytes).into()
}

/// The place and the hash of an entry, written `SEQ:HASH`; that of the last one stands for the whole log. An empty log has
/// number 0 and a hash of zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The entry's number; the first is 1.
    pub seq: i64,
    /// Its hash.
    pub hash: [u8; 32],
}

impl Head {
    const EMPTY: Self = Self { seq: 0, hash: [0; 32] };
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, hex::encode(self.hash))
    }
}

impl FromStr for Head {
    type Err = BadHead;

    fn from_str(text: &str) -> Result<Self, BadHead> {
        let (seq, hash) = text.split_once(':').ok_or(BadHead)?;
        let seq = seq.parse().ok().filter(|seq| (0..=i64::MAX).contains(seq)).ok_or(BadHead)?;
        let mut head = Self { seq, ..Self::EMPTY };
        hex::decode_to_slice(hash, &mut head.hash).map_err(|_| BadHead)?;
        Ok(head)
    }
}

/// The text is no head of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is SEQ:HASH, as `kycvs audit verify` prints it")]
pub struct BadHead;

/// What an audit log was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every entry is as it was written, and none is missing.
    Whole(Head),
    /// The first entry that is not as it was written.
    Broken {
        /// Its number.
        seq: i64,
        /// What is wrong with it.
        fault: Fault,
    },
}

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// There is none of this number.
    Missing,
    /// It was changed, or does not follow the one before it.
    Changed,
    /// A value has a type that no entry has.
    Unreadable,
    /// It stands before the first entry or behind the head: nothing that the service wrote.
    Inserted,
    /// The head does not name it.
    NotTheHead,
    /// It is another one than the operator noted.
    NotAsNoted,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "it is missing",
            Self::Changed => "it was changed, or does not follow the one before it",
            Self::Unreadable => "it cannot be read as an entry",
            Self::Inserted => "it was put in where the service wrote none",
            Self::NotTheHead => "it is the last one, and not the one that the head names",
            Self::NotAsNoted => "it is not the one that was noted",
        })
    }
}

/// So many entries are read at a time.
const PAGE: usize = 1_000;

/// Computes the whole log again, however long it is, while the service may go on writing. `noted` is a head that this log
/// had at an earlier time. `progress` is told the number of each entry that was found good.
///
/// # Errors
/// Where the database is away.
pub async fn verify(
    admin: &Admin,
    noted: Option<Head>,
    mut progress: impl FnMut(i64),
) -> Result<Verdict, AdminError> {
    let mut chain = Chain { last: Head::EMPTY, noted };
    if noted.is_some_and(|noted| noted.seq == 0 && noted != Head::EMPTY) {
        return Ok(Verdict::Broken { seq: 0, fault: Fault::NotAsNoted });
    }
    if let Some(seq) = before_the_first(&admin.db).await? {
        return Ok(Verdict::Broken { seq, fault: Fault::Inserted });
    }
    loop {
        // Read before the entries, so that each entry that it counts can be seen.
        let head = read_head(&admin.db).await?;
        let before = chain.last.seq;
        if let Err(broken) = chain.extend(&admin.db, &mut progress).await? {
            return Ok(broken);
        }
        if chain.last.seq == before {
            return Ok(chain.ends_with(head));
        }
    }
}

/// Numbers begin at 1.
async fn before_the_first(db: &Db) -> sqlx::Result<Option<i64>> {
    let row = sqlx::query("SELECT seq FROM audit WHERE seq < 1 ORDER BY seq LIMIT 1");
    row.fetch_optional(db.reader()).await?.map(|row| row.try_get("seq")).transpose()
}

async fn read_head(db: &Db) -> sqlx::Result<Option<Head>> {
    let row =
        sqlx::query("SELECT seq, hash FROM audit_head WHERE id = 1").fetch_optional(db.reader()).await?;
    let Some(row) = row else { return Ok(None) };
    let read = || {
        Some(Head {
            seq: row.try_get("seq").ok()?,
            hash: row.try_get::<Vec<u8>, _>("hash").ok()?.try_into().ok()?,
        })
    };
    Ok(read())
}

/// The entries that were found good.
struct Chain {
    last: Head,
    noted: Option<Head>,
}

impl Chain {
    /// Follows the next entries, up to a page of them.
    async fn extend(&mut self, db: &Db, progress: &mut impl FnMut(i64)) -> sqlx::Result<Result<(), Verdict>> {
        let mut rows = sqlx::query(
            "SELECT seq, at, event, request, entity, purpose, binding, token_hash, previous, hash \
             FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2",
        )
        .bind(self.last.seq)
        .bind(i64::try_from(PAGE).unwrap_or(i64::MAX))
        .fetch(db.reader());
        loop {
            let row = match rows.try_next().await {
                Ok(Some(row)) => row,
                Ok(None) => return Ok(Ok(())),
                // SQLite takes a value of any type in any column.
                Err(error) if is_of_a_value(&error) => return Ok(Err(self.broken(Fault::Unreadable))),
                Err(error) => return Err(error),
            };
            match self.follow(&row) {
                Ok(()) => progress(self.last.seq),
                Err(fault) => return Ok(Err(self.broken(fault))),
            }
        }
    }

    /// Whether the row is the next entry.
    fn follow(&mut self, row: &AnyRow) -> Result<(), Fault> {
        let seq: i64 = row.try_get("seq").map_err(|_| Fault::Unreadable)?;
        if seq != self.last.seq + 1 {
            return Err(Fault::Missing);
        }
        let (computed, hash, previous) = recompute(seq, row).map_err(|_| Fault::Unreadable)?;
        if hash != computed || previous != self.last.hash {
            return Err(Fault::Changed);
        }
        let entry = Head { seq, hash: computed };
        if self.noted.is_some_and(|noted| noted.seq == seq && noted != entry) {
            return Err(Fault::NotAsNoted);
        }
        self.last = entry;
        Ok(())
    }

    /// Whether there is nothing behind the last entry; `head` was read before it was seen to be the last.
    fn ends_with(&self, head: Option<Head>) -> Verdict {
        let at_last = |fault| Verdict::Broken { seq: self.last.seq, fault };
        match head {
            Some(head) if head.seq > self.last.seq => self.broken(Fault::Missing),
            Some(head) if head.seq < self.last.seq => {
                Verdict::Broken { seq: head.seq + 1, fault: Fault::Inserted }
            }
            Some(head) if head == self.last => match self.noted {
                Some(noted) if noted.seq > self.last.seq => self.broken(Fault::Missing),
                _ => Verdict::Whole(self.last),
            },
            _ => at_last(Fault::NotTheHead),
        }
    }

    fn broken(&self, fault: Fault) -> Verdict {
        Verdict::Broken { seq: self.last.seq + 1, fault }
    }
}

/// The hash that a row should have, the one that it has, and the one that it says was before it.
fn recompute(seq: i64, row: &AnyRow) -> sqlx::Result<([u8; 32], Vec<u8>, Vec<u8>)> {
    let text = |column| row.try_get::<String, _>(column);
    let (event, request, purpose, binding) =
        (text("event")?, text("request")?, text("purpose")?, text("binding")?);
    let entity: Option<String> = row.try_get("entity")?;
    let token_hash: Option<Vec<u8>> = row.try_get("token_hash")?;
    let previous: Vec<u8> = row.try_get("previous")?;
    let computed = hash(&Hashed {
        seq,
        at: row.try_get("at")?,
        event: &event,
        request: &request,
        entity: entity.as_deref(),
        purpose: &purpose,
        binding: &binding,
        token_hash: token_hash.as_deref(),
        previous: &previous,
    });
    Ok((computed, row.try_get("hash")?, previous))
}

fn is_of_a_value(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::AnyDriverError(_)
    )
}

#[cfg(test)]
mod tests;
