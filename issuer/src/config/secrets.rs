//! Where secrets come from: a file that others cannot read, or the environment.

use std::{env, fs::File, path::Path};

use kycvs::{SigningKey, Zeroizing};
use kycvs_tables::text;

use super::{
    Config, ConfigError,
    check::check_connection,
    file::{open, read_all, why},
};
use crate::secret::ServiceSecret;

/// A secret's two places: the setting that names its file, and the environment variable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    /// The setting's name, for messages.
    pub(crate) setting: &'static str,
    /// The file, where the setting names one.
    pub(crate) file: Option<&'a Path>,
    /// The environment variable.
    pub(crate) variable: &'static str,
}

/// No secret is longer.
const LONGEST: usize = 1 << 16;

impl Source<'_> {
    /// The secret, without the end of its line; `None` where it is in neither place.
    ///
    /// # Errors
    /// Where both places have one, the file cannot be read, or others can read it.
    pub(crate) fn read(&self) -> Result<Option<Zeroizing<String>>, ConfigError> {
        let from_environment =
            env::var(self.variable).ok().map(Zeroizing::new).filter(|text| !text.is_empty());
        match (self.file, from_environment) {
            (Some(_), Some(_)) => {
                Err(self.wrong(format!("{} is set as well: keep one of the two", self.variable)))
            }
            (Some(path), None) => read_secret_file(self.setting, path).map(Some),
            (None, text) => Ok(text),
        }
    }

    /// The secret.
    ///
    /// # Errors
    /// As [`read`](Self::read), and where it is in neither place.
    pub(crate) fn need(&self) -> Result<Zeroizing<String>, ConfigError> {
        self.read()?.ok_or_else(|| {
            self.wrong(format!("is missing: name the file that holds it, or set {}", self.variable))
        })
    }

    pub(crate) fn wrong(&self, message: impl Into<String>) -> ConfigError {
        ConfigError::new(self.setting, message)
    }
}

/// The secret in a file, without a byte order mark and the end of its line.
pub(crate) fn read_secret_file(setting: &str, path: &Path) -> Result<Zeroizing<String>, ConfigError> {
    let wrong = |what: String| ConfigError::new(setting, format!("`{}` {what}", path.display()));
    let fail = |error: std::io::Error| wrong(format!("cannot be read: {}", why(&error)));
    let file = open(path).map_err(fail)?;
    refuse_if_open_to_others(&file).map_err(|mode| {
        wrong(format!(
            "can be read by others (mode {mode:o}): run `chmod 600` on it, and make a new secret if others may have \
             read it"
        ))
    })?;
    let bytes = read_all(file, LONGEST).map_err(fail)?;
    let text = text::utf8(&bytes).map_err(|error| wrong(error.to_string()))?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// The mode of a file that others than its owner and group can read, or that its group can change.
#[cfg(unix)]
fn refuse_if_open_to_others(file: &File) -> Result<(), u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(about) = file.metadata() else { return Ok(()) };
    let mode = about.permissions().mode() & 0o777;
    if mode & 0o027 == 0 { Ok(()) } else { Err(mode) }
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "other systems have no modes")]
fn refuse_if_open_to_others(_: &File) -> Result<(), u32> {
    Ok(())
}

impl Config {
    /// The service's own secret.
    pub(crate) fn secret(&self) -> Result<ServiceSecret, ConfigError> {
        let source =
            Source { setting: "secret_file", file: self.secret_file.as_deref(), variable: "KYCVS_SECRET" };
        let text = source.need()?;
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), &mut *bytes).map_err(|_| {
            source.wrong(
                "holds something else than 64 hexadecimal digits: make one with `openssl rand -hex 32`",
            )
        })?;
        Ok(ServiceSecret::from_bytes(&bytes))
    }

    /// The signing key, decrypted where it is encrypted.
    pub(crate) fn signing_key(&self) -> Result<SigningKey, ConfigError> {
        let pem = read_secret_file("key_file", &self.key_file)?;
        let key = if SigningKey::is_encrypted_pem(&pem) {
            let passphrase = Source {
                setting: "key_passphrase_file",
                file: self.key_passphrase_file.as_deref(),
                variable: "KYCVS_KEY_PASSPHRASE",
            };
            SigningKey::from_encrypted_pem(&pem, passphrase.need()?.as_bytes())
        } else {
            SigningKey::from_pem(&pem)
        };
        key.map_err(|error| ConfigError::new("key_file", format!("`{}`: {error}", self.key_file.display())))
    }

    /// The address of the database, which may hold a password.
    pub(crate) fn database_url(&self) -> Result<Zeroizing<String>, ConfigError> {
        let source = Source {
            setting: "database.url_file",
            file: self.database.url_file.as_deref(),
            variable: "KYCVS_DATABASE_URL",
        };
        let (setting, url) = match source.read()? {
            Some(url) if source.file.is_some() => (source.setting, url),
            Some(url) => (source.variable, url),
            None => ("database.url", Zeroizing::new(self.database.url.clone())),
        };
        check_connection(setting, &url)?;
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn source(file: &Path) -> Source<'_> {
        Source { setting: "secret_file", file: Some(file), variable: "KYCVS_TEST_THAT_NOBODY_SETS" }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        fs::write(&path, "a secret\r\n").expect("written");
        for (mode, taken) in
            [(0o600, true), (0o400, true), (0o640, true), (0o604, false), (0o660, false), (0o644, false)]
        {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
            match source(&path).read() {
                Ok(text) => {
                    assert!(taken && text.as_deref().map(String::as_str) == Some("a secret"), "{mode:o}");
                }
                Err(error) => {
                    assert!(!taken, "{mode:o}");
                    assert!(error.to_string().contains("chmod 600"), "{error}");
                    assert!(!error.to_string().contains("a secret"));
                }
            }
        }
    }

    /// In whatever place it stands: here the driver's own names for the host are told, and a file's URL.
    #[test]
    fn a_database_elsewhere_needs_tls_that_is_verified() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("url");
        let written = format!(
            "public_url = 'https://a.example'\nissuer = 'a'\ndisplay_name = 'A'\nkey_file = 'k'\n\
             [delivery]\nkind = 'inbox'\n[database]\nurl_file = '{}'",
            path.display()
        );
        let config: Config = toml::from_str(&written).expect("settings");
        for (url, taken) in [
            ("sqlite:kycvs.db", true),
            ("sqlite:///srv/100%/a?b#c d.db", true),
            ("sqlite://kycvs.db", false),
            ("sqlite:kycvs.db?mode=rwc", false),
            ("sqlite::memory:", false),
            ("sqlite:", false),
            ("postgres://u:secret@localhost/d", true),
            ("postgresql://u@127.0.0.1:5433/d?sslmode=disable", true),
            ("postgres://u@[::1]/d", true),
            ("postgres://u@%2Fvar%2Frun%2Fpostgresql/d", true),
            ("postgres://u@db.example/d?host=/var/run/postgresql", true),
            ("postgres://u:secret@db.example/d?sslmode=verify-full", true),
            ("postgres://u@db.example/d?sslmode=verify-full&sslrootcert=root.pem", true),
            ("postgres://u:secret@db.example/d?sslmode=verify-ca&sslrootcert=root.pem", false),
            ("postgres://u:secret@db.example/d", false),
            ("postgres://u:secret@db.example/d?sslmode=prefer", false),
            ("postgres://u:secret@db.example/d?sslmode=require", false),
            ("postgres://u:secret@10.0.0.1/d?sslmode=disable", false),
            ("postgres://u:secret@localhost/d?host=db.example", false),
            ("postgres://u:secret@localhost/d?hostaddr=10.0.0.1", false),
            ("postgres://u:secret@db.example/d?sslmode=verify-full&sslmode=prefer", false),
            ("postgres://u:secret@localhost.example/d", false),
            ("mysql://u:secret@localhost/d", false),
            ("", false),
        ] {
            fs::write(&path, url).expect("written");
            #[cfg(unix)]
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("set");
            match config.database_url() {
                Ok(read) => assert!(taken && *read == url, "{url}"),
                Err(error) => {
                    let said = error.to_string();
                    assert!(!taken, "{url}: {said}");
                    assert!(said.starts_with("database.url_file: ") && !said.contains("secret"), "{said}");
                    assert!(said.contains("verify-full") || said.contains("write sqlite:"), "{said}");
                }
            }
        }
        let plain = Config {
            database: crate::config::Database {
                url: "postgres://u@db.example/d".into(),
                url_file: None,
                connections: 1,
            },
            ..config
        };
        assert!(plain.database_url().expect_err("no TLS").to_string().starts_with("database.url: "));
    }

    #[cfg(unix)]
    #[test]
    fn a_mark_is_no_part_of_a_secret_and_utf_16_is_named() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        let utf16: Vec<u8> = "a secret".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (content, expected) in [
            ("\u{feff}a secret\r\n".as_bytes(), Some("a secret")),
            (b"a secret\r", Some("a secret")),
            (&utf16, None),
            (b"a\xff", None),
        ] {
            fs::write(&path, content).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
            match (source(&path).read(), expected) {
                (Ok(text), Some(expected)) => assert_eq!(text.as_deref().map(String::as_str), Some(expected)),
                (Err(error), None) => assert!(error.to_string().ends_with("save it as UTF-8"), "{error}"),
                (other, _) => panic!("{content:?}: {}", other.is_ok()),
            }
        }
    }

    #[test]
    fn a_secret_that_is_nowhere_is_said_to_be() {
        let source = Source { file: None, ..source(Path::new("")) };
        let error = source.need().expect_err("it is nowhere");
        assert_eq!(
            error.to_string(),
            "secret_file: is missing: name the file that holds it, or set KYCVS_TEST_THAT_NOBODY_SETS"
        );
    }
}
