//! `kycvs verify --batch`: one token a line, one verdict a line, on every core.

mod source;

use std::path::Path;
use std::sync::Arc;

use kycvs::{Expectation, Family, Status, Timestamp, Verdict, Verifier};

use self::source::{Request, Tokens};
use crate::args::Verify;
use crate::failure::{DONE, Failure, NOT_ENOUGH, NOT_GOOD, Result, WRONG_CALL};
use crate::input::TokenInput;
use crate::output::Output;
use crate::report::{ErrorObject, OnLine, VerdictObject};
use crate::used::{UsedFile, UsedInBatch};
use crate::{files, progress};

/// At most so many lines are held and verified together.
const CHUNK: usize = 4_096;

pub(super) fn run(path: &Path, verifier: Verifier, options: &Verify, out: &mut Output) -> Result<u8> {
    let clock = || options.now.unwrap_or_else(Timestamp::now);
    let mut tokens = Tokens::open(path, options)?;
    // Where no token could be good, because of this machine, no token is called bad.
    if let Err(error) = verifier.verify_at(&[], &Expectation::no_nonce(), clock())
        && error.family() == Family::SetUp
    {
        return Err(error.into());
    }
    let used = Arc::new(UsedInBatch::new(options.used.as_deref().map(UsedFile::new)));
    let verifier = verifier.with_replay_guard(Arc::clone(&used));

    let bar = progress::bar(files::size(path), false);
    let mut count = Count::default();
    loop {
        let chunk = tokens.next(path, CHUNK)?;
        if chunk.is_empty() {
            break;
        }
        let outcomes = check(&verifier, chunk, clock());
        // Before any verdict is shown: a token whose verdict was shown is used.
        used.commit()?;
        for (line, outcome) in outcomes {
            count.add(&outcome, options.at_least);
            write_line(line, outcome, options.at_least, out)?;
        }
        count.repeated = used.repeated();
        out.finish()?;
        bar.set_position(tokens.read());
        bar.set_message(count.to_string());
    }
    bar.finish_and_clear();
    if count.is_empty() {
        return Err(tokens.nothing(path));
    }
    out.note(&count.to_string());
    Ok(count.exit_status())
}

/// What became of a line.
enum Outcome {
    Valid(Verdict),
    Refused(Failure),
    /// This verifier's set-up allows no verdict.
    Undecided(Failure),
    /// The row does not say what to check. Its token was not looked at.
    BadRow(Failure),
}

impl Outcome {
    fn of(token: &TokenInput, verdict: kycvs::Result<Verdict>) -> Self {
        match verdict {
            Ok(verdict) => Self::Valid(verdict),
            Err(error) if error.family() == Family::SetUp => Self::Undecided(error.into()),
            Err(error) => Self::Refused(token.failure(error)),
        }
    }
}

/// The outcome of each line, in order.
fn check(verifier: &Verifier, chunk: Vec<Request<'_>>, now: Timestamp) -> Vec<(u64, Outcome)> {
    let asked = chunk.iter().filter_map(|request| request.asked.as_ref().ok());
    let asked: Vec<_> = asked.map(|(token, expectation)| (token.presented(), &**expectation)).collect();
    let mut verdicts = verifier.verify_each_at(&asked, now).into_iter();
    let outcomes = chunk.into_iter().filter_map(|Request { line, asked }| {
        let outcome = match asked {
            Ok((token, _)) => Outcome::of(&token, verdicts.next()?),
            Err(failure) => Outcome::BadRow(failure),
        };
        Some((line, outcome))
    });
    outcomes.collect()
}

fn write_line(line: u64, outcome: Outcome, at_least: Status, out: &mut Output) -> Result<()> {
    let failure = match outcome {
        Outcome::Valid(verdict) => {
            let object = VerdictObject::new(&verdict, at_least);
            return if out.is_json() {
                out.object(&OnLine { line, object })
            } else {
                out.line(&object.line())
            };
        }
        Outcome::BadRow(failure) if !out.is_json() => failure.at(format!("line {line}")),
        Outcome::Refused(failure) | Outcome::Undecided(failure) | Outcome::BadRow(failure) => failure,
    };
    let object = ErrorObject::new(&failure);
    if out.is_json() { out.object(&OnLine { line, object }) } else { out.line(&failure.line()) }
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
    /// Rows that do not say what to check.
    bad_rows: u64,
}

impl Count {
    fn add(&mut self, outcome: &Outcome, at_least: Status) {
        *match outcome {
            Outcome::Valid(verdict) if verdict.meets(at_least) => &mut self.good,
            Outcome::Valid(_) => &mut self.not_enough,
            Outcome::Refused(_) => &mut self.bad,
            Outcome::Undecided(_) => &mut self.open,
            Outcome::BadRow(_) => &mut self.bad_rows,
        } += 1;
    }

    fn is_empty(&self) -> bool {
        self.good + self.not_enough + self.bad + self.open + self.bad_rows == 0
    }

    fn exit_status(&self) -> u8 {
        match self {
            Self { open: 1.., .. } | Self { bad_rows: 1.., .. } => WRONG_CALL,
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
        if self.bad_rows > 0 {
            write!(f, ", {} not checked because the row is incomplete or unreadable", self.bad_rows)?;
        }
        Ok(())
    }
}
