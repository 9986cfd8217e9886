//! The register that the service brings along: the table `records`.

use futures_util::{FutureExt, future::BoxFuture};
use kycvs::{Subject, Zeroizing};
use sqlx::{Row, any::AnyRow};

use super::{Doses, Records, RecordsUnavailable, matching};
use crate::db::Db;

/// The table `records`, which `kycvs records import` fills.
pub(crate) struct SqlRecords(Db);

impl SqlRecords {
    pub(crate) fn new(db: Db) -> Self {
        Self(db)
    }

    /// By the same name, else by the only name on the number that is [as good as it](matching). If another name that is as
    /// good has another status, neither is found: who could pick one of them would pick the higher.
    async fn doses(&self, name: &str, mobile: &str) -> sqlx::Result<Option<Doses>> {
        let rows = sqlx::query("SELECT name, doses, required FROM records WHERE mobile = $1 LIMIT $2")
            .bind(mobile)
            .bind(MOST_COMPARED + 1)
            .fetch_all(self.0.reader())
            .await?;
        // Of a number with more names than were read, nobody knows which others match.
        if i64::try_from(rows.len()).is_ok_and(|count| count > MOST_COMPARED) {
            return self.of_the_same_name(name, mobile).await;
        }
        let names = rows.iter().map(|row| row.try_get::<String, _>("name").map(Zeroizing::new));
        let names = names.collect::<sqlx::Result<Vec<_>>>()?;
        let records = || names.iter().map(|name| name.as_str()).zip(&rows);
        let Some((_, row)) = records().find(|(known, _)| *known == name) else {
            return matching::only_match(name, records()).map(read).transpose();
        };
        let doses = read(row)?;
        for other in matching::matches(name, records()) {
            if read(other)?.status() != doses.status() {
                return Ok(None);
            }
        }
        Ok(Some(doses))
    }

    async fn of_the_same_name(&self, name: &str, mobile: &str) -> sqlx::Result<Option<Doses>> {
        let row = sqlx::query("SELECT doses, required FROM records WHERE mobile = $1 AND name = $2")
            .bind(mobile)
            .bind(name)
            .fetch_optional(self.0.reader())
            .await?;
        row.as_ref().map(read).transpose()
    }
}

/// Names on one number that are compared one by one. A family has fewer; a number with more is a filler, such as that of the
/// clinic.
pub(super) const MOST_COMPARED: i64 = 100;

fn read(row: &AnyRow) -> sqlx::Result<Doses> {
    Ok(Doses { given: number(row.try_get("doses")?), required: number(row.try_get("required")?) })
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
        records::{
            Format, Options, Source, import,
            matching::tests::{Example, examples},
        },
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

    async fn import_rows(db: &Db, rows: impl Iterator<Item = (u64, String, usize)>) {
        let rows = rows.map(|(mobile, name, doses)| format!("{mobile},{name},{doses},99\n"));
        let file = format!("mobile,name,doses,required\n{}", rows.collect::<String>());
        let source = Source { format: Format::Csv, content: Box::new(file.as_bytes()) };
        let admin = Admin::of(db.clone());
        let report = import(&admin, vec![source], &Options::default(), &mut |_| ()).await.expect("imported");
        assert_eq!(report.bad, 0);
    }

    async fn given(records: &SqlRecords, name: &str, mobile: u64) -> Option<usize> {
        let person =
            Subject::new(name).and_then(|name| name.with_mobile(&mobile.to_string())).expect("a person");
        let doses = records.find(&person).await.expect("the database is there");
        doses.map(|doses| doses.given as usize)
    }

    /// Each row of the table on a number of its own; the doses say which of its names was found.
    #[tokio::test]
    async fn every_example_in_the_document_for_operators_is_what_the_lookup_does() {
        let examples: Vec<_> = (9_876_500_000..).zip(examples()).collect();
        assert!(examples.len() >= 28, "{}", examples.len());
        for (_keep, db) in databases().await {
            for (mobile, example) in &examples {
                // One at a time: names of one import that the look-up takes for one must not contradict each other. All have
                // one status.
                for (doses, name) in (1..).zip(&example.register) {
                    import_rows(&db, [(*mobile, name.to_string(), doses)].into_iter()).await;
                }
            }
            let records = SqlRecords::new(db);
            for (mobile, Example { register, typed, found }) in &examples {
                let expected = found.map(|found| {
                    register.iter().position(|name| *name == found).expect("it is in the register") + 1
                });
                assert_eq!(given(&records, typed, *mobile).await, expected, "{typed} in {register:?}");
                assert_eq!(given(&records, typed, mobile + 1_000).await, None, "{typed} on another number");
            }
        }
    }

    #[tokio::test]
    async fn names_that_match_and_have_another_status_are_not_found() {
        for (_keep, db) in databases().await {
            let records = SqlRecords::new(db.clone());
            for (mobile, [one, other]) in
                (9_876_500_000..).zip([["Md. Asif", "Mohammed Asif"], ["S. Ramesh", "Ramesh S."]])
            {
                for (name, doses) in [(one, 0), (other, 99)] {
                    import_rows(&db, std::iter::once((mobile, name.to_owned(), doses))).await;
                }
                let ravi = std::iter::once((mobile, "Ravi".to_owned(), 1));
                import_rows(&db, ravi).await;
                for typed in [one, other] {
                    assert_eq!(given(&records, typed, mobile).await, None, "{typed}");
                }
                assert_eq!(given(&records, "Ravi", mobile).await, Some(1));
                import_rows(&db, std::iter::once((mobile, one.to_owned(), 99))).await;
                assert_eq!(given(&records, one, mobile).await, Some(99));
            }
        }
    }

    #[tokio::test]
    async fn a_number_with_more_names_than_are_compared_forgives_nothing() {
        const MOBILE: u64 = 9_876_543_210;
        for (_keep, db) in databases().await {
            let fillers = (1..).map(|at| (MOBILE, format!("Filler {at}"), at));
            let others = usize::try_from(MOST_COMPARED).expect("a count") - 1;
            let ramesh = std::iter::once((MOBILE, "S. Ramesh".to_owned(), 0));
            import_rows(&db, ramesh.chain(fillers.take(others))).await;
            let records = SqlRecords::new(db.clone());
            assert_eq!(given(&records, "Ramesh S", MOBILE).await, Some(0));
            import_rows(&db, std::iter::once((MOBILE, "One More".to_owned(), 1))).await;
            assert_eq!(given(&records, "Ramesh S", MOBILE).await, None);
            assert_eq!(given(&records, "S Ramesh", MOBILE).await, Some(0));
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
