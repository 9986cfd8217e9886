//! The calls of 2021.

use axum::http::StatusCode;
use base64ct::{Base64UrlUnpadded, Encoding};
use kycvs::{Expectation, Purpose, Status};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::stage::{ENTITY, KEY, MOBILE, NAME, Reply, Stage, wrong};

fn person() -> Value {
    json!({"mobile_number": MOBILE, "full_name": NAME})
}

async fn generate(stage: &Stage) -> String {
    let call = stage.post("/v3/vaccination/generateOTP", &person()).header("x-api-key", KEY);
    let reply = call.send().await.expect(StatusCode::OK);
    assert_eq!(reply.json().as_object().expect("an object").len(), 1);
    reply.text("txnId")
}

async fn confirm(stage: &Stage, id: &str, otp: &str) -> Reply {
    let body = json!({"otp": hex::encode(Sha256::digest(otp)), "txnId": id});
    stage.post("/v3/vaccination/confirmOTP", &body).send().await
}

async fn status(stage: &Stage, token: &str) -> Reply {
    stage.get("/v3/vaccination/status").key(token).send().await
}

#[tokio::test]
async fn an_integration_of_2021_gets_its_status() {
    let stage = Stage::new().await;
    let id = generate(&stage).await;
    assert_eq!(stage.gateway.last_number(), "+919876543210");
    let otp = stage.gateway.last_otp();
    let token = confirm(&stage, &id, &otp).await.expect(StatusCode::OK).text("token");
    let answer = status(&stage, &token).await.expect(StatusCode::OK);
    assert_eq!(answer.json()["vaccination_status"], 2);
    assert_eq!(status(&stage, &token).await.bytes, answer.bytes);

    let presentation = Base64UrlUnpadded::decode_vec(&answer.text("presentation")).expect("base64url");
    let expectation =
        Expectation::no_nonce().with_purpose(Purpose::new("vaccination-status").expect("a purpose"));
    let verdict = stage.verifier(ENTITY).verify(&presentation, &expectation).expect("it verifies");
    assert_eq!(verdict.status(), Status::FullyVaccinated);
    assert_eq!(stage.count("audit WHERE event = 'consented' AND entity = 'irctc.co.in'").await, 1);
    assert_eq!(stage.count("webhooks").await, 0);
    assert_eq!(stage.count("requests WHERE sealed IS NULL AND otp_hash IS NULL").await, 1);

    // The entity can use the new calls from here on.
    assert_eq!(stage.state(&id).await, "answered");
    stage.post(&format!("/v1/requests/{id}/ack"), &json!({})).key(KEY).send().await.expect(StatusCode::OK);
    status(&stage, &token).await.expect_problem(401, "unauthorized");
}

#[tokio::test]
async fn tries_and_times_are_the_same() {
    let stage = Stage::new().await;
    let id = generate(&stage).await;
    let otp = stage.gateway.last_otp();
    for code in ["wrong_otp", "wrong_otp", "tries_used_up"] {
        assert_eq!(confirm(&stage, &id, &wrong(&otp)).await.text("code"), code);
    }
    confirm(&stage, &id, &otp).await.expect_problem(410, "tries_used_up");

    let id = generate(&stage).await;
    let otp = stage.gateway.last_otp();
    stage.app.clock.advance(180);
    confirm(&stage, &id, &otp).await.expect_problem(410, "otp_expired");

    let id = generate(&stage).await;
    let token = confirm(&stage, &id, &stage.gateway.last_otp()).await.text("token");
    stage.app.clock.advance(900);
    status(&stage, &token).await.expect_problem(401, "unauthorized");
}

#[tokio::test]
async fn the_digest_may_be_in_capitals_and_nothing_else() {
    let stage = Stage::new().await;
    let id = generate(&stage).await;
    let otp = stage.gateway.last_otp();
    for bad in [otp.as_str(), "", "zz"] {
        let body = json!({"otp": bad, "txnId": id});
        stage.post("/v3/vaccination/confirmOTP", &body).send().await.expect_problem(422, "invalid_value");
    }
    let body = json!({"otp": hex::encode_upper(Sha256::digest(&otp)), "txnId": id});
    stage.post("/v3/vaccination/confirmOTP", &body).send().await.expect(StatusCode::OK);
}

#[tokio::test]
async fn the_two_kinds_of_calls_do_not_mix() {
    let stage = Stage::new().await;
    let id = generate(&stage).await;
    let otp = stage.gateway.last_otp();
    stage.try_otp(&id, &otp).await.expect_problem(404, "not_found");
    stage.get(&format!("/v1/requests/{id}/consent")).send().await.expect_problem(404, "not_found");
    let id = stage.ask().await;
    let otp = stage.send_otp(&id).await;
    confirm(&stage, &id, &otp).await.expect_problem(404, "not_found");
    confirm(&stage, "x", &otp).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn they_are_safe_to_repeat_too() {
    let stage = Stage::new().await;
    let generate =
        || stage.post("/v3/vaccination/generateOTP", &person()).header("x-api-key", KEY).once("g").send();
    let id = generate().await.text("txnId");
    assert_eq!(generate().await.text("txnId"), id);
    assert_eq!(stage.gateway.count(), 1);
    let body = json!({"otp": hex::encode(Sha256::digest(stage.gateway.last_otp())), "txnId": id});
    let confirm = || stage.post("/v3/vaccination/confirmOTP", &body).once("c").send();
    let token = confirm().await.text("token");
    let again = confirm().await;
    assert!(again.is_replayed());
    assert_eq!(again.text("token"), token);
    // The token itself is nowhere in the database.
    assert_eq!(stage.count("replies WHERE body LIKE '%token%'").await, 0);
    status(&stage, &token).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_key_is_needed_and_a_gateway() {
    let stage = Stage::new().await;
    let path = "/v3/vaccination/generateOTP";
    stage.post(path, &person()).send().await.expect_problem(401, "unauthorized");
    stage
        .post(path, &person())
        .header("x-api-key", "kycvs_x")
        .send()
        .await
        .expect_problem(401, "unauthorized");
    stage.get("/v3/vaccination/status").send().await.expect_problem(401, "unauthorized");
    status(&stage, "unknown").await.expect_problem(401, "unauthorized");
    let nameless = json!({"mobile_number": MOBILE, "full_name": "-"});
    stage.post(path, &nameless).header("x-api-key", KEY).send().await.expect_problem(422, "invalid_name");
    stage.gateway.is_down.store(true, std::sync::atomic::Ordering::Relaxed);
    stage
        .post(path, &person())
        .header("x-api-key", KEY)
        .send()
        .await
        .expect_problem(503, "otp_not_delivered");
    assert_eq!(stage.count("requests").await, 0);
}
