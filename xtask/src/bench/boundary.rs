//! What a call from Python, Kotlin, Swift or JavaScript costs over the same call in Rust, and beside what users there have otherwise.
//!
//! Each language has a program that verifies the same presentation ([`Program`]). They wait while one of them runs a
//! round; a round of each follows the other, so that whatever slows the machine for a while slows all of them. What is
//! printed are ratios of the medians.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, ExitCode};

use super::program::Program;
use crate::bindings;
use crate::context::{Context, Stop};
use crate::steps;
use crate::tools::{maven, swift};
use crate::web;

/// Measures `rounds` rounds and prints the table; fails where a language's program does not work, and with `check` also
/// where a bound is broken or a language is missing.
pub(crate) fn run(check: bool, rounds: usize) -> ExitCode {
    let result = Context::new("boundary").map_err(Stop::from).and_then(|mut context| {
        let (programs, stops) = start(&mut context)?;
        let beyond = measure(programs, rounds)?;
        Ok((stops, beyond))
    });
    super::end(result.map(|(stops, beyond)| {
        for (platform, stop) in &stops {
            match stop {
                Stop::Failed(reason) => println!("{platform}: failed: {reason}"),
                Stop::NotRun(reason) => println!("{platform}: not run: {reason}"),
            }
        }
        super::print_beyond(&beyond);
        let failed = stops.iter().any(|(_, stop)| matches!(stop, Stop::Failed(_)));
        let complete = stops.is_empty() && beyond.is_empty();
        !failed && (complete || !check)
    }))
}

/// The programs that wait for their first round, and why others do not.
type Started = (Vec<Program>, Vec<(&'static str, Stop)>);

fn start(context: &mut Context) -> Result<Started, Stop> {
    let (mut programs, mut stops) = (Vec::new(), Vec::new());
    for platform in &PLATFORMS {
        context.begin(&format!("boundary-{}", platform.name))?;
        eprintln!("{}: building, see {}", platform.name, context.log_name());
        let started = (platform.command)(context).and_then(|mut command| {
            command.current_dir(context.root().join(platform.folder));
            Program::start(platform.name, &mut command)
        });
        match started {
            Ok(program) if [ONE, TWO].iter().all(|name| program.names.iter().any(|other| other == name)) => {
                programs.push(program);
            }
            Ok(_) => {
                stops.push((platform.name, Stop::Failed(format!("it does not measure {ONE} and {TWO}"))));
            }
            Err(stop) => stops.push((platform.name, stop)),
        }
    }
    Ok((programs, stops))
}

/// Prints the table and returns what is beyond its bound.
fn measure(mut programs: Vec<Program>, rounds: usize) -> Result<Vec<String>, Stop> {
    let mut times = Times::default();
    for round in 0..rounds {
        eprintln!("round {} of {rounds}", round + 1);
        for name in names(&programs) {
            for program in programs.iter_mut().filter(|program| program.names.contains(&name)) {
                times.add(program.platform, &name, program.round(&name)?);
            }
        }
        // Another one begins each time.
        if !programs.is_empty() {
            programs.rotate_left(1);
        }
    }
    let (lines, beyond) = table(&times);
    for line in lines {
        println!("{line}");
    }
    Ok(beyond)
}

/// All that any of them measures.
fn names(programs: &[Program]) -> Vec<String> {
    let mut names: Vec<String> = programs.iter().flat_map(|program| program.names.clone()).collect();
    names.sort();
    names.dedup();
    names
}

/// Nanoseconds of one call, round by round, for each platform and name.
#[derive(Default)]
struct Times(BTreeMap<(String, String), Vec<f64>>);

impl Times {
    fn add(&mut self, platform: &str, name: &str, time: f64) {
        self.0.entry((platform.to_owned(), name.to_owned())).or_default().push(time);
    }

    fn median(&self, platform: &str, name: &str) -> Option<f64> {
        let mut times = self.0.get(&(platform.to_owned(), name.to_owned()))?.clone();
        times.sort_by(f64::total_cmp);
        let middle = times.len() / 2;
        if times.len() % 2 == 1 {
            times.get(middle).copied()
        } else {
            Some(f64::midpoint(*times.get(middle.checked_sub(1)?)?, *times.get(middle)?))
        }
    }

    /// How much more gets done in the same time by two threads.
    fn gain(&self, platform: &str) -> Option<f64> {
        Some(self.median(platform, ONE)? / self.median(platform, TWO)?)
    }
}

/// The lines to print, and what is beyond its bound.
fn table(times: &Times) -> (Vec<String>, Vec<String>) {
    let mut faults = Vec::new();
    let mut lines = vec![format!(
        "{:10}{:>14}{:>12}{:>14}{:>14}{:>10}",
        "verify", "ns a call", "over Rust", "ns over Rust", "of a check", "at most"
    )];
    let rust = times.median("rust", ONE).zip(times.median("rust", PLAIN));
    for platform in &PLATFORMS {
        let Some(time) = times.median(platform.name, ONE) else { continue };
        let line = format!("{:10}{time:>14.0}", platform.name);
        let (Some(bound), Some((rust, plain))) = (platform.bound, rust) else {
            lines.push(line);
            continue;
        };
        // Of a check without tables: with them Rust has become so fast that little is much of it.
        let part = (time - rust) / plain;
        lines.push(format!("{line}{:>12.3}{:>14.0}{part:>14.3}{bound:>10.2}", time / rust, time - rust));
        if part > bound {
            faults.push(format!(
                "a call of verify in {} costs {part:.3} of a check without tables, not {bound}",
                platform.name
            ));
        }
    }

    lines.push(format!("\n{:10}{:>14}{:>12}{:>10}", "2 threads", "gain over 1", "over Rust's", "at least"));
    let rust = times.gain("rust");
    for platform in &PLATFORMS {
        let Some(gain) = times.gain(platform.name) else { continue };
        let line = format!("{:10}{gain:>14.2}", platform.name);
        let (Some(rust), true) = (rust, platform.bound.is_some()) else {
            lines.push(line);
            continue;
        };
        let part = gain / rust;
        lines.push(format!("{line}{part:>12.2}{LEAST_GAIN:>10.2}"));
        if part < LEAST_GAIN {
            faults.push(format!(
                "two threads in {}: {part:.2} of what they gain in Rust, not {LEAST_GAIN}",
                platform.name
            ));
        }
    }

    let (more_lines, more_faults) = peers(times);
    lines.extend(more_lines);
    faults.extend(more_faults);
    (lines, faults)
}

/// The lines of what else was measured in each language, and which of the bounds on it are broken.
fn peers(times: &Times) -> (Vec<String>, Vec<String>) {
    let mut lines =
        vec![format!("\n{:32}{:>14}{:>19}{:>10}", "beside it", "ns a call", "over verify there", "at least")];
    let mut faults = Vec::new();
    for ((platform, name), _) in
        times.0.iter().filter(|((_, name), _)| name != ONE && name != TWO && name != PLAIN)
    {
        let (Some(time), Some(own)) = (times.median(platform, name), times.median(platform, ONE)) else {
            continue;
        };
        let ratio = time / own;
        let line = format!("{:32}{time:>14.0}{ratio:>19.2}", format!("{platform}: {name}"));
        let peer = PEERS.iter().find(|peer| peer.platform == platform && peer.name == name);
        let Some(&Peer { at_least, .. }) = peer else {
            lines.push(line);
            continue;
        };
        lines.push(format!("{line}{at_least:>10.1}"));
        if ratio < at_least {
            faults.push(format!(
                "{name} in {platform}: {ratio:.2} times as long as verify there, not {at_least}"
            ));
        }
    }
    (lines, faults)
}

/// What users of a language have otherwise, and how many times as long it takes as `verify` there.
struct Peer {
    platform: &'static str,
    name: &'static str,
    at_least: f64,
}

const PEERS: [Peer; 3] = [
    Peer { platform: "python", name: "cwt", at_least: 4.0 },
    // The bare signature, in these two.
    Peer { platform: "kotlin", name: "jdk-ed25519", at_least: 10.0 },
    Peer { platform: "swift", name: "libsodium-ed25519", at_least: 2.0 },
];

struct Platform {
    name: &'static str,
    /// Where its program is started. What it verifies is the case `valid/specification` of the test vectors.
    folder: &'static str,
    /// What a call of `verify` may cost more than Rust's, as a part of Rust's check without tables. `None` for Rust itself.
    bound: Option<f64>,
    /// Builds what is needed and gives the command that starts the program.
    command: fn(&mut Context) -> Result<Command, Stop>,
}

const PLATFORMS: [Platform; 5] = [
    Platform { name: "rust", folder: "benches", bound: None, command: rust },
    Platform { name: "python", folder: "bindings/python", bound: Some(0.15), command: python },
    Platform { name: "kotlin", folder: "bindings/kotlin", bound: Some(0.5), command: kotlin },
    Platform { name: "swift", folder: "bindings/swift", bound: Some(0.2), command: swift_program },
    // WebAssembly has neither vectors for it nor a product of 128 bits.
    Platform { name: "node", folder: "bindings/web", bound: Some(2.0), command: node_program },
];

fn rust(context: &mut Context) -> Result<Command, Stop> {
    let mut build = context.cargo();
    // With the profile that the libraries of the others are built with.
    build.args(["build", "--release", "--package", "kycvs-benches", "--bin", "boundary"]);
    let program = context.program(&mut build, "boundary")?;
    let mut command = context.command(program);
    command.arg(context.root().join(VECTORS));
    Ok(command)
}

fn python(context: &mut Context) -> Result<Command, Stop> {
    let environment = steps::python::installed_upon(context, PYTHON_PEERS, "python-bench")?;
    let mut command = environment.command(context);
    command.arg(context.root().join(steps::python::PACKAGE).join("bench.py"));
    Ok(command)
}

fn kotlin(context: &mut Context) -> Result<Command, Stop> {
    maven(context)?;
    bindings::generate(context)?;
    let class_path = context.target("xtask-work")?.join("kotlin-class-path");
    let mut compile = context.command("mvn");
    compile.args(["--batch-mode", "--no-transfer-progress", "--file", steps::kotlin::POM, "test-compile"]);
    compile.args(["dependency:build-classpath", "-Dmdep.includeScope=test"]);
    compile.arg(format!("-Dmdep.outputFile={}", class_path.display()));
    if !context.run(&mut compile)?.success {
        return Err(Stop::Failed("`mvn test-compile` failed".to_owned()));
    }

    let classes = ["classes", "test-classes"].map(|name| context.root().join(KOTLIN_TARGET).join(name));
    let others = fs::read_to_string(class_path)?;
    let all = std::env::join_paths(classes.into_iter().chain(std::env::split_paths(others.trim())));
    let java = match std::env::var_os("JAVA_HOME") {
        Some(home) => std::path::Path::new(&home).join("bin/java"),
        None => "java".into(),
    };
    let mut command = context.command(java);
    command.arg("-cp").arg(all.map_err(|error| Stop::Failed(error.to_string()))?).arg(KOTLIN_MAIN);
    Ok(command)
}

fn swift_program(context: &mut Context) -> Result<Command, Stop> {
    let swift = swift(context)?;
    // What swift-sodium wraps. That package, like all of Swift's, is fetched from where its sources are.
    swift.library(context, "sodium.h", "libsodium-dev")?;
    bindings::generate(context)?;
    // A package of its own, which depends on ours as an app would.
    let mut build =
        steps::swift::command(context, &swift, "build", steps::swift::BENCH, steps::swift::BENCH_SCRATCH);
    build.args(["--configuration", "release"]).env(SWIFT_PEER, "1");
    if !context.run(&mut build)?.success {
        return Err(Stop::Failed(format!("`swift build` of {} failed", steps::swift::BENCH)));
    }
    let program = context.target_root().join(steps::swift::BENCH_SCRATCH).join("release/kycvs-bench");
    let mut command = swift.command(context, program);
    command.arg(context.root().join(VECTORS));
    Ok(command)
}

fn node_program(context: &mut Context) -> Result<Command, Stop> {
    let node = web::build(context)?;
    let mut command = node.command(context, "node");
    command.arg(context.root().join(web::PACKAGE).join("bench.mjs")).env_remove("NODE_OPTIONS");
    Ok(command)
}

const ONE: &str = "verify";
const PLAIN: &str = "verify-without-tables";
const TWO: &str = "verify-2-threads";
/// What two threads have to gain at least, over what they gain in Rust. The cores of a machine may share their units, so
/// that Rust itself gains less than twice.
const LEAST_GAIN: f64 = 0.9;
const KOTLIN_TARGET: &str = "bindings/kotlin/target";
/// What its peers need.
const PYTHON_PEERS: &str = "bindings/python/requirements-bench.txt";
/// Has the program built with libsodium beside it.
const SWIFT_PEER: &str = "KYCVS_BENCH_SODIUM";
/// The class of its `main`, among the tests.
const KOTLIN_MAIN: &str = "org.kycvs.bench.BenchKt";
/// For programs that do not know by themselves where it is.
const VECTORS: &str = "test-vectors/valid.json";

#[cfg(test)]
mod tests {
    use super::{Times, table};

    fn times(of: &[(&str, &str, &[f64])]) -> Times {
        let mut times = Times::default();
        for (platform, name, rounds) in of {
            for time in *rounds {
                times.add(platform, name, *time);
            }
        }
        times
    }

    #[test]
    fn ratios_are_those_of_the_medians() {
        let (lines, faults) = table(&times(&[
            ("rust", "verify", &[100.0, 90.0, 500.0]),
            ("rust", "verify-without-tables", &[250.0]),
            ("python", "verify", &[110.0, 112.0, 10.0, 110.0]),
            ("python", "pyjwt", &[330.0]),
        ]));
        assert!(
            lines
                .iter()
                .any(|line| line.starts_with("python") && line.contains("1.100") && line.contains("0.040")),
            "{lines:?}"
        );
        assert!(lines.iter().any(|line| line.contains("pyjwt") && line.ends_with("3.00")), "{lines:?}");
        assert!(faults.is_empty(), "{faults:?}");
    }

    #[test]
    fn a_peer_that_is_nearly_as_quick_is_named() {
        let (_, faults) = table(&times(&[("python", "verify", &[100.0]), ("python", "cwt", &[401.0])]));
        assert!(faults.is_empty(), "{faults:?}");
        let (_, faults) =
            table(&times(&[("kotlin", "verify", &[100.0]), ("kotlin", "jdk-ed25519", &[999.0])]));
        assert!(faults.len() == 1 && faults[0].starts_with("jdk-ed25519 in kotlin"), "{faults:?}");
    }

    #[test]
    fn what_is_beyond_its_bound_is_named() {
        let (_, faults) = table(&times(&[
            ("rust", "verify", &[100.0]),
            ("rust", "verify-without-tables", &[100.0]),
            ("rust", "verify-2-threads", &[50.0]),
            ("python", "verify", &[116.0]),
            ("python", "verify-2-threads", &[58.0]),
            ("kotlin", "verify", &[149.0]),
            ("kotlin", "verify-2-threads", &[149.0]),
        ]));
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].contains("python") && faults[1].contains("two threads in kotlin"), "{faults:?}");
    }
}
