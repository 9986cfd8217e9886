//! Standard output and standard error: text for people, JSON for programs, and never a panic.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

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
        self.line(&text)
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

/// `text` with everything escaped that could steer a terminal or turn the order of the letters round.
///
/// Joiners (U+200C, U+200D) stay: scripts of India need them.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().fold(String::with_capacity(text.len()), |mut safe, char| {
        if steers(char) {
            let _ = write!(safe, "{}", char.escape_unicode());
        } else {
            safe.push(char);
        }
        safe
    }))
}

fn steers(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

fn cannot_write(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Failure::ClosedPipe;
    }
    Failure::io("cannot write to standard output", error)
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        assert_eq!(shown("in.gov.cowin"), "in.gov.cowin");
        assert_eq!(shown("a\u{1b}[2Jb\r\n\u{9b}"), "a\\u{1b}[2Jb\\u{d}\\u{a}\\u{9b}");
        assert_eq!(shown("abc\u{202e}def\u{2066}"), "abc\\u{202e}def\\u{2066}");
        assert_eq!(shown("\u{915}\u{94d}\u{200d}\u{937}"), "\u{915}\u{94d}\u{200d}\u{937}");
    }
}
