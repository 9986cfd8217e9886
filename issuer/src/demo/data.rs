//! The demonstration's files, and what its database holds at the start.

use std::{
    fs::{self, File},
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use kycvs::{IssuerName, SigningKey, TrustStore, TrustedKey, Zeroizing};
use url::Url;

use super::{DemoError, ISSUER, booking, people};
use crate::{
    admin::Admin,
    app::App,
    entities::{self, NewEntity},
    records::{self, Format, Options, Source},
    standard_webhooks::WebhookKey,
};

/// The files of one folder.
pub(super) struct Files {
    folder: PathBuf,
    pub(super) config: PathBuf,
    pub(super) trust: PathBuf,
    key: PathBuf,
    secret: PathBuf,
}

impl Files {
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self {
            folder: folder.into(),
            config: folder.join("kycvs.toml"),
            trust: folder.join("trust.cbor"),
            key: folder.join("issuer.pem"),
            secret: folder.join("secret"),
        }
    }

    /// Makes the files, but for a key and a secret that are there already; gives the trust store.
    pub(super) fn make(&self, service: &Url, listen: SocketAddr) -> Result<Vec<u8>, DemoError> {
        fs::create_dir_all(&self.folder).map_err(|error| DemoError::File(self.folder.clone(), error))?;
        let key = if self.key.exists() {
            let pem =
                fs::read_to_string(&self.key).map_err(|error| DemoError::File(self.key.clone(), error))?;
            SigningKey::from_pem(&Zeroizing::new(pem))?
        } else {
            let key = SigningKey::generate()?;
            write(&self.key, key.to_pem().as_bytes())?;
            key
        };
        if !self.secret.exists() {
            let mut secret = Zeroizing::new([0; 32]);
            getrandom::fill(&mut *secret).map_err(|error| DemoError::Data(error.to_string()))?;
            write(&self.secret, Zeroizing::new(hex::encode(*secret)).as_bytes())?;
        }
        let trusted = TrustedKey::new(IssuerName::new(ISSUER)?, key.verifying_key().clone());
        let trust = TrustStore::new().with(trusted)?.to_bytes();
        write(&self.trust, &trust)?;
        write(&self.config, settings(service, listen).as_bytes())?;
        Ok(trust)
    }
}

/// Writes a file that its owner alone can read.
fn write(path: &Path, bytes: &[u8]) -> Result<(), DemoError> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(bytes))
        .map_err(|error| DemoError::File(path.into(), error))
}

/// The file of settings. What it does not say is as it is for a real service, but for how often one number can be sent a
/// password: whoever plays asks often.
fn settings(service: &Url, listen: SocketAddr) -> String {
    let origin = service.origin().ascii_serialization();
    format!(
        r#"# Made by `kycvs serve --demo`: everything in it is for playing.
listen = "{listen}"
public_url = "{origin}"
issuer = "{ISSUER}"
display_name = "Demonstration Health Department"
key_file = "issuer.pem"
secret_file = "secret"
specimen = true

[delivery]
kind = "inbox"

[database]
url = "sqlite:kycvs.db"

[otp]
resend_after = 10

[limits]
otp_per_number = {{ burst = 100, seconds = 30.0 }}
messages_per_number = {{ burst = 100, seconds = 30.0 }}
daily_messages_per_number = {{ burst = 100, seconds = 30.0 }}

[passes]
enabled = true
purposes = ["entry", "event"]
valid_for = 86400

[webhooks]
allow_insecure = true

[management]
listen = "127.0.0.1:0"

[log]
level = "warn"
"#
    )
}

/// Registers the people and the railway; gives the railway's API key, a new one each time, and its webhook key.
pub(super) async fn fill(app: &App, booking: &Url) -> Result<(Zeroizing<String>, WebhookKey), DemoError> {
    let admin = Admin {
        db: app.db.clone(),
        secret: app.secret.clone(),
        clock: app.clock.clone(),
        numbers: app.config.numbers.clone(),
        allow_insecure: app.config.webhooks.allow_insecure,
    };
    let failed = |error: &dyn std::fmt::Display| DemoError::Data(error.to_string());
    import(&admin).await?;
    let origin = booking.origin().ascii_serialization();
    let callback = booking.join(booking::WEBHOOK_PATH).map_err(|error| failed(&error))?;
    let known = entities::by_id(&app.db, booking::AUDIENCE).await.map_err(|error| failed(&error))?;
    let credentials = if known.is_none() {
        let railway = NewEntity {
            id: booking::AUDIENCE.to_owned(),
            name: booking::NAME.to_owned(),
            origins: vec![origin],
            callback_url: Some(callback.into()),
            request_key: None,
        };
        entities::add(&admin, &railway).await
    } else {
        // The folder of an earlier demonstration, which may have had another port.
        move_entity(app, &origin, &callback).await.map_err(|error| failed(&error))?;
        entities::rotate_key(&admin, booking::AUDIENCE, None).await
    }
    .map_err(|error| failed(&error))?;
    let api_key =
        credentials.api_key.ok_or_else(|| DemoError::Data("the railway has no API key".to_owned()))?;
    Ok((api_key, entities::webhook_key(&app.secret, booking::AUDIENCE)))
}

async fn move_entity(app: &App, origin: &str, callback: &Url) -> sqlx::Result<()> {
    let mut tx = app.db.begin().await?;
    sqlx::query("UPDATE entities SET origins = $1, callback_url = $2 WHERE id = $3")
        .bind(serde_json::json!([origin]).to_string())
        .bind(callback.as_str())
        .bind(booking::AUDIENCE)
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// As `kycvs records import` does it.
async fn import(admin: &Admin) -> Result<(), DemoError> {
    let csv = people::csv();
    let source = Source { format: Format::Csv, content: Box::new(csv.as_bytes()) };
    let report = records::import(admin, vec![source], &Options::default(), &mut |_| {})
        .await
        .map_err(|error| DemoError::Data(error.to_string()))?;
    if report.bad == 0 { Ok(()) } else { Err(DemoError::Data("a row of the register is refused".to_owned())) }
}
