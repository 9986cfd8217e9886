//! The access rights of a file, when another one takes its place.

use std::fs::File;
use std::io;
use std::path::Path;

use super::Readers;

/// Gives `new` the owner and the group of the file at `old`. If anyone may be a reader, it gets the mode and the access
/// list (POSIX ACL) too; otherwise only its owner can read it.
///
/// # Errors
/// If the system does not allow it: then `new` must not take the place of `old`, which others may need to read.
#[cfg(unix)]
pub(super) fn keep(old: &Path, new: &File, readers: Readers) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let (about, now) = (std::fs::metadata(old)?, new.metadata()?);
    if (about.uid(), about.gid()) != (now.uid(), now.gid()) {
        fchown(new, Some(about.uid()), Some(about.gid()))?;
    }
    #[cfg(target_os = "linux")]
    acl::keep(old, new, readers)?;
    // Last: a change of the owner takes bits away, and the access list has the group's among its own.
    if readers == Readers::Anyone { new.set_permissions(about.permissions()) } else { Ok(()) }
}

#[cfg(not(unix))]
pub(super) fn keep(old: &Path, new: &File, readers: Readers) -> io::Result<()> {
    match readers {
        Readers::Anyone => new.set_permissions(std::fs::metadata(old)?.permissions()),
        Readers::Owner => Ok(()),
    }
}

#[cfg(target_os = "linux")]
mod acl {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    use rustix::fs::{XattrFlags, fremovexattr, fsetxattr, getxattr};
    use rustix::io::Errno;

    use crate::files::Readers;

    const NAME: &str = "system.posix_acl_access";
    /// The longest value that Linux has.
    const LONGEST: usize = 1 << 16;

    /// A new file may have a list of its own, which its folder gave it: that is not the old file's.
    pub(super) fn keep(old: &Path, new: &File, readers: Readers) -> io::Result<()> {
        let mut list = vec![0; LONGEST];
        let length = match readers {
            Readers::Anyone => getxattr(old, NAME, &mut list[..]),
            Readers::Owner => Err(Errno::NODATA),
        };
        match length {
            Ok(length) => fsetxattr(new, NAME, &list[..length], XattrFlags::empty())?,
            Err(Errno::NODATA | Errno::NOTSUP) => match fremovexattr(new, NAME) {
                Ok(()) | Err(Errno::NODATA | Errno::NOTSUP) => {}
                Err(error) => return Err(error.into()),
            },
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}
