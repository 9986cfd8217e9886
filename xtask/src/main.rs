//! The project's own chores, in Rust: `cargo xtask test`, `vectors`, `bindings`, `notices`, `web`, `fuzz` and
//! `bench`.
//!
//! `cargo xtask test` runs everything that the project tests and sets up what it needs: tools of pinned versions
//! go to a cache outside the checkout ([`tools`]), each step keeps its whole output in `target/xtask-logs`
//! ([`run`]), and the last line is `N passed, N failed`.

use std::process::{Command, ExitCode};

use clap::{Parser, Subcommand};

mod bench;
mod bindings;
mod conformance;
mod context;
mod counts;
mod disk;
mod failures;
mod fuzz;
mod fuzz_seeds;
mod notices;
mod run;
mod steps;
mod tally;
mod tools;
mod web;

/// The project's own chores.
#[derive(Parser)]
#[command(name = "xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Run everything that the project tests, or only the steps that are named
    Test {
        /// Names of steps or groups of them (`core`), as `--list` prints them
        steps: Vec<String>,
        /// Print the steps and groups and what each does, and run none
        #[arg(long)]
        list: bool,
    },
    /// Write the test vectors
    Vectors {
        /// Write nothing; fail where the files differ from what the code says
        #[arg(long)]
        check: bool,
    },
    /// Build the native library and generate the Kotlin and Swift sources from it
    Bindings,
    /// Write the licences of what is compiled into the Python package, for `maturin build` to put into the wheel
    Notices,
    /// Build the package for JavaScript, for Node.js and browsers
    Web,
    /// Run the fuzzers, as many at a time as there are processors
    Fuzz {
        /// How long each target runs
        #[arg(long, default_value_t = 600, value_name = "N")]
        seconds: u64,
        /// Build with the address sanitizer: sees more in dependencies, at a third of the speed
        #[arg(long)]
        asan: bool,
        /// One target; all of them where it is left out
        #[arg(value_parser = clap::builder::PossibleValuesParser::new(fuzz::TARGETS))]
        target: Option<String>,
    },
    /// Run the benches and print what a token costs beside the bare signature or other libraries, what a call in
    /// another language costs, how fast the service is, or what a line of a file costs
    Bench {
        /// What to measure
        #[arg(default_value = "core")]
        subject: bench::Subject,
        /// Fail where something costs more than its bound
        #[arg(long)]
        check: bool,
        /// How often each side measures (with `boundary`, `arrow` and `batch`)
        #[arg(long, default_value_t = 11, value_name = "N")]
        rounds: usize,
        /// How long each database (with `journeys`, 30 where it is left out) or all (with `peers`, 240) is measured
        #[arg(long, value_name = "N")]
        seconds: Option<u64>,
        /// Write the counts down (with `instructions`)
        #[arg(long)]
        write: bool,
        /// Handed to criterion as they are, after `--`
        #[arg(last = true)]
        criterion: Vec<String>,
    },
}

fn main() -> ExitCode {
    match Arguments::parse().chore {
        Chore::Test { list: true, .. } => run::list(steps::ALL, steps::GROUPS),
        Chore::Test { steps: names, .. } => run::test(steps::ALL, steps::GROUPS, &names),
        Chore::Vectors { check } => vectors(check),
        Chore::Bindings => bindings::run(),
        Chore::Notices => notices::run(),
        Chore::Web => web::run(),
        Chore::Fuzz { seconds, asan, target } => fuzz::long(seconds, asan, target.as_deref()),
        Chore::Bench { subject: bench::Subject::Core, check, criterion, .. } => bench::run(check, &criterion),
        Chore::Bench { subject: bench::Subject::Boundary, check, rounds, .. } => {
            bench::boundary(check, rounds)
        }
        Chore::Bench { subject: bench::Subject::Journeys, seconds, .. } => {
            bench::journeys(seconds.unwrap_or(30))
        }
        Chore::Bench { subject: bench::Subject::Peers, check, seconds, .. } => {
            bench::peers::run(check, seconds.unwrap_or(240))
        }
        Chore::Bench { subject: bench::Subject::Instructions, write, .. } => bench::instructions::run(write),
        Chore::Bench { subject: bench::Subject::Arrow, check, rounds, .. } => {
            bench::arrow::run(check, rounds)
        }
        Chore::Bench { subject: bench::Subject::Batch, check, rounds, .. } => {
            bench::batch::run(check, rounds)
        }
    }
}

/// Their generator is the crate `test-vectors/generator`.
fn vectors(check: bool) -> ExitCode {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(context::root()).args(["run", "--quiet", "--package", "kycvs-vectors", "--"]);
    match cargo.args(check.then_some("--check")).status() {
        Ok(status) => ExitCode::from(u8::from(!status.success())),
        Err(error) => {
            eprintln!("error: cargo: {error}");
            ExitCode::FAILURE
        }
    }
}
