//! The format of a file of records, found by its content: exports have many names.

use std::fmt;

use kycvs_tables::{
    RowError, Rows,
    text::{self, NotText},
};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::{Format, csv::COLUMNS};

/// So much of a file's start is enough to find out what it is, in bytes.
pub const START_OF_FILE: usize = 64 << 10;

/// Why nobody can say what a file is.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum UnknownFormat {
    /// It is no text. The sentence goes on behind the name of the file: "`x` is compressed with gzip: unpack it".
    #[error(transparent)]
    NotText(#[from] NotText),
    /// Neither its content nor its name says it.
    #[error("is neither CSV with the column mobile nor FHIR: give --format, or export it again")]
    Unclear,
}

impl Format {
    /// The kind of a file, by its first bytes, at most [`START_OF_FILE`]. `by_name` decides only if they say nothing.
    ///
    /// ```
    /// use kycvs_issuer::records::Format;
    ///
    /// let start = br#"{"resourceType":"Patient","id":"1"}"#;
    /// assert_eq!(Format::of(start, Some(Format::Csv)), Ok(Format::FhirNdjson));
    /// assert_eq!(Format::of(b"name;mobile;doses\n", None), Ok(Format::Csv));
    /// ```
    ///
    /// # Errors
    /// If it is no text, or if nothing says what it is.
    pub fn of(start: &[u8], by_name: Option<Self>) -> Result<Self, UnknownFormat> {
        let text = text::check(start)?.trim_ascii_start();
        let by_content = match text.first() {
            Some(b'{') => of_object(text),
            // Resources are objects. This is no Bundle either, and its reader says so.
            Some(b'[') => Some(Self::FhirBundle),
            _ => is_table(start).then_some(Self::Csv),
        };
        by_content.or(by_name).ok_or(UnknownFormat::Unclear)
    }
}

/// A resource in one line is NDJSON, and one in many lines is a file of its own.
fn of_object(text: &[u8]) -> Option<Format> {
    let end = text.iter().position(|byte| b"\r\n".contains(byte)).unwrap_or(text.len());
    let (line, rest) = text.split_at(end);
    match resource_type(line).as_deref() {
        Some("Bundle") if rest.trim_ascii().is_empty() => Some(Format::FhirBundle),
        // A Bundle over several lines.
        Some("Bundle") if !is_whole(line) => Some(Format::FhirBundle),
        Some(_) => Some(Format::FhirNdjson),
        None => resource_type(text).map(|_| Format::FhirBundle),
    }
}

fn is_whole(line: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(line).is_ok()
}

/// Whether the first row names the column that every table of records has.
fn is_table(start: &[u8]) -> bool {
    let mut rows = Rows::new(start);
    match rows.head(&COLUMNS) {
        Ok(Some(Ok(head))) => {
            head.iter().any(|cell| kycvs_tables::trim(cell).eq_ignore_ascii_case(COLUMNS[0]))
        }
        // Its reader says which separator it has.
        Ok(Some(Err(RowError::ForeignSeparator(separator)))) => String::from_utf8_lossy(start)
            .split([separator, '\r', '\n'])
            .any(|cell| kycvs_tables::trim(cell).trim_matches('"').eq_ignore_ascii_case(COLUMNS[0])),
        _ => false,
    }
}

/// The type of the FHIR resource that the text begins with. The text may end anywhere behind it.
fn resource_type(text: &[u8]) -> Option<String> {
    let mut found = None;
    // An error is the end of the text, or the members that are left when the type was found.
    let _ = ResourceType(&mut found).deserialize(&mut serde_json::Deserializer::from_slice(text));
    found
}

struct ResourceType<'a>(&'a mut Option<String>);

impl<'de> DeserializeSeed<'de> for ResourceType<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, text: D) -> Result<(), D::Error> {
        text.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ResourceType<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a FHIR resource")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            if name == "resourceType" {
                *self.0 = Some(members.next_value()?);
                return Ok(());
            }
            members.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [Option<Format>; 4] =
        [None, Some(Format::Csv), Some(Format::FhirBundle), Some(Format::FhirNdjson)];

    #[test]
    fn content_that_says_what_it_is_needs_no_name() {
        let long = format!(r#"{{"text":"{}","resourceType":"Patient"}}"#, "x".repeat(9_000));
        let cut = format!(r#"{{"resourceType":"Bundle","entry":["{}"#, "x".repeat(9_000));
        for (start, expected) in [
            ("mobile,name,doses,required\n9876543210,Asha,1,2\n", Format::Csv),
            ("\u{feff}Name ; Mobile;doses", Format::Csv),
            ("sep=\t\rdoses\tmobile\r", Format::Csv),
            ("name\u{fe54}Mobile\u{fe54}doses\n", Format::Csv),
            ("name mobile doses\n", Format::Csv),
            (r#"{"resourceType":"Patient","id":"1"}"#, Format::FhirNdjson),
            (
                "\u{feff}\r\n {\"id\":\"1\",\"resourceType\":\"Patient\"}\r{\"resourceType\":\"Patient\"}",
                Format::FhirNdjson,
            ),
            (&long, Format::FhirNdjson),
            // The first line was torn: it is one bad line.
            ("{\"resourceType\":\"Patient\",\"na\n{\"resourceType\":\"Patient\"}\n", Format::FhirNdjson),
            ("{\"resourceType\":\"Bundle\"}\n{\"resourceType\":\"Bundle\"}\n", Format::FhirNdjson),
            (r#"{"resourceType":"Bundle","entry":[]}"#, Format::FhirBundle),
            ("{\"resourceType\":\"Bundle\",\n\"entry\":[]}\n", Format::FhirBundle),
            (
                "{\n  \"meta\": {\"resourceType\": \"Patient\"},\n  \"resourceType\": \"Bundle\",\n",
                Format::FhirBundle,
            ),
            ("{\n  \"resourceType\": \"Patient\"\n}\n", Format::FhirBundle),
            (&cut, Format::FhirBundle),
            ("[]", Format::FhirBundle),
        ] {
            for name in NAMES {
                assert_eq!(Format::of(start.as_bytes(), name), Ok(expected), "{start:.60} {name:?}");
            }
        }
    }

    #[test]
    fn unclear_content_is_what_its_name_says() {
        for start in ["", " \n", "\u{feff}", "{}", "{\"entry\":[", "{", "9876543210,Asha,1,2\n", "nonsense"] {
            for name in NAMES {
                let expected = name.ok_or(UnknownFormat::Unclear);
                assert_eq!(Format::of(start.as_bytes(), name), expected, "{start:?}");
            }
        }
    }

    #[test]
    fn a_file_that_is_no_text_is_named() {
        for (start, expected) in [
            (&b"\x1f\x8b\x08\0\0"[..], NotText::Gzip),
            (b"PK\x03\x04\x14\0", NotText::Zip),
            (b"\xff\xfe{\0", NotText::Utf16),
            (b"SQLite format 3\0", NotText::Binary),
        ] {
            for name in NAMES {
                assert_eq!(Format::of(start, name), Err(expected.into()), "{start:?}");
            }
        }
    }
}
