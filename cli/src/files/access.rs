//! The access rights of a file, when another one takes its place.

use std::fs::File;
use std::io;
use std::path::Path;

/// Gives `new` the owner, group, mode and access list (POSIX ACL) of the file at `old`.
///
/// # Errors
/// If the system does not allow it: then `new` must not take the place of `old`, which others may need to read.
#[cfg(unix)]
pub(super) fn keep(old: &Path, new: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let (about, now) = (std::fs::metadata(old)?, new.metadata()?);
    if (about.uid(), about.gid()) != (now.uid(), now.gid()) {
        fchown(new, Some(about.uid()), Some(about.gid()))?;
    }
    #[cfg(target_os = "linux")]
    acl::keep(old, new)?;
    // Last: a change of the owner takes bits away, and the access list has the group's among its own.
    new.set_permissions(about.permissions())
}

#[cfg(not(unix))]
pub(super) fn keep(old: &Path, new: &File) -> io::Result<()> {
    new.set_permissions(std::fs::metadata(old)?.permissions())
}

#[cfg(target_os = "linux")]
mod acl {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    use rustix::fs::{XattrFlags, fremovexattr, fsetxattr, getxattr};
    use rustix::io::Errno;

    const NAME: &str = "system.posix_acl_access";
    /// The longest value that Linux has.
    const LONGEST: usize = 1 << 16;

    /// A new file may have a list of its own, which its folder gave it: that is not the old file's.
    pub(super) fn keep(old: &Path, new: &File) -> io::Result<()> {
        let mut list = vec![0; LONGEST];
        match getxattr(old, NAME, &mut list[..]) {
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
