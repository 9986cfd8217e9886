//! `cargo xtask bindings`: the native library and the Kotlin and Swift sources that are generated from it.
//!
//! Nothing of what this writes is committed. The library is the release build of `kycvs-ffi`; uniffi's generator reads
//! from that same file what the library exports, so that the sources and the library can not belong to different
//! builds. Then the sources are edited, as [`edits`] lists, and go to where the packages expect them:
//!
//! | what | where |
//! |---|---|
//! | Kotlin sources | `bindings/kotlin/target/bindings/kotlin/` |
//! | the shared library, at JNA's resource path | `bindings/kotlin/target/bindings/resources/` |
//! | Swift sources | `bindings/swift/Sources/Kycvs/Generated/` |
//! | the C header and its module map | `bindings/swift/Sources/KycvsFFI/include/` |
//! | the static library | `bindings/swift/lib/` |
//! | the licences of what is compiled into the two | `bindings/kotlin/target/bindings/resources/META-INF/`, `bindings/swift/lib/` |
//!
//! A file that would not change is left alone, so that Maven and Swift do not compile anew.

use std::env::consts::{ARCH, DLL_PREFIX, DLL_SUFFIX, OS};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use crate::context::{Context, Stop};
use crate::notices;

mod edits;
mod kotlin_edits;
mod swift_edits;

/// The chore.
pub(crate) fn run() -> ExitCode {
    let result = Context::new("bindings").map_err(Stop::from).and_then(|mut context| {
        generate(&mut context).inspect_err(|_| eprintln!("{}", context.log_tail(40)))
    });
    match result {
        Ok(written) => {
            for path in written {
                println!("{path}");
            }
            ExitCode::SUCCESS
        }
        Err(Stop::Failed(reason) | Stop::NotRun(reason)) => {
            eprintln!("error: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// Builds the library and makes all of it; returns the files, as they are called in the checkout.
pub(crate) fn generate(context: &mut Context) -> Result<Vec<String>, Stop> {
    let mut build = context.cargo();
    build.args(["build", "--release", "--package", PACKAGE, "--lib"]);
    let shared = context.library(&mut build, LIBRARY, DLL_SUFFIX)?;
    let library = shared.with_file_name(format!("lib{LIBRARY}.a"));

    let sources = context.target("xtask-work")?.join("bindings");
    fs::remove_dir_all(&sources).ok();
    let bindgen = bindgen(context)?;
    let mut bindgen = context.command(bindgen);
    bindgen.args(["generate", "--library"]).arg(&shared).args([
        "--language",
        "kotlin",
        "--language",
        "swift",
    ]);
    bindgen.args(["--no-format", "--out-dir"]).arg(&sources);
    context.must(&mut bindgen)?;

    let mut written = Written { root: context.root().to_path_buf(), files: Vec::new() };
    for file in files_below(&sources)? {
        let name = file.strip_prefix(&sources).unwrap_or(&file);
        let place = match file.extension().and_then(|extension| extension.to_str()) {
            Some("kt") => Path::new(KOTLIN_SOURCES).join(name),
            Some("swift") => Path::new(SWIFT_SOURCES).join(name),
            Some("h") => Path::new(SWIFT_HEADERS).join(name),
            Some("modulemap") => Path::new(SWIFT_HEADERS).join("module.modulemap"),
            _ => {
                return Err(Stop::Failed(format!(
                    "the generator made {}, which has no place",
                    name.display()
                )));
            }
        };
        let source = edits::apply(&place, &fs::read_to_string(&file)?).map_err(Stop::Failed)?;
        written.write(&place, source.as_bytes())?;
    }
    let resource = Path::new(KOTLIN_RESOURCES).join(jna_folder());
    let small = without_symbols(context, &shared)?;
    written.write(&resource.join(format!("{DLL_PREFIX}{LIBRARY}{DLL_SUFFIX}")), &fs::read(small)?)?;
    let place = Path::new(SWIFT_LIBRARY).join(format!("lib{LIBRARY}.a"));
    if written.write(&place, &fs::read(&library)?)? {
        // SwiftPM does not look at the library: it links anew where something that it compiles itself is new.
        let source = fs::File::options().append(true).open(context.root().join(SWIFT_C))?;
        source.set_modified(SystemTime::now())?;
    }
    let host = context.host()?;
    let notices = notices::of(context, PACKAGE, &host, "the native library kycvs_ffi")?;
    for folder in [KOTLIN_LICENCES, SWIFT_LIBRARY] {
        written.write(&Path::new(folder).join(notices::FILE), notices.as_bytes())?;
    }
    Ok(written.files)
}

/// The library as it is shipped, a sixth smaller: the generator has read what is taken away, and nothing else does.
/// Where no `strip` is there to do it, it is shipped as it is.
fn without_symbols(context: &mut Context, library: &Path) -> Result<PathBuf, Stop> {
    if OS != "linux" || !crate::tools::starts("strip") {
        return Ok(library.to_path_buf());
    }
    let small = context.target("xtask-work")?.join("stripped");
    let mut strip = context.command("strip");
    context.must(strip.arg("--strip-unneeded").arg("-o").arg(&small).arg(library))?;
    Ok(small)
}

/// uniffi's generator, built without optimization: it takes minutes to build otherwise, and a moment to run either way.
fn bindgen(context: &mut Context) -> Result<PathBuf, Stop> {
    let folder = context.target("cross")?;
    let mut build = context.cargo();
    build.args([
        "build",
        "--profile",
        "tool",
        "--package",
        PACKAGE,
        "--features",
        "bindgen",
        "--bin",
        BINDGEN,
    ]);
    // As the steps `android` and `apple` build, whose macros are made of the same crates.
    build.arg("--target-dir").arg(folder).env("RUSTC_BOOTSTRAP", "1");
    context.program(&mut build, BINDGEN)
}

/// What has been written, and below which folder.
struct Written {
    root: PathBuf,
    files: Vec<String>,
}

impl Written {
    /// Whether it had to be written.
    fn write(&mut self, place: &Path, content: &[u8]) -> Result<bool, Stop> {
        let path = self.root.join(place);
        let is_new = fs::read(&path).ok().as_deref() != Some(content);
        if is_new {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&path, content).map_err(|error| {
                Stop::Failed(format!("{} could not be written: {error}", place.display()))
            })?;
        }
        self.files.push(place.display().to_string());
        Ok(is_new)
    }
}

/// All files below a folder.
fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The folder in which JNA looks for this machine's library inside a jar.
fn jna_folder() -> String {
    let system = match OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    };
    let processor = match ARCH {
        "x86_64" => "x86-64",
        other => other,
    };
    format!("{system}-{processor}")
}

const PACKAGE: &str = "kycvs-ffi";
const LIBRARY: &str = "kycvs_ffi";
const BINDGEN: &str = "uniffi-bindgen";
const KOTLIN_SOURCES: &str = "bindings/kotlin/target/bindings/kotlin";
const KOTLIN_RESOURCES: &str = "bindings/kotlin/target/bindings/resources";
const KOTLIN_LICENCES: &str = "bindings/kotlin/target/bindings/resources/META-INF";
const SWIFT_SOURCES: &str = "bindings/swift/Sources/Kycvs/Generated";
const SWIFT_HEADERS: &str = "bindings/swift/Sources/KycvsFFI/include";
/// The one source of the C target: a comment, and nothing to compile.
const SWIFT_C: &str = "bindings/swift/Sources/KycvsFFI/kycvs_ffi.c";
pub(crate) const SWIFT_LIBRARY: &str = "bindings/swift/lib";

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    /// The README's examples are those of the packages' own READMEs, which the packages' tests run.
    #[test]
    fn the_front_page_shows_what_the_packages_run() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
        let front = read("README.md");
        for language in ["python", "kotlin", "swift"] {
            let fence = format!("```{language}\n");
            let blocks: Vec<&str> =
                front.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).collect();
            assert!(!blocks.is_empty(), "README.md has no example in {language}");
            let package = read(&format!("bindings/{language}/README.md"));
            for block in blocks {
                assert!(package.contains(block), "bindings/{language}/README.md has not:\n{block}");
            }
        }
    }
}
