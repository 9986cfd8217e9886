//! The same registers, imported into a database that has the people already.

use super::{
    super::{Person, tests::COVID},
    *,
};
use crate::{
    admin::Admin,
    db::{Db, Opens},
    records::{ImportError, Options, Progress, Source, import},
};

/// Each takes three transactions.
const STAGED: u64 = 300;

type Rows = BTreeMap<Person, Doses>;

#[tokio::test]
async fn no_row_is_raised_above_the_truth_and_what_is_not_understood_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("t.db").display());
    let admin = Admin::of(Db::open(&url, 1, Opens::Service).await.expect("it opens"));
    let mut changed = 0;
    for seed in 0..STAGED {
        let register = Register::new(seed);
        let mut random = Random(!seed);
        let before = register.rows_before(&mut random);
        put(&admin.db, &before).await;
        let mut reported = Reported::default();
        let is_added = random.one_in(3);
        let mut started = before.clone();
        if is_added {
            // First an export of an earlier time, then what came later.
            let earlier = |item: &Item| !item.is_late || item.is_patient();
            reported.join(register.import(&admin, false, &earlier).await);
            started = rows(&admin.db).await;
            register
                .check_rows(&before, &started, &reported, false)
                .unwrap_or_else(|wrong| panic!("register {seed}, earlier: {wrong}\n{register:#?}"));
            let later = |item: &Item| item.is_late || item.is_patient();
            reported.join(register.import(&admin, true, &later).await);
        } else {
            reported.join(register.import(&admin, false, &|_| true).await);
        }
        let after = rows(&admin.db).await;
        register.check_rows(&started, &after, &reported, true).unwrap_or_else(|wrong| {
            panic!("register {seed}: {wrong}\n{before:?}\n{started:?}\n{register:#?}")
        });
        changed += u64::from(after != before);
    }
    // An import that writes nothing would pass otherwise.
    assert!(changed > STAGED / 2, "{changed}");
}

async fn put(db: &Db, people: &Rows) {
    let mut tx = db.begin().await.expect("begins");
    sqlx::query("DELETE FROM records").execute(&mut *tx).await.expect("emptied");
    for ((mobile, name), doses) in people {
        sqlx::query("INSERT INTO records (mobile, name, doses, required) VALUES ($1, $2, $3, $4)")
            .bind(mobile)
            .bind(name)
            .bind(i64::from(doses.given))
            .bind(i64::from(doses.required))
            .execute(&mut *tx)
            .await
            .expect("written");
    }
    tx.commit().await.expect("kept");
}

async fn rows(db: &Db) -> Rows {
    use sqlx::Row as _;
    let all = sqlx::query("SELECT mobile, name, doses, required FROM records").fetch_all(db.reader()).await;
    let number = |row: &sqlx::any::AnyRow, column| u32::try_from(row.get::<i64, _>(column)).expect("small");
    let all = all.expect("read").into_iter().map(|row| {
        let doses = Doses { given: number(&row, "doses"), required: number(&row, "required") };
        ((row.get("mobile"), row.get("name")), doses)
    });
    all.collect()
}

impl Reported {
    fn join(&mut self, other: Self) {
        self.owners.extend(other.owners);
        self.torn.extend(other.torn);
    }
}

impl Register {
    /// Rows of people with fewer doses than they have, as many, or too many.
    fn rows_before(&self, random: &mut Random) -> Rows {
        let mut before = Rows::new();
        for truth in &self.people {
            let Doses { given, required } = truth.doses;
            let doses = match random.below(4) {
                0 => continue,
                1 => Doses { given: given.saturating_sub(1), required },
                2 => truth.doses,
                _ => Doses { given: required, required },
            };
            before.extend(truth.forms.iter().map(|form| (form.clone(), doses)));
        }
        before
    }

    /// Imports the chosen items, and gives who is reported. An import that stops changes nothing and reports all.
    async fn import(&self, admin: &Admin, add: bool, is_chosen: &dyn Fn(&Item) -> bool) -> Reported {
        let texts = self.texts(is_chosen);
        let sources = texts
            .iter()
            .map(|text| Source { format: self.format(), content: Box::new(text.as_bytes()) })
            .collect();
        let options = Options { vaccines: vec![COVID.into()], add, ..Options::default() };
        let mut places = Vec::new();
        let outcome = import(admin, sources, &options, &mut |progress| {
            if let Progress::Bad(row) | Progress::Noted(row) = progress {
                places.push((row.file, row.place));
            }
        })
        .await;
        match outcome {
            Ok(_) => self.reported(places.into_iter(), is_chosen),
            Err(ImportError::Ruinous(_)) => {
                Reported { owners: (0..self.people.len()).collect(), torn: BTreeSet::new() }
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// The faults of the rows after an import. `is_whole` if nothing is left to import.
    fn check_rows(
        &self,
        before: &Rows,
        after: &Rows,
        reported: &Reported,
        is_whole: bool,
    ) -> Result<(), String> {
        let status = |rows: &Rows, form: &Person| rows.get(form).map(|doses| doses.status().number());
        for (form, doses) in after {
            if before.get(form) == Some(doses) {
                continue;
            }
            // Before the newest items came, a dose that is withdrawn later counts.
            let highest = if is_whole { self.highest(form) } else { 2 };
            if doses.status().number() > highest {
                return Err(format!("{form:?} became {doses:?}, and the truth is {highest}"));
            }
        }
        for (owner, truth) in self.people.iter().enumerate().filter(|_| is_whole) {
            let is_reported = reported.owners.contains(&owner) || self.is_held_back(truth, reported);
            for form in &truth.forms {
                let (was, is) = (before.get(form), after.get(form));
                let others = self.people.iter().filter(|other| other.forms.contains(form)).count();
                if truth.is_blocked && was != is && others == 1 {
                    return Err(format!(
                        "{form:?} was {was:?} and is {is:?}, in spite of what cannot be read"
                    ));
                }
                // Too high is only what was so before.
                let is_wrong = status(after, form).unwrap_or(0) != truth.status() && others == 1;
                if is_wrong && !is_reported && !truth.is_unknown {
                    return Err(format!("{truth:?} was {was:?} and is {is:?}, and nothing is reported"));
                }
            }
        }
        Ok(())
    }
}
