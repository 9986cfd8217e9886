//! One change of a file at a time, among all calls of this program.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{cannot_write, canonical, name};
use crate::failure::{Failure, Result, reason};
use crate::temporary;

/// How long a call waits for another one that changes the same file.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks whether the other one is done.
const PAUSE: Duration = Duration::from_millis(20);

/// Keeps other calls of this program from changing a file until it is dropped.
///
/// The lock is on a file of its own, `.NAME.lock`, beside the file, which only its owner can open. Any user who may open
/// the folder, or the file itself, could lock those for ever. The lock file is removed when the lock is given up, also if a signal ends the process.
pub(crate) struct Lock {
    /// Locked as long as it is open.
    _file: File,
    path: PathBuf,
}

impl Lock {
    /// Waits until no other call changes `target`, which need not exist.
    ///
    /// # Errors
    /// If that takes more than ten seconds, or there can be no lock beside the file.
    pub(crate) fn of(target: &Path) -> Result<Self> {
        let path = beside(&canonical(target));
        let fail = |error: io::Error| cannot_lock(target, &path, &error);
        let start = Instant::now();
        loop {
            let attempt = || Attempt::at(&path);
            let mut file = match temporary::create_as(attempt, Attempt::path).map_err(fail)? {
                Attempt::Locked(lock) => return Ok(lock),
                Attempt::Held(file) => file,
            };
            if start.elapsed() >= PATIENCE {
                let holder = holder(&mut file).map_or("another process".into(), |id| format!("process {id}"));
                let (target, seconds) = (name(target), PATIENCE.as_secs());
                return Err(Failure::Io(format!(
                    "cannot change {target}: {holder} has held {} for {seconds} seconds. Wait for it or end it, then \
                     try again",
                    name(&path)
                )));
            }
            std::thread::sleep(PAUSE);
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is still locked: the lock file of another process is never removed.
        temporary::remove(&self.path);
    }
}

/// What came of one attempt to lock.
enum Attempt {
    Locked(Lock),
    /// Another process holds the lock, or has just removed the lock file.
    Held(File),
}

impl Attempt {
    fn at(path: &Path) -> io::Result<Self> {
        let mut file = open(path)?;
        match file.try_lock() {
            // The process that held the lock may have removed the file after it was opened here.
            Ok(()) if is_at(&file, path) => {
                // For the message of who waits in vain; the lock holds without it.
                let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
                Ok(Self::Locked(Lock { _file: file, path: path.into() }))
            }
            Ok(()) | Err(TryLockError::WouldBlock) => Ok(Self::Held(file)),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// The lock file, if it is this process's.
    fn path(&self) -> Option<&Path> {
        match self {
            Self::Locked(lock) => Some(&lock.path),
            Self::Held(_) => None,
        }
    }
}

/// The error of an attempt. If there is a lock file, it is the cause: another user may have left it behind.
fn cannot_lock(target: &Path, path: &Path, error: &io::Error) -> Failure {
    if path.symlink_metadata().is_err() {
        return cannot_write(target, error);
    }
    let (target, lock, reason) = (name(target), name(path), reason(error));
    Failure::Io(format!(
        "cannot change {target}, because its lock file {lock} cannot be used: {reason}. If no other call of kycvs runs, \
         delete {lock} and try again"
    ))
}

fn beside(target: &Path) -> PathBuf {
    let mut file = std::ffi::OsString::from(".");
    file.push(target.file_name().unwrap_or_default());
    file.push(".lock");
    target.with_file_name(file)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let no_follow = rustix::fs::OFlags::NOFOLLOW.bits();
        options.mode(0o600).custom_flags(no_follow.cast_signed());
    }
    options.open(path)
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (file.metadata(), path.symlink_metadata()) {
        (Ok(file), Ok(there)) => (file.dev(), file.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

/// The process that wrote its id into the lock.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
