//! `kycvs verify --batch`: one token a line, one verdict a line, on every core.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use kycvs::{Expectation, Family, Status, Timestamp, Verdict, Verifier};
use kycvs_tables::{Line, Lines, ReadError};

use crate::args::Verify;
use crate::failure::{DONE, Failure, NOT_ENOUGH, NOT_GOOD, Result, WRONG_CALL};
use crate::input::{TOKEN_FILE_BOUND, TokenInput};
use crate::output::Output;
use crate::report::{ErrorObject, OnLine, VerdictObject};
use crate::used::{UsedFile, UsedInBatch};
use crate::{files, progress};

/// At most so many lines are held and verified together.
const CHUNK: usize = 4_096;

pub(super) fn run(
    path: &Path,
    verifier: Verifier,
    expectation: &Expectation,
    options: &Verify,
    out: &mut Output,
) -> Result<u8> {
    let clock = || options.now.unwrap_or_else(Timestamp::now);
    let mut lines = Lines::new(files::open(path)?, TOKEN_FILE_BOUND);
    // Where no token could be good, because of this machine, no token is called bad.
    if let Err(error) = verifier.verify_at(&[], expectation, clock())
        && error.family() == Family::SetUp
    {
        return Err(error.into());
    }
    let used = Arc::new(UsedInBatch::new(options.used.as_deref().map(UsedFile::new)));
    let verifier = verifier.with_replay_guard(Arc::clone(&used));

    let bar = progress::bar(files::size(path), false);
    let mut count = Count::default();
    loop {
        let chunk = chunk(&mut lines).map_err(|error| files::unreadable(path, &error))?;
        if chunk.is_empty() {
            break;
        }
        let presented: Vec<_> = chunk.iter().map(TokenInput::presented).collect();
        let verdicts = verifier.verify_many_at(&presented, expectation, clock());
        // Before any verdict is shown: a token whose verdict was shown is used.
        used.commit()?;
        for (input, verdict) in chunk.iter().zip(verdicts) {
            let line = count.next(&verdict, options.at_least);
            write_line(line, verdict.map_err(|error| input.failure(error)), options.at_least, out)?;
        }
        count.repeated = used.repeated();
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
fn chunk(lines: &mut Lines<impl Read>) -> Result<Vec<TokenInput>, ReadError> {
    let mut chunk = Vec::new();
    while let Some(line) = lines.next()? {
        chunk.push(match line {
            Line::Whole(line) => TokenInput::of_text(line),
            Line::TooLong => TokenInput::too_long(),
        });
        if chunk.len() == CHUNK || !lines.is_line_there() {
            break;
        }
    }
    Ok(chunk)
}

fn write_line(line: u64, verdict: Result<Verdict>, at_least: Status, out: &mut Output) -> Result<()> {
    match (verdict, out.is_json()) {
        (Ok(verdict), true) => out.object(&OnLine { line, object: VerdictObject::new(&verdict, at_least) }),
        (Ok(verdict), false) => out.line(&VerdictObject::new(&verdict, at_least).line()),
        (Err(error), true) => out.object(&OnLine { line, object: ErrorObject::new(&error) }),
        (Err(error), false) => out.line(&error.line()),
    }
}

/// How many tokens were good, and how many not.
#[derive(Default)]
struct Count {
    good: u64,
    /// Valid, with a lower status than the call asks for.
    not_enough: u64,
    bad: u64,
    /// Those of the bad that stood on an earlier line.
    repeated: u64,
    /// Tokens on which this verifier's set-up allows no verdict.
    open: u64,
}

impl Count {
    /// Counts a verdict and gives the number of its line.
    fn next(&mut self, verdict: &kycvs::Result<Verdict>, at_least: Status) -> u64 {
        match verdict {
            Ok(verdict) if verdict.meets(at_least) => self.good += 1,
            Ok(_) => self.not_enough += 1,
            Err(error) if error.family() == Family::SetUp => self.open += 1,
            Err(_) => self.bad += 1,
        }
        self.good + self.not_enough + self.bad + self.open
    }

    fn exit_status(&self) -> u8 {
        match self {
            Self { open: 1.., .. } => WRONG_CALL,
            Self { bad: 1.., .. } => NOT_GOOD,
            Self { not_enough: 1.., .. } => NOT_ENOUGH,
            _ => DONE,
        }
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} good, {} not good", self.good, self.bad)?;
        if self.repeated > 0 {
            write!(f, " ({} the same token again)", self.repeated)?;
        }
        if self.not_enough > 0 {
            write!(f, ", {} valid but not enough", self.not_enough)?;
        }
        if self.open > 0 {
            write!(f, ", {} undecided because of this verifier's set-up", self.open)?;
        }
        Ok(())
    }
}
