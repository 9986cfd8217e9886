//! Verifying entities: who may ask.

use kycvs::VerifyingKey;
use sqlx::{Row, any::AnyRow};
use url::Url;

use crate::{
    db::Db,
    secret::{ServiceSecret, Use},
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
