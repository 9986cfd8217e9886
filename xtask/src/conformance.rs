//! The test vectors on every platform: what each platform's tests say that they ran, held to the files.
//!
//! The tests of a platform write what they ran to the file that [`VARIABLE`] names:
//!
//! ```json
//! {"platform": "python", "files": {"valid.json": {"cases": 162, "passed": 162}}, "failed": ["case id"]}
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::context::{Context, Stop};
use crate::tally::Tally;

/// The environment variable that asks a platform's tests for a report, and says where to.
pub(crate) const VARIABLE: &str = "KYCVS_CONFORMANCE_OUT";
/// Each has a step of this name, but for Rust, whose step is `test`.
const PLATFORMS: [&str; 6] = ["rust", "python", "kotlin", "swift", "node", "chromium"];

/// Deletes the reports of earlier runs: what is compared is what this run has tested.
pub(crate) fn forget(context: &Context) -> std::io::Result<()> {
    fs::remove_dir_all(context.target(FOLDER)?)
}

/// Runs a platform's tests, which have to leave a report at the path that `tests` is called with.
pub(crate) fn platform(
    context: &mut Context,
    name: &str,
    tests: impl FnOnce(&mut Context, &Path) -> Result<Tally, Stop>,
) -> Result<Tally, Stop> {
    let path = context.target(FOLDER)?.join(format!("{name}.json"));
    match tests(context, &path) {
        Ok(tally) if path.exists() => Ok(tally),
        Ok(tally) => {
            let note = format!("its tests wrote no report to {VARIABLE}");
            Ok(Tally { failed: tally.failed + 1, ..tally }.with_note(note))
        }
        Err(Stop::NotRun(reason)) => {
            fs::write(&path, json!({"platform": name, "not_run": reason}).to_string())?;
            Err(Stop::NotRun(reason))
        }
        Err(failed) => Err(failed),
    }
}

/// The step that compares the reports and prints the table.
pub(crate) fn compare(context: &mut Context) -> Result<Tally, Stop> {
    let files = vector_files(context.root())?;
    let folder = context.target(FOLDER)?;
    let mut reports = Vec::new();
    for name in PLATFORMS {
        let report = match fs::read(folder.join(format!("{name}.json"))) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| Stop::Failed(format!("the report of {name} is not as agreed: {error}")))?,
            Err(_) => Report::default(),
        };
        reports.push((name, report));
    }
    Ok(table(&files, &reports))
}

/// The vector files and how many cases each has.
pub(crate) fn vector_files(root: &Path) -> Result<BTreeMap<String, u64>, Stop> {
    let folder = root.join("test-vectors");
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(&folder).map_err(|error| Stop::Failed(format!("test-vectors: {error}")))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let file: Value = serde_json::from_slice(&fs::read(&path)?)
                .map_err(|error| Stop::Failed(format!("{}: {error}", path.display())))?;
            if let (Some(cases), Some(name)) = (file["cases"].as_array(), path.file_name()) {
                files.insert(name.to_string_lossy().into_owned(), cases.len() as u64);
            }
        }
    }
    Ok(files)
}

/// What a platform's tests wrote. Nothing at all where there is no report.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Report {
    platform: String,
    files: BTreeMap<String, Count>,
    /// The ids of the cases that did not end as expected.
    failed: Vec<String>,
    /// Why the platform's tests could not run; written by its step.
    not_run: Option<String>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
struct Count {
    cases: u64,
    passed: u64,
}

/// One check for each platform and file, and the table as notes.
fn table(files: &BTreeMap<String, u64>, reports: &[(&str, Report)]) -> Tally {
    let mut tally = Tally::default();
    let header = files.keys().fold(format!("{:10}", "passed"), |mut line, name| {
        let _ = write!(line, "{name:>14}");
        line
    });
    tally.notes.push(format!("{header}{:>10}", "all"));
    for (name, report) in reports {
        if let Some(reason) = &report.not_run {
            tally.notes.push(format!("{name:10}not run"));
            tally.not_run.push(format!("{name}: {reason}"));
            continue;
        }
        if report.platform != *name {
            let step = if *name == "rust" { "test" } else { name };
            tally.notes.push(format!("{name:10}no report: `cargo xtask test {step}` writes it"));
            tally += Tally::one(false);
            continue;
        }
        tally += row(files, name, report);
    }
    let cases: u64 = files.values().sum();
    tally.with_note(format!("the files hold {cases} cases"))
}

fn row(files: &BTreeMap<String, u64>, name: &str, report: &Report) -> Tally {
    let mut tally = Tally::default();
    let mut line = format!("{name:10}");
    for (file, cases) in files {
        let count = report.files.get(file).copied().unwrap_or_default();
        let whole = count.cases == *cases && count.passed == *cases;
        let shown = if whole { count.passed.to_string() } else { format!("{} of {cases}", count.passed) };
        let _ = write!(line, "{shown:>14}");
        tally += Tally::one(whole);
    }
    let passed: u64 = report.files.values().map(|count| count.passed).sum();
    tally.notes.push(format!("{line}{passed:>10}"));
    for file in report.files.keys().filter(|file| !files.contains_key(*file)) {
        tally += Tally::one(false).with_note(format!("{name:10}{file} is no vector file"));
    }
    if !report.failed.is_empty() {
        let some = report.failed.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
        let note = format!("{name:10}{} failed, among them {some}", report.failed.len());
        tally += Tally::one(false).with_note(note);
    }
    tally
}

/// Below `target/`.
const FOLDER: &str = "conformance";

#[cfg(test)]
mod tests {
    use super::{Report, table};
    use std::collections::BTreeMap;

    fn files() -> BTreeMap<String, u64> {
        [("keys.json".to_owned(), 2), ("valid.json".to_owned(), 10)].into()
    }

    fn report(text: &str) -> Report {
        serde_json::from_str(text).expect("the report is as agreed")
    }

    fn whole(name: &str) -> Report {
        report(&format!(
            r#"{{"platform": "{name}", "failed": [],
                "files": {{"keys.json": {{"cases": 2, "passed": 2}}, "valid.json": {{"cases": 10, "passed": 10}}}}}}"#
        ))
    }

    #[test]
    fn whole_reports_pass_file_by_file() {
        let tally = table(&files(), &[("rust", whole("rust")), ("swift", whole("swift"))]);
        assert_eq!((tally.passed, tally.failed), (4, 0));
        assert_eq!(
            tally.notes,
            [
                "passed         keys.json    valid.json       all",
                "rust                   2            10        12",
                "swift                  2            10        12",
                "the files hold 12 cases",
            ]
        );
    }

    #[test]
    fn a_case_too_few_fails_and_is_seen() {
        for (part, shown) in [
            (r#""keys.json": {"cases": 2, "passed": 2}, "valid.json": {"cases": 9, "passed": 9}"#, "9 of 10"),
            (
                r#""keys.json": {"cases": 2, "passed": 2}, "valid.json": {"cases": 10, "passed": 9}"#,
                "9 of 10",
            ),
            (r#""keys.json": {"cases": 2, "passed": 2}"#, "0 of 10"),
        ] {
            let one = report(&format!(r#"{{"platform": "rust", "files": {{{part}}}, "failed": []}}"#));
            let tally = table(&files(), &[("rust", one)]);
            assert_eq!((tally.passed, tally.failed), (1, 1), "{part}");
            assert!(tally.notes[1].contains(shown), "{:?}", tally.notes);
        }
    }

    #[test]
    fn failures_and_files_that_are_not_there_fail() {
        let mut one = whole("rust");
        one.failed = vec!["valid/plain".to_owned()];
        one.files.insert("more.json".to_owned(), super::Count { cases: 1, passed: 1 });
        let tally = table(&files(), &[("rust", one)]);
        assert_eq!((tally.passed, tally.failed), (2, 2));
        assert!(tally.notes.iter().any(|note| note.contains("valid/plain")));
        assert!(tally.notes.iter().any(|note| note.contains("more.json")));
    }

    #[test]
    fn a_platform_without_a_report_fails_and_one_that_could_not_run_is_named() {
        let not_run = report(r#"{"platform": "swift", "not_run": "`swift` is not there"}"#);
        let tally = table(&files(), &[("kotlin", Report::default()), ("swift", not_run)]);
        assert_eq!((tally.passed, tally.failed), (0, 1));
        assert_eq!(tally.not_run, ["swift: `swift` is not there"]);
        // Nor does the report of another platform count for it.
        assert_eq!(table(&files(), &[("kotlin", whole("python"))]).failed, 1);
    }
}
