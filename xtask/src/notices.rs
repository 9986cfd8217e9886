//! The licences of what is compiled into a package: whoever hands it on has to hand their texts on.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;

use crate::context::{Context, Stop};

/// The file, as it is called in every package.
pub(crate) const FILE: &str = "LICENSES-OTHERS";

/// The chore: the file of the Python package, where `maturin` finds it.
pub(crate) fn run() -> ExitCode {
    let result = Context::new("notices").map_err(Stop::from).and_then(|mut context| python(&mut context));
    match result {
        Ok(()) => {
            println!("{PYTHON}/{FILE}");
            ExitCode::SUCCESS
        }
        Err(Stop::Failed(reason) | Stop::NotRun(reason)) => {
            eprintln!("error: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// Writes the file of the Python package.
pub(crate) fn python(context: &mut Context) -> Result<(), Stop> {
    let target = context.host()?;
    let text = of(context, "kycvs-python", &target, "the module `kycvs._kycvs`")?;
    Ok(fs::write(context.root().join(PYTHON).join(FILE), text)?)
}

/// What is compiled into `within`, the library of the crate `package` for `target`: each crate with its licence and where
/// its source is, and the texts of those that cannot be taken under Apache-2.0, whose text is in the package anyway.
pub(crate) fn of(context: &mut Context, package: &str, target: &str, within: &str) -> Result<String, Stop> {
    let mut tree = context.cargo();
    tree.args(["tree", "--package", package, "--target", target, "--edges", "normal,no-proc-macro"]);
    let tree = context.stdout_of(tree.args(["--prefix", "none", "--format", "{p}\t{l}\t{r}"]))?;
    let mut metadata = context.cargo();
    let metadata = context.stdout_of(metadata.args(["metadata", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata)
        .map_err(|error| Stop::Failed(format!("`cargo metadata` is not read: {error}")))?;

    let mut notices = format!("In {within}, beside Rust's own library (MIT OR Apache-2.0):\n\n");
    let mut texts = String::new();
    for Crate { name, version, licence, source } in others(&tree) {
        let _ = writeln!(notices, "{name} {version}: {licence} ({source})");
        if licence.contains("Apache-2.0") && !licence.contains(" AND ") {
            continue;
        }
        let found = text_of(&metadata, name, version);
        let text = if found.is_empty() { "(it comes with no text of its licence)\n" } else { &found };
        let _ = write!(texts, "\n\n{name} {version}, {licence}\n\n{text}");
    }
    Ok(notices + &texts)
}

/// A crate that is not of this workspace.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Crate<'a> {
    name: &'a str,
    version: &'a str,
    licence: &'a str,
    /// Its repository, as it says itself.
    source: &'a str,
}

/// Those that are in what is built, each once.
fn others(tree: &str) -> BTreeSet<Crate<'_>> {
    tree.lines()
        .filter_map(|line| {
            let (package, rest) = line.split_once('\t')?;
            let (licence, source) = rest.split_once('\t')?;
            let (name, version) = package.split_once(" v")?;
            // A package that was shown before bears a mark.
            let source = source.trim_end_matches("(*)").trim_end();
            Some((package, Crate { name, version: version.split(' ').next()?, licence, source }))
        })
        .filter(|(package, _)| !package.contains("(/"))
        .map(|(_, found)| found)
        .collect()
}

/// What its files say, but for the text of Apache-2.0.
fn text_of(metadata: &Value, name: &str, version: &str) -> String {
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let manifest = packages
        .iter()
        .find(|package| package["name"] == name && package["version"] == version)
        .and_then(|package| package["manifest_path"].as_str());
    let Some(folder) = manifest.and_then(|manifest| Path::new(manifest).parent()) else {
        return String::new();
    };
    let mut files: Vec<_> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        ["LICENSE", "LICENCE", "COPYING", "NOTICE"].iter().any(|start| name.starts_with(start))
            && !name.contains("APACHE")
    });
    files.sort();
    files.iter().filter_map(|path| fs::read_to_string(path).ok()).collect::<Vec<_>>().join("\n")
}

const PYTHON: &str = "bindings/python";

#[cfg(test)]
mod tests {
    use super::{Crate, others};

    #[test]
    fn what_is_built_in_is_named_once() {
        let tree = "kycvs-web v0.1.0 (/somewhere)\tMIT\t\nlru v0.18.5\tMIT\tscheme://lru\nlru v0.18.5\tMIT\tscheme://lru (*)\n";
        let lru = Crate { name: "lru", version: "0.18.5", licence: "MIT", source: "scheme://lru" };
        assert_eq!(others(tree).into_iter().collect::<Vec<_>>(), [lru]);
    }
}
