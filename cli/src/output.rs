//! Standard output and standard error: text for people, JSON for programs, and never a panic.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use kycvs_diagnostic::escaped;
pub(crate) use kycvs_diagnostic::shown;
use serde::Serialize;

use crate::failure::{Failure, Result};

/// Where a command says what it has to say.
pub(crate) struct Output {
    stdout: BufWriter<Stdout>,
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { stdout: BufWriter::new(io::stdout()), json }
    }

    /// Whether `--json` was asked for.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether people look at standard output.
    pub(crate) fn is_terminal(&self) -> bool {
        self.stdout.get_ref().is_terminal()
    }

    /// Whether standard output is for colours: of a terminal that has some, and of a person who wants some
    /// (<https://no-color.org>).
    pub(crate) fn colours(&self) -> bool {
        self.is_terminal() && colours_wanted()
    }

    /// How many columns the terminal has at which people look; `None` if that is not known.
    pub(crate) fn columns(&self) -> Option<usize> {
        let (width, _) = terminal_size::terminal_size_of(self.stdout.get_ref())?;
        Some(usize::from(width.0))
    }

    /// Writes `text` as it is.
    pub(crate) fn text(&mut self, text: &str) -> Result<()> {
        self.bytes(text.as_bytes())
    }

    /// Writes `text` and ends the line.
    pub(crate) fn line(&mut self, text: &str) -> Result<()> {
        self.bytes(text.as_bytes())?;
        self.bytes(b"\n")
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.stdout.write_all(bytes).map_err(|error| cannot_write(&error))
    }

    /// Writes one JSON object on a line of its own.
    pub(crate) fn object(&mut self, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string(value).map_err(|error| Failure::Io(error.to_string()))?;
        self.line(&escaped(text))
    }

    /// Hands over what is still held back. What is written is written only when this said so.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.stdout.flush().map_err(|error| cannot_write(&error))
    }

    /// A line on standard error. That it cannot be written is no reason to stop.
    pub(crate) fn note(&mut self, text: &str) {
        let _ = self.stdout.flush();
        let _ = writeln!(io::stderr(), "{text}");
    }
}

/// Whether a terminal may get colours.
pub(crate) fn colours_wanted() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !is_set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|kind| kind != "dumb")
}

fn cannot_write(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Failure::ClosedPipe;
    }
    Failure::io("cannot write to standard output", error)
}
