//! The lines and rows of a file, of which no more is held than one block.

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;

use memchr::memchr2;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::quotes::Quotes;
use crate::text::{self, NotText};

/// A row has at most so many lines: quoted cells may have line breaks in them. Bounds the work for a quote that is never
/// closed.
pub const MAX_ROW_LINES: u64 = 100;

/// As much of the source as is held, in bytes: enough for some thousand tokens, which keep every core busy.
const BLOCK: usize = 1 << 20;
/// A byte order mark, in bytes.
const MARK: usize = 3;

/// Reads line by line, each up to a bound. A line ends with LF, CRLF or CR.
///
/// A line is given out as soon as its end was read: after a CR, no more is read to see whether an LF follows.
///
/// ```
/// use kycvs_tables::{Line, Lines};
///
/// let mut lines = Lines::new(&b"a\r\nb\rc"[..], 4_096);
/// for expected in [b"a", b"b", b"c"] {
///     assert_eq!(lines.next()?, Some(Line::Whole(expected)));
/// }
/// assert_eq!(lines.next()?, None);
/// # Ok::<(), kycvs_tables::ReadError>(())
/// ```
pub struct Lines<R> {
    source: R,
    /// Lines may have names and numbers in them: they are given out from here, without a copy, and wiped at the end.
    /// It is too large for the buffer of standard input, which is therefore never used.
    block: Zeroizing<Vec<u8>>,
    /// What of the block was read and not given out.
    rest: Range<usize>,
    bound: usize,
    read: u64,
    /// Lines that were given out.
    count: u64,
    /// The number of the line, or of the first line of the row, that was given out last.
    number: u64,
    /// Whether the last line ended with a CR: an LF that comes next belongs to it.
    after_cr: bool,
    /// Whether the beginning was looked at, and is none of what [`text::recognise`] knows.
    is_text: bool,
}

/// A line. Its `Debug` shows its length only.
#[derive(PartialEq, Eq)]
pub enum Line<'a> {
    /// All of it, without its end.
    Whole(&'a [u8]),
    /// It was over the bound, and passed over.
    TooLong,
}

impl fmt::Debug for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(line) => write!(f, "Whole({} bytes)", line.len()),
            Self::TooLong => f.write_str("TooLong"),
        }
    }
}

/// Why a file cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The system's error.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is no text. The sentence goes on behind the name of the file: "`x` is UTF-16 text: ...".
    #[error(transparent)]
    NotText(#[from] NotText),
}

/// Where a line ends, counted from the start of what was not given out.
#[derive(Clone, Copy)]
struct End {
    /// Bytes before its end.
    length: usize,
    /// Bytes of its end: none at the end of the source, and behind as much of a line as is over the bound.
    width: usize,
}

/// What comes next.
pub(crate) enum Found {
    /// A row and how many lines it has.
    Row(Row),
    /// No more is there without reading, which was not allowed.
    Pending,
    /// The end of the source.
    Nothing,
}

/// A row that was found and not given out.
pub(crate) struct Row {
    end: End,
    lines: u64,
    pub(crate) kind: RowKind,
}

/// Whether a row can be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowKind {
    Whole,
    /// A line that is over the bound.
    TooLong,
    /// A line on which a quote was opened that is never closed.
    Unclosed,
}

/// Whether the source is read if what is there is not enough.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wait {
    Yes,
    No,
}

enum Search {
    End(End),
    Pending,
    Nothing,
}

impl<R: Read> Lines<R> {
    /// No line is longer than `bound` bytes, its end not counted. A byte order mark before the first is dropped.
    pub fn new(source: R, bound: usize) -> Self {
        let block = Zeroizing::new(vec![0; BLOCK.max(2 * (bound + MARK))]);
        Self {
            source,
            block,
            rest: 0..0,
            bound,
            read: 0,
            count: 0,
            number: 0,
            after_cr: false,
            is_text: false,
        }
    }

    /// Bytes that were read.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// The number of the line that was given out last, or of the first line of a row; the first of a file is 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether [`next`](Self::next) gives a line without waiting for the source.
    pub fn is_line_there(&mut self) -> bool {
        self.drop_lf();
        memchr2(b'\n', b'\r', &self.block[self.rest.clone()]).is_some()
    }

    /// The next line, if there is one.
    ///
    /// # Errors
    /// If the source cannot be read, or is known not to be UTF-8 text.
    #[expect(clippy::should_implement_trait, reason = "a line borrows from the block")]
    pub fn next(&mut self) -> Result<Option<Line<'_>>, ReadError> {
        let Search::End(end) = self.first_line(Wait::Yes)? else { return Ok(None) };
        if end.length > self.bound {
            self.skip(end)?;
            return Ok(Some(Line::TooLong));
        }
        let line = self.take(end, 1);
        Ok(Some(Line::Whole(&self.block[line])))
    }

    /// The next row: several lines if a quoted cell has line breaks in it. Any of `separators` ends a cell.
    pub(crate) fn next_row(&mut self, separators: &[u8]) -> Result<Found, ReadError> {
        self.find_row(separators, Wait::Yes)
    }

    /// The next row if all of it was read.
    pub(crate) fn row_that_is_there(&mut self, separators: &[u8]) -> Result<Found, ReadError> {
        self.find_row(separators, Wait::No)
    }

    /// The bytes of a row that was found last.
    pub(crate) fn bytes(&self, row: &Row) -> &[u8] {
        &self.block[self.rest.start..][..row.end.length]
    }

    /// Gives out a row that was found last.
    pub(crate) fn take_row(&mut self, row: &Row) -> Result<&[u8], ReadError> {
        if row.kind == RowKind::TooLong {
            self.skip(row.end)?;
            return Ok(&[]);
        }
        let bytes = self.take(row.end, row.lines);
        Ok(&self.block[bytes])
    }

    fn find_row(&mut self, separators: &[u8], wait: Wait) -> Result<Found, ReadError> {
        let first = match self.first_line(wait)? {
            Search::End(end) => end,
            Search::Pending => return Ok(Found::Pending),
            Search::Nothing => return Ok(Found::Nothing),
        };
        let line = |kind| Ok(Found::Row(Row { end: first, lines: 1, kind }));
        if first.length > self.bound {
            return line(RowKind::TooLong);
        }
        let mut quotes = Quotes::new(separators);
        quotes.read(&self.block[self.rest.start..][..first.length]);
        let (mut end, mut lines) = (first, 1);
        while quotes.is_open() {
            let from = end.length + end.width;
            if quotes.is_loose() || lines == MAX_ROW_LINES || end.width == 0 {
                return line(RowKind::Unclosed);
            }
            end = match self.find_end(from, self.ends_with_cr(end), wait)? {
                Search::End(end) if end.length <= self.bound => end,
                Search::Pending => return Ok(Found::Pending),
                _ => return line(RowKind::Unclosed),
            };
            quotes.read(&self.block[self.rest.start..][from..end.length]);
            lines += 1;
        }
        if lines > 1 && quotes.is_loose() {
            return line(RowKind::Unclosed);
        }
        Ok(Found::Row(Row { end, lines, kind: RowKind::Whole }))
    }

    /// Where the line that comes next ends. The first of a file has to be text, and loses its byte order mark.
    fn first_line(&mut self, wait: Wait) -> Result<Search, ReadError> {
        self.drop_lf();
        if self.rest.is_empty() && wait == Wait::Yes && self.fill()? {
            self.drop_lf();
        }
        let mut end = match self.find_end(0, false, wait)? {
            Search::End(end) => end,
            other => return Ok(other),
        };
        let line = &self.block[self.rest.start..][..end.length];
        if !self.is_text {
            if let Some(kind) = text::recognise(line) {
                return Err(kind.into());
            }
            // Zero bytes alone may be half of a line's end in UTF-16.
            self.is_text = line.iter().any(|byte| *byte != 0);
            if self.count == 0 && text::without_mark(line).len() < line.len() {
                self.rest.start += MARK;
                end.length -= MARK;
            }
        }
        Ok(Search::End(end))
    }

    /// Where the line ends that begins at `from`, behind an LF there if it belongs to the line before.
    fn find_end(&mut self, from: usize, mut after_cr: bool, wait: Wait) -> io::Result<Search> {
        let mut length = from;
        loop {
            let bytes = &self.block[self.rest.start + length..self.rest.end];
            if after_cr && !bytes.is_empty() {
                after_cr = false;
                length += usize::from(bytes[0] == b'\n');
                continue;
            }
            if let Some(place) = memchr2(b'\n', b'\r', bytes) {
                let width = if bytes[place..].starts_with(b"\r\n") { 2 } else { 1 };
                return Ok(Search::End(End { length: length + place, width }));
            }
            length += bytes.len();
            if length > self.bound + MARK {
                return Ok(Search::End(End { length, width: 0 }));
            }
            if wait == Wait::No {
                return Ok(Search::Pending);
            }
            if !self.fill()? {
                let is_line = length > from;
                return Ok(if is_line { Search::End(End { length, width: 0 }) } else { Search::Nothing });
            }
        }
    }

    /// Gives out what is before an end.
    fn take(&mut self, end: End, lines: u64) -> Range<usize> {
        self.after_cr = self.ends_with_cr(end);
        let taken = self.rest.start..self.rest.start + end.length;
        self.rest.start = taken.end + end.width;
        self.number = self.count + 1;
        self.count += lines;
        taken
    }

    /// Passes over a line that is too long.
    fn skip(&mut self, end: End) -> io::Result<()> {
        self.take(end, 1);
        let mut is_ended = end.width > 0;
        while !is_ended {
            let bytes = &self.block[self.rest.clone()];
            let place = memchr2(b'\n', b'\r', bytes);
            self.after_cr = place.is_some_and(|place| bytes[place] == b'\r');
            self.rest.start = place.map_or(self.rest.end, |place| self.rest.start + place + 1);
            is_ended = place.is_some() || !self.fill()?;
        }
        Ok(())
    }

    /// Whether the last byte of a line's end is a CR.
    fn ends_with_cr(&self, end: End) -> bool {
        end.width == 1 && self.block[self.rest.start + end.length] == b'\r'
    }

    /// Drops the LF that belongs to a CR, if it is there.
    fn drop_lf(&mut self) {
        if let (true, Some(&first)) = (self.after_cr, self.block[self.rest.clone()].first()) {
            self.after_cr = false;
            self.rest.start += usize::from(first == b'\n');
        }
    }

    /// Reads once, behind what is left, of which there is no more than a line; `false` at the end of the source.
    fn fill(&mut self) -> io::Result<bool> {
        self.block.copy_within(self.rest.clone(), 0);
        self.rest = 0..self.rest.len();
        loop {
            match self.source.read(&mut self.block[self.rest.end..]) {
                Ok(count) => {
                    self.rest.end += count;
                    self.read += count as u64;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives at most so many bytes at a time.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = buffer.len().min(self.1);
            self.0.read(&mut buffer[..count])
        }
    }

    /// What a line is worth to the tests: its length, if it is not too long.
    fn length(line: &Line<'_>) -> Option<usize> {
        match line {
            Line::Whole(line) => Some(line.len()),
            Line::TooLong => None,
        }
    }

    #[test]
    fn no_line_is_lost_and_none_is_held_that_is_too_long() -> Result<(), ReadError> {
        let bound = 4_096;
        let texts = [
            "a".to_owned(),
            String::new(),
            "b".repeat(bound),
            "c".repeat(bound + 1),
            "d".repeat(3 << 20),
            "e".into(),
        ];
        for end in ["\n", "\r", "\r\n"] {
            let text = texts.join(end);
            for size in [1, 7, bound, bound + 1, usize::MAX] {
                let mut lines = Lines::new(Drops(text.as_bytes(), size), bound);
                let mut seen = Vec::new();
                while let Some(line) = lines.next()? {
                    seen.push(length(&line));
                }
                let expected = [Some(1), Some(0), Some(bound), None, None, Some(1)];
                assert_eq!(seen, expected, "{size} bytes at a time, {end:?}");
                assert_eq!((lines.read(), lines.number()), (text.len() as u64, 6));
            }
        }
        Ok(())
    }

    #[test]
    fn what_was_read_is_given_out_before_more_is_read() -> Result<(), ReadError> {
        let mut lines = Lines::new((&b"a\nb\nc"[..]).chain(&b"c\nd\r"[..]).chain(&b"\ne"[..]), 4_096);
        let mut seen = Vec::new();
        while let Some(line) = lines.next()? {
            let length = length(&line);
            seen.push((length, lines.is_line_there()));
        }
        let expected = [(1, true), (1, false), (2, true), (1, false), (1, false)];
        assert_eq!(seen, expected.map(|(length, is_there)| (Some(length), is_there)));
        Ok(())
    }

    #[test]
    fn a_line_after_a_cr_at_the_end_of_a_block_waits_for_nothing() -> Result<(), ReadError> {
        // A source that fails if it is read a second time.
        struct Once(bool);
        impl Read for Once {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                assert!(!std::mem::replace(&mut self.0, true), "more is read than is needed");
                buffer[..2].copy_from_slice(b"a\r");
                Ok(2)
            }
        }
        assert_eq!(Lines::new(Once(false), 4_096).next()?, Some(Line::Whole(b"a")));
        Ok(())
    }

    #[test]
    fn a_mark_is_dropped_before_the_first_line_only() -> Result<(), ReadError> {
        let mut lines = Lines::new("\u{feff}a\n\u{feff}b".as_bytes(), 4_096);
        assert_eq!(lines.next()?, Some(Line::Whole(b"a")));
        assert_eq!(lines.next()?, Some(Line::Whole("\u{feff}b".as_bytes())));
        let mut empty = Lines::new("\u{feff}".as_bytes(), 4_096);
        assert_eq!(empty.next()?, Some(Line::Whole(b"")));
        assert_eq!(empty.next()?, None);
        let mut lines = Lines::new("\u{feff}\r\n\u{feff}b".as_bytes(), 4_096);
        assert_eq!(lines.next()?, Some(Line::Whole(b"")));
        assert_eq!(lines.next()?, Some(Line::Whole("\u{feff}b".as_bytes())));
        Ok(())
    }

    #[test]
    fn a_longest_line_behind_a_mark_is_whole() -> Result<(), ReadError> {
        for (length, is_whole) in [(4_096, true), (4_097, false)] {
            let text = format!("\u{feff}{}\nb", "a".repeat(length));
            for size in [1, 4_097, usize::MAX] {
                let mut lines = Lines::new(Drops(text.as_bytes(), size), 4_096);
                assert_eq!(lines.next()?.map(|line| line != Line::TooLong), Some(is_whole));
                assert_eq!(lines.next()?, Some(Line::Whole(b"b")));
            }
        }
        Ok(())
    }

    #[test]
    fn a_file_that_is_no_text_is_named_at_any_speed() {
        for (text, expected) in [
            (&b"\xff\xfea\0\n\0"[..], NotText::Utf16),
            (b"\0\n\0a", NotText::Utf16),
            (b"\n\0a\0", NotText::Utf16),
            (b"PK\x03\x04\n", NotText::Zip),
        ] {
            for size in [1, 2, usize::MAX] {
                let mut lines = Lines::new(Drops(text, size), 4_096);
                let error = loop {
                    match lines.next() {
                        // An empty line may come first.
                        Ok(line) => assert!(matches!(line, Some(Line::Whole(b"" | b"\0"))), "{line:?}"),
                        Err(error) => break error,
                    }
                };
                assert!(matches!(error, ReadError::NotText(kind) if kind == expected), "{error}");
            }
        }
    }
}
