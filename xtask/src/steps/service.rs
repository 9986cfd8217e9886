//! The real service held to what it promises, on SQLite and on PostgreSQL, by `kycvs-proof` and by schemathesis.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::rust::NO_GENERATOR;
use crate::context::{Context, Stop};
use crate::tally::Tally;
use crate::tools::{Postgres, SERVICE, postgres, python};

/// All proofs, shortly. `cargo xtask bench journeys` takes longer for the figures.
pub(super) fn run(context: &mut Context) -> Result<Tally, Stop> {
    let programs = Programs::build(context)?;
    let mut tally = Tally::default();
    for (proof, arguments) in PROOFS {
        tally += programs.prove(context, proof, arguments, None)?;
    }
    match postgres(context) {
        Ok(server) => {
            for (proof, arguments) in PROOFS {
                tally += programs.prove(context, proof, arguments, Some(&server))?;
            }
            tally += unit_tests(context, &server)?;
        }
        Err(Stop::NotRun(reason)) => tally.not_run.push(reason),
        Err(stop) => return Err(stop),
    }
    Ok(tally)
}

/// The description of the calls against what the service does.
pub(super) fn schemathesis(context: &mut Context) -> Result<Tally, Stop> {
    let programs = Programs::build(context)?;
    let environment = python(context, SERVICE)?;
    let mut command = programs.command(context, "with", None);
    command.arg("--").arg(environment.python()).arg(context.root().join(SCHEMATHESIS));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    let ran = context.run(&mut command)?;
    super::counted(Tally::of_closing_line(&ran.text), ran.success, "schemathesis")
}

/// The release builds of `kycvs` and `kycvs-proof`.
pub(crate) struct Programs {
    kycvs: PathBuf,
    proof: PathBuf,
}

impl Programs {
    pub(crate) fn build(context: &mut Context) -> Result<Self, Stop> {
        let kycvs = context.kycvs()?;
        let mut build = context.cargo();
        // Both packages, so that what they depend on has the features, and so the build, that it has for `kycvs`.
        build.args(["build", "--release", "--package", "kycvs-cli", "--package", "kycvs-proof"]);
        Ok(Self { kycvs, proof: context.program(&mut build, "kycvs-proof")? })
    }

    /// `kycvs-proof PROOF`, on SQLite or on this server.
    pub(crate) fn command(&self, context: &Context, proof: &str, server: Option<&Postgres>) -> Command {
        let mut command = context.command(&self.proof);
        command.arg("--kycvs").arg(&self.kycvs);
        if let Some(server) = server {
            command.args(["--database", &server.url()]);
        }
        command.arg(proof);
        command
    }

    fn prove(
        &self,
        context: &mut Context,
        proof: &str,
        arguments: &[&str],
        server: Option<&Postgres>,
    ) -> Result<Tally, Stop> {
        let mut command = self.command(context, proof, server);
        command.args(arguments);
        if let (Some(server), "private") = (server, proof) {
            command.arg("--data").arg(server.data());
        }
        let ran = context.run(&mut command)?;
        let tally =
            super::counted(Tally::of_closing_line(&ran.text), ran.success, &format!("the proof `{proof}`"))?;
        // Several proofs share one log: its end may be of another one.
        let failed = ran.text.lines().filter(|line| line.trim_start().starts_with("FAILED"));
        Ok(failed.fold(tally, |tally, line| tally.with_note(format!("{proof}: {}", line.trim()))))
    }
}

/// The service's own tests once more, on PostgreSQL: the same builds that the step `test` has run on SQLite.
fn unit_tests(context: &mut Context, server: &Postgres) -> Result<Tally, Stop> {
    let mut build = context.cargo();
    build.args(["test", "--workspace", "--all-features"]).args(NO_GENERATOR).arg("--no-run");
    let messages = context.stdout_of(build.arg("--message-format=json-render-diagnostics"))?;
    let manifest = context.root().join("issuer/Cargo.toml");
    let tests: Vec<PathBuf> = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| {
            message["manifest_path"].as_str().is_some_and(|path| manifest == std::path::Path::new(path))
        })
        .filter(|message| message["profile"]["test"] == true)
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .collect();
    if tests.is_empty() {
        return Err(Stop::Failed("cargo built no test of kycvs-issuer".to_owned()));
    }
    let mut tally = Tally::default();
    for test in tests {
        let mut command = context.command(test);
        command.current_dir(context.root().join("issuer")).env("KYCVS_TEST_POSTGRES", server.url());
        let ran = context.run(&mut command)?;
        let part = Tally::of_cargo_test(&ran.text);
        if !ran.success && part.failed == 0 {
            return Err(Stop::Failed(
                "a test of kycvs-issuer did not come to its end on PostgreSQL".to_owned(),
            ));
        }
        tally += part;
    }
    Ok(tally)
}

/// What is run on each of the two databases.
const PROOFS: [(&str, &[&str]); 6] = [
    ("journeys", &["--seconds", "8"]),
    ("crash", &["--kills", "20"]),
    ("guessing", &["--seconds", "10"]),
    ("timing", &["--requests", "10000"]),
    ("private", &[]),
    ("hostile", &[]),
];

const SCHEMATHESIS: &str = "issuer/proof/schemathesis/run.py";
