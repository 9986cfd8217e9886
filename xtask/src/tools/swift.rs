//! Swift: the one on `PATH`, else Debian's, in a chroot in the cache.
//!
//! Debian has Swift 6 since its release trixie, which most machines are not. Where this is root on Debian,
//! `debootstrap` makes a small trixie with Swift in a folder, from the mirror that the system uses; nothing of the system
//! changes but that `debootstrap` is installed. [`Swift::command`] runs a program in there.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{apt, cached};
use crate::context::{Context, Stop};

/// A Swift that works.
pub(crate) enum Swift {
    OnPath,
    /// Debian's, below this folder.
    Chroot(PathBuf),
}

impl Swift {
    /// `program` (`swift`, or something that it has built), run in the checkout.
    ///
    /// It sees the checkout and the target folder where they are outside, and the environment that the caller sets;
    /// arguments and variables that name other folders of this machine are of no use to it.
    pub(crate) fn command(&self, context: &Context, program: impl AsRef<OsStr>) -> Command {
        match self {
            Self::OnPath => context.command(program),
            Self::Chroot(root) => {
                let mut command = isolated(context, "sh");
                command.arg(context.root().join(SCRIPT)).arg(root);
                command.arg(context.root()).arg(context.target_root());
                command.arg("--").arg(program);
                command
            }
        }
    }

    /// Sees to it that a C library is where this Swift looks for it: that of Debian's `package`, which has this `header`.
    pub(crate) fn library(&self, context: &mut Context, header: &str, package: &str) -> Result<(), Stop> {
        let root = match self {
            Self::OnPath => Path::new("/"),
            Self::Chroot(root) => root,
        };
        let header = root.join(HEADERS).join(header);
        if header.exists() {
            return Ok(());
        }
        match self {
            Self::OnPath if apt::may_install(context) => apt::install(context, package)?,
            Self::OnPath => {}
            Self::Chroot(root) => install_inside(context, root, &[package])?,
        }
        if header.exists() {
            return Ok(());
        }
        Err(Stop::NotRun(format!("{} is not there: install Debian's package `{package}`", header.display())))
    }
}

/// Finds or fetches it.
pub(crate) fn swift(context: &mut Context) -> Result<Swift, Stop> {
    let mut lacking = "`swift` is not there".to_owned();
    if apt::starts("swift") {
        let version = context.run(context.command("swift").arg("--version"))?.text;
        match major_version(&version) {
            Some(OLDEST..) => return Ok(Swift::OnPath),
            Some(old) => lacking = format!("the `swift` on PATH is of version {old}"),
            // OpenStack's client has the same name.
            None => {}
        }
    }
    let missing = |what: &str| Stop::NotRun(format!("{what}: put Swift {OLDEST}.0 or later first in PATH"));
    if !apt::may_install(context) {
        return Err(missing(&lacking));
    }
    if !context.run(isolated(context, "mount").args(["-t", "tmpfs", "none", "/tmp"]))?.success {
        return Err(missing(&format!("{lacking}, and this root may not mount what Debian's would need")));
    }
    let Some(mirror) = apt::debian_mirror(context)? else { return Err(missing(&lacking)) };
    let folder =
        cached(context, &format!("swift-{SUITE}"), |context, folder| install(context, &mirror, folder))?;
    Ok(Swift::Chroot(folder.join(ROOT)))
}

fn install(context: &mut Context, mirror: &str, folder: &Path) -> Result<(), Stop> {
    apt::program(context, "debootstrap", "debootstrap")?;
    let root = folder.join(ROOT);
    let mut debootstrap = isolated(context, "debootstrap");
    debootstrap.args(["--variant=minbase", "--include=swiftlang", SUITE]).arg(&root).arg(mirror);
    if !context.run(&mut debootstrap)?.success {
        return Err(Stop::NotRun(format!("Debian's Swift could not be fetched: debootstrap {SUITE} failed")));
    }
    // What `swift build` calls, and what its package only recommends.
    install_inside(context, &root, &BESIDE_SWIFT)
}

/// Installs packages in the chroot.
fn install_inside(context: &mut Context, root: &Path, packages: &[&str]) -> Result<(), Stop> {
    let mut inside = isolated(context, "sh");
    inside.arg(context.root().join(SCRIPT)).arg(root);
    inside.args(["--", "sh", "-c", INSTALL, "sh"]).args(packages);
    inside.env("DEBIAN_FRONTEND", "noninteractive").current_dir("/");
    if context.run(&mut inside)?.success {
        Ok(())
    } else {
        Err(Stop::NotRun(format!("{} could not be fetched from Debian", packages.join(", "))))
    }
}

/// A program with a mount namespace of its own; see the script.
fn isolated(context: &Context, program: &str) -> Command {
    // `unshare` waits for what it has started and does not hear a SIGTERM: it is to end with this program.
    let mut command = context.command("setpriv");
    command.args(["--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child", program]);
    command
}

/// The major version that `swift --version` prints; `None` where it is another program.
fn major_version(text: &str) -> Option<u32> {
    let (_, version) = text.split_once("Swift version ")?;
    version.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

/// Mounts what is needed and changes root.
const SCRIPT: &str = "xtask/src/tools/in_chroot.sh";
/// Debian's first release with Swift 6.
const SUITE: &str = "trixie";
/// Where its packages put headers, from the root.
const HEADERS: &str = "usr/include";
/// Inside the cache's folder.
const ROOT: &str = "root";
const INSTALL: &str = r#"apt-get --quiet update && apt-get --quiet --yes --no-install-recommends install "$@" && apt-get clean"#;
const BESIDE_SWIFT: [&str; 4] = ["build-essential", "libpython3-dev", "git", "ca-certificates"];
/// The language mode of the package.
const OLDEST: u32 = 6;

#[cfg(test)]
mod tests {
    use super::major_version;

    #[test]
    fn swift_is_known_by_what_it_says_of_itself() {
        assert_eq!(major_version("Swift version 6.0.3 (swift-6.0.3-RELEASE)\nTarget: x86_64"), Some(6));
        assert_eq!(
            major_version("swift-driver version: 1.1 Apple Swift version 5.10 (swiftlang-5.10)"),
            Some(5)
        );
        assert_eq!(major_version("python-swiftclient 4.6.0"), None);
    }
}
