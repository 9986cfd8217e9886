//! A virtual environment with the packages of `xtask/python/requirements.txt`.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use super::{apt, cached};
use crate::context::{Context, Stop};

/// The interpreter of the virtual environment, which is made where it is not there yet.
pub(crate) fn python(context: &mut Context) -> Result<PathBuf, Stop> {
    apt::program(context, "python3", "python3")?;
    let version = context.stdout_of(context.command("python3").arg("--version"))?;
    let minor = version.trim().strip_prefix("Python 3.").map_or(0, minor_of);
    if minor < OLDEST_MINOR {
        return Err(Stop::NotRun(format!(
            "{} is too old: put Python 3.{OLDEST_MINOR} or later first in PATH",
            version.trim()
        )));
    }

    let requirements = context.root().join(REQUIREMENTS);
    let pinned = std::fs::read_to_string(&requirements)?;
    let mut hasher = DefaultHasher::new();
    (&pinned, &version).hash(&mut hasher);
    let folder = cached(context, &format!("python-{:016x}", hasher.finish()), |context, folder| {
        if !make(context, folder)? {
            // Debian keeps what `venv` needs in a package of its own.
            if !apt::may_install(context) {
                return Err(Stop::NotRun(
                    "`python3 -m venv` fails: install Debian's package `python3-venv`".to_owned(),
                ));
            }
            apt::install(context, "python3-venv")?;
            context.must(context.command("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
        }
        let mut pip = context.command(folder.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--only-binary", ":all:", "--requirement"])
            .arg(&requirements);
        if context.run(&mut pip)?.success {
            Ok(())
        } else {
            Err(Stop::NotRun(format!("the packages of {REQUIREMENTS} could not be installed from PyPI")))
        }
    })?;
    Ok(folder.join("bin/python"))
}

fn make(context: &mut Context, folder: &std::path::Path) -> Result<bool, Stop> {
    let mut venv = context.command("python3");
    Ok(context.run(venv.args(["-m", "venv"]).arg(folder))?.success)
}

fn minor_of(version: &str) -> u32 {
    version.split('.').next().and_then(|minor| minor.parse().ok()).unwrap_or(0)
}

const REQUIREMENTS: &str = "xtask/python/requirements.txt";
/// What the pinned packages ask for.
const OLDEST_MINOR: u32 = 11;
