//! A bench program of one language, which measures a round whenever it is told to.
//!
//! It prints `ready NAME NAME ...`, the names of what it can measure. For each line `NAME` on its standard input it then
//! runs one round and prints the nanoseconds of one call; it ends with its input.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::context::Stop;

/// A program that waits for the name of a round.
pub(super) struct Program {
    pub(super) platform: &'static str,
    /// What it can measure.
    pub(super) names: Vec<String>,
    process: Child,
    /// `None` only while it is being dropped.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Program {
    pub(super) fn start(platform: &'static str, command: &mut Command) -> Result<Self, Stop> {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (input, output) = (process.stdin.take(), process.stdout.take());
        let output = output.ok_or_else(|| Stop::Failed(format!("the bench of {platform} has no output")))?;
        let mut program =
            Self { platform, names: Vec::new(), process, input, output: BufReader::new(output) };
        let line = program.line()?;
        let names = line
            .strip_prefix("ready ")
            .ok_or_else(|| Stop::Failed(format!("the bench of {platform} began with `{line}`")))?;
        program.names = names.split_whitespace().map(ToOwned::to_owned).collect();
        Ok(program)
    }

    /// The nanoseconds of one call, of one round.
    pub(super) fn round(&mut self, name: &str) -> Result<f64, Stop> {
        let input = self.input.as_mut().ok_or_else(|| Stop::Failed("the bench has ended".to_owned()))?;
        writeln!(input, "{name}")?;
        input.flush()?;
        let line = self.line()?;
        line.parse::<f64>().ok().filter(|time| time.is_finite() && *time > 0.0).ok_or_else(|| {
            Stop::Failed(format!("the bench of {} answered `{name}` with `{line}`", self.platform))
        })
    }

    fn line(&mut self) -> Result<String, Stop> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(Stop::Failed(format!("the bench of {} ended early", self.platform)));
        }
        Ok(line.trim().to_owned())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // The end of its input ends it.
        self.input = None;
        self.process.wait().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::Program;
    use crate::context::Stop;
    use std::process::Command;

    fn start(script: &str) -> Result<Program, Stop> {
        Program::start("sh", Command::new("sh").args(["-c", script]))
    }

    #[test]
    fn a_program_answers_round_by_round() {
        let mut program = start("echo ready a b; while read name; do echo 12.5; done").expect("it starts");
        assert_eq!(program.names, ["a", "b"]);
        for _ in 0..2 {
            assert!((program.round("a").expect("it answers") - 12.5).abs() < f64::EPSILON);
        }
    }

    #[test]
    fn a_program_that_breaks_off_or_talks_is_an_error() {
        assert!(start("exit 1").is_err());
        assert!(start("echo hello").is_err());
        let mut program = start("echo ready a; read name; echo fast; read name").expect("it starts");
        assert!(program.round("a").is_err());
        assert!(program.round("a").is_err());
    }
}
