//! The program `kycvs`: commands that end, and instances of the service that run until they are killed.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::Result;
use crate::client::{Call, Client};
use crate::system::wait_for;

/// The program, run in the proof's folder and with nothing of the caller's settings.
pub(crate) struct Program {
    path: PathBuf,
    folder: PathBuf,
}

impl Program {
    pub(crate) fn new(path: &Path, folder: &Path) -> Self {
        Self { path: path.to_owned(), folder: folder.to_owned() }
    }

    /// Runs a command to its end and gives what it printed; its exit status has to be 0.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command().args(arguments).stdin(Stdio::null()).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(text);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let words = arguments.iter().take(2).copied().collect::<Vec<_>>().join(" ");
        Err(format!("kycvs {words} ended with {}: {}{}", output.status, text.trim(), said.trim()).into())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.current_dir(&self.folder);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("KYCVS_"))
        {
            command.env_remove(name);
        }
        command
    }
}

/// One instance of the service, which may be running or not.
pub(crate) struct Instance {
    address: SocketAddr,
    config: PathBuf,
    log: PathBuf,
    process: Option<Child>,
}

impl Instance {
    pub(crate) fn new(address: SocketAddr, config: PathBuf, log: PathBuf) -> Self {
        Self { address, config, log, process: None }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn config(&self) -> &Path {
        &self.config
    }

    /// The file that all its output goes to.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Starts it. It may not be ready yet.
    pub(crate) fn start(&mut self, program: &Program) -> Result<()> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = program.command();
        command.arg("serve").arg("--config").arg(&self.config);
        self.process = Some(command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?);
        Ok(())
    }

    /// Waits until it answers.
    pub(crate) async fn ready(&mut self) -> Result<()> {
        let (address, log) = (self.address, self.log.clone());
        let process = &mut self.process;
        let ready = wait_for(Duration::from_secs(30), async move || {
            if let Some(status) =
                process.as_mut().and_then(|process| process.try_wait().transpose()).transpose()?
            {
                return Err(format!("the service ended with {status}: {}", end_of(&log)).into());
            }
            let reply = Client::new(address).send(&Call::get("/readyz")).await;
            Ok(reply.is_ok_and(|reply| reply.status == 200))
        })
        .await?;
        if ready {
            Ok(())
        } else {
            Err(format!("the service does not become ready: {}", end_of(&self.log)).into())
        }
    }

    /// Whether it has not ended.
    pub(crate) fn runs(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.try_wait().is_ok_and(|status| status.is_none()))
    }

    /// Kills it with SIGKILL: it has no moment to tidy up.
    pub(crate) fn kill(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
            process.wait()?;
        }
        Ok(())
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = self.kill();
    }
}

fn end_of(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join(" | ")
}
