//! Virtual environments: one in the cache for each list of pinned packages, and small ones of a checkout upon it.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{apt, cached, path_with};
use crate::context::{Context, Stop};

/// The packages that the scripts of this project run with.
pub(crate) const SCRIPTS: &str = "test-vectors/interop/requirements.txt";
/// The packages that `bindings/python` is built and tested with.
pub(crate) const BINDINGS: &str = "bindings/python/requirements-test.txt";
/// The libraries that `kycvs.arrow` is tested with.
pub(crate) const ARROW: &str = "bindings/python/requirements-arrow.txt";
/// Apache Spark, for `kycvs.spark`.
pub(crate) const SPARK: &str = "bindings/python/requirements-spark.txt";

/// The packages that the service's description is held against it with.
pub(crate) const SERVICE: &str = "issuer/proof/schemathesis/requirements.txt";

/// A virtual environment.
pub(crate) struct Environment {
    folder: PathBuf,
}

impl Environment {
    /// Its interpreter.
    pub(crate) fn python(&self) -> PathBuf {
        self.folder.join("bin/python")
    }

    /// Its folder; what a tool keeps for itself can go there.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A call of its interpreter that sees nothing of the user's own.
    pub(crate) fn command(&self, context: &Context) -> Command {
        let mut command = context.command(self.python());
        for variable in ["PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP"] {
            command.env_remove(variable);
        }
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        // What activating it would do; some tools find their own programs so.
        command.env("VIRTUAL_ENV", &self.folder);
        command.env("PATH", path_with(Some(self.folder.join("bin"))));
        command
    }

    /// A new and empty one below `target/`, without pip, which sees the packages of this one beside its own.
    ///
    /// What a checkout builds is installed there, since the cache is for all checkouts.
    pub(crate) fn upon_it(&self, context: &mut Context, name: &str) -> Result<Self, Stop> {
        let upper = Self::empty(context, name)?;
        let packages = |environment: &Self, context: &mut Context| {
            let mut command = environment.command(context);
            command.args(["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]);
            context.stdout_of(&mut command).map(|folder| PathBuf::from(folder.trim()))
        };
        let lower = packages(self, context)?;
        let own = packages(&upper, context)?;
        fs::write(own.join("upon.pth"), format!("{}\n", lower.display()))?;
        Ok(upper)
    }

    /// A new and empty one below `target/`, without pip.
    pub(crate) fn empty(context: &mut Context, name: &str) -> Result<Self, Stop> {
        let folder = context.target("xtask-work")?.join(name);
        fs::remove_dir_all(&folder).ok();
        let mut venv = context.command("python3");
        context.must(venv.args(["-m", "venv", "--without-pip"]).arg(&folder))?;
        Ok(Self { folder })
    }

    /// Installs a wheel into `other` with the pip of this one, and nothing that it depends on.
    pub(crate) fn install_into(&self, context: &mut Context, other: &Self, wheel: &Path) -> Result<(), Stop> {
        let mut pip = self.command(context);
        pip.args(["-m", "pip", "--python"]).arg(other.python());
        pip.args(["install", "--quiet", "--no-index", "--no-deps"]).arg(wheel);
        context.must(&mut pip)?;
        Ok(())
    }
}

/// The environment with the packages that the file `requirements` of the checkout lists; it is made where it is not
/// there yet.
pub(crate) fn python(context: &mut Context, requirements: &str) -> Result<Environment, Stop> {
    apt::program(context, "python3", "python3")?;
    let version = context.stdout_of(context.command("python3").arg("--version"))?;
    let minor = version.trim().strip_prefix("Python 3.").map_or(0, minor_of);
    if minor < OLDEST_MINOR {
        return Err(Stop::NotRun(format!(
            "{} is too old: put Python 3.{OLDEST_MINOR} or later first in PATH",
            version.trim()
        )));
    }

    let path = context.root().join(requirements);
    let pinned =
        fs::read_to_string(&path).map_err(|error| Stop::Failed(format!("{requirements}: {error}")))?;
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
        pip.args(["-m", "pip", "install", "--quiet", "--only-binary", ":all:", "--requirement"]).arg(&path);
        if context.run(&mut pip)?.success {
            Ok(())
        } else {
            Err(Stop::NotRun(format!("the packages of {requirements} could not be installed from PyPI")))
        }
    })?;
    Ok(Environment { folder })
}

fn make(context: &mut Context, folder: &Path) -> Result<bool, Stop> {
    let mut venv = context.command("python3");
    Ok(context.run(venv.args(["-m", "venv"]).arg(folder))?.success)
}

fn minor_of(version: &str) -> u32 {
    version.split('.').next().and_then(|minor| minor.parse().ok()).unwrap_or(0)
}

/// What the pinned packages ask for.
const OLDEST_MINOR: u32 = 11;
