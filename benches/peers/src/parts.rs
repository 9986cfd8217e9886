//! One run in several processes, one after the other.
//!
//! Where a process has its memory, page by page, changes what the caches of a processor can hold at a time, and stays as
//! it is until the process ends: the same program comes out some thousandths higher or lower each time that it is started.
//! So a run is a process for each minute, and a figure is the mean of what they found.

use std::{
    env,
    error::Error,
    io,
    process::{Command, Stdio},
};

use crate::measure::{Figure, Results};

/// Seconds of one process, about.
const SPAN: u64 = 60;

/// How many processes a run of so many seconds is.
pub(crate) fn count(seconds: u64) -> u64 {
    seconds.div_ceil(SPAN).max(1)
}

/// Measures for so many seconds.
pub(crate) fn run(seconds: u64) -> Result<Results, Box<dyn Error>> {
    let count = count(seconds);
    let parts: Result<Vec<_>, _> = (0..count).map(|_| one(seconds / count)).collect();
    Ok(mean(&parts?))
}

fn one(seconds: u64) -> Result<Results, Box<dyn Error>> {
    let mut part = Command::new(env::current_exe()?);
    part.args(["--part", "--seconds", &seconds.to_string()]);
    let done = part.stderr(Stdio::inherit()).output()?;
    if !done.status.success() {
        return Err(format!("a process that measured ended with {}", done.status).into());
    }
    Ok(serde_json::from_slice(&done.stdout)?)
}

/// What a process found, for the one that started it.
pub(crate) fn hand_on(results: &Results) -> Result<(), Box<dyn Error>> {
    Ok(serde_json::to_writer(io::stdout().lock(), results)?)
}

/// All parts have the same rows, in the same order.
fn mean(parts: &[Results]) -> Results {
    let rows = parts.first().map_or(0, |part| part.0.len());
    let figures = (0..rows).map(|row| {
        let figures: Vec<&Figure> = parts.iter().map(|part| &part.0[row]).collect();
        #[allow(clippy::cast_precision_loss, reason = "a handful")]
        let mean = |of: fn(&Figure) -> f64| {
            figures.iter().map(|figure| of(figure)).sum::<f64>() / figures.len() as f64
        };
        Figure {
            id: figures[0].id.clone(),
            kind: figures[0].kind,
            time: mean(|figure| figure.time),
            ratio: mean(|figure| figure.ratio),
            blocks: figures.iter().map(|figure| figure.blocks).sum(),
        }
    });
    Results(figures.collect())
}
