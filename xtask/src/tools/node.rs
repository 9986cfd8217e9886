//! Node.js with npm: the machine's, else that of `PyPI`, and npm packages, pinned by a lockfile of the checkout.

use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{apt, cached, path_with, python::python};
use crate::context::{Context, Stop};

/// A Node.js that works.
pub(crate) struct Node {
    /// Where its programs are; `None` where they are on `PATH`.
    folder: Option<PathBuf>,
    version: String,
}

impl Node {
    /// `node`, `npm` or another of its programs, run in the checkout.
    pub(crate) fn command(&self, context: &Context, program: impl AsRef<OsStr>) -> Command {
        let Some(folder) = &self.folder else { return context.command(program) };
        let mut command = context.command(folder.join(program.as_ref()));
        // `npm` is a script that looks for `node`, and so may be what it starts.
        command.env("PATH", path_with(Some(folder.clone())));
        command
    }
}

/// Finds or fetches it.
pub(crate) fn node(context: &mut Context) -> Result<Node, Stop> {
    if apt::starts("node") && apt::starts("npm") {
        let version = context.stdout_of(context.command("node").arg("--version"))?.trim().to_owned();
        if major_version(&version).is_some_and(|major| major >= OLDEST) {
            return Ok(Node { folder: None, version });
        }
    }
    let folder = python(context, FROM_PYPI)?.folder().join("bin");
    let version = context.stdout_of(context.command(folder.join("node")).arg("--version"))?.trim().to_owned();
    Ok(Node { folder: Some(folder), version })
}

/// Sees to it that the folder `folder` of the checkout, which has a `package.json` and a `package-lock.json`, has its
/// `node_modules`: a link to a folder of the cache, where `npm ci` has put exactly what the lockfile says. Returns the
/// link's path.
///
/// Scripts of packages are not run. A `node_modules` that is no link is a developer's own, and is left as it is.
pub(crate) fn packages(context: &mut Context, node: &Node, folder: &str) -> Result<PathBuf, Stop> {
    let folder = context.root().join(folder);
    let link = folder.join("node_modules");
    if link.is_dir() && !link.is_symlink() {
        return Ok(link);
    }
    let read = |name: &str| {
        fs::read(folder.join(name))
            .map_err(|error| Stop::Failed(format!("{}: {error}", folder.join(name).display())))
    };
    let files = [(MANIFEST, read(MANIFEST)?), (LOCK, read(LOCK)?)];
    let mut hasher = DefaultHasher::new();
    (&files, &node.version).hash(&mut hasher);
    let cached = cached(context, &format!("npm-{:016x}", hasher.finish()), |context, cached| {
        for (name, content) in &files {
            fs::write(cached.join(name), content)?;
        }
        let mut install = node.command(context, "npm");
        install.args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--omit-lockfile-registry-resolved",
        ]);
        if context.run(install.current_dir(cached))?.success {
            Ok(())
        } else {
            Err(Stop::NotRun(format!("the packages of {} could not be installed from npm", folder.display())))
        }
    })?;
    let packages = cached.join("node_modules");
    if fs::read_link(&link).ok().as_ref() != Some(&packages) {
        fs::remove_file(&link).ok();
        symlink(&packages, &link)?;
    }
    Ok(link)
}

#[cfg(unix)]
fn symlink(to: &Path, at: &Path) -> Result<(), Stop> {
    Ok(std::os::unix::fs::symlink(to, at)?)
}

#[cfg(not(unix))]
fn symlink(_: &Path, at: &Path) -> Result<(), Stop> {
    Err(Stop::NotRun(format!("{} is not there: run `npm ci` beside it", at.display())))
}

/// As `node --version` says it: `v20.20.2`.
fn major_version(text: &str) -> Option<u32> {
    text.strip_prefix('v')?.split('.').next()?.parse().ok()
}

const MANIFEST: &str = "package.json";
const LOCK: &str = "package-lock.json";
/// The oldest release line that is still in use.
const OLDEST: u32 = 20;
const FROM_PYPI: &str = "xtask/src/tools/node.txt";

#[cfg(test)]
mod tests {
    use super::major_version;

    #[test]
    fn node_says_its_version() {
        assert_eq!(major_version("v20.20.2"), Some(20));
        assert_eq!(major_version("20"), None);
    }
}
