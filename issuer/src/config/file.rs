//! The file: read, understood, and its relative paths taken from where it stands.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use kycvs::Zeroizing;
use kycvs_tables::text;
use toml::{Spanned, de::DeTable};

use super::{Config, Delivery};

/// A setting that cannot be used, where it stands, and what to write instead. Holds no secret.
#[derive(Debug)]
pub struct ConfigError {
    file: Option<PathBuf>,
    line: Option<usize>,
    /// Where the setting is not named by its line: `otp.lifetime`, or an environment variable.
    setting: Option<String>,
    message: String,
    is_unreadable: bool,
}

impl ConfigError {
    pub(crate) fn new(setting: impl Into<String>, message: impl Into<String>) -> Self {
        let (setting, message) = (Some(setting.into()), message.into());
        Self { file: None, line: None, setting, message, is_unreadable: false }
    }

    fn in_file(file: &Path, message: impl Into<String>) -> Self {
        let (file, message) = (Some(file.into()), message.into());
        Self { file, line: None, setting: None, message, is_unreadable: false }
    }

    /// Whether the file of settings cannot be read at all, rather than something in it being wrong.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        self.is_unreadable
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "`{}`", file.display())?;
            if let Some(line) = self.line {
                write!(f, ", line {line}")?;
            }
            f.write_str(": ")?;
        }
        if let Some(setting) = &self.setting {
            write!(f, "{setting}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}

/// No file of settings is longer.
const LONGEST: usize = 1 << 20;

impl Config {
    /// Reads a file and checks every setting. Relative paths in it are taken from the folder that it stands in.
    ///
    /// # Errors
    /// Where it cannot be read, has a word that is none of the settings, or a value that cannot be used: with the line,
    /// and what to write instead.
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let text = read(path)?;
        let mut config: Self = toml::from_str(&text).map_err(|error| ConfigError {
            line: error.span().map(|span| line_of(&text, span.start)),
            ..ConfigError::in_file(path, error.message().replace('\n', "; "))
        })?;
        config.check().map_err(|error| ConfigError {
            file: Some(path.into()),
            line: error.setting.as_deref().and_then(|setting| line_of_setting(&text, setting)),
            ..error
        })?;
        config.file = Some(path.to_owned());
        config.resolve(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    /// Puts the folder before every relative path.
    fn resolve(&mut self, folder: &Path) {
        let mut files = vec![&mut self.key_file];
        files.extend(self.key_passphrase_file.as_mut());
        files.extend(self.secret_file.as_mut());
        files.extend(self.database.url_file.as_mut());
        if let Some(tls) = &mut self.tls {
            files.extend([&mut tls.certificate_file, &mut tls.key_file]);
        }
        match &mut self.delivery {
            Delivery::Webhook { secret_file: file, .. } | Delivery::Smtp { password_file: file, .. } => {
                files.extend(file.as_mut());
            }
            Delivery::Inbox {} => {}
        }
        for file in files {
            *file = folder.join(&*file);
        }
        if let Some(file) = self.database.url.strip_prefix("sqlite:").filter(|file| !file.starts_with('/')) {
            self.database.url = format!("sqlite:{}", folder.join(file).display());
        }
    }
}

/// Why a file cannot be read or written. The standard library calls a file that is not there an entity.
pub(crate) fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        // Not an error of the system, but one of the functions below.
        _ if error.get_ref().is_some() => error.to_string(),
        kind => kind.to_string(),
    }
}

/// Opens a file that holds settings, or one that they name.
///
/// Only a regular file, or a link to one: a pipe or a terminal can block for ever, and the service reads its files again on
/// SIGHUP. The file is looked at before it is opened, because opening a pipe waits for its other end.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let about = fs::metadata(path)?;
    if about.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !about.is_file() {
        let why = "it is not a regular file (a pipe or a device can block): write the content into a file";
        return Err(io::Error::other(why));
    }
    File::open(path)
}

/// The content of a file, which is at most `longest` bytes.
pub(crate) fn read_all(file: File, longest: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    // Reserved once: a buffer that grows leaves copies of its content behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(longest + 1));
    file.take(longest as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > longest {
        return Err(io::Error::other(format!("it is longer than {longest} bytes")));
    }
    Ok(bytes)
}

fn read(path: &Path) -> Result<String, ConfigError> {
    let fail = |error: &io::Error| ConfigError {
        is_unreadable: true,
        ..ConfigError::in_file(path, format!("cannot be read: {}", why(error)))
    };
    let bytes = open(path).and_then(|file| read_all(file, LONGEST)).map_err(|error| fail(&error))?;
    let text = text::utf8(&bytes).map_err(|error| ConfigError {
        is_unreadable: true,
        ..ConfigError::in_file(path, error.to_string())
    })?;
    Ok(text.to_owned())
}

/// The line of a byte, from 1.
fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
}

/// The line of a setting such as `otp.lifetime`; of the nearest table around it where the setting itself is not there.
fn line_of_setting(text: &str, setting: &str) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    let mut table = document.get_ref();
    let mut found = None;
    for word in setting.split('.') {
        let Some((key, value)) = table.iter().find(|(key, _)| key.get_ref() == word) else { break };
        found = Some(line_of(text, key.span().start));
        let Some(inner) = Spanned::get_ref(value).as_table() else { break };
        table = inner;
    }
    found
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const LEAST: &str = r#"
public_url = "https://vaccination.example"
issuer = "in.example"
display_name = "Example"
key_file = "issuer.pem"
secret_file = "/etc/kycvs/secret"
[delivery]
kind = "webhook"
url = "https://sms.example/send"
"#;

    #[test]
    fn a_mark_is_dropped_and_utf_16_is_named() {
        let config = parsed(&format!("\u{feff}{}", LEAST.trim_start())).expect("it is right");
        assert_eq!(config.issuer, "in.example");
        let error =
            parsed(&format!("\u{feff}{}", LEAST.replace("issuer =", "isuer ="))).expect_err("a wrong word");
        assert!(error.contains(", line 3: "), "{error}");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kycvs.toml");
        let utf16: Vec<u8> = LEAST.encode_utf16().flat_map(u16::to_le_bytes).collect();
        fs::write(&path, utf16).expect("written");
        let error = Config::from_file(&path).expect_err("it is UTF-16");
        assert!(
            error.is_unreadable() && error.to_string().ends_with("is UTF-16 text: save it as UTF-8"),
            "{error}"
        );
    }

    fn parsed(text: &str) -> Result<Config, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kycvs.toml");
        fs::write(&path, text).expect("written");
        let folder = folder.path().display().to_string();
        Config::from_file(&path).map_err(|error| error.to_string().replace(&folder, "."))
    }

    #[test]
    fn the_least_that_is_needed_is_enough() {
        let config = parsed(LEAST).expect("it is right");
        assert_eq!(config.answers.valid_for, 900);
        assert_eq!(config.otp.lifetime, 180);
    }

    #[test]
    fn what_is_shown_of_the_settings_holds_no_secret() {
        let folder = Path::new("/f");
        for delivery in [
            "kind = 'webhook'\nurl = 'https://u:hunter2@sms.example/hunter2?key=hunter2#hunter2'",
            "kind = 'smtp'\nurl = 'smtps://u:hunter2@sms.example?hunter2'\nfrom = 'a@b.example'\nto = '{number}@c'",
        ] {
            let text = LEAST.split("[delivery]").next().expect("what stands before").to_owned();
            let text = format!(
                "{text}[database]\nurl = 'postgres://u:hunter2@db.example/d'\n[delivery]\n{delivery}"
            );
            let mut config: Config = toml::from_str(&text).expect("settings");
            config.resolve(folder);
            let shown = format!("{config:?} {config:#?}");
            assert!(shown.contains("sms.example") && !shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn the_longest_delivery_is_waited_for_at_the_end() {
        let config = |more: &str| parsed(&format!("{LEAST}{more}")).expect("it is right");
        assert_eq!(config("timeout = 20").finish().as_secs(), 25);
        assert_eq!(config("timeout = 1").finish().as_secs(), 10);
        let smtp =
            "kind = 'smtp'\nurl = 'smtps://a.example'\nfrom = 'a@b.example'\nto = '{number}@c.example'";
        let smtp = LEAST.replace("kind = \"webhook\"\nurl = \"https://sms.example/send\"", smtp);
        assert_eq!(parsed(&format!("{smtp}timeout = 15")).expect("it is right").finish().as_secs(), 20);
    }

    #[test]
    fn relative_paths_start_where_the_file_is() {
        let config = parsed(LEAST).expect("it is right");
        assert!(config.key_file.is_absolute() && config.key_file.ends_with("issuer.pem"));
        assert_eq!(config.secret_file, Some("/etc/kycvs/secret".into()));
        assert!(config.database.url.starts_with("sqlite:/"), "{}", config.database.url);
    }

    #[test]
    fn errors_name_the_line_and_what_to_write() {
        for (added, wanted) in [
            ("[otp]\nlifetme = 3\n", ["`./kycvs.toml`, line 11: ", "lifetime"]),
            ("[otp]\nlifetime = 600\n", ["`./kycvs.toml`, line 11: otp.lifetime: ", "from 1 to 180"]),
            ("[otp]\nlifetime = \"x\"\n", ["`./kycvs.toml`, line 11: ", "expected u32"]),
            ("colour = 1\n", ["`./kycvs.toml`, line ", "unknown field `colour`"]),
            (
                "[limits]\notp_per_number = { burst = 6, seconds = 7200.0 }\n",
                ["line 11: limits.otp_per_number", "at most 5"],
            ),
            ("= 1\n", ["`./kycvs.toml`, line 10: ", ""]),
        ] {
            let error = parsed(&format!("{LEAST}{added}")).expect_err(added);
            assert!(wanted.iter().all(|part| error.contains(part)), "{added}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_name_that_people_see_is_one_line_that_reads_one_way() {
        for steers in ["\\u0007", "\\u061C", "\\u2028", "\\u202E"] {
            let error =
                parsed(&LEAST.replace("\"Example\"", &format!("\"Exa{steers}mple\""))).expect_err(steers);
            assert!(error.contains("line 4: display_name: "), "{error}");
        }
    }

    /// Kubernetes mounts a secret as a link to a link to a file.
    #[cfg(unix)]
    #[test]
    fn links_to_a_regular_file_are_read_and_what_can_block_is_not() {
        use std::os::unix::fs::symlink;

        use crate::test_support::{at_once, make_pipe};
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), "content").expect("written");
        make_pipe(&path("pipe"));
        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).expect("bound");
        for (link, to) in [
            ("..data", "file"),
            ("link", "..data"),
            ("to-pipe", "pipe"),
            ("to-device", "/dev/zero"),
            ("to-nothing", "gone"),
        ] {
            symlink(to, path(link)).expect("a link");
        }
        let read = |name: &str, longest| {
            let path = path(name);
            at_once(move || open(&path).and_then(|file| read_all(file, longest)).map_err(|error| why(&error)))
        };
        for name in ["file", "link"] {
            assert_eq!(*read(name, 7).expect(name), b"content");
            assert_eq!(read(name, 6).expect_err(name), "it is longer than 6 bytes");
        }
        for (name, said) in [
            ("pipe", "it is not a regular file"),
            ("to-pipe", "it is not a regular file"),
            ("socket", "it is not a regular file"),
            ("to-device", "it is not a regular file"),
            ("to-nothing", "there is no such file"),
            (".", "is a directory"),
        ] {
            let error = read(name, 100).expect_err(name);
            assert!(error.contains(said), "{name}: {error}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_said_to_be() {
        let error = Config::from_file(Path::new("/nowhere/kycvs.toml")).expect_err("it is not there");
        assert_eq!(
            error.to_string(),
            "`/nowhere/kycvs.toml`: cannot be read: there is no such file or folder"
        );
    }
}
