//! Programs of the operating system, installed where this runs as root on Debian.

use std::path::Path;

use crate::context::{Context, Stop};

/// Sees to it that `name` can be started; installs Debian's `package` where it cannot and this is root on Debian.
pub(crate) fn program(context: &mut Context, name: &str, package: &str) -> Result<(), Stop> {
    if starts(name) {
        return Ok(());
    }
    let missing =
        || Stop::NotRun(format!("`{name}` is not there: install it (Debian's package `{package}`)"));
    if !may_install(context) {
        return Err(missing());
    }
    install(context, package)?;
    if starts(name) { Ok(()) } else { Err(missing()) }
}

/// Whether this is root on a system with `apt-get`.
pub(super) fn may_install(context: &mut Context) -> bool {
    let id = context.command("id").arg("-u").output();
    starts("apt-get") && id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Installs one package, after reading the package lists anew.
pub(super) fn install(context: &mut Context, package: &str) -> Result<(), Stop> {
    let mut update = context.command("apt-get");
    context.run(update.args(["--quiet", "update"]))?;
    let mut install = context.command("apt-get");
    install.args(["--quiet", "--yes", "--no-install-recommends", "install", package]);
    install.env("DEBIAN_FRONTEND", "noninteractive");
    if context.run(&mut install)?.success {
        Ok(())
    } else {
        Err(Stop::NotRun(format!("Debian's package `{package}` could not be installed")))
    }
}

/// The Debian mirror that the system's own `apt-get` uses.
pub(super) fn debian_mirror(context: &mut Context) -> Result<String, Stop> {
    let mut targets = context.command("apt-get");
    targets.args(["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]);
    let mirrors = context.stdout_of(&mut targets)?;
    let mirror = mirrors.lines().find(|mirror| mirror.ends_with("/debian/") || mirror.ends_with("/debian"));
    mirror
        .map(ToOwned::to_owned)
        .ok_or_else(|| Stop::NotRun("apt-get knows no Debian mirror: run `apt-get update` first".to_owned()))
}

/// Whether a program of this name is in a folder of `PATH`.
pub(crate) fn starts(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder: std::path::PathBuf| Path::new(&folder).join(name).is_file())
}
