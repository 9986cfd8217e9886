//! The inputs of `shared/data/field`: public faults of this field, each run through the binary. They are not copied.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Folder, NOTHING, Run};

/// What `issuer/docs/records.md` decides for the cases that leave it to us: rows, exit status, and words of the report.
const DECIDED: &[(&str, &[Row], i32, &str)] = &[
    ("fhir-r5-numbers", &[("+919876543210", "asha verma", 1, 2)], 0, ""),
    ("fhir-stu3-not-given", &[("+919876543210", "asha verma", 0, 1)], 0, ""),
    (
        "fhir-last-dose-only",
        &[("+919876543210", "asha verma", 1, 2)],
        0,
        "the earlier ones are not in the files",
    ),
    ("fhir-one-dose-product-then-another", &[("+919876543210", "asha verma", 1, 1)], 0, ""),
];

/// Words that the report must have, for the cases that ask for a report.
const REPORTED: &[(&str, &[&str])] = &[
    ("fhir-coarser-date", &["note: `a.ndjson`: line 1", "coarse"]),
    ("fhir-unreadable-dose", &["`b.ndjson`: line 3"]),
    ("fhir-patients-only", &["no Immunization", "--force"]),
    ("fhir-wrong-vaccine", &["no Immunization of the wanted vaccine (of 1)", "--force"]),
    ("csv-contradiction", &["`a.csv`: line 2", "`a.csv`: line 3"]),
];

/// Number, name, doses, required.
type Row = (&'static str, &'static str, u64, u64);

#[test]
fn each_input_from_the_field_gives_its_value() {
    let Some(field) = field() else {
        let text = "not run: field/cases.json is not there (KYCVS_SHARED_DATA names the folder)\n";
        std::io::stderr().write_all(text.as_bytes()).expect("standard error takes it");
        return;
    };
    let text = std::fs::read(field.join("cases.json")).expect("the cases are there");
    let cases: Vec<Value> = serde_json::from_slice(&text).expect("a list of cases");
    let mut wrong = Vec::new();
    for case in &cases {
        let name = text_of(case, "case");
        if let Err(why) = checked(&field, case) {
            wrong.push(format!("{name}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases.len() >= 26, "{} cases", cases.len());
}

fn checked(field: &Path, case: &Value) -> Result<(), String> {
    let name = text_of(case, "case");
    let folder = settings();
    let source = field.join(name);
    for file in texts_of(case, "before") {
        let run =
            folder.run("records import --config kycvs.toml --vaccine 840539006 {}", &[source.join(file)]);
        assert_eq!(run.status, Some(0), "{name}: {run:?}");
    }
    let files: Vec<_> = texts_of(case, "files").iter().map(|file| source.join(file)).collect();
    for file in &files {
        let copy = folder.path(&file.file_name().expect("a name").to_string_lossy());
        std::fs::copy(file, copy).expect("the file is copied");
    }
    let names = texts_of(case, "files").join(" ");
    let run = folder.run(&format!("records import --config kycvs.toml {} {names}", options(case)), NOTHING);
    let decided = DECIDED.iter().find(|decided| decided.0 == name);
    let exit = match (&case["exit"], decided) {
        (_, Some(decided)) => run.status == Some(decided.2),
        (Value::Number(exit), _) => run.status.map(Into::into) == exit.as_i64(),
        (Value::String(words), _) if words == "not 0" => run.status.is_some_and(|status| status > 0),
        (Value::String(words), _) => run.status.is_some_and(|status| words.contains(&status.to_string())),
        (other, _) => return Err(format!("an exit status of {other} is new")),
    };
    if !exit {
        return Err(format!("it ends with {:?}: {}", run.status, run.stderr));
    }
    rows_are_right(&folder, case, decided.map(|decided| decided.1), &run)?;
    if case["rows"].as_str().is_some_and(|rows| rows.contains("separator"))
        && run.status == Some(2)
        && !run.stderr.contains("separator")
    {
        return Err(format!("the separator is not named: {}", run.stderr));
    }
    let reported = REPORTED.iter().find(|reported| reported.0 == name).map_or(&[][..], |reported| reported.1);
    let missing = reported.iter().copied().chain(decided.map(|decided| decided.3));
    match missing.filter(|words| !run.stderr.contains(words)).collect::<Vec<_>>()[..] {
        [] => Ok(()),
        [words, ..] => Err(format!("the report lacks {words:?}: {}", run.stderr)),
    }
}

/// Asks the register by importing what it should hold: each row is there with the same doses, and nobody else is.
fn rows_are_right(folder: &Folder, case: &Value, decided: Option<&[Row]>, run: &Run) -> Result<(), String> {
    let rows: Vec<(String, String, u64, u64)> = match (&case["rows"], decided) {
        (_, Some(rows)) => {
            rows.iter().map(|row| (row.0.to_owned(), row.1.to_owned(), row.2, row.3)).collect()
        }
        (Value::Array(rows), None) => rows.iter().map(row_of).collect(),
        // Several outcomes are right. Exit status 0 means that the row was read, another that no row was written.
        (_, None) if run.status == Some(0) => vec![("+919876543210".into(), "asha verma".into(), 2, 2)],
        _ => Vec::new(),
    };
    let mut text = "mobile,name,doses,required\n".to_owned();
    for (mobile, name, doses, required) in &rows {
        writeln!(text, "{mobile},{name},{doses},{required}").expect("a String takes it");
    }
    folder.write("expected.csv", text);
    let asked = folder.run("records import --config kycvs.toml --json --dry-run expected.csv", NOTHING);
    let changes = asked.json()["changes"].clone();
    let count = |name: &str| changes[name].as_u64().expect("a count");
    if (count("same"), count("absent")) != (rows.len() as u64, 0) {
        return Err(format!("the register is not {rows:?}: {changes}"));
    }
    Ok(())
}

fn options(case: &Value) -> String {
    texts_of(case, "options").join(" ")
}

/// A service of its own, with an empty register.
fn settings() -> Folder {
    let folder = Folder::new();
    folder.write("secret", "07".repeat(32));
    folder.set_mode("secret", 0o600);
    folder.write(
        "kycvs.toml",
        "public_url = \"https://issuer.example\"\nissuer = \"in.gov.cowin\"\ndisplay_name = \"Health\"\n\
         key_file = \"issuer.pem\"\nsecret_file = \"secret\"\n[database]\nurl = \"sqlite:kycvs.db\"\n\
         [delivery]\nkind = \"webhook\"\nurl = \"https://sms.example/send\"\nsecret_file = \"secret\"\n",
    );
    folder
}

/// The folder of the shared inputs.
fn field() -> Option<PathBuf> {
    let shared = std::env::var_os("KYCVS_SHARED_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")),
        PathBuf::from,
    );
    Some(shared.join("field")).filter(|folder| folder.is_dir())
}

fn text_of<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap_or_else(|| panic!("{name} of {case}"))
}

fn texts_of<'a>(case: &'a Value, name: &str) -> Vec<&'a str> {
    let list = case[name].as_array().unwrap_or_else(|| panic!("{name} of {case}"));
    list.iter().map(|text| text.as_str().expect("a text")).collect()
}

fn row_of(row: &Value) -> (String, String, u64, u64) {
    let text = |place: usize| row[place].as_str().expect("a text").to_owned();
    let number = |place: usize| row[place].as_u64().expect("a number");
    (text(0), text(1), number(2), number(3))
}
