//! The rows of a CSV file, each on a line of its own.

use std::io::Read;
use std::path::Path;

use csv_core::{ReadRecordResult, Reader};
use zeroize::Zeroizing;

use crate::failure::{Failure, Result};
use crate::files;
use crate::lines::{Line, Lines};

/// The longest row, in bytes.
const BOUND: usize = 64 << 10;

/// Reads row by row.
///
/// Cells are names and numbers: they are in two places, the block of the lines and the text here, and nowhere else.
/// Both are wiped at the end. (The `csv` crate has buffers of its own, which nobody can wipe.)
pub(crate) struct Rows<'a, R> {
    path: &'a Path,
    lines: Lines<R>,
    /// Reads one line after the other: making its tables takes longer than to read a row.
    reader: Reader,
    cells: Buffer,
}

/// Room for the cells of the longest row.
struct Buffer {
    text: Zeroizing<Vec<u8>>,
    ends: Vec<usize>,
}

/// The cells of a row.
pub(crate) struct Cells<'a> {
    /// One after the other.
    text: &'a str,
    /// Where each of them ends.
    ends: &'a [usize],
}

impl<'a, R: Read> Rows<'a, R> {
    /// The rows of `source`, which messages name by its path.
    pub(crate) fn new(source: R, path: &'a Path) -> Self {
        // The end of a line is a byte more than it, or ends a cell.
        let cells = Buffer { text: Zeroizing::new(vec![0; BOUND + 1]), ends: vec![0; BOUND + 1] };
        Self { path, lines: Lines::new(source, BOUND), reader: Reader::new(), cells }
    }

    /// Bytes that were read.
    pub(crate) fn read(&self) -> u64 {
        self.lines.read()
    }

    /// The number of the line that was read last; the first is 1.
    pub(crate) fn number(&self) -> u64 {
        self.lines.number()
    }

    /// Whether [`next`](Self::next) gives a row without waiting for the source.
    pub(crate) fn is_row_there(&mut self) -> bool {
        self.lines.skip_empty();
        self.lines.is_line_there()
    }

    /// The cells of the next line that is not empty, or why it has none.
    pub(crate) fn next(&mut self) -> Result<Option<Result<Cells<'_>>>> {
        while let Some(line) = self.lines.next().map_err(|error| files::cannot_read(self.path, &error))? {
            match line {
                Line::Whole([]) => {}
                Line::Whole(line) => return Ok(Some(self.cells.fill(&mut self.reader, line))),
                Line::TooLong => {
                    return Ok(Some(Err(Failure::BadCsv("the row is longer than 64 KiB".into()))));
                }
            }
        }
        Ok(None)
    }
}

impl Buffer {
    /// The cells of one line. A quote that is open at its end would take the rows behind it into its cell.
    fn fill(&mut self, reader: &mut Reader, line: &[u8]) -> Result<Cells<'_>> {
        if line.contains(&b'\r') {
            return Err(Failure::BadCsv("a carriage return stands within the row".into()));
        }
        let pairs = line.split(|&byte| byte == b'"').count() % 2 == 1;
        reader.reset();
        let (_, _, length, count) = reader.read_record(line, &mut self.text, &mut self.ends);
        // The end of the line ends the row, where no quote is open.
        let (end, _, _, last) = reader.read_record(b"\n", &mut self.text[length..], &mut self.ends[count..]);
        if !pairs || end != ReadRecordResult::Record {
            return Err(Failure::BadCsv("the quote is never closed: a row stands on one line".into()));
        }
        // Both: two halves of a character, in two cells, are none.
        std::str::from_utf8(line)
            .and_then(|_| std::str::from_utf8(&self.text[..length]))
            .map(|text| Cells { text, ends: &self.ends[..count + last] })
            .map_err(|_| Failure::BadCsv("the row is not UTF-8".into()))
    }
}

impl<'a> Cells<'a> {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The cell at a place; the first is at 0.
    pub(crate) fn get(&self, place: usize) -> Option<&'a str> {
        let start = place.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.text.get(start..*self.ends.get(place)?)
    }

    /// All of them, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a str> {
        (0..self.len()).filter_map(|place| self.get(place))
    }
}
