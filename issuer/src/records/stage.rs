//! The rows of one import, before they are written: temporary tables, so that memory stays bounded, and one
//! transaction, so that all rows are written or none.
//!
//! Other writers wait only while the register is compared and written, which happens at the end. Only rows that differ are
//! written, so that this is short if few people changed.

use std::collections::BTreeSet;

use futures_util::TryStreamExt;
use sqlx::Row;

use super::{
    Doses,
    fhir::Person,
    import::{BadRow, Changes},
    matching,
    sql::MOST_COMPARED,
};
use crate::db::{Db, Tx};

/// So many rows go into one statement.
pub(super) const BATCH: usize = 500;
/// So many names of the register are compared with those of the files: other writers wait meanwhile.
const MOST_OTHER_NAMES: usize = 10_000;
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
    /// It stays: the person does not have this name and number any more, or is not written. With doses, it is reported if
    /// it has a higher status.
    Former,
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
    last_place: Option<(usize, u64)>,
    /// Whether a person of the files has several names or numbers.
    has_several_forms: bool,
}

/// Each person once, with what the rows say if they agree: `is_unclear` is 0 then, and 1 if not.
const GROUPED: &str = "INSERT INTO people (mobile, name, form, doses, required, keep, file, place, status, is_unclear) \
     SELECT mobile, name, MIN(form), MIN(doses), MIN(required), MAX(keep), MIN(file * 4294967296 + place) / 4294967296, \
     MIN(file * 4294967296 + place) % 4294967296, CASE WHEN MIN(doses) >= MIN(required) THEN 2 WHEN MIN(doses) = 0 THEN 0 ELSE 1 END, \
     CASE WHEN MIN(doses) <> MAX(doses) OR MIN(required) <> MAX(required) OR MIN(doses) < 0 THEN 1 ELSE 0 END \
     FROM staged WHERE keep < 5 GROUP BY mobile, name";
/// Names that the look-up takes for one person's are one name: who could pick one of two would pick the higher status.
const UNCLEAR_BY_FORM: &str = "UPDATE people SET is_unclear = 1 WHERE (mobile, form) IN (SELECT mobile, form FROM people \
     GROUP BY mobile, form HAVING MIN(doses) <> MAX(doses) OR MIN(required) <> MAX(required) OR MAX(is_unclear) = 1)";
/// A row that is refused under one name or number is refused under all, and so is every other row with one of these: 2.
/// Each name and number is followed once. `CROSS JOIN` keeps SQLite from reading the whole table for each of them.
const UNCLEAR_BY_ANOTHER: &str = "UPDATE people SET is_unclear = 2 WHERE is_unclear = 0 AND (mobile, form) IN (\
     WITH RECURSIVE refused (mobile, form) AS (SELECT mobile, form FROM people WHERE is_unclear = 1 \
     UNION SELECT o.mobile, o.form FROM refused r CROSS JOIN staged s CROSS JOIN staged o \
     WHERE s.mobile = r.mobile AND s.form = r.form AND s.keep < 5 AND o.file = s.file AND o.place = s.place AND o.keep < 5) \
     SELECT mobile, form FROM refused)";
/// The rows of people who are unclear.
const UNCLEAR: &str = "FROM staged s JOIN people p ON p.mobile = s.mobile AND p.name = s.name \
     WHERE p.is_unclear > 0 AND s.doses >= 0 AND s.keep < 5 GROUP BY s.file, s.place";
/// Names and numbers that nobody has now: 3.
const FORMER: &str = "INSERT INTO people (mobile, name, form, doses, required, keep, file, place, status, is_unclear) \
     SELECT mobile, name, MIN(form), MIN(doses), MIN(required), 5, MIN(file * 4294967296 + place) / 4294967296, \
     MIN(file * 4294967296 + place) % 4294967296, \
     MIN(CASE WHEN doses < 0 THEN 2 WHEN doses >= required THEN 2 WHEN doses = 0 THEN 0 ELSE 1 END), 3 \
     FROM staged WHERE keep = 5 GROUP BY mobile, name ON CONFLICT (mobile, name) DO NOTHING";
/// What was added does not make the course of a person with doses shorter.
const LONGER_COURSE: &str = "UPDATE people SET required = r.required, status = CASE WHEN people.doses = 0 THEN 0 ELSE 1 END \
     FROM records r WHERE r.mobile = people.mobile AND r.name = people.name AND people.keep IN (1, 3, 4) AND r.doses > 0 \
     AND people.required < r.required AND people.doses < r.required";
/// The rows that are there, with their status.
const REGISTER: &str = "(SELECT mobile, name, doses, required, \
     CASE WHEN doses >= required THEN 2 WHEN doses = 0 THEN 0 ELSE 1 END AS status FROM records) r";
/// Each person beside the row that is there: `REGISTER` once more, since a constant cannot hold another.
const COMPARED: &str = "FROM (SELECT * FROM people WHERE is_unclear = 0) s LEFT JOIN (SELECT mobile, name, doses, required, \
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
        let is_postgres = db.is_postgres();
        Ok(Self { tx, batch: Vec::new(), is_postgres, last_place: None, has_several_forms: false })
    }

    /// Adds a row. Those of one place follow each other.
    pub(super) async fn put(&mut self, row: StagedRow) -> sqlx::Result<()> {
        if row.keep != Keep::Former {
            self.has_several_forms |= self.last_place == Some(row.place);
            self.last_place = Some(row.place);
        }
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
                    Keep::Former => 5,
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
        let has_unclear = self.count("people WHERE is_unclear = 1").await? > 0;
        if has_unclear && self.has_several_forms {
            self.run("CREATE INDEX staged_by_form ON staged (mobile, form)").await?;
            self.run("CREATE INDEX staged_by_place ON staged (file, place)").await?;
            self.analyze().await?;
            self.run(UNCLEAR_BY_ANOTHER).await?;
        }
        self.run(FORMER).await?;
        self.analyze().await?;
        let other = "another row has the same name and number, and other doses: neither is written";
        let refused = "another row has the same name and number, and is refused: neither is written";
        for (kind, reason) in [(1, other), (2, refused)].into_iter().filter(|_| has_unclear) {
            let rows = format!(
                "SELECT s.file, s.place {UNCLEAR} HAVING MIN(p.is_unclear) = {kind} ORDER BY s.file, s.place"
            );
            self.each(&rows, &mut |file, place| bad(BadRow { file, place, reason: reason.into() })).await?;
        }
        Ok(())
    }

    /// A planner that knows nothing of a table would look up each of its rows on its own.
    async fn analyze(&mut self) -> sqlx::Result<()> {
        if self.is_postgres {
            self.run("ANALYZE staged").await?;
            self.run("ANALYZE people").await?;
        }
        Ok(())
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
        let all = self.count("records").await?;
        let named =
            "people p JOIN records r ON r.mobile = p.mobile AND r.name = p.name WHERE p.is_unclear > 0";
        let unwritten = self.count(named).await?;
        let (known, kept, renewed) = (number("known")?, number("kept")?, number("renewed")?);
        let (higher, lower) = (number("higher")?, number("lower")?);
        Ok(Changes {
            added: number("added")?,
            higher,
            lower,
            renewed,
            same: known.saturating_sub(kept + higher + lower + renewed),
            kept,
            unwritten,
            absent: all.saturating_sub(known + unwritten),
        })
    }

    async fn count(&mut self, rows: &str) -> sqlx::Result<u64> {
        let count = format!("SELECT COUNT(*) AS number FROM {rows}");
        let count = sqlx::query(sqlx::AssertSqlSafe(count)).fetch_one(&mut *self.tx).await?;
        Ok(u64::try_from(count.try_get::<i64, _>("number")?).unwrap_or(0))
    }

    /// Tells of each person who has a higher status in the register under a name or number that the person does not have
    /// any more.
    pub(super) async fn tell_former(&mut self, bad: &mut dyn FnMut(BadRow)) -> sqlx::Result<()> {
        let reason = "the register has a higher status under a name or number that the person had before: import a row \
                      with these and the right doses";
        let rows = format!(
            "SELECT s.file, s.place FROM people s JOIN {REGISTER} ON r.mobile = s.mobile AND r.name = s.name WHERE s.is_unclear = 3 AND r.status > s.status \
             AND (s.file, s.place) NOT IN (SELECT s.file, s.place {UNCLEAR}) \
             GROUP BY s.file, s.place ORDER BY s.file, s.place"
        );
        self.each(&rows, &mut |file, place| bad(BadRow { file, place, reason: reason.into() })).await
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

    /// Tells of each person under whose number the register has another name that the look-up takes for the same, and with
    /// another status: the look-up then finds neither.
    pub(super) async fn tell_other_names(&mut self, note: &mut dyn FnMut(BadRow)) -> sqlx::Result<()> {
        let others = format!(
            "SELECT r.mobile, r.name, r.status FROM {REGISTER} WHERE r.mobile IN (SELECT mobile FROM people \
             WHERE is_unclear = 0) AND NOT EXISTS (SELECT 1 FROM people p WHERE p.mobile = r.mobile AND p.name = r.name \
             AND p.is_unclear = 0)"
        );
        let mut names: Vec<(String, String, i64)> = Vec::new();
        let mut rows = sqlx::query(sqlx::AssertSqlSafe(others)).fetch(&mut *self.tx);
        while let Some(row) = rows.try_next().await? {
            let name: String = row.try_get("name")?;
            if matching::has_others(&name) && names.len() < MOST_OTHER_NAMES {
                names.push((row.try_get("mobile")?, name, row.try_get("status")?));
            }
        }
        drop(rows);
        let reason = "the register has another name under this number that the look-up takes for the same, and with \
                      another status, so neither is found: import a row for each of them";
        let people = format!(
            "SELECT s.name, s.file, s.place, CASE WHEN {KEPT} THEN r.status ELSE s.status END AS status {COMPARED} \
             WHERE s.mobile = $1 LIMIT {MOST_COMPARED}"
        );
        let mut told = BTreeSet::new();
        for (mobile, name, status) in names {
            let people = sqlx::query(sqlx::AssertSqlSafe(people.as_str()))
                .bind(mobile)
                .fetch_all(&mut *self.tx)
                .await?;
            for row in people {
                let is_one = matching::form(&row.try_get::<String, _>("name")?) == matching::form(&name);
                if is_one && row.try_get::<i64, _>("status")? != status {
                    told.insert((row.try_get::<i64, _>("file")?, row.try_get::<i64, _>("place")?));
                }
            }
        }
        for (file, place) in told {
            let (file, place) =
                (usize::try_from(file).unwrap_or(usize::MAX), u64::try_from(place).unwrap_or(0));
            note(BadRow { file, place, reason: reason.into() });
        }
        Ok(())
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
