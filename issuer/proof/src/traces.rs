//! Looking for a person in raw bytes: her name and her number, in every form in which they could stand there.

use std::collections::HashMap;
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

/// Traces that are looked for together: what they begin with is indexed, so that a byte is looked at once and not once for
/// each trace. A database's folder has tens of megabytes.
pub(crate) struct Search {
    traces: Vec<Trace>,
    /// Which traces begin with these bytes.
    beginnings: HashMap<[u8; BEGINNING], Vec<usize>>,
    /// Whether any begins with these two.
    pairs: Vec<bool>,
}

impl Search {
    pub(crate) fn new(traces: Vec<Trace>) -> Self {
        let mut beginnings: HashMap<_, Vec<usize>> = HashMap::new();
        let mut pairs = vec![false; 1 << 16];
        for (at, trace) in traces.iter().enumerate() {
            // Shorter ones stand everywhere.
            if let Some(beginning) = trace.bytes.first_chunk::<BEGINNING>() {
                beginnings.entry(*beginning).or_default().push(at);
                pairs[pair(beginning)] = true;
            }
        }
        Self { traces, beginnings, pairs }
    }

    /// How often each trace stands in these bytes, in the order of the traces.
    pub(crate) fn counts(&self, haystack: &[u8]) -> Vec<usize> {
        let mut counts = vec![0; self.traces.len()];
        for (at, window) in haystack.windows(BEGINNING).enumerate() {
            if !self.pairs[pair(window)] {
                continue;
            }
            for &trace in self.beginnings.get(window).into_iter().flatten() {
                counts[trace] += usize::from(haystack[at..].starts_with(&self.traces[trace].bytes));
            }
        }
        counts
    }

    /// How often each trace stands in these files together.
    pub(crate) fn counts_in(&self, files: &[PathBuf]) -> Result<Vec<usize>> {
        let mut counts = vec![0; self.traces.len()];
        for file in files {
            for (sum, count) in counts.iter_mut().zip(self.counts(&read(file)?)) {
                *sum += count;
            }
        }
        Ok(counts)
    }

    /// Which traces stand in these bytes, and where that is.
    pub(crate) fn found(&self, place: &str, haystack: &[u8]) -> Vec<String> {
        let counts = self.counts(haystack);
        let found = self.traces.iter().zip(counts).filter(|(_, count)| *count > 0);
        found.map(|(trace, _)| format!("{} in {place}", trace.of)).collect()
    }

    /// Which traces stand in these files.
    pub(crate) fn found_in(&self, files: &[PathBuf]) -> Result<Vec<String>> {
        let mut all = Vec::new();
        for file in files {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            all.extend(self.found(&name, &read(file)?));
        }
        Ok(all)
    }

    pub(crate) fn traces(&self) -> &[Trace] {
        &self.traces
    }
}

fn pair(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
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

/// All traces are longer.
const BEGINNING: usize = 4;
/// Shorter words stand in files by chance.
const LEAST_LETTERS: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_found_in_every_form() {
        let search = Search::new(of_person("Zubeida Qurratulain", "+91 98765 43210").expect("a person"));
        let stands_in = |haystack: &[u8]| !search.found("", haystack).is_empty();
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
        let search = Search::new(vec![of_bytes("", b"aaaa"), of_bytes("", b"aaaab")]);
        assert_eq!(search.counts(b"aaaaaab aaaa"), [4, 1]);
        assert_eq!(search.counts(b"aa"), [0, 0]);
    }
}
