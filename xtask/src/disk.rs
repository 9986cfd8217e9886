//! Room on the disk: the whole of `cargo xtask test` takes gigabytes, and whoever runs out of them should be told so.

use std::fs;
use std::path::Path;
use std::process::Command;

/// What all steps take together from nothing, tools in the cache and crates in cargo's home included: about so much.
pub(crate) const WHOLE: Room = Room::of_gigabytes(16);

/// With less than this, what a finished step leaves and no other step uses is removed.
const LITTLE: Room = Room::of_gigabytes(8);

/// With less than this, a failure is likely to be the disk's.
const NONE: Room = Room { megabytes: 500 };

#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Room {
    megabytes: u64,
}

impl Room {
    pub(crate) const fn of_gigabytes(gigabytes: u64) -> Self {
        Self { megabytes: gigabytes * 1000 }
    }

    /// What is free where `folder` is; `None` where this system's `df` does not tell.
    pub(crate) fn free(folder: &Path) -> Option<Self> {
        let output = Command::new("df").args(["-P", "-k"]).arg(folder).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        // POSIX: a line of headings, then name, size, used and free in kilobytes.
        let kilobytes: u64 = text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
        Some(Self { megabytes: kilobytes / 1024 })
    }

    pub(crate) fn is_full(self) -> bool {
        self < NONE
    }
}

impl std::fmt::Display for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tenths = self.megabytes / 100;
        write!(f, "{}.{} GB", tenths / 10, tenths % 10)
    }
}

/// Removes `folders` below `target` where there is little room left.
pub(crate) fn make_room(target: &Path, folders: &[&str]) {
    if Room::free(target).is_some_and(|free| free < LITTLE) {
        for folder in folders {
            // It may not be there, and what stays is no reason to fail.
            fs::remove_dir_all(target.join(folder)).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_free_is_what_the_system_says() {
        let free = Room::free(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("there is a `df`");
        assert!(free.megabytes > 0, "{free}");
    }

    #[test]
    fn sizes_are_shown_in_gigabytes() {
        assert_eq!(WHOLE.to_string(), "16.0 GB");
        assert_eq!(Room { megabytes: 287 }.to_string(), "0.2 GB");
    }
}
