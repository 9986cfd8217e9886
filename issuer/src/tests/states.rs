//! Every call in every state.

use axum::http::Method;
use serde_json::{Value, json};

use super::stage::{KEY, MOBILE, NAME, OTHER_KEY, Reply, Stage, wrong};

const STATES: [&str; 7] = ["open", "otp_sent", "answered", "acknowledged", "declined", "failed", "expired"];

/// For each state, what a call is answered with: a status, or the code of a problem.
async fn expect(name: &str, with_key: bool, body: Value, expected: [&str; 7]) {
    for (state, expected) in STATES.into_iter().zip(expected) {
        let stage = Stage::new().await;
        let id = stage.in_state(state).await;
        // Past the time in which no second password is sent.
        if state == "otp_sent" {
            stage.app.clock.advance(31);
        }
        let path = format!("/v1/requests/{id}/{name}");
        let method = if body.is_null() { Method::GET } else { Method::POST };
        let mut call = stage.call(method.clone(), &path);
        if method == Method::POST {
            call = stage.post(&path, &body);
        }
        let reply = if with_key { call.key(KEY) } else { call }.send().await;
        let found =
            if reply.status.is_success() { reply.status.as_str().to_owned() } else { reply.text("code") };
        assert_eq!(found, expected, "{name} in {state}");
    }
}

#[tokio::test]
async fn a_password_is_sent_while_the_request_lives() {
    let person = json!({"name": NAME, "mobile": MOBILE});
    expect(
        "otp",
        false,
        person,
        ["202", "202", "wrong_state", "wrong_state", "request_over", "tries_used_up", "request_over"],
    )
    .await;
}

#[tokio::test]
async fn a_password_is_tried_once_one_was_sent() {
    let over = ["wrong_state", "wrong_state", "request_over", "tries_used_up", "request_over"];
    let [answered, acknowledged, declined, failed, expired] = over;
    // A wrong one that cannot be the right one by accident would be none at all; one in a million tests may fail here.
    let otp = json!({"otp": "000000"});
    expect(
        "confirm",
        false,
        otp,
        ["wrong_state", "wrong_otp", answered, acknowledged, declined, failed, expired],
    )
    .await;
}

#[tokio::test]
async fn a_request_is_declined_while_it_lives() {
    let expected = ["200", "200", "wrong_state", "wrong_state", "200", "tries_used_up", "request_over"];
    expect("decline", false, json!({}), expected).await;
}

#[tokio::test]
async fn an_answer_is_acknowledged_once_there_is_one() {
    let none = "wrong_state";
    expect("ack", true, json!({}), [none, none, "200", "200", none, none, none]).await;
}

#[tokio::test]
async fn what_is_asked_is_shown_in_every_state() {
    expect("consent", false, Value::Null, ["200"; 7]).await;
}

#[tokio::test]
async fn nobody_else_sees_a_request() {
    let stage = Stage::new().await;
    let id = stage.in_state("answered").await;
    let path = format!("/v1/requests/{id}");
    stage.get(&path).key(OTHER_KEY).send().await.expect_problem(404, "not_found");
    stage.get(&path).send().await.expect_problem(401, "unauthorized");
    stage.get(&path).key("kycvs_wrong").send().await.expect_problem(401, "unauthorized");
    stage.get(&path).header("authorization", "Basic YTpi").send().await.expect_problem(401, "unauthorized");
    stage
        .post(&format!("{path}/ack"), &json!({}))
        .key(OTHER_KEY)
        .send()
        .await
        .expect_problem(404, "not_found");
    for id in
        ["", "x", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB", "%00", "%ff", "AAAAAAAAAAAAAAAAAAAAAA"]
    {
        stage.get(&format!("/v1/requests/{id}")).key(KEY).send().await.expect_problem(404, "not_found");
        stage.get(&format!("/v1/requests/{id}/consent")).send().await.expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn an_entity_that_was_disabled_asks_no_more() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let mut tx = stage.app.db.begin().await.expect("begins");
    sqlx::query("UPDATE entities SET disabled_at = 1").execute(&mut *tx).await.expect("disabled");
    tx.commit().await.expect("commits");
    stage.get(&format!("/v1/requests/{id}")).key(KEY).send().await.expect_problem(401, "unauthorized");
    let person = json!({"name": NAME, "mobile": MOBILE});
    stage.post(&format!("/v1/requests/{id}/otp"), &person).send().await.expect_problem(410, "request_over");
    assert_eq!(stage.gateway.count(), 0);
}

#[tokio::test]
async fn an_entity_that_was_disabled_gets_no_answer() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let otp = stage.send_otp(&id).await;
    let mut tx = stage.app.db.begin().await.expect("begins");
    sqlx::query("UPDATE entities SET disabled_at = 1").execute(&mut *tx).await.expect("disabled");
    tx.commit().await.expect("commits");
    stage.try_otp(&id, &otp).await.expect_problem(410, "request_over");
    stage.get(&format!("/v1/requests/{id}/consent")).send().await.expect_problem(410, "request_over");
    let mut tx = stage.app.db.begin().await.expect("begins");
    sqlx::query("UPDATE entities SET disabled_at = NULL").execute(&mut *tx).await.expect("enabled");
    tx.commit().await.expect("commits");
    // Nothing was signed, and no try was counted.
    let consent = stage.get(&format!("/v1/requests/{id}/consent")).send().await.json();
    assert_eq!(
        (consent["state"].as_str(), consent["otp"]["tries_left"].as_i64()),
        (Some("otp_sent"), Some(3))
    );
}

#[tokio::test]
async fn three_wrong_passwords_end_a_request_over_all_its_passwords() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let tries = |reply: &Reply| reply.json()["tries_left"].as_i64();
    let first = stage.send_otp(&id).await;
    let reply = stage.try_otp(&id, &wrong(&first)).await.expect_problem(422, "wrong_otp");
    assert_eq!(tries(&reply), Some(2));
    stage.app.clock.advance(31);
    let second = stage.send_otp(&id).await;
    // The first one is of no more use; it may be drawn again, once in a million times.
    let useless = if first == second { wrong(&second) } else { first };
    let reply = stage.try_otp(&id, &useless).await.expect_problem(422, "wrong_otp");
    assert_eq!(tries(&reply), Some(1));
    let reply = stage.try_otp(&id, &wrong(&second)).await.expect_problem(410, "tries_used_up");
    assert_eq!(tries(&reply), Some(0));
    stage.try_otp(&id, &second).await.expect_problem(410, "tries_used_up");
    assert_eq!(stage.state(&id).await, "failed");
    assert_eq!(stage.count("audit WHERE event = 'failed'").await, 1);
    assert_eq!(stage.count("webhooks WHERE event = 'request.failed'").await, 1);
}

#[tokio::test]
async fn a_late_password_costs_no_try() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let otp = stage.send_otp(&id).await;
    stage.app.clock.advance(180);
    for _ in 0..5 {
        stage.try_otp(&id, &otp).await.expect_problem(410, "otp_expired");
    }
    let otp = stage.send_otp(&id).await;
    stage.app.clock.advance(179);
    stage.try_otp(&id, &otp).await.expect(axum::http::StatusCode::OK);
}

#[tokio::test]
async fn an_answer_is_not_given_after_its_time() {
    let stage = Stage::new().await;
    let id = stage.in_state("answered").await;
    stage.app.clock.advance(899);
    assert_eq!(stage.state(&id).await, "answered");
    stage.app.clock.advance(1);
    let view = stage.get(&format!("/v1/requests/{id}")).key(KEY).send().await;
    assert_eq!(view.text("state"), "expired");
    assert!(view.json().get("presentation").is_none());
    stage
        .post(&format!("/v1/requests/{id}/ack"), &json!({}))
        .key(KEY)
        .send()
        .await
        .expect_problem(409, "wrong_state");
}
