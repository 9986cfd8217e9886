//! The version of the tables, and that only a service that starts changes it.
//!
//! A command that runs beside the service must not change the tables under it. So `kycvs serve` brings them up to date, and
//! every other command refuses tables of another version; both make them if there are none.

use sqlx::{
    Row,
    migrate::{Migration, MigrationType, Migrator},
};

use super::{Db, Dialect, OpenError, Tx};

/// Who opens the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opens {
    /// The service, which brings the tables up to date.
    Service,
    /// A command beside the service.
    Command,
}

/// Why tables cannot be used. Its text says which version they have, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
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
}

/// Makes the tables, brings them up to date, or says why they cannot be used.
pub(super) async fn prepare(db: &Db, opens: Opens) -> Result<(), OpenError> {
    prepare_for(db, opens, &migrations(db.dialect)).await
}

async fn prepare_for(db: &Db, opens: Opens, migrations: &Migrator) -> Result<(), OpenError> {
    // Without a lock first: mostly there is nothing to do, and others may be writing.
    let mut tx = db.readers.begin().await?;
    let found = applied(&mut tx, db.dialect).await?;
    tx.rollback().await?;
    if !must_change(&found, opens, migrations)? {
        return Ok(());
    }
    // One transaction around all of it: its lock belongs to the transaction and holds behind a pooler, too.
    let mut tx = db.begin().await?;
    if db.dialect == Dialect::Postgres {
        sqlx::query("SELECT CAST(pg_advisory_xact_lock($1) AS TEXT)").bind(LOCK).execute(&mut *tx).await?;
    }
    if must_change(&applied(&mut tx, db.dialect).await?, opens, migrations)? {
        migrations.run(&mut tx).await.map_err(sqlx::Error::from)?;
    }
    Ok(tx.commit().await?)
}

/// The number of our tables among PostgreSQL's advisory locks: "kycvs" in ASCII.
const LOCK: i64 = 0x6b_79_63_76_73;

/// Version and checksum of what was done to the tables, in order; nothing if there are none.
async fn applied(tx: &mut Tx, dialect: Dialect) -> Result<Vec<(i64, Vec<u8>)>, sqlx::Error> {
    let tables = match dialect {
        Dialect::Sqlite => "SELECT COUNT(*) AS tables FROM sqlite_master WHERE name = '_sqlx_migrations'",
        Dialect::Postgres => {
            "SELECT COUNT(*) AS tables FROM pg_class WHERE oid = to_regclass('_sqlx_migrations')"
        }
    };
    if sqlx::query(tables).fetch_one(&mut **tx).await?.try_get::<i64, _>("tables")? == 0 {
        return Ok(Vec::new());
    }
    let rows = sqlx::query("SELECT version, checksum FROM _sqlx_migrations ORDER BY version");
    let rows = rows.fetch_all(&mut **tx).await?;
    rows.iter().map(|row| Ok((row.try_get("version")?, row.try_get("checksum")?))).collect()
}

/// Whether something is to be done to the tables.
fn must_change(found: &[(i64, Vec<u8>)], opens: Opens, migrations: &Migrator) -> Result<bool, OtherVersion> {
    let known = migrations.iter().last().map_or(0, |migration| migration.version);
    let Some((newest, _)) = found.last() else { return Ok(true) };
    if *newest > known {
        return Err(OtherVersion::Newer { found: *newest, known });
    }
    for (version, checksum) in found {
        if !migrations.iter().any(|one| one.version == *version && *one.checksum == **checksum) {
            return Err(OtherVersion::Changed(*version));
        }
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
