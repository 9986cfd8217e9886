//! The calls of 2021, as the public clients of the KYC-VS made them, under `/v3/vaccination`.
//!
//! They are lenient where those clients need it: some send an e-mail address along, which is passed over, some leave out
//! the word `Bearer`, and they know a wrong password by the status 401.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use kycvs::Zeroizing;
use serde::Deserialize;

use crate::{
    app::App,
    auth,
    flow::{is_id, legacy},
    otp::Proof,
    problem::{Problem, ProblemCode, Result},
    replies::{Reply, Scope},
};

use super::{extract::Body, routes::Routes};

pub(super) fn routes() -> Routes {
    Routes::default()
        .post("/v3/vaccination/generateOTP", generate)
        .post("/v3/vaccination/confirmOTP", confirm)
        .get("/v3/vaccination/status", status)
}

/// The header that the entity's key stands in.
const API_KEY: &str = "x-api-key";

#[derive(Deserialize)]
struct GenerateBody {
    mobile_number: Zeroizing<String>,
    full_name: Zeroizing<String>,
}

async fn generate(State(app): State<App>, body: Body) -> Result<Reply> {
    let key = auth::single(body.headers(), API_KEY)?
        .ok_or_else(|| auth::unauthorized("Send the API key in the header x-api-key."))?;
    let entity = auth::by_key(&app, key).await?;
    let GenerateBody { mobile_number, full_name } = body.json()?;
    let call = body.call(&app, Scope::Entity(&entity.id))?;
    legacy::generate(&app, &call, entity, &full_name, &mobile_number).await
}

#[derive(Deserialize)]
struct ConfirmBody {
    otp: Zeroizing<String>,
    #[serde(rename = "txnId")]
    txn_id: String,
}

async fn confirm(State(app): State<App>, body: Body) -> Result<Response> {
    let ConfirmBody { otp, txn_id } = body.json()?;
    let proof = Proof::of_hash(&otp).ok_or_else(|| {
        Problem::new(ProblemCode::InvalidValue, "`otp` is the password's SHA-256 in 64 hexadecimal digits.")
    })?;
    if !is_id(&txn_id) {
        return Err(Problem::new(ProblemCode::NotFound, "There is no such `txnId`."));
    }
    let call = body.call(&app, Scope::Request(&txn_id))?;
    legacy::confirm(&app, &call, &txn_id, &proof).await.and_then(as_of_2021)
}

/// A wrong password is 401, in the document too.
fn as_of_2021(reply: Reply) -> Result<Response> {
    if reply.status != ProblemCode::WrongOtp.status() {
        return Ok(reply.into_response());
    }
    let mut document: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&reply.body)
        .map_err(|_| Problem::new(ProblemCode::Internal, "A stored reply cannot be read."))?;
    document.insert("status".into(), StatusCode::UNAUTHORIZED.as_u16().into());
    let wrong = Reply {
        code: reply.code,
        repeated: reply.repeated,
        ..Reply::new(StatusCode::UNAUTHORIZED, &document)?
    };
    // A 401 has this header (RFC 9110, section 15.5.2).
    Ok(([(header::WWW_AUTHENTICATE, "Bearer")], wrong).into_response())
}

async fn status(State(app): State<App>, headers: HeaderMap) -> Result<Json<legacy::Status>> {
    let token = auth::single(&headers, header::AUTHORIZATION.as_str())?
        .map(|said| auth::bearer(said).unwrap_or(said))
        .ok_or_else(|| auth::unauthorized("Send `Authorization: Bearer` with the token of confirmOTP."))?;
    legacy::status(&app, token).await.map(Json)
}
