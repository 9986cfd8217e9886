//! The rows of a CSV file, each on a line of its own.

use std::io::{Cursor, Read, SeekFrom};
use std::path::Path;

use csv::{ByteRecord, Position, Reader, ReaderBuilder, StringRecord};

use crate::failure::{Failure, Result};
use crate::files;
use crate::lines::{Line, Lines};

/// The longest row, in bytes.
const BOUND: usize = 64 << 10;

/// Reads row by row.
pub(crate) struct Rows<'a, R> {
    path: &'a Path,
    lines: Lines<R>,
    /// Reads one line after the other: making its tables takes longer than to read a row.
    reader: Reader<Cursor<Vec<u8>>>,
}

impl<'a, R: Read> Rows<'a, R> {
    /// The rows of `source`, which messages name by its path.
    pub(crate) fn new(source: R, path: &'a Path) -> Self {
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(Cursor::default());
        Self { path, lines: Lines::new(source, BOUND), reader }
    }

    /// Bytes that were read.
    pub(crate) fn read(&self) -> u64 {
        self.lines.read()
    }

    /// The number of the line that was read last; the first is 1.
    pub(crate) fn number(&self) -> u64 {
        self.lines.number()
    }

    /// The cells of the next line that is not empty, or why it has none.
    pub(crate) fn next(&mut self) -> Result<Option<Result<StringRecord>>> {
        while let Some(line) = self.lines.next().map_err(|error| files::cannot_read(self.path, &error))? {
            match line {
                Line::Whole(line) if line.is_empty() => {}
                Line::Whole(line) => return Ok(Some(self.cells(line))),
                Line::TooLong => {
                    return Ok(Some(Err(Failure::BadCsv("the row is longer than 64 KiB".into()))));
                }
            }
        }
        Ok(None)
    }

    /// The cells of one line. A quote that is open at its end would take the rows behind it into its cell.
    fn cells(&mut self, mut line: Vec<u8>) -> Result<StringRecord> {
        let failed = |_| Failure::BadCsv("the row cannot be read".into());
        if line.contains(&b'\r') {
            return Err(Failure::BadCsv("a carriage return stands within the row".into()));
        }
        let pairs = line.split(|&byte| byte == b'"').count() % 2 == 1;
        // A second row, which is still there only where no quote is open before it.
        line.extend(b"\n-\n");
        *self.reader.get_mut() = Cursor::new(line);
        self.reader.seek_raw(SeekFrom::Start(0), Position::new()).map_err(failed)?;
        let (mut row, mut second) = (ByteRecord::new(), ByteRecord::new());
        self.reader.read_byte_record(&mut row).map_err(failed)?;
        if !pairs || !self.reader.read_byte_record(&mut second).map_err(failed)? {
            return Err(Failure::BadCsv("the quote is never closed: a row stands on one line".into()));
        }
        StringRecord::from_byte_record(row).map_err(|_| Failure::BadCsv("the row is not UTF-8".into()))
    }
}
