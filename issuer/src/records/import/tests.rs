use kycvs::Subject;
use tempfile::TempDir;

use super::*;
use crate::{
    records::{Records, SqlRecords, stage::BATCH},
    test_support::databases,
};

async fn admins() -> Vec<(TempDir, Admin)> {
    databases().await.into_iter().map(|(keep, db)| (keep, Admin::of(db))).collect()
}

/// What an import came to, and the bad rows as (file, place, reason).
async fn imported(
    admin: &Admin,
    files: &[(Format, &str)],
    options: &Options,
) -> Result<(Report, Vec<(usize, u64, String)>), ImportError> {
    let sources =
        files.iter().map(|&(format, text)| Source { format, content: Box::new(text.as_bytes()) }).collect();
    let (mut bad, mut read, mut written) = (Vec::new(), 0, 0);
    let report = import(admin, sources, options, &mut |progress| match progress {
        Progress::Read(bytes) => read += bytes,
        Progress::Written(count) => written += count,
        Progress::Bad(row) => bad.push((row.file, row.place, row.reason.to_string())),
        Progress::Noted(row) => assert!(row.place > 0),
    })
    .await?;
    assert_eq!((written, bad.len() as u64), (report.written, report.bad));
    let total: usize = files.iter().map(|(_, text)| text.len()).sum();
    assert!(read <= total as u64 && (read > 0 || report.written == 0), "{read} of {total}");
    Ok((report, bad))
}

async fn given(admin: &Admin, name: &str) -> Option<u32> {
    let person = Subject::new(name).and_then(|person| person.with_mobile("9876543210")).expect("a person");
    let found = SqlRecords::new(admin.db.clone()).find(&person).await.expect("the database is there");
    found.map(|doses| doses.given)
}

#[tokio::test]
async fn bad_row_stops_no_other_and_is_told_by_its_place() {
    for (_keep, admin) in admins().await {
        let long = "x".repeat(70_000);
        let file = format!(
            "mobile,name,doses,required\n9876543210,Asha,1,2\n12,Ravi,1,2\n\n9876543210,\"Ravi,1,2\n\
             9876543210,{long},1,2\n9876543210,Meena,2,2"
        );
        let (report, bad) =
            imported(&admin, &[(Format::Csv, &file)], &Options::default()).await.expect("it is imported");
        assert_eq!((report.written, report.bad), (2, 3));
        let places: Vec<_> = bad.iter().map(|&(file, place, _)| (file, place)).collect();
        assert_eq!(places, [(0, 3), (0, 5), (0, 6)]);
        assert!(bad.iter().all(|(_, _, reason)| !reason.contains("Ravi") && !reason.contains("xxx")));
        assert_eq!((given(&admin, "Asha").await, given(&admin, "meena").await), (Some(1), Some(2)));
    }
}

const HEAD: &str = "mobile,name,doses,required\n";

#[tokio::test]
async fn people_who_are_there_get_the_new_doses() {
    for (_keep, admin) in admins().await {
        let first = format!("{HEAD}9876543210,Asha,0,2\n9876543210,Ravi,1,2\n");
        let second = format!("{HEAD}9876543210,Asha,2,2\n+91 98765 43210,ASHA.,2,2\n");
        for file in [&first, &second] {
            imported(&admin, &[(Format::Csv, file)], &Options::default()).await.expect("it is imported");
        }
        assert_eq!((given(&admin, "Asha").await, given(&admin, "Ravi").await), (Some(2), Some(1)));
    }
}

#[tokio::test]
async fn rows_that_contradict_each_other_are_refused_in_one_file_and_in_two() {
    for (_keep, admin) in admins().await {
        let before = format!("{HEAD}9876543210,Asha,1,2\n");
        imported(&admin, &[(Format::Csv, &before)], &Options::default()).await.expect("it is imported");
        let one = format!("{HEAD}9876543210,Ravi,1,2\n9876543210,Asha,2,2\n9876543210,Asha,0,2\n");
        let other = format!("{HEAD}9876543210,Ravi,1,3\n9876543210,Meena,1,2\n9876543210,Meena,1,2\n");
        let files = [(Format::Csv, &*one), (Format::Csv, &*other)];
        let (report, bad) = imported(&admin, &files, &Options::default()).await.expect("it is imported");
        let changes = report.changes;
        assert_eq!((report.written, changes.added, changes.unwritten, changes.absent), (1, 1, 1, 0));
        let places: Vec<_> = bad.iter().map(|&(file, place, _)| (file, place)).collect();
        assert_eq!(places, [(0, 2), (0, 3), (0, 4), (1, 2)]);
        assert_eq!((given(&admin, "Asha").await, given(&admin, "Ravi").await), (Some(1), None));
        assert_eq!(given(&admin, "Meena").await, Some(1));
    }
}

#[tokio::test]
async fn dry_run_says_what_would_change_and_writes_nothing() {
    for (_keep, admin) in admins().await {
        let before = format!(
            "{HEAD}9876543210,Asha,1,2\n9876543210,Ravi,2,2\n9876543210,Meena,0,2\n9876543210,Om,0,2\n"
        );
        imported(&admin, &[(Format::Csv, &before)], &Options::default()).await.expect("it is imported");
        let file = format!(
            "{HEAD}9876543210,Asha,2,2\n9876543210,Ravi,1,2\n9876543210,Om,0,3\n9876543210,New,2,2\n"
        );
        let options = Options { dry_run: true, ..Options::default() };
        for _ in 0..2 {
            let (report, _) = imported(&admin, &[(Format::Csv, &file)], &options).await.expect("it is read");
            let changes = Changes {
                added: 1,
                higher: 1,
                lower: 1,
                renewed: 1,
                same: 0,
                kept: 0,
                unwritten: 0,
                absent: 1,
            };
            assert_eq!((report.written, report.changes), (0, changes));
        }
        assert_eq!((given(&admin, "Asha").await, given(&admin, "New").await), (Some(1), None));
        let (report, _) =
            imported(&admin, &[(Format::Csv, &file)], &Options::default()).await.expect("it is imported");
        assert_eq!((report.written, report.changes.higher), (4, 1));
        assert_eq!((given(&admin, "Asha").await, given(&admin, "New").await), (Some(2), Some(2)));
    }
}

/// So many people with so many doses.
fn people(count: u64, doses: u32) -> String {
    let rows = (0..count).map(|number| format!("9876543210,Person {number},{doses},2\n"));
    std::iter::once(HEAD.to_owned()).chain(rows).collect()
}

#[tokio::test]
async fn import_that_lowers_many_people_stops_unless_forced() {
    for (_keep, admin) in admins().await {
        imported(&admin, &[(Format::Csv, &people(200, 2))], &Options::default())
            .await
            .expect("it is imported");
        let force = Options { force: true, ..Options::default() };
        for (lower, all, stops) in [(3, 3, false), (4, 80, false), (4, 79, true), (11, 200, true)] {
            let file = people(all, 2).replacen(",2,2\n", ",1,2\n", lower);
            let outcome = imported(&admin, &[(Format::Csv, &file)], &Options::default()).await;
            assert_eq!(matches!(outcome, Err(ImportError::Ruinous(_))), stops, "{lower} of {all}");
            let expected = if stops { 2 } else { 1 };
            assert_eq!(given(&admin, "Person 0").await, Some(expected), "{lower} of {all}");
            let (report, _) =
                imported(&admin, &[(Format::Csv, &file)], &force).await.expect("it is imported");
            assert_eq!(report.written, all);
            imported(&admin, &[(Format::Csv, &people(200, 2))], &force).await.expect("it is imported");
        }
    }
}

#[tokio::test]
async fn added_export_raises_and_never_lowers_except_after_a_withdrawal() {
    let add = Options { vaccines: vec!["covid".into()], add: true, ..Options::default() };
    let patient = |id: &str, name: &str| {
        format!(
            r#"{{"resourceType":"Patient","id":"{id}","name":[{{"text":"{name}"}}],"telecom":[{{"system":"phone","value":"9876543210"}}]}}"#
        )
    };
    let dose = |id: &str, number: u32, status: &str| {
        format!(
            r#"{{"resourceType":"Immunization","id":"{id}{number}","status":"{status}","patient":{{"reference":"Patient/{id}"}},"vaccineCode":{{"coding":[{{"code":"covid"}}]}},"protocolApplied":[{{"doseNumberPositiveInt":{number},"seriesDosesPositiveInt":2}}]}}"#
        )
    };
    for (_keep, admin) in admins().await {
        let before = format!(
            "{HEAD}9876543210,Asha,2,2\n9876543210,Ravi,0,2\n9876543210,Meena,2,2\n9876543210,Om,2,2\n"
        );
        imported(&admin, &[(Format::Csv, &before)], &Options::default()).await.expect("it is imported");
        let lines = [
            patient("a", "Asha"),
            dose("a", 2, "completed"),
            patient("r", "Ravi"),
            dose("r", 1, "completed"),
            patient("m", "Meena"),
            dose("m", 2, "entered-in-error"),
            patient("o", "Om"),
        ];
        let file = lines.join("\n");
        let (report, bad) =
            imported(&admin, &[(Format::FhirNdjson, &file)], &add).await.expect("it is imported");
        let changes =
            Changes { added: 0, higher: 1, lower: 1, renewed: 0, same: 0, kept: 1, unwritten: 1, absent: 0 };
        assert_eq!((report.changes, bad.len()), (changes, 0));
        let people = [given(&admin, "Asha").await, given(&admin, "Ravi").await, given(&admin, "Meena").await];
        assert_eq!((people, given(&admin, "Om").await), ([Some(2), Some(1), Some(0)], Some(2)));
    }
}

#[tokio::test]
async fn lost_dose_lowers_nobody_and_each_who_would_fall_is_named() {
    let options = Options { vaccines: vec!["covid".into()], required: Some(2), ..Options::default() };
    let file = r#"{"resourceType":"Patient","id":"a","name":[{"text":"Asha"}],"telecom":[{"system":"phone","value":"9876543210"}]}
{"resourceType":"Immunization","status":"completed","patient":{"reference":"Patient/a"},"occurrenceDateTime":"2021-03-01","vaccineCode":{"coding":[{"code":"covid"}]}}
{"resourceType":"Immunization","status":"completed","patient":{"reference":"Patient/A"},"occurrenceDateTime":"2021-06-01","vaccineCode":{"coding":[{"code":"covid"}]}}"#;
    for (_keep, admin) in admins().await {
        let before = format!("{HEAD}9876543210,Asha,2,2\n");
        imported(&admin, &[(Format::Csv, &before)], &Options::default()).await.expect("it is imported");
        let (report, bad) =
            imported(&admin, &[(Format::FhirNdjson, file)], &options).await.expect("it is imported");
        assert_eq!((report.written, report.changes.kept), (0, 1));
        assert_eq!(bad.iter().map(|bad| bad.1).collect::<Vec<_>>(), [3, 1]);
        assert_eq!(given(&admin, "Asha").await, Some(2));
    }
}

#[tokio::test]
async fn files_without_doses_of_the_vaccine_stop_the_import() {
    let patient = r#"{"resourceType":"Patient","id":"a","name":[{"text":"Asha"}],"telecom":[{"system":"phone","value":"9876543210"}]}"#;
    let dose = r#"{"resourceType":"Immunization","status":"completed","patient":{"reference":"Patient/a"},"occurrenceDateTime":"2021-03-01","vaccineCode":{"coding":[{"code":"covid"}]}}"#;
    for (_keep, admin) in admins().await {
        let both = format!("{patient}\n{dose}");
        for (text, vaccine) in [(patient, "covid"), (&*both, "covd"), ("", "covid")] {
            let options = Options { vaccines: vec![vaccine.into()], ..Options::default() };
            let error =
                imported(&admin, &[(Format::FhirNdjson, text)], &options).await.expect_err("it stops");
            assert!(matches!(error, ImportError::Ruinous(_)), "{error}");
            assert_eq!(given(&admin, "Asha").await, None);
        }
        let options = Options { vaccines: vec!["covid".into()], force: true, ..Options::default() };
        imported(&admin, &[(Format::FhirNdjson, patient)], &options).await.expect("it is imported");
        assert_eq!(given(&admin, "Asha").await, Some(0));
    }
}

/// A file in the middle of which somebody else writes to the database.
struct Meanwhile<'a>(&'a [u8], Box<dyn FnMut() + 'a>);

impl Read for Meanwhile<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        (self.1)();
        let part = buffer.len().min(64);
        self.0.read(&mut buffer[..part])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn service_goes_on_writing_while_files_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("t.db").display());
    let open = async || crate::db::Db::open(&url, 2, crate::db::Opens::Service).await.expect("it opens");
    let (admin, service) = (Admin::of(open().await), open().await);
    let file = people(2 * BATCH as u64, 1);
    let write = || {
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let mut tx = service.begin().await.expect("nobody has the lock");
                let change = "UPDATE audit_head SET seq = seq + 1";
                sqlx::query(change).execute(&mut *tx).await.expect("it is written");
                tx.commit().await.expect("it is kept");
            });
        });
    };
    let mut reads = 0;
    let content = Box::new(Meanwhile(
        file.as_bytes(),
        Box::new(move || {
            reads += 1;
            if reads % 100 == 0 {
                write();
            }
        }),
    ));
    let source = Source { format: Format::Csv, content };
    let report =
        import(&admin, vec![source], &Options::default(), &mut |_| ()).await.expect("it is imported");
    assert_eq!(report.written, 2 * BATCH as u64);
}

/// The first import has compared and not yet written when the second compares. Without the lock, the second compares with
/// what was there before, and does not write the rows that the first then changes: some of both would be left.
#[tokio::test]
async fn second_import_waits_and_compares_with_what_the_first_has_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut urls = vec![format!("sqlite:{}", folder.path().join("t.db").display())];
    if let Ok(server) = std::env::var("KYCVS_TEST_POSTGRES") {
        urls.push(crate::test_support::postgres(&server).await);
    }
    let person = |name: &str| ("+919876543210".to_owned(), name.to_owned());
    for url in urls {
        let open = async || crate::db::Db::open(&url, 2, crate::db::Opens::Service).await.expect("it opens");
        let (one, other) = (open().await, open().await);
        let half = format!("{HEAD}9876543210,A,1,2\n9876543210,B,2,2\n");
        imported(&Admin::of(one.clone()), &[(Format::Csv, &half)], &Options::default())
            .await
            .expect("imported");
        let staged = async |db: &crate::db::Db, given| {
            let mut stage = Stage::begin(db).await.expect("it begins");
            for name in ["a", "b"] {
                let doses = Some(Doses { given, required: 2 });
                let row = StagedRow { place: (0, 2), person: person(name), doses, keep: Keep::Never };
                stage.put(row).await.expect("it is put");
            }
            stage.refuse_unclear(&mut |_| ()).await.expect("it is grouped");
            stage
        };
        let (mut first, mut second) = (staged(&one, 1).await, staged(&other, 2).await);
        first.compare().await.expect("it compares");
        let is_written = std::cell::Cell::new(false);
        let write_first = async {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            is_written.set(true);
            first.commit().await.expect("it is written");
        };
        let compare_second = async {
            let changes = second.compare().await.expect("it compares");
            assert!(is_written.get(), "it did not wait");
            changes
        };
        let ((), changes) = tokio::join!(write_first, compare_second);
        assert_eq!((changes.higher, changes.same), (2, 0));
        second.commit().await.expect("it is written");
        let admin = Admin::of(one);
        assert_eq!((given(&admin, "A").await, given(&admin, "B").await), (Some(2), Some(2)));
    }
}

#[tokio::test]
async fn row_that_is_refused_for_one_number_is_refused_for_all() {
    let patient = r#"{"resourceType":"Patient","id":"a","name":[{"text":"Asha"},{"text":"Asha Verma"}],"telecom":[{"system":"phone","value":"9876543210"}]}"#;
    let dose = r#"{"resourceType":"Immunization","status":"completed","patient":{"reference":"Patient/a"},"occurrenceDateTime":"2021-03-01","vaccineCode":{"coding":[{"code":"covid"}]}}"#;
    let fhir = format!("{patient}\n{dose}");
    let options = Options { vaccines: vec!["covid".into()], required: Some(2), ..Options::default() };
    for (_keep, admin) in admins().await {
        let table = format!("{HEAD}9876543210,Asha,2,2\n");
        let files = [(Format::FhirNdjson, &*fhir), (Format::Csv, &*table)];
        let (report, bad) = imported(&admin, &files, &options).await.expect("it is imported");
        assert_eq!(report.written, 0);
        assert_eq!(bad.iter().map(|bad| (bad.0, bad.1)).collect::<Vec<_>>(), [(0, 1), (1, 2)]);
        assert_eq!(given(&admin, "Asha Verma").await, None);
    }
}

#[tokio::test]
async fn added_dose_that_may_be_known_leaves_the_row_and_is_reported() {
    let patient = r#"{"resourceType":"Patient","id":"a","name":[{"text":"Asha"}],"telecom":[{"system":"phone","value":"9876543210"}]}"#;
    let dose = r#"{"resourceType":"Immunization","status":"completed","patient":{"reference":"Patient/a"},"occurrenceDateTime":"2021-06-01","vaccineCode":{"coding":[{"code":"covid"}]}}"#;
    let fhir = format!("{patient}\n{dose}");
    let options =
        Options { vaccines: vec!["covid".into()], required: Some(2), add: true, ..Options::default() };
    for (_keep, admin) in admins().await {
        for (before, noted) in [(1, 1), (2, 0)] {
            let table = format!("{HEAD}9876543210,Asha,{before},2\n");
            imported(&admin, &[(Format::Csv, &table)], &Options::default()).await.expect("it is imported");
            let (report, bad) =
                imported(&admin, &[(Format::FhirNdjson, &fhir)], &options).await.expect("it is imported");
            assert_eq!((report.noted, report.changes.kept, bad.len()), (noted, 1, 0));
            assert_eq!(given(&admin, "Asha").await, Some(before));
        }
    }
}

#[tokio::test]
async fn more_than_a_batch_is_written() {
    use std::fmt::Write as _;
    for (_keep, admin) in admins().await {
        let mut file = "mobile,name,doses,required\n".to_owned();
        for number in 0..(2 * BATCH + 7) {
            writeln!(file, "9876543210,Person {number},{},2", number % 3).expect("a String takes it");
        }
        let (report, _) =
            imported(&admin, &[(Format::Csv, &file)], &Options::default()).await.expect("it is imported");
        assert_eq!(
            (report.written, report.bad, report.changes.added),
            (2 * BATCH as u64 + 7, 0, report.written)
        );
        for number in [0, BATCH - 1, BATCH, 2 * BATCH + 6] {
            let expected = u32::try_from(number % 3).expect("small");
            assert_eq!(given(&admin, &format!("person {number}")).await, Some(expected));
        }
    }
}

#[tokio::test]
async fn patients_and_immunizations_stand_in_files_of_their_own() {
    let patients = r#"{"resourceType":"Patient","id":"a","name":[{"text":"Asha"}],"telecom":[{"system":"phone","value":"9876543210"}]}"#;
    let doses = r#"{"resourceType":"Immunization","status":"completed","patient":{"reference":"Patient/a"},"occurrenceDateTime":"2021-03-01","vaccineCode":{"coding":[{"code":"covid"}]}}
not json
{"resourceType":"Immunization","status":"completed","patient":{"reference":"Patient/a"},"occurrenceDateTime":"2021-05-01","vaccineCode":{"coding":[{"code":"flu"}]}}"#;
    for (_keep, admin) in admins().await {
        for (force, written) in [(false, 0), (true, 1)] {
            let options =
                Options { vaccines: vec!["covid".into()], required: Some(2), force, ..Options::default() };
            let files = [(Format::FhirNdjson, doses), (Format::FhirNdjson, patients)];
            let (report, bad) = imported(&admin, &files, &options).await.expect("it is imported");
            assert_eq!((report.written, report.passed_over, report.held_back), (written, 1, 1 - written));
            assert_eq!(bad, [(0, 2, "it is no FHIR resource in JSON".to_owned())]);
            assert_eq!(given(&admin, "Asha").await, force.then_some(1));
        }
    }
}

#[tokio::test]
async fn a_file_that_is_none_or_too_large_ends_the_import() {
    let vaccines = Options { vaccines: vec!["covid".into()], ..Options::default() };
    let (_keep, admin) = admins().await.swap_remove(0);
    let large = " ".repeat(usize::try_from(MOST_BUNDLE_BYTES).expect("small") + 1);
    for (format, text) in [
        (Format::Csv, ""),
        (Format::Csv, "9876543210,Asha,1,2\n"),
        (Format::FhirBundle, "{}"),
        (Format::FhirBundle, &large),
    ] {
        let error = imported(&admin, &[(format, text)], &vaccines).await.expect_err("it is refused");
        assert!(matches!(error, ImportError::File { file: 0, .. }), "{error}");
        assert!(!error.to_string().contains("Asha"));
    }
    let bundle = (Format::FhirBundle, r#"{"resourceType":"Bundle"}"#);
    let error = imported(&admin, &[bundle], &Options::default()).await.expect_err("no vaccine is named");
    assert!(matches!(error, ImportError::Options(_)));
    for required in [0, 100] {
        let options = Options { required: Some(required), ..Options::default() };
        assert!(imported(&admin, &[], &options).await.is_err());
    }
}

#[tokio::test]
async fn row_whose_doses_cannot_be_read_holds_back_every_row_of_its_person() {
    for (_keep, admin) in admins().await {
        let before = "mobile,name,doses,required\n9876543210,Asha,1,2\n";
        imported(&admin, &[(Format::Csv, before)], &Options::default()).await.expect("it is imported");
        for bad_row in ["9876543210,Asha,two,2", "9876543210,Asha,1,2,corrected", "9876543210,Asha,1"] {
            let file = format!("{HEAD}{bad_row}\n9876543210,ASHA,2,2\n9876543210,Ravi,1,2\n");
            let (report, bad) =
                imported(&admin, &[(Format::Csv, &file)], &Options::default()).await.expect("it is imported");
            assert_eq!((report.written, report.bad, bad.len()), (1, 2, 2), "{bad_row}");
            let places: Vec<_> = bad.iter().map(|&(file, place, _)| (file, place)).collect();
            assert_eq!(places, [(0, 2), (0, 3)], "{bad_row}");
        }
        assert_eq!((given(&admin, "Asha").await, given(&admin, "Ravi").await), (Some(1), Some(1)));
    }
}

#[tokio::test]
async fn tables_and_lines_are_read_with_every_line_end_separator_and_mark() {
    let options = Options { vaccines: vec!["covid".into()], required: Some(2), ..Options::default() };
    let (_keep, admin) = admins().await.swap_remove(0);
    let table = "mobile,name,doses,required\n9876543210,Asha,1,2\n,,,\n\n9876543210,Ravi,2,2\n";
    let lines = "{\"resourceType\":\"Patient\",\"id\":\"a\",\"name\":[{\"text\":\"Meena\"}],\"telecom\":[{\"system\":\"phone\",\"value\":\"9876543210\"}]}\n \n\
                 {\"resourceType\":\"Immunization\",\"status\":\"completed\",\"patient\":{\"reference\":\"Patient/a\"},\"occurrenceDateTime\":\"2021-03-01\",\"vaccineCode\":{\"coding\":[{\"code\":\"covid\"}]}}\n";
    for end in ["\n", "\r", "\r\n"] {
        for separator in [",", ";", "\t"] {
            let table = format!("\u{feff}{}", table.replace(',', separator).replace('\n', end));
            let (report, bad) = imported(&admin, &[(Format::Csv, &table)], &Options::default())
                .await
                .expect("it is imported");
            assert_eq!((report.written, bad), (2, vec![]), "{end:?} {separator:?}");
        }
        let lines = format!("\u{feff}{}", lines.replace('\n', end));
        let (report, bad) =
            imported(&admin, &[(Format::FhirNdjson, &lines)], &options).await.expect("it is imported");
        assert_eq!((report.written, bad), (1, vec![]), "{end:?}");
        // What cannot be read may withdraw anybody's dose. Its line is the fourth, behind one of a space.
        let torn = format!("{lines}x{end}");
        let (report, bad) =
            imported(&admin, &[(Format::FhirNdjson, &torn)], &options).await.expect("it is imported");
        let torn = vec![(0, 4, "it is no FHIR resource in JSON".to_owned())];
        assert_eq!((report.written, bad), (0, torn), "{end:?}");
    }
    let bundle = "\u{feff}{\"resourceType\":\"Bundle\"}";
    let empty = Options { force: true, ..options.clone() };
    imported(&admin, &[(Format::FhirBundle, bundle)], &empty).await.expect("a mark stands before it");
    for format in [Format::Csv, Format::FhirNdjson, Format::FhirBundle] {
        let error = imported(&admin, &[(format, "{\0\"\0")], &options).await.expect_err("it is UTF-16");
        assert_eq!(error.to_string(), "it is UTF-16 text: save it as UTF-8");
    }
}

#[tokio::test]
async fn names_that_the_look_up_takes_for_one_are_refused_if_they_contradict() {
    for (_keep, admin) in admins().await {
        let rows = format!(
            "{HEAD}9876543210,Asha R. Verma,2,2\n9876543210,R. Asha Verma,0,2\n\
             9876543210,Md. Arif,2,2\n9876543210,Mohammed Arif,2,2\n"
        );
        let (report, bad) =
            imported(&admin, &[(Format::Csv, &rows)], &Options::default()).await.expect("it is imported");
        assert_eq!((report.written, bad.len()), (2, 2), "{bad:?}");
        assert_eq!((given(&admin, "Asha R. Verma").await, given(&admin, "Md. Arif").await), (None, Some(2)));
    }
}

#[tokio::test]
async fn person_of_two_files_is_named_by_a_file_and_a_line_of_it() {
    for (_keep, admin) in admins().await {
        let before = format!("{HEAD}9876543210,Asha,2,2\n");
        imported(&admin, &[(Format::Csv, &before)], &Options::default()).await.expect("it is imported");
        let many = format!("{HEAD}9876543211,B,1,2\n9876543212,C,1,2\n9876543210,Asha,1,2\n");
        let lines = r#"{"resourceType":"Patient","id":"a","birthDate":"1990-01-01","name":[{"text":"Asha"}],"telecom":[{"system":"phone","value":"9876543210"}]}
{"resourceType":"Immunization","id":"1","status":"completed","patient":{"reference":"Patient/a"},"occurrenceDateTime":"2021-03-01","vaccineCode":{"coding":[{"code":"covid"}]},"protocolApplied":[{"doseNumberPositiveInt":1,"seriesDosesPositiveInt":2}]}
{"resourceType":"Immunization","id":"2","status":"completed","patient":{"reference":"Patient/x"},"occurrenceDateTime":"2021-03-01","vaccineCode":{"coding":[{"code":"covid"}]}}"#;
        let files = [(Format::Csv, &*many), (Format::FhirNdjson, lines)];
        let options = Options { vaccines: vec!["covid".into()], ..Options::default() };
        let (_, bad) = imported(&admin, &files, &options).await.expect("it is imported");
        let places: Vec<_> = bad.iter().map(|(file, place, _)| (*file, *place)).collect();
        assert!(places.contains(&(0, 4)) && !places.contains(&(0, 1)), "{bad:?}");
        assert_eq!(given(&admin, "Asha").await, Some(2));
    }
}

#[tokio::test]
async fn added_file_does_not_make_the_course_of_a_known_person_shorter() {
    for (_keep, admin) in admins().await {
        let known = format!("{HEAD}9876543210,Asha,1,3\n9876543210,Ravi,0,2\n");
        imported(&admin, &[(Format::Csv, &known)], &Options::default()).await.expect("it is imported");
        let of = |id: &str, name: &str| {
            format!(
                r#"{{"resourceType":"Patient","id":"{id}","name":[{{"text":"{name}"}}],"telecom":[{{"system":"phone","value":"9876543210"}}]}}
{{"resourceType":"Immunization","id":"i{id}","status":"completed","patient":{{"reference":"Patient/{id}"}},"occurrenceDateTime":"2021-03-01","vaccineCode":{{"coding":[{{"code":"covid"}}]}},"protocolApplied":[{{"doseNumberPositiveInt":1,"seriesDosesPositiveInt":1}}]}}
"#
            )
        };
        let lines = of("a", "Asha") + &of("r", "Ravi");
        let add = Options { add: true, vaccines: vec!["covid".into()], ..Options::default() };
        let (report, _) =
            imported(&admin, &[(Format::FhirNdjson, &lines)], &add).await.expect("it is imported");
        assert_eq!((report.changes.kept, report.changes.higher), (1, 1));
        assert_eq!((given(&admin, "Asha").await, given(&admin, "Ravi").await), (Some(1), Some(1)));
        // Nor if another dose was refused; and what was withdrawn lowers the row that is there.
        let refused = lines.replace("\"Ravi\"", "\"Meena\"")
            + &of("a", "Asha")
                .lines()
                .last()
                .unwrap_or_default()
                .replace("\"completed\"", "\"not-done\"")
                .replace("\"ia\"", "\"n\"");
        let full = format!("{HEAD}9876543210,Zoya,3,3\n");
        imported(&admin, &[(Format::Csv, &full)], &Options::default()).await.expect("it is imported");
        let zoya = refused.replace("\"Asha\"", "\"Zoya\"");
        let force = Options { force: true, ..add };
        for lines in [&refused, &zoya] {
            imported(&admin, &[(Format::FhirNdjson, lines)], &force).await.expect("it is imported");
        }
        for name in ["asha", "zoya"] {
            let row = sqlx::query("SELECT doses, required FROM records WHERE name = $1").bind(name);
            let row = row.fetch_one(admin.db.reader()).await.expect("a row");
            let number = |column: &str| sqlx::Row::get::<i64, _>(&row, column);
            assert_eq!((number("doses"), number("required")), (1, 3), "{name}");
        }
    }
}

mod register;
