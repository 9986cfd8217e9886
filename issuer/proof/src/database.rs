//! The service's database as seen from outside: what stands in it, read directly.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::any::{AnyConnectOptions, AnyRow};
use sqlx::{AnyConnection, Connection, Executor, Row, SqlSafeStr};

use crate::Result;

/// Which database a proof runs on.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// A file of its own in the proof's folder.
    Sqlite,
    /// A database of its own on this server, `postgres://USER@HOST:PORT`.
    Postgres(String),
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "sqlite" => Ok(Self::Sqlite),
            _ if text.starts_with("postgres://") => Ok(Self::Postgres(text.trim_end_matches('/').to_owned())),
            _ => Err("sqlite, or postgres://USER@HOST:PORT of a server".to_owned()),
        }
    }
}

impl Kind {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }
}

/// One database.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    url: String,
    file: Option<PathBuf>,
}

/// An entry of the audit log.
pub(crate) struct Entry {
    pub(crate) event: String,
    pub(crate) request: String,
    pub(crate) token_hash: Option<Vec<u8>>,
}

impl Database {
    /// A new and empty one.
    pub(crate) async fn new(kind: &Kind, folder: &Path) -> Result<Self> {
        sqlx::any::install_default_drivers();
        match kind {
            Kind::Sqlite => {
                let file = folder.join("kycvs.db");
                Ok(Self { url: format!("sqlite:{}", file.display()), file: Some(file) })
            }
            Kind::Postgres(server) => {
                let mut random = [0; 6];
                getrandom::fill(&mut random)?;
                let name = format!("proof_{}", hex::encode(random));
                let mut connection = connect(&format!("{server}/postgres")).await?;
                run(&mut connection, &format!("CREATE DATABASE {name}")).await?;
                Ok(Self { url: format!("{server}/{name}"), file: None })
            }
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The file and its journal's files, with SQLite.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let Some(file) = &self.file else { return Vec::new() };
        let beside = |suffix: &str| PathBuf::from(format!("{}{suffix}", file.display()));
        [file.clone(), beside("-wal"), beside("-shm")].into_iter().filter(|file| file.exists()).collect()
    }

    /// How many requests are in each state.
    pub(crate) async fn states(&self) -> Result<Vec<(String, i64)>> {
        let rows =
            self.rows("SELECT state, COUNT(*) AS n FROM requests GROUP BY state ORDER BY state").await?;
        rows.iter().map(|row| Ok((row.try_get("state")?, row.try_get("n")?))).collect()
    }

    /// The state of each request.
    pub(crate) async fn state_of_each(&self) -> Result<Vec<(String, String)>> {
        let rows = self.rows("SELECT id, state FROM requests").await?;
        rows.iter().map(|row| Ok((row.try_get("id")?, row.try_get("state")?))).collect()
    }

    /// The whole audit log.
    pub(crate) async fn audit(&self) -> Result<Vec<Entry>> {
        let rows = self.rows("SELECT event, request, token_hash FROM audit ORDER BY seq").await?;
        let entry = |row: &AnyRow| {
            Ok(Entry {
                event: row.try_get("event")?,
                request: row.try_get("request")?,
                token_hash: row.try_get("token_hash")?,
            })
        };
        rows.iter().map(entry).collect()
    }

    /// The one number that a statement gives.
    pub(crate) async fn number(&self, sql: &str) -> Result<i64> {
        let rows = self.rows(sql).await?;
        let row = rows.first().ok_or("a statement without a row")?;
        Ok(row.try_get(0)?)
    }

    /// The bytes of a column that are not null.
    pub(crate) async fn blobs(&self, sql: &str) -> Result<Vec<Vec<u8>>> {
        let rows = self.rows(sql).await?;
        Ok(rows.iter().filter_map(|row| row.try_get::<Option<Vec<u8>>, _>(0).ok().flatten()).collect())
    }

    /// Runs statements of the proof's own, one after the other.
    pub(crate) async fn run(&self, statements: &[&str]) -> Result<()> {
        let mut connection = connect(&self.url).await?;
        for sql in statements {
            run(&mut connection, sql).await?;
        }
        Ok(connection.close().await?)
    }

    async fn rows(&self, sql: &str) -> Result<Vec<AnyRow>> {
        // A connection for each look: one that stays would keep SQLite from emptying its journal.
        let mut connection = connect(&self.url).await?;
        let rows = sqlx::query(statement(sql)).fetch_all(&mut connection).await?;
        connection.close().await?;
        Ok(rows)
    }
}

async fn connect(url: &str) -> Result<AnyConnection> {
    Ok(AnyConnection::connect_with(&AnyConnectOptions::from_str(url)?).await?)
}

async fn run(connection: &mut AnyConnection, sql: &str) -> Result<()> {
    connection.execute(sqlx::raw_sql(statement(sql))).await?;
    Ok(())
}

/// Every statement here is made of the proof's own words.
fn statement(sql: &str) -> sqlx::SqlStr {
    sqlx::AssertSqlSafe(sql.to_owned()).into_sql_str()
}
