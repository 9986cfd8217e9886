//! The lines of a file, of which no more is held than a line may have.

use std::io::{self, BufRead, BufReader, Read};

/// Reads line by line, each up to a bound.
pub(crate) struct Lines<R> {
    source: BufReader<R>,
    bound: usize,
    read: u64,
    number: u64,
}

/// A line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// All of it, without its end.
    Whole(Vec<u8>),
    /// It was over the bound, and passed over.
    TooLong,
}

impl<R: Read> Lines<R> {
    /// No line is longer than `bound` bytes, its end counted.
    pub(crate) fn new(source: R, bound: usize) -> Self {
        Self { source: BufReader::new(source), bound, read: 0, number: 0 }
    }

    /// Bytes that were read.
    pub(crate) fn read(&self) -> u64 {
        self.read
    }

    /// The number of the line that was read last; the first is 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The next line, if there is one.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        let mut line = Vec::new();
        self.read += self.source.by_ref().take(self.bound as u64 + 1).read_until(b'\n', &mut line)? as u64;
        if line.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        if !line.ends_with(b"\n") && line.len() > self.bound {
            self.read += self.source.skip_until(b'\n')? as u64;
            return Ok(Some(Line::TooLong));
        }
        for end in [b'\n', b'\r'] {
            if line.last() == Some(&end) {
                line.pop();
            }
        }
        Ok(Some(Line::Whole(line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_lost_and_none_is_held_that_is_too_long() -> io::Result<()> {
        let bound = 4_096;
        let texts = [
            "a\r".to_owned(),
            String::new(),
            "b".repeat(bound),
            "c".repeat(bound + 1),
            "d".repeat(1 << 20),
            "e".into(),
        ];
        let text = texts.join("\n");
        let mut lines = Lines::new(text.as_bytes(), bound);
        let mut seen = Vec::new();
        while let Some(line) = lines.next()? {
            seen.push(match line {
                Line::Whole(line) => Some(line.len()),
                Line::TooLong => None,
            });
        }
        assert_eq!(seen, [Some(1), Some(0), Some(bound), None, None, Some(1)]);
        assert_eq!((lines.read(), lines.number()), (text.len() as u64, 6));
        Ok(())
    }
}
