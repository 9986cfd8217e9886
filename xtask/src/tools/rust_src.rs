//! The standard library's source, to build it, or `core` and `alloc` alone, for a target of another machine.
//!
//! Where rustup brought the source or the target's library, those are used. On a Debian system Debian's package
//! `rust-src` of exactly this compiler's version is fetched with `apt-get`, from the mirror that the system uses, with
//! lists and packages in the cache: nothing of the system or of the toolchain changes, and root is not needed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{apt, apt::PrivateApt, cached};
use crate::context::{Context, Stop};

/// A target without `std`. Its integers of 32 bits show what takes `usize` for 64.
pub(crate) const BARE_TARGET: &str = "thumbv7em-none-eabi";

/// How much of the standard library a target needs.
#[derive(Clone, Copy)]
pub(crate) enum Std {
    /// All of it.
    Whole,
    /// What works without an operating system.
    CoreAndAlloc,
}

impl Std {
    fn crates(self) -> &'static str {
        match self {
            Self::Whole => "std,panic_abort",
            Self::CoreAndAlloc => "core,alloc",
        }
    }
}

/// Where a target's standard library comes from.
pub(crate) enum StdSource {
    /// The toolchain has it built.
    Built,
    /// The toolchain has the source.
    InToolchain,
    /// The source lies here.
    Folder(PathBuf),
}

impl StdSource {
    /// Tells cargo where to take it from.
    pub(crate) fn apply(&self, cargo: &mut Command, std: Std) {
        if let Self::Folder(library) = self {
            cargo.env("__CARGO_TESTS_ONLY_SRC_ROOT", library);
        }
        if !matches!(self, Self::Built) {
            // `-Z` flags are for nightly; this lets the stable compiler take them.
            cargo.arg(format!("-Zbuild-std={}", std.crates())).env("RUSTC_BOOTSTRAP", "1");
        }
    }
}

/// Finds or fetches `target`'s standard library.
pub(crate) fn std_source(context: &mut Context, target: &str) -> Result<StdSource, Stop> {
    let rustlib = rustlib(context)?;
    if rustlib.join(target).join("lib").exists() {
        return Ok(StdSource::Built);
    }
    if rustlib.join("src/rust/library/Cargo.lock").exists() {
        return Ok(StdSource::InToolchain);
    }

    let version = context.stdout_of(context.command("rustc").arg("--version"))?;
    let version = version.split(' ').nth(1).unwrap_or_default().to_owned();
    if !apt::starts("apt-get") || !apt::starts("dpkg-deb") {
        return Err(missing(&version, target));
    }
    let folder = cached(context, &format!("rust-src-{version}"), |context, folder| {
        fetch(context, &version, target, folder)
    })?;
    Ok(StdSource::Folder(folder.join(LIBRARY)))
}

/// The folder of the toolchain that holds a folder for each target.
pub(super) fn rustlib(context: &mut Context) -> Result<PathBuf, Stop> {
    let sysroot = context.stdout_of(context.command("rustc").args(["--print", "sysroot"]))?;
    Ok(Path::new(sysroot.trim()).join("lib/rustlib"))
}

fn fetch(context: &mut Context, version: &str, target: &str, folder: &Path) -> Result<(), Stop> {
    let Some(mirror) = apt::debian_mirror(context)? else { return Err(missing(version, target)) };
    for suite in SUITES {
        let apt = PrivateApt::new(&mirror, folder, suite)?;
        if !context.run(apt.get(context).arg("update"))?.success {
            continue;
        }
        let known = context.stdout_of(apt.cache(context).args(["madison", "rust-src"]))?;
        let Some(package) =
            known.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim).find(|package| {
                package.strip_prefix(version).is_some_and(|rest| rest.starts_with(['+', '-', '~']))
            })
        else {
            continue;
        };
        context.must(apt.get(context).args(["download", &format!("rust-src={package}")]))?;
        return unpack(context, &apt, folder);
    }
    Err(missing(version, target))
}

fn unpack(context: &mut Context, apt: &PrivateApt, folder: &Path) -> Result<(), Stop> {
    let file = fs::read_dir(apt.folder())?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .ok_or_else(|| Stop::Failed("apt-get brought no package".to_owned()))?;
    let unpacked = apt.folder().join("unpacked");
    context.must(context.command("dpkg-deb").arg("--extract").arg(file).arg(&unpacked))?;

    // The package holds `usr/src/rustc-VERSION`; the version it is named after may bear a suffix.
    let source = fs::read_dir(unpacked.join("usr/src"))?
        .filter_map(Result::ok)
        .map(|entry| entry.path().join("library"))
        .find(|path| path.join("Cargo.lock").exists())
        .ok_or_else(|| Stop::Failed("Debian's rust-src holds no library source".to_owned()))?;
    fs::rename(source, folder.join(LIBRARY))?;
    fs::remove_dir_all(apt.folder())?;
    Ok(())
}

fn missing(version: &str, target: &str) -> Stop {
    Stop::NotRun(format!(
        "no source of the standard library {version} is to be had: `rustup component add rust-src`, or \
         `rustup target add {target}`"
    ))
}

/// Inside the cache's folder.
const LIBRARY: &str = "library";
/// Debian's suites that carry compilers newer than its stable release.
const SUITES: [&str; 3] = ["trixie-backports", "testing", "unstable"];
