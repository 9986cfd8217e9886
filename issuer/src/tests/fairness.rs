//! The limits hold back who guesses, and let the owner of a number and whole families through.

use std::sync::atomic::Ordering;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::config::Rate;

use super::stage::{KEY, MOBILE, NAME, Reply, Stage, wrong};

/// What bounds the guesses, as README.md says it.
const WRONG_GUESSES_IN_A_DAY: usize = 51;

fn person() -> Value {
    json!({"name": NAME, "mobile": MOBILE})
}

/// Asks for a password in a new request, from an address of its own.
async fn send(stage: &Stage, n: u32) -> (String, Reply) {
    let id = stage.ask().await;
    let reply =
        stage.post(&format!("/v1/requests/{id}/otp"), &person()).from((0x0a00_0000 + n).to_be_bytes()).send();
    (id, reply.await)
}

async fn guess(stage: &Stage, id: &str, otp: &str, n: u32) -> Reply {
    let call = stage.post(&format!("/v1/requests/{id}/confirm"), &json!({"otp": otp}));
    call.from((0x0b00_0000 + n).to_be_bytes()).send().await
}

fn wait(reply: &Reply) -> i64 {
    assert_eq!(reply.text("code"), "too_many_requests");
    reply.header("retry-after").expect("Retry-After").parse().expect("seconds")
}

#[tokio::test]
async fn a_family_of_twelve_consents_from_one_number_within_minutes() {
    let stage = Stage::new().await;
    for n in 0..12 {
        let (id, sent) = send(&stage, n).await;
        sent.expect(StatusCode::ACCEPTED);
        stage.app.clock.advance(20);
        guess(&stage, &id, &stage.gateway.last_otp(), n).await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn a_family_consents_by_the_calls_of_2021() {
    use sha2::{Digest, Sha256};
    let stage = Stage::new().await;
    for _ in 0..12 {
        let call = json!({"mobile_number": MOBILE, "full_name": NAME});
        let begun = stage.post("/v3/vaccination/generateOTP", &call).header("x-api-key", KEY).send().await;
        let id = begun.expect(StatusCode::OK).text("txnId");
        let otp = hex::encode(Sha256::digest(stage.gateway.last_otp()));
        let call = json!({"otp": otp, "txnId": id});
        let confirm = stage.post("/v3/vaccination/confirmOTP", &call).header("x-api-key", KEY);
        confirm.send().await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn a_wrong_try_before_the_right_one_costs_a_third() {
    let stage = Stage::new().await;
    for n in 0..15 {
        let (id, sent) = send(&stage, n).await;
        if n >= 13 {
            // Thirteen wrong tries are four passwords and a third: less than a whole one is left.
            assert!((1..=7_200).contains(&wait(&sent)), "{n}");
            continue;
        }
        sent.expect(StatusCode::ACCEPTED);
        let otp = stage.gateway.last_otp();
        guess(&stage, &id, &wrong(&otp), n).await.expect_problem(422, "wrong_otp");
        guess(&stage, &id, &otp, n).await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn a_password_that_nobody_enters_stays_counted() {
    let stage = Stage::new().await;
    for n in 0..5 {
        send(&stage, n).await.1.expect(StatusCode::ACCEPTED);
        stage.app.clock.advance(200);
    }
    assert!(wait(&send(&stage, 5).await.1) > 6_000);
}

/// The owner answers all day, holding each password for most of its time. An attacker guesses whenever the number has a
/// password left.
#[tokio::test]
async fn right_passwords_of_the_owner_give_an_attacker_no_more_guesses() {
    let stage = Stage::with(|config| {
        config.limits.daily_messages_per_number = Rate { burst: 1_000, seconds: 1.0 };
    })
    .await;
    let mut guesses = Vec::new();
    for n in 0..288 {
        let now = stage.app.clock.now();
        let (owners, sent) = send(&stage, n).await;
        let otp = (sent.status == StatusCode::ACCEPTED).then(|| stage.gateway.last_otp());
        let (attacked, sent) = send(&stage, 1_000 + n).await;
        if sent.status == StatusCode::ACCEPTED {
            let otp = stage.gateway.last_otp();
            for _ in 0..3 {
                guess(&stage, &attacked, &wrong(&otp), 1_000 + n).await;
                guesses.push(now);
            }
        }
        stage.app.clock.advance(170);
        if let Some(otp) = otp {
            guess(&stage, &owners, &otp, n).await.expect(StatusCode::OK);
        }
        stage.app.clock.advance(130);
    }
    assert!(guesses.len() > 15, "{} guesses are no attack", guesses.len());
    assert!(guesses.len() <= WRONG_GUESSES_IN_A_DAY, "{} guesses", guesses.len());
}

/// The owner of a number that earns money by messages enters each password right, in requests of several entities.
#[tokio::test]
async fn number_whose_passwords_are_all_right_gets_thirty_messages_in_a_day() {
    let stage = Stage::new().await;
    let mut sent = 0;
    for n in 0..288 {
        let (id, reply) = send(&stage, n).await;
        if reply.status == StatusCode::ACCEPTED {
            guess(&stage, &id, &stage.gateway.last_otp(), n).await.expect(StatusCode::OK);
            sent += 1;
        } else {
            assert!((1..=7_200).contains(&wait(&reply)), "{n}");
        }
        stage.app.clock.advance(300);
    }
    // The thirtieth comes with the first moment of the next day.
    assert_eq!((sent, stage.gateway.count()), (29, 29));
    send(&stage, 288).await.1.expect(StatusCode::ACCEPTED);
}

#[tokio::test]
async fn messages_that_the_gateway_did_not_take_leave_the_daily_limit_as_it_was() {
    let stage = Stage::new().await;
    for outage in [&stage.gateway.is_silent, &stage.gateway.is_down] {
        outage.store(true, Ordering::Relaxed);
        for n in 0..15 {
            send(&stage, n).await.1.expect_problem(503, "otp_not_delivered");
        }
        outage.store(false, Ordering::Relaxed);
    }
    // Those that may have arrived are forgotten after minutes each.
    stage.app.clock.advance(6_000);
    for n in 20..38 {
        let (id, sent) = send(&stage, n).await;
        sent.expect(StatusCode::ACCEPTED);
        guess(&stage, &id, &stage.gateway.last_otp(), n).await.expect(StatusCode::OK);
    }
    wait(&send(&stage, 38).await.1);
}

#[tokio::test]
async fn a_right_password_gives_back_no_more_than_it_took() {
    let stage = Stage::new().await;
    // Idle for a day, and a family's worth of answers: five passwords are left, and no sixth.
    for n in 0..8 {
        let (id, sent) = send(&stage, n).await;
        sent.expect(StatusCode::ACCEPTED);
        stage.app.clock.advance(100);
        guess(&stage, &id, &stage.gateway.last_otp(), n).await.expect(StatusCode::OK);
    }
    for n in 10..15 {
        send(&stage, n).await.1.expect(StatusCode::ACCEPTED);
    }
    assert!(wait(&send(&stage, 15).await.1) > 7_000);
}

#[tokio::test]
async fn an_outage_of_the_gateway_locks_no_number_out() {
    let stage = Stage::new().await;
    for outage in [&stage.gateway.is_silent, &stage.gateway.is_down] {
        outage.store(true, Ordering::Relaxed);
        for n in 0..15 {
            send(&stage, n).await.1.expect_problem(503, "otp_not_delivered");
        }
        outage.store(false, Ordering::Relaxed);
        let (id, sent) = send(&stage, 20).await;
        sent.expect(StatusCode::ACCEPTED);
        guess(&stage, &id, &stage.gateway.last_otp(), 20).await.expect(StatusCode::OK);
    }
}

/// Nobody can have entered a password that was never sent.
#[tokio::test]
async fn message_that_was_not_sent_costs_nothing_if_its_request_has_ended_meanwhile() {
    let once = |config: &mut crate::config::Config| {
        config.limits.otp_per_number = Rate { burst: 1, seconds: 7200.0 };
        config.limits.messages_per_entity = Rate { burst: 1, seconds: 7200.0 };
    };
    let stage = Stage::with(once).await;
    let id = stage.ask().await;
    stage.gateway.is_down.store(true, Ordering::Relaxed);
    let held = stage.gateway.hangs.lock().await;
    let decline = async {
        stage.gateway.is_asked().await;
        stage.post(&format!("/v1/requests/{id}/decline"), &json!({})).send().await.expect(StatusCode::OK);
        drop(held);
    };
    let send_first = stage.post(&format!("/v1/requests/{id}/otp"), &person()).send();
    tokio::join!(send_first, decline).0.expect_problem(503, "otp_not_delivered");
    stage.gateway.is_down.store(false, Ordering::Relaxed);
    send(&stage, 1).await.1.expect(StatusCode::ACCEPTED);
    wait(&send(&stage, 2).await.1);
}

#[tokio::test]
async fn messages_that_may_have_arrived_wait_minutes_after_twenty() {
    let stage = Stage::new().await;
    stage.gateway.is_silent.store(true, Ordering::Relaxed);
    for n in 0..20 {
        send(&stage, n).await.1.expect_problem(503, "otp_not_delivered");
    }
    let refused = wait(&send(&stage, 20).await.1);
    assert!((1..=300).contains(&refused), "{refused}");
    assert_eq!(stage.gateway.count(), 20);
    stage.gateway.is_silent.store(false, Ordering::Relaxed);
    stage.app.clock.advance(refused);
    send(&stage, 21).await.1.expect(StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_refusal_by_one_limit_of_a_number_takes_nothing_of_the_other() {
    let stage =
        Stage::with(|config| config.limits.messages_per_number = Rate { burst: 2, seconds: 60.0 }).await;
    for n in 0..2 {
        send(&stage, n).await.1.expect(StatusCode::ACCEPTED);
    }
    for n in 2..12 {
        assert!(wait(&send(&stage, n).await.1) <= 60);
    }
    for n in 12..15 {
        stage.app.clock.advance(60);
        send(&stage, n).await.1.expect(StatusCode::ACCEPTED);
    }
}
