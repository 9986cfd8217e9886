//! What a step works with: the checkout, its log, and commands whose output goes to that log.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Why a step ended without a count.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It cannot run on this machine. Says what to do about it.
    NotRun(String),
    /// It ran, and something is wrong.
    Failed(String),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// The feature with which the command line has the service.
pub(crate) const WITH_SERVICE: &str = "kycvs-cli/serve";

/// A command that has ended: whether with exit status 0, and all that it printed.
pub(crate) struct Ran {
    pub(crate) success: bool,
    pub(crate) text: String,
}

/// The checkout, and the log of the step that is running.
pub(crate) struct Context {
    root: PathBuf,
    target: PathBuf,
    log_path: PathBuf,
    log: File,
    /// The release build of the command line, once a step has built it.
    kycvs: Option<PathBuf>,
}

impl Context {
    /// Opens the log of the first step.
    pub(crate) fn new(step: &str) -> io::Result<Self> {
        let root = root();
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        let log_path = log_path(&target, step);
        let log = open_log(&log_path)?;
        Ok(Self { root, target, log_path, log, kycvs: None })
    }

    /// Turns to the log of the next step.
    pub(crate) fn begin(&mut self, step: &str) -> io::Result<()> {
        self.log_path = log_path(&self.target, step);
        self.log = open_log(&self.log_path)?;
        Ok(())
    }

    /// The top folder of the checkout.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's target folder.
    pub(crate) fn target_root(&self) -> &Path {
        &self.target
    }

    /// A folder below `target/`, made where it is not there yet.
    pub(crate) fn target(&self, name: &str) -> io::Result<PathBuf> {
        let folder = self.target.join(name);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// The log of the running step, as a reader finds it from the checkout.
    pub(crate) fn log_name(&self) -> String {
        self.log_path.strip_prefix(&self.root).unwrap_or(&self.log_path).display().to_string()
    }

    /// The running step's log.
    pub(crate) fn log_text(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log_path).unwrap_or_default()).into_owned()
    }

    /// Its last `count` lines.
    pub(crate) fn log_tail(&self, count: usize) -> String {
        let text = self.log_text();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(count)..].join("\n")
    }

    /// Adds to the log what was printed elsewhere.
    pub(crate) fn log(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.log, "{text}")
    }

    /// `cargo`, the same that runs this program, in the checkout.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.env("CARGO_TERM_COLOR", "never");
        command
    }

    /// A program, run in the checkout.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        // `cargo run` names its own folders here, in which a JVM would find a library of another build than the one to
        // be tested.
        if let Some(paths) = std::env::var_os(LIBRARIES) {
            let others: Vec<PathBuf> =
                std::env::split_paths(&paths).filter(|path| !path.starts_with(&self.target)).collect();
            command.env(LIBRARIES, std::env::join_paths(others).unwrap_or_default());
        }
        command
    }

    /// Runs a command to its end; what it prints goes to the log.
    pub(crate) fn run(&mut self, command: &mut Command) -> Result<Ran, Stop> {
        writeln!(self.log, "$ {}", shown(command))?;
        let start = self.log.stream_position()?;
        command.stdin(Stdio::null()).stdout(self.log.try_clone()?).stderr(self.log.try_clone()?);
        let status = command.status().map_err(|error| {
            Stop::NotRun(format!("{} could not be started: {error}", command.get_program().display()))
        })?;

        let mut bytes = Vec::new();
        let mut log = File::open(&self.log_path)?;
        log.seek(SeekFrom::Start(start))?;
        log.read_to_end(&mut bytes)?;
        self.log.seek(SeekFrom::End(0))?;
        writeln!(self.log, "# {status}\n")?;
        Ok(Ran { success: status.success(), text: String::from_utf8_lossy(&bytes).into_owned() })
    }

    /// Runs a command that has to end with exit status 0, and returns what it printed.
    pub(crate) fn must(&mut self, command: &mut Command) -> Result<String, Stop> {
        let ran = self.run(command)?;
        if ran.success { Ok(ran.text) } else { Err(Stop::Failed(format!("`{}` failed", shown(command)))) }
    }

    /// The standard output of a short command, apart from what it says on standard error.
    pub(crate) fn stdout_of(&mut self, command: &mut Command) -> Result<String, Stop> {
        writeln!(self.log, "$ {}", shown(command))?;
        let stderr = self.log.try_clone()?;
        let output = command.stdin(Stdio::null()).stderr(stderr).output().map_err(|error| {
            Stop::NotRun(format!("{} could not be started: {error}", command.get_program().display()))
        })?;
        if !output.status.success() {
            return Err(Stop::Failed(format!("`{}` failed", shown(command))));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The release build of `kycvs` with the service; built at the first call. It is a copy: `cargo run --release` puts the
    /// small build in its place.
    pub(crate) fn kycvs(&mut self) -> Result<PathBuf, Stop> {
        if let Some(path) = &self.kycvs {
            return Ok(path.clone());
        }
        let mut build = self.cargo();
        build.args(["build", "--release", "--package", "kycvs-cli", "--features", WITH_SERVICE]);
        let program = self.program(&mut build, "kycvs")?;
        let path = self.target("xtask-work/bin")?.join("kycvs");
        // Removed first: a program that runs cannot be written to.
        fs::remove_file(&path).ok();
        fs::copy(program, &path)?;
        self.kycvs = Some(path.clone());
        Ok(path)
    }

    /// Runs a cargo command that builds the program `name`, and returns the program.
    pub(crate) fn program(&mut self, build: &mut Command, name: &str) -> Result<PathBuf, Stop> {
        let files = self.built(build, name, |message| vec![message["executable"].clone()])?;
        files.last().cloned().ok_or_else(|| Stop::Failed(format!("cargo built no program `{name}`")))
    }

    /// Runs a cargo command that builds the library `name`, and returns the file that ends in `suffix`.
    pub(crate) fn library(&mut self, build: &mut Command, name: &str, suffix: &str) -> Result<PathBuf, Stop> {
        let files =
            self.built(build, name, |message| message["filenames"].as_array().cloned().unwrap_or_default())?;
        let file = files.into_iter().rfind(|file| file.to_string_lossy().ends_with(suffix));
        file.ok_or_else(|| Stop::Failed(format!("cargo built no library `{name}` that ends in `{suffix}`")))
    }

    /// The files that a cargo command makes of the targets that are called `name`.
    fn built(
        &mut self,
        build: &mut Command,
        name: &str,
        files: impl Fn(&Value) -> Vec<Value>,
    ) -> Result<Vec<PathBuf>, Stop> {
        let messages = self.stdout_of(build.arg("--message-format=json-render-diagnostics"))?;
        Ok(messages
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|message| message["target"]["name"] == name)
            .flat_map(|message| files(&message))
            .filter_map(|file| file.as_str().map(PathBuf::from))
            .collect())
    }

    /// The target that this machine's programs are built for.
    pub(crate) fn host(&mut self) -> Result<String, Stop> {
        let version = self.stdout_of(self.command("rustc").arg("-vV"))?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        host.map(ToOwned::to_owned).ok_or_else(|| Stop::Failed("`rustc -vV` names no host".to_owned()))
    }
}

/// Where the system looks for shared libraries first.
const LIBRARIES: &str =
    if cfg!(target_os = "macos") { "DYLD_FALLBACK_LIBRARY_PATH" } else { "LD_LIBRARY_PATH" };

/// The top folder of the checkout that this program was built from.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

fn log_path(target: &Path, step: &str) -> PathBuf {
    target.join("xtask-logs").join(format!("{step}.log"))
}

fn open_log(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Appending, so that the two streams of a command do not write over each other.
    File::create(path)?;
    OpenOptions::new().append(true).open(path)
}

/// The command as a reader would type it, the program without its folder.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
