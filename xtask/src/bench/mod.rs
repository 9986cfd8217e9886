//! `cargo xtask bench`: criterion's benches, then what a token costs beside the bare signature; or, with `boundary`,
//! what a call from another language costs beside the same call in Rust; or, with `journeys`, how fast the service is;
//! or, with `peers`, what other libraries cost; or, with `instructions`, what callgrind counts; or, with `batch`, what a line of a file costs.

use std::process::ExitCode;

use crate::context::{Context, Stop};

pub(crate) mod arrow;
pub(crate) mod batch;
mod boundary;
pub(crate) mod instructions;
mod journeys;
pub(crate) mod peers;
mod program;

pub(crate) use boundary::run as boundary;
pub(crate) use journeys::run as journeys;

/// What to measure.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Subject {
    /// The library itself, in Rust
    Core,
    /// One call in each language beside the same call in Rust
    Boundary,
    /// Complete journeys through the service
    Journeys,
    /// kycvs beside other libraries; writes benches/RESULTS.md
    Peers,
    /// Instructions for each token, which repeat on a busy machine
    Instructions,
    /// A column in Python beside `verify_many`, and Apache Spark beside the command line
    Arrow,
    /// A line of `kycvs verify --batch`, in files of a thousand to a million, and its memory
    Batch,
}

/// Prints what is beyond its bound; with `check` that fails.
fn close(measured: Result<Vec<String>, Stop>, check: bool) -> ExitCode {
    end(measured.map(|beyond| {
        print_beyond(&beyond);
        beyond.is_empty() || !check
    }))
}

fn print_beyond(beyond: &[String]) {
    for fault in beyond {
        println!("beyond its bound: {fault}");
    }
}

/// Whether all is well, or why nothing was measured.
fn end(measured: Result<bool, Stop>) -> ExitCode {
    match measured {
        Ok(well) => ExitCode::from(u8::from(!well)),
        Err(Stop::Failed(reason) | Stop::NotRun(reason)) => {
            eprintln!("error: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the benches; with `check` it fails where a token costs more than its bound.
pub(crate) fn run(check: bool, criterion: &[String]) -> ExitCode {
    let context = match Context::new("bench") {
        Ok(context) => context,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let check = if check { vec!["--check".to_owned()] } else { Vec::new() };
    // The ratios last: they are what a reader looks for.
    for (name, arguments) in [("token", criterion), ("ratios", &check)] {
        let mut bench = context.cargo();
        bench.args(["bench", "--package", "kycvs-benches", "--bench", name, "--"]).args(arguments);
        if !bench.status().is_ok_and(|status| status.success()) {
            eprintln!("error: the bench `{name}` failed");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
