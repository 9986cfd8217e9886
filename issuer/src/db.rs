//! The database: SQLite in a file, or PostgreSQL that several instances share.
//!
//! One set of statements serves both, by what they have in common: `$1` placeholders, `ON CONFLICT`, `RETURNING`,
//! `BIGINT`, `TEXT` and bytes. Whatever changes something goes through [`Db::begin`]. SQLite has one writer, so that
//! its changes queue for one connection and none of them ever meets a locked file; readers have their own.
//!
//! Invariant: a connection in a pool is outside of any transaction, for the driver and for the database. A full disk or a
//! lack of memory makes SQLite undo a transaction by itself, and the driver goes on counting it; such a connection could
//! begin no other, so it is closed instead of kept ([`is_kept`]).

mod fault;
mod pooler;
mod schema;

use std::{fmt::Write as _, fs::File, io, path::Path, str::FromStr, time::Duration};

use sqlx::{
    AnyConnection, AnyPool, Connection, Row, Transaction,
    any::{Any, AnyConnectOptions, AnyPoolOptions},
};

use tokio::time::timeout;

pub(crate) use fault::Fault;
pub(crate) use schema::{Opens, OtherVersion};

/// A transaction. Dropped without `commit`, it leaves nothing behind.
pub(crate) type Tx = Transaction<'static, Any>;

/// Which of the two databases it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// Why the database does not open. Its text says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// It failed.
    #[error("{}", Fault::of(.0))]
    Failed(#[from] sqlx::Error),
    /// Its tables are of another version, or of another program.
    #[error(transparent)]
    Version(#[from] OtherVersion),
}

/// The pools of connections.
#[derive(Clone, Debug)]
pub(crate) struct Db {
    dialect: Dialect,
    readers: AnyPool,
    writers: AnyPool,
}

impl Db {
    /// Connects to `sqlite:FILE` or `postgres://...`, and makes file and tables if there are none. The service also
    /// brings the tables up to date.
    pub(crate) async fn open(url: &str, connections: u32, opens: Opens) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        let dialect = match url.split(':').next() {
            Some("sqlite") => Dialect::Sqlite,
            Some("postgres" | "postgresql") => Dialect::Postgres,
            _ => {
                return Err(sqlx::Error::Configuration(
                    "the URL starts with neither sqlite: nor postgres:".into(),
                )
                .into());
            }
        };
        let db = match dialect {
            Dialect::Sqlite => {
                make_private_file(url)?;
                let options = AnyConnectOptions::from_str(&driver_url(url))?;
                // By itself: the pool would try again and again, and then not say why.
                let mut first = AnyConnection::connect_with(&options).await?;
                schema::refuse_foreign_file(&mut first).await?;
                set_up(&mut first).await?;
                first.close().await?;
                // The writer first: it is what turns the file to WAL.
                let writers = sqlite_pool(1).connect_with(options.clone()).await?;
                Self { dialect, writers, readers: sqlite_pool(connections).connect_with(options).await? }
            }
            Dialect::Postgres => {
                let options = AnyConnectOptions::from_str(url)?;
                let pool = match pool(connections).connect_with(options.clone()).await {
                    // It tried again until its time was over: a server that is starting may come. Now for the reason.
                    Err(sqlx::Error::PoolTimedOut) => {
                        timeout(ACQUIRE_TIMEOUT, AnyConnection::connect_with(&options))
                            .await
                            .map_err(|_| sqlx::Error::PoolTimedOut)??;
                        return Err(sqlx::Error::PoolTimedOut.into());
                    }
                    pool => pool?,
                };
                pooler::try_out(&pool, &options).await?;
                Self { dialect, readers: pool.clone(), writers: pool }
            }
        };
        schema::prepare(&db, opens).await?;
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

    /// Whether the database has a clock of its own: it may be on another machine, and other instances use it, too.
    pub(crate) fn has_clock(&self) -> bool {
        self.dialect == Dialect::Postgres
    }

    /// The time by the database's own clock, in milliseconds since 1970; `None` if it has no clock.
    pub(crate) async fn clock_ms(&self) -> Result<Option<i64>, sqlx::Error> {
        if !self.has_clock() {
            return Ok(None);
        }
        let statement = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now_ms";
        sqlx::query(statement).fetch_one(&self.readers).await?.try_get("now_ms").map(Some)
    }

    /// The newest moment at which something was written, in seconds since 1970; 0 if nothing was.
    pub(crate) async fn newest_time(&self) -> Result<i64, sqlx::Error> {
        let statement = "SELECT COALESCE(MAX(at), 0) AS newest FROM (SELECT MAX(created_at) AS at FROM requests \
                         UNION ALL SELECT at FROM audit WHERE seq = (SELECT seq FROM audit_head)) AS times";
        sqlx::query(statement).fetch_one(&self.readers).await?.try_get("newest")
    }

    /// Writes and commits a row that means nothing, to learn whether the database takes changes: a full disk and a server
    /// that only reads answer every question. The sweeper removes the row like an old limit.
    pub(crate) async fn try_write(&self, now_ms: i64) -> Result<(), sqlx::Error> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO limits (key, full_at_ms) VALUES ($1, $2) \
             ON CONFLICT (key) DO UPDATE SET full_at_ms = excluded.full_at_ms",
        )
        .bind(&b"readiness"[..])
        .bind(now_ms)
        .execute(&mut *tx)
        .await?;
        tx.commit().await
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
    pub(crate) fn is_postgres(&self) -> bool {
        self.dialect == Dialect::Postgres
    }

    /// Waits for what is under way, and closes.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }
}

/// The kind of a failure in one word, for the log.
pub(crate) fn kind(error: &sqlx::Error) -> &'static str {
    Fault::of(error).as_str()
}

/// Whether PostgreSQL ended the transaction so that another could go on: a deadlock, or a serialisation failure. The same
/// may work at once.
pub(crate) fn is_conflict(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == "40P01" || code == "40001")
}

fn pool(connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_release(|connection, _| Box::pin(is_kept(connection)))
}

/// Whether the pool keeps a connection that comes back: only if its transaction has ended for the driver as well.
async fn is_kept(connection: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    // The driver undoes a dropped transaction in the background, before it answers this.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

fn sqlite_pool(connections: u32) -> AnyPoolOptions {
    pool(connections).after_connect(|connection, _| Box::pin(set_up(connection)))
}

async fn set_up(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    for pragma in SQLITE_PRAGMAS {
        sqlx::query(pragma).execute(&mut *connection).await?;
    }
    Ok(())
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
    sqlite_file(url).is_none_or(Path::exists)
}

/// The file of `sqlite:FILE`: everything behind the colon, as the operator wrote it. `%`, `?` and `#` are characters like
/// any other.
pub(crate) fn sqlite_file(url: &str) -> Option<&Path> {
    url.strip_prefix("sqlite:").map(Path::new)
}

/// The URL that makes the driver open exactly the file of `sqlite:FILE`.
///
/// The driver decodes percent signs and cuts the URL at `?` and `#`. The URL parser drops `..`, unless the path has no
/// slash, and SQLite takes a name for a URI if it starts with `file:`.
fn driver_url(url: &str) -> String {
    let Some(file) = url.strip_prefix("sqlite:") else { return url.to_owned() };
    let here = if Path::new(file).is_relative() { "./" } else { "" };
    let mut encoded = String::from("sqlite:");
    for byte in here.bytes().chain(file.bytes()) {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            // `String` takes whatever is written.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Makes the file if there is none, readable by its owner alone. SQLite gives its journal the same rights.
fn make_private_file(url: &str) -> Result<(), sqlx::Error> {
    let Some(file) = sqlite_file(url) else { return Ok(()) };
    private_file(file).map(drop).map_err(sqlx::Error::Io)
}

/// Opens a file for appending. A new one is readable by its owner alone. What is there must be a regular file: a pipe would
/// block until its other end is opened.
pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    if std::fs::metadata(path).is_ok_and(|about| !about.is_file()) {
        // The nearest kind that the standard library has: `Fault::of_io` says that the file cannot be opened.
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sqlite() -> (tempfile::TempDir, Db) {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("t.db").display());
        let db = Db::open(&url, 4, Opens::Service).await.expect("it opens");
        (folder, db)
    }

    #[tokio::test]
    async fn the_path_that_is_written_is_the_file_that_is_opened() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("in")).expect("made");
        for name in [
            "a%20b.db",
            "a b.db",
            "a?b.db",
            "a#b.db",
            "100%.db",
            "%2e.db",
            "in/../up.db",
            "\u{928}\u{93e}\u{92e}.db",
            "a:b+c&d=e.db",
            "file:x.db",
            "\"q'.db",
        ] {
            let path = folder.path().join(name);
            let url = format!("sqlite:{}", path.display());
            assert!(!is_there(&url), "{name}");
            Db::open(&url, 1, Opens::Service).await.expect(name).close().await;
            assert!(path.is_file() && is_there(&url), "{name}");
            // The tables are in that file, not in another beside it.
            assert!(path.metadata().expect(name).len() > 0, "{name}");
        }
        let names = std::fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(names, 12, "each file, the folder, and nothing else");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_pipe_is_no_database_and_blocks_nobody() {
        use crate::test_support::{at_once, make_pipe};

        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        make_pipe(&pipe);
        let refused = at_once(move || private_file(&pipe)).expect_err("it is no file");
        assert_eq!(Fault::of_io(&refused), Fault::CannotOpen);
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
        // Nobody waited for the lock, which takes ten seconds.
        assert!(start.elapsed() < Duration::from_secs(9), "{:?}", start.elapsed());
        drop(reader);
        assert!(db.empty_journal().await.expect("it is told"));
    }

    /// As many rows as need more pages than the file may have.
    async fn overfill(tx: &mut Tx) -> sqlx::Result<()> {
        for number in 0..1_000_i64 {
            let statement = "INSERT INTO limits (key, full_at_ms) VALUES (zeroblob(3000 + $1), 0)";
            sqlx::query(statement).bind(number).execute(&mut **tx).await?;
        }
        Ok(())
    }

    #[tokio::test]
    async fn write_after_sqlite_undid_a_transaction_by_itself_works() {
        let (_folder, db) = sqlite().await;
        for _ in 0..3 {
            let mut tx = db.begin().await.expect("begins");
            sqlx::query("PRAGMA max_page_count = 60").execute(&mut *tx).await.expect("set");
            let error = overfill(&mut tx).await.expect_err("the file may not grow");
            assert_eq!(Fault::of(&error), Fault::Full);
            drop(tx);
            db.try_write(1).await.expect("another connection writes");
        }
        let mut tx = db.begin().await.expect("begins");
        sqlx::query("PRAGMA max_page_count = 60").execute(&mut *tx).await.expect("set");
        overfill(&mut tx).await.expect_err("the file may not grow");
        assert!(tx.rollback().await.is_err(), "SQLite has undone it");
        db.try_write(2).await.expect("another connection writes");
        let rows =
            sqlx::query("SELECT COUNT(*) AS rows FROM limits").fetch_one(db.reader()).await.expect("a row");
        assert_eq!(rows.get::<i64, _>("rows"), 1, "nothing is left of what failed");
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
