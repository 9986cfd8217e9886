//! Looking for a person in raw bytes: her name and her number, in every form in which they could stand there.

use std::fs;
use std::path::{Path, PathBuf};

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use kycvs::Subject;

use crate::Result;

/// What to look for.
#[derive(Clone)]
pub(crate) struct Trace {
    /// What it is of, for a reader of the report; the proof's persons are made up.
    pub(crate) of: String,
    bytes: Vec<u8>,
}

/// All forms of a person as typed.
pub(crate) fn of_person(name: &str, mobile: &str) -> Result<Vec<Trace>> {
    let subject = Subject::new(name)?.with_mobile(mobile)?;
    let number = subject.mobile().unwrap_or_default();
    let ten = &number[3..];
    let mut texts = vec![name.to_owned(), subject.name().to_owned(), mobile.to_owned(), ten.to_owned()];
    // Its words alone as well, as typed and in either case.
    for word in name.split_whitespace().filter(|word| word.chars().count() >= LEAST_LETTERS) {
        texts.extend([word.to_owned(), word.to_lowercase(), word.to_uppercase()]);
    }
    texts.push(format!("{} {}", &ten[..5], &ten[5..]));
    texts.sort();
    texts.dedup();
    let mut traces: Vec<Trace> = texts.iter().flat_map(|text| of_text(text)).collect();
    let packed: Vec<u8> =
        ten.as_bytes().chunks(2).map(|pair| (pair[0] - b'0') << 4 | (pair[1] - b'0')).collect();
    traces.push(Trace { of: format!("{ten} in packed digits"), bytes: packed });
    let binary: u64 = number[1..].parse()?;
    traces.push(Trace { of: format!("{number} as an integer"), bytes: binary.to_be_bytes()[2..].to_vec() });
    traces.push(Trace { of: format!("{number} as an integer"), bytes: binary.to_le_bytes()[..6].to_vec() });
    Ok(traces)
}

/// A text in UTF-8, UTF-16, hexadecimal digits and base64 at each of its three positions.
pub(crate) fn of_text(text: &str) -> Vec<Trace> {
    let utf8 = text.as_bytes();
    let trace = |form: &str, bytes: Vec<u8>| Trace { of: format!("`{text}` in {form}"), bytes };
    let mut traces = vec![
        trace("UTF-8", utf8.to_vec()),
        trace("UTF-16LE", text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        trace("UTF-16BE", text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        trace("hexadecimal digits", hex::encode(utf8).into_bytes()),
    ];
    for shift in 0..3 {
        // What stands before it moves it by `shift` bytes; the letters that depend on what is beside it are cut off.
        let padded = [&vec![0; shift][..], utf8].concat();
        for encoded in [Base64::encode_string(&padded), Base64UrlUnpadded::encode_string(&padded)] {
            let encoded = encoded.trim_end_matches('=');
            let first = [0, 2, 3][shift];
            let last = padded.len() / 3 * 4;
            if last.saturating_sub(first) >= 8 {
                traces.push(trace("base64", encoded.as_bytes()[first..last].to_vec()));
            }
        }
    }
    traces
}

/// Certain bytes.
pub(crate) fn of_bytes(of: &str, bytes: &[u8]) -> Trace {
    Trace { of: of.to_owned(), bytes: bytes.to_vec() }
}

impl Trace {
    /// How often it stands in these bytes.
    pub(crate) fn count(&self, haystack: &[u8]) -> usize {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        let mut count = 0;
        let mut from = 0;
        while let Some(at) = haystack[from..].iter().position(|byte| byte == first) {
            let after = from + at + 1;
            count += usize::from(haystack[after..].starts_with(rest));
            from = after;
        }
        count
    }
}

/// Which traces stand in these bytes, and where that is.
pub(crate) fn found(traces: &[Trace], place: &str, haystack: &[u8]) -> Vec<String> {
    traces
        .iter()
        .filter(|trace| trace.count(haystack) > 0)
        .map(|trace| format!("{} in {place}", trace.of))
        .collect()
}

/// Which traces stand in these files.
pub(crate) fn found_in_files(traces: &[Trace], files: &[PathBuf]) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        all.extend(found(traces, &name, &read(file)?));
    }
    Ok(all)
}

/// How often each trace stands in these files together.
pub(crate) fn counts(traces: &[Trace], files: &[PathBuf]) -> Result<Vec<usize>> {
    let mut counts = vec![0; traces.len()];
    for file in files {
        let bytes = read(file)?;
        for (count, trace) in counts.iter_mut().zip(traces) {
            *count += trace.count(&bytes);
        }
    }
    Ok(counts)
}

/// All files below a folder.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files.extend(files_below(&entry.path())?),
            Ok(kind) if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    Ok(files)
}

/// The bytes of a file; none where it was removed meanwhile, as a database does with its own.
fn read(file: &Path) -> Result<Vec<u8>> {
    match fs::read(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        read => Ok(read?),
    }
}

/// Shorter words stand in files by chance.
const LEAST_LETTERS: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_found_in_every_form() {
        let traces = of_person("Zubeida Qurratulain", "+91 98765 43210").expect("a person");
        let stands_in = |haystack: &[u8]| !found(&traces, "", haystack).is_empty();
        for haystack in [
            "x zubeida qurratulain",
            "QURRATULAIN",
            "tel:+919876543210",
            "98765 43210",
            "Z\0u\0b\0e\0i\0d\0a\0",
            "\x009\x008\x007\x006\x005\x004\x003\x002\x001\x000",
            "717572726174756c61696e",
        ] {
            assert!(stands_in(haystack.as_bytes()), "{haystack}");
        }
        assert!(stands_in(&[1, 0x98, 0x76, 0x54, 0x32, 0x10, 0]));
        assert!(stands_in(&919_876_543_210_u64.to_be_bytes()));
        for before in ["", "a", "ab", "abc"] {
            let text = format!("{before}Zubeida Qurratulain in a sentence");
            assert!(stands_in(Base64::encode_string(text.as_bytes()).as_bytes()), "{before}");
        }
        assert!(!stands_in(b"somebody else, +919876500000"));
    }

    #[test]
    fn overlapping_ones_count_each() {
        assert_eq!(of_bytes("", b"aa").count(b"aaaa"), 3);
        assert_eq!(of_bytes("", b"ab").count(b"aab ab a"), 2);
    }
}
