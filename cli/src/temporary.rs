//! Temporary files that a signal does not leave behind: they may hold names, numbers and the openings of answers.

use std::io;

use tempfile::NamedTempFile;

/// Makes a temporary file that is removed if SIGINT, SIGTERM or SIGHUP end the process. (It removes itself when it is
/// dropped. SIGKILL and a power cut leave it behind; its mode is the caller's choice.)
///
/// A signal that the process was started to ignore, as `nohup` does with SIGHUP, stays ignored.
#[cfg(unix)]
pub(crate) fn create(make: impl FnOnce() -> io::Result<NamedTempFile>) -> io::Result<NamedTempFile> {
    unix::create(make)
}

#[cfg(not(unix))]
pub(crate) fn create(make: impl FnOnce() -> io::Result<NamedTempFile>) -> io::Result<NamedTempFile> {
    make()
}

#[cfg(unix)]
mod unix {
    use std::path::PathBuf;
    use std::sync::{Mutex, Once, PoisonError};
    use std::{fs, io, process, thread};

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;
    use tempfile::NamedTempFile;

    /// The temporary files that were made. A file that was renamed is no longer at its path here.
    static KNOWN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
    static WATCHED: Once = Once::new();

    pub(super) fn create(make: impl FnOnce() -> io::Result<NamedTempFile>) -> io::Result<NamedTempFile> {
        WATCHED.call_once(|| {
            // Without it, files are made all the same: nothing else depends on it.
            let _ = watch();
        });
        // Held meanwhile: the watcher must know every file that exists.
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let file = make()?;
        // A relative path would lead elsewhere from another folder; nothing here changes the folder.
        known.push(file.path().to_owned());
        Ok(file)
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
