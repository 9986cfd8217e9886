//! The token that a command is given, in whatever form: an argument, a file, standard input or a picture.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::Path;

use kycvs::{
    Expectation, Family, MAX_PRESENTATION_BYTES, MAX_TEXT_BYTES, Presentation, Presented, Timestamp, Verdict,
    Verifier,
};
use kycvs_scan::Kind;
use kycvs_tables::{text, trim};

use crate::failure::{Failure, Result};
use crate::{files, qr};

/// A token as it came in. Nothing of it was read, let alone verified.
pub(crate) enum TokenInput {
    /// The presentation's bytes.
    Bytes(Vec<u8>),
    /// `KV1:` text or base64url, or what claims to be.
    Text(String),
    /// The content of a QR code, as text. Bytes that have no UTF-8 form are [`NO_TEXT`].
    Code { text: String, kind: Kind },
}

impl TokenInput {
    /// What the argument means: `-` is standard input, a path that exists is a file, all else the token itself.
    pub(crate) fn read(argument: &OsStr) -> Result<Self> {
        let path = Path::new(argument);
        if files::is_stdin(path) {
            return Self::from_reader(files::open(path)?, path);
        }
        match path.metadata() {
            Ok(_) => return Self::from_reader(files::open(path)?, path),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(files::cannot_read(path, &error));
            }
            Err(_) => {}
        }
        let text = argument.to_string_lossy();
        if looks_like_path(&text) {
            return Err(Failure::Io(format!("there is no file {}", files::name(path))));
        }
        Ok(Self::of_text(argument.as_encoded_bytes()))
    }

    /// Reads an argument or a line of a batch: as hex if it can be hex, and as text otherwise. Neither can be a token's
    /// raw bytes, whatever characters it has.
    pub(crate) fn of_text(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        match bytes_of_hex(&text) {
            Some(bytes) => Self::Bytes(bytes),
            None => Self::Text(text.into_owned()),
        }
    }

    /// Whether this is no token but the first line of a table of tokens.
    pub(crate) fn is_heading(&self) -> bool {
        let Self::Text(text) = self else { return false };
        let mut cells = text.split([',', ';', '\t', '|']);
        cells.any(|cell| trim(cell).trim_matches('"').eq_ignore_ascii_case("token"))
    }

    /// Reads a file: as text, or as a token's raw bytes.
    fn of_file(content: &[u8]) -> Self {
        if is_text(content) { Self::of_text(content) } else { Self::Bytes(content.into()) }
    }

    /// More than any token, of which nothing was read: for the core to refuse.
    pub(crate) fn too_long() -> Self {
        Self::Bytes(vec![0; MAX_PRESENTATION_BYTES + 1])
    }

    /// Reads no more than it must: a few kilobytes, or a picture up to its bound.
    fn from_reader(mut source: impl Read, path: &Path) -> Result<Self> {
        let fail = |error| files::cannot_read(path, &error);
        let mut bytes = Vec::new();
        source.by_ref().take(TOKEN_FILE_BOUND as u64 + 1).read_to_end(&mut bytes).map_err(fail)?;
        if qr::is_picture(&bytes) {
            source.take((PICTURE_BOUND - TOKEN_FILE_BOUND) as u64).read_to_end(&mut bytes).map_err(fail)?;
            if bytes.len() > PICTURE_BOUND {
                return Ok(Self::too_long());
            }
            return qr::read_picture(bytes, &files::name(path)).map(Self::of_code);
        }
        if let Some(kind) = foreign_kind(&bytes) {
            let name = files::name(path);
            return Err(Failure::Io(format!("{name} is {kind}: of pictures, PNG or JPEG can be read")));
        }
        if let Some(kind) = text::recognise(&bytes) {
            return Err(Failure::Io(format!("{} {kind}", files::name(path))));
        }
        if bytes.len() > TOKEN_FILE_BOUND {
            return Ok(Self::too_long());
        }
        Ok(Self::of_file(text::without_mark(&bytes)))
    }

    /// The input that a QR code's content is.
    fn of_code(content: Vec<u8>) -> Self {
        let kind = Kind::of(&content);
        let text = String::from_utf8(content).unwrap_or_else(|_| NO_TEXT.into());
        Self::Code { text, kind }
    }

    /// The core's error about this input. If the core cannot read the input because it is something else than an answer, the
    /// failure says what it is.
    pub(crate) fn failure(&self, error: kycvs::Error) -> Failure {
        match self.other_kind() {
            Some(kind) if error.family() == Family::Unreadable => Failure::AnotherKind(error, kind),
            _ => error.into(),
        }
    }

    /// The kind of code that this is instead of an answer. Of typed text and of a file it must be a known kind: what is in a
    /// QR code was read whole, and the rest may be a damaged answer.
    fn other_kind(&self) -> Option<Kind> {
        match self {
            Self::Code { text, kind } => (!Presentation::is_kv1(text)).then_some(*kind),
            Self::Text(text) => Some(Kind::of(text.as_bytes())).filter(|kind| *kind != Kind::Other),
            Self::Bytes(bytes) => Some(Kind::of(bytes)).filter(|kind| *kind != Kind::Other),
        }
    }

    /// The presentation, if it is one. Nothing is verified.
    pub(crate) fn presentation(&self) -> Result<Presentation> {
        match self {
            Self::Bytes(bytes) => Presentation::from_bytes(bytes),
            Self::Text(text) | Self::Code { text, .. } => Presentation::from_text(text),
        }
        .map_err(|error| self.failure(error))
    }

    /// The bytes, for showing what is in them where the core found no presentation: judged by nobody, and `None`
    /// where the text holds none.
    pub(crate) fn bytes_to_show(&self) -> Option<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => (bytes.len() <= MAX_PRESENTATION_BYTES).then(|| bytes.clone()),
            Self::Text(text) | Self::Code { text, .. } => {
                Presentation::bytes_of_text(text).ok().map(|bytes| bytes.to_vec())
            }
        }
    }

    /// For the core to read.
    pub(crate) fn presented(&self) -> Presented<'_> {
        match self {
            Self::Bytes(bytes) => Presented::Bytes(bytes),
            Self::Text(text) | Self::Code { text, .. } => Presented::Text(text),
        }
    }

    /// The core's verdict.
    pub(crate) fn verify(
        &self,
        verifier: &Verifier,
        expectation: &Expectation,
        now: Timestamp,
    ) -> Result<Verdict> {
        match self {
            Self::Bytes(bytes) => verifier.verify_at(bytes, expectation, now),
            Self::Text(text) | Self::Code { text, .. } => verifier.verify_text_at(text, expectation, now),
        }
        .map_err(|error| self.failure(error))
    }
}

/// Whether a file holds an answer, or a batch of them with empty lines for refused rows.
pub(crate) fn holds_answer(content: &[u8]) -> bool {
    let content = text::without_mark(content);
    let first =
        content.split(|&byte| matches!(byte, b'\n' | b'\r')).find(|line| !line.trim_ascii().is_empty());
    let is_answer = |bytes: &[u8]| TokenInput::of_file(bytes).presentation().is_ok();
    is_answer(content) || first.is_none_or(is_answer)
}

/// Adds to the error of an argument what may be its cause: a shell takes `$` and spaces out of KV1: text.
pub(crate) fn with_shell_hint(argument: &OsStr, failure: Failure) -> Failure {
    if failure.family() == Family::Unreadable.as_str() && Presentation::is_kv1(&argument.to_string_lossy()) {
        return failure.at(QUOTE_IT);
    }
    failure
}

/// What to do with KV1: text in a shell.
pub(crate) const QUOTE_IT: &str = "KV1: text has $ and spaces in it, so put it between single quotes";

/// The longest line or file in which a token is looked for, in bytes: the longest text or hex of one, with room for
/// spaces around it.
pub(crate) const TOKEN_FILE_BOUND: usize = 4_096;
const _: () = assert!(MAX_TEXT_BYTES < TOKEN_FILE_BOUND);
const _: () = assert!(2 * MAX_PRESENTATION_BYTES < TOKEN_FILE_BOUND);

/// A text that the core refuses as it refuses one without a UTF-8 form.
const NO_TEXT: &str = "\u{fffd}";

/// What may stand around a token.
const WHITE_SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// The longest picture that is read, in bytes.
const PICTURE_BOUND: usize = 32 << 20;

/// Hex has only hex digits, an even number of them. No base64url of a token looks like that: it starts with `0oR`, because the
/// token starts with d2 84 (SPEC 4.1). Around it is dropped what the core drops around the other forms.
fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_matches(WHITE_SPACE);
    if text.is_empty() { None } else { hex::decode(text).ok() }
}

/// What a file is that may well show a code and cannot be read here. No token starts like any of these.
fn foreign_kind(start: &[u8]) -> Option<&'static str> {
    let text = text::without_mark(start).trim_ascii_start();
    Some(match start {
        [b'G', b'I', b'F', b'8', ..] => "a GIF picture",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "a WebP picture",
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => "a BMP picture",
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => "a TIFF picture",
        [0, 0, 0, _, b'f', b't', b'y', b'p', ..] => "a HEIF or AVIF picture",
        _ if text.starts_with(b"<?xml") || text.starts_with(b"<svg") => "an SVG picture or other XML",
        _ if text.starts_with(b"%PDF-") => "a PDF document",
        _ => return None,
    })
}

/// Whether a file's content is meant to be read by people, however damaged it is. A token's raw bytes never are: they
/// begin with a tag or an array, which is no ASCII, and the 1 before the algorithm is a control character.
fn is_text(content: &[u8]) -> bool {
    let begins = content.trim_ascii_start().first().is_none_or(u8::is_ascii_graphic);
    let is_control = |char: char| char.is_control() && !WHITE_SPACE.contains(&char);
    begins || std::str::from_utf8(content).is_ok_and(|text| !text.contains(is_control))
}

/// Whether an argument that is no file was meant to be one: then "there is no such file" helps more than `bad_text`.
fn looks_like_path(text: &str) -> bool {
    let endings = [".kycvs", ".png", ".jpg", ".jpeg", ".txt", ".cbor", ".bin"];
    let lower = text.to_ascii_lowercase();
    !Presentation::is_kv1(text)
        && (endings.iter().any(|ending| lower.ends_with(ending))
            || ["/", "./", "../", "~/", ".\\", "..\\"].iter().any(|start| text.starts_with(start)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_taken_only_where_it_can_be_nothing_else() {
        assert_eq!(bytes_of_hex("d28443"), Some(vec![0xd2, 0x84, 0x43]));
        assert_eq!(bytes_of_hex("\t D2AB\r\n"), Some(vec![0xd2, 0xab]));
        assert_eq!(bytes_of_hex("d83dd284"), Some(vec![0xd8, 0x3d, 0xd2, 0x84]));
        assert_eq!(bytes_of_hex("8443"), Some(vec![0x84, 0x43]));
        for text in ["d284431", "d2g0", "", " ", "d", "\u{e9}\u{e9}", "\u{a0}d28443", "d2 84", "0oRYJ6EB"] {
            assert_eq!(bytes_of_hex(text), None, "{text}");
        }
    }

    #[test]
    fn no_text_is_taken_for_raw_bytes() {
        for text in [
            &b"KV1:AB\x0bC"[..],
            b"KV1:AB\0C",
            b"0oR\x7f",
            b"\r\n KV1:\xff",
            b"",
            b" \n",
            "\u{e9}".as_bytes(),
        ] {
            assert!(is_text(text), "{text:?}");
            assert!(matches!(TokenInput::of_text(text), TokenInput::Text(_)), "{text:?}");
        }
        for bytes in
            [&b"\xd2\x84\x43\xa1\x01"[..], b"\x84\x43", b"\xd8\x3d\xd2\x84\x43\xa1\x01", b"\x01", b"\xff"]
        {
            assert!(!is_text(bytes), "{bytes:?}");
        }
        assert!(matches!(TokenInput::of_text(b"\xd2\x84\x43"), TokenInput::Text(_)));
    }

    #[test]
    fn a_missing_file_is_told_from_a_token() {
        assert!(
            looks_like_path("answer.kycvs") && looks_like_path("./answer") && looks_like_path("/tmp/x.PNG")
        );
        assert!(
            !looks_like_path("KV1:NCF/A.TXT") && !looks_like_path("0oRYJ6EB") && !looks_like_path("hello")
        );
    }
}
