//! Tools of pinned versions, found or installed in a cache outside the checkout.
//!
//! The cache is `$KYCVS_CACHE`, else `$XDG_CACHE_HOME/kycvs`, else `~/.cache/kycvs`; it can be deleted at any time.
//! Every folder in it is named after what is in it, version and all, and bears a mark once it is whole, so an
//! installation that was cut short is done again.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::context::{Context, Stop};

mod apt;
mod chromium;
mod lld;
mod maven;
mod node;
mod pgbouncer;
mod postgres;
mod python;
mod rust_src;
mod swift;
mod wasm;

pub(crate) use apt::{program, starts};
pub(crate) use chromium::chromium;
pub(crate) use lld::lld;
pub(crate) use maven::{java, maven};
pub(crate) use node::{Node, node, packages};
pub(crate) use pgbouncer::pgbouncer;
pub(crate) use postgres::{Postgres, Storage, postgres};
pub(crate) use python::{ARROW, BINDINGS, Environment, SCRIPTS, SERVICE, SPARK, python};
pub(crate) use rust_src::{BARE_TARGET, Std, std_source};
pub(crate) use swift::{Swift, swift};
pub(crate) use wasm::wasm_bindgen;

/// A program from crates.io, at one version.
pub(crate) struct CargoTool {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// Further arguments of `cargo install`: `--locked` where the versions are to be those that its authors built it
    /// with; what is left out builds faster.
    pub(crate) arguments: &'static [&'static str],
}

/// Licences, duplicate and banned crates, sources. Without its own network code, which would ask the advisory database.
pub(crate) const CARGO_DENY: CargoTool =
    CargoTool { name: "cargo-deny", version: "0.20.2", arguments: &["--locked", "--no-default-features"] };

/// Builds the fuzz targets with libFuzzer.
pub(crate) const CARGO_FUZZ: CargoTool =
    CargoTool { name: "cargo-fuzz", version: "0.13.2", arguments: &["--locked"] };

/// The tool's program, installed where it is not there yet.
pub(crate) fn cargo_tool(context: &mut Context, tool: &CargoTool) -> Result<PathBuf, Stop> {
    let name = format!("{}-{}", tool.name, tool.version);
    let folder = cached(context, &name, |context, folder| {
        let build = folder.join("build");
        let mut install = context.cargo();
        install.args(["install", "--quiet", "--root"]).arg(folder);
        // Not optimized: that halves the time to build them and more, and none of them is slow in what it does here.
        install.args(["--debug", &format!("{}@{}", tool.name, tool.version)]).args(tool.arguments);
        install.env("CARGO_TARGET_DIR", &build).env("CARGO_PROFILE_DEV_DEBUG", "0");
        let installed = context.run(&mut install)?.success;
        fs::remove_dir_all(&build).ok();
        if installed {
            Ok(())
        } else {
            Err(Stop::NotRun(format!("{name} could not be installed from crates.io")))
        }
    })?;
    Ok(folder.join("bin").join(tool.name))
}

/// The cache's folder `name`, filled by `fill` where it is not whole.
fn cached(
    context: &mut Context,
    name: &str,
    fill: impl FnOnce(&mut Context, &Path) -> Result<(), Stop>,
) -> Result<PathBuf, Stop> {
    let folder = cache()?.join(name);
    let mark = folder.join(".whole");
    if !mark.exists() {
        fs::remove_dir_all(&folder).ok();
        fs::create_dir_all(&folder).map_err(|error| cannot_write(&folder, &error))?;
        fill(context, &folder)?;
        fs::write(&mark, "").map_err(|error| cannot_write(&mark, &error))?;
    }
    Ok(folder)
}

fn cache() -> Result<PathBuf, Stop> {
    let named = |variable| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    named("KYCVS_CACHE")
        .or_else(|| named("XDG_CACHE_HOME").map(|folder| folder.join("kycvs")))
        .or_else(|| std::env::home_dir().map(|home| home.join(".cache").join("kycvs")))
        .ok_or_else(|| {
            Stop::NotRun("there is no home folder: set KYCVS_CACHE to a folder for the tools".to_owned())
        })
}

/// `PATH` with `folder` before all others.
pub(crate) fn path_with(folder: Option<PathBuf>) -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = folder.into_iter().chain(std::env::split_paths(&path)).collect();
    // It fails if a folder's name holds the separator.
    std::env::join_paths(folders).unwrap_or(path)
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Stop {
    Stop::NotRun(format!("{}: {error}; KYCVS_CACHE names another folder for the tools", path.display()))
}
