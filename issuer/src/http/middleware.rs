//! What every call goes through, whichever page or interface it is for: a bound on its body and its time, the headers
//! that browsers hold to, one line of the log, and a problem document for whatever goes wrong on the way.

use std::{
    fmt,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use hyper::body::Body as _;
use kycvs::Zeroizing;
use tokio::time::timeout;

use super::host::PublicHost;
use crate::{
    app::App,
    problem::{Problem, ProblemCode, Result},
};

/// No call has a larger body.
pub(crate) const LARGEST_BODY: usize = 16 * 1024;
/// A body arrives within this.
const BODY: Duration = Duration::from_secs(10);
/// A whole call takes at most this, its body not counted.
pub(crate) const CALL: Duration = Duration::from_secs(30);

/// Puts it around all routes.
pub(crate) fn around(router: Router, app: &App) -> Router {
    let over_tls = app.config.public_url.scheme() == "https";
    let host = PublicHost::of(&app.config.public_url);
    router.layer(middleware::from_fn_with_state(Shared { app: app.clone(), over_tls, host }, call))
}

#[derive(Clone)]
struct Shared {
    app: App,
    /// Whether persons reach the service over TLS, here or at a proxy.
    over_tls: bool,
    host: PublicHost,
}

async fn call(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let about = About::of(&request);
    let for_here = shared.host.check(&request);
    let whole = async { for_here.and(whole(request).await) };
    let mut response = match whole.await {
        Ok(request) => run(&shared.app, request, next).await,
        Err(problem) => problem.into_response(),
    };
    let is_private =
        |code: &&ProblemCode| !code.is_counted() || counted(&about.route, code.status()) != code.status();
    if let Some(code) = response.extensions().get::<ProblemCode>().filter(|code| !is_private(code)) {
        shared.app.metrics.problem(code.as_str());
    }
    about.log(&shared.app, response.status());
    complete(response.headers_mut(), shared.over_tls);
    response.headers_mut().insert(REQUEST_ID, about.id.header());
    response
}

/// The request with its body read, so that no handler ever waits for a slow one or holds a large one.
async fn whole(request: Request) -> Result<Request> {
    let (parts, body) = request.into_parts();
    let seconds = BODY.as_secs();
    let bytes = timeout(BODY, read(body)).await.map_err(|_| {
        Problem::new(ProblemCode::Timeout, format!("The body took longer than {seconds} seconds."))
    })??;
    // What is read is wiped: it may hold a name or a password.
    let body = if bytes.is_empty() { Body::empty() } else { Body::from(Bytes::from_owner(bytes)) };
    Ok(Request::from_parts(parts, body))
}

async fn read(body: Body) -> Result<Zeroizing<Vec<u8>>> {
    let too_large = || Problem::new(ProblemCode::TooLarge, format!("Send at most {LARGEST_BODY} bytes."));
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    // Said at once: what was announced may never come.
    if announced > LARGEST_BODY {
        return Err(too_large());
    }
    // With room for what was announced, so that growing leaves no copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(announced));
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| Problem::new(ProblemCode::BadRequest, "The body broke off."))?;
        if bytes.len() + piece.len() > LARGEST_BODY {
            return Err(too_large());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// Runs the handler on a task of its own: what was begun is finished, even where the client goes away, and a fault in
/// the code ends this call alone.
async fn run(app: &App, request: Request, next: Next) -> Response {
    let mut task = app.tasks.spawn(next.run(request));
    match timeout(CALL, &mut task).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            Problem::new(ProblemCode::Internal, "It was written down for the operator.").into_response()
        }
        Err(_) => {
            task.abort();
            Problem::new(ProblemCode::Unavailable, "It took too long.").retry_after(5).into_response()
        }
    }
}

/// What the log tells of a call: never an address, a path, a query or a body.
struct About {
    id: CallId,
    method: Method,
    route: String,
    begun: Instant,
}

impl About {
    fn of(request: &Request) -> Self {
        let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
        Self {
            id: CallId::random(),
            method: known(request.method()),
            route: route.to_owned(),
            begun: Instant::now(),
        }
    }

    fn log(&self, app: &App, status: StatusCode) {
        let Self { id, method, route, begun } = self;
        let took = begun.elapsed();
        let status = counted(route, status);
        app.metrics.called(method.as_str(), route, status.as_u16(), took);
        let (status, ms) = (status.as_u16(), took.as_millis());
        match (status, route.as_str()) {
            (500.., _) => tracing::warn!(%id, %method, route, status, ms, "call"),
            (_, "/healthz" | "/readyz" | "/metrics") => {
                tracing::debug!(%id, %method, route, status, ms, "call");
            }
            _ => tracing::info!(%id, %method, route, status, ms, "call"),
        }
    }
}

/// The status by which a call is counted and logged. A confirmation that ends with 409 mostly means that somebody is not on
/// record, and so does `status` of the calls of 2021 with 409 and 410. They are counted like answers, because on a service
/// with little traffic they would tell about people.
fn counted(route: &str, status: StatusCode) -> StatusCode {
    let is_confirmation = route.ends_with("/confirm") || route.ends_with("/confirmOTP");
    let is_status = route.ends_with("/vaccination/status");
    match status {
        StatusCode::CONFLICT if is_confirmation || is_status => StatusCode::OK,
        StatusCode::GONE if is_status => StatusCode::OK,
        _ => status,
    }
}

/// A method of HTTP, or `OTHER`: a client can make up any number of them.
fn known(method: &Method) -> Method {
    match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::DELETE
        | Method::OPTIONS
        | Method::PATCH => method.clone(),
        _ => Method::from_bytes(b"OTHER").unwrap_or_default(),
    }
}

/// Names a call in the log and in the answer's header, so that the two can be brought together.
struct CallId([u8; 8]);

impl CallId {
    fn random() -> Self {
        let mut bytes = [0; 8];
        // It is a name and no secret: without random bytes, it is one that others have, too.
        let _ = getrandom::fill(&mut bytes);
        Self(bytes)
    }

    fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.to_string())
            .unwrap_or_else(|_| unreachable!("hexadecimal digits are ASCII"))
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
pub(crate) const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Adds the headers that an answer does not have yet. A page that wants less strict ones sets its own.
fn complete(headers: &mut HeaderMap, over_tls: bool) {
    let mut add = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    add(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    add(header::REFERRER_POLICY, "no-referrer");
    add(
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    add(PERMISSIONS, "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
    add(OPENER, "same-origin");
    add(RESOURCE, "same-origin");
    if over_tls {
        add(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confirmation_without_a_record_is_counted_like_an_answer() {
        let (ok, conflict, wrong) = (StatusCode::OK, StatusCode::CONFLICT, StatusCode::UNAUTHORIZED);
        for route in [
            "/v1/requests/{id}/confirm",
            "/v3/vaccination/confirmOTP",
            "/api/v3/vaccination/confirmOTP",
            "/v3/vaccination/status",
        ] {
            assert_eq!(
                [ok, conflict, wrong].map(|status| counted(route, status)),
                [ok, ok, wrong],
                "{route}"
            );
        }
        assert_eq!(counted("/v1/requests/{id}/ack", conflict), conflict);
    }
}
