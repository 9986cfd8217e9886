//! The verifying entity of the demonstration: a railway whose trains take fully vaccinated passengers.
//!
//! It is what a real one is, on its own address: it asks the issuer with its API key, shows the issuer's page in its
//! own, verifies what comes back with the core, and decides. An answer reaches it in three ways, of which the first that
//! arrives decides: from the page, by a webhook, or because it asks.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64ct::{Base64UrlUnpadded, Encoding};
use kycvs::{
    Audience, Expectation, MemoryReplayGuard, Nonce, Policy, Presentation, Purpose, RandomSource, Status,
    Subject, SystemRandom, TrustStore, Verdict, Verifier, Zeroizing,
};
use reqwest::Client;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use crate::{
    clock::Clock,
    outbound,
    standard_webhooks::{self, WebhookKey},
};

/// The railway's id at the issuer, and so the audience of its answers.
pub const AUDIENCE: &str = "rail.example";
/// Its name, as people see it.
pub(super) const NAME: &str = "Sahyadri Rail";
/// What it asks for.
pub(super) const PURPOSE: &str = "rail-booking";
/// Where its webhooks arrive.
pub(super) const WEBHOOK_PATH: &str = "/webhooks/kycvs";

/// So many bookings are kept; with one more, all decided or not are forgotten. It is a demonstration.
const KEPT: usize = 10_000;
const ANSWER_LIVES: u32 = 900;

/// What the railway needs to know of the issuer.
pub(super) struct Account {
    pub(super) issuer: Url,
    pub(super) api_key: Zeroizing<String>,
    pub(super) webhook_key: WebhookKey,
    pub(super) trust: Vec<u8>,
}

/// The railway's server.
struct Site {
    account: Account,
    client: Client,
    verifier: Verifier,
    bookings: Mutex<HashMap<String, Booking>>,
    clock: Clock,
}

/// One booking.
struct Booking {
    passenger: String,
    /// The request at the issuer.
    request: String,
    nonce: Nonce,
    decision: Option<Decision>,
}

/// Whether there is a ticket, and why not.
#[derive(Clone, Serialize)]
struct Decision {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u8>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Value>,
}

impl Decision {
    fn without_answer(message: impl Into<String>) -> Self {
        Self { ok: false, status: None, message: message.into(), verdict: None }
    }

    fn of(passenger: &str, verdict: &Verdict) -> Self {
        let ok = verdict.meets(Status::FullyVaccinated);
        let message = if ok {
            format!("{passenger} is fully vaccinated and may travel.")
        } else {
            format!(
                "{passenger} is {}. This train takes fully vaccinated passengers; other trains have room.",
                verdict.status()
            )
        };
        let verdict_json = serde_json::to_value(verdict).ok();
        Self { ok, status: Some(verdict.status().number()), message, verdict: verdict_json }
    }
}

/// What went wrong with a call of the railway's own page.
struct Refused(StatusCode, &'static str);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(Decision::without_answer(self.1))).into_response()
    }
}

type Result<T> = std::result::Result<T, Refused>;

/// The railway's server.
pub(super) fn router(account: Account) -> std::result::Result<Router, super::DemoError> {
    let trust = TrustStore::from_bytes(&account.trust)?;
    let policy = Policy::audience(Audience::new(AUDIENCE)?).allowing_specimens();
    let csp = policy_of_pages(&account.issuer);
    let site = Site {
        verifier: Verifier::new(trust, policy).with_replay_guard(MemoryReplayGuard::new(KEPT)),
        client: outbound::client(Duration::from_secs(10)).map_err(|_| super::DemoError::Certificates)?,
        bookings: Mutex::default(),
        clock: Clock::default(),
        account,
    };
    Ok(Router::new()
        .route(
            "/",
            get(|| async { file("text/html; charset=utf-8", include_bytes!("../../web/demo/index.html")) }),
        )
        .route(
            "/booking.js",
            get(|| async {
                file("text/javascript; charset=utf-8", include_bytes!("../../web/demo/booking.js"))
            }),
        )
        .route(
            "/booking.css",
            get(|| async { file("text/css; charset=utf-8", include_bytes!("../../web/demo/booking.css")) }),
        )
        .route("/trust.cbor", get(trust_store))
        .route("/bookings", post(begin))
        .route("/bookings/{id}", get(look))
        .route("/bookings/{id}/answer", post(answer))
        .route(WEBHOOK_PATH, post(webhook))
        .layer(DefaultBodyLimit::max(16 * 1024))
        .layer(axum::middleware::map_response_with_state(csp, complete))
        .with_state(Arc::new(site)))
}

/// The page uses its own files, and the issuer's component and frame.
fn policy_of_pages(issuer: &Url) -> HeaderValue {
    let issuer = issuer.origin().ascii_serialization();
    let policy = format!(
        "default-src 'none'; script-src 'self' {issuer}; style-src 'self'; connect-src 'self' {issuer}; frame-src \
         {issuer}; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or_else(|_| unreachable!("an origin is ASCII"))
}

async fn complete(State(policy): State<HeaderValue>, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn file(content_type: &'static str, bytes: &'static [u8]) -> Response {
    let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-cache")];
    (headers, bytes).into_response()
}

/// The trust store, for whoever wants to check an answer of the demonstration by hand.
async fn trust_store(State(site): State<Arc<Site>>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/cbor")];
    (headers, site.account.trust.clone()).into_response()
}

#[derive(Deserialize)]
struct Begin {
    passenger: String,
}

#[derive(Serialize)]
struct Begun {
    booking: String,
    embed_url: String,
}

/// A passenger wants a ticket: asks the issuer, and says which page of it to show.
async fn begin(State(site): State<Arc<Site>>, Json(Begin { passenger }): Json<Begin>) -> Result<Json<Begun>> {
    let passenger = passenger.trim().to_owned();
    Subject::new(&passenger)
        .map_err(|_| Refused(StatusCode::UNPROCESSABLE_ENTITY, "Please enter the passenger's name."))?;
    let (booking, nonce) = random().ok_or(AWAY)?;
    let question = json!({
        "purpose": PURPOSE,
        "nonce": Base64UrlUnpadded::encode_string(nonce.as_bytes()),
        "valid_for": ANSWER_LIVES,
        "binding": "name",
    });
    // The same key for the same booking: should the call be repeated, it is still one request.
    let call = site
        .client
        .post(site.call("/v1/requests"))
        .bearer_auth(site.account.api_key.as_str())
        .header("idempotency-key", &booking)
        .json(&question);
    let view: View = body_of(call).await.ok_or(AWAY)?;
    let embed_url = view.url.ok_or(AWAY)?;
    let mut bookings = site.bookings();
    if bookings.len() >= KEPT {
        bookings.clear();
    }
    bookings.insert(booking.clone(), Booking { passenger, request: view.id, nonce, decision: None });
    Ok(Json(Begun { booking, embed_url }))
}

#[derive(Deserialize)]
struct AnswerOfPage {
    presentation: String,
}

/// The page hands over what the issuer's frame gave it.
async fn answer(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    Json(body): Json<AnswerOfPage>,
) -> Result<Json<Decision>> {
    site.decide(&id, &body.presentation).map(Json)
}

/// What became of a booking; where that is not known yet, the issuer is asked.
async fn look(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Result<Json<Decision>> {
    let (request, decision) = {
        let bookings = site.bookings();
        let booking = bookings.get(&id).ok_or(NO_BOOKING)?;
        (booking.request.clone(), booking.decision.clone())
    };
    if let Some(decision) = decision {
        return Ok(Json(decision));
    }
    let call = site
        .client
        .get(site.call(&format!("/v1/requests/{request}")))
        .bearer_auth(site.account.api_key.as_str());
    let view: View = body_of(call).await.ok_or(AWAY)?;
    match view.presentation {
        Some(presentation) => site.decide(&id, &presentation).map(Json),
        None => {
            Ok(Json(Decision::without_answer(format!("There is no answer: the request is {}.", view.state))))
        }
    }
}

#[derive(Deserialize)]
struct Notice {
    data: View,
}

/// A request, as the issuer tells of it.
#[derive(Deserialize)]
struct View {
    id: String,
    state: String,
    url: Option<String>,
    presentation: Option<String>,
}

/// The issuer tells how a request went. It repeats that until this says 2xx.
async fn webhook(State(site): State<Arc<Site>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let signed = standard_webhooks::Headers {
        id: text(standard_webhooks::ID),
        timestamp: text(standard_webhooks::TIMESTAMP),
        signature: text(standard_webhooks::SIGNATURE),
    };
    if !site.account.webhook_key.verifies(signed, &body, site.clock.now()) {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(Notice { data }) = serde_json::from_slice(&body) else { return StatusCode::BAD_REQUEST };
    let booking = {
        let bookings = site.bookings();
        bookings.iter().find(|(_, booking)| booking.request == data.id).map(|(id, _)| id.clone())
    };
    if let (Some(booking), Some(presentation)) = (booking, data.presentation) {
        let _ = site.decide(&booking, &presentation);
    }
    StatusCode::NO_CONTENT
}

impl Site {
    fn bookings(&self) -> MutexGuard<'_, HashMap<String, Booking>> {
        self.bookings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Verifies an answer and decides, once: whoever brings the answer again is told the same.
    fn decide(self: &Arc<Self>, id: &str, presentation: &str) -> Result<Decision> {
        let mut bookings = self.bookings();
        let booking = bookings.get_mut(id).ok_or(NO_BOOKING)?;
        if let Some(decision) = &booking.decision {
            return Ok(decision.clone());
        }
        let decision = match self.verify(booking, presentation) {
            Ok(verdict) => Decision::of(&booking.passenger, &verdict),
            // Anyone can bring something that is not good; it decides nothing.
            Err(error) => return Ok(Decision::without_answer(format!("{error} ({})", error.code()))),
        };
        booking.decision = Some(decision.clone());
        tokio::spawn(Arc::clone(self).acknowledge(booking.request.clone()));
        Ok(decision)
    }

    /// The whole check: from this issuer, for this railway, this booking and this passenger, and not seen before.
    fn verify(&self, booking: &Booking, presentation: &str) -> kycvs::Result<Verdict> {
        let expectation = Expectation::nonce(booking.nonce.clone())
            .with_purpose(Purpose::new(PURPOSE)?)
            .with_subject(Subject::new(&booking.passenger)?);
        let presentation = Presentation::from_text(presentation)?;
        self.verifier.verify(presentation.as_bytes(), &expectation)
    }

    /// Tells the issuer that the answer has arrived, so that it can forget it. Should that fail, the answer is forgotten
    /// when it expires.
    async fn acknowledge(self: Arc<Self>, request: String) {
        for wait in [0, 1, 5, 20] {
            tokio::time::sleep(Duration::from_secs(wait)).await;
            let call = self
                .client
                .post(self.call(&format!("/v1/requests/{request}/ack")))
                .bearer_auth(self.account.api_key.as_str())
                .send();
            if call.await.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
        }
        tracing::warn!("an answer could not be acknowledged");
    }

    fn call(&self, path: &str) -> Url {
        let mut url = self.account.issuer.clone();
        url.set_path(path);
        url
    }
}

/// The body of a call that succeeded.
async fn body_of(call: reqwest::RequestBuilder) -> Option<View> {
    let answer = call.send().await.ok()?;
    if !answer.status().is_success() {
        tracing::warn!(status = answer.status().as_u16(), "the issuer refused a call of the booking site");
        return None;
    }
    answer.json().await.ok()
}

const AWAY: Refused =
    Refused(StatusCode::BAD_GATEWAY, "The issuer cannot be asked now. Please try again in a minute.");
const NO_BOOKING: Refused = Refused(StatusCode::NOT_FOUND, "There is no such booking.");

/// A booking's id, and the challenge for its answer.
fn random() -> Option<(String, Nonce)> {
    let (mut id, mut nonce) = ([0; 10], [0; 16]);
    SystemRandom.fill(&mut id).ok()?;
    SystemRandom.fill(&mut nonce).ok()?;
    Some((hex::encode(id), Nonce::new(&nonce).ok()?))
}
