//! `kycvs verify`: the core's verdict on one answer.

use std::sync::Arc;

use kycvs::{Audience, Policy, Timestamp, Verifier};

use super::expected::ExpectedFields;
use super::verify_batch;
use crate::args::{Column, Verify};
use crate::failure::{DONE, Failure, Result};
use crate::files;
use crate::input::{TokenInput, with_shell_hint};
use crate::output::Output;
use crate::report::{VerdictObject, not_enough};
use crate::subject;
use crate::used::UsedFile;

pub(crate) fn run(options: &Verify, out: &mut Output) -> Result<u8> {
    let token_is_stdin = options.token.as_ref().is_some_and(|token| token == "-");
    let files = [Some(&options.trust), options.subject.subject_file.as_ref(), options.batch.as_ref()];
    if options.used.as_deref().is_some_and(files::is_stdin) {
        return Err(Failure::Usage(
            "the list of used tokens is changed in its place: --used needs a file".into(),
        ));
    }
    let stdin = files.into_iter().flatten().filter(|path| files::is_stdin(path)).count();
    if stdin + usize::from(token_is_stdin) > 1 {
        return Err(Failure::Usage("only one file can be standard input".into()));
    }
    let policy = policy(options)?;
    check_expectation(options)?;
    let verifier = Verifier::new(files::read_trust(&options.trust)?, policy);

    let Some(token) = &options.token else {
        let file =
            options.batch.as_deref().ok_or_else(|| Failure::Usage("there is no token to verify".into()))?;
        return verify_batch::run(file, verifier, options, out);
    };
    let expectation =
        ExpectedFields::of_call(options, subject::from_options(&options.subject)?).expectation()?;
    let used = options.used.as_deref().map(|path| Arc::new(UsedFile::new(path)));
    let verifier = match &used {
        Some(used) => verifier.with_replay_guard(Arc::clone(used)),
        None => verifier,
    };
    let input = TokenInput::read(token)?;
    // Not before the token is there: a scanner at standard input may take its time.
    let now = options.now.unwrap_or_else(Timestamp::now);
    let verdict =
        input.verify(&verifier, &expectation, now).map_err(|error| with_shell_hint(token, error))?;
    if let Some(used) = used {
        used.commit()?;
    }
    let object = VerdictObject::new(&verdict, options.at_least);
    let not_enough = not_enough(&verdict, options.at_least);
    if out.is_json() {
        out.object(&object)?;
        return Ok(not_enough.map_or(DONE, |failure| failure.exit_status()));
    }
    out.text(&object.text())?;
    not_enough.map_or(Ok(DONE), Err)
}

fn policy(options: &Verify) -> Result<Policy> {
    let audience = options.audience.as_deref().map(Audience::new).transpose()?;
    let mut policy = Policy::new(audience, options.allow_open).map_err(|_| {
        let how = "say who you are with --audience, or that answers for anyone are welcome with --allow-open";
        Failure::Usage(how.into())
    })?;
    if let Some(skew) = options.skew {
        policy = policy.with_clock_skew(skew)?;
    }
    if let Some(lifetime) = options.max_lifetime {
        policy = policy.with_max_lifetime(lifetime);
    }
    if options.allow_specimen {
        policy = policy.allowing_specimens();
    }
    if options.ignore_status_lists {
        policy = policy.ignoring_status_lists();
    }
    Ok(policy)
}

/// Checks that the call says what is expected of an answer, and says it once.
fn check_expectation(options: &Verify) -> Result<()> {
    let has = |column: Column| options.columns.contains(&column);
    let is_given = [
        (Column::Nonce, "nonce", "--nonce", options.nonce.is_some()),
        (Column::Nonce, "nonce", "--no-nonce", options.no_nonce),
        (Column::Purpose, "purpose", "--purpose", options.purpose.is_some()),
        (Column::Name, "name", "--name", options.subject.name.is_some()),
        (Column::Name, "name", "--subject-file", options.subject.subject_file.is_some()),
    ];
    for (column, name, option, is_given) in is_given {
        if is_given && has(column) {
            return Err(Failure::Usage(format!(
                "each row has its own {name} by --columns, and {option} says it for all: give only one of them"
            )));
        }
    }
    if options.batch.is_none() && !options.columns.is_empty() {
        let how = "--columns is for the rows of a table: give the table with --batch";
        return Err(Failure::Usage(how.into()));
    }
    if has(Column::Mobile) && !has(Column::Name) {
        return Err(Failure::Usage(
            "a mobile number is checked together with a name: add name to --columns".into(),
        ));
    }
    // SPEC 10.1: there is no default that skips the check.
    if options.nonce.is_none() && !options.no_nonce && !has(Column::Nonce) {
        let how = "say which challenge you gave with --nonce, or that you gave none with --no-nonce";
        let rows =
            if options.batch.is_some() { ", or that each row has its own with --columns nonce" } else { "" };
        return Err(Failure::Usage(format!("{how}{rows}")));
    }
    Ok(())
}
