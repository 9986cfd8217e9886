use kycvs::Subject;
use tempfile::TempDir;

use super::*;
use crate::{
    records::{Records, SqlRecords},
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
async fn a_bad_row_stops_no_other_and_is_told_by_its_place() {
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

#[tokio::test]
async fn people_who_are_there_get_the_new_doses_and_the_last_row_counts() {
    for (_keep, admin) in admins().await {
        let head = "mobile,name,doses,required\n";
        let first = format!("{head}9876543210,Asha,0,2\n9876543210,Ravi,1,2\n");
        let second = format!("{head}9876543210,Asha,1,2\n+91 98765 43210,ASHA.,2,2\n");
        for file in [&first, &second] {
            imported(&admin, &[(Format::Csv, file)], &Options::default()).await.expect("it is imported");
        }
        assert_eq!((given(&admin, "Asha").await, given(&admin, "Ravi").await), (Some(2), Some(1)));
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
        assert_eq!(report, Report { written: 2 * BATCH as u64 + 7, bad: 0, passed_over: 0 });
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
    let options = Options { vaccines: vec!["covid".into()], required: Some(2) };
    for (_keep, admin) in admins().await {
        let files = [(Format::FhirNdjson, doses), (Format::FhirNdjson, patients)];
        let (report, bad) = imported(&admin, &files, &options).await.expect("it is imported");
        assert_eq!(report, Report { written: 1, bad: 1, passed_over: 1 });
        assert_eq!(bad, [(0, 2, "it is no FHIR resource in JSON".to_owned())]);
        assert_eq!(given(&admin, "Asha").await, Some(1));
    }
}

#[tokio::test]
async fn a_file_that_is_none_or_too_large_ends_the_import() {
    let vaccines = Options { vaccines: vec!["covid".into()], required: None };
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
async fn tables_and_lines_are_read_with_every_line_end_separator_and_mark() {
    let options = Options { vaccines: vec!["covid".into()], required: Some(2) };
    let (_keep, admin) = admins().await.swap_remove(0);
    let table = "mobile,name,doses,required\n9876543210,Asha,1,2\n,,,\n\n9876543210,Ravi,2,2\n";
    let lines = "{\"resourceType\":\"Patient\",\"id\":\"a\",\"name\":[{\"text\":\"Meena\"}],\"telecom\":[{\"system\":\"phone\",\"value\":\"9876543210\"}]}\n \n\
                 {\"resourceType\":\"Immunization\",\"status\":\"completed\",\"patient\":{\"reference\":\"Patient/a\"},\"occurrenceDateTime\":\"2021-03-01\",\"vaccineCode\":{\"coding\":[{\"code\":\"covid\"}]}}\nx\n";
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
        assert_eq!(
            (report.written, bad),
            (1, vec![(0, 4, "it is no FHIR resource in JSON".to_owned())]),
            "{end:?}"
        );
    }
    let bundle = "\u{feff}{\"resourceType\":\"Bundle\"}";
    imported(&admin, &[(Format::FhirBundle, bundle)], &options).await.expect("a mark stands before it");
    for format in [Format::Csv, Format::FhirNdjson, Format::FhirBundle] {
        let error = imported(&admin, &[(format, "{\0\"\0")], &options).await.expect_err("it is UTF-16");
        assert_eq!(error.to_string(), "it is UTF-16 text: save it as UTF-8");
    }
}
