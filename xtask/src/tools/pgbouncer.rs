//! `PgBouncer`: the one on `PATH`, else that of Debian's release trixie, in the cache.
//!
//! 1.21 is the first that prepares statements in transaction mode, and Debian 12 has 1.18. So the package and all that it
//! needs, down to the C library, is unpacked in a folder; nothing of the system changes, and root is not needed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    apt::{self, PrivateApt},
    cached,
};
use crate::context::{Context, Stop};

/// The folder with a `pgbouncer` that works, to be put first in `PATH`; `None` if the one on `PATH` is new enough.
pub(crate) fn pgbouncer(context: &mut Context) -> Result<Option<PathBuf>, Stop> {
    if apt::starts("pgbouncer") {
        let version = context.run(context.command("pgbouncer").arg("--version"))?.text;
        if is_new_enough(&version) {
            return Ok(None);
        }
    }
    if !apt::starts("apt-get") || !apt::starts("dpkg-deb") {
        return Err(missing());
    }
    let Some(mirror) = apt::debian_mirror(context)? else { return Err(missing()) };
    let folder =
        cached(context, &format!("pgbouncer-{SUITE}"), |context, folder| fetch(context, &mirror, folder))?;
    Ok(Some(folder))
}

fn fetch(context: &mut Context, mirror: &str, folder: &Path) -> Result<(), Stop> {
    let apt = PrivateApt::new(mirror, folder, SUITE)?;
    // As if nothing were installed: the system's libraries are of another release.
    let status = apt.folder().join("status");
    fs::write(&status, "")?;
    let status = format!("Dir::State::status={}", status.display());
    if !context.run(apt.get(context).arg("update"))?.success {
        return Err(missing());
    }
    let mut download = apt.get(context);
    download.args([
        "-o",
        &status,
        "--yes",
        "--no-install-recommends",
        "--download-only",
        "install",
        "pgbouncer",
    ]);
    if !context.run(&mut download)?.success {
        return Err(missing());
    }
    let root = folder.join("root");
    for package in fs::read_dir(apt.folder().join("cache/archives"))? {
        let package = package?.path();
        if package.extension().is_some_and(|extension| extension == "deb") {
            context.must(context.command("dpkg-deb").arg("--extract").arg(package).arg(&root))?;
        }
    }
    let (libraries, loader) = loader(&root)?;
    let program = folder.join("pgbouncer");
    let [libraries, loader, root] = [&libraries, &loader, &root].map(|path| path.display());
    let script = format!(
        "#!/bin/sh\nexec '{loader}' --library-path '{libraries}' '{root}/usr/sbin/pgbouncer' \"$@\"\n"
    );
    fs::write(&program, script)?;
    context.must(context.command("chmod").arg("755").arg(&program))?;
    fs::remove_dir_all(apt.folder())?;
    Ok(())
}

/// The folder of the libraries, which is named after the processor, and the C library's loader in it.
fn loader(root: &Path) -> Result<(PathBuf, PathBuf), Stop> {
    for libraries in fs::read_dir(root.join("usr/lib"))?.filter_map(Result::ok).map(|entry| entry.path()) {
        for file in fs::read_dir(&libraries).into_iter().flatten().filter_map(Result::ok) {
            if libraries.join("libc.so.6").exists()
                && file.file_name().to_string_lossy().starts_with("ld-linux")
            {
                return Ok((libraries, file.path()));
            }
        }
    }
    Err(Stop::Failed("Debian's packages hold no C library".to_owned()))
}

/// Whether this, which `pgbouncer --version` printed, is 1.21 or newer.
fn is_new_enough(text: &str) -> bool {
    let version = text.split_whitespace().nth(1).unwrap_or_default();
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next(), parts.next()) >= (Some(1), Some(21))
}

fn missing() -> Stop {
    Stop::NotRun("PgBouncer 1.21 or newer is not there: put one first in PATH".to_owned())
}

/// Debian's first release with one that is new enough.
const SUITE: &str = "trixie";

#[cfg(test)]
mod tests {
    use super::is_new_enough;

    #[test]
    fn version_is_read_from_what_it_prints() {
        assert!(is_new_enough("PgBouncer 1.24.1\nlibevent 2.1") && is_new_enough("PgBouncer 2.0"));
        assert!(!is_new_enough("PgBouncer 1.18.0\n") && !is_new_enough("") && !is_new_enough("PgBouncer x"));
    }
}
