//! The licences of what is compiled into the module: whoever hands it on has to hand their texts on.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{CRATE, TARGET};
use crate::context::{Context, Stop};

/// Writes them to `file`: each crate with its licence, and the texts of those that cannot be taken under Apache-2.0, whose
/// text is in the package anyway.
pub(super) fn write(context: &mut Context, file: &Path) -> Result<(), Stop> {
    let mut tree = context.cargo();
    tree.args(["tree", "--package", CRATE, "--target", TARGET, "--edges", "normal", "--prefix", "none"]);
    let tree = context.stdout_of(tree.args(["--format", "{p}\t{l}"]))?;
    let mut metadata = context.cargo();
    let metadata = context.stdout_of(metadata.args(["metadata", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata)
        .map_err(|error| Stop::Failed(format!("`cargo metadata` is not read: {error}")))?;

    let mut notices =
        String::from("In kycvs_web_bg.wasm, beside Rust's own library (MIT OR Apache-2.0):\n\n");
    let mut texts = String::new();
    for (name, version, licence) in others(&tree) {
        let _ = writeln!(notices, "{name} {version}: {licence}");
        if licence.contains("Apache-2.0") && !licence.contains(" AND ") {
            continue;
        }
        let found = text_of(&metadata, name, version);
        let text = if found.is_empty() { "(it comes with no text of its licence)\n" } else { &found };
        let _ = write!(texts, "\n\n{name} {version}, {licence}\n\n{text}");
    }
    Ok(fs::write(file, notices + &texts)?)
}

/// Name, version and licence of each crate that is not of this workspace and is in what is built.
fn others(tree: &str) -> BTreeSet<(&str, &str, &str)> {
    tree.lines()
        .filter_map(|line| line.split_once('\t'))
        .filter(|(package, _)| !package.contains("(/") && !package.contains("(proc-macro)"))
        .filter_map(|(package, licence)| {
            let (name, version) = package.split_once(" v")?;
            // A package that was shown before bears a mark.
            let licence = licence.trim_end_matches(" (*)");
            Some((name, version.split(' ').next()?, licence))
        })
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

#[cfg(test)]
mod tests {
    use super::others;

    #[test]
    fn what_is_built_in_is_named_once() {
        let tree = "kycvs-web v0.1.0 (/somewhere)\tMIT\nlru v0.18.5\tMIT\nserde_derive v1.0.1 (proc-macro)\tMIT\nlru v0.18.5\tMIT (*)\n";
        assert_eq!(others(tree).into_iter().collect::<Vec<_>>(), [("lru", "0.18.5", "MIT")]);
    }
}
