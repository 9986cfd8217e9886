//! The calls of 2021, as the public clients of the KYC-VS made them, under `/v3/vaccination`.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
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
#[serde(deny_unknown_fields)]
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
#[serde(deny_unknown_fields)]
struct ConfirmBody {
    otp: Zeroizing<String>,
    #[serde(rename = "txnId")]
    txn_id: String,
}

async fn confirm(State(app): State<App>, body: Body) -> Result<Reply> {
    let ConfirmBody { otp, txn_id } = body.json()?;
    let proof = Proof::of_hash(&otp).ok_or_else(|| {
        Problem::new(ProblemCode::InvalidValue, "`otp` is the password's SHA-256 in 64 hexadecimal digits.")
    })?;
    if !is_id(&txn_id) {
        return Err(Problem::new(ProblemCode::NotFound, "There is no such `txnId`."));
    }
    let call = body.call(&app, Scope::Request(&txn_id))?;
    legacy::confirm(&app, &call, &txn_id, &proof).await
}

async fn status(State(app): State<App>, headers: HeaderMap) -> Result<Json<legacy::Status>> {
    let token = auth::single(&headers, header::AUTHORIZATION.as_str())?
        .and_then(auth::bearer)
        .ok_or_else(|| auth::unauthorized("Send `Authorization: Bearer` with the token of confirmOTP."))?;
    legacy::status(&app, token).await.map(Json)
}
