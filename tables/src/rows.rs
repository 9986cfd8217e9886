//! The rows of a table of text (CSV and its relatives).

use std::io::Read;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::lines::{Found, Lines, ReadError, Row, RowKind};
use crate::text::{NotText, trim};

/// The longest row, in bytes. It has the line breaks in quoted cells in it.
pub const MAX_ROW_BYTES: usize = 64 << 10;

/// What separates cells, the most likely first.
const SEPARATORS: [u8; 4] = *b",;\t|";
/// What looks like one of them and is none.
const FOREIGN: [char; 13] = [
    '\u{ff0c}', '\u{ff1b}', '\u{ff5c}', '\u{60c}', '\u{61b}', '\u{3001}', '\u{ff64}', '\u{fe50}', '\u{fe51}',
    '\u{fe54}', '\u{37e}', '\u{a6}', '\u{2502}',
];

/// So many characters of the first row are tried as separators: bounds the work.
const MOST_TRIED: usize = 32;

/// Reads row by row.
///
/// Cells are names and numbers: they are in two places, the block of the lines and the text here, and nowhere else.
/// Both are wiped at the end. (The `csv` crate has buffers of its own, which nobody can wipe.)
pub struct Rows<R> {
    lines: Lines<R>,
    separator: u8,
    /// Reads one row after the other: making its tables takes longer than to read a row.
    reader: Reader,
    cells: Buffer,
}

/// Room for the cells of the longest row.
struct Buffer {
    text: Zeroizing<Vec<u8>>,
    ends: Vec<usize>,
}

/// The cells of a row, with the white space around them: see [`trim`].
pub struct Cells<'a> {
    /// One after the other.
    text: &'a str,
    /// Where each of them ends.
    ends: &'a [usize],
}

/// Why a row cannot be read. Holds nothing of its content, except a separator.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RowError {
    /// Over [`MAX_ROW_BYTES`].
    #[error("the row is longer than 64 KiB")]
    TooLong,
    /// A quote was opened and not closed within [`MAX_ROW_LINES`](crate::MAX_ROW_LINES) lines and [`MAX_ROW_BYTES`] bytes, or text follows
    /// it. The next line is a row of its own.
    #[error("the quote is never closed: close it, or write two quotes for one that belongs to the cell")]
    Unclosed,
    /// The row has bytes in it that are no UTF-8.
    #[error("the row is not UTF-8: save the file as UTF-8")]
    NotUtf8,
    /// A line `sep=` before the first row names another separator than `,`, `;`, tab and `|`.
    #[error("the line sep= names a separator that cannot be read: save the file with commas")]
    UnknownSeparator,
    /// Another character than `,`, `;`, tab and `|` separates the names of the first row.
    #[error("the separator of the first row is U+{:04X}: save the file with commas", u32::from(*.0))]
    ForeignSeparator(char),
}

impl<R: Read> Rows<R> {
    /// The rows of `source`. Call [`head`](Self::head) first.
    pub fn new(source: R) -> Self {
        // The end of a line is a byte more than it, or ends a cell.
        let cells =
            Buffer { text: Zeroizing::new(vec![0; MAX_ROW_BYTES + 1]), ends: vec![0; MAX_ROW_BYTES + 1] };
        let separator = SEPARATORS[0];
        Self { lines: Lines::new(source, MAX_ROW_BYTES), separator, reader: reader(separator), cells }
    }

    /// Bytes that were read.
    pub fn read(&self) -> u64 {
        self.lines.read()
    }

    /// The number of the line on which the row begins that was read last; the first line of a file is 1.
    pub fn number(&self) -> u64 {
        self.lines.number()
    }

    /// Reads the first row, which names the columns, and finds out what separates the cells: what a line `sep=;` before it
    /// says, or else the separator that finds most of `columns` (in any case, ASCII) in the row.
    ///
    /// `None` if the file is empty.
    ///
    /// # Errors
    /// If the file cannot be read or is no text; the inner error if the row cannot be read.
    pub fn head(&mut self, columns: &[&str]) -> Result<Option<Result<Cells<'_>, RowError>>, ReadError> {
        let mut is_named = false;
        loop {
            let Found::Row(row) = self.lines.next_row(&SEPARATORS)? else { return Ok(None) };
            let line = self.lines.take_row(&row)?;
            if line.contains(&0) {
                return Err(NotText::Binary.into());
            }
            if let Err(error) = readable(&row) {
                return Ok(Some(Err(error)));
            }
            if is_plainly_blank(line, &SEPARATORS) {
                continue;
            }
            if !is_named && let Some(separator) = named_separator(line) {
                let separator = match separator {
                    Ok(separator) => separator,
                    Err(error) => return Ok(Some(Err(error))),
                };
                (self.separator, self.reader, is_named) = (separator, reader(separator), true);
                continue;
            }
            if !is_named {
                self.separator = match self.cells.separator(line, columns) {
                    Ok(separator) => separator,
                    Err(error) => return Ok(Some(Err(error))),
                };
                self.reader = reader(self.separator);
            }
            return Ok(Some(self.cells.fill(&mut self.reader, line)));
        }
    }

    /// Whether [`next`](Self::next) gives a row without waiting for the source. Passes over empty rows.
    ///
    /// # Errors
    /// If the file is no text.
    pub fn is_row_there(&mut self) -> Result<bool, ReadError> {
        while let Found::Row(row) = self.lines.row_that_is_there(&[self.separator])? {
            let is_blank =
                row.kind == RowKind::Whole && is_plainly_blank(self.lines.bytes(&row), &[self.separator]);
            if !is_blank {
                return Ok(true);
            }
            self.lines.take_row(&row)?;
        }
        Ok(false)
    }

    /// The next row that is not empty; the inner error if it cannot be read. The row behind such a row can be read.
    ///
    /// # Errors
    /// If the file cannot be read.
    #[expect(clippy::should_implement_trait, reason = "the cells borrow from the rows")]
    pub fn next(&mut self) -> Result<Option<Result<Cells<'_>, RowError>>, ReadError> {
        let separators = [self.separator];
        loop {
            let Found::Row(row) = self.lines.next_row(&separators)? else { return Ok(None) };
            let line = self.lines.take_row(&row)?;
            if let Err(error) = readable(&row) {
                return Ok(Some(Err(error)));
            }
            if !is_plainly_blank(line, &separators) {
                return Ok(Some(self.cells.fill(&mut self.reader, line)));
            }
        }
    }
}

fn readable(row: &Row) -> Result<(), RowError> {
    match row.kind {
        RowKind::Whole => Ok(()),
        RowKind::TooLong => Err(RowError::TooLong),
        RowKind::Unclosed => Err(RowError::Unclosed),
    }
}

fn reader(separator: u8) -> Reader {
    ReaderBuilder::new().delimiter(separator).build()
}

/// What a line `sep=;` says: `None` if it is no such line. Programs
/// that save such a file again put quotes around it and separators behind it.
fn named_separator(line: &[u8]) -> Option<Result<u8, RowError>> {
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let (word, rest) = line.split_at_checked(4)?;
    if !word.eq_ignore_ascii_case(b"sep=") {
        return None;
    }
    let (first, more) = rest.split_first().map_or((None, rest), |(first, more)| (Some(*first), more));
    let is_plain = more.iter().all(|byte| *byte == b'"' || SEPARATORS.contains(byte));
    let known = first.filter(|first| is_plain && SEPARATORS.contains(first));
    Some(known.ok_or(RowError::UnknownSeparator))
}

/// What separates the names of the first row, if none of [`SEPARATORS`] does: any character that finds two of `columns`, and
/// more than the best separator, or one that looks like a separator if nothing finds any.
fn foreign_separator(row: &str, columns: &[&str], most: usize) -> Option<char> {
    let is_known =
        |cell: &&str| columns.iter().any(|column| column.eq_ignore_ascii_case(trim(cell).trim_matches('"')));
    let mut tried = Vec::new();
    let is_separator = |c: char| u8::try_from(c).is_ok_and(|byte| SEPARATORS.contains(&byte));
    for c in row.chars().filter(|c| !c.is_alphanumeric() && !"_\"".contains(*c) && !is_separator(*c)) {
        if tried.len() < MOST_TRIED && !tried.contains(&c) {
            tried.push(c);
        }
    }
    let known = |c: &char| row.split(*c).filter(is_known).count();
    let best = tried.iter().copied().max_by_key(known).filter(|c| known(c) > most.max(1));
    best.or_else(|| row.chars().find(|c| most == 0 && FOREIGN.contains(c)))
}

/// Whether a row has only separators in it, white space of any script, and cells with quotes and nothing between them.
///
/// White space in quotes is not empty: somebody wrote it.
fn is_plainly_blank(row: &[u8], separators: &[u8]) -> bool {
    let may_be = |byte: &u8| !byte.is_ascii_graphic() || *byte == b'"' || separators.contains(byte);
    if !row.iter().all(may_be) {
        return false;
    }
    let mut cells = row.split(|byte| separators.contains(byte));
    cells.all(|cell| cell == b"\"\"" || std::str::from_utf8(cell).is_ok_and(|cell| trim(cell).is_empty()))
}

impl Buffer {
    /// The separator that finds most of `columns` in the first row.
    fn separator(&mut self, row: &[u8], columns: &[&str]) -> Result<u8, RowError> {
        let (mut best, mut most) = (SEPARATORS[0], 0);
        for separator in SEPARATORS {
            let Ok(cells) = self.fill(&mut reader(separator), row) else { continue };
            let is_known = |cell: &&str| columns.iter().any(|column| column.eq_ignore_ascii_case(trim(cell)));
            let known = cells.iter().filter(is_known).count();
            if known > most {
                (best, most) = (separator, known);
            }
        }
        let text = std::str::from_utf8(row).unwrap_or_default();
        match foreign_separator(text, columns, most) {
            Some(foreign) => Err(RowError::ForeignSeparator(foreign)),
            None => Ok(best),
        }
    }

    /// The cells of one row.
    fn fill(&mut self, reader: &mut Reader, row: &[u8]) -> Result<Cells<'_>, RowError> {
        let pairs = memchr::memchr_iter(b'"', row).count().is_multiple_of(2);
        reader.reset();
        let (middle, _, length, count) = reader.read_record(row, &mut self.text, &mut self.ends);
        // The end of the line ends the row, unless a quote is open.
        let (end, _, _, last) = reader.read_record(b"\n", &mut self.text[length..], &mut self.ends[count..]);
        if !pairs || middle != ReadRecordResult::InputEmpty || end != ReadRecordResult::Record {
            return Err(RowError::Unclosed);
        }
        // Both: two halves of a character, in two cells, are none.
        std::str::from_utf8(row)
            .and_then(|_| std::str::from_utf8(&self.text[..length]))
            .map(|text| Cells { text, ends: &self.ends[..count + last] })
            .map_err(|_| RowError::NotUtf8)
    }
}

impl<'a> Cells<'a> {
    /// How many there are.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a row has at least one cell")]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The cell at a place; the first is at 0.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&'a str> {
        let start = place.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.text.get(start..*self.ends.get(place)?)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> {
        (0..self.len()).filter_map(|place| self.get(place))
    }
}
