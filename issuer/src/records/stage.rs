//! The rows of one import, before they are written: temporary tables, so that memory stays bounded, and one
//! transaction, so that all rows are written or none.
//!
//! Other writers wait only while the register is compared and written, which happens at the end. Only rows that differ are
//! written, so that this is short if few people changed.

use sqlx::Row;

use super::{
    Doses,
    fhir::Person,
    import::{BadRow, Changes},
    matching,
};
use crate::db::{Db, Tx};

/// So many rows go into one statement.
pub(super) const BATCH: usize = 500;
/// What a row has that only says that its person must stay as they are.
const UNKNOWN: i64 = -1;

/// What may become of a row that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// It takes the new doses.
    Never,
    /// It stays if it is not lower: the file has only what was added.
    IfNotLower,
    /// It stays if the new one is lower, and that is said: a dose may be missing.
    IfHigher,
    /// It takes the new doses, of a file that has only what was added.
    NeverOfAdded,
    /// As `IfHigher`, of a file that has only what was added.
    IfHigherOfAdded,
}

/// A row to write.
#[derive(Debug)]
pub(super) struct StagedRow {
    /// The file, and the line or entry.
    pub(super) place: (usize, u64),
    pub(super) person: Person,
    /// `None` if the row that is there must stay as it is.
    pub(super) doses: Option<Doses>,
    pub(super) keep: Keep,
}

/// An import under way. Dropped without [`commit`](Self::commit), it leaves nothing behind.
pub(super) struct Stage {
    tx: Tx,
    batch: Vec<StagedRow>,
    is_postgres: bool,
}

/// Each person once, with what the rows say if they agree.
const GROUPED: &str = "INSERT INTO people (mobile, name, form, doses, required, keep, file, place, status, is_unclear) \
     SELECT mobile, name, MIN(form), MIN(doses), MIN(required), MAX(keep), MIN(file * 4294967296 + place) / 4294967296, \
     MIN(file * 4294967296 + place) % 4294967296, CASE WHEN MIN(doses) >= MIN(required) THEN 2 WHEN MIN(doses) = 0 THEN 0 ELSE 1 END, \
     CASE WHEN MIN(doses) <> MAX(doses) OR MIN(required) <> MAX(required) OR MIN(doses) < 0 THEN 1 ELSE 0 END \
     FROM staged GROUP BY mobile, name";
/// Names that the look-up takes for one person's are one name: who could pick one of two would pick the higher status.
const UNCLEAR_BY_FORM: &str = "UPDATE people SET is_unclear = 1 WHERE (mobile, form) IN (SELECT mobile, form FROM people \
     GROUP BY mobile, form HAVING MIN(doses) <> MAX(doses) OR MIN(required) <> MAX(required) OR MAX(is_unclear) = 1)";
/// The rows of people who are unclear.
const UNCLEAR: &str = "FROM staged s JOIN people p ON p.mobile = s.mobile AND p.name = s.name \
     WHERE p.is_unclear = 1 AND s.doses >= 0";
/// What was added does not make the course of a person with doses shorter.
const LONGER_COURSE: &str = "UPDATE people SET required = r.required, status = CASE WHEN people.doses = 0 THEN 0 ELSE 1 END \
     FROM records r WHERE r.mobile = people.mobile AND r.name = people.name AND people.keep IN (1, 3, 4) AND r.doses > 0 \
     AND people.required < r.required AND people.doses < r.required";
/// Each person beside the row that is there.
const COMPARED: &str = "FROM people s LEFT JOIN (SELECT mobile, name, doses, required, \
     CASE WHEN doses >= required THEN 2 WHEN doses = 0 THEN 0 ELSE 1 END AS status FROM records) r \
     ON r.mobile = s.mobile AND r.name = s.name";
/// Whether a new row gives way to the one that is there.
const KEPT: &str = "(r.mobile IS NOT NULL AND ((s.keep = 1 AND NOT (s.status > r.status OR (s.status = r.status \
     AND s.doses > r.doses))) OR (s.keep IN (2, 4) AND (s.status < r.status OR (s.status = r.status AND s.doses < r.doses)))))";

impl Stage {
    /// Begins. SQLite's write lock is not taken before [`compare`](Self::compare), so the service goes on.
    pub(super) async fn begin(db: &Db) -> sqlx::Result<Self> {
        let mut tx = db.begin_later().await?;
        sqlx::query(
            "CREATE TEMPORARY TABLE staged (mobile TEXT NOT NULL, name TEXT NOT NULL, form TEXT NOT NULL, doses BIGINT NOT NULL, \
             required BIGINT NOT NULL, keep BIGINT NOT NULL, file BIGINT NOT NULL, place BIGINT NOT NULL)",
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "CREATE TEMPORARY TABLE people (mobile TEXT NOT NULL, name TEXT NOT NULL, form TEXT NOT NULL, doses BIGINT NOT NULL, \
             required BIGINT NOT NULL, keep BIGINT NOT NULL, file BIGINT NOT NULL, place BIGINT NOT NULL, \
             status BIGINT NOT NULL, is_unclear BIGINT NOT NULL, PRIMARY KEY (mobile, name))",
        )
        .execute(&mut *tx)
        .await?;
        Ok(Self { tx, batch: Vec::new(), is_postgres: db.is_postgres() })
    }

    /// Adds a row.
    pub(super) async fn put(&mut self, row: StagedRow) -> sqlx::Result<()> {
        self.batch.push(row);
        if self.batch.len() < BATCH { Ok(()) } else { self.flush().await }
    }

    async fn flush(&mut self) -> sqlx::Result<()> {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        let mut query = sqlx::query(sqlx::AssertSqlSafe(insert(batch.len())));
        for StagedRow { place: (file, place), person: (mobile, name), doses, keep } in batch {
            let (given, required) =
                doses.map_or((UNKNOWN, 1), |doses| (i64::from(doses.given), i64::from(doses.required)));
            let form = matching::form(&name);
            query = query
                .bind(mobile)
                .bind(name)
                .bind(form)
                .bind(given)
                .bind(required)
                .bind(match keep {
                    Keep::Never => 0_i64,
                    Keep::IfNotLower => 1,
                    Keep::IfHigher => 2,
                    Keep::NeverOfAdded => 3,
                    Keep::IfHigherOfAdded => 4,
                })
                .bind(i64::try_from(file).unwrap_or(i64::MAX))
                .bind(i64::from(u32::try_from(place).unwrap_or(u32::MAX)));
        }
        query.execute(&mut *self.tx).await.map(drop)
    }

    /// Takes out the people of whom two rows say different things, and tells of each such row. A row of the files that
    /// is refused for one of its names or numbers is refused for all.
    pub(super) async fn refuse_unclear(&mut self, bad: &mut dyn FnMut(BadRow)) -> sqlx::Result<()> {
        self.flush().await?;
        self.run(GROUPED).await?;
        self.run(UNCLEAR_BY_FORM).await?;
        // A planner that knows nothing of the table would look up each of its rows on its own.
        if self.is_postgres {
            self.run("ANALYZE people").await?;
        }
        self.run(&format!(
            "UPDATE people SET is_unclear = 1 WHERE (mobile, name) IN (SELECT o.mobile, o.name FROM staged o \
             JOIN (SELECT DISTINCT s.file, s.place {UNCLEAR}) b ON b.file = o.file AND b.place = o.place)"
        ))
        .await?;
        let rows =
            format!("SELECT s.file, s.place {UNCLEAR} GROUP BY s.file, s.place ORDER BY s.file, s.place");
        let reason = "another row has the same name and number, and other doses: neither is written";
        self.each(&rows, &mut |file, place| bad(BadRow { file, place, reason: reason.into() })).await?;
        self.run("DELETE FROM people WHERE is_unclear = 1").await
    }

    /// What would change. From here on nobody else writes to the register: of two imports at once, the second compares
    /// with what the first has written.
    pub(super) async fn compare(&mut self) -> sqlx::Result<Changes> {
        // The first changes nothing, and takes SQLite's write lock before the first look at the register.
        self.run(if self.is_postgres {
            "LOCK TABLE records IN SHARE ROW EXCLUSIVE MODE"
        } else {
            "UPDATE records SET doses = doses WHERE mobile = ''"
        })
        .await?;
        self.run(LONGER_COURSE).await?;
        let counts = format!(
            "SELECT COUNT(CASE WHEN r.mobile IS NULL THEN 1 END) AS added, \
             COUNT(r.mobile) AS known, \
             COUNT(CASE WHEN {KEPT} THEN 1 END) AS kept, \
             COUNT(CASE WHEN NOT {KEPT} AND s.status > r.status THEN 1 END) AS higher, \
             COUNT(CASE WHEN NOT {KEPT} AND s.status < r.status THEN 1 END) AS lower, \
             COUNT(CASE WHEN NOT {KEPT} AND s.status = r.status AND (s.doses <> r.doses OR s.required <> r.required) \
             THEN 1 END) AS renewed {COMPARED}"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(counts)).fetch_one(&mut *self.tx).await?;
        let number = |name| row.try_get::<i64, _>(name).map(|count| u64::try_from(count).unwrap_or(0));
        let all = sqlx::query("SELECT COUNT(*) AS people FROM records").fetch_one(&mut *self.tx).await?;
        let all = u64::try_from(all.try_get::<i64, _>("people")?).unwrap_or(0);
        let (known, kept, renewed) = (number("known")?, number("kept")?, number("renewed")?);
        let (higher, lower) = (number("higher")?, number("lower")?);
        Ok(Changes {
            added: number("added")?,
            higher,
            lower,
            renewed,
            same: known.saturating_sub(kept + higher + lower + renewed),
            kept,
            absent: all.saturating_sub(known),
        })
    }

    /// Tells of each person whose row stays since a dose may be missing.
    pub(super) async fn tell_kept(&mut self, bad: &mut dyn FnMut(BadRow)) -> sqlx::Result<()> {
        let reason = "the person would have fewer doses than now, and a dose of these files belongs to nobody known: \
                      nothing of theirs was changed";
        self.each(&kept("s.keep IN (2, 4)"), &mut |file, place| {
            bad(BadRow { file, place, reason: reason.into() });
        })
        .await
    }

    /// Tells of each person whose course stays incomplete although the files, which hold only what was added, have a dose.
    pub(super) async fn tell_not_added(&mut self, note: &mut dyn FnMut(BadRow)) -> sqlx::Result<()> {
        let reason = "the person's row stays, since nobody can tell whether the added dose is one that it has: import \
                      the whole record of the person";
        let rows = kept("s.keep = 1 AND s.doses > 0 AND r.status < 2");
        self.each(&rows, &mut |file, place| note(BadRow { file, place, reason: reason.into() })).await
    }

    /// Writes all rows that differ.
    pub(super) async fn commit(mut self) -> sqlx::Result<()> {
        self.run(&format!(
            "INSERT INTO records (mobile, name, doses, required) SELECT s.mobile, s.name, s.doses, s.required \
             {COMPARED} WHERE NOT {KEPT} AND (r.mobile IS NULL OR r.doses <> s.doses OR r.required <> s.required) \
             ON CONFLICT (mobile, name) DO UPDATE SET doses = excluded.doses, required = excluded.required"
        ))
        .await?;
        self.run("DROP TABLE staged").await?;
        self.run("DROP TABLE people").await?;
        self.tx.commit().await
    }

    /// Ends without a change.
    pub(super) async fn discard(self) -> sqlx::Result<()> {
        self.tx.rollback().await
    }

    async fn run(&mut self, statement: &str) -> sqlx::Result<()> {
        sqlx::query(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut *self.tx).await.map(drop)
    }

    async fn each(&mut self, rows: &str, told: &mut dyn FnMut(usize, u64)) -> sqlx::Result<()> {
        use futures_util::TryStreamExt;
        let mut rows = sqlx::query(sqlx::AssertSqlSafe(rows.to_owned())).fetch(&mut *self.tx);
        while let Some(row) = rows.try_next().await? {
            let (file, place) = (row.try_get::<i64, _>("file")?, row.try_get::<i64, _>("place")?);
            told(usize::try_from(file).unwrap_or(usize::MAX), u64::try_from(place).unwrap_or(0));
        }
        Ok(())
    }
}

/// The places of people who fit and whose row stays.
fn kept(people: &str) -> String {
    format!(
        "SELECT s.file, s.place {COMPARED} WHERE {people} AND {KEPT} GROUP BY s.file, s.place \
         ORDER BY s.file, s.place"
    )
}

/// One statement for so many rows.
fn insert(count: usize) -> String {
    let row = |row: usize| {
        let places: Vec<_> = (1..=8).map(|column| format!("${}", 8 * row + column)).collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<_> = (0..count).map(row).collect();
    format!(
        "INSERT INTO staged (mobile, name, form, doses, required, keep, file, place) VALUES {}",
        rows.join(", ")
    )
}
