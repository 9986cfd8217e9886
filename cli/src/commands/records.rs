//! `kycvs records import`: people and their doses, from CSV and FHIR.

use std::path::Path;

use kycvs_issuer::records::{
    self, BadRow, Changes, Format, ImportError, Options, Progress, Report, START_OF_FILE, Source,
    UnknownFormat,
};
use serde::Serialize;

use super::admin::{failed, with_admin};
use crate::args::{RecordsFormat, RecordsImport};
use crate::failure::{DONE, Failure, NOT_GOOD, Result};
use crate::files;
use crate::output::{Output, shown};
use crate::progress;

/// The JSON object lists at most so many bad rows and so many notes; all are counted.
const BAD_ROWS: usize = 1_000;

#[derive(Serialize)]
struct Imported {
    ok: bool,
    written: u64,
    bad: u64,
    passed_over: u64,
    bad_rows: Vec<BadRowObject>,
    noted: u64,
    notes: Vec<BadRowObject>,
    held_back: u64,
    dry_run: bool,
    /// Of a dry run: why the import itself stops.
    #[serde(skip_serializing_if = "Option::is_none")]
    stops: Option<String>,
    changes: ChangesObject,
}

/// How the register changes.
#[derive(Serialize)]
struct ChangesObject {
    added: u64,
    higher: u64,
    lower: u64,
    renewed: u64,
    same: u64,
    kept: u64,
    unwritten: u64,
    absent: u64,
}

#[derive(Serialize)]
struct BadRowObject {
    file: String,
    /// The number of a line, or of an entry of a Bundle.
    line: u64,
    message: String,
}

pub(super) fn import(options: &RecordsImport, out: &mut Output) -> Result<u8> {
    if options.files.iter().filter(|path| files::is_stdin(path)).count() > 1 {
        return Err(Failure::Usage("only one file can be standard input".into()));
    }
    let mut sources = Vec::new();
    for path in &options.files {
        sources.push(source(path, options.format)?);
    }
    let formats: Vec<_> = sources.iter().map(|source| source.format).collect();
    let size = options.files.iter().map(|path| files::size(path)).sum();
    let bar = progress::bar(size, true);
    let (mut bad_rows, mut notes) = (Vec::new(), Vec::new());
    let is_json = out.is_json();
    let mut told = |progress| match progress {
        Progress::Read(bytes) => bar.inc(bytes),
        Progress::Written(count) => bar.set_message(format!("{count} written")),
        Progress::Bad(row) if is_json && bad_rows.len() < BAD_ROWS => {
            bad_rows.push(BadRowObject::new(&row, &options.files));
        }
        Progress::Noted(row) if is_json && notes.len() < BAD_ROWS => {
            notes.push(BadRowObject::new(&row, &options.files));
        }
        Progress::Bad(row) if !is_json => bar.suspend(|| out.note(&line(&row, &formats, options))),
        Progress::Noted(row) if !is_json => {
            bar.suspend(|| out.note(&format!("note: {}", line(&row, &formats, options))));
        }
        _ => {}
    };
    let wanted = Options {
        vaccines: options.vaccine.clone(),
        required: options.required,
        add: options.add,
        dry_run: options.dry_run,
        force: options.force,
    };
    let report = with_admin(&options.config, async |admin| {
        records::import(admin, sources, &wanted, &mut told).await.map_err(|error| stopped(error, options))
    });
    bar.finish_and_clear();
    let report = report?;
    let stops = report.changes.ruinous().filter(|_| options.dry_run && !options.force);
    let stops = stops.map(|why| {
        format!("the import without `--dry-run` stops: {why}. Give `--force` if the files are right")
    });
    let status = if report.bad == 0 { DONE } else { NOT_GOOD };
    if out.is_json() {
        let Report { written, bad, noted, passed_over, held_back, changes } = report;
        let dry_run = options.dry_run;
        let changes = ChangesObject::new(changes);
        let ok = bad == 0 && stops.is_none();
        // As the import itself would end.
        let status = stops.as_ref().map_or(status, |why| Failure::Usage(why.clone()).exit_status());
        out.object(&Imported {
            ok,
            written,
            bad,
            passed_over,
            bad_rows,
            noted,
            notes,
            held_back,
            dry_run,
            stops,
            changes,
        })?;
        return Ok(status);
    }
    out.line(&summary(&report, options))?;
    stops.map_or(Ok(status), |why| Err(Failure::Usage(why)))
}

/// The result of the import, for people.
fn summary(report: &Report, options: &RecordsImport) -> String {
    let Changes { added, higher, lower, renewed, same, kept, unwritten, absent } = report.changes;
    let mut parts = if options.dry_run {
        vec![
            format!("dry run, nothing written: {} bad", report.bad),
            format!(
                "{added} new, {higher} to a higher status, {lower} to a lower one, {renewed} with other doses, {same} the same"
            ),
        ]
    } else {
        vec![format!("{} written, {} bad", report.written, report.bad)]
    };
    let lowered = if options.dry_run { 0 } else { lower };
    for (count, what) in [
        (report.passed_over, "of other vaccines passed over"),
        (
            report.held_back,
            "people not written, since a resource that cannot be read may be about them: see --force",
        ),
        (lowered, "fell to a lower status"),
        (kept, "kept as they are"),
        (unwritten, "in the register, and in the files but not written: they stay"),
        (absent, "in the register and in none of the files: they stay"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    parts.join("; ")
}

impl ChangesObject {
    fn new(changes: Changes) -> Self {
        let Changes { added, higher, lower, renewed, same, kept, unwritten, absent } = changes;
        Self { added, higher, lower, renewed, same, kept, unwritten, absent }
    }
}

impl BadRowObject {
    fn new(row: &BadRow, files: &[std::path::PathBuf]) -> Self {
        Self {
            file: files[row.file].to_string_lossy().into_owned(),
            line: row.place,
            message: row.reason.to_string(),
        }
    }
}

/// A row and what is said of it, for people.
fn line(row: &BadRow, formats: &[Format], options: &RecordsImport) -> String {
    let what = if formats[row.file] == Format::FhirBundle { "entry" } else { "line" };
    let reason = shown(&row.reason.to_string()).into_owned();
    format!("{}: {what} {}: {reason}", files::name(&options.files[row.file]), row.place)
}

fn stopped(error: ImportError, options: &RecordsImport) -> Failure {
    match error {
        ImportError::Database(error) => failed(error),
        ImportError::File { file, reason } => {
            Failure::Io(format!("{}: {}", files::name(&options.files[file]), shown(&reason.to_string())))
        }
        error => Failure::Usage(error.to_string()),
    }
}

/// A file and what it is: as the call says, or as its content does.
fn source(path: &Path, said: Option<RecordsFormat>) -> Result<Source<'_>> {
    let said = said.map(|format| match format {
        RecordsFormat::Csv => Format::Csv,
        RecordsFormat::Fhir => Format::FhirBundle,
        RecordsFormat::FhirNdjson => Format::FhirNdjson,
    });
    if let Some(format) = said {
        return Ok(Source { format, content: Box::new(files::Later::new(path)?) });
    }
    let (content, start) = files::Later::with_start(path, START_OF_FILE)?;
    let format = Format::of(&start, by_name(path)).map_err(|error| {
        let text = format!("{}: it {error}", files::name(path));
        if error == UnknownFormat::Unclear { Failure::Usage(text) } else { Failure::Io(text) }
    })?;
    Ok(Source { format, content: Box::new(content) })
}

/// The format that the name of a file promises.
fn by_name(path: &Path) -> Option<Format> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "csv" => Some(Format::Csv),
        "json" => Some(Format::FhirBundle),
        "ndjson" => Some(Format::FhirNdjson),
        _ => None,
    }
}
