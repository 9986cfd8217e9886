//! The database: SQLite in a file, or PostgreSQL that several instances share.
//!
//! One set of statements serves both, by what they have in common: `$1` placeholders, `ON CONFLICT`, `RETURNING`,
//! `BIGINT`, `TEXT` and bytes. Whatever changes something goes through [`Db::begin`]. SQLite has one writer, so that
//! its changes queue for one connection and none of them ever meets a locked file; readers have their own.

use std::{path::Path, str::FromStr, time::Duration};

use sqlx::{
    AnyPool, Row, Transaction,
    any::{Any, AnyConnectOptions, AnyPoolOptions},
    migrate::{Migration, MigrationType, Migrator},
};

/// A transaction. Dropped without `commit`, it leaves nothing behind.
pub(crate) type Tx = Transaction<'static, Any>;

/// Which of the two databases it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// The pools of connections.
#[derive(Clone, Debug)]
pub(crate) struct Db {
    dialect: Dialect,
    readers: AnyPool,
    writers: AnyPool,
}

impl Db {
    /// Connects to `sqlite:FILE` or `postgres://...`, makes the file where there is none, and brings the tables up to
    /// date.
    pub(crate) async fn open(url: &str, connections: u32) -> Result<Self, sqlx::Error> {
        sqlx::any::install_default_drivers();
        let dialect = match url.split(':').next() {
            Some("sqlite") => Dialect::Sqlite,
            Some("postgres" | "postgresql") => Dialect::Postgres,
            _ => {
                return Err(sqlx::Error::Configuration(
                    "the URL starts with neither sqlite: nor postgres:".into(),
                ));
            }
        };
        let db = match dialect {
            Dialect::Sqlite => {
                make_private_file(url)?;
                let options = AnyConnectOptions::from_str(url)?;
                // The writer first: it is what turns the file to WAL.
                let writers = sqlite_pool(1).connect_with(options.clone()).await?;
                Self { dialect, writers, readers: sqlite_pool(connections).connect_with(options).await? }
            }
            Dialect::Postgres => {
                let pool = AnyPoolOptions::new()
                    .max_connections(connections)
                    .acquire_timeout(ACQUIRE_TIMEOUT)
                    .connect_with(AnyConnectOptions::from_str(url)?)
                    .await?;
                Self { dialect, readers: pool.clone(), writers: pool }
            }
        };
        migrations(dialect).run(&db.writers).await?;
        Ok(db)
    }

    /// For reading.
    pub(crate) fn reader(&self) -> &AnyPool {
        &self.readers
    }

    /// For changes: all of them or none.
    pub(crate) async fn begin(&self) -> Result<Tx, sqlx::Error> {
        match self.dialect {
            // Takes the write lock at once: one that is taken later can fail with what was read being old.
            Dialect::Sqlite => self.writers.begin_with("BEGIN IMMEDIATE").await,
            Dialect::Postgres => self.writers.begin().await,
        }
    }

    /// For changes that are prepared for long: all of them or none. SQLite's write lock is taken with the first change of
    /// a table that is not temporary, which must come before anything is read.
    pub(crate) async fn begin_later(&self) -> Result<Tx, sqlx::Error> {
        self.writers.begin().await
    }

    /// Moves the journal into the file and empties it, so that nothing that was removed stays there. Of no use, and
    /// nothing, with PostgreSQL.
    ///
    /// `false` where it could not be emptied, since somebody reads pages that are only there: nobody waits for that, and
    /// no call behind this on the only writer.
    pub(crate) async fn empty_journal(&self) -> Result<bool, sqlx::Error> {
        if self.dialect != Dialect::Sqlite {
            return Ok(true);
        }
        let mut writer = self.writers.acquire().await?;
        sqlx::query("PRAGMA busy_timeout = 20").execute(&mut *writer).await?;
        let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *writer).await;
        sqlx::query(BUSY_TIMEOUT).execute(&mut *writer).await?;
        Ok(row?.try_get::<i64, _>("busy")? == 0)
    }

    /// What ends a `SELECT` of the rows that a statement over many of them changes, in an order that others do not keep:
    /// it waits for none that somebody else has locked. In SQLite nobody else has.
    pub(crate) fn skip_locked(&self) -> &'static str {
        match self.dialect {
            Dialect::Sqlite => "",
            Dialect::Postgres => " FOR UPDATE SKIP LOCKED",
        }
    }

    /// Whether it is PostgreSQL.
    #[cfg(test)]
    pub(crate) fn is_postgres(&self) -> bool {
        self.dialect == Dialect::Postgres
    }

    /// Waits for what is under way, and closes.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }
}

/// What kind of failure it is, for a log or a message: the text of a database can hold values.
pub(crate) fn kind(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) => "connection",
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => "pool",
        sqlx::Error::Database(_) => "refused",
        _ => "statement",
    }
}

/// Whether PostgreSQL ended the transaction so that another could go on: a deadlock, or a serialisation failure. The same
/// may work at once.
pub(crate) fn is_conflict(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == "40P01" || code == "40001")
}

fn sqlite_pool(connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE_TIMEOUT).after_connect(
        |connection, _| {
            Box::pin(async move {
                for pragma in SQLITE_PRAGMAS {
                    sqlx::query(pragma).execute(&mut *connection).await?;
                }
                Ok(())
            })
        },
    )
}

/// `secure_delete` overwrites what is removed. `FULL` makes a commit outlive a loss of power, since an answer may have
/// been given right after it.
const SQLITE_PRAGMAS: [&str; 5] = [
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA foreign_keys = ON",
    BUSY_TIMEOUT,
];

const BUSY_TIMEOUT: &str = "PRAGMA busy_timeout = 10000";

/// How long a call waits for a connection.
pub(crate) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether the file of this URL is there; PostgreSQL says so itself.
pub(crate) fn is_there(url: &str) -> bool {
    !url.starts_with("sqlite:") || file(url).exists()
}

fn file(url: &str) -> &Path {
    let name = url.trim_start_matches("sqlite:").trim_start_matches("//");
    Path::new(name.split('?').next().unwrap_or(name))
}

/// Makes the file where there is none, readable by its owner alone. SQLite gives its journal the same rights.
fn make_private_file(url: &str) -> Result<(), sqlx::Error> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file(url)).map(drop).map_err(sqlx::Error::Io)
}

fn migrations(dialect: Dialect) -> Migrator {
    let start = match dialect {
        Dialect::Sqlite => include_str!("../migrations/sqlite/0001_start.sql"),
        Dialect::Postgres => include_str!("../migrations/postgres/0001_start.sql"),
    };
    Migrator::with_migrations(vec![Migration::new(
        1,
        "start".into(),
        MigrationType::Simple,
        sqlx::SqlSafeStr::into_sql_str(start),
        false,
    )])
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sqlite() -> (tempfile::TempDir, Db) {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("t.db").display());
        let db = Db::open(&url, 4).await.expect("it opens");
        (folder, db)
    }

    #[tokio::test]
    async fn the_audit_log_takes_no_change_and_no_removal() {
        let (_folder, db) = sqlite().await;
        let mut tx = db.begin().await.expect("begins");
        sqlx::query(
            "INSERT INTO audit (seq, at, event, request, purpose, binding, previous, hash) \
             VALUES ($1, 0, 'consented', 'r', 'p', 'none', $2, $2)",
        )
        .bind(1_i64)
        .bind(&[0_u8; 32][..])
        .execute(&mut *tx)
        .await
        .expect("an entry");
        let replace = "INSERT OR REPLACE INTO audit SELECT seq, 1, event, request, entity, purpose, binding, \
                       token_hash, previous, hash FROM audit";
        for change in ["UPDATE audit SET at = 1", "DELETE FROM audit", replace] {
            assert!(sqlx::query(change).execute(&mut *tx).await.is_err(), "{change}");
        }
    }

    #[tokio::test]
    async fn who_reads_for_long_keeps_no_one_from_writing() {
        let (_folder, db) = sqlite().await;
        let change = "UPDATE audit_head SET seq = seq + 1";
        let mut reader = db.reader().begin().await.expect("begins");
        sqlx::query("SELECT seq FROM audit_head").fetch_one(&mut *reader).await.expect("a row");
        let mut tx = db.begin().await.expect("begins");
        sqlx::query(change).execute(&mut *tx).await.expect("changes");
        tx.commit().await.expect("commits");
        let start = std::time::Instant::now();
        assert!(!db.empty_journal().await.expect("it is told"), "somebody reads the old pages");
        let mut tx = db.begin().await.expect("begins");
        sqlx::query(change).execute(&mut *tx).await.expect("changes");
        tx.commit().await.expect("commits");
        assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
        drop(reader);
        assert!(db.empty_journal().await.expect("it is told"));
    }

    #[tokio::test]
    async fn what_is_dropped_is_not_kept() {
        let (_folder, db) = sqlite().await;
        let mut tx = db.begin().await.expect("begins");
        let row = sqlx::query("UPDATE audit_head SET seq = seq + 1 RETURNING seq")
            .fetch_one(&mut *tx)
            .await
            .expect("a row");
        assert_eq!(row.get::<i64, _>("seq"), 1);
        drop(tx);
        let row = sqlx::query("SELECT seq FROM audit_head").fetch_one(db.reader()).await.expect("a row");
        assert_eq!(row.get::<i64, _>("seq"), 0);
    }
}
