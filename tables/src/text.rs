//! What content is UTF-8 text, and what other content is.

use thiserror::Error;

/// So much of a beginning is looked at, in bytes.
const START: usize = 1_024;

/// Why content cannot be read as text. The sentence goes on behind the name of a file: "`x` is ...".
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotText {
    /// UTF-16, little or big end first, with or without a byte order mark.
    #[error("is UTF-16 text: save it as UTF-8")]
    Utf16,
    /// UTF-32, little or big end first, with or without a byte order mark.
    #[error("is UTF-32 text: save it as UTF-8")]
    Utf32,
    /// A zip archive.
    #[error(
        "is a zip archive, such as an .xlsx or .ods workbook: save the sheet as CSV (UTF-8), or unpack the archive"
    )]
    Zip,
    /// A workbook of Excel 2003 or older.
    #[error("is an old Excel workbook (.xls): save the sheet as CSV (UTF-8)")]
    OldWorkbook,
    /// Compressed with gzip.
    #[error("is compressed with gzip: unpack it")]
    Gzip,
    /// A PDF document.
    #[error("is a PDF document: save its content as text (UTF-8)")]
    Pdf,
    /// Zero bytes in it, which no text has.
    #[error("is not text: save it as UTF-8 text")]
    Binary,
    /// Another encoding.
    #[error("is not UTF-8: save it as UTF-8")]
    NotUtf8,
}

/// The content without the byte order mark that some editors and spreadsheets write at the start of UTF-8 text.
#[must_use]
pub fn without_mark(content: &[u8]) -> &[u8] {
    content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content)
}

/// What content is that certainly is no UTF-8 text, by its first bytes.
///
/// `None` does not mean that it is text: see [`check`] and [`utf8`]. No COSE key, DER key or trust store begins like one
/// of these, so a file that may be binary can be asked too.
#[must_use]
pub fn recognise(content: &[u8]) -> Option<NotText> {
    Some(match *content {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => NotText::Utf32,
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => NotText::Utf16,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => NotText::Zip,
        [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, ..] => NotText::OldWorkbook,
        [0x1f, 0x8b, 8, ..] => NotText::Gzip,
        [b'%', b'P', b'D', b'F', b'-', ..] => NotText::Pdf,
        // Without a mark: text begins with an ASCII character as a rule.
        [a, 0, 0, 0, ..] | [0, 0, 0, a, ..] if is_ascii_text(a) => NotText::Utf32,
        [a, 0, ..] | [0, a, ..] if is_ascii_text(a) => NotText::Utf16,
        _ => return None,
    })
}

/// The content of a text file, without a byte order mark. It may still have bytes in it that are no UTF-8.
///
/// # Errors
/// If its beginning is not that of a text.
pub fn check(content: &[u8]) -> Result<&[u8], NotText> {
    if let Some(kind) = recognise(content) {
        return Err(kind);
    }
    if content[..content.len().min(START)].contains(&0) {
        return Err(NotText::Binary);
    }
    Ok(without_mark(content))
}

/// The content of a text file, without a byte order mark.
///
/// # Errors
/// If it is not UTF-8 text.
pub fn utf8(content: &[u8]) -> Result<&str, NotText> {
    std::str::from_utf8(check(content)?).map_err(|_| NotText::NotUtf8)
}

/// The lines of a text, which end with LF, CRLF or CR. Behind the end of the last line there is an empty one.
///
/// ```
/// assert_eq!(kycvs_tables::text::lines("a\rb\r\n\nc").collect::<Vec<_>>(), ["a", "b", "", "c"]);
/// ```
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|part| part.strip_suffix('\r').unwrap_or(part).split('\r'))
}

/// A cell without the characters around it that mean nothing: the white space of every script (no-break spaces too), and
/// directional and zero-width marks, which come along with pasted numbers.
///
/// ```
/// assert_eq!(kycvs_tables::trim("\u{a0}\u{202a} 2\u{3000}\u{202c}\t"), "2");
/// ```
#[must_use]
pub fn trim(cell: &str) -> &str {
    cell.trim_matches(is_blank)
}

/// Whether a character around a cell means nothing.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn is_ascii_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    fn utf32(text: &str, bytes: fn(u32) -> [u8; 4]) -> Vec<u8> {
        text.chars().flat_map(|c| bytes(c.into())).collect()
    }

    #[test]
    fn other_encodings_are_recognised_with_and_without_a_mark() {
        for text in ["mobile,name", "\u{feff}mobile", "\u{feff}मोबाइल", "\r\n{}", "\u{feff}\n"] {
            for content in [utf16(text, u16::to_le_bytes), utf16(text, u16::to_be_bytes)] {
                assert_eq!(check(&content), Err(NotText::Utf16), "{text:?}");
            }
            for content in [utf32(text, u32::to_le_bytes), utf32(text, u32::to_be_bytes)] {
                assert_eq!(check(&content), Err(NotText::Utf32), "{text:?}");
            }
        }
        assert_eq!(check(&utf16("मोबाइल,नाम", u16::to_le_bytes)), Err(NotText::Binary));
    }

    #[test]
    fn archives_and_documents_are_recognised() {
        for (content, expected) in [
            (&b"PK\x03\x04\x14\0\x06\0"[..], NotText::Zip),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", NotText::OldWorkbook),
            (b"\x1f\x8b\x08\0\0", NotText::Gzip),
            (b"%PDF-1.7\n", NotText::Pdf),
            (b"SQLite format 3\0", NotText::Binary),
        ] {
            assert_eq!(utf8(content), Err(expected));
        }
    }

    #[test]
    fn utf8_text_is_read_without_its_mark() {
        for (content, expected) in [
            (&b""[..], Ok("")),
            (b"a", Ok("a")),
            (b"\xef\xbb\xbf", Ok("")),
            (b"\xef\xbb\xbfa\xef\xbb\xbf", Ok("a\u{feff}")),
            (b"\xef\xbb", Err(NotText::NotUtf8)),
            (b"Jos\xe9", Err(NotText::NotUtf8)),
        ] {
            assert_eq!(utf8(content), expected, "{content:?}");
        }
    }

    #[test]
    fn binary_keys_are_not_taken_for_text() {
        // A COSE_Key, a COSE_KeySet, DER, and CBOR's tag of itself.
        for start in
            [&[0xa4, 1, 1][..], &[0x81, 0xa4], &[0x9f, 0xa4], &[0x30, 0x2a, 0x30, 5], &[0xd9, 0xd9, 0xf7]]
        {
            assert_eq!(recognise(start), None, "{start:?}");
        }
    }
}
