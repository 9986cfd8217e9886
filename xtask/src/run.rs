//! The step runner: one line for each step, its output only where it failed, the sum at the end.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::conformance;
use crate::context::{Context, Stop};
use crate::disk::{self, Room};
use crate::failures;
use crate::steps::LEFT_BEHIND;
use crate::tally::Tally;

/// One thing that `cargo xtask test` does.
pub(crate) struct Step {
    /// One word: it names the step on the command line, and its log.
    pub(crate) name: &'static str,
    /// What it checks, in a few words.
    pub(crate) about: &'static str,
    pub(crate) run: fn(&mut Context) -> Result<Tally, Stop>,
}

/// A name on the command line for several steps.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Their names.
    pub(crate) steps: &'static [&'static str],
}

/// Prints the steps, and below them the groups.
pub(crate) fn list(steps: &[Step], groups: &[Group]) -> ExitCode {
    for step in steps {
        println!("{:NAME_WIDTH$}  {}", step.name, step.about);
    }
    println!();
    for group in groups {
        println!("{:NAME_WIDTH$}  {}: {}", group.name, group.about, group.steps.join(" "));
    }
    ExitCode::SUCCESS
}

/// Runs the steps that `names` names, by themselves or by a group, all where it names none, and prints the sum.
///
/// A step that could not run is listed and never counted as passed. Where the environment variable `CI` is `true`
/// it is a failure: there the project has to set up whatever it tests with.
pub(crate) fn test(steps: &[Step], groups: &[Group], names: &[String]) -> ExitCode {
    let members = |name: &String| {
        let group = groups.iter().find(|group| group.name == *name);
        group.map_or_else(
            || vec![name.clone()],
            |group| group.steps.iter().copied().map(String::from).collect(),
        )
    };
    let names: Vec<String> = names.iter().flat_map(members).collect();
    if let Some(unknown) = names.iter().find(|name| steps.iter().all(|step| step.name != **name)) {
        eprintln!("error: no step is called `{unknown}`; `cargo xtask test --list` prints them");
        return ExitCode::from(2);
    }
    let chosen = steps.iter().filter(|step| names.is_empty() || names.iter().any(|name| name == step.name));
    match Report::default().run_all(chosen) {
        Ok(failed) => ExitCode::from(u8::from(failed)),
        Err(error) => {
            eprintln!("error: the report could not be written: {error}");
            ExitCode::from(2)
        }
    }
}

#[derive(Default)]
struct Report {
    total: Tally,
    failures: Vec<String>,
}

impl Report {
    fn run_all<'a>(mut self, steps: impl Iterator<Item = &'a Step>) -> io::Result<bool> {
        let start = Instant::now();
        let mut context = Context::new("setup")?;
        conformance::forget(&context)?;
        if let Some(free) = Room::free(context.target_root()).filter(|free| *free < disk::WHOLE) {
            println!("{free} of the disk are free; all steps from nothing take about {}", disk::WHOLE);
        }
        for step in steps {
            context.begin(step.name)?;
            self.run_step(step, &mut context)?;
            let left = LEFT_BEHIND.iter().filter(|(name, _)| *name == step.name);
            for (_, folders) in left {
                disk::make_room(context.target_root(), folders);
            }
        }
        self.close(start.elapsed())
    }

    fn run_step(&mut self, step: &Step, context: &mut Context) -> io::Result<()> {
        print!("{:NAME_WIDTH$}  {:ABOUT_WIDTH$}  ", step.name, step.about);
        io::stdout().flush()?;
        let start = Instant::now();
        let (tally, fault) = match (step.run)(context) {
            Ok(tally) if tally.passed + tally.failed + tally.not_run.len() as u64 == 0 => {
                (Tally::one(false), Some("it checked nothing".to_owned()))
            }
            Ok(tally) => (tally, None),
            Err(Stop::Failed(reason)) => (Tally::one(false), Some(reason)),
            Err(Stop::NotRun(reason)) => (Tally { not_run: vec![reason], ..Tally::default() }, None),
        };
        let count = tally.passed + tally.failed;
        let checks = if count == 1 { "check " } else { "checks" };
        println!("{:7}  {count:>6} {checks}  {:>8}", word(&tally), shown(start.elapsed()));
        self.explain(step, context, &tally, fault);

        let tagged = tally.not_run.iter().map(|reason| format!("{}: {reason}", step.name)).collect();
        self.total += Tally { not_run: tagged, notes: Vec::new(), ..tally };
        Ok(())
    }

    /// What stands below the step's line.
    fn explain(&mut self, step: &Step, context: &Context, tally: &Tally, fault: Option<String>) {
        for note in &tally.notes {
            println!("{:NAME_WIDTH$}  {note}", "");
        }
        for reason in &tally.not_run {
            println!("{:NAME_WIDTH$}  not run: {reason}", "");
        }
        if tally.failed == 0 {
            return;
        }
        let mut fault = fault.unwrap_or_else(|| format!("{} of its checks failed", tally.failed));
        if let Some(free) = Room::free(context.target_root()).filter(|free| free.is_full()) {
            let _ = write!(fault, " (the disk is full: {free} are free)");
        }
        println!("{:NAME_WIDTH$}  {fault}", "");
        let log = context.log_text();
        let failures = failures::shown_in(&log, FAILURE_LINES);
        print_part("what failed", &failures);
        let tail = if failures.is_empty() { TAIL_LINES } else { TAIL_LINES_BESIDE_FAILURES };
        let end = context.log_tail(tail);
        print_part(&format!("the end of {}", context.log_name()), &end.lines().collect::<Vec<_>>());
        self.failures.push(format!("{}: {fault} (whole log: {})", step.name, context.log_name()));
    }

    /// The end of the report; `true` where something failed.
    fn close(mut self, time: Duration) -> io::Result<bool> {
        println!();
        for failure in &self.failures {
            println!("failed   {failure}");
        }
        for reason in &self.total.not_run {
            println!("not run  {reason}");
        }
        if in_ci() && !self.total.not_run.is_empty() {
            println!("With CI=true whatever did not run has failed.");
            self.total.failed += self.total.not_run.len() as u64;
        }
        println!("It took {}.\n", shown(time));
        println!("{} passed, {} failed", self.total.passed, self.total.failed);
        io::stdout().flush()?;
        Ok(self.total.failed > 0)
    }
}

/// A part of a log below the step's line.
fn print_part(title: &str, lines: &[&str]) {
    if !lines.is_empty() {
        println!("{:NAME_WIDTH$}  {title}:", "");
    }
    for line in lines {
        println!("{:NAME_WIDTH$}  | {line}", "");
    }
}

fn word(tally: &Tally) -> &'static str {
    match (tally.failed, tally.passed) {
        (1.., _) => "FAILED",
        (0, 0) => "not run",
        _ if tally.not_run.is_empty() => "ok",
        _ => "partly",
    }
}

fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

fn shown(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

const NAME_WIDTH: usize = 12;
const ABOUT_WIDTH: usize = 62;
const FAILURE_LINES: usize = 60;
const TAIL_LINES: usize = 60;
const TAIL_LINES_BESIDE_FAILURES: usize = 15;
