//! `kycvs verify --batch`: one token a line, one verdict a line, on every core.

use std::io::{self, Read};
use std::path::Path;

use kycvs::{Expectation, Family, Timestamp, Verdict, Verifier};

use crate::failure::{DONE, Failure, NOT_GOOD, Result, WRONG_CALL};
use crate::input::{TOKEN_FILE_BOUND, TokenInput};
use crate::lines::{Line, Lines};
use crate::output::Output;
use crate::report::{ErrorObject, OnLine, VerdictObject};
use crate::{files, progress};

/// At most so many lines are held and verified together.
const CHUNK: usize = 4_096;

pub(super) fn run(
    path: &Path,
    verifier: &Verifier,
    expectation: &Expectation,
    now: Option<Timestamp>,
    out: &mut Output,
) -> Result<u8> {
    let clock = || now.unwrap_or_else(Timestamp::now);
    let mut lines = Lines::new(files::open(path)?, TOKEN_FILE_BOUND);
    // Where no token could be good, because of this machine, no token is called bad.
    if let Err(error) = verifier.verify_at(&[], expectation, clock())
        && error.family() == Family::SetUp
    {
        return Err(error.into());
    }

    let bar = progress::bar(files::size(path), false);
    let mut count = Count::default();
    loop {
        let chunk = chunk(&mut lines).map_err(|error| files::cannot_read(path, &error))?;
        if chunk.is_empty() {
            break;
        }
        let presented: Vec<_> = chunk.iter().map(TokenInput::presented).collect();
        let verdicts = verifier.verify_many_at(&presented, expectation, clock());
        for (input, verdict) in chunk.iter().zip(verdicts) {
            let line = count.next(&verdict);
            write_line(line, verdict.map_err(|error| input.failure(error)), out)?;
        }
        out.finish()?;
        bar.set_position(lines.read());
        bar.set_message(count.to_string());
    }
    bar.finish_and_clear();
    if lines.number() == 0 {
        return Err(Failure::Usage(format!("there is no line in {}, and so no token", files::name(path))));
    }
    out.note(&count.to_string());
    Ok(count.exit_status())
}

/// The next lines' tokens: those that are there. No token waits for the next one, which may be long in coming, as at a
/// scanner; it would expire meanwhile.
fn chunk(lines: &mut Lines<impl Read>) -> io::Result<Vec<TokenInput>> {
    let mut chunk = Vec::new();
    while let Some(line) = lines.next()? {
        chunk.push(match line {
            Line::Whole(line) => TokenInput::of(line),
            Line::TooLong => TokenInput::too_long(),
        });
        if chunk.len() == CHUNK || !lines.is_line_there() {
            break;
        }
    }
    Ok(chunk)
}

fn write_line(line: u64, verdict: Result<Verdict>, out: &mut Output) -> Result<()> {
    match (verdict, out.is_json()) {
        (Ok(verdict), true) => out.object(&OnLine { line, object: VerdictObject::new(&verdict) }),
        (Ok(verdict), false) => out.line(&VerdictObject::new(&verdict).line()),
        (Err(error), true) => out.object(&OnLine { line, object: ErrorObject::new(&error) }),
        (Err(error), false) => out.line(&error.line()),
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
