//! The rows of one import, before they are written: a temporary table, so that memory stays bounded, and one
//! transaction, so that all rows are written or none.

use sqlx::Row;

use super::{
    Doses,
    fhir::Person,
    import::{BadRow, Changes},
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
}

/// People whose rows do not agree, or of whom one is unknown.
const UNCLEAR: &str = "SELECT mobile, name FROM staged GROUP BY mobile, name \
     HAVING MIN(doses) <> MAX(doses) OR MIN(required) <> MAX(required) OR MIN(doses) < 0";
/// Each person once, beside the row that is there.
const COMPARED: &str = "FROM (SELECT mobile, name, MIN(doses) AS doses, MIN(required) AS required, \
     MAX(keep) AS keep, MIN(file) AS file, MIN(place) AS place, \
     CASE WHEN MIN(doses) >= MIN(required) THEN 2 WHEN MIN(doses) = 0 THEN 0 ELSE 1 END AS status \
     FROM staged GROUP BY mobile, name) s LEFT JOIN (SELECT mobile, name, doses, required, \
     CASE WHEN doses >= required THEN 2 WHEN doses = 0 THEN 0 ELSE 1 END AS status FROM records) r \
     ON r.mobile = s.mobile AND r.name = s.name";
/// Whether a new row gives way to the one that is there.
const KEPT: &str = "(r.mobile IS NOT NULL AND ((s.keep = 1 AND NOT (s.status > r.status OR (s.status = r.status \
     AND s.doses > r.doses))) OR (s.keep = 2 AND (s.status < r.status OR (s.status = r.status AND s.doses < r.doses)))))";

impl Stage {
    /// Begins. SQLite's write lock is not taken before [`compare`](Self::compare), so the service goes on.
    pub(super) async fn begin(db: &Db) -> sqlx::Result<Self> {
        let mut tx = db.begin_later().await?;
        sqlx::query(
            "CREATE TEMPORARY TABLE staged (mobile TEXT NOT NULL, name TEXT NOT NULL, doses BIGINT NOT NULL, \
             required BIGINT NOT NULL, keep BIGINT NOT NULL, file BIGINT NOT NULL, place BIGINT NOT NULL)",
        )
        .execute(&mut *tx)
        .await?;
        Ok(Self { tx, batch: Vec::new() })
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
            query = query
                .bind(mobile)
                .bind(name)
                .bind(given)
                .bind(required)
                .bind(match keep {
                    Keep::Never => 0_i64,
                    Keep::IfNotLower => 1,
                    Keep::IfHigher => 2,
                })
                .bind(i64::try_from(file).unwrap_or(i64::MAX))
                .bind(i64::try_from(place).unwrap_or(i64::MAX));
        }
        query.execute(&mut *self.tx).await.map(drop)
    }

    /// Takes out the people of whom two rows say different things, and tells of each such row.
    pub(super) async fn refuse_unclear(&mut self, bad: &mut dyn FnMut(BadRow)) -> sqlx::Result<()> {
        self.flush().await?;
        let rows = format!(
            "SELECT s.file, s.place FROM staged s JOIN ({UNCLEAR}) u ON u.mobile = s.mobile AND u.name = s.name \
             WHERE s.doses >= 0 GROUP BY s.file, s.place ORDER BY s.file, s.place"
        );
        let reason = "another row has the same name and number, and other doses: neither is written";
        self.each(&rows, &mut |file, place| bad(BadRow { file, place, reason: reason.into() })).await?;
        let remove = format!("DELETE FROM staged WHERE (mobile, name) IN ({UNCLEAR})");
        sqlx::query(sqlx::AssertSqlSafe(remove)).execute(&mut *self.tx).await.map(drop)
    }

    /// What would change. From here on nobody else writes to the register.
    pub(super) async fn compare(&mut self) -> sqlx::Result<Changes> {
        self.flush().await?;
        // Changes nothing, and takes SQLite's write lock before the first look at the register.
        sqlx::query("UPDATE records SET doses = doses WHERE mobile = ''").execute(&mut *self.tx).await?;
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
        let rows = format!(
            "SELECT s.file, s.place {COMPARED} WHERE s.keep = 2 AND {KEPT} GROUP BY s.file, s.place \
             ORDER BY s.file, s.place"
        );
        let reason = "the person would have fewer doses than now, and a dose of these files belongs to nobody known: \
                      nothing of theirs was changed";
        self.each(&rows, &mut |file, place| bad(BadRow { file, place, reason: reason.into() })).await
    }

    /// Writes all rows, and says how many.
    pub(super) async fn commit(mut self) -> sqlx::Result<u64> {
        let merge = format!(
            "INSERT INTO records (mobile, name, doses, required) SELECT s.mobile, s.name, s.doses, s.required \
             {COMPARED} WHERE NOT {KEPT} ON CONFLICT (mobile, name) \
             DO UPDATE SET doses = excluded.doses, required = excluded.required"
        );
        let written = sqlx::query(sqlx::AssertSqlSafe(merge)).execute(&mut *self.tx).await?.rows_affected();
        sqlx::query("DROP TABLE staged").execute(&mut *self.tx).await?;
        self.tx.commit().await?;
        Ok(written)
    }

    /// Ends without a change.
    pub(super) async fn discard(self) -> sqlx::Result<()> {
        self.tx.rollback().await
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

/// One statement for so many rows.
fn insert(count: usize) -> String {
    let row = |row: usize| {
        let places: Vec<_> = (1..=7).map(|column| format!("${}", 7 * row + column)).collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<_> = (0..count).map(row).collect();
    format!(
        "INSERT INTO staged (mobile, name, doses, required, keep, file, place) VALUES {}",
        rows.join(", ")
    )
}
