//! The lines of a file, of which no more is held than one block.

use std::io::{self, BufRead as _, Read};
use std::ops::Range;

use zeroize::Zeroizing;

use crate::files::without_mark;

/// As much of the source as is held, in bytes: enough for some thousand tokens, which keep every core busy.
const BLOCK: usize = 1 << 20;

/// Reads line by line, each up to a bound.
pub(crate) struct Lines<R> {
    source: R,
    /// Lines may have names and numbers in them: they are given out from here, without a copy, and wiped at the end.
    /// It is too large for the buffer of standard input, which is therefore never used.
    block: Zeroizing<Vec<u8>>,
    /// What of the block was read and not given out.
    rest: Range<usize>,
    bound: usize,
    read: u64,
    number: u64,
}

/// A line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// All of it, without its end.
    Whole(&'a [u8]),
    /// It was over the bound, and passed over.
    TooLong,
}

impl<R: Read> Lines<R> {
    /// No line is longer than `bound` bytes, its end not counted. A byte order mark before the first is dropped.
    pub(crate) fn new(source: R, bound: usize) -> Self {
        let block = Zeroizing::new(vec![0; BLOCK.max(2 * bound)]);
        Self { source, block, rest: 0..0, bound, read: 0, number: 0 }
    }

    /// Bytes that were read.
    pub(crate) fn read(&self) -> u64 {
        self.read
    }

    /// The number of the line that was read last; the first is 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Whether [`next`](Self::next) gives a line without waiting for the source.
    pub(crate) fn is_line_there(&self) -> bool {
        self.block[self.rest.clone()].contains(&b'\n')
    }

    /// Passes over the empty lines that are there.
    pub(crate) fn skip_empty(&mut self) {
        loop {
            let rest = &self.block[self.rest.clone()];
            let Some(end) = [&b"\n"[..], b"\r\n"].into_iter().find(|end| rest.starts_with(end)) else {
                return;
            };
            self.rest.start += end.len();
            self.number += 1;
        }
    }

    /// The next line, if there is one.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        let mut length = 0;
        let is_ended = loop {
            let (more, is_ended) = to_end_of_line(&self.block[self.rest.start + length..self.rest.end])?;
            length += more;
            if is_ended || length > self.bound || !self.fill()? {
                break is_ended;
            }
        };
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        let line = self.rest.start..self.rest.start + length;
        self.rest.start = line.end;
        if length - usize::from(is_ended) > self.bound {
            if !is_ended {
                self.skip_to_end_of_line()?;
            }
            return Ok(Some(Line::TooLong));
        }
        let line = &self.block[line];
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Ok(Some(Line::Whole(if self.number == 1 { without_mark(line) } else { line })))
    }

    fn skip_to_end_of_line(&mut self) -> io::Result<()> {
        loop {
            let (length, is_ended) = to_end_of_line(&self.block[self.rest.clone()])?;
            self.rest.start += length;
            if is_ended || !self.fill()? {
                return Ok(());
            }
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

/// How much of `bytes` is of its first line, and whether the line ends there.
fn to_end_of_line(bytes: &[u8]) -> io::Result<(usize, bool)> {
    let length = { bytes }.skip_until(b'\n')?;
    Ok((length, bytes[..length].ends_with(b"\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a line is worth to the tests: its length, where it is not too long.
    fn length(line: &Line<'_>) -> Option<usize> {
        match line {
            Line::Whole(line) => Some(line.len()),
            Line::TooLong => None,
        }
    }

    /// Gives at most so many bytes at a time.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = buffer.len().min(self.1);
            self.0.read(&mut buffer[..count])
        }
    }

    #[test]
    fn no_line_is_lost_and_none_is_held_that_is_too_long() -> io::Result<()> {
        let bound = 4_096;
        let texts = [
            "a\r".to_owned(),
            String::new(),
            "b".repeat(bound),
            "c".repeat(bound + 1),
            "d".repeat(3 << 20),
            "e".into(),
        ];
        let text = texts.join("\n");
        for size in [1, 7, bound, bound + 1, usize::MAX] {
            let mut lines = Lines::new(Drops(text.as_bytes(), size), bound);
            let mut seen = Vec::new();
            while let Some(line) = lines.next()? {
                seen.push(length(&line));
            }
            assert_eq!(seen, [Some(1), Some(0), Some(bound), None, None, Some(1)], "{size} bytes at a time");
            assert_eq!((lines.read(), lines.number()), (text.len() as u64, 6));
        }
        Ok(())
    }

    #[test]
    fn what_was_read_is_given_out_before_more_is_read() -> io::Result<()> {
        let mut lines = Lines::new((&b"a\nb\nc"[..]).chain(&b"c\nd"[..]), 4_096);
        let mut seen = Vec::new();
        while let Some(line) = lines.next()? {
            let length = length(&line);
            seen.push((length, lines.is_line_there()));
        }
        assert_eq!(seen, [(Some(1), true), (Some(1), false), (Some(2), false), (Some(1), false)]);
        Ok(())
    }

    #[test]
    fn a_mark_is_dropped_before_the_first_line_alone() -> io::Result<()> {
        let mut lines = Lines::new("\u{feff}a\n\u{feff}b".as_bytes(), 4_096);
        assert_eq!(lines.next()?, Some(Line::Whole(b"a")));
        assert_eq!(lines.next()?, Some(Line::Whole("\u{feff}b".as_bytes())));
        Ok(())
    }
}
