//! The file of a batch: a list, or a table whose rows may have a challenge and a name of their own.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

use kycvs::{Expectation, Subject};
use kycvs_tables::{Line, Lines, Rows, trim};

use crate::args::{Column, Verify};
use crate::columns::{Columns, Others, bad_row, in_row, unreadable};
use crate::commands::expected::ExpectedFields;
use crate::failure::{Failure, Result};
use crate::input::{TOKEN_FILE_BOUND, TokenInput};
use crate::{files, subject};

type Source = Box<dyn Read>;

/// The columns that a table may have, in any order; each is at the place of its [`Column`].
const COLUMNS: [&str; 5] = ["token", "nonce", "purpose", "name", "mobile"];

/// The tokens of a file, one after the other.
pub(super) enum Tokens<'a> {
    /// One on each line, all checked against what the call expects.
    List { lines: Lines<Source>, expectation: Expectation },
    /// One in each row, checked against the row's own cells.
    Table { rows: Box<Rows<Source>>, columns: Columns<{ COLUMNS.len() }>, wanted: Wanted<'a> },
}

/// A token, what is expected of it, and its line in the file.
pub(super) struct Request<'a> {
    pub(super) line: u64,
    /// Or the failure of a row that does not say what to check.
    pub(super) asked: Result<(TokenInput, Cow<'a, Expectation>)>,
}

/// The expectations of a call, for each row.
pub(super) struct Wanted<'a> {
    options: &'a Verify,
    /// The subject of the options, which no column gives then.
    subject: Option<Subject>,
}

impl<'a> Tokens<'a> {
    pub(super) fn open(path: &Path, options: &'a Verify) -> Result<Self> {
        let wanted = Wanted { options, subject: subject::from_options(&options.subject)? };
        let source = files::open(path)?;
        if options.columns.is_empty() {
            let expectation = ExpectedFields::of_call(options, wanted.subject).expectation()?;
            return Ok(Self::List { lines: Lines::new(source, TOKEN_FILE_BOUND), expectation });
        }
        // A wrong option is the fault of the call, not of a row.
        ExpectedFields::of_call(options, None).expectation()?;
        let mut rows = Box::new(Rows::new(source));
        let columns = Columns::begin(&mut rows, path, &COLUMNS, Others::Ignored)?;
        for column in options.columns.iter().chain([&Column::Token]) {
            if !columns.has(*column as usize) {
                let (name, file) = (COLUMNS[*column as usize], files::name(path));
                let line = rows.number();
                return Err(Failure::BadCsv(format!("{file}: line {line}: there is no column `{name}`")));
            }
        }
        Ok(Self::Table { rows, columns, wanted })
    }

    /// Bytes that were read.
    pub(super) fn read(&self) -> u64 {
        match self {
            Self::List { lines, .. } => lines.read(),
            Self::Table { rows, .. } => rows.read(),
        }
    }

    /// The failure of a file without a token.
    pub(super) fn nothing(&self, path: &Path) -> Failure {
        let file = files::name(path);
        match self {
            Self::List { .. } => Failure::Usage(format!("there is no line in {file}, and so no token")),
            Self::Table { .. } => Failure::BadCsv(format!("{file} names columns and has no row")),
        }
    }

    /// The next requests, at most `most`: those that are there. No token waits for the next one, which may be long in
    /// coming, as at a scanner; it would expire meanwhile.
    pub(super) fn next(&mut self, path: &Path, most: usize) -> Result<Vec<Request<'_>>> {
        let mut requests = Vec::new();
        match self {
            Self::List { lines, expectation } => {
                while let Some(line) = lines.next().map_err(|error| files::unreadable(path, &error))? {
                    let token = match line {
                        Line::Whole(line) => TokenInput::of_text(line),
                        Line::TooLong => TokenInput::too_long(),
                    };
                    if lines.number() == 1 && token.is_heading() {
                        return Err(Failure::Usage(format!(
                            "the first line of {} names columns: say with --columns which of them are to be checked",
                            files::name(path)
                        )));
                    }
                    let asked = Ok((token, Cow::Borrowed(&*expectation)));
                    requests.push(Request { line: lines.number(), asked });
                    if requests.len() == most || !lines.is_line_there() {
                        break;
                    }
                }
            }
            Self::Table { rows, columns, wanted } => {
                while let Some(row) = rows.next().map_err(|error| unreadable(path, &error))? {
                    let cells = row.map_err(bad_row).and_then(|cells| columns.cells(&cells));
                    let asked = cells.and_then(|cells| wanted.request(cells).map_err(in_row));
                    requests.push(Request { line: rows.number(), asked });
                    if requests.len() == most
                        || !rows.is_row_there().map_err(|error| unreadable(path, &error))?
                    {
                        break;
                    }
                }
            }
        }
        Ok(requests)
    }
}

impl Wanted<'_> {
    /// The token of a row and what to expect of it.
    ///
    /// # Errors
    /// If a cell that the call wants checked is empty: that row is never checked for less.
    fn request<'r>(
        &self,
        cells: [Option<&str>; COLUMNS.len()],
    ) -> Result<(TokenInput, Cow<'r, Expectation>)> {
        let cell = |column: Column| {
            if !self.options.columns.contains(&column) {
                return Ok(None);
            }
            let name = COLUMNS[column as usize];
            let text = cells[column as usize].map(trim).filter(|text| !text.is_empty());
            text.map(Some)
                .ok_or_else(|| Failure::BadCsv(format!("the row has no {name}, which --columns asks for")))
        };
        let subject = match cell(Column::Name)? {
            Some(name) => Some(subject::new(name, cell(Column::Mobile)?)?),
            None => self.subject.clone(),
        };
        let mut words = ExpectedFields::of_call(self.options, subject);
        words.nonce = cell(Column::Nonce)?.or(words.nonce);
        words.purpose = cell(Column::Purpose)?.or(words.purpose);
        let expectation = words.expectation()?;
        // An empty cell is an empty line of a list: the core says what is wrong with it.
        let token = match cells[Column::Token as usize].unwrap_or_default() {
            long if long.len() > TOKEN_FILE_BOUND => TokenInput::too_long(),
            text => TokenInput::of_text(text.as_bytes()),
        };
        Ok((token, Cow::Owned(expectation)))
    }
}
