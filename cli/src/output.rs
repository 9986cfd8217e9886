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

/// JSON with the same characters escaped. They stand nowhere in it but in strings, where JSON's own escape means the
/// same character.
fn escaped(json: String) -> String {
    if !json.chars().any(steers) {
        return json;
    }
    json.chars().fold(String::with_capacity(json.len()), |mut safe, char| {
        if steers(char) {
            for unit in char.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(char);
        }
        safe
    })
}

/// Control characters, separators of lines, what turns the order of letters round, and what is not seen at all
/// (Unicode's `Default_Ignorable_Code_Point`, but for the joiners).
fn steers(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
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
    use super::{escaped, shown};

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        assert_eq!(shown("in.gov.cowin"), "in.gov.cowin");
        assert_eq!(shown("a\u{1b}[2Jb\r\n\u{9b}"), "a\\u{1b}[2Jb\\u{d}\\u{a}\\u{9b}");
        assert_eq!(shown("abc\u{202e}def\u{2066}"), "abc\\u{202e}def\\u{2066}");
        assert_eq!(shown("a\u{ad}\u{3164}\u{e0041}"), "a\\u{ad}\\u{3164}\\u{e0041}");
        assert_eq!(shown("\u{915}\u{94d}\u{200d}\u{937}"), "\u{915}\u{94d}\u{200d}\u{937}");
    }
    #[test]
    fn json_means_the_same_with_its_escapes() {
        let text = "a\u{7f}\u{9b}\u{202e}\u{2028}\u{200b}\u{feff}\u{e0041}\u{1b}\n\\\"";
        let json = escaped(serde_json::to_string(text).expect("it is JSON"));
        assert_eq!(json, r#""a\u007f\u009b\u202e\u2028\u200b\ufeff\udb40\udc41\u001b\n\\\"""#);
        assert_eq!(serde_json::from_str::<String>(&json).expect("it is JSON"), text);
    }
}
