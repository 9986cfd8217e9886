//! A folder with a key and a trust store in it, and the binary run there.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// What the fixtures say; see `tests/fixtures/README.md`.
pub(crate) const ISSUER: &str = "in.gov.cowin";
pub(crate) const AUDIENCE: &str = "irctc.co.in";
pub(crate) const NONCE: &str = "000102030405060708090a0b0c0d0e0f";
pub(crate) const NAME: &str = "Asha R. Verma";
pub(crate) const ISSUED: &str = "2026-07-01T10:00:00Z";
pub(crate) const CHECKED: &str = "2026-07-01T10:05:00Z";
/// The key id of `issuer.pem`.
pub(crate) const KEY_ID: &str = "866eefbd6718c884";

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// The one JSON object on standard output.
    pub(crate) fn json(&self) -> Value {
        let objects = self.json_lines();
        assert_eq!(objects.len(), 1, "{self:?}");
        objects[0].clone()
    }

    /// The JSON objects on standard output, one on each line.
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        let object = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        self.stdout.lines().map(object).collect()
    }

    /// That it ended so, and said this on standard error.
    #[track_caller]
    pub(crate) fn ends(self, status: i32, stderr: &str) -> Self {
        assert_eq!(self.status, Some(status), "{self:?}");
        assert!(self.stderr.contains(stderr), "{stderr:?} is not in {self:?}");
        self
    }

    /// That it went well, and gives its standard output.
    #[track_caller]
    pub(crate) fn good(self) -> String {
        self.ends(0, "").stdout
    }
}

/// A folder of its own for a test, with `issuer.pem` (mode 0600), `trust.cbor` and the answers of `tests/fixtures`.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = Self(TempDir::new().expect("a folder for the test"));
        for name in ["issuer.pem", "issuer.pub.pem", "trust.cbor", "answer.txt", "pass.kycvs", "specimen.txt"]
        {
            std::fs::copy(fixture(name), folder.path(name)).expect("the fixture is copied");
        }
        folder.set_mode("issuer.pem", 0o600);
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).expect("the file is text")
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    pub(crate) fn set_mode(&self, name: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(self.path(name), permissions).expect("the mode is set");
    }

    /// The names of all files in it.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).expect("the folder can be listed");
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The binary, to be run in the folder.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kycvs"));
        command.current_dir(self.0.path()).env_remove("COLUMNS").stdin(Stdio::null());
        command
    }

    /// Runs `kycvs` with these arguments, split at spaces; `{}` stands for each of `values` in turn.
    #[track_caller]
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: &str, values: &[S]) -> Run {
        self.run_with(arguments, values, b"")
    }

    /// [`run`](Self::run) with something on standard input.
    #[track_caller]
    pub(crate) fn run_with<S: AsRef<OsStr>>(&self, arguments: &str, values: &[S], stdin: &[u8]) -> Run {
        let mut values = values.iter();
        let mut command = self.command();
        for argument in arguments.split_whitespace() {
            match argument {
                "{}" => command.arg(values.next().expect("a value for each {}")),
                argument => command.arg(argument),
            };
        }
        run(command.stdin(Stdio::piped()), stdin)
    }

    /// `kycvs issue` with the key and the time of the fixtures.
    #[track_caller]
    pub(crate) fn issue(&self, arguments: &str) -> Run {
        self.run(&format!("issue --key issuer.pem --issuer {ISSUER} --now {ISSUED} {arguments}"), NOTHING)
    }

    /// `kycvs verify` with the trust store of the fixtures, five minutes later; with `--no-nonce` if the arguments have no
    /// nonce.
    #[track_caller]
    pub(crate) fn verify<S: AsRef<OsStr>>(&self, arguments: &str, values: &[S]) -> Run {
        let challenge = if arguments.contains("nonce") { "" } else { "--no-nonce" };
        self.run(&format!("verify {challenge} --trust trust.cbor --now {CHECKED} {arguments}"), values)
    }
}

/// No values.
pub(crate) const NOTHING: &[&str] = &[];

/// Runs a command and gives it something to read, which it may leave unread.
pub(crate) fn run(command: &mut Command, stdin: &[u8]) -> Run {
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command can be run");
    let writer = child.stdin.take().map(|mut pipe| {
        let stdin = stdin.to_vec();
        std::thread::spawn(move || drop(pipe.write_all(&stdin)))
    });
    let output = child.wait_with_output().expect("the command ends");
    if let Some(writer) = writer {
        writer.join().expect("the writer ends");
    }
    Run {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("standard output is text"),
        stderr: String::from_utf8(output.stderr).expect("standard error is text"),
    }
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}
