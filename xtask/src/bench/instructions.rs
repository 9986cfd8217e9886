//! How many instructions a call of the core takes: unlike the clock, this repeats on a noisy machine.
//!
//! The program `instructions` (in `benches/`) does each thing under valgrind's callgrind. Each is run with few calls and
//! with more, and the difference is what the further calls took: starting, keys and tables drop out. The curve's
//! arithmetic is built with its portable back end, because which other one it would choose depends on the machine; it is
//! chosen when the program starts, and valgrind offers what the processor has. So the counts are a property of the code
//! and the compiler, and not of where they were taken. `benches/instructions.txt` has them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::context::{Context, Stop};
use crate::tools::program;

/// Where the counts stand, one a line.
const FILE: &str = "benches/instructions.txt";

/// By how many per cent a count may differ from the file's.
const TOLERANCE: u64 = 3;

/// What is counted, and how many calls there are first and then. A bulk's name ends with the tokens of a call.
const SUBJECTS: [Subject; 5] = [
    Subject { name: "parse", calls: (100, 1_100) },
    Subject { name: "issue", calls: (10, 60) },
    Subject { name: "verify", calls: (10, 60) },
    Subject { name: "verify-prepared", calls: (10, 110) },
    Subject { name: "verify-bulk-64", calls: (1, 3) },
];

struct Subject {
    name: &'static str,
    calls: (u64, u64),
}

/// Instructions for each token.
pub(crate) type Counts = BTreeMap<String, u64>;

/// Prints the counts; with `write` the file gets them, else it fails where they differ too much.
pub(crate) fn run(write: bool) -> ExitCode {
    let done = Context::new("instructions").map_err(Stop::from).and_then(|mut context| {
        eprintln!("building, see {}", context.log_name());
        let counts = count(&mut context)?;
        if write {
            fs::write(context.root().join(FILE), text(&counts))?;
            print!("{}", text(&counts));
            return Ok(true);
        }
        let findings = compare(&known(&context)?, &counts);
        for finding in &findings {
            println!("{}", finding.says);
        }
        Ok(findings.iter().all(|finding| finding.fine))
    });
    super::end(done)
}

/// Counts everything.
pub(crate) fn count(context: &mut Context) -> Result<Counts, Stop> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(Stop::NotRun("the counts are those of Linux on x86-64".to_owned()));
    }
    program(context, "valgrind", "valgrind")?;
    let program = build(context)?;
    let mut counts = Counts::new();
    for Subject { name, calls: (few, many) } in SUBJECTS {
        let [few_took, many_took] = [few, many].map(|calls| instructions(context, &program, name, calls));
        let took = many_took?.checked_sub(few_took?).filter(|took| *took > 0);
        let took =
            took.ok_or_else(|| Stop::Failed(format!("{name}: more calls took no more instructions")))?;
        let tokens = name.rsplit('-').next().and_then(|end| end.parse().ok()).unwrap_or(1);
        counts.insert(name.to_owned(), took / ((many - few) * tokens));
    }
    Ok(counts)
}

/// The program, with the back end that is the same everywhere; in a folder of its own, as its flags are its own.
fn build(context: &mut Context) -> Result<PathBuf, Stop> {
    let folder = context.target("instructions")?;
    let mut build = context.cargo();
    build.args(["build", "--locked", "--package", "kycvs-benches", "--bin", "instructions"]);
    // One unit and one way to optimise: how the compiler divides its work changes the count.
    build.args(["--profile", "bench", "--target-dir"]).arg(folder);
    build.env("RUSTFLAGS", "--cfg curve25519_dalek_backend=\"serial\" --cfg sha2_backend=\"soft\"");
    context.program(&mut build, "instructions")
}

/// All instructions of one run of the program.
fn instructions(context: &mut Context, program: &Path, name: &str, calls: u64) -> Result<u64, Stop> {
    let mut valgrind = context.command("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
    let printed = context.must(valgrind.args([name, &calls.to_string()]))?;
    collected(&printed).ok_or_else(|| Stop::Failed(format!("callgrind gave no count for `{name}`")))
}

/// From callgrind's closing line `==PID== Collected : N`.
fn collected(printed: &str) -> Option<u64> {
    let line = printed.lines().find_map(|line| line.split_once("Collected :"));
    line?.1.trim().parse().ok()
}

/// What the file says.
pub(crate) fn known(context: &Context) -> Result<Counts, Stop> {
    let text = fs::read_to_string(context.root().join(FILE))?;
    let read = |line: &str| {
        let (name, count) = line.split_once(' ')?;
        Some((name.to_owned(), count.trim().replace(',', "").parse().ok()?))
    };
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            read(line).ok_or_else(|| Stop::Failed(format!("{FILE}: `{line}` is not a name and a count")))
        })
        .collect()
}

/// The file, from its counts.
fn text(counts: &Counts) -> String {
    let mut text = HEAD.to_owned();
    for Subject { name, .. } in SUBJECTS {
        let count = counts.get(name).copied().unwrap_or_default();
        let _ = writeln!(text, "{name:20}{count:>10}");
    }
    text
}

const HEAD: &str = "\
# Instructions for each token, counted by callgrind with the curve's portable back end: see
# xtask/src/bench/instructions.rs. `cargo xtask bench instructions --write` renews them, `cargo xtask test instructions`
# fails where one has grown by more than 3 %.
";

/// One line of the comparison.
pub(crate) struct Finding {
    pub(crate) fine: bool,
    pub(crate) says: String,
}

/// Each count beside the file's. What has become much cheaper is no fault, but the file should say so.
pub(crate) fn compare(known: &Counts, counts: &Counts) -> Vec<Finding> {
    let mut findings: Vec<_> =
        counts.iter().map(|(name, count)| finding(name, known.get(name).copied(), *count)).collect();
    let gone = known.keys().filter(|name| !counts.contains_key(*name));
    findings.extend(
        gone.map(|name| Finding { fine: false, says: format!("{name:18} is in {FILE} and not counted") }),
    );
    findings
}

#[allow(clippy::cast_precision_loss, reason = "some millions")]
fn finding(name: &str, known: Option<u64>, count: u64) -> Finding {
    let Some(known) = known.filter(|known| *known > 0) else {
        return Finding { fine: false, says: format!("{name:18}{count:>10}, which {FILE} does not have") };
    };
    let grown = count * 100 > known * (100 + TOLERANCE);
    let word = if grown {
        "  TOO MANY: `cargo xtask bench instructions --write` if that is meant"
    } else if count * 100 < known * (100 - TOLERANCE) {
        "  fewer: `cargo xtask bench instructions --write` keeps it so"
    } else {
        ""
    };
    let more = count as f64 / known as f64 * 100.0 - 100.0;
    Finding { fine: !grown, says: format!("{name:18}{count:>10}, {more:+.2} %{word}") }
}

#[cfg(test)]
mod tests {
    use super::{Counts, collected, compare};

    fn counts(count: u64) -> Counts {
        Counts::from([("parse".to_owned(), count)])
    }

    #[test]
    fn callgrind_is_understood() {
        assert_eq!(collected("==12== \n==12== Events    : Ir\n==12== Collected : 1234\n"), Some(1_234));
        assert_eq!(collected("==12== Events    : Ir\n"), None);
    }

    #[test]
    fn a_count_may_grow_by_three_per_cent_and_shrink_as_it_likes() {
        let fine = |count| compare(&counts(10_000), &counts(count))[0].fine;
        assert!(fine(10_000) && fine(10_300) && fine(1));
        assert!(!fine(10_301));
    }

    #[test]
    fn what_is_on_one_side_only_is_a_fault() {
        assert!(!compare(&Counts::new(), &counts(1))[0].fine);
        assert!(!compare(&counts(1), &Counts::new())[0].fine);
    }
}
