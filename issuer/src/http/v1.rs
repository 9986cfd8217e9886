//! The calls under `/v1`.

use axum::{Json, extract::State, response::Response};
use kycvs::Zeroizing;
use serde::Deserialize;

use crate::{
    app::App,
    flow::{
        self,
        create::Question,
        look_up::Said,
        otp::Person,
        pass::{self, Offer},
        view::{Consent, View},
    },
    otp::Proof,
    problem::{Problem, ProblemCode, Result},
    replies::Reply,
};

use super::{
    extract::{AnyonesCall, Asker, EntityCall, Id, Nothing, PersonCall, SameOrigin, present},
    reply::created,
    routes::Routes,
};

pub(super) fn routes() -> Routes {
    Routes::default()
        .post("/v1/requests", create)
        .get("/v1/requests/{id}", view)
        .post("/v1/requests/{id}/ack", ack)
        .get("/v1/requests/{id}/consent", consent)
        .post("/v1/requests/{id}/otp", otp)
        .post("/v1/requests/{id}/confirm", confirm)
        .post("/v1/requests/{id}/decline", decline)
        .get("/v1/passes", offer)
        .post("/v1/passes", begin_pass)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateBody {
    purpose: String,
    nonce: String,
    #[serde(default, deserialize_with = "present")]
    valid_for: Option<i64>,
    #[serde(default, deserialize_with = "present")]
    binding: Option<String>,
    #[serde(default, deserialize_with = "present")]
    mobile: Option<Zeroizing<String>>,
}

async fn create(
    State(app): State<App>,
    EntityCall { entity, call, body }: EntityCall<CreateBody>,
) -> Result<Response> {
    let CreateBody { purpose, nonce, valid_for, binding, mobile } = body;
    let question = Question { purpose, nonce, valid_for, binding, mobile };
    let reply = flow::create::create(&app, &call, &entity, question).await?;
    Ok(created(reply, |id| format!("/v1/requests/{id}")))
}

async fn view(State(app): State<App>, Id(id): Id, Asker(entity): Asker) -> Result<Json<View>> {
    flow::view(&app, &entity.id, &id).await.map(Json)
}

async fn ack(
    State(app): State<App>,
    Id(id): Id,
    EntityCall { entity, call, body: Nothing {} }: EntityCall<Nothing>,
) -> Result<Reply> {
    flow::ack::ack(&app, &call, &entity.id, &id).await
}

async fn consent(State(app): State<App>, _: SameOrigin, Id(id): Id) -> Result<Json<Consent>> {
    flow::view::consent(&app, &id).await.map(Json)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OtpBody {
    #[serde(default, deserialize_with = "present")]
    name: Option<Zeroizing<String>>,
    #[serde(default, deserialize_with = "present")]
    mobile: Option<Zeroizing<String>>,
    #[serde(default, deserialize_with = "present")]
    language: Option<String>,
}

async fn otp(
    State(app): State<App>,
    PersonCall { id, call, body: OtpBody { name, mobile, language } }: PersonCall<OtpBody>,
) -> Result<Reply> {
    flow::otp::send(&app, &call, &id, Person { name, mobile, language }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfirmBody {
    otp: Zeroizing<String>,
    #[serde(default, deserialize_with = "present")]
    name: Option<Zeroizing<String>>,
    #[serde(default, deserialize_with = "present")]
    accept_no_record: Option<String>,
}

async fn confirm(
    State(app): State<App>,
    PersonCall { id, call, body }: PersonCall<ConfirmBody>,
) -> Result<Reply> {
    let proof = Proof::of_typed(&body.otp)
        .ok_or_else(|| Problem::new(ProblemCode::InvalidValue, "`otp` has six digits, 0 to 9."))?;
    let said = Said::new(body.name.as_ref(), body.accept_no_record.as_deref())?;
    flow::confirm::confirm(&app, &call, &id, &proof, &said).await
}

async fn decline(
    State(app): State<App>,
    PersonCall { id, call, body: Nothing {} }: PersonCall<Nothing>,
) -> Result<Reply> {
    flow::decline::decline(&app, &call, &id).await
}

async fn offer(State(app): State<App>) -> Json<Offer> {
    Json(pass::offer(&app))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PassBody {
    purpose: String,
}

async fn begin_pass(
    State(app): State<App>,
    AnyonesCall { call, body }: AnyonesCall<PassBody>,
) -> Result<Response> {
    let reply = pass::begin(&app, &call, &body.purpose).await?;
    Ok(created(reply, |id| format!("/v1/requests/{id}/consent")))
}
