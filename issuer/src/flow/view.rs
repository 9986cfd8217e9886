//! What the entity and the person see of a request.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Serialize;

use crate::{
    app::App,
    problem::{Problem, ProblemCode, Result},
};

use super::{Binding, Kind, Request, State, open_mobile};

/// What the entity sees.
#[derive(Serialize)]
pub(crate) struct View {
    id: String,
    state: State,
    /// What to embed.
    url: String,
    purpose: String,
    binding: Binding,
    valid_for: i64,
    created_at: i64,
    expires_at: i64,
    /// The same bytes each time, until they are acknowledged or expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    presentation: Option<String>,
}

/// The request as its entity sees it.
pub(crate) async fn view(app: &App, entity: &str, id: &str) -> Result<View> {
    Ok(of(app, &Request::find_for_entity(app, entity, id).await?))
}

/// The same for a webhook about it, or nothing where it is gone.
pub(crate) async fn webhook_view(app: &App, id: &str) -> Result<Option<serde_json::Value>> {
    let request = match Request::find(app, id).await {
        Ok(request) => request,
        Err(problem) if problem.code == ProblemCode::NotFound => return Ok(None),
        Err(problem) => return Err(problem),
    };
    serde_json::to_value(of(app, &request))
        .map(Some)
        .map_err(|_| Problem::new(ProblemCode::Internal, "The request could not be written."))
}

pub(super) fn of(app: &App, request: &Request) -> View {
    let state = request.state(app.clock.now());
    let presentation = request.presentation.as_deref().filter(|_| state == State::Answered);
    View {
        id: request.id.clone(),
        state,
        url: address(app, &format!("/embed/{}", request.id)),
        purpose: request.purpose.clone(),
        binding: request.binding,
        valid_for: request.valid_for,
        created_at: request.created_at,
        expires_at: request.expires_at,
        presentation: presentation.map(Base64UrlUnpadded::encode_string),
    }
}

/// The address of a path of this service, as persons and entities see it.
pub(crate) fn address(app: &App, path: &str) -> String {
    format!("{}{path}", app.config.public_url.origin().ascii_serialization())
}

/// Who asks, or who answers.
#[derive(Serialize)]
pub(super) struct Party {
    id: String,
    name: String,
}

impl Party {
    pub(super) fn issuer(app: &App) -> Self {
        Self { id: app.config.issuer.clone(), name: app.config.display_name.clone() }
    }
}

/// What the person sees before anything is sent.
#[derive(Serialize)]
pub(crate) struct Consent {
    id: String,
    state: State,
    kind: Kind,
    /// Nobody for an open pass, which is for whoever is shown it.
    entity: Option<Party>,
    issuer: Party,
    purpose: String,
    binding: Binding,
    /// The last digits of the number that the entity sent along.
    #[serde(skip_serializing_if = "Option::is_none")]
    mobile_hint: Option<String>,
    valid_for: i64,
    expires_at: i64,
    /// Which pages may embed this one and get the answer.
    origins: Vec<String>,
    otp: OtpState,
}

#[derive(Serialize)]
struct OtpState {
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resend_at: Option<i64>,
    tries_left: i64,
}

/// The request as the person sees it.
pub(crate) async fn consent(app: &App, id: &str) -> Result<Consent> {
    let request = Request::find_for_person(app, id).await?;
    let entity = super::asking_entity(app, &request).await?;
    let state = request.state(app.clock.now());
    // Once the request is over, its password is nobody's business.
    let sent = state == State::OtpSent;
    Ok(Consent {
        mobile_hint: mobile_hint(app, &request)?,
        otp: OtpState {
            sent_at: request.otp_sent_at.filter(|_| sent),
            expires_at: request.otp_expires_at.filter(|_| sent),
            resend_at: request.resend_at(app).filter(|_| sent),
            tries_left: request.tries_left(app),
        },
        state,
        kind: request.kind,
        issuer: Party::issuer(app),
        origins: entity.as_ref().map(|entity| entity.origins.clone()).unwrap_or_default(),
        entity: entity.map(|entity| Party { id: entity.id, name: entity.name }),
        id: request.id,
        purpose: request.purpose,
        binding: request.binding,
        valid_for: request.valid_for,
        expires_at: request.expires_at,
    })
}

fn mobile_hint(app: &App, request: &Request) -> Result<Option<String>> {
    let Some(sealed) = &request.known_mobile else { return Ok(None) };
    let mobile = open_mobile(app, &request.id, sealed)?;
    // E.164 is ASCII.
    Ok(mobile.len().checked_sub(2).and_then(|start| mobile.get(start..)).map(str::to_owned))
}
