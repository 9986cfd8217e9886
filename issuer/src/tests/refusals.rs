//! What is not taken, and how that is said.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::stage::{KEY, MOBILE, NAME, OTHER_KEY, Stage};

const NONCE: &str = "c2l4dGVlbiBieXRlcy4uLg";

fn question() -> Value {
    json!({"purpose": "p", "nonce": NONCE})
}

fn changed(mut value: Value, member: &str, to: Value) -> Value {
    value[member] = to;
    value
}

#[tokio::test]
async fn a_body_is_exactly_what_the_call_takes() {
    let stage = Stage::new().await;
    let nested = format!("{{\"purpose\":{}1{}}}", "[".repeat(4000), "]".repeat(4000));
    let cases: [(&str, u16, &str); 14] = [
        ("", 400, "bad_request"),
        ("{", 400, "bad_request"),
        ("null", 400, "bad_request"),
        ("[\"p\",\"c2l4dGVlbiBieXRlcy4uLg\"]", 400, "bad_request"),
        ("{}", 400, "bad_request"),
        ("{\"purpose\":\"p\"}", 400, "bad_request"),
        ("{\"purpose\":1,\"nonce\":\"c2l4dGVlbiBieXRlcy4uLg\"}", 400, "bad_request"),
        ("{\"purpose\":\"p\",\"nonce\":\"c2l4dGVlbiBieXRlcy4uLg\",\"x\":1}", 400, "bad_request"),
        ("{\"purpose\":\"p\",\"purpose\":\"p\",\"nonce\":\"c2l4dGVlbiBieXRlcy4uLg\"}", 400, "bad_request"),
        ("{\"purpose\":\"p\",\"nonce\":\"c2l4dGVlbiBieXRlcy4uLg\"} 1", 400, "bad_request"),
        ("{\"purpose\":\"\\ud800\",\"nonce\":\"c2l4dGVlbiBieXRlcy4uLg\"}", 400, "bad_request"),
        ("{\"purpose\":\"p\",\"nonce\":\"c2l4dGVlbiBieXRlcy4uLg\",\"valid_for\":1e99}", 400, "bad_request"),
        ("{\"purpose\":\"p\",\"nonce\":\"c2l4dGVlbiBieXRlcy4uLg\",\"mobile\":null}", 400, "bad_request"),
        (&nested, 400, "bad_request"),
    ];
    for (body, status, code) in cases {
        let call = stage.post("/v1/requests", &json!({})).body(body).key(KEY);
        let reply = call.send().await.expect_problem(status, code);
        assert!(!reply.text("detail").contains("c2l4"), "nothing of the body comes back");
    }
    let invalid = stage.post("/v1/requests", &json!({})).body(b"{\"purpose\":\"\xff\"}".to_vec()).key(KEY);
    invalid.send().await.expect_problem(400, "bad_request");
    let large = stage.post("/v1/requests", &json!({})).body(vec![b' '; 16 * 1024 + 1]).key(KEY);
    large.send().await.expect_problem(413, "too_large");
    let announced = stage.post("/v1/requests", &json!({})).header("content-length", "99999999").key(KEY);
    announced.send().await.expect_problem(413, "too_large");
}

#[tokio::test]
async fn only_json_is_taken() {
    let stage = Stage::new().await;
    let path = "/v1/requests";
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
        let call = stage.call(axum::http::Method::POST, path).header("content-type", kind);
        let call = call.body(question().to_string()).key(KEY);
        call.send().await.expect_problem(415, "unsupported_media_type");
    }
    let call = stage.call(axum::http::Method::POST, path).body(question().to_string()).key(KEY);
    call.send().await.expect_problem(415, "unsupported_media_type");
    let call =
        stage.call(axum::http::Method::POST, path).header("content-type", "Application/JSON; charset=utf-8");
    call.body(question().to_string()).key(KEY).send().await.expect(StatusCode::CREATED);
    // Who asks is found out first.
    stage.call(axum::http::Method::POST, path).body("x").send().await.expect_problem(401, "unauthorized");
}

#[tokio::test]
async fn a_question_has_sound_values() {
    let stage = Stage::new().await;
    let long = "p".repeat(65);
    let cases = [
        ("purpose", json!(""), "invalid_value"),
        ("purpose", json!(long), "invalid_value"),
        ("purpose", json!("a\u{0}b"), "invalid_value"),
        ("purpose", json!("a\nb"), "invalid_value"),
        ("purpose", json!("a\u{202e}b"), "invalid_value"),
        ("purpose", json!("a\u{61c}b"), "invalid_value"),
        ("purpose", json!("a\u{2028}b"), "invalid_value"),
        ("purpose", json!("a\u{2029}b"), "invalid_value"),
        ("nonce", json!(""), "invalid_value"),
        ("nonce", json!("AAAAAAAAAA"), "invalid_value"),
        ("nonce", json!("c2l4dGVlbiBieXRlcy4uLg=="), "invalid_value"),
        ("nonce", json!("c2l4dGVlbiBieXRlcy4uL+"), "invalid_value"),
        ("nonce", json!("c2l4dGVlbiBieXRlcy4uLh"), "invalid_value"),
        ("nonce", json!("A".repeat(88)), "invalid_value"),
        ("valid_for", json!(0), "invalid_value"),
        ("valid_for", json!(-1), "invalid_value"),
        ("valid_for", json!(86_401), "invalid_value"),
        ("binding", json!("nobody"), "invalid_value"),
        ("binding", json!("name_and_mobile"), "invalid_value"),
        ("mobile", json!(MOBILE), "invalid_value"),
    ];
    for (member, value, code) in cases {
        let body = changed(question(), member, value);
        stage.post("/v1/requests", &body).key(KEY).send().await.expect_problem(422, code);
    }
    let bound = changed(question(), "binding", json!("name_and_mobile"));
    for mobile in ["", "12", "not a number", "+1"] {
        let body = changed(bound.clone(), "mobile", json!(mobile));
        stage.post("/v1/requests", &body).key(KEY).send().await.expect_problem(422, "invalid_mobile");
    }
    assert_eq!(stage.count("requests").await, 0);
}

#[tokio::test]
async fn a_person_gives_a_name_and_a_number() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let path = format!("/v1/requests/{id}/otp");
    let person = json!({"name": NAME, "mobile": MOBILE});
    let long = "a".repeat(1025);
    for name in ["", " ", "...", "\u{0}", long.as_str()] {
        let body = changed(person.clone(), "name", json!(name));
        stage.post(&path, &body).send().await.expect_problem(422, "invalid_name");
    }
    for mobile in ["", "98765", "0000000000000000", "number"] {
        let body = changed(person.clone(), "mobile", json!(mobile));
        stage.post(&path, &body).send().await.expect_problem(422, "invalid_mobile");
    }
    let body = changed(person.clone(), "language", json!("fr"));
    stage.post(&path, &body).send().await.expect_problem(422, "invalid_value");
    stage.post(&path, &json!({"name": NAME})).send().await.expect_problem(422, "invalid_value");
    let bound = changed(changed(question(), "binding", json!("name_and_mobile")), "mobile", json!(MOBILE));
    let other = stage.ask_with(bound).await;
    stage
        .post(&format!("/v1/requests/{other}/otp"), &person)
        .send()
        .await
        .expect_problem(422, "invalid_value");
    for otp in
        ["", "12345", "1234567", "12345a", "१२३४५", "१२३४५६७", "12345½", "12345²", "-12345", "１２３ ４５６"]
    {
        stage.try_otp(&id, otp).await.expect_problem(422, "invalid_value");
    }
    assert_eq!(stage.gateway.count(), 0);
    for name in
        ["Robert'); DROP TABLE requests;--", "<script>alert(1)</script>", "Asha\" OR 1=1", "Asha\u{0}Rani"]
    {
        let body = changed(person.clone(), "name", json!(name));
        stage.post(&path, &body).send().await.expect_problem(422, "invalid_name");
    }
    let body = changed(person, "name", json!("Mary-Jane D'Souza (Jr.), B/o A. K. दीपा"));
    stage.post(&path, &body).send().await.expect(StatusCode::ACCEPTED);
    let otp = stage.gateway.last_otp();
    assert_eq!(stage.try_otp(&id, &otp).await.json()["no_record"]["corrections_left"], 3);
}

#[tokio::test]
async fn another_sites_page_cannot_speak_for_a_person() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let person = json!({"name": NAME, "mobile": MOBILE});
    for (call, body) in [("otp", person), ("confirm", json!({"otp": "123456"})), ("decline", json!({}))] {
        for site in ["cross-site", "same-site", ""] {
            let call = stage.post(&format!("/v1/requests/{id}/{call}"), &body).header("sec-fetch-site", site);
            call.send().await.expect_problem(403, "forbidden");
        }
    }
    let consent = format!("/v1/requests/{id}/consent");
    stage.get(&consent).header("sec-fetch-site", "cross-site").send().await.expect_problem(403, "forbidden");
    stage.get(&consent).header("sec-fetch-site", "same-origin").send().await.expect(StatusCode::OK);
    let pass = stage.post("/v1/passes", &json!({"purpose": "office"})).header("sec-fetch-site", "cross-site");
    pass.send().await.expect_problem(403, "forbidden");
    assert_eq!(stage.state(&id).await, "open");
}

#[tokio::test]
async fn a_key_is_sent_once() {
    let stage = Stage::new().await;
    let call = stage.post("/v1/requests", &question()).key(KEY).key(OTHER_KEY);
    call.send().await.expect_problem(400, "bad_request");
    let long = "kycvs_".to_owned() + &"k".repeat(500);
    stage.post("/v1/requests", &question()).key(&long).send().await.expect_problem(401, "unauthorized");
}

#[tokio::test]
async fn a_database_that_is_away_is_said_so() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    stage.app.db.close().await;
    let path = format!("/v1/requests/{id}");
    stage.get(&format!("{path}/consent")).send().await.expect_problem(503, "unavailable");
    stage.post(&format!("{path}/decline"), &json!({})).send().await.expect_problem(503, "unavailable");
    let reply =
        stage.post("/v1/requests", &question()).key(KEY).send().await.expect_problem(503, "unavailable");
    assert_eq!(reply.header("retry-after"), Some("5"));
}
