//! `kycvs issue --batch`: one answer for each row of a CSV file.

use std::io::Read;
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder, StringRecord};
use indicatif::ProgressBar;
use kycvs::{Issuer, Presentation, SigningKey, Timestamp};

use super::issue::{Issued, Words, parse_nonce};
use crate::args::{Issue, parse_status};
use crate::failure::{DONE, Failure, Result, WRONG_CALL};
use crate::files::{self, Readers, WholeFile};
use crate::lines::{Line, Lines};
use crate::output::Output;
use crate::report::{ErrorObject, OnLine};
use crate::{progress, subject, times};

/// The columns that a file may have, in any order.
const COLUMNS: [&str; 7] = ["status", "purpose", "audience", "nonce", "name", "mobile", "valid_for"];

/// The longest row, in bytes.
const ROW_BOUND: usize = 64 << 10;

pub(super) fn run(
    path: &Path,
    target: Option<&Path>,
    options: &Issue,
    issuer: &Issuer<SigningKey>,
    out: &mut Output,
) -> Result<u8> {
    // What the options say wrongly is no row's fault.
    options.nonce.as_deref().map(parse_nonce).transpose()?;
    let bar = progress::bar(files::size(path), target.is_some());
    let mut lines = Lines::new(files::open(path)?, ROW_BOUND);
    let head = next_row(&mut lines, path)?
        .ok_or_else(|| Failure::BadCsv(format!("{} is empty", files::name(path))))?;
    let at_head = |failure: Failure| failure.at(format!("{}: line {}", files::name(path), lines.number()));
    let columns = head.and_then(|head| Columns::of(&head)).map_err(at_head)?;
    let mut target = target.map(|path| WholeFile::begin(path, Readers::Anyone)).transpose()?;
    let (mut good, mut refused) = (0_u64, 0_u64);

    while let Some(row) = next_row(&mut lines, path)? {
        let result = row.and_then(|cells| issue_row(&columns.row(&cells)?, options, issuer));
        match &result {
            Ok(_) => good += 1,
            Err(_) => refused += 1,
        }
        write_row((lines.number(), result), target.as_mut(), &bar, out)?;
        bar.set_position(lines.read());
        bar.set_message(format!("{good} issued, {refused} refused"));
    }
    bar.finish_and_clear();
    if good + refused == 0 {
        return Err(Failure::BadCsv(format!("{} names columns and has no row", files::name(path))));
    }
    if let Some(target) = target {
        target.replace()?;
    }
    out.finish()?;
    out.note(&format!("{good} issued, {refused} refused"));
    Ok(if refused == 0 { DONE } else { WRONG_CALL })
}

/// The cells of the next line that is not empty, or why it has none.
fn next_row(lines: &mut Lines<impl Read>, path: &Path) -> Result<Option<Result<StringRecord>>> {
    while let Some(line) = lines.next().map_err(|error| files::cannot_read(path, &error))? {
        match line {
            Line::Whole(line) if line.is_empty() => {}
            Line::Whole(line) => return Ok(Some(cells(line))),
            Line::TooLong => {
                return Ok(Some(Err(Failure::BadCsv("the row is longer than 64 KiB".into()))));
            }
        }
    }
    Ok(None)
}

/// The cells of one line. A quote that is open at its end would take the rows behind it into its cell.
fn cells(mut line: Vec<u8>) -> Result<StringRecord> {
    let failed = |_| Failure::BadCsv("the row cannot be read".into());
    if line.contains(&b'\r') {
        return Err(Failure::BadCsv("a carriage return stands within the row".into()));
    }
    let pairs = line.split(|&byte| byte == b'"').count() % 2 == 1;
    // A second row, which is still there only where no quote is open before it.
    line.extend(b"\n-\n");
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&*line);
    let (mut row, mut second) = (ByteRecord::new(), ByteRecord::new());
    reader.read_byte_record(&mut row).map_err(failed)?;
    if !pairs || !reader.read_byte_record(&mut second).map_err(failed)? {
        return Err(Failure::BadCsv("the quote is never closed: a row stands on one line".into()));
    }
    StringRecord::from_byte_record(row).map_err(|_| Failure::BadCsv("the row is not UTF-8".into()))
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
    let answer = words.answer().map_err(|failure| match failure {
        // It is not the call that is wrong.
        Failure::Usage(text) => Failure::BadCsv(text),
        failure => failure,
    })?;
    Ok(issuer.issue_at(&answer, options.now.unwrap_or_else(Timestamp::now))?)
}

/// Where each column of [`COLUMNS`] stands in the file, and how many there are.
struct Columns {
    places: [Option<usize>; COLUMNS.len()],
    count: usize,
}

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
    /// Reads the first row. A column that is not known is an error: a misspelt `name` must not leave people unbound.
    ///
    /// No cell is repeated: a file without a first row of names has people in it.
    fn of(head: &StringRecord) -> Result<Self> {
        let mut places = [None; COLUMNS.len()];
        for (place, title) in head.iter().enumerate() {
            let title = title.trim().to_ascii_lowercase();
            let number = place + 1;
            let Some(column) = COLUMNS.iter().position(|column| *column == title) else {
                let known = COLUMNS.join(", ");
                return Err(Failure::BadCsv(format!(
                    "column {number} has a name that is not known; the columns are {known}"
                )));
            };
            if places[column].replace(place).is_some() {
                return Err(Failure::BadCsv(format!("column {number} is `{title}` a second time")));
            }
        }
        Ok(Self { places, count: head.len() })
    }

    fn row<'a>(&self, cells: &'a StringRecord) -> Result<Row<'a>> {
        if cells.len() != self.count {
            let (found, count) = (cells.len(), self.count);
            return Err(Failure::BadCsv(format!("the number of cells is {found}, and of columns {count}")));
        }
        let [status, purpose, audience, nonce, name, mobile, valid_for] =
            self.places.map(|place| cells.get(place?).map(str::trim).filter(|cell| !cell.is_empty()));
        Ok(Row { status, purpose, audience, nonce, name, mobile, valid_for })
    }
}
