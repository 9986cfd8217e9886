//! A PostgreSQL of its own for as long as it is needed: Debian's package, an empty data folder, a free port of loopback.
//!
//! It syncs as in earnest (`fsync` is on). Where this is root the server runs as another user, as it insists on.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::apt;
use crate::context::{Context, Stop};
use crate::disk::Room;

/// Where its data are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storage {
    /// On the disk: where it counts that nothing is lost, and how fast that is.
    Disk,
    /// In memory, where the system has a folder for that with room for them: for hundreds of small databases, of some
    /// hundred files each, which are slow to make and slower to remove where a disk is told of every file that goes.
    Memory,
}

impl Storage {
    fn folder(self) -> PathBuf {
        let memory = Path::new("/dev/shm");
        let roomy = |folder: &&Path| Room::free(folder).is_some_and(|free| free >= DATABASES);
        match Some(memory).filter(|_| self == Self::Memory).filter(roomy) {
            Some(memory) => memory.to_path_buf(),
            None => std::env::temp_dir(),
        }
    }
}

/// A running server. Dropped, it ends and its data are removed.
pub(crate) struct Postgres {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl Postgres {
    /// The server without a database's name. Whoever asks from this machine is the superuser.
    pub(crate) fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}", self.port)
    }

    /// Its data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGINT ends it soon and in order, whoever is connected.
        let asked = Command::new("kill").arg("-INT").arg(self.process.id().to_string()).status();
        let deadline = Instant::now() + Duration::from_secs(20);
        while asked.is_ok() && Instant::now() < deadline {
            if self.process.try_wait().is_ok_and(|status| status.is_some()) {
                break;
            }
            sleep(Duration::from_millis(50));
        }
        self.process.kill().ok();
        self.process.wait().ok();
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// Installs it where that is possible and needed, and starts it.
pub(crate) fn postgres(context: &mut Context, storage: Storage) -> Result<Postgres, Stop> {
    let programs = programs(context)?;
    // Not below the checkout: the server's user need not be able to come there.
    let folder = storage.folder().join(format!("kycvs-postgres-{}", std::process::id()));
    fs::remove_dir_all(&folder).ok();
    fs::create_dir(&folder)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    let started = start(context, &programs, &folder);
    if started.is_err() {
        fs::remove_dir_all(&folder).ok();
    }
    started
}

fn start(context: &mut Context, programs: &Path, folder: &Path) -> Result<Postgres, Stop> {
    let owner = owner(context)?;
    if let Some((user, group)) = owner {
        chown(folder, Some(user), Some(group))?;
    }
    let as_owner = |context: &Context, program: &str| {
        let mut command = context.command(programs.join(program));
        command.current_dir(folder);
        if let Some((user, group)) = owner {
            command.uid(user).gid(group);
        }
        command
    };
    let mut make = as_owner(context, "initdb");
    make.args([
        "--username",
        USER,
        "--auth",
        "trust",
        "--encoding",
        "UTF8",
        "--locale",
        "C",
        "--pgdata",
        "data",
    ]);
    context.must(&mut make)?;

    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let log = fs::File::create(folder.join("log"))?;
    let mut server = as_owner(context, "postgres");
    server.args(["-D", "data", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
    server.args(["-c", &format!("port={port}"), "-c", "fsync=on", "-c", "synchronous_commit=on"]);
    server.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    let mut server = Postgres { process: server.spawn()?, folder: folder.to_owned(), port };

    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let mut ask = context.command(programs.join("pg_isready"));
        ask.args(["--quiet", "--host", "127.0.0.1", "--port", &port.to_string()]);
        if ask.status().is_ok_and(|status| status.success()) {
            return Ok(server);
        }
        let ended = server.process.try_wait()?.is_some();
        if ended || Instant::now() > deadline {
            context.log(&fs::read_to_string(folder.join("log")).unwrap_or_default())?;
            return Err(Stop::Failed("PostgreSQL does not start".to_owned()));
        }
        sleep(Duration::from_millis(100));
    }
}

/// The folder with its programs, which Debian keeps apart from the others.
fn programs(context: &mut Context) -> Result<PathBuf, Stop> {
    let missing =
        || Stop::NotRun("PostgreSQL is not there: install it (Debian's package `postgresql`)".to_owned());
    if let Some(folder) = found() {
        return Ok(folder);
    }
    if !apt::may_install(context) {
        return Err(missing());
    }
    apt::install(context, "postgresql")?;
    found().ok_or_else(missing)
}

fn found() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path);
    let mut debian: Vec<PathBuf> = fs::read_dir(DEBIAN)
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    debian.sort_by_key(|folder| std::cmp::Reverse(version_of(folder)));
    let whole = |folder: &PathBuf| PROGRAMS.iter().all(|program| folder.join(program).is_file());
    debian.into_iter().chain(on_path).find(whole)
}

fn version_of(bin: &Path) -> u32 {
    let version = bin.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    version.and_then(|version| version.parse().ok()).unwrap_or(0)
}

/// User and group that the server runs as, where this is root.
fn owner(context: &mut Context) -> Result<Option<(u32, u32)>, Stop> {
    let mut id = |arguments: &[&str]| {
        let text = context.stdout_of(context.command("id").args(arguments))?;
        text.trim().parse::<u32>().map_err(|error| Stop::Failed(format!("`id`: {error}")))
    };
    if id(&["-u"])? != 0 {
        return Ok(None);
    }
    for user in ["postgres", "nobody"] {
        if let (Ok(user), Ok(group)) = (id(&["-u", user]), id(&["-g", user])) {
            return Ok(Some((user, group)));
        }
    }
    Err(Stop::NotRun(
        "PostgreSQL does not run as root, and there is no user `postgres` or `nobody`".to_owned(),
    ))
}

/// What the databases of all tests of the service take together.
const DATABASES: Room = Room::of_gigabytes(4);

const USER: &str = "kycvs";
const DEBIAN: &str = "/usr/lib/postgresql";
const PROGRAMS: [&str; 3] = ["initdb", "postgres", "pg_isready"];

#[cfg(test)]
mod tests {
    use super::version_of;
    use std::path::Path;

    #[test]
    fn ten_is_later_than_nine() {
        let versions =
            ["/usr/lib/postgresql/9.6/bin", "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/9/bin"];
        let versions: Vec<u32> = versions.iter().map(|path| version_of(Path::new(path))).collect();
        assert_eq!(versions, [0, 15, 9]);
    }
}
