//! The register that the service brings along: the table `records`.

use futures_util::{FutureExt, future::BoxFuture};
use kycvs::Subject;
use sqlx::Row;

use super::{Doses, Records, RecordsUnavailable};
use crate::db::Db;

/// The table `records`, which `kycvs records import` fills.
pub(crate) struct SqlRecords(Db);

impl SqlRecords {
    pub(crate) fn new(db: Db) -> Self {
        Self(db)
    }

    async fn doses(&self, name: &str, mobile: &str) -> sqlx::Result<Option<Doses>> {
        let row = sqlx::query("SELECT doses, required FROM records WHERE mobile = $1 AND name = $2")
            .bind(mobile)
            .bind(name)
            .fetch_optional(self.0.reader())
            .await?;
        row.map(|row| {
            Ok(Doses { given: number(row.try_get("doses")?), required: number(row.try_get("required")?) })
        })
        .transpose()
    }
}

impl Records for SqlRecords {
    fn find<'a>(&'a self, person: &'a Subject) -> BoxFuture<'a, Result<Option<Doses>, RecordsUnavailable>> {
        async move {
            let Some(mobile) = person.mobile() else { return Ok(None) };
            // Not the error's own text: that of a database can hold values.
            self.doses(person.name(), mobile).await.map_err(|error| {
                RecordsUnavailable(format!("the database failed ({})", crate::db::kind(&error)))
            })
        }
        .boxed()
    }
}

/// What is in the table was in these bounds when it was imported.
fn number(stored: i64) -> u32 {
    u32::try_from(stored.max(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        admin::Admin,
        records::{Format, Options, Source, import},
        test_support::databases,
    };

    #[tokio::test]
    async fn names_match_as_the_core_normalises_them_and_share_a_number() {
        for (_keep, db) in databases().await {
            let file = "mobile,name,doses,required\n\
                        098765 43210,Asha R. Verma,2,2\n\
                        +919876543210,Ravi Verma,1,2\n\
                        9876500000,Asha R. Verma,0,2\n";
            let admin = Admin::of(db.clone());
            let source = Source { format: Format::Csv, content: Box::new(file.as_bytes()) };
            let report =
                import(&admin, vec![source], &Options::default(), &mut |_| ()).await.expect("it is imported");
            assert_eq!((report.written, report.bad), (3, 0));
            let records = SqlRecords::new(db);
            for (name, mobile, expected) in [
                ("ASHA  R VERMA", "9876543210", Some((2, 2))),
                ("asha r. verma", "+91 98765-43210", Some((2, 2))),
                ("Ravi Verma", "9876543210", Some((1, 2))),
                ("Asha R Verma", "9876500000", Some((0, 2))),
                ("Ravi Verma", "9876500000", None),
                ("Asha", "9876543210", None),
            ] {
                let person = Subject::new(name).and_then(|name| name.with_mobile(mobile)).expect("a person");
                let found = records.find(&person).await.expect("the database is there");
                assert_eq!(found.map(|doses| (doses.given, doses.required)), expected, "{name} {mobile}");
            }
            assert!(
                records.find(&Subject::new("Asha R Verma").expect("a name")).await.expect("found").is_none()
            );
        }
    }

    #[tokio::test]
    async fn a_register_that_is_away_says_so_without_the_person() {
        for (_keep, db) in databases().await {
            db.close().await;
            let person =
                Subject::new("Asha").and_then(|name| name.with_mobile("9876543210")).expect("a person");
            let error = SqlRecords::new(db).find(&person).await.expect_err("it is closed");
            assert_eq!(format!("{error:?}"), "RecordsUnavailable(the database failed (closed))");
        }
    }
}
