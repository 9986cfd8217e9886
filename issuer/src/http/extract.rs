//! What is taken from an HTTP request before a rule sees it: who calls, from where, and a body that is exactly what the
//! call takes. Whatever is wrong becomes a problem document.

use std::net::{IpAddr, Ipv4Addr};

use axum::{
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{HeaderMap, header, request::Parts},
};
use futures_util::StreamExt;
use kycvs::Zeroizing;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use crate::{
    app::App,
    auth,
    entities::Entity,
    flow::{self, Call},
    limits::network,
    problem::{Problem, ProblemCode, Result},
    replies::{Repeatable, Scope},
    secret::Use,
};

/// The largest body that is taken. The largest that makes sense is a tenth of it.
pub(crate) const MAX_BODY: usize = 16 * 1024;

/// Where a call comes from: what the host puts into the request's extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// The id in the path. What has another form is found nowhere.
pub(super) struct Id(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(id)) if flow::is_id(&id) => Ok(Self(id)),
            _ => Err(Problem::new(ProblemCode::NotFound, "There is no such request, or not for you.")),
        }
    }
}

/// A call without a body by an entity.
pub(super) struct Asker(pub(super) Entity);

impl FromRequestParts<App> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        auth::entity(app, parts, &[]).await.map(Self)
    }
}

/// The parts of a call, its body read. Who it is from is found out before its body is looked at.
pub(super) struct Body {
    parts: Parts,
    bytes: Zeroizing<Vec<u8>>,
}

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        let (parts, body) = request.into_parts();
        let bytes = read(&parts.headers, body).await?;
        Ok(Self { parts, bytes })
    }
}

impl Body {
    pub(super) fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T> {
        json(&self.parts.headers, &self.bytes)
    }

    pub(super) fn call(&self, app: &App, scope: Scope<'_>) -> Result<Call> {
        let repeatable = idempotency_key(self.headers())?.map(|key| {
            let said = [self.parts.method.as_str().as_bytes(), self.parts.uri.path().as_bytes(), &self.bytes];
            Repeatable::new(app, scope, key, &said)
        });
        Ok(Call { address: self.address(), repeatable: repeatable.transpose()? })
    }

    fn address(&self) -> IpAddr {
        // Without a host that says it, all calls count as from one address, which is the safe side.
        let address = self.parts.extensions.get::<ClientAddress>();
        address.map_or(Ipv4Addr::UNSPECIFIED.into(), |address| address.0)
    }
}

/// A call with a body by an entity.
pub(super) struct EntityCall<T> {
    pub(super) entity: Entity,
    pub(super) call: Call,
    pub(super) body: T,
}

impl<T: DeserializeOwned> FromRequest<App> for EntityCall<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        let from = Body::from_request(request, app).await?;
        let entity = auth::entity(app, &from.parts, &from.bytes).await?;
        let body = from.json()?;
        let call = from.call(app, Scope::Entity(&entity.id))?;
        Ok(Self { entity, call, body })
    }
}

/// That a call comes from a page of this service, where a browser says from where it comes.
pub(super) struct SameOrigin;

impl<S: Send + Sync> FromRequestParts<S> for SameOrigin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        match auth::single(&parts.headers, "sec-fetch-site")? {
            None | Some("same-origin" | "none") => Ok(Self),
            Some(_) => Err(Problem::new(
                ProblemCode::Forbidden,
                "Another site's page cannot speak for a person here.",
            )),
        }
    }
}

/// A call with a body by a person, about one request.
pub(super) struct PersonCall<T> {
    pub(super) id: String,
    pub(super) call: Call,
    pub(super) body: T,
}

impl<T: DeserializeOwned> FromRequest<App> for PersonCall<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        SameOrigin::from_request_parts(&mut parts, app).await?;
        let Id(id) = Id::from_request_parts(&mut parts, app).await?;
        let from = Body::from_request(Request::from_parts(parts, body), app).await?;
        Ok(Self { body: from.json()?, call: from.call(app, Scope::Request(&id))?, id })
    }
}

/// A call with a body by anyone, about nothing that is there yet.
pub(super) struct AnyonesCall<T> {
    pub(super) call: Call,
    pub(super) body: T,
}

impl<T: DeserializeOwned> FromRequest<App> for AnyonesCall<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        SameOrigin::from_request_parts(&mut parts, app).await?;
        let from = Body::from_request(Request::from_parts(parts, body), app).await?;
        // Two people may choose the same key; two behind one address hardly ever do.
        let network = app.secret.hash(Use::Limit, &[b"reply", &network(from.address())]);
        let call = from.call(app, Scope::Network(&hex::encode(network.as_bytes())))?;
        Ok(Self { body: from.json()?, call })
    }
}

/// `{}`, or nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// A member that may be left out but is not `null`.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>> {
    match auth::single(headers, "idempotency-key")? {
        Some(key) if !(1..=255).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Err(Problem::new(
                ProblemCode::BadRequest,
                "`Idempotency-Key` has 1 to 255 visible ASCII characters.",
            ))
        }
        key => Ok(key),
    }
}

/// The whole body. It may hold a name or a password, and is wiped.
async fn read(headers: &HeaderMap, body: axum::body::Body) -> Result<Zeroizing<Vec<u8>>> {
    let too_large =
        || Problem::new(ProblemCode::TooLarge, format!("At most {MAX_BODY} bytes are taken in a body."));
    let announced = auth::single(headers, header::CONTENT_LENGTH.as_str())?
        .and_then(|length| length.parse::<usize>().ok())
        .unwrap_or(0);
    if announced > MAX_BODY {
        return Err(too_large());
    }
    // With room for what was announced, so that growing leaves no copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(announced.max(1024)));
    let mut stream = body.into_data_stream();
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|_| Problem::new(ProblemCode::BadRequest, "The body broke off."))?;
        if bytes.len() + piece.len() > MAX_BODY {
            return Err(too_large());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// An object with the members that `T` has and no others. The reason why it is not one is told by kind and place, never
/// with what was sent.
fn json<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T> {
    if body.is_empty() {
        return serde_json::from_str("{}").map_err(|_| {
            Problem::new(ProblemCode::BadRequest, "The call takes a JSON object, and got nothing.")
        });
    }
    let kind = auth::single(headers, header::CONTENT_TYPE.as_str())?.unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(ProblemCode::UnsupportedMediaType, "Send the body as application/json."));
    }
    // An array would be taken for an object by the order of its members.
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Problem::new(ProblemCode::BadRequest, "The body is not a JSON object."));
    }
    serde_json::from_slice(body).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Data => {
                "has a member that is unknown, missing, twice there or of a wrong type"
            }
            _ => "is not JSON",
        };
        Problem::new(
            ProblemCode::BadRequest,
            format!("The body {what} (line {}, column {}).", error.line(), error.column()),
        )
    })
}
