//! What a column of a million tokens costs in pyarrow beside `verify_many` in Rust, and in Apache Spark beside the
//! command line.
//!
//! The first two measure the same tokens in turns, as the programs of `boundary` do. Spark and the command
//! line each count the verdicts by code, and have to agree.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use serde_json::Value;

use super::program::Program;
use crate::context::{Context, Stop};
use crate::steps::columns;
use crate::steps::python::PACKAGE;

/// Measures, prints, and with `check` fails where a bound is broken. That the counts differ is a failure always.
pub(crate) fn run(check: bool, rounds: usize) -> ExitCode {
    let result = Context::new("bench-arrow").map_err(Stop::from).and_then(|mut context| {
        let folder = context.target("xtask-work")?.join("column");
        std::fs::create_dir_all(&folder)?;
        let mut beyond = columns_in_turns(&mut context, &folder, rounds.max(1))?;
        beyond.extend(spark(&mut context, &folder)?);
        // Half a gigabyte that nobody needs any more.
        std::fs::remove_dir_all(&folder)?;
        Ok(beyond)
    });
    super::close(result, check)
}

/// Rust and pyarrow; what is beyond its bound.
fn columns_in_turns(context: &mut Context, folder: &Path, rounds: usize) -> Result<Vec<String>, Stop> {
    eprintln!("building, see {}", context.log_name());
    let mut build = context.cargo();
    build.args(["build", "--release", "--package", "kycvs-benches", "--bin", "column"]);
    let program = context.program(build.args(["--features", "parallel"]), "column")?;
    let environment = columns::with_spark(context)?;
    eprintln!("making {ROWS} tokens");
    context.must(context.command(&program).arg("make").arg(folder).arg(ROWS.to_string()))?;

    let mut rust = Program::start("rust", context.command(&program).arg("measure").arg(folder))?;
    let mut python = environment.command(context);
    python.current_dir(context.root().join(PACKAGE)).args(["bench_column.py", "measure"]).arg(folder);
    let mut python = Program::start("python", &mut python)?;

    let bytes = python.round(BYTES)?;
    rust.round(COLUMN)?;
    let (mut rounds_of_rust, mut rounds_of_python) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        eprintln!("round {} of {rounds}", round + 1);
        // Another one begins each time.
        if round % 2 == 0 {
            rounds_of_rust.push(rust.round(COLUMN)?);
            rounds_of_python.push(python.round(COLUMN)?);
        } else {
            rounds_of_python.push(python.round(COLUMN)?);
            rounds_of_rust.push(rust.round(COLUMN)?);
        }
    }
    let (rust, python) = (median(rounds_of_rust), median(rounds_of_python));
    let ratio = python / rust;
    println!("{:34}{:>12}{:>12}{:>10}", "a column of a million", "ns a row", "over Rust", "at most");
    println!("{:34}{rust:>12.0}", "rust: verify_many");
    println!("{:34}{python:>12.0}{ratio:>12.3}{LARGEST_RATIO:>10.2}", "python: kycvs.arrow, pyarrow");
    println!("\n{:34}{:>12}{:>22}", "beside the column", "bytes a row", "at most");
    println!("{:34}{bytes:>12.0}{MOST_BYTES:>22.0}", "python: kycvs.arrow, pyarrow");
    let mut beyond = Vec::new();
    if ratio > LARGEST_RATIO {
        beyond.push(format!("a column in pyarrow: {ratio:.3} times as long as in Rust, not {LARGEST_RATIO}"));
    }
    if bytes > MOST_BYTES {
        beyond.push(format!("a column in pyarrow: {bytes:.0} bytes a row, not {MOST_BYTES}"));
    }
    Ok(beyond)
}

/// Spark and the command line; an error where their counts differ.
fn spark(context: &mut Context, folder: &Path) -> Result<Vec<String>, Stop> {
    let environment = columns::with_spark(context)?;
    let program = context.kycvs()?;
    let script = |of: &str, mut command: std::process::Command, context: &Context| {
        command.current_dir(context.root().join(PACKAGE)).args(["bench_column.py", of]).arg(folder);
        command
    };
    let mut write = script("write", environment.command(context), context);
    context.must(&mut write)?;
    eprintln!("Spark");
    let mut spark = script("spark", columns::spark_command(context, &environment), context);
    let said = context.stdout_of(&mut spark)?;
    let said: Value = serde_json::from_str(said.lines().last().unwrap_or_default())
        .map_err(|error| Stop::Failed(format!("Spark's side printed no JSON: {error}")))?;
    let by_spark: BTreeMap<String, u64> = serde_json::from_value(said["counts"].clone())
        .map_err(|error| Stop::Failed(format!("Spark's side printed no counts: {error}")))?;

    eprintln!("the command line");
    let (by_command_line, nanoseconds) = command_line(context, &program, folder)?;
    let figure = |name: &str| said["nanoseconds"][name].as_f64().unwrap_or(f64::NAN);
    let (checked, handed_over) = (figure("checked"), figure("handed_over"));
    println!("\n{:34}{:>12}", "a Parquet file of a million", "ns a row");
    println!("{:34}{nanoseconds:>12.0}", "kycvs verify --batch, of lines");
    println!("{:34}{checked:>12.0}", "Spark, local mode, verify_column");
    println!("{:34}{handed_over:>12.0}", "the same without checking a row");
    println!("\n{:34}{:>12}{:>12}", "code", "Spark", "kycvs");
    for code in by_spark.keys().chain(by_command_line.keys()).collect::<std::collections::BTreeSet<_>>() {
        let of = |counts: &BTreeMap<String, u64>| counts.get(code).copied().unwrap_or(0);
        println!("{code:34}{:>12}{:>12}", of(&by_spark), of(&by_command_line));
    }
    if by_spark == by_command_line && by_spark.values().sum::<u64>() == ROWS {
        Ok(Vec::new())
    } else {
        Err(Stop::Failed("Spark and the command line do not count alike".to_owned()))
    }
}

/// How many tokens have which code, as `kycvs verify --batch` says, and its nanoseconds for each.
fn command_line(
    context: &mut Context,
    program: &Path,
    folder: &Path,
) -> Result<(BTreeMap<String, u64>, f64), Stop> {
    let mut verify = context.command(program);
    verify.args([
        "verify",
        "--json",
        "--no-nonce",
        "--at-least",
        "0",
        "--audience",
        "irctc.co.in",
        "--now",
        "2026-09-21T14:13:20Z",
        "--trust",
    ]);
    verify.arg(folder.join("trust.cbor")).arg("--batch").arg(folder.join("tokens.txt"));
    let begin = Instant::now();
    // It ends with 1, since some are not good.
    let output = verify.output()?;
    #[allow(clippy::cast_precision_loss)]
    let nanoseconds = begin.elapsed().as_secs_f64() * 1e9 / ROWS as f64;
    let mut counts = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let verdict: Value = serde_json::from_str(line)
            .map_err(|error| Stop::Failed(format!("kycvs printed no JSON: {error}")))?;
        let code = verdict["code"].as_str().unwrap_or("good").to_owned();
        *counts.entry(code).or_default() += 1;
    }
    Ok((counts, nanoseconds))
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

const ROWS: u64 = 1_000_000;
const COLUMN: &str = "column";
const BYTES: &str = "bytes-a-row";
const LARGEST_RATIO: f64 = 1.10;
const MOST_BYTES: f64 = 200.0;
