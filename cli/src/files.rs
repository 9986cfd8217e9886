//! Files: read with a bound, written whole or not at all.

mod access;
mod lock;

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use kycvs::{ErrorCode, TrustStore};
use kycvs_tables::{ReadError, text};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

pub(crate) use self::lock::Lock;
use crate::failure::{Failure, Result};
use crate::output::shown;
use crate::temporary;

/// At most this much of a trust store or of a file of public keys is read: a mebibyte, a byte order mark, and a byte that
/// shows that there is more.
const KEYS_BOUND: usize = (1 << 20) + 3 + 1;
/// No private key, passphrase or name is longer than this.
const SMALL_BOUND: usize = 1 << 16;

/// A path as messages name it.
pub(crate) fn name(path: &Path) -> String {
    format!("`{}`", shown(&path.to_string_lossy()))
}

/// Opens a file, or standard input for `-`.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read>> {
    if is_stdin(path) {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(path).map_err(|error| cannot_read(path, &error))?;
    if file.metadata().is_ok_and(|about| about.is_dir()) {
        return Err(Failure::Io(format!("cannot read {}: it is a folder", name(path))));
    }
    Ok(Box::new(file))
}

/// A file that is opened when it is first read and closed when it is dropped: one call may name more files than a process
/// may have open.
#[cfg(feature = "serve")]
pub(crate) struct Later<'a> {
    path: &'a Path,
    file: Option<Box<dyn Read>>,
}

#[cfg(feature = "serve")]
impl<'a> Later<'a> {
    /// Checks that the file can be opened, and closes it again.
    pub(crate) fn new(path: &'a Path) -> Result<Self> {
        if !is_open_once(path) {
            open(path)?;
        }
        Ok(Self { path, file: None })
    }

    /// The file, and its first bytes, at most `most`. A pipe stays open.
    pub(crate) fn with_start(path: &'a Path, most: usize) -> Result<(Self, Zeroizing<Vec<u8>>)> {
        let mut file = open(path)?;
        // Reserved once: a buffer that grows leaves copies of its content behind.
        let mut start = Zeroizing::new(Vec::with_capacity(most));
        file.by_ref().take(most as u64).read_to_end(&mut start).map_err(|error| cannot_read(path, &error))?;
        let file =
            is_open_once(path).then(|| Box::new(io::Cursor::new(start.clone()).chain(file)) as Box<dyn Read>);
        Ok((Self { path, file }, start))
    }
}

#[cfg(feature = "serve")]
impl Read for Later<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let file = match &mut self.file {
            Some(file) => file,
            None if is_stdin(self.path) => self.file.insert(Box::new(io::stdin().lock())),
            None => self.file.insert(Box::new(File::open(self.path)?)),
        };
        file.read(buffer)
    }
}

/// Whether a path is standard input or a pipe, which cannot be opened and read a second time.
#[cfg(feature = "serve")]
fn is_open_once(path: &Path) -> bool {
    is_stdin(path) || fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir())
}

/// Whether a path stands for standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The file that `--out` names; `None` for standard output, which is also what `-` names.
///
/// # Errors
/// Where the call reads that same file: what is written would take the place of what was read.
pub(crate) fn out_file<'a>(out: Option<&'a Path>, inputs: &[Option<&Path>]) -> Result<Option<&'a Path>> {
    let Some(path) = out.filter(|path| path.as_os_str() != "-") else { return Ok(None) };
    if inputs.iter().flatten().any(|input| is_same(path, input)) {
        return Err(Failure::Usage(format!("this call reads {}: --out needs another name", name(path))));
    }
    Ok(Some(path))
}

/// Whether two paths lead to one regular file.
#[cfg(unix)]
fn is_same(out: &Path, input: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let input = if is_stdin(input) { Path::new("/dev/stdin") } else { input };
    match (fs::metadata(out), fs::metadata(input)) {
        (Ok(out), Ok(input)) => out.is_file() && (out.dev(), out.ino()) == (input.dev(), input.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_same(out: &Path, input: &Path) -> bool {
    matches!((fs::canonicalize(out), fs::canonicalize(input)), (Ok(out), Ok(input)) if out == input)
}

/// Whether a file holds a private key in PEM, which nothing here ever replaces.
fn holds_private_key(path: &Path) -> io::Result<bool> {
    let mut start = Zeroizing::new(Vec::with_capacity(SMALL_BOUND));
    File::open(path)?.take(SMALL_BOUND as u64).read_to_end(&mut start)?;
    let holds = |words: &[u8]| start.windows(words.len()).any(|window| window == words);
    Ok(holds(b"-----BEGIN ") && holds(b"PRIVATE KEY-----"))
}

/// That `path` is new, empty, or holds what will take its place: `--out trust.cbor` must not cost anyone the trust store.
pub(crate) fn replaces_only(path: &Path, what: &str, is_such: impl Fn(&[u8]) -> bool) -> Result<()> {
    if !path.is_file() {
        return Ok(());
    }
    let fail = |error: io::Error| cannot_read(path, &error);
    // Of which WholeFile speaks in its own words.
    if holds_private_key(path).map_err(fail)? {
        return Ok(());
    }
    let mut content = Vec::new();
    File::open(path).and_then(|file| file.take(KEYS_BOUND as u64).read_to_end(&mut content)).map_err(fail)?;
    if content.is_empty() || is_such(&content) {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "{} exists, holds no {what}, and is not replaced: give --out another name, or delete the file first",
        name(path)
    )))
}

/// The size of a regular file, for a progress bar.
pub(crate) fn size(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|about| about.len())
}

/// The error of a file that cannot be read.
pub(crate) fn cannot_read(path: &Path, error: &io::Error) -> Failure {
    Failure::io(&format!("cannot read {}", name(path)), error)
}

/// The error of lines or rows that cannot be read.
pub(crate) fn unreadable(path: &Path, error: &ReadError) -> Failure {
    match error {
        ReadError::Io(error) => cannot_read(path, error),
        other => Failure::Io(format!("{} {other}", name(path))),
    }
}

/// Drops the byte order mark of a text file, and refuses text that is not UTF-8 and other files that are known. What
/// is binary and not known is for the caller to read.
fn without_mark(bytes: &mut Vec<u8>, path: &Path) -> Result<()> {
    if let Some(kind) = text::recognise(bytes) {
        return Err(Failure::Io(format!("{} {kind}", name(path))));
    }
    let mark = bytes.len() - text::without_mark(bytes).len();
    bytes.drain(..mark);
    Ok(())
}

/// Reads a file of public keys, without a byte order mark. The core refuses one that is over its bound.
pub(crate) fn read_keys(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(KEYS_BOUND as u64).read_to_end(&mut bytes).map_err(|error| cannot_read(path, &error))?;
    without_mark(&mut bytes, path)?;
    Ok(bytes)
}

/// Reads a trust store. The core refuses one that is over its bound.
pub(crate) fn read_trust(path: &Path) -> Result<TrustStore> {
    let mut bytes = Vec::new();
    open(path)?.take(KEYS_BOUND as u64).read_to_end(&mut bytes).map_err(|error| cannot_read(path, &error))?;
    TrustStore::from_bytes(&bytes).map_err(|error| Failure::from(error).at(name(path)))
}

/// Reads something that must not stay in memory: a passphrase, a name. A byte order mark is dropped.
pub(crate) fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let too_long = || Failure::Io(format!("{} is too long for what it should hold", name(path)));
    read_small(path)?.ok_or_else(too_long)
}

/// Reads a private key.
pub(crate) fn read_private_key(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    read_small(path)?.ok_or_else(|| Failure::from(kycvs::Error::from(ErrorCode::InvalidKey)).at(name(path)))
}

/// `None` for a file that is longer than any secret.
fn read_small(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let mut source = open(path)?;
    // Reserved once: a buffer that grows leaves copies of its content behind.
    let mut bytes = Zeroizing::new(vec![0; SMALL_BOUND + 1]);
    let mut length = 0;
    while length < bytes.len() {
        match source.read(&mut bytes[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(cannot_read(path, &error)),
        }
    }
    bytes.truncate(length);
    without_mark(&mut bytes, path)?;
    Ok((length <= SMALL_BOUND).then_some(bytes))
}

/// The passphrase on the first line of a file.
pub(crate) fn read_passphrase(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let mut bytes = read_secret(path)?;
    let end = bytes.iter().position(|byte| b"\r\n".contains(byte)).unwrap_or(bytes.len());
    bytes.truncate(end);
    if bytes.is_empty() {
        return Err(Failure::Usage(format!(
            "the first line of {} is empty: it should be the passphrase",
            name(path)
        )));
    }
    Ok(bytes)
}

/// The mode of a file that others than its owner and group can read.
#[cfg(unix)]
pub(crate) fn open_to_others(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let about = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let mode = about.permissions().mode() & 0o777;
    (mode & 0o007 != 0).then_some(mode)
}

#[cfg(not(unix))]
pub(crate) fn open_to_others(_: &Path) -> Option<u32> {
    None
}

/// Who may read a file that is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Only the user who runs the command, from the first moment on: private keys, and answers, which are health data and
    /// may have an opening beside them. The owner of a replaced file gets nothing: `root` must not give an answer away.
    Owner,
    /// Everyone whom the umask allows. A file that is replaced leaves its owner, group, mode and access list to the new one.
    Anyone,
}

/// A file in the making: it appears under its name when it is whole, and not at all otherwise. [`Readers`]
/// decides on its owner and mode, also if it replaces a file.
///
/// Devices and pipes cannot be replaced, and must not be: they are written to as they are.
pub(crate) struct WholeFile {
    /// As it was given, for messages.
    path: PathBuf,
    kind: Kind,
}

enum Kind {
    /// A new file beside the one that will be put in its place.
    Beside {
        file: BufWriter<NamedTempFile>,
        target: PathBuf,
    },
    Device(BufWriter<File>),
}

impl WholeFile {
    /// Begins a file that will stand at `path`.
    pub(crate) fn begin(path: &Path, readers: Readers) -> Result<Self> {
        let fail = |error: io::Error| cannot_write(path, &error);
        let existing = fs::metadata(path).ok();
        if existing.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(Failure::Io(format!("cannot write {}: it is a folder", name(path))));
        }
        if existing.as_ref().is_some_and(|about| !about.is_file()) {
            let file = File::options().write(true).open(path).map_err(fail)?;
            return Ok(Self { path: path.into(), kind: Kind::Device(BufWriter::new(file)) });
        }
        if existing.is_some() && holds_private_key(path).map_err(fail)? {
            return Err(Failure::Usage(format!("{} holds a private key and is not replaced", name(path))));
        }
        let target = canonical(path);
        if target.is_symlink() {
            return Err(Failure::Io(format!(
                "cannot write {}: it is a symbolic link to a file that does not exist. Give the name of the file itself",
                name(path)
            )));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".kycvs-");
        // What replaces a file is nobody else's until it has the readers of that file.
        let first = if existing.is_some() { Readers::Owner } else { readers };
        if let Some(mode) = permissions(first) {
            builder.permissions(mode);
        }
        let file = temporary::create(|| builder.tempfile_in(folder(&target))).map_err(fail)?;
        if existing.is_some() && readers == Readers::Anyone {
            access::keep(&target, file.as_file()).map_err(|error| cannot_keep(path, &error))?;
        }
        Ok(Self { path: path.into(), kind: Kind::Beside { file: BufWriter::new(file), target } })
    }

    /// Writes some of the content.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let result = match &mut self.kind {
            Kind::Beside { file, .. } => file.write_all(bytes),
            Kind::Device(file) => file.write_all(bytes),
        };
        result.map_err(|error| cannot_write(&self.path, &error))
    }

    /// Puts the file under its name, in place of an older one.
    pub(crate) fn replace(self) -> Result<()> {
        self.finish(|file, path| file.persist(path).map(drop).map_err(|failed| failed.error))
    }

    /// Puts the file under its name, where nothing stands yet.
    pub(crate) fn create(self) -> Result<()> {
        self.finish(|file, path| file.persist_noclobber(path).map(drop).map_err(|failed| failed.error))
    }

    fn finish(self, put: impl FnOnce(NamedTempFile, &Path) -> io::Result<()>) -> Result<()> {
        let fail = |error: io::Error| cannot_write(&self.path, &error);
        match self.kind {
            Kind::Device(mut file) => file.flush().map_err(fail),
            Kind::Beside { file, target } => {
                let file = file.into_inner().map_err(|failed| fail(failed.into_error()))?;
                file.as_file().sync_all().map_err(fail)?;
                put(file, &target).map_err(fail)?;
                sync_folder(&target);
                Ok(())
            }
        }
    }
}

/// Writes a file whole, in place of an older one.
pub(crate) fn write_whole(path: &Path, bytes: &[u8], readers: Readers) -> Result<()> {
    let mut file = WholeFile::begin(path, readers)?;
    file.write(bytes)?;
    file.replace()
}

/// The path without symbolic links: a write goes to the file behind a link, and the link stays.
fn canonical(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.into())
}

/// Writes the name of a new file to disk: the name outlasts a power cut too. Not every system can do it.
pub(crate) fn sync_folder(path: &Path) {
    let _ = File::open(folder(path)).and_then(|folder| folder.sync_all());
}

/// The folder that a path is in.
pub(crate) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have no modes")]
fn permissions(readers: Readers) -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt as _;
    Some(Permissions::from_mode(if readers == Readers::Owner { 0o600 } else { 0o666 }))
}

#[cfg(not(unix))]
fn permissions(_: Readers) -> Option<Permissions> {
    None
}

/// The error of a file that cannot be written.
pub(crate) fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::io(&format!("cannot write {}", name(path)), error)
}

fn cannot_keep(path: &Path, error: &io::Error) -> Failure {
    let doing = format!("cannot replace {} and keep its owner, group and access list", name(path));
    match Failure::io(&doing, error) {
        Failure::Io(text) => Failure::Io(format!("{text}. Run this as the owner of the file")),
        failure => failure,
    }
}
