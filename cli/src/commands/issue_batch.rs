//! `kycvs issue --batch`: one answer for each row of a CSV file.

use std::io::Read;
use std::path::Path;

use csv::{Reader, ReaderBuilder, StringRecord};
use indicatif::ProgressBar;
use kycvs::{Issuer, Presentation, SigningKey, Timestamp};

use super::issue::{Issued, Words};
use crate::args::{Issue, parse_status};
use crate::failure::{DONE, Failure, Result, WRONG_CALL};
use crate::files::{self, Readers, WholeFile};
use crate::output::{Output, shown};
use crate::report::{ErrorObject, OnLine};
use crate::{progress, subject, times};

/// The columns that a file may have, in any order.
const COLUMNS: [&str; 7] = ["status", "purpose", "audience", "nonce", "name", "mobile", "valid_for"];

pub(super) fn run(path: &Path, options: &Issue, issuer: &Issuer<SigningKey>, out: &mut Output) -> Result<u8> {
    let bar = progress::bar(files::size(path), options.out.is_some());
    let mut reader = ReaderBuilder::new().from_reader(files::open(path)?);
    let columns = Columns::of(&mut reader).map_err(|failure| failure.at(files::name(path)))?;
    let mut target =
        options.out.as_deref().map(|path| WholeFile::begin(path, Readers::Anyone)).transpose()?;
    let (mut good, mut refused) = (0_u64, 0_u64);

    let mut record = StringRecord::new();
    loop {
        let at = reader.position().line();
        let row = match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {
                let line = record.position().map_or(at, csv::Position::line);
                (line, issue_row(&columns.row(&record), options, issuer))
            }
            Err(error) => (error.position().map_or(at, csv::Position::line), Err(bad_row(path, error)?)),
        };
        match &row.1 {
            Ok(_) => good += 1,
            Err(_) => refused += 1,
        }
        write_row(row, target.as_mut(), &bar, out)?;
        bar.set_position(reader.position().byte());
        bar.set_message(format!("{good} issued, {refused} refused"));
    }
    if let Some(target) = target {
        target.replace()?;
    }
    out.finish()?;
    bar.finish_and_clear();
    out.note(&format!("{good} issued, {refused} refused"));
    Ok(if refused == 0 { DONE } else { WRONG_CALL })
}

/// The answer's line; an empty one where there is none, so that lines and rows stay side by side.
fn write_row(
    (line, result): (u64, Result<Presentation>),
    target: Option<&mut WholeFile>,
    bar: &ProgressBar,
    out: &mut Output,
) -> Result<()> {
    let text = match &result {
        Ok(presentation) => presentation.to_text(),
        Err(_) => String::new(),
    };
    let in_file = target.is_some();
    if let Some(target) = target {
        target.write(text.as_bytes())?;
        target.write(b"\n")?;
    }
    if out.is_json() {
        return match &result {
            Ok(presentation) => out.object(&OnLine { line, object: Issued::new(presentation, None) }),
            Err(failure) => out.object(&OnLine { line, object: ErrorObject::new(failure) }),
        };
    }
    if let Err(failure) = result {
        bar.suspend(|| out.note(&failure.at(format!("line {line}")).line()));
    }
    if in_file { Ok(()) } else { out.line(&text) }
}

fn issue_row(row: &Row<'_>, options: &Issue, issuer: &Issuer<SigningKey>) -> Result<Presentation> {
    let status = match row.status {
        // No cell is ever repeated in an error: where columns are mixed up it holds a name or a number.
        Some(text) => {
            Some(parse_status(text).ok_or_else(|| Failure::BadCsv("the status is not 0, 1 or 2".into()))?)
        }
        None => options.status,
    };
    let missing =
        |what: &str| Failure::BadCsv(format!("there is no {what} in this row and no --{what} in the call"));
    let valid_for = match row.valid_for {
        Some(text) => times::parse_duration(text)
            .map_err(|_| Failure::BadCsv("valid_for is not a duration as 90s, 15m, 24h or 30d".into()))?,
        None => options.valid_for,
    };
    let subject = match (row.name, row.mobile) {
        (Some(name), mobile) => Some(subject::new(name, mobile)?),
        (None, Some(_)) => return Err(Failure::BadCsv("a mobile number without a name".into())),
        (None, None) => None,
    };
    let words = Words {
        status: status.ok_or_else(|| missing("status"))?,
        purpose: row.purpose.or(options.purpose.as_deref()).ok_or_else(|| missing("purpose"))?,
        audience: row.audience.or(options.audience.as_deref()),
        nonce: row.nonce.or(options.nonce.as_deref()),
        subject,
        valid_for,
        specimen: options.specimen,
    };
    Ok(issuer.issue_at(&words.answer()?, options.now.unwrap_or_else(Timestamp::now))?)
}

/// Where each column of [`COLUMNS`] stands in the file.
struct Columns([Option<usize>; COLUMNS.len()]);

/// The cells of a row; empty ones are left out.
struct Row<'a> {
    status: Option<&'a str>,
    purpose: Option<&'a str>,
    audience: Option<&'a str>,
    nonce: Option<&'a str>,
    name: Option<&'a str>,
    mobile: Option<&'a str>,
    valid_for: Option<&'a str>,
}

impl Columns {
    /// Reads the first line. A column that is not known is an error: a misspelt `name` must not leave people unbound.
    fn of(reader: &mut Reader<impl Read>) -> Result<Self> {
        let head = reader.headers().map_err(|error| csv_failure(&error))?;
        let mut places = [None; COLUMNS.len()];
        for (place, title) in head.iter().enumerate() {
            let title = title.trim().to_ascii_lowercase();
            let Some(column) = COLUMNS.iter().position(|column| *column == title) else {
                let known = COLUMNS.join(", ");
                let title = shown(&title).into_owned();
                return Err(Failure::BadCsv(format!(
                    "line 1 names a column `{title}`; the columns are {known}"
                )));
            };
            if places[column].replace(place).is_some() {
                return Err(Failure::BadCsv(format!("line 1 names the column `{title}` twice")));
            }
        }
        Ok(Self(places))
    }

    fn row<'a>(&self, record: &'a StringRecord) -> Row<'a> {
        let [status, purpose, audience, nonce, name, mobile, valid_for] =
            self.0.map(|place| record.get(place?).map(str::trim).filter(|cell| !cell.is_empty()));
        Row { status, purpose, audience, nonce, name, mobile, valid_for }
    }
}

/// A row that cannot be read; or, as an error, a file that cannot be read on.
fn bad_row(path: &Path, error: csv::Error) -> Result<Failure> {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => Err(files::cannot_read(path, &error)),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            Ok(Failure::BadCsv(format!("{len} cells where line 1 names {expected_len} columns")))
        }
        csv::ErrorKind::Utf8 { .. } => Ok(Failure::BadCsv("the row is not UTF-8".into())),
        _ => Ok(Failure::BadCsv("the row cannot be read".into())),
    }
}

fn csv_failure(error: &csv::Error) -> Failure {
    match error.kind() {
        csv::ErrorKind::Io(error) => Failure::io("cannot read it", error),
        csv::ErrorKind::Utf8 { .. } => Failure::BadCsv("line 1 is not UTF-8".into()),
        _ => Failure::BadCsv("line 1 cannot be read".into()),
    }
}
