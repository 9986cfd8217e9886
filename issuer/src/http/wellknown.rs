//! What verifiers need to trust this issuer, and what operators and clients need to know of the service.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use ciborium::Value;
use kycvs::{Algorithm, TrustStore, TrustedKey};

use crate::{
    app::App,
    problem::{Problem, ProblemCode, Result},
};

use super::routes::Routes;

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/.well-known/kycvs/trust.cbor", trust_store)
        .get("/.well-known/kycvs/jwks.json", jwks)
        .get("/jwks.json", jwks)
        .get("/.well-known/kycvs/cose-keyset", cose_keyset)
        .get("/cose-keyset", cose_keyset)
        .get("/openapi.json", openapi)
}

/// A trust store that holds this issuer's key alone.
async fn trust_store(State(app): State<App>) -> Result<Response> {
    let issuer = app.issuer.get();
    let key = TrustedKey::new(issuer.name().clone(), issuer.verifying_key().clone())
        .with_algorithm(algorithm(&app)?);
    let store = TrustStore::new().with(key).map_err(|_| internal())?;
    Ok(public("application/cbor", store.to_bytes()))
}

async fn jwks(State(app): State<App>) -> Result<Response> {
    let key = app.issuer.get().verifying_key().to_jwk(Some(algorithm(&app)?));
    Ok(public("application/jwk-set+json", format!("{{\"keys\":[{key}]}}").into_bytes()))
}

async fn cose_keyset(State(app): State<App>) -> Result<Response> {
    /// The label of the key's name, which stands behind `kty` (1) in the deterministic order.
    const KID: i64 = 2;
    let issuer = app.issuer.get();
    let key = issuer.verifying_key();
    let mut members: Vec<(Value, Value)> =
        ciborium::from_reader(&key.to_cose_key(Some(algorithm(&app)?))[..])
            .ok()
            .and_then(|key: Value| key.into_map().ok())
            .ok_or_else(internal)?;
    // The core's form is that of one key. In a set, libraries look for the one that a token names.
    members.insert(1, (KID.into(), Value::Bytes(key.key_id().as_bytes().to_vec())));
    let mut set = Vec::new();
    ciborium::into_writer(&Value::Array(vec![Value::Map(members)]), &mut set).map_err(|_| internal())?;
    Ok(public("application/cose-key-set", set))
}

/// What all calls take and give.
async fn openapi() -> Response {
    public("application/json", include_bytes!("../../openapi.json").to_vec())
}

fn algorithm(app: &App) -> Result<Algorithm> {
    app.config.algorithm.parse().map_err(|_| internal())
}

/// Something that everyone may have, and keep for a while.
fn public(kind: &'static str, bytes: Vec<u8>) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}

fn internal() -> Problem {
    Problem::new(ProblemCode::Internal, "A fault in the service.")
}
