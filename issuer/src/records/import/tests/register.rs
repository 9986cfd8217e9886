//! Rows of the register under another name or number, and the reports of stops and refusals.

use super::*;

fn patient(id: &str, name: &str, numbers: &[&str], more: &str) -> String {
    let telecom: Vec<_> =
        numbers.iter().map(|number| format!(r#"{{"system":"phone","value":"{number}"}}"#)).collect();
    format!(
        r#"{{"resourceType":"Patient","id":"{id}","name":[{{"text":"{name}"}}],"telecom":[{}]{more}}}"#,
        telecom.join(",")
    )
}

fn dose(id: &str, patient: &str, number: u32, status: &str) -> String {
    format!(
        r#"{{"resourceType":"Immunization","id":"{id}","status":"{status}","patient":{{"reference":"Patient/{patient}"}},"occurrenceDateTime":"2021-0{number}-01","vaccineCode":{{"coding":[{{"code":"covid"}}]}},"protocolApplied":[{{"doseNumberPositiveInt":{number},"seriesDosesPositiveInt":2}}]}}"#
    )
}

fn covid() -> Options {
    Options { vaccines: vec!["covid".into()], ..Options::default() }
}

/// Imports lines of FHIR.
async fn lines(admin: &Admin, lines: &[String], options: &Options) -> (Report, Vec<(usize, u64, String)>) {
    imported(admin, &[(Format::FhirNdjson, &lines.join("\n"))], options).await.expect("it is imported")
}

async fn rows(admin: &Admin) -> Vec<(String, String, i64)> {
    let rows = sqlx::query("SELECT mobile, name, doses FROM records ORDER BY mobile, name");
    let rows = rows.fetch_all(admin.db.reader()).await.expect("read");
    let row = |row: &sqlx::any::AnyRow| {
        (sqlx::Row::get(row, "mobile"), sqlx::Row::get(row, "name"), sqlx::Row::get(row, "doses"))
    };
    rows.iter().map(row).collect()
}

/// Each Patient shares a number with the one before. Only the first two contradict each other.
fn chain(names: [&str; 2], count: usize) -> Vec<String> {
    let number = |link: usize| format!("98765{link:05}");
    let mut lines = vec![patient("0", names[1], &[&number(0)], "")];
    for link in 1..=count {
        let id = link.to_string();
        lines.push(patient(&id, names[link % 2], &[&number(link - 1), &number(link)], ""));
        lines.push(dose(&id, &id, 1, "completed"));
    }
    lines
}

#[tokio::test]
async fn refusal_spreads_to_all_who_share_a_name_and_number_with_somebody_refused() {
    for (_keep, admin) in admins().await {
        for names in [["Asha", "Asha"], ["Md. Asif", "Mohammed Asif"]] {
            for count in [1, 2, 3, 9] {
                let mut file = chain(names, count);
                file.extend([patient("x", "Ravi", &["9876599999"], ""), dose("x", "x", 1, "completed")]);
                let (report, bad) = lines(&admin, &file, &covid()).await;
                let expected = vec![("+919876599999".to_owned(), "ravi".to_owned(), 1)];
                assert_eq!((rows(&admin).await, report.written), (expected, 1), "{count}");
                let places: BTreeSet<_> = bad.iter().map(|bad| bad.1).collect();
                let expected: BTreeSet<_> = (0..=count as u64).map(|link| (2 * link).max(1)).collect();
                assert_eq!((places, bad.len()), (expected, count + 1), "{bad:?}");
            }
        }
    }
}

#[tokio::test]
async fn patient_that_agrees_with_a_refused_one_is_refused_and_named() {
    // The second agrees with the first, and is refused under another number because the third contradicts it.
    let file = [
        patient("a", "Asha", &["9876500001"], ""),
        dose("1", "a", 1, "completed"),
        patient("b", "Asha", &["9876500001", "9876500002"], ""),
        dose("2", "b", 1, "completed"),
        patient("c", "Asha", &["9876500002"], ""),
    ];
    for (_keep, admin) in admins().await {
        let (_, bad) = lines(&admin, &file, &covid()).await;
        let mut places: Vec<_> = bad.iter().map(|bad| bad.1).collect();
        places.sort_unstable();
        assert_eq!((rows(&admin).await, places), (vec![], vec![1, 3, 5]), "{bad:?}");
    }
}

#[tokio::test]
async fn higher_row_under_a_former_name_or_number_is_reported() {
    let versions = [
        patient("a", "Asha", &["9876500002"], r#","meta":{"versionId":"2"}"#),
        patient("a", "Asha", &["9876500001"], r#","meta":{"versionId":"1"}"#),
    ];
    let old_number = patient("a", "Asha", &["9876500002"], "")
        .replace(r#""telecom":["#, r#""telecom":[{"system":"phone","use":"old","value":"9876500001"},"#);
    let link = r#","active":false,"link":[{"type":"replaced-by","other":{"reference":"Patient/a"}}]"#;
    let replaced = [patient("a", "Asha", &["9876500002"], ""), patient("b", "Asha", &["9876500001"], link)];
    let before = format!("{HEAD}9876500001,Asha,2,2\n9876500002,Asha,2,2\n");
    let corrected = format!("{HEAD}9876500001,Asha,1,2\n");
    let (first, second) = (dose("1", "a", 1, "completed"), dose("2", "a", 2, "entered-in-error"));
    for (_keep, admin) in admins().await {
        for person in [&versions[..], std::slice::from_ref(&old_number), &replaced] {
            for add in [false, true] {
                let options = Options { add, ..covid() };
                imported(&admin, &[(Format::Csv, &before)], &covid()).await.expect("it is imported");
                let file = [person, &[first.clone(), second.clone()]].concat();
                let (report, bad) = lines(&admin, &file, &options).await;
                assert_eq!(rows(&admin).await[1].2, 1, "{file:?}");
                assert_eq!(bad.len(), 1, "{bad:?} {file:?}");
                assert!(bad[0].2.contains("had before"), "{bad:?}");
                assert_eq!((report.changes.unwritten, report.changes.absent), (1, 0));
                // As the report asks.
                imported(&admin, &[(Format::Csv, &corrected)], &covid()).await.expect("it is imported");
                assert_eq!(lines(&admin, &file, &options).await.1, [], "{file:?}");
            }
        }
        // Of what was added, the files do not tell how many doses the person has.
        imported(&admin, &[(Format::Csv, &before)], &covid()).await.expect("it is imported");
        let file = [&versions[..], std::slice::from_ref(&first)].concat();
        assert_eq!(lines(&admin, &file, &Options { add: true, ..covid() }).await.1, []);
    }
}

#[tokio::test]
async fn people_of_the_files_who_are_not_written_are_not_counted_as_absent() {
    let before =
        format!("{HEAD}9876500001,Asha,2,2\n9876500002,Ravi,2,2\n9876500003,Om,2,2\n9876500004,Zoya,2,2\n");
    let table = format!("{HEAD}9876500001,Asha,two,2\n");
    let file = [
        patient("r", "Ravi", &["9876500002"], r#","active":false"#),
        patient("o", "Om", &["9876500003"], ""),
        dose("1", "o", 1, "done"),
    ];
    for (_keep, admin) in admins().await {
        imported(&admin, &[(Format::Csv, &before)], &covid()).await.expect("it is imported");
        let files = [(Format::Csv, &*table), (Format::FhirNdjson, &*file.join("\n"))];
        let (report, _) = imported(&admin, &files, &covid()).await.expect("it is imported");
        assert_eq!((report.written, report.changes.unwritten, report.changes.absent), (0, 3, 1));
    }
}

#[tokio::test]
async fn other_spelling_of_a_name_in_the_register_with_another_status_is_noted() {
    for (_keep, admin) in admins().await {
        let before = format!("{HEAD}9876543210,Mohammed Asif,2,2\n9876543210,Ravi,1,2\n");
        imported(&admin, &[(Format::Csv, &before)], &covid()).await.expect("it is imported");
        for add in [false, true] {
            for (row, noted) in
                [("Md. Asif,1,2", 1), ("Md. Asif,2,3", 1), ("Mohd Ravi,0,2", 0), ("Asif,0,2", 0)]
            {
                let table = format!("{HEAD}9876543210,{row}\n");
                let options = Options { dry_run: true, add, ..covid() };
                let (report, _) =
                    imported(&admin, &[(Format::Csv, &table)], &options).await.expect("imported");
                assert_eq!(report.noted, noted, "{row}");
            }
        }
        let same = format!("{HEAD}9876543210,Md. Asif,2,2\n");
        let (report, _) = imported(&admin, &[(Format::Csv, &same)], &covid()).await.expect("it is imported");
        assert_eq!((report.noted, given(&admin, "Md. Asif").await), (0, Some(2)));
    }
}

#[tokio::test]
async fn dry_run_of_an_import_that_stops_tells_why() {
    for (_keep, admin) in admins().await {
        imported(&admin, &[(Format::Csv, &people(4, 2))], &covid()).await.expect("it is imported");
        let lower = people(4, 1);
        let dry = Options { dry_run: true, ..covid() };
        let (report, _) = imported(&admin, &[(Format::Csv, &lower)], &dry).await.expect("it is read");
        let why = report.changes.ruinous().expect("it stops");
        let stopped = imported(&admin, &[(Format::Csv, &lower)], &covid()).await.expect_err("it stops");
        assert!(stopped.to_string().starts_with(&why) && why.starts_with("4 of 4 people"), "{stopped} {why}");
        let (report, _) = imported(&admin, &[(Format::Csv, &people(4, 2))], &dry).await.expect("it is read");
        assert_eq!(report.changes.ruinous(), None);
    }
}
