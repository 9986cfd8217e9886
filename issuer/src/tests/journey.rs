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

/// The verdict on an answer about Asha, for who expects it to be about this person.
fn about(
    stage: &Stage,
    presentation: &str,
    nonce: Option<&[u8]>,
    person: &Subject,
) -> Result<bool, kycvs::Error> {
    let presentation = Base64UrlUnpadded::decode_vec(presentation).expect("base64url");
    let expectation = nonce
        .map_or_else(Expectation::no_nonce, |nonce| Expectation::nonce(Nonce::new(nonce).expect("a nonce")));
    let verdict = stage.verifier(ENTITY).verify_at(
        &presentation,
        &expectation.with_subject(person.clone()),
        Timestamp::now(),
    )?;
    Ok(verdict.subject_matched())
}

/// Somebody else's phone cannot answer for the passenger.
#[tokio::test]
async fn an_answer_without_a_binding_in_the_question_is_bound_to_the_name() {
    let stage = Stage::new().await;
    let [asha, ravi] = ["Asha Rani", "Ravi Kumar"].map(|name| Subject::new(name).expect("a name"));
    let id = stage.ask().await;
    let view = stage.get(&format!("/v1/requests/{id}")).key(KEY).send().await.expect(StatusCode::OK);
    assert_eq!(view.text("binding"), "name");
    let consent = stage.get(&format!("/v1/requests/{id}/consent")).send().await.expect(StatusCode::OK);
    assert_eq!(consent.text("binding"), "name");
    let otp = stage.send_otp(&id).await;
    let answer = stage.try_otp(&id, &otp).await.expect(StatusCode::OK).text("presentation");
    assert!(about(&stage, &answer, Some(b"sixteen bytes..."), &asha).expect("it is about Asha"));
    let error = about(&stage, &answer, Some(b"sixteen bytes..."), &ravi).expect_err("it is not about Ravi");
    assert_eq!(error.code().as_str(), "wrong_subject");
}

#[tokio::test]
async fn an_answer_by_the_calls_of_2021_is_bound_to_the_name_and_the_number() {
    let stage = Stage::new().await;
    let call = json!({"mobile_number": MOBILE, "full_name": NAME});
    let begun = stage.post("/v3/vaccination/generateOTP", &call).header("x-api-key", KEY).send().await;
    let otp = hex::encode(Sha256::digest(stage.gateway.last_otp()));
    let call = json!({"otp": otp, "txnId": begun.text("txnId")});
    let token =
        stage.post("/v3/vaccination/confirmOTP", &call).header("x-api-key", KEY).send().await.text("token");
    let answer = stage.get("/v3/vaccination/status").key(&token).send().await.text("presentation");
    let person =
        |name, mobile| Subject::new(name).and_then(|name| name.with_mobile(mobile)).expect("a person");
    assert!(about(&stage, &answer, None, &person(NAME, MOBILE)).expect("it is about Asha"));
    for other in [person("Ravi Kumar", MOBILE), person(NAME, "9876543211")] {
        let error = about(&stage, &answer, None, &other).expect_err("it is about somebody else");
        assert_eq!(error.code().as_str(), "wrong_subject");
    }
}
