//! The lines of a file, of which no more is held than a line may have, in memory that is wiped.

use std::io::{self, BufRead, BufReader, Read};

use kycvs::Zeroizing;

/// Reads line by line, each up to a bound.
pub(super) struct Lines<R> {
    source: BufReader<R>,
    bound: usize,
    read: u64,
    number: u64,
}

/// A line.
pub(super) enum Line {
    /// All of it, without its end.
    Whole(Zeroizing<Vec<u8>>),
    /// It was over the bound, and passed over.
    TooLong,
}

impl<R: Read> Lines<R> {
    /// No line is longer than `bound` bytes, its end counted.
    pub(super) fn new(source: R, bound: usize) -> Self {
        Self { source: BufReader::new(source), bound, read: 0, number: 0 }
    }

    /// Bytes that were read.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// The number of the line that was read last; the first is 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The next line that is not empty, if there is one.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let mut line = Zeroizing::new(Vec::new());
            self.read +=
                self.source.by_ref().take(self.bound as u64 + 1).read_until(b'\n', &mut line)? as u64;
            if line.is_empty() {
                return Ok(None);
            }
            self.number += 1;
            if !line.ends_with(b"\n") && line.len() > self.bound {
                self.read += self.source.skip_until(b'\n')? as u64;
                return Ok(Some(Line::TooLong));
            }
            let length = line.trim_ascii_end().len();
            line.truncate(length);
            if !line.is_empty() {
                return Ok(Some(Line::Whole(line)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_lost_and_none_is_held_that_is_too_long() {
        let texts =
            ["a\r".into(), String::new(), "b".repeat(64), "c".repeat(65), "d".repeat(1 << 20), "e".into()];
        let text = texts.join("\n");
        let mut lines = Lines::new(text.as_bytes(), 64);
        let mut seen = Vec::new();
        while let Some(line) = lines.next().expect("a text can be read") {
            let length = match line {
                Line::Whole(line) => Some(line.len()),
                Line::TooLong => None,
            };
            seen.push((lines.number(), length));
        }
        assert_eq!(seen, [(1, Some(1)), (3, Some(64)), (4, None), (5, None), (6, Some(1))]);
        assert_eq!(lines.read(), text.len() as u64);
    }
}
