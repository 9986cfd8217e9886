//! The budgets of messages, of an entity and of all.

use axum::http::StatusCode;
use serde_json::json;

use crate::{config::Rate, sweeper};

use super::{
    Lines,
    stage::{KEY, NAME, OTHER_KEY, Reply, Stage},
};

/// Asks for a password to this number of a row of them, by an entity's key; the request's id, and the reply.
async fn send(stage: &Stage, key: &str, n: u32) -> (String, Reply) {
    let question = json!({"purpose": "p", "nonce": "c2l4dGVlbiBieXRlcy4uLg"});
    let id = stage.post("/v1/requests", &question).key(key).send().await.text("id");
    let person = json!({"name": NAME, "mobile": format!("98765{n:05}")});
    let call = stage.post(&format!("/v1/requests/{id}/otp"), &person).from((0x0a00_0000 + n).to_be_bytes());
    (id, call.send().await)
}

async fn by_a_call_of_2021(stage: &Stage, key: &str, n: u32) -> Reply {
    let call = json!({"mobile_number": format!("98765{n:05}"), "full_name": NAME});
    stage.post("/v3/vaccination/generateOTP", &call).header("x-api-key", key).send().await
}

fn refusals(stage: &Stage, budget: &str) -> Option<u64> {
    let text = stage.app.metrics.to_text().expect("metrics");
    let name = format!("kycvs_budget_refusals_total{{budget=\"{budget}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok())
}

#[tokio::test]
async fn one_key_cannot_have_three_hundred_messages_sent_to_three_hundred_numbers() {
    let stage = Stage::new().await;
    let mut sent = 0;
    for n in 0..300 {
        let reply =
            if n % 2 == 0 { send(&stage, KEY, n).await.1 } else { by_a_call_of_2021(&stage, KEY, n).await };
        if reply.status.is_success() {
            sent += 1;
        } else {
            let reply = reply.expect_problem(429, "too_many_requests");
            assert!(reply.header("retry-after").is_some());
        }
    }
    assert_eq!((sent, stage.gateway.count()), (200, 200));
    assert_eq!((refusals(&stage, "entity"), refusals(&stage, "all")), (Some(100), Some(0)));
    // Another entity is not held up.
    send(&stage, OTHER_KEY, 300).await.1.expect(StatusCode::ACCEPTED);
}

#[tokio::test]
async fn people_who_consent_use_no_budget_up() {
    let stage = Stage::with(|config| {
        config.limits.messages_per_entity = Rate { burst: 2, seconds: 3600.0 };
        config.limits.messages_in_all = Rate { burst: 2, seconds: 3600.0 };
    })
    .await;
    stage.records.knows_everybody.store(true, std::sync::atomic::Ordering::Relaxed);
    for n in 0..10 {
        let (id, reply) = send(&stage, KEY, n).await;
        reply.expect(StatusCode::ACCEPTED);
        stage.app.clock.advance(60);
        let otp = json!({"otp": stage.gateway.last_otp()});
        let confirm = stage.post(&format!("/v1/requests/{id}/confirm"), &otp).from([10, 9, 0, 1]);
        confirm.send().await.expect(StatusCode::OK);
    }
    for n in 10..12 {
        send(&stage, KEY, n).await.1.expect(StatusCode::ACCEPTED);
    }
    send(&stage, KEY, 12).await.1.expect_problem(429, "too_many_requests");
}

#[tokio::test]
async fn messages_that_were_certainly_not_sent_use_no_budget_up() {
    let stage = Stage::with(|config| {
        config.limits.messages_per_entity = Rate { burst: 2, seconds: 3600.0 };
    })
    .await;
    stage.gateway.is_down.store(true, std::sync::atomic::Ordering::Relaxed);
    for n in 0..5 {
        send(&stage, KEY, n).await.1.expect_problem(503, "otp_not_delivered");
        by_a_call_of_2021(&stage, KEY, 100 + n).await.expect_problem(503, "otp_not_delivered");
    }
    stage.gateway.is_down.store(false, std::sync::atomic::Ordering::Relaxed);
    send(&stage, KEY, 9).await.1.expect(StatusCode::ACCEPTED);
}

#[tokio::test]
async fn messages_of_which_the_gateway_did_not_say_whether_it_sent_them_use_the_budget() {
    let stage = Stage::with(|config| {
        config.limits.messages_per_entity = Rate { burst: 2, seconds: 3600.0 };
    })
    .await;
    stage.gateway.is_silent.store(true, std::sync::atomic::Ordering::Relaxed);
    send(&stage, KEY, 0).await.1.expect_problem(503, "otp_not_delivered");
    by_a_call_of_2021(&stage, KEY, 100).await.expect_problem(503, "otp_not_delivered");
    send(&stage, KEY, 1).await.1.expect_problem(429, "too_many_requests");
}

#[tokio::test]
async fn the_budget_of_all_holds_over_entities_and_a_restart() {
    let lines = Lines::default();
    let _guard = lines.listen();
    let stage = Stage::with(|config| config.limits.messages_in_all = Rate { burst: 4, seconds: 60.0 }).await;
    for n in 0..4 {
        send(&stage, if n % 2 == 0 { KEY } else { OTHER_KEY }, n).await.1.expect(StatusCode::ACCEPTED);
    }
    let stage = stage.restarted().await;
    sweeper::sweep(&stage.app, 0).await.expect("it sweeps");
    for key in [KEY, OTHER_KEY] {
        send(&stage, key, 5).await.1.expect_problem(429, "too_many_requests");
    }
    assert_eq!(refusals(&stage, "all"), Some(2));
    let log = lines.text();
    let alarms: Vec<_> = log.lines().filter(|line| line.contains("budget of messages is used up")).collect();
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert!(alarms[0].contains("ERROR") && alarms[0].contains("budget=\"all\""), "{alarms:?}");
    // A refused message takes nothing, neither of the entity's budget nor of the number's passwords.
    stage.app.clock.advance(60);
    send(&stage, KEY, 5).await.1.expect(StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_budget_that_is_used_up_is_reported_once_an_hour() {
    let alarms = crate::flow::Alarms::default();
    let due = |now| alarms.is_due("entity irctc.co.in", now);
    assert!(due(1_000) && !due(1_001) && !due(4_599) && due(4_600) && !due(4_601));
    assert!(alarms.is_due("entity mall.example", 1_001) && alarms.is_due("all -", 1_001));
}
