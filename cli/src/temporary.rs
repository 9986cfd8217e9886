//! Temporary files that a signal does not leave behind: they may hold names, numbers and the openings of answers.

use std::path::Path;
use std::{fs, io};

use tempfile::NamedTempFile;

/// Makes a temporary file that is removed if SIGINT, SIGTERM or SIGHUP end the process. (It removes itself when it is
/// dropped. SIGKILL and a power cut leave it behind; its mode is the caller's choice.)
///
/// A signal that the process was started to ignore, as `nohup` does with SIGHUP, stays ignored.
pub(crate) fn create(make: impl FnOnce() -> io::Result<NamedTempFile>) -> io::Result<NamedTempFile> {
    create_as(make, |file| Some(file.path()))
}

/// The same for a file of another kind, such as a lock. `path` gives its path if this process may remove it.
#[cfg(unix)]
pub(crate) fn create_as<T>(
    make: impl FnOnce() -> io::Result<T>,
    path: impl FnOnce(&T) -> Option<&Path>,
) -> io::Result<T> {
    // Held meanwhile: the watcher must know every file that exists.
    let mut known = unix::known();
    let file = make()?;
    // A relative path would lead elsewhere from another folder; nothing here changes the folder.
    known.extend(path(&file).map(Path::to_owned));
    Ok(file)
}

/// Removes a file of [`create_as`]. From then on a file of this name may be another process's: no signal removes it.
#[cfg(unix)]
pub(crate) fn remove(path: &Path) {
    let mut known = unix::known();
    let _ = fs::remove_file(path);
    known.retain(|other| other != path);
}

#[cfg(not(unix))]
pub(crate) fn create_as<T>(
    make: impl FnOnce() -> io::Result<T>,
    _: impl FnOnce(&T) -> Option<&Path>,
) -> io::Result<T> {
    make()
}

#[cfg(not(unix))]
pub(crate) fn remove(path: &Path) {
    let _ = fs::remove_file(path);
}

#[cfg(unix)]
mod unix {
    use std::path::PathBuf;
    use std::sync::{Mutex, MutexGuard, Once, PoisonError};
    use std::{fs, io, process, thread};

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    /// The temporary files that were made. A file that was renamed is no longer at its path here.
    static KNOWN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
    static WATCHED: Once = Once::new();

    /// Holds back the watcher until it is dropped. Starts the watcher first.
    pub(super) fn known() -> MutexGuard<'static, Vec<PathBuf>> {
        WATCHED.call_once(|| {
            // Without it, files are made all the same: nothing else depends on it.
            let _ = watch();
        });
        KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch() -> io::Result<()> {
        let ignored = ignored();
        let watched =
            [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
        let mut signals = Signals::new(watched)?;
        thread::Builder::new().name("signals".into()).spawn(move || {
            let Some(signal) = signals.forever().next() else { return };
            // Held to the end: no file is made any more.
            let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
            for path in &*known {
                let _ = fs::remove_file(path);
            }
            // As if nobody had watched: the caller sees which signal it was.
            let _ = emulate_default_handler(signal);
            process::exit(128 + signal);
        })?;
        Ok(())
    }

    /// The signals that the process ignores, a bit each, as Linux tells them; none on other systems.
    fn ignored() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
    }
}
