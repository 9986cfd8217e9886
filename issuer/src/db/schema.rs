//! The version of the tables, and that only a service that starts changes it.
//!
//! A command that runs beside the service must not change the tables under it. So `kycvs serve` brings them up to date, and
//! every other command refuses tables of another version; both make them if there are none.
//!
//! Tables of another program are never changed. A file is refused if it holds any and none of ours. A schema of PostgreSQL
//! may hold them, unless they have the names of ours.

use sqlx::{
    AnyConnection, AssertSqlSafe, Connection, Row,
    migrate::{Migration, MigrationType, Migrator},
};

use super::{Db, Dialect, OpenError};

/// Who opens the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opens {
    /// The service, which brings the tables up to date.
    Service,
    /// A command beside the service.
    Command,
}

/// Why tables cannot be used. Its text says which version they have, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OtherVersion {
    /// A newer program made them.
    #[error(
        "its tables have version {found}, and this kycvs knows versions up to {known}: use the kycvs that made them or a \
         newer one"
    )]
    Newer { found: i64, known: i64 },
    /// An older program made them.
    #[error(
        "its tables have version {found}, and this kycvs needs version {known}: stop all instances of the service, and \
         start `kycvs serve` of this version, which updates them"
    )]
    Older { found: i64, known: i64 },
    /// A program of the same version, with other tables.
    #[error(
        "its tables have a version {0} that this kycvs does not know: use the kycvs that made them, or restore a backup"
    )]
    Changed(i64),
    /// The file of another program.
    #[error(
        "`{0}` holds tables of another program: let `database.url` name another file, which kycvs makes if there is none"
    )]
    ForeignFile(String),
    /// A schema with tables of another program where ours would be.
    #[error(
        "the schema `{0}` holds tables of another program under names that kycvs uses: give kycvs a database or a schema \
         of its own"
    )]
    ForeignSchema(String),
}

/// Refuses the SQLite file of another program. To be asked before a connection is set up, which changes the file.
pub(super) async fn refuse_foreign_file(connection: &mut AnyConnection) -> Result<(), OpenError> {
    let mut tx = connection.begin().await?;
    let found = applied(&mut tx, Dialect::Sqlite).await?;
    refuse_foreign(&mut tx, Dialect::Sqlite, &found, &migrations(Dialect::Sqlite)).await?;
    Ok(tx.rollback().await?)
}

/// Makes the tables, brings them up to date, or says why they cannot be used.
pub(super) async fn prepare(db: &Db, opens: Opens) -> Result<(), OpenError> {
    prepare_for(db, opens, &migrations(db.dialect)).await
}

async fn prepare_for(db: &Db, opens: Opens, migrations: &Migrator) -> Result<(), OpenError> {
    // Without a lock first: mostly there is nothing to do, and others may be writing.
    let mut tx = db.readers.begin().await?;
    let found = applied(&mut tx, db.dialect).await?;
    // If nothing was found, another instance may be making the tables. That is looked at under the lock.
    if !found.is_empty() {
        refuse_foreign(&mut tx, db.dialect, &found, migrations).await?;
    }
    tx.rollback().await?;
    if !must_change(&found, opens, migrations)? {
        return Ok(());
    }
    // One transaction around all of it: its lock belongs to the transaction and holds behind a pooler, too.
    let mut tx = db.begin().await?;
    if db.dialect == Dialect::Postgres {
        sqlx::query("SELECT CAST(pg_advisory_xact_lock($1) AS TEXT)").bind(LOCK).execute(&mut *tx).await?;
    }
    let found = applied(&mut tx, db.dialect).await?;
    refuse_foreign(&mut tx, db.dialect, &found, migrations).await?;
    if must_change(&found, opens, migrations)? {
        migrations.run(&mut tx).await.map_err(sqlx::Error::from)?;
    }
    Ok(tx.commit().await?)
}

/// The number of our tables among PostgreSQL's advisory locks: "kycvs" in ASCII.
const LOCK: i64 = 0x6b_79_63_76_73;

/// Version and checksum of what was done to the tables, in order; nothing if there are none.
async fn applied(
    connection: &mut AnyConnection,
    dialect: Dialect,
) -> Result<Vec<(i64, Vec<u8>)>, sqlx::Error> {
    // The columns that are read below, by name and kind, so that no statement fails on another program's table.
    let columns = match dialect {
        Dialect::Sqlite => {
            "SELECT COUNT(*) AS columns, COALESCE(SUM(name = 'version' AND type = 'BIGINT' \
             OR name = 'checksum' AND type = 'BLOB'), 0) AS ours FROM pragma_table_info('_sqlx_migrations')"
        }
        Dialect::Postgres => {
            "SELECT COUNT(*) AS columns, COUNT(*) FILTER (WHERE attname = 'version' AND atttypid = 'int8'::regtype \
             OR attname = 'checksum' AND atttypid = 'bytea'::regtype) AS ours \
             FROM pg_attribute WHERE attrelid = to_regclass('_sqlx_migrations') AND attnum > 0 AND NOT attisdropped"
        }
    };
    let row = sqlx::query(columns).fetch_one(&mut *connection).await?;
    match (row.try_get::<i64, _>("columns")?, row.try_get::<i64, _>("ours")?) {
        (0, _) => return Ok(Vec::new()),
        (_, 2) => {}
        // A table of this name in another form: it stands for a version that is nobody's.
        _ => return Ok(vec![(0, Vec::new())]),
    }
    let rows = sqlx::query("SELECT version, checksum FROM _sqlx_migrations ORDER BY version");
    let rows = rows.fetch_all(&mut *connection).await?;
    rows.iter().map(|row| Ok((row.try_get("version")?, row.try_get("checksum")?))).collect()
}

/// Refuses tables of another program, if ours are not beside them. Tables of another build of ours, in which no checksum is
/// one of this build, are ours: [`must_change`] says what to do about them.
async fn refuse_foreign(
    connection: &mut AnyConnection,
    dialect: Dialect,
    found: &[(i64, Vec<u8>)],
    migrations: &Migrator,
) -> Result<(), OpenError> {
    if found.iter().any(|one| is_ours(one, migrations))
        || !found.is_empty() && has_our_tables(connection, dialect, migrations).await?
    {
        return Ok(());
    }
    // Other programs have a table of this name as well. Without a version in it, it is nobody's.
    let has_versions = !found.is_empty();
    let others = match dialect {
        Dialect::Sqlite => format!(
            "SELECT (SELECT file FROM pragma_database_list WHERE name = 'main') AS place FROM sqlite_master \
             WHERE substr(name, 1, 7) <> 'sqlite_' AND (tbl_name <> '_sqlx_migrations' OR {has_versions}) LIMIT 1"
        ),
        Dialect::Postgres => format!(
            "SELECT CAST(nspname AS TEXT) AS place FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace \
             WHERE nspname = current_schema() AND relname IN ({}) \
             OR pg_class.oid = to_regclass('_sqlx_migrations') AND {has_versions} LIMIT 1",
            quoted(tables(migrations.iter()))
        ),
    };
    let row = sqlx::query(AssertSqlSafe(others)).fetch_optional(connection).await?;
    let Some(row) = row else { return Ok(()) };
    let place = row.try_get("place")?;
    Err(match dialect {
        Dialect::Sqlite => OtherVersion::ForeignFile(place),
        Dialect::Postgres => OtherVersion::ForeignSchema(place),
    }
    .into())
}

fn is_ours((version, checksum): &(i64, Vec<u8>), migrations: &Migrator) -> bool {
    migrations.iter().any(|one| one.version == *version && *one.checksum == **checksum)
}

/// Whether all tables of the first version are there.
async fn has_our_tables(
    connection: &mut AnyConnection,
    dialect: Dialect,
    migrations: &Migrator,
) -> Result<bool, sqlx::Error> {
    let first: Vec<_> = tables(migrations.iter().take(1)).collect();
    let names = quoted(first.iter().copied());
    let there = match dialect {
        Dialect::Sqlite => {
            format!("SELECT COUNT(*) AS tables FROM sqlite_master WHERE type = 'table' AND name IN ({names})")
        }
        Dialect::Postgres => format!(
            "SELECT COUNT(*) AS tables FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace \
             WHERE nspname = current_schema() AND relkind = 'r' AND relname IN ({names})"
        ),
    };
    let row = sqlx::query(AssertSqlSafe(there)).fetch_one(connection).await?;
    Ok(usize::try_from(row.try_get::<i64, _>("tables")?) == Ok(first.len()))
}

/// The names of the tables that these versions make.
fn tables<'a>(versions: impl Iterator<Item = &'a Migration>) -> impl Iterator<Item = &'a str> {
    let lines = versions.flat_map(|one| one.sql.as_str().lines());
    lines.filter_map(|line| line.strip_prefix("CREATE TABLE ")?.split_whitespace().next())
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

/// Whether something is to be done to the tables.
fn must_change(found: &[(i64, Vec<u8>)], opens: Opens, migrations: &Migrator) -> Result<bool, OtherVersion> {
    let known = migrations.iter().last().map_or(0, |migration| migration.version);
    let Some((newest, _)) = found.last() else { return Ok(true) };
    if *newest > known {
        return Err(OtherVersion::Newer { found: *newest, known });
    }
    if let Some((version, _)) = found.iter().find(|one| !is_ours(one, migrations)) {
        return Err(OtherVersion::Changed(*version));
    }
    match opens {
        _ if *newest == known => Ok(false),
        Opens::Service => Ok(true),
        Opens::Command => Err(OtherVersion::Older { found: *newest, known }),
    }
}

fn migrations(dialect: Dialect) -> Migrator {
    let [start, corrections] = match dialect {
        Dialect::Sqlite => [
            include_str!("../../migrations/sqlite/0001_start.sql"),
            include_str!("../../migrations/sqlite/0002_corrections.sql"),
        ],
        Dialect::Postgres => [
            include_str!("../../migrations/postgres/0001_start.sql"),
            include_str!("../../migrations/postgres/0002_corrections.sql"),
        ],
    };
    migrator(&[(1, start), (2, corrections)])
}

/// The statements that make each version of the tables, from the first on.
fn migrator(versions: &[(i64, &'static str)]) -> Migrator {
    let migration = |(version, statements): &(i64, &'static str)| {
        let statements = sqlx::SqlSafeStr::into_sql_str(*statements);
        Migration::new(
            *version,
            format!("version {version}").into(),
            MigrationType::Simple,
            statements,
            false,
        )
    };
    let mut migrator = Migrator::with_migrations(versions.iter().map(migration).collect());
    // The driver's lock belongs to a session, which a pooler may end or give to others.
    migrator.set_locking(false);
    migrator
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::databases;

    /// What makes the tables, as a list that can be changed.
    fn versions(db: &Db) -> Vec<(i64, &'static str)> {
        let all = migrations(db.dialect);
        all.iter().map(|one| (one.version, one.sql.as_str().to_owned().leak() as &str)).collect()
    }

    /// The newest version of the tables, and what makes one more.
    fn with_a_later_version(db: &Db) -> (i64, Migrator) {
        let mut versions = versions(db);
        let newest = versions.last().expect("there is one").0;
        versions.push((newest + 1, "CREATE TABLE later (id BIGINT PRIMARY KEY)"));
        (newest, migrator(&versions))
    }

    #[tokio::test]
    async fn older_tables_are_updated_by_the_service_alone() {
        for (_folder, db) in databases().await {
            let (newest, newer) = with_a_later_version(&db);
            let refused = prepare_for(&db, Opens::Command, &newer).await.expect_err("it is no service");
            let said = refused.to_string();
            let (has, needs) = (format!("have version {newest}"), format!("needs version {}", newest + 1));
            assert!(said.contains(&has) && said.contains(&needs), "{said}");
            assert!(said.contains("`kycvs serve`"), "{said}");
            assert!(sqlx::query("SELECT id FROM later").fetch_all(db.reader()).await.is_err());
            prepare_for(&db, Opens::Service, &newer).await.expect("it updates them");
            prepare_for(&db, Opens::Command, &newer).await.expect("they are of its version");
            sqlx::query("SELECT id FROM later").fetch_all(db.reader()).await.expect("the new table");
        }
    }

    #[tokio::test]
    async fn newer_tables_are_refused_by_everyone_and_unharmed() {
        for (_folder, db) in databases().await {
            let (newest, newer) = with_a_later_version(&db);
            prepare_for(&db, Opens::Service, &newer).await.expect("it updates them");
            for opens in [Opens::Service, Opens::Command] {
                let said = prepare(&db, opens).await.expect_err("they are newer").to_string();
                let (has, knows) = (format!("have version {}", newest + 1), format!("up to {newest}"));
                assert!(said.contains(&has) && said.contains(&knows), "{said}");
            }
            prepare_for(&db, Opens::Command, &newer).await.expect("they are as they were");
        }
    }

    #[tokio::test]
    async fn tables_of_another_build_are_refused() {
        for (_folder, db) in databases().await {
            let mut other = versions(&db);
            other[0].1 = "CREATE TABLE other (id BIGINT PRIMARY KEY)";
            let other = migrator(&other);
            let refused = prepare_for(&db, Opens::Service, &other).await.expect_err("they are others");
            assert!(matches!(refused, OpenError::Version(OtherVersion::Changed(1))), "{refused}");
        }
    }

    #[tokio::test]
    async fn tables_of_a_build_without_one_common_checksum_are_ours() {
        for (_folder, db) in databases().await {
            // As a checkout with other ends of lines has it.
            let other: Vec<_> = versions(&db)
                .into_iter()
                .map(|(version, text)| (version, text.replace('\n', "\r\n").leak() as &str))
                .collect();
            for opens in [Opens::Service, Opens::Command] {
                let refused = prepare_for(&db, opens, &migrator(&other)).await.expect_err("they are others");
                assert!(matches!(refused, OpenError::Version(OtherVersion::Changed(1))), "{refused}");
            }
        }
    }

    /// A database that another program has made, with these statements.
    async fn made_by_another(url: &str, statements: &[&str]) {
        sqlx::any::install_default_drivers();
        let mut other = AnyConnection::connect(url).await.expect("it opens");
        let bytes = if url.starts_with("sqlite:") { "BLOB" } else { "BYTEA" };
        for statement in statements {
            let statement = statement.replace("BYTES", bytes);
            sqlx::query(AssertSqlSafe(statement)).execute(&mut other).await.expect("done");
        }
        other.close().await.expect("closed");
    }

    /// A table of the driver's name that another program has made for itself.
    const FORM: &str = "CREATE TABLE _sqlx_migrations (id BIGINT PRIMARY KEY, name TEXT)";
    const OTHER: &str = "CREATE TABLE customers (id BIGINT PRIMARY KEY)";
    /// As the driver makes it for whoever uses it.
    const VERSIONS: &str = "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
                            installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, \
                            checksum BYTES NOT NULL, execution_time BIGINT NOT NULL)";
    const VERSION: &str = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                           VALUES (1, 'other', true, CAST('other' AS BYTES), 0)";

    #[tokio::test]
    async fn sqlite_file_of_another_program_is_refused_and_left_as_it_is() {
        for (statements, taken) in [
            (&[OTHER][..], false),
            (&["CREATE VIEW one AS SELECT 1"], false),
            (&["CREATE TABLE records (id BIGINT PRIMARY KEY)"], false),
            (&[OTHER, VERSIONS], false),
            (&[VERSIONS, VERSION], false),
            (&[OTHER, VERSIONS, VERSION], false),
            (&[OTHER, FORM], false),
            (&[FORM], false),
            (&[OTHER, "CREATE TABLE _sqlx_migrations (version TEXT, checksum TEXT)"], false),
            (&["CREATE TABLE audit_head (id BIGINT PRIMARY KEY)", VERSIONS, VERSION], false),
            (&[VERSIONS], true),
            // Its pages are there, and no table.
            (&[OTHER, "DROP TABLE customers"], true),
            (&[], true),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join("other.db");
            made_by_another(&format!("sqlite:{}?mode=rwc", file.display()), statements).await;
            let before = std::fs::read(&file).expect("a file");
            for opens in [Opens::Command, Opens::Service] {
                match Db::open(&format!("sqlite:{}", file.display()), 1, opens).await {
                    Ok(db) => {
                        assert!(taken, "{statements:?}");
                        db.close().await;
                    }
                    Err(error) => {
                        assert!(!taken, "{statements:?}: {error}");
                        let said = error.to_string();
                        assert!(said.contains("other.db` holds tables of another program"), "{said}");
                        assert!(said.contains("`database.url`"), "{said}");
                        assert_eq!(std::fs::read(&file).expect("a file"), before, "{statements:?}");
                    }
                }
            }
        }
    }

    #[tokio::test]
    async fn tables_of_another_program_beside_ours_are_in_nobodys_way() {
        for (_folder, db) in databases().await {
            sqlx::query(OTHER).execute(db.reader()).await.expect("made");
            let (_, newer) = with_a_later_version(&db);
            prepare_for(&db, Opens::Service, &newer).await.expect("it updates ours");
        }
    }

    #[tokio::test]
    async fn schema_of_another_program_is_refused_if_it_has_the_names_of_our_tables() {
        let Ok(server) = std::env::var("KYCVS_TEST_POSTGRES") else { return };
        for (statements, taken) in [
            (&["CREATE TABLE records (id BIGINT PRIMARY KEY)"][..], false),
            (&["CREATE TABLE audit_head (id BIGINT PRIMARY KEY)", VERSIONS], false),
            (&[VERSIONS, VERSION], false),
            (&[FORM], false),
            (&[OTHER], true),
            (&["CREATE SCHEMA a", "CREATE TABLE a.records (id BIGINT)"], true),
        ] {
            let url = crate::test_support::postgres(&server).await;
            made_by_another(&url, statements).await;
            for opens in [Opens::Command, Opens::Service] {
                match Db::open(&url, 1, opens).await {
                    Ok(_) => assert!(taken, "{statements:?}"),
                    Err(error) => {
                        assert!(!taken, "{statements:?}: {error}");
                        let said = error.to_string();
                        assert!(said.contains("`public` holds tables of another program"), "{said}");
                    }
                }
            }
        }
    }

    #[tokio::test]
    async fn services_that_start_at_once_make_the_tables_once() {
        for (_folder, db) in databases().await {
            let (_, newer) = with_a_later_version(&db);
            let starts = (0..4).map(|_| prepare_for(&db, Opens::Service, &newer));
            for started in futures_util::future::join_all(starts).await {
                started.expect("it is made or there");
            }
        }
    }
}
