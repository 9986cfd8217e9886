//! The published test vectors: their cases, and the files that they are written to.
//!
//! Each case declares what has to come out. The core then decides the case, and where it says something else nothing is
//! written: either the case or the core is wrong. The same cases make the same bytes each time: keys, ids and openings
//! are hashes of names, and there is no clock and no randomness.
//!
//! `cargo run -p kycvs-vectors` writes the files; with `--check` it compares them with those that are there.
//!
//! [`raw`], [`ed25519`] and [`forms`] build what is wrong on purpose, without the core; [`case`] is one case in the
//! making; [`cases`] has them, a module for each theme; [`oracle`] asks the core.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;
use serde_json::Value;

use self::model::{About, PlainFile, VerifyFile};

mod case;
#[expect(clippy::too_many_lines, reason = "they are lists of cases, one behind the other")]
mod cases;
mod ed25519;
mod forms;
mod model;
mod oracle;
mod raw;
mod stores;
mod token;

const FOLDER: &str = "test-vectors";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let done = match &arguments[..] {
        [] => run(false),
        [only] if only == "--check" => run(true),
        _ => Err("the only option is --check".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes the test vectors, or with `check` compares them with those that are there.
fn run(check: bool) -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = files()?;
    if check { compare(&folder, &files) } else { write(&folder, &files) }
}

/// One file that was made.
struct File {
    name: &'static str,
    text: String,
    count: usize,
}

fn files() -> Result<Vec<File>, Box<dyn Error>> {
    let mut made = Made::default();
    let stores = stores::all();
    let mut verify = |name, comment, cases: Vec<model::VerifyCase>| {
        let used: BTreeSet<_> = cases.iter().map(|case| case.trust).collect();
        let trust_stores = stores.clone().into_iter().filter(|(name, _)| used.contains(name)).collect();
        for case in &cases {
            made.hold(&case.id, &case.expected, &oracle::verify(case, &stores[case.trust]));
        }
        made.add(name, cases.len(), &VerifyFile { about: About::new("verify", comment), trust_stores, cases })
    };
    verify("valid.json", VALID, cases::valid())?;
    verify("invalid.json", INVALID, cases::invalid())?;

    let cases = cases::subjects();
    for case in &cases {
        made.hold(&case.id, &case.expected, &oracle::subject(case));
    }
    made.add("subject.json", cases.len(), &PlainFile { about: About::new("subject", SUBJECT), cases })?;

    let cases = cases::texts();
    for case in &cases {
        made.hold(&case.id, &case.expected, &oracle::text(case));
    }
    made.add("text.json", cases.len(), &PlainFile { about: About::new("text", TEXT), cases })?;

    let cases = cases::keys();
    for case in &cases {
        made.hold(&case.id, &case.expected, &oracle::key(case));
    }
    made.add("keys.json", cases.len(), &PlainFile { about: About::new("keys", KEYS), cases })?;
    made.finish()
}

/// What was made so far, and what is wrong with it.
#[derive(Default)]
struct Made {
    files: Vec<File>,
    ids: BTreeSet<String>,
    faults: Vec<String>,
}

impl Made {
    /// Holds the core to what the case declares.
    fn hold<T: Serialize + PartialEq>(&mut self, id: &str, declared: &T, found: &T) {
        if declared != found {
            let show = |value| serde_json::to_string(value).unwrap_or_default();
            self.faults.push(format!("{id}\n  declared  {}\n  the core  {}", show(declared), show(found)));
        }
        if !self.ids.insert(id.into()) {
            self.faults.push(format!("{id}: two cases have this id"));
        }
    }

    fn add(&mut self, name: &'static str, count: usize, file: &impl Serialize) -> Result<(), Box<dyn Error>> {
        let text = serde_json::to_string_pretty(file)? + "\n";
        self.files.push(File { name, text, count });
        Ok(())
    }

    fn finish(self) -> Result<Vec<File>, Box<dyn Error>> {
        if self.faults.is_empty() {
            return Ok(self.files);
        }
        let faults = self.faults.join("\n");
        Err(format!("the core does not do what the cases declare, so nothing was written:\n{faults}").into())
    }
}

fn write(folder: &Path, files: &[File]) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    for File { name, text, count } in files {
        // Never half written: a file of another name takes its place.
        let part = folder.join(format!("{name}.part"));
        fs::write(&part, text)?;
        fs::rename(&part, folder.join(name))?;
        println!("{FOLDER}/{name}: {count} cases");
    }
    Ok(())
}

fn compare(folder: &Path, files: &[File]) -> Result<(), Box<dyn Error>> {
    let different: Vec<_> =
        files.iter().filter_map(|file| difference(folder.join(file.name), file)).collect();
    if different.is_empty() {
        let count: usize = files.iter().map(|file| file.count).sum();
        println!("{} files, {count} cases: as the code says", files.len());
        return Ok(());
    }
    let list = different.join("\n");
    Err(format!("not what the code says; `cargo xtask vectors` writes them anew:\n{list}").into())
}

/// Where a file differs, in words; `None` where it does not.
fn difference(path: PathBuf, made: &File) -> Option<String> {
    let name = format!("{FOLDER}/{}", made.name);
    let Ok(text) = fs::read_to_string(path) else { return Some(format!("{name}: cannot be read")) };
    if text == made.text {
        return None;
    }
    let Ok(there) = serde_json::from_str::<Value>(&text) else { return Some(format!("{name}: is not JSON")) };
    let said: Value = serde_json::from_str(&made.text).expect("it was made of JSON");
    let cases = |file: &Value| file["cases"].as_array().cloned().unwrap_or_default();
    let (there, said) = (cases(&there), cases(&said));
    let at = (0..there.len().max(said.len())).find(|&at| there.get(at) != said.get(at));
    Some(match at.and_then(|at| said.get(at).or(there.get(at))) {
        Some(case) => format!("{name}: differs, first at the case {}", case["id"]),
        None => format!("{name}: differs, but not in its cases"),
    })
}

const VALID: &str = "Presentations that are accepted. All keys are published: never trust them.";
const INVALID: &str = "Presentations that are refused, each for the one reason that its id names. All keys are \
                       published: never trust them.";
const SUBJECT: &str = "Names and mobile numbers, their normal forms and their commitments. Apart from U+0378, which no \
                       version of Unicode assigns so far, every character is of Unicode 14 or older, so that a \
                       library with older or newer tables than Unicode 16 can run every case.";
const TEXT: &str = "Texts, and the presentations that they stand for. Nothing of them is verified.";
const KEYS: &str = "Keys in every form that can be read. All of them are published: never trust them.";
