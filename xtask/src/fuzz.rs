//! The fuzz targets of `fuzz/`, built by `cargo-fuzz` and run as many at a time as there are processors.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use crate::context::{Context, Stop};
use crate::fuzz_seeds;
use crate::tally::Tally;
use crate::tools::{CARGO_FUZZ, cargo_tool, program};

/// The targets, as `fuzz/Cargo.toml` names them.
pub(crate) const TARGETS: [&str; 8] =
    ["decode_token", "decode_text", "verify", "trust_store", "key_import", "notation", "tables", "ed25519"];

/// The step of `cargo xtask test`.
pub(crate) fn short(context: &mut Context) -> Result<Tally, Stop> {
    fuzz(context, &TARGETS, &Settings { seconds: 20, sanitizer: Sanitizer::None })
}

/// `cargo xtask fuzz`.
pub(crate) fn long(seconds: u64, asan: bool, target: Option<&str>) -> ExitCode {
    let sanitizer = if asan { Sanitizer::Address } else { Sanitizer::None };
    let targets: Vec<_> =
        TARGETS.into_iter().filter(|name| target.is_none_or(|target| target == *name)).collect();
    println!("{} for {seconds} s each; their logs are in target/xtask-logs", targets.join(", "));
    let result = Context::new("fuzz").map_err(Stop::from).and_then(|mut context| {
        fuzz(&mut context, &targets, &Settings { seconds, sanitizer }).inspect_err(|_| {
            eprintln!("{}", context.log_tail(40));
        })
    });
    match result {
        Ok(tally) => {
            for note in &tally.notes {
                println!("{note}");
            }
            println!("{} passed, {} failed", tally.passed, tally.failed);
            ExitCode::from(u8::from(tally.failed > 0))
        }
        Err(Stop::Failed(reason) | Stop::NotRun(reason)) => {
            eprintln!("error: {reason}");
            ExitCode::FAILURE
        }
    }
}

struct Settings {
    seconds: u64,
    sanitizer: Sanitizer,
}

/// The crates are free of `unsafe`, so by default the time goes into more runs and not into `AddressSanitizer`. Debug
/// assertions and overflow checks are on either way.
#[derive(Clone, Copy)]
enum Sanitizer {
    None,
    Address,
}

impl Sanitizer {
    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Address => "address",
        }
    }
}

fn fuzz(context: &mut Context, targets: &[&'static str], settings: &Settings) -> Result<Tally, Stop> {
    let programs = build(context, settings.sanitizer)?;
    let seeds = context.target("fuzz-seeds")?;
    fuzz_seeds::write(&context.root().join("test-vectors"), &seeds)?;
    let logs = context.target("xtask-logs")?;
    let at_a_time = std::thread::available_parallelism().map_or(1, usize::from);

    let mut tally = Tally::default();
    for group in targets.chunks(at_a_time) {
        let mut running = Vec::new();
        for target in group {
            running.push(Run::start(context.root(), &programs, &seeds, &logs, target, settings.seconds)?);
        }
        for run in running {
            tally += run.finish(context)?;
        }
    }
    Ok(tally)
}

/// Builds all targets and returns the folder that they are in.
fn build(context: &mut Context, sanitizer: Sanitizer) -> Result<PathBuf, Stop> {
    program(context, "c++", "g++")?; // libFuzzer is C++
    let cargo_fuzz = cargo_tool(context, &CARGO_FUZZ)?;
    let folder = context.target("fuzz")?.join(sanitizer.name());
    let mut build = context.command(cargo_fuzz);
    build.args(["build", "--debug-assertions", "--sanitizer", sanitizer.name(), "--target-dir"]).arg(&folder);
    // Sanitizers and coverage are flags of nightly; this lets the stable compiler take them.
    build.env("RUSTC_BOOTSTRAP", "1").env("CARGO_TERM_COLOR", "never");
    context.must(&mut build)?;

    Ok(folder.join(context.host()?).join("release"))
}

/// One target that is running.
struct Run {
    target: &'static str,
    process: Child,
    log: PathBuf,
}

impl Run {
    fn start(
        root: &Path,
        programs: &Path,
        seeds: &Path,
        logs: &Path,
        target: &'static str,
        seconds: u64,
    ) -> Result<Self, Stop> {
        let fuzz = root.join("fuzz");
        let [corpus, artifacts] = ["corpus", "artifacts"].map(|name| fuzz.join(name).join(target));
        let seeds = seeds.join(target);
        fs::create_dir_all(&corpus)?;
        fs::create_dir_all(&artifacts)?;

        let log = logs.join(format!("fuzz-{target}.log"));
        let output = File::create(&log)?;
        let mut command = Command::new(programs.join(target));
        command.arg(format!("-max_total_time={seconds}")).arg("-timeout=10").arg("-print_final_stats=1");
        command.arg(format!("-artifact_prefix={}/", artifacts.display()));
        // What is new goes to the first folder; the seeds are only read.
        command.args([corpus, seeds]).current_dir(root);
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let process =
            command.spawn().map_err(|error| Stop::Failed(format!("fuzz target {target}: {error}")))?;
        Ok(Self { target, process, log })
    }

    fn finish(mut self, context: &mut Context) -> Result<Tally, Stop> {
        let status = self.process.wait()?;
        let text = String::from_utf8_lossy(&fs::read(&self.log)?).into_owned();
        let stat =
            |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
        let runs = stat("stat::number_of_executed_units:").unwrap_or(0);
        if status.success() && runs > 0 {
            let speed = stat("stat::average_exec_per_sec:").unwrap_or(0);
            let note = format!("{:12} {runs:>10} inputs, {speed:>7} a second", self.target);
            return Ok(Tally::one(true).with_note(note));
        }

        let lines: Vec<&str> = text.lines().collect();
        context.log(&lines[lines.len().saturating_sub(40)..].join("\n"))?;
        let what = lines.iter().find(|line| line.contains("panicked at") || line.contains("SUMMARY:"));
        let input = lines.iter().find_map(|line| line.split_once("Test unit written to "));
        let what = what.map_or("it ended early", |line| line.trim());
        let input = input.map_or("none was kept", |(_, path)| path);
        Ok(Tally::one(false).with_note(format!("{:12} FAILED: {what} Its input: {input}", self.target)))
    }
}
