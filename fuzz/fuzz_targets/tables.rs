//! Any bytes, as a table. Every line is reported once: as a row, as a row that cannot be read, or not at all if nothing is
//! in it. How the bytes arrive, and whether a byte order mark is before them, changes no row.
//!
//! The first byte of an input says how often the rest is repeated: without it, no row would be over its bound.
#![no_main]

use kycvs_tables::{Cells, MAX_ROW_BYTES, RowError, Rows, text, trim};
use libfuzzer_sys::{Corpus, fuzz_target};
use std::io::{self, Read};

const COLUMNS: [&str; 3] = ["mobile", "name", "doses"];

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Some((times, rest)) = bytes.split_first() else { return Corpus::Reject };
    let bytes = rest.repeat(if *times > 250 { 100 } else { usize::from(times % 2) + 1 });
    let table = Table::read(&bytes[..]);
    let in_pieces = Table::read(InPieces(&bytes, usize::from(*times) + 1));
    assert_eq!(table, in_pieces);
    let is_plain = text::check(&bytes).is_ok_and(|text| text.len() == bytes.len() && !text.contains(&0));
    if is_plain {
        let marked = [b"\xef\xbb\xbf", &bytes[..]].concat();
        assert_eq!(table, Table::read(&marked[..]));
    }
    // A quoted cell may have several lines in it.
    if is_plain && !bytes.contains(&b'"') {
        table.check_lines(&bytes);
    }
    Corpus::Keep
});

/// A table as it was read.
#[derive(Debug, Default, PartialEq, Eq)]
struct Table {
    /// The line of the first row.
    head: Option<u64>,
    /// Each row that was given, by the line on which it begins.
    rows: Vec<(u64, Result<Vec<String>, RowError>)>,
    /// Why it was not read further.
    error: Option<String>,
}

impl Table {
    fn read(source: impl Read) -> Self {
        let mut table = Self::default();
        table.error = table.read_all(source).err();
        assert!(table.rows.is_sorted_by_key(|(line, _)| *line), "the lines go up");
        table
    }

    fn read_all(&mut self, source: impl Read) -> Result<(), String> {
        let mut rows = Rows::new(source);
        let head = rows.head(&COLUMNS).map_err(|error| error.to_string())?;
        let Some(head) = head else { return Ok(()) };
        // If the first row cannot be read, a caller goes no further.
        head.map(|cells| drop(owned(&cells))).map_err(|error| error.to_string())?;
        self.head = Some(rows.number());
        while let Some(row) = rows.next().map_err(|error| error.to_string())? {
            let row = row.map(|cells| owned(&cells));
            let before = self.rows.last().map_or(self.head, |(line, _)| Some(*line));
            assert!(before < Some(rows.number()), "a line is reported twice");
            self.rows.push((rows.number(), row));
        }
        Ok(())
    }

    /// That the lines behind the first row are the rows: those with something in them, and no others.
    fn check_lines(&self, bytes: &[u8]) {
        let Some(head) = self.head else { return };
        if self.error.is_some() {
            return;
        }
        let mut reported = self.rows.iter().peekable();
        for (line, content) in (1..).zip(lines(bytes)).filter(|(line, _)| *line > head) {
            let row = reported.next_if(|(number, _)| *number == line);
            match row {
                Some((_, Ok(cells))) => {
                    assert_eq!(cells.iter().map(String::len).sum::<usize>() + cells.len() - 1, content.len());
                }
                Some((_, Err(error))) => match error {
                    RowError::TooLong => assert!(content.len() > MAX_ROW_BYTES),
                    RowError::NotUtf8 => assert!(std::str::from_utf8(content).is_err()),
                    other => panic!("{other:?} without a quote"),
                },
                None => {
                    let nothing = |byte: u8| !byte.is_ascii_graphic() || b",;\t|".contains(&byte);
                    assert!(content.iter().copied().all(nothing), "line {line} is lost");
                }
            }
        }
        assert_eq!(reported.next(), None, "a row without a line");
    }
}

fn owned(cells: &Cells<'_>) -> Vec<String> {
    assert!(cells.len() > 0 && cells.get(cells.len()).is_none());
    let owned: Vec<_> = cells.iter().map(ToOwned::to_owned).collect();
    assert!(owned.iter().map(String::len).sum::<usize>() <= MAX_ROW_BYTES);
    assert!(owned.iter().all(|cell| cell.contains(trim(cell))));
    owned
}

/// Lines end with LF, CRLF or CR.
fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| b"\r\n".contains(byte)) {
        lines.push(&rest[..at]);
        let width = if rest[at..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = &rest[at + width..];
    }
    lines.push(rest);
    lines
}

/// A source that gives at most so many bytes at a time.
struct InPieces<'a>(&'a [u8], usize);

impl Read for InPieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.1);
        self.0.read(&mut buffer[..most])
    }
}
