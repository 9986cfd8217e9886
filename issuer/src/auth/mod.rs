//! Which verifying entity a call comes from: by its API key, or by the signature on the call.

mod signature;

use axum::http::{HeaderMap, header, request::Parts};

use crate::{
    app::App,
    entities::{self, Entity},
    problem::{Problem, ProblemCode, Result},
};

/// What an API key begins with, so that a lost one is recognised as what it is.
const KEY_PREFIX: &str = "kycvs_";

/// The longest text that is looked at as an API key.
const MAX_KEY_LENGTH: usize = 128;

/// The entity that makes this call.
pub(crate) async fn entity(app: &App, parts: &Parts, body: &[u8]) -> Result<Entity> {
    match single(&parts.headers, header::AUTHORIZATION.as_str())? {
        Some(authorization) => {
            let key = bearer(authorization).ok_or_else(|| {
                unauthorized("Send `Authorization: Bearer` with the API key, or sign the call.")
            })?;
            by_key(app, key).await
        }
        None if parts.headers.contains_key("signature-input") => signature::entity(app, parts, body).await,
        None => Err(unauthorized("Send `Authorization: Bearer` with the API key, or sign the call.")),
    }
}

/// The entity with this API key.
pub(crate) async fn by_key(app: &App, key: &str) -> Result<Entity> {
    let wrong = || unauthorized("There is no such API key, or it was withdrawn.");
    if !key.starts_with(KEY_PREFIX) || key.len() > MAX_KEY_LENGTH {
        return Err(wrong());
    }
    entities::by_api_key(&app.db, &app.secret, key).await?.ok_or_else(wrong)
}

/// The token of `Authorization: Bearer TOKEN`.
pub(crate) fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token.trim())
}

/// A header that is there once or not at all.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match (value.to_str(), values.next()) {
        (Ok(value), None) => Ok(Some(value)),
        _ => Err(Problem::new(ProblemCode::BadRequest, format!("The header `{name}` cannot be read."))),
    }
}

pub(crate) fn unauthorized(detail: &str) -> Problem {
    Problem::new(ProblemCode::Unauthorized, detail)
}
