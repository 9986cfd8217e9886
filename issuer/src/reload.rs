//! What is read again while the service runs, on SIGHUP: the certificate, the signing key, and the level of the log.
//!
//! Each of the three is replaced or stays as it was; a file that cannot be used never stops the service.

use std::{path::Path, pin::pin, sync::Arc};

use crate::{
    config::Config,
    log,
    service::{StartError, issuer},
    signing::CurrentIssuer,
    tls::Tls,
};

/// Everything that can be replaced, and the settings that it was read by.
pub(crate) struct Reload {
    pub(crate) config: Config,
    /// `None` if the program that embeds the service signs in its own way.
    pub(crate) issuer: Option<Arc<CurrentIssuer>>,
    pub(crate) tls: Option<Arc<Tls>>,
}

impl Reload {
    /// Reads everything again at each SIGHUP, until `stop` is ready.
    pub(crate) async fn run(mut self, mut hangup: Hangup, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return,
                () = hangup.asked() => {}
            }
            // Files are read, and an encrypted key takes a moment to open.
            let done = tokio::task::spawn_blocking(move || {
                self.now();
                self
            });
            // A file server can hang. That must not keep the service from ending.
            let done = tokio::select! {
                () = &mut stop => return,
                done = done => done,
            };
            match done {
                Ok(reload) => self = reload,
                Err(_) => return,
            }
        }
    }

    /// Reads everything again.
    pub(crate) fn now(&mut self) {
        let read = self.config.file.as_deref().map(Path::to_owned).map(|file| Config::from_file(&file));
        let mut new = match read {
            Some(Ok(config)) => config,
            Some(Err(error)) => {
                tracing::error!(%error, "the settings cannot be used: those that were read before stay");
                self.config.clone()
            }
            // The settings of an embedding program are in no file; the files that they name may have changed.
            None => self.config.clone(),
        };
        if let (Some(tls), Some(files)) = (&self.tls, &new.tls) {
            match tls.reload(files) {
                Ok(()) => tracing::info!("the certificate was read again"),
                Err(error) => tracing::error!(%error, "the certificate that was read before stays"),
            }
        }
        if let Some(current) = &self.issuer {
            match replace(current, &self.config, &new) {
                Ok(true) => {
                    let key_id = current.get().verifying_key().key_id().to_string();
                    tracing::info!(key_id, "another signing key is used from now on");
                }
                Ok(false) => tracing::info!("the signing key is the same as before"),
                Err(error) => tracing::error!(%error, "the signing key that was read before stays"),
            }
        }
        if new.log.level != self.config.log.level {
            log::set_level(&new.log);
            tracing::info!(level = new.log.level, "the level of the log was changed");
        }
        // Every other setting is used only at the next start.
        let (tls, key, passphrase) = (new.tls.clone(), new.key_file.clone(), new.key_passphrase_file.clone());
        let level = std::mem::replace(&mut new.log.level, self.config.log.level.clone());
        if new.tls.is_some() == self.config.tls.is_some() {
            new.tls.clone_from(&self.config.tls);
        }
        new.key_file.clone_from(&self.config.key_file);
        new.key_passphrase_file.clone_from(&self.config.key_passphrase_file);
        if format!("{new:?}") != format!("{:?}", self.config) {
            tracing::warn!("other settings were changed as well: restart the service to use them");
        }
        self.config.log.level = level;
        (self.config.key_file, self.config.key_passphrase_file) = (key, passphrase);
        if self.tls.is_some() && tls.is_some() {
            self.config.tls = tls;
        }
    }
}

/// Signs with the key that the new settings name, under the name and algorithm of the old ones. `false` if it is the same
/// key.
fn replace(current: &CurrentIssuer, old: &Config, new: &Config) -> Result<bool, StartError> {
    let key = new.signing_key()?;
    if *key.verifying_key() == *current.get().verifying_key() {
        return Ok(false);
    }
    current.replace(issuer(old, Arc::new(key))?);
    Ok(true)
}

/// SIGHUP, which would end the process if nobody listened for it.
#[cfg(unix)]
pub(crate) struct Hangup(Option<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Hangup {
    /// Listens from this call on.
    pub(crate) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self(signal(SignalKind::hangup()).ok())
    }

    async fn asked(&mut self) {
        let asked = match &mut self.0 {
            Some(signal) => signal.recv().await,
            None => None,
        };
        if asked.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(not(unix))]
pub(crate) struct Hangup;

#[cfg(not(unix))]
impl Hangup {
    pub(crate) fn listen() -> Self {
        Self
    }

    async fn asked(&mut self) {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use kycvs::SigningKey;
    use tempfile::TempDir;

    use super::*;

    struct Files(TempDir);

    impl Files {
        fn new() -> Self {
            let files = Self(tempfile::tempdir().expect("a folder"));
            files.write("one.pem", &SigningKey::from_seed(&[1; 32]).to_pem());
            files.write("two.pem", &SigningKey::from_seed(&[2; 32]).to_pem());
            files.settings("one.pem", "info", "Example");
            files
        }

        fn write(&self, name: &str, text: &str) {
            let path = self.0.path().join(name);
            fs::write(&path, text).expect("written");
            #[cfg(unix)]
            fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("set");
        }

        fn settings(&self, key: &str, level: &str, name: &str) {
            let text = format!(
                "public_url = 'https://a.example'\nissuer = 'a.example'\ndisplay_name = '{name}'\n\
                 key_file = '{key}'\nspecimen = true\n[log]\nlevel = '{level}'\n[delivery]\nkind = 'inbox'\n"
            );
            self.write("kycvs.toml", &text);
        }

        fn reload(&self) -> Reload {
            let config = Config::from_file(&self.0.path().join("kycvs.toml")).expect("settings");
            let key = Arc::new(config.signing_key().expect("a key"));
            let issuer = CurrentIssuer::new(issuer(&config, key).expect("an issuer"));
            Reload { config, issuer: Some(Arc::new(issuer)), tls: None }
        }
    }

    /// The seed of the key that signs.
    fn signs_with(reload: &Reload) -> u8 {
        let current = reload.issuer.as_ref().expect("it signs").get();
        (1..=9)
            .find(|seed| SigningKey::from_seed(&[*seed; 32]).verifying_key() == current.verifying_key())
            .expect("one of the test's keys")
    }

    #[test]
    fn key_file_with_another_key_is_used_from_then_on() {
        let files = Files::new();
        let mut reload = files.reload();
        reload.now();
        assert_eq!(signs_with(&reload), 1);
        files.write("one.pem", &SigningKey::from_seed(&[3; 32]).to_pem());
        reload.now();
        assert_eq!(signs_with(&reload), 3);
    }

    #[test]
    fn settings_that_name_another_key_file_are_followed() {
        let files = Files::new();
        let mut reload = files.reload();
        files.settings("two.pem", "warn", "Example");
        reload.now();
        assert_eq!((signs_with(&reload), reload.config.log.level.as_str()), (2, "warn"));
        // From now on it is this file that is read again.
        files.write("two.pem", &SigningKey::from_seed(&[4; 32]).to_pem());
        reload.now();
        assert_eq!(signs_with(&reload), 4);
    }

    #[test]
    fn key_file_that_cannot_be_used_changes_nothing() {
        let files = Files::new();
        let mut reload = files.reload();
        let encrypted = SigningKey::from_seed(&[3; 32]).to_encrypted_pem(b"a passphrase").expect("encrypted");
        for text in ["", "no key", &encrypted] {
            files.write("one.pem", text);
            reload.now();
            assert_eq!(signs_with(&reload), 1);
        }
        fs::remove_file(files.0.path().join("one.pem")).expect("removed");
        reload.now();
        assert_eq!(signs_with(&reload), 1);
    }

    #[cfg(unix)]
    #[test]
    fn file_that_became_a_pipe_does_not_block_and_changes_nothing() {
        use crate::test_support::{at_once, make_pipe};
        for name in ["kycvs.toml", "one.pem"] {
            let files = Files::new();
            let mut reload = files.reload();
            make_pipe(&files.0.path().join(name));
            let reload = at_once(move || {
                reload.now();
                reload
            });
            assert_eq!(signs_with(&reload), 1, "{name}");
        }
    }

    #[test]
    fn settings_that_cannot_be_used_do_not_keep_a_new_key_from_being_used() {
        let files = Files::new();
        let mut reload = files.reload();
        files.write("kycvs.toml", "= 1");
        files.write("one.pem", &SigningKey::from_seed(&[5; 32]).to_pem());
        reload.now();
        assert_eq!(signs_with(&reload), 5);
    }

    #[test]
    fn setting_that_needs_a_restart_is_left_as_it_was() {
        let files = Files::new();
        let mut reload = files.reload();
        files.settings("two.pem", "info", "Another name");
        reload.now();
        assert_eq!((signs_with(&reload), reload.config.display_name.as_str()), (2, "Example"));
    }

    #[test]
    fn program_that_signs_in_its_own_way_goes_on_to() {
        let files = Files::new();
        let mut reload = Reload { issuer: None, ..files.reload() };
        files.settings("two.pem", "debug", "Example");
        reload.now();
        assert!(reload.issuer.is_none());
        assert_eq!(reload.config.log.level, "debug");
    }
}
