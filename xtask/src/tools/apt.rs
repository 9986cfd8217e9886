//! Programs of the operating system, installed where this runs as root on Debian.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

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

/// The Debian mirror that the system's own `apt-get` uses; `None` where this is no Debian.
pub(super) fn debian_mirror(context: &mut Context) -> Result<Option<String>, Stop> {
    let mut mirror = known_mirror(context)?;
    // Images of containers come without lists, and without lists nothing is known.
    if mirror.is_none() && may_install(context) {
        let mut update = context.command("apt-get");
        context.run(update.args(["--quiet", "update"]))?;
        mirror = known_mirror(context)?;
    }
    Ok(mirror)
}

fn known_mirror(context: &mut Context) -> Result<Option<String>, Stop> {
    let mut targets = context.command("apt-get");
    targets.args(["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]);
    let sources = context.stdout_of(&mut targets)?;
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    Ok(sources.lines().flat_map(|source| mirrors_of(source, read)).find(|mirror| is_debian(mirror)))
}

/// A source is a mirror, or names a file with a list of them.
fn mirrors_of(source: &str, read: impl Fn(&str) -> String) -> Vec<String> {
    let Some(list) = source.strip_prefix("mirror+file:") else { return vec![source.to_owned()] };
    let list = read(list.trim_end_matches('/'));
    list.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn is_debian(mirror: &str) -> bool {
    mirror.trim_end_matches('/').ends_with("/debian")
}

/// Whether a program of this name is in a folder of `PATH`.
pub(crate) fn starts(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder: PathBuf| Path::new(&folder).join(name).is_file())
}

/// `apt-get` with lists, cache and sources of its own: nothing of the system changes, and root is not needed.
pub(super) struct PrivateApt {
    folder: PathBuf,
}

impl PrivateApt {
    pub(super) fn new(mirror: &str, parent: &Path, suite: &str) -> Result<Self, Stop> {
        let folder = parent.join("apt");
        fs::remove_dir_all(&folder).ok();
        for name in ["state/lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(folder.join(name))?;
        }
        fs::write(folder.join("sources.list"), format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n"))?;
        Ok(Self { folder })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn get(&self, context: &Context) -> Command {
        self.with_own_folders(context.command("apt-get"))
    }

    pub(super) fn cache(&self, context: &Context) -> Command {
        self.with_own_folders(context.command("apt-cache"))
    }

    fn with_own_folders(&self, mut command: Command) -> Command {
        let at = |name: &str| self.folder.join(name).display().to_string();
        for option in [
            format!("Dir::Etc::sourcelist={}", at("sources.list")),
            "Dir::Etc::sourceparts=/dev/null".to_owned(),
            format!("Dir::State={}", at("state")),
            format!("Dir::Cache={}", at("cache")),
            // Root would otherwise fetch as a user that may not write here.
            "APT::Sandbox::User=".to_owned(),
        ] {
            command.args(["-o", &option]);
        }
        command.arg("--quiet").current_dir(&self.folder);
        command
    }
}

/// The packages of a private `apt-get` are Debian's own.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

#[cfg(test)]
mod tests {
    use super::{is_debian, mirrors_of};

    #[test]
    fn a_mirror_is_known_by_its_path_or_found_in_a_list() {
        assert!(is_debian("scheme://host/debian/") && is_debian("scheme://host/debian"));
        assert!(!is_debian("scheme://host/debian-security/") && !is_debian("scheme://host/ubuntu/"));

        let read = |path: &str| match path {
            "/etc/list" => "scheme://one/debian/ priority:1\nscheme://two/debian/\n".to_owned(),
            _ => String::new(),
        };
        let both = ["scheme://one/debian/", "scheme://two/debian/"];
        assert_eq!(mirrors_of("mirror+file:/etc/list/", read), both);
        assert_eq!(mirrors_of("scheme://host/debian", read), ["scheme://host/debian"]);
    }
}
