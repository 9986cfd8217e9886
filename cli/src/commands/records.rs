//! `kycvs records import`: people and their doses, from CSV and FHIR R4.

use std::path::Path;

use kycvs_issuer::records::{self, BadRow, Format, ImportError, Options, Progress, Report, Source};
use serde::Serialize;

use super::admin::{failed, with_admin};
use crate::args::{RecordsFormat, RecordsImport};
use crate::failure::{DONE, Failure, NOT_GOOD, Result};
use crate::files;
use crate::output::{Output, shown};
use crate::progress;

/// So many bad rows stand in the JSON object; all are counted.
const BAD_ROWS: usize = 1_000;

#[derive(Serialize)]
struct Imported {
    ok: bool,
    written: u64,
    bad: u64,
    passed_over: u64,
    bad_rows: Vec<BadRowObject>,
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
        let format = format(path, options.format)?;
        sources.push(Source { format, content: Box::new(files::Later::new(path)?) });
    }
    let formats: Vec<_> = sources.iter().map(|source| source.format).collect();
    let size = options.files.iter().map(|path| files::size(path)).sum();
    let bar = progress::bar(size, true);
    let mut bad_rows = Vec::new();
    let mut written = 0;
    let is_json = out.is_json();
    let mut told = |progress| match progress {
        Progress::Read(bytes) => bar.inc(bytes),
        Progress::Written(count) => {
            written += count;
            bar.set_message(format!("{written} written"));
        }
        Progress::Bad(row) if is_json && bad_rows.len() < BAD_ROWS => {
            bad_rows.push(BadRowObject::new(&row, &options.files));
        }
        Progress::Bad(row) if !is_json => bar.suspend(|| out.note(&line(&row, &formats, options))),
        _ => {}
    };
    let wanted = Options { vaccines: options.vaccine.clone(), required: options.required };
    let report = with_admin(&options.config, async |admin| {
        records::import(admin, sources, &wanted, &mut told).await.map_err(|error| stopped(error, options))
    });
    bar.finish_and_clear();
    let Report { written, bad, passed_over, .. } = report?;
    if out.is_json() {
        out.object(&Imported { ok: bad == 0, written, bad, passed_over, bad_rows })?;
    } else {
        let passed_over = match passed_over {
            0 => String::new(),
            count => format!("; {count} of other vaccines passed over"),
        };
        out.line(&format!("{written} written, {bad} bad{passed_over}"))?;
    }
    Ok(if bad == 0 { DONE } else { NOT_GOOD })
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

/// A row that was not imported, for people.
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

/// What a file is: as the call says, or by its name.
fn format(path: &Path, said: Option<RecordsFormat>) -> Result<Format> {
    let by_name = || {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "csv" => Some(RecordsFormat::Csv),
            "json" => Some(RecordsFormat::Fhir),
            "ndjson" => Some(RecordsFormat::FhirNdjson),
            _ => None,
        }
    };
    match said.or_else(by_name) {
        Some(RecordsFormat::Csv) => Ok(Format::Csv),
        Some(RecordsFormat::Fhir) => Ok(Format::FhirBundle),
        Some(RecordsFormat::FhirNdjson) => Ok(Format::FhirNdjson),
        None => Err(Failure::Usage(format!(
            "the name of {} ends in neither .csv nor .json nor .ndjson: give --format",
            files::name(path)
        ))),
    }
}
