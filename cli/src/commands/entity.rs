//! `kycvs entity`: the verifying entities that may ask the service.

use kycvs::Timestamp;
use kycvs_issuer::entities::{self, Credentials, Listed, NewEntity};
use serde::Serialize;

use super::admin::{failed, with_admin};
use crate::args::{Entity, EntityAdd, EntityId, EntityList, EntityRotateKey};
use crate::failure::{DONE, Result};
use crate::files;
use crate::output::{Output, shown};
use crate::times;

pub(super) fn run(command: &Entity, out: &mut Output) -> Result<u8> {
    match command {
        Entity::Add(options) => add(options, out),
        Entity::List(options) => list(options, out),
        Entity::Disable(options) => disable(options, out),
        Entity::Enable(options) => enable(options, out),
        Entity::RotateKey(options) => rotate_key(options, out),
    }
}

/// What the entity needs to know, shown once.
#[derive(Serialize)]
struct Shown<'a> {
    ok: bool,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_key: Option<&'a str>,
}

fn add(options: &EntityAdd, out: &mut Output) -> Result<u8> {
    let new = NewEntity {
        id: options.id.clone(),
        name: options.name.clone(),
        origins: options.origin.clone(),
        callback_url: options.callback_url.clone(),
        request_key: options.request_key.as_deref().map(files::read_keys).transpose()?,
    };
    let credentials =
        with_admin(&options.config, async |admin| entities::add(admin, &new).await.map_err(failed))?;
    show("added", &options.id, &credentials, out)
}

fn rotate_key(options: &EntityRotateKey, out: &mut Output) -> Result<u8> {
    let key = options.request_key.as_deref().map(files::read_keys).transpose()?;
    let credentials = with_admin(&options.config, async |admin| {
        entities::rotate_key(admin, &options.id, key.as_deref()).await.map_err(failed)
    })?;
    show("another key for", &options.id, &credentials, out)
}

fn show(done: &str, id: &str, credentials: &Credentials, out: &mut Output) -> Result<u8> {
    let api_key = credentials.api_key.as_ref().map(|key| key.as_str());
    let webhook_key = credentials.webhook_key.as_ref().map(|key| key.as_str());
    if let Some(note) = credentials.note {
        out.note(&format!("note: {note}"));
    }
    if out.is_json() {
        out.object(&Shown { ok: true, id, api_key, webhook_key })?;
        return Ok(DONE);
    }
    out.line(&format!("{done} {}", shown(id)))?;
    if let Some(key) = api_key {
        out.line(&format!("api key      {key}  (shown this once)"))?;
    }
    if let Some(key) = webhook_key {
        out.line(&format!("webhook key  {key}"))?;
    }
    Ok(DONE)
}

#[derive(Serialize)]
struct Entities {
    ok: bool,
    entities: Vec<EntityObject>,
}

#[derive(Serialize)]
struct EntityObject {
    id: String,
    name: String,
    origins: Vec<String>,
    callback_url: Option<String>,
    authentication: &'static str,
    added_at: String,
    disabled_at: Option<String>,
}

impl EntityObject {
    fn new(listed: Listed) -> Self {
        let time = |seconds: i64| times::time(Timestamp::from_secs(seconds.unsigned_abs()));
        Self {
            id: listed.id,
            name: listed.name,
            origins: listed.origins,
            callback_url: listed.callback_url,
            authentication: listed.authentication,
            added_at: time(listed.created_at),
            disabled_at: listed.disabled_at.map(time),
        }
    }
}

fn list(options: &EntityList, out: &mut Output) -> Result<u8> {
    let listed = with_admin(&options.config, async |admin| entities::list(admin).await.map_err(failed))?;
    let entities: Vec<_> = listed.into_iter().map(EntityObject::new).collect();
    if out.is_json() {
        out.object(&Entities { ok: true, entities })?;
        return Ok(DONE);
    }
    if entities.is_empty() {
        out.line("no entities")?;
    }
    for entity in &entities {
        let disabled = if entity.disabled_at.is_some() { "  DISABLED" } else { "" };
        out.line(&format!("{}  {}{disabled}", shown(&entity.id), shown(&entity.name)))?;
        let key = if entity.authentication == "api_key" { "an API key" } else { "signed calls" };
        out.line(&format!("  known by  {key}"))?;
        for origin in &entity.origins {
            out.line(&format!("  origin    {}", shown(origin)))?;
        }
        if let Some(url) = &entity.callback_url {
            out.line(&format!("  callback  {}", shown(url)))?;
        }
    }
    Ok(DONE)
}

#[derive(Serialize)]
struct Disabled<'a> {
    ok: bool,
    disabled: &'a str,
}

fn disable(options: &EntityId, out: &mut Output) -> Result<u8> {
    with_admin(&options.config, async |admin| entities::disable(admin, &options.id).await.map_err(failed))?;
    if out.is_json() {
        out.object(&Disabled { ok: true, disabled: &options.id })?;
    } else {
        out.line(&format!("disabled {}", shown(&options.id)))?;
    }
    Ok(DONE)
}

#[derive(Serialize)]
struct Enabled<'a> {
    ok: bool,
    enabled: &'a str,
}

fn enable(options: &EntityId, out: &mut Output) -> Result<u8> {
    with_admin(&options.config, async |admin| entities::enable(admin, &options.id).await.map_err(failed))?;
    if out.is_json() {
        out.object(&Enabled { ok: true, enabled: &options.id })?;
    } else {
        out.line(&format!("enabled {}", shown(&options.id)))?;
    }
    Ok(DONE)
}
