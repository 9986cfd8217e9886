//! Open passes.

use axum::http::StatusCode;
use base64ct::{Base64UrlUnpadded, Encoding};
use kycvs::{Expectation, Policy, Presentation, Purpose, Subject, Verifier};
use serde_json::json;

use super::stage::{KEY, NAME, Stage};

#[tokio::test]
async fn a_person_makes_a_pass_that_everyone_can_verify() {
    let stage = Stage::new().await;
    let offer = stage.get("/v1/passes").send().await.expect(StatusCode::OK).json();
    assert_eq!(offer, json!({"enabled": true, "purposes": ["mall-entry", "office"], "valid_for": 86_400}));
    let begun =
        stage.post("/v1/passes", &json!({"purpose": "mall-entry"})).send().await.expect(StatusCode::CREATED);
    let id = begun.text("id");
    assert_eq!(begun.header("location"), Some(format!("/v1/requests/{id}/consent").as_str()));
    let consent = stage.get(&format!("/v1/requests/{id}/consent")).send().await.json();
    assert_eq!((&consent["kind"], &consent["entity"]), (&json!("pass"), &json!(null)));
    assert_eq!((&consent["binding"], &consent["origins"]), (&json!("name"), &json!([])));

    let otp = stage.send_otp(&id).await;
    let answer = stage.try_otp(&id, &otp).await.expect(StatusCode::OK);
    assert!(answer.text("qr").contains("<svg"));
    assert!(answer.json()["receipt"].get("entity").is_none());
    let presentation = Presentation::from_text(&answer.text("text")).expect("a text");
    assert_eq!(Base64UrlUnpadded::encode_string(presentation.as_bytes()), answer.text("presentation"));
    let expectation = Expectation::no_nonce()
        .with_purpose(Purpose::new("mall-entry").expect("a purpose"))
        .with_subject(Subject::new(NAME).expect("a name"));
    let verdict = Verifier::new(stage.trust(), Policy::open())
        .verify(presentation.as_bytes(), &expectation)
        .expect("it verifies");
    assert!(verdict.subject_matched() && verdict.nonce().is_none() && verdict.audience().is_none());
    assert_eq!(verdict.expires_at().as_secs() - verdict.issued_at().as_secs(), 86_400);
    assert_eq!((stage.count("webhooks").await, stage.count("audit WHERE entity IS NULL").await), (0, 1));
    // It is nobody's request.
    stage.get(&format!("/v1/requests/{id}")).key(KEY).send().await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_pass_can_be_declined_and_expires() {
    let stage = Stage::new().await;
    let begin = || stage.post("/v1/passes", &json!({"purpose": "office"})).send();
    let id = begin().await.text("id");
    stage.post(&format!("/v1/requests/{id}/decline"), &json!({})).send().await.expect(StatusCode::OK);
    let id = begin().await.text("id");
    let otp = stage.send_otp(&id).await;
    stage.app.clock.advance(900);
    stage.try_otp(&id, &otp).await.expect_problem(410, "request_over");
    crate::sweeper::sweep(&stage.app, 1).await.expect("it sweeps");
    assert_eq!(stage.count("requests WHERE state = 'expired' AND sealed IS NULL").await, 1);
    assert_eq!(stage.count("webhooks").await, 0);
}

#[tokio::test]
async fn passes_are_for_what_the_issuer_allows() {
    let stage = Stage::new().await;
    stage.post("/v1/passes", &json!({"purpose": "flying"})).send().await.expect_problem(422, "invalid_value");
    let stage = Stage::with(|config| config.passes.enabled = false).await;
    let offer = stage.get("/v1/passes").send().await.expect(StatusCode::OK).json();
    assert_eq!((&offer["enabled"], &offer["purposes"]), (&json!(false), &json!([])));
    stage.post("/v1/passes", &json!({"purpose": "office"})).send().await.expect_problem(404, "not_found");
}
