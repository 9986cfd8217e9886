//! kycvs beside the libraries that people would take otherwise: bare Ed25519 signatures, and whole tokens that say the
//! same and are checked for the same.
//!
//! All of it is measured in one run, in blocks of about a millisecond that take turns ([`measure`]), so that whatever
//! slows the machine for a while slows all sides, and in several processes one after the other ([`parts`]). What counts
//! are ratios to `ed25519-dalek`'s `verify_strict`, and for issuing to its `sign`. What the project promises stands in
//! [`bounds`]. Before anything is measured, each whole token is shown to be refused where it should be ([`whole`]).

use std::{error::Error, path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;

mod answer;
mod bare;
mod bounds;
mod machine;
mod measure;
mod ours;
mod parts;
mod plot;
mod report;
mod whole;

/// Measures kycvs beside its peers.
#[derive(Parser)]
struct Arguments {
    /// How long to measure
    #[arg(long, default_value_t = 240, value_name = "N")]
    seconds: u64,
    /// Fail where a bound is broken
    #[arg(long)]
    check: bool,
    /// Write RESULTS.md and the plots into this folder
    #[arg(long, value_name = "FOLDER")]
    write: Option<PathBuf>,
    /// Measure in this process, and hand the figures on
    #[arg(long, hide = true, conflicts_with_all = ["check", "write"])]
    part: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = if arguments.part { part(arguments.seconds).map(|()| true) } else { run(&arguments) };
    match done {
        Ok(well) => ExitCode::from(u8::from(!well)),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures, and hands the figures to the process that started this one.
fn part(seconds: u64) -> Result<(), Box<dyn Error>> {
    // Everything happens in a pool of one thread, so that what would use all cores uses one unless it is told otherwise.
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let results = one.install(|| {
        let mut rows = bare::rows();
        rows.extend(ours::rows());
        rows.extend(whole::rows(&whole::all()));
        measure::run(&rows, Duration::from_secs(seconds))
    });
    parts::hand_on(&results)
}

/// Whether the bounds hold, where that is asked.
fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let peers = whole::all();
    for peer in &peers {
        whole::keeps_its_word(peer.as_ref());
    }
    let mut load = machine::Load::begin();
    let results = parts::run(arguments.seconds)?;
    let quiet = load.end();
    let verdicts = bounds::judge(&results, &peers, quiet.is_quiet());
    let report = report::Report::new(&results, &peers, &verdicts, &quiet, arguments.seconds);
    print!("{}", report.text());
    if let Some(folder) = &arguments.write {
        report.write(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    Ok(!arguments.check || verdicts.iter().all(|verdict| verdict.holds))
}
