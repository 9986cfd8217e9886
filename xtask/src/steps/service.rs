//! The real service held to what it promises, on SQLite and on PostgreSQL, by `kycvs-proof` and by schemathesis.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::rust::NO_GENERATOR;
use crate::context::{Context, Stop, WITH_SERVICE};
use crate::tally::Tally;
use crate::tools::{Postgres, SERVICE, Storage, path_with, pgbouncer, postgres, python};

/// All proofs, shortly. `cargo xtask bench journeys` takes longer for the figures.
pub(super) fn run(context: &mut Context) -> Result<Tally, Stop> {
    let programs = Programs::build(context)?;
    let mut tally = Tally::default();
    let mut server = match postgres(context, Storage::Disk) {
        Ok(server) => Some(server),
        Err(Stop::NotRun(reason)) => {
            tally.not_run.push(reason);
            None
        }
        Err(stop) => return Err(stop),
    };
    let databases: Vec<Option<&Postgres>> = [None].into_iter().chain(server.as_ref().map(Some)).collect();
    for (proof, arguments) in BUSY {
        for database in &databases {
            tally += prove(context, vec![programs.proof(context, proof, arguments, *database)])?;
        }
    }
    let patient = PATIENT.iter().flat_map(|proof| databases.iter().map(move |database| (proof, *database)));
    let patient = patient.map(|(proof, database)| programs.proof(context, proof, &[], database)).collect();
    tally += prove(context, patient)?;
    if server.take().is_some() {
        let server = postgres(context, Storage::Memory)?;
        tally += unit_tests(context, &server)?;
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
        build.args(["--features", WITH_SERVICE]);
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

    fn proof(&self, context: &Context, proof: &str, arguments: &[&str], server: Option<&Postgres>) -> Proof {
        let mut command = self.command(context, proof, server);
        command.args(arguments);
        if let (Some(server), "private") = (server, proof) {
            command.arg("--data").arg(server.data());
        }
        Proof {
            name: format!("{proof} on {}", if server.is_some() { "PostgreSQL" } else { "SQLite" }),
            command,
        }
    }
}

/// Runs proofs side by side, and counts their claims.
fn prove(context: &mut Context, proofs: Vec<Proof>) -> Result<Tally, Stop> {
    let running: Vec<_> = proofs
        .into_iter()
        .map(|Proof { name, mut command }| {
            let running = std::thread::spawn(move || command.stdin(Stdio::null()).output());
            (name, running)
        })
        .collect();
    let mut tally = Tally::default();
    for (name, running) in running {
        let output = running.join().map_err(|_| Stop::Failed(format!("{name}: it broke off")))??;
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let text = text.concat();
        context.log(&text)?;
        tally += super::counted(Tally::of_closing_line(&text), output.status.success(), &name)?;
        // The log holds them all, and its end may be of another one.
        let failed = text.lines().filter(|line| line.trim_start().starts_with("FAILED"));
        tally.notes.extend(failed.map(|line| format!("{name}: {}", line.trim())));
    }
    Ok(tally)
}

/// One proof, to be run.
struct Proof {
    name: String,
    command: Command,
}

/// The service's own tests once more, on PostgreSQL: the same builds that the step `test` has run on SQLite.
fn unit_tests(context: &mut Context, server: &Postgres) -> Result<Tally, Stop> {
    // To see that the service works behind one, or says why it does not.
    let path = path_with(pgbouncer(context)?);
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
        command
            .current_dir(context.root().join("issuer"))
            .env("PATH", &path)
            .env("KYCVS_TEST_POSTGRES", format!("{}/postgres", server.url()));
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

/// What keeps the machine busy and measures it: one after the other.
const BUSY: [(&str, &[&str]); 4] = [
    ("journeys", &["--seconds", "8"]),
    ("crash", &["--kills", "20"]),
    ("guessing", &["--seconds", "10"]),
    ("timing", &["--requests", "10000"]),
];
/// What waits most of the time, for something to expire or to be cut off: side by side.
const PATIENT: [&str; 2] = ["private", "hostile"];

const SCHEMATHESIS: &str = "issuer/proof/schemathesis/run.py";
