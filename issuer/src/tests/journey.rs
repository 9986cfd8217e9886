//! The whole way, as it goes when all goes well.

use base64ct::{Base64UrlUnpadded, Encoding};
use kycvs::{Expectation, Nonce, Purpose, Status, Subject, Timestamp};
use serde_json::json;
use sha2::{Digest, Sha256};

use axum::http::StatusCode;

use super::stage::{ENTITY, KEY, MOBILE, NAME, Stage};

#[tokio::test]
async fn a_person_answers_and_the_entity_verifies() {
    let stage = Stage::new().await;
    let made = stage
        .post(
            "/v1/requests",
            &json!({"purpose": "rail-booking", "nonce": "c2l4dGVlbiBieXRlcy4uLg", "valid_for": 600}),
        )
        .key(KEY)
        .send()
        .await
        .expect(StatusCode::CREATED);
    let id = made.text("id");
    assert_eq!(made.header("location"), Some(format!("/v1/requests/{id}").as_str()));
    assert_eq!(made.header("cache-control"), Some("no-store"));
    assert_eq!(made.text("url"), format!("https://issuer.example/embed/{id}"));

    let consent = stage.get(&format!("/v1/requests/{id}/consent")).send().await.expect(StatusCode::OK).json();
    assert_eq!(consent["entity"], json!({"id": ENTITY, "name": "The irctc.co.in"}));
    assert_eq!(consent["issuer"], json!({"id": "in.gov.cowin", "name": "CoWIN"}));
    assert_eq!(consent["origins"], json!(["https://irctc.co.in"]));
    assert_eq!((&consent["purpose"], &consent["valid_for"]), (&json!("rail-booking"), &json!(600)));
    assert_eq!(consent["otp"], json!({"tries_left": 3}));

    let otp = stage.send_otp(&id).await;
    assert_eq!(stage.gateway.last_number(), "+919876543210");
    let answer = stage.try_otp(&id, &otp).await.expect(StatusCode::OK).json();
    assert_eq!((&answer["state"], &answer["status"]), (&json!("answered"), &json!(2)));
    assert_eq!(answer["receipt"]["told"], 2);
    assert_eq!(answer["receipt"]["entity"], ENTITY);
    assert_eq!(answer["receipt"]["audit"]["seq"], 1);

    let view = stage.get(&format!("/v1/requests/{id}")).key(KEY).send().await.expect(StatusCode::OK);
    assert_eq!(view.json()["presentation"], answer["presentation"]);
    let presentation = Base64UrlUnpadded::decode_vec(&view.text("presentation")).expect("base64url");
    let expectation = Expectation::nonce(Nonce::new(b"sixteen bytes...").expect("a nonce"))
        .with_purpose(Purpose::new("rail-booking").expect("a purpose"));
    let verdict = stage.verifier(ENTITY).verify(&presentation, &expectation).expect("it verifies");
    assert_eq!(verdict.status(), Status::FullyVaccinated);
    assert_eq!(verdict.expires_at().as_secs() - verdict.issued_at().as_secs(), 600);
    let token = kycvs::Presentation::from_bytes(&presentation).expect("a presentation");
    assert_eq!(answer["receipt"]["token_hash"], hex::encode(Sha256::digest(token.token().as_bytes())));

    let ack = format!("/v1/requests/{id}/ack");
    for _ in 0..2 {
        let view = stage.post(&ack, &json!({})).key(KEY).send().await.expect(StatusCode::OK);
        assert_eq!(view.text("state"), "acknowledged");
        assert!(view.json().get("presentation").is_none());
    }
    assert_eq!(stage.column(&id, "CASE WHEN presentation IS NULL THEN 1 ELSE 0 END").await, 1);
}

#[tokio::test]
async fn an_answer_is_bound_as_the_entity_asked() {
    let stage = Stage::new().await;
    let asha = Subject::new("asha  RANI").expect("a name");
    let with_number = asha.clone().with_mobile("+91 98765 43210").expect("a number");
    for (binding, fits, other) in [("name", &asha, &with_number), ("name_and_mobile", &with_number, &asha)] {
        let mut question = json!({"purpose": "p", "nonce": "c2l4dGVlbiBieXRlcy4uLg", "binding": binding});
        let mut person = json!({"name": NAME, "language": "hi"});
        let who_has_it = if binding == "name" { &mut person } else { &mut question };
        who_has_it["mobile"] = json!(MOBILE);
        let id = stage.ask_with(question).await;
        let consent = stage.get(&format!("/v1/requests/{id}/consent")).send().await.json();
        let hint = consent.get("mobile_hint").cloned();
        assert_eq!(hint, (binding == "name_and_mobile").then(|| json!("10")));

        let call = format!("/v1/requests/{id}/otp");
        stage.post(&call, &person).send().await.expect(StatusCode::ACCEPTED);
        let otp = stage.gateway.last_otp();
        let answer = stage.try_otp(&id, &otp).await.expect(StatusCode::OK);
        let presentation = Base64UrlUnpadded::decode_vec(&answer.text("presentation")).expect("base64url");
        let nonce = Nonce::new(b"sixteen bytes...").expect("a nonce");
        let expectation = Expectation::nonce(nonce);
        let now = Timestamp::now();
        let verifier = stage.verifier(ENTITY);
        let verdict = verifier.verify_at(&presentation, &expectation.clone().with_subject(fits.clone()), now);
        assert!(verdict.expect("it verifies").subject_matched());
        verifier
            .verify_at(&presentation, &expectation.with_subject(other.clone()), now)
            .expect_err("it is not about somebody else");
    }
}
