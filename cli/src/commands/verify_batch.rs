//! `kycvs verify --batch`: one token a line, one verdict a line, on every core.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use kycvs::{Expectation, Family, Timestamp, Verdict, Verifier};
use rayon::prelude::*;

use crate::failure::{DONE, Failure, NOT_GOOD, Result, WRONG_CALL};
use crate::input::{TOKEN_FILE_BOUND, TokenInput};
use crate::output::Output;
use crate::report::{ErrorObject, OnLine, VerdictObject};
use crate::{files, progress};

/// Lines that are held and verified together.
const CHUNK: usize = 4_096;

pub(super) fn run(
    path: &Path,
    verifier: &Verifier,
    expectation: &Expectation,
    now: Option<Timestamp>,
    out: &mut Output,
) -> Result<u8> {
    let clock = || now.unwrap_or_else(Timestamp::now);
    let mut lines = Lines { source: BufReader::new(files::open(path)?), read: 0 };
    // Where no token could be good, because of this machine, no token is called bad.
    if let Err(error) = verifier.verify_at(&[], expectation, clock())
        && error.family() == Family::SetUp
    {
        return Err(error.into());
    }

    let bar = progress::bar(files::size(path), false);
    let mut count = Count::default();
    loop {
        let chunk = lines.chunk().map_err(|error| files::cannot_read(path, &error))?;
        if chunk.is_empty() {
            break;
        }
        let now = clock();
        let verdicts: Vec<_> =
            chunk.par_iter().map(|token| token.verify(verifier, expectation, now)).collect();
        for verdict in verdicts {
            write_line(count.next(&verdict), verdict, out)?;
        }
        bar.set_position(lines.read);
        bar.set_message(count.to_string());
    }
    out.finish()?;
    bar.finish_and_clear();
    out.note(&count.to_string());
    Ok(count.exit_status())
}

fn write_line(line: u64, verdict: kycvs::Result<Verdict>, out: &mut Output) -> Result<()> {
    match (verdict, out.is_json()) {
        (Ok(verdict), true) => out.object(&OnLine { line, object: VerdictObject::new(&verdict) }),
        (Ok(verdict), false) => out.line(&VerdictObject::new(&verdict).line()),
        (Err(error), true) => out.object(&OnLine { line, object: ErrorObject::new(&error.into()) }),
        (Err(error), false) => out.line(&Failure::from(error).line()),
    }
}

/// How many tokens were good, and how many not.
#[derive(Default)]
struct Count {
    good: u64,
    bad: u64,
    /// Tokens on which this verifier's set-up allows no verdict.
    open: u64,
}

impl Count {
    /// Counts a verdict and gives the number of its line.
    fn next(&mut self, verdict: &kycvs::Result<Verdict>) -> u64 {
        match verdict {
            Ok(_) => self.good += 1,
            Err(error) if error.family() == Family::SetUp => self.open += 1,
            Err(_) => self.bad += 1,
        }
        self.good + self.bad + self.open
    }

    fn exit_status(&self) -> u8 {
        match self {
            Self { open: 1.., .. } => WRONG_CALL,
            Self { bad: 1.., .. } => NOT_GOOD,
            _ => DONE,
        }
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} good, {} not good", self.good, self.bad)?;
        if self.open > 0 {
            write!(f, ", {} undecided because of this verifier's set-up", self.open)?;
        }
        Ok(())
    }
}

/// The lines of a file, of which no more is held than a token can need.
struct Lines<R> {
    source: BufReader<R>,
    /// Bytes that were read.
    read: u64,
}

impl<R: Read> Lines<R> {
    fn chunk(&mut self) -> io::Result<Vec<TokenInput>> {
        let mut chunk = Vec::new();
        while chunk.len() < CHUNK
            && let Some(token) = self.next()?
        {
            chunk.push(token);
        }
        Ok(chunk)
    }

    fn next(&mut self) -> io::Result<Option<TokenInput>> {
        let mut line = Vec::new();
        self.read +=
            self.source.by_ref().take(TOKEN_FILE_BOUND as u64 + 1).read_until(b'\n', &mut line)? as u64;
        if line.is_empty() {
            return Ok(None);
        }
        if !line.ends_with(b"\n") && line.len() > TOKEN_FILE_BOUND {
            self.read += self.source.skip_until(b'\n')? as u64;
            return Ok(Some(TokenInput::too_long()));
        }
        Ok(Some(TokenInput::from_text(&String::from_utf8_lossy(&line))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_lost_and_none_is_held_that_is_too_long() -> io::Result<()> {
        let bound = TOKEN_FILE_BOUND;
        let texts = [
            "a".to_owned(),
            String::new(),
            "b".repeat(bound),
            "c".repeat(bound + 1),
            "d".repeat(1 << 20),
            "e".into(),
        ];
        let text = texts.join("\n");
        let mut lines = Lines { source: BufReader::new(text.as_bytes()), read: 0 };
        let seen: Vec<_> = lines
            .chunk()?
            .into_iter()
            .map(|token| match token {
                TokenInput::Text(text) => Some(text.trim().len()),
                TokenInput::Bytes(_) => None,
            })
            .collect();
        assert_eq!(seen, [Some(1), Some(0), Some(bound), None, None, Some(1)]);
        assert_eq!(lines.read, text.len() as u64);
        Ok(())
    }
}
