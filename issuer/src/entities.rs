//! Verifying entities: who may ask.
//!
//! An operator registers them with `kycvs entity add`. A key that is made here is shown once and kept as a keyed hash.

use base64ct::{Base64UrlUnpadded, Encoding};
use kycvs::{Audience, ImportedKeys, VerifyingKey, Zeroizing};
use serde::Serialize;
use sqlx::{Row, any::AnyRow};
use url::Url;

use crate::{
    admin::{Admin, AdminError},
    db::{Db, Tx},
    flow::is_plain,
    outbound::is_loopback,
    secret::{ServiceSecret, Use},
    standard_webhooks::WebhookKey,
    webhooks::is_called_by_default,
};

/// A registered verifying entity.
#[derive(Clone, Debug)]
pub(crate) struct Entity {
    /// The audience of its answers.
    pub(crate) id: String,
    /// As shown to the person.
    pub(crate) name: String,
    /// The origins that may embed the page, as a browser writes them.
    pub(crate) origins: Vec<String>,
    /// Where its webhooks go.
    pub(crate) callback_url: Option<Url>,
    /// What it signs its calls with, where it does.
    pub(crate) request_key: Option<VerifyingKey>,
}

/// The entity of this id, unless it was disabled.
pub(crate) async fn by_id(db: &Db, id: &str) -> sqlx::Result<Option<Entity>> {
    let row =
        sqlx::query(concat!("SELECT ", columns!(), " FROM entities WHERE id = $1 AND disabled_at IS NULL"))
            .bind(id)
            .fetch_optional(db.reader())
            .await?;
    row.map(|row| read(&row)).transpose()
}

/// The entity with this API key, unless it was disabled.
pub(crate) async fn by_api_key(db: &Db, secret: &ServiceSecret, key: &str) -> sqlx::Result<Option<Entity>> {
    let hash = secret.hash(Use::ApiKey, &[key.as_bytes()]);
    let row = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM entities WHERE api_key_hash = $1 AND disabled_at IS NULL"
    ))
    .bind(hash.as_bytes())
    .fetch_optional(db.reader())
    .await?;
    row.map(|row| read(&row)).transpose()
}

/// What an entity checks its webhooks with.
pub(crate) fn webhook_key(secret: &ServiceSecret, entity: &str) -> WebhookKey {
    WebhookKey::from_bytes(&*secret.derive(Use::WebhookKey, &[entity.as_bytes()]))
        .unwrap_or_else(|_| unreachable!("32 bytes are a key"))
}

/// What an operator says of a new entity.
#[derive(Clone, Debug, Default)]
pub struct NewEntity {
    /// The audience of its answers, such as `irctc.co.in`.
    pub id: String,
    /// As shown to the person: 1 to 100 characters.
    pub name: String,
    /// The origins that may embed the page, as a browser writes them: `https://www.irctc.co.in`. At most 16.
    pub origins: Vec<String>,
    /// Where its webhooks go.
    pub callback_url: Option<String>,
    /// A file with the one Ed25519 public key that it signs its calls with (PEM or JWK), in place of an API key.
    pub request_key: Option<Vec<u8>>,
}

/// What the entity needs to know. Shown once; `Debug` shows nothing of it.
#[derive(Default)]
pub struct Credentials {
    /// Its API key, where one was made.
    pub api_key: Option<Zeroizing<String>>,
    /// What it checks its webhooks with.
    pub webhook_key: Option<Zeroizing<String>>,
    /// A warning for the operator about the callback address, although it was accepted.
    pub note: Option<&'static str>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// An entity as an operator sees it.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Listed {
    /// The audience of its answers.
    pub id: String,
    /// As shown to the person.
    pub name: String,
    /// The origins that may embed the page.
    pub origins: Vec<String>,
    /// Where its webhooks go.
    pub callback_url: Option<String>,
    /// How its calls are known: `api_key` or `request_key`.
    pub authentication: &'static str,
    /// Seconds since 1970.
    pub created_at: i64,
    /// Seconds since 1970, where it was disabled.
    pub disabled_at: Option<i64>,
}

/// Registers an entity.
///
/// # Errors
/// Where a value cannot be taken, the id is there already, or the database is away.
pub async fn add(admin: &Admin, new: &NewEntity) -> Result<Credentials, AdminError> {
    let id = Audience::new(new.id.as_str())?;
    check_name(&new.name)?;
    if new.origins.len() > MOST_ORIGINS {
        return Err(AdminError::refused(format!("an entity has at most {MOST_ORIGINS} origins")));
    }
    new.origins.iter().try_for_each(|origin| check_origin(origin))?;
    let callback_url = new.callback_url.as_deref().map(check_callback).transpose()?;
    let key = Key::new(new.request_key.as_deref())?;

    let origins = serde_json::to_string(&new.origins)
        .unwrap_or_else(|_| unreachable!("a list of texts can be written as JSON"));
    let mut tx = admin.db.begin().await?;
    let added = sqlx::query(
        "INSERT INTO entities (id, name, origins, callback_url, api_key_hash, request_key, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING",
    )
    .bind(id.as_str())
    .bind(&new.name)
    .bind(origins)
    .bind(callback_url.as_ref().map(Url::as_str))
    .bind(key.hash(&admin.secret))
    .bind(key.public())
    .bind(admin.clock.now())
    .execute(&mut *tx)
    .await?;
    if added.rows_affected() == 0 {
        return Err(AdminError::refused("there is an entity of this id already"));
    }
    tx.commit().await?;
    let is_called = |url: &Url| admin.allow_insecure || is_called_by_default(url);
    let note = callback_url.as_ref().filter(|url| !is_called(url)).map(|_| NOT_CALLED);
    let webhook_key = callback_url.map(|_| webhook_key(&admin.secret, id.as_str()).to_text());
    Ok(Credentials { api_key: key.into_shown(), webhook_key, note })
}

/// Every entity, by id.
///
/// # Errors
/// Where the database is away.
pub async fn list(admin: &Admin) -> Result<Vec<Listed>, AdminError> {
    let rows =
        sqlx::query(concat!("SELECT ", columns!(), ", created_at, disabled_at FROM entities ORDER BY id"))
            .fetch_all(admin.db.reader())
            .await?;
    let listed = rows.iter().map(|row| {
        let entity = read(row)?;
        Ok(Listed {
            authentication: if entity.request_key.is_some() { "request_key" } else { "api_key" },
            callback_url: entity.callback_url.map(Into::into),
            created_at: row.try_get("created_at")?,
            disabled_at: row.try_get("disabled_at")?,
            id: entity.id,
            name: entity.name,
            origins: entity.origins,
        })
    });
    Ok(listed.collect::<sqlx::Result<_>>()?)
}

/// Takes an entity's right to ask from it. Answers that it has stay good; its open requests cannot be answered.
///
/// # Errors
/// Where there is no entity of this id that is not disabled, or the database is away.
pub async fn disable(admin: &Admin, id: &str) -> Result<(), AdminError> {
    let mut tx = admin.db.begin().await?;
    let changed = sqlx::query("UPDATE entities SET disabled_at = $1 WHERE id = $2 AND disabled_at IS NULL")
        .bind(admin.clock.now())
        .bind(id)
        .execute(&mut *tx)
        .await?;
    changed_one(changed.rows_affected())?;
    // Its webhooks are for the service to give up, which works with these rows at the same time.
    Ok(tx.commit().await?)
}

/// Gives an entity that was disabled its right to ask back, with the key that it had.
///
/// # Errors
/// Where there is no entity of this id that is disabled, or the database is away.
pub async fn enable(admin: &Admin, id: &str) -> Result<(), AdminError> {
    let mut tx = admin.db.begin().await?;
    let enable = "UPDATE entities SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL";
    let changed = sqlx::query(enable).bind(id).execute(&mut *tx).await?;
    if changed.rows_affected() == 0 {
        return Err(AdminError::refused("there is no such entity, or it is not disabled"));
    }
    Ok(tx.commit().await?)
}

/// Gives an entity another key: an API key, or the one of this file. The one before is good no more.
///
/// # Errors
/// Where there is no entity of this id that is not disabled, the file holds no usable key, or the database is away.
pub async fn rotate_key(
    admin: &Admin,
    id: &str,
    request_key: Option<&[u8]>,
) -> Result<Credentials, AdminError> {
    let key = Key::new(request_key)?;
    let mut tx = admin.db.begin().await?;
    let (api_key_hash, public) = (key.hash(&admin.secret), key.public());
    let changed = set_key(&mut tx, id, api_key_hash, public).await?;
    changed_one(changed)?;
    tx.commit().await?;
    Ok(Credentials { api_key: key.into_shown(), webhook_key: None, note: None })
}

async fn set_key(tx: &mut Tx, id: &str, hash: Option<Vec<u8>>, public: Option<Vec<u8>>) -> sqlx::Result<u64> {
    let set = "UPDATE entities SET api_key_hash = $1, request_key = $2 WHERE id = $3 AND disabled_at IS NULL";
    Ok(sqlx::query(set).bind(hash).bind(public).bind(id).execute(&mut **tx).await?.rows_affected())
}

fn changed_one(changed: u64) -> Result<(), AdminError> {
    if changed == 1 { Ok(()) } else { Err(AdminError::refused("there is no such entity, or it is disabled")) }
}

/// How an entity's calls are known.
enum Key {
    Api(Zeroizing<String>),
    Request(VerifyingKey),
}

impl Key {
    /// The key of the file, or a new API key.
    fn new(request_key: Option<&[u8]>) -> Result<Self, AdminError> {
        let Some(file) = request_key else { return Self::new_api_key() };
        let keys = ImportedKeys::read(file)?;
        match keys.keys() {
            [key] => Ok(Self::Request(key.key().clone())),
            _ => Err(AdminError::refused("the file of the request key holds more than one")),
        }
    }

    fn new_api_key() -> Result<Self, AdminError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes).map_err(|_| AdminError::refused("the system gave no random bytes"))?;
        let mut encoded = Zeroizing::new([0; 43]);
        let encoded = Base64UrlUnpadded::encode(&*bytes, &mut *encoded)
            .unwrap_or_else(|_| unreachable!("32 bytes have 43 characters"));
        let mut text = Zeroizing::new(String::with_capacity(API_KEY_PREFIX.len() + encoded.len()));
        text.push_str(API_KEY_PREFIX);
        text.push_str(encoded);
        Ok(Self::Api(text))
    }

    fn hash(&self, secret: &ServiceSecret) -> Option<Vec<u8>> {
        match self {
            Self::Api(key) => Some(secret.hash(Use::ApiKey, &[key.as_bytes()]).as_bytes().to_vec()),
            Self::Request(_) => None,
        }
    }

    fn public(&self) -> Option<Vec<u8>> {
        match self {
            Self::Api(_) => None,
            Self::Request(key) => Some(key.as_bytes().to_vec()),
        }
    }

    fn into_shown(self) -> Option<Zeroizing<String>> {
        match self {
            Self::Api(key) => Some(key),
            Self::Request(_) => None,
        }
    }
}

const NOT_CALLED: &str = "the callback address is private or of this machine, so no webhook is sent to it: for development, \
                          set allow_insecure = true under [webhooks]";
const API_KEY_PREFIX: &str = "kycvs_";
const MOST_ORIGINS: usize = 16;
const LONGEST_NAME: usize = 100;
const LONGEST_URL: usize = 2_048;

fn check_name(name: &str) -> Result<(), AdminError> {
    let count = name.chars().count();
    if name.trim() != name || !(1..=LONGEST_NAME).contains(&count) {
        return Err(AdminError::refused(format!(
            "a name has 1 to {LONGEST_NAME} characters, and no space at its start or end"
        )));
    }
    // It stands on the page that a person consents on.
    if !is_plain(name) {
        return Err(AdminError::refused("a name has no control characters"));
    }
    Ok(())
}

fn check_origin(origin: &str) -> Result<(), AdminError> {
    let url = parse_web_address(origin, "an origin")?;
    let written = url.origin().ascii_serialization();
    if written != origin {
        return Err(AdminError::refused(format!(
            "an origin is scheme, host and port alone: write {written}"
        )));
    }
    Ok(())
}

fn check_callback(text: &str) -> Result<Url, AdminError> {
    let url = parse_web_address(text, "a callback address")?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(AdminError::refused("a callback address has no user, password or fragment"));
    }
    Ok(url)
}

fn parse_web_address(text: &str, what: &str) -> Result<Url, AdminError> {
    let refused = |why| Err(AdminError::refused(format!("{what} {why}")));
    if text.len() > LONGEST_URL {
        return refused("is not longer than 2,048 bytes");
    }
    match Url::parse(text) {
        Ok(url) if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)) => Ok(url),
        Ok(_) => refused("starts with https://; http:// is for this machine alone"),
        Err(_) => refused("is a URL such as https://www.example.org"),
    }
}

macro_rules! columns {
    () => {
        "id, name, origins, callback_url, request_key"
    };
}
use columns;

fn read(row: &AnyRow) -> sqlx::Result<Entity> {
    let bad = |error: Box<dyn std::error::Error + Send + Sync>| sqlx::Error::Decode(error);
    let key: Option<Vec<u8>> = row.try_get("request_key")?;
    let callback: Option<String> = row.try_get("callback_url")?;
    Ok(Entity {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        origins: serde_json::from_str(&row.try_get::<String, _>("origins")?)
            .map_err(|error| bad(error.into()))?,
        callback_url: callback
            .map(|url| url.parse())
            .transpose()
            .map_err(|error: url::ParseError| bad(error.into()))?,
        request_key: key
            .map(|key| VerifyingKey::try_from(&key[..]))
            .transpose()
            .map_err(|error| bad(error.into()))?,
    })
}

#[cfg(test)]
mod tests;
