//! How often is too often.

use std::{net::Ipv6Addr, sync::atomic::Ordering, time::Duration};

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::config::Rate;

use super::stage::{KEY, MOBILE, NAME, Reply, Stage, wrong};

#[track_caller]
fn wait(reply: Reply) -> i64 {
    let reply = reply.expect_problem(429, "too_many_requests");
    reply.header("retry-after").expect("Retry-After").parse().expect("seconds")
}

fn person() -> Value {
    json!({"name": NAME, "mobile": MOBILE})
}

/// Asks for a password in a new request, from an address of its own.
async fn send(stage: &Stage, n: u32) -> Reply {
    let id = stage.ask().await;
    stage.post(&format!("/v1/requests/{id}/otp"), &person()).from(n.to_be_bytes()).send().await
}

#[tokio::test]
async fn a_number_gets_seventeen_passwords_a_day_whatever_the_number_of_addresses() {
    let stage = Stage::new().await;
    let mut sent = 0;
    // Somebody who tries every five minutes, from another address each time.
    for n in 0..288 {
        let reply = send(&stage, 0x0a00_0000 + n).await;
        if reply.status == StatusCode::ACCEPTED {
            sent += 1;
        } else {
            assert!((1..=7200).contains(&wait(reply)));
        }
        stage.app.clock.advance(300);
    }
    assert_eq!((sent, stage.gateway.count()), (16, 16));
    // The seventeenth of the stated bound comes with the first moment of the next day.
    send(&stage, 1).await.expect(StatusCode::ACCEPTED);
}

#[tokio::test]
async fn retry_after_is_when_it_works_again() {
    let stage = Stage::new().await;
    for n in 0..5 {
        send(&stage, n).await.expect(StatusCode::ACCEPTED);
    }
    let seconds = wait(send(&stage, 6).await);
    stage.app.clock.advance(seconds - 2);
    wait(send(&stage, 7).await);
    stage.app.clock.advance(2);
    send(&stage, 8).await.expect(StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_number_is_one_however_it_is_written() {
    let stage = Stage::new().await;
    for mobile in ["9876543210", "+91 98765 43210", "098765-43210", "919876543210", "९८७६५४३२१०"]
    {
        let id = stage.ask().await;
        let person = json!({"name": "Somebody Else", "mobile": mobile});
        let reply = stage.post(&format!("/v1/requests/{id}/otp"), &person).send().await;
        reply.expect(StatusCode::ACCEPTED);
    }
    wait(send(&stage, 1).await);
    let question = json!({"purpose": "p", "nonce": "c2l4dGVlbiBieXRlcy4uLg", "binding": "name_and_mobile", "mobile": MOBILE});
    let id = stage.ask_with(question).await;
    wait(stage.post(&format!("/v1/requests/{id}/otp"), &json!({"name": NAME})).send().await);
    let legacy = json!({"mobile_number": MOBILE, "full_name": NAME});
    wait(stage.post("/v3/vaccination/generateOTP", &legacy).header("x-api-key", KEY).send().await);
}

#[tokio::test]
async fn a_password_that_was_not_delivered_does_not_count_for_the_number() {
    let stage = Stage::new().await;
    stage.gateway.is_down.store(true, Ordering::Relaxed);
    for n in 0..20 {
        send(&stage, n).await.expect_problem(503, "otp_not_delivered");
    }
    stage.gateway.is_down.store(false, Ordering::Relaxed);
    for n in 0..5 {
        send(&stage, n).await.expect(StatusCode::ACCEPTED);
    }
    wait(send(&stage, 6).await);
}

/// Somebody guesses while the gateway hangs; then it says that nothing was sent, or does not answer.
#[tokio::test]
async fn guesses_at_a_password_that_is_on_its_way_count_whatever_becomes_of_it() {
    let stage = Stage::new().await;
    stage.gateway.is_down.store(true, Ordering::Relaxed);
    guesses_on_the_way_count(&stage).await;
    let stage = Stage::new().await;
    stage.gateway.is_silent.store(true, Ordering::Relaxed);
    guesses_on_the_way_count(&stage).await;
}

async fn guesses_on_the_way_count(stage: &Stage) {
    let mut guesses = 0;
    for n in 0..9 {
        let id = stage.ask().await;
        let path = format!("/v1/requests/{id}/otp");
        let sending = stage.post(&path, &person()).from([10, 0, 0, n]).send();
        let hangs = stage.gateway.hangs.lock().await;
        let guessing = async {
            let mut made = 0;
            let sent = async {
                while stage.state(&id).await == "open" {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            tokio::time::timeout(Duration::from_mins(1), sent).await.expect("the message is on its way");
            for _ in 0..2 {
                let guess = stage.post(&format!("/v1/requests/{id}/confirm"), &json!({"otp": "000000"}));
                let guess = guess.from([10, 0, 1, n]).send().await;
                made += i64::from(guess.text("code") == "wrong_otp");
            }
            drop(hangs);
            made
        };
        if n < 5 {
            let (sent, made) = tokio::join!(sending, guessing);
            sent.expect_problem(503, "otp_not_delivered");
            assert_eq!((made, stage.column(&id, "tries").await), (2, 2));
            assert_eq!(stage.state(&id).await, "open");
            guesses += made;
        } else {
            drop(guessing);
            wait(sending.await);
        }
    }
    assert_eq!(guesses, 10);
    // The tries are the request's, over all of its passwords.
    assert_eq!(stage.count("requests WHERE tries = 2").await, 5);
}

#[tokio::test]
async fn another_password_waits_half_a_minute() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    stage.send_otp(&id).await;
    let path = format!("/v1/requests/{id}/otp");
    stage.app.clock.advance(10);
    let seconds = wait(stage.post(&path, &person()).send().await);
    assert!((19..=20).contains(&seconds));
    stage.app.clock.advance(seconds);
    stage.send_otp(&id).await;
}

#[tokio::test]
async fn an_address_is_limited_and_a_network_of_version_six_is_one() {
    let stage = Stage::with(|config| config.limits.otp_per_address = Rate { burst: 3, seconds: 60.0 }).await;
    let hosts = (1..=4).map(|n| Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, n));
    for (n, host) in hosts.enumerate() {
        let id = stage.ask().await;
        let person = json!({"name": NAME, "mobile": format!("98765432{n:02}")});
        let reply = stage.post(&format!("/v1/requests/{id}/otp"), &person).from(host).send().await;
        if n < 3 {
            reply.expect(StatusCode::ACCEPTED);
        } else {
            assert!(wait(reply) <= 60);
        }
    }
    assert_eq!(stage.gateway.count(), 3);
    let id = stage.ask().await;
    let elsewhere = Ipv6Addr::new(0x2001, 0xdb8, 0, 2, 0, 0, 0, 1);
    let call = stage.post(&format!("/v1/requests/{id}/otp"), &person()).from(elsewhere);
    call.send().await.expect(StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_number_that_is_refused_costs_who_asks_one() {
    let stage = Stage::with(|config| {
        config.limits.otp_per_number = Rate { burst: 1, seconds: 7200.0 };
        config.limits.otp_per_address = Rate { burst: 3, seconds: 60.0 };
        config.limits.requests_per_entity = Rate { burst: 6, seconds: 60.0 };
    })
    .await;
    for n in 0..4 {
        let id = stage.ask().await;
        let reply = stage.post(&format!("/v1/requests/{id}/otp"), &person()).send().await;
        match n {
            0 => drop(reply.expect(StatusCode::ACCEPTED)),
            1 | 2 => assert!(wait(reply) > 60),
            _ => assert!(wait(reply) <= 60, "it is the address that has none left"),
        }
    }
    let legacy = json!({"mobile_number": MOBILE, "full_name": NAME});
    let legacy = || stage.post("/v3/vaccination/generateOTP", &legacy).header("x-api-key", KEY).send();
    assert!(wait(legacy().await) > 60 && wait(legacy().await) > 60);
    assert!(wait(legacy().await) <= 60);
    assert_eq!(stage.gateway.count(), 1);
}

#[tokio::test]
async fn confirmations_from_an_address_are_limited_before_the_password_is_looked_at() {
    let stage =
        Stage::with(|config| config.limits.confirm_per_address = Rate { burst: 2, seconds: 60.0 }).await;
    let id = stage.ask().await;
    let otp = stage.send_otp(&id).await;
    for _ in 0..2 {
        stage.try_otp(&id, &wrong(&otp)).await.expect_problem(422, "wrong_otp");
    }
    wait(stage.try_otp(&id, &otp).await);
    assert_eq!(stage.records.asked.load(Ordering::Relaxed), 0);
    assert_eq!(stage.column(&id, "tries").await, 2);
    let call = stage.post(&format!("/v1/requests/{id}/confirm"), &json!({"otp": otp})).from([203, 0, 113, 9]);
    call.send().await.expect(StatusCode::OK);
}

/// Wrong ones that come at once are all let through before the first is counted. What they add up to is no foreign clock.
#[tokio::test]
async fn confirmations_at_once_do_not_lift_the_limit_of_their_address() {
    let stage =
        Stage::with(|config| config.limits.confirm_per_address = Rate { burst: 3, seconds: 20.0 }).await;
    let mut guesses = Vec::new();
    for _ in 0..5 {
        let id = stage.ask().await;
        let otp = wrong(&stage.send_otp(&id).await);
        guesses.push((format!("/v1/requests/{id}/confirm"), json!({"otp": otp})));
    }
    let (last, others) = guesses.split_last().expect("five");
    let calls = others.iter().chain(others).map(|(path, otp)| stage.post(path, otp).send());
    let replies = futures_util::future::join_all(calls).await;
    let counted = replies.iter().filter(|reply| reply.text("code") == "wrong_otp").count();
    assert!(counted > 4, "they are not at once: {counted}");
    for _ in 0..3 {
        assert!(wait(stage.post(&last.0, &last.1).send().await) <= 20);
    }
    stage.app.clock.advance(20);
    stage.post(&last.0, &last.1).send().await.expect_problem(422, "wrong_otp");
    wait(stage.post(&last.0, &last.1).send().await);
}

#[tokio::test]
async fn entities_and_passes_are_limited() {
    let stage = Stage::with(|config| {
        config.limits.requests_per_entity = Rate { burst: 2, seconds: 5.0 };
        config.limits.passes_per_address = Rate { burst: 2, seconds: 5.0 };
    })
    .await;
    let question = json!({"purpose": "p", "nonce": "c2l4dGVlbiBieXRlcy4uLg"});
    for _ in 0..2 {
        stage.ask().await;
        stage.post("/v1/passes", &json!({"purpose": "office"})).send().await.expect(StatusCode::CREATED);
    }
    assert_eq!(wait(stage.post("/v1/requests", &question).key(KEY).send().await), 5);
    assert_eq!(wait(stage.post("/v1/passes", &json!({"purpose": "office"})).send().await), 5);
}

/// The clock was an hour ahead, or another instance's is.
#[tokio::test]
async fn a_clock_that_goes_back_locks_no_entity_and_no_address_out() {
    let few = |seconds| Rate { burst: 3, seconds };
    let stage = Stage::with(|config| {
        config.limits.requests_per_entity = few(20.0);
        config.limits.passes_per_address = few(20.0);
        config.limits.confirm_per_address = few(20.0);
    })
    .await;
    let question = json!({"purpose": "p", "nonce": "c2l4dGVlbiBieXRlcy4uLg"});
    let office = json!({"purpose": "office"});
    let ask = || stage.post("/v1/requests", &question).key(KEY).send();
    let pass = || stage.post("/v1/passes", &office).send();
    let (id, other) = (stage.ask().await, stage.in_state("otp_sent").await);
    let other_otp = wrong(&stage.gateway.last_otp());
    let guess = || stage.try_otp(&other, &other_otp);
    let otp = stage.send_otp(&id).await;
    ask().await.expect(StatusCode::CREATED);
    for _ in 0..2 {
        pass().await.expect(StatusCode::CREATED);
        stage.try_otp(&id, &wrong(&otp)).await.expect_problem(422, "wrong_otp");
    }
    stage.try_otp(&id, &otp).await.expect(StatusCode::OK);
    guess().await.expect_problem(422, "wrong_otp");
    pass().await.expect(StatusCode::CREATED);
    for refused in [ask().await, pass().await, guess().await] {
        wait(refused);
    }
    stage.app.clock.advance(-3600);
    ask().await.expect(StatusCode::CREATED);
    pass().await.expect(StatusCode::CREATED);
    guess().await.expect_problem(422, "wrong_otp");
    // One, and the rest at the pace that is always kept.
    for _ in 0..3 {
        assert!(wait(ask().await) <= 20 && wait(pass().await) <= 20);
        stage.app.clock.advance(20);
        ask().await.expect(StatusCode::CREATED);
        pass().await.expect(StatusCode::CREATED);
    }
}

#[tokio::test]
async fn a_clock_that_goes_back_gives_a_number_no_more_passwords() {
    let stage = Stage::new().await;
    for n in 0..5 {
        send(&stage, n).await.expect(StatusCode::ACCEPTED);
    }
    stage.app.clock.advance(-86_400);
    let seconds = wait(send(&stage, 6).await);
    assert!((86_400..=86_400 + 7_200).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn neither_numbers_nor_addresses_stand_in_the_table() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    stage.send_otp(&id).await;
    assert_eq!(stage.count("limits WHERE length(key) = 32").await, stage.count("limits").await);
    assert_eq!(stage.count("limits").await, 8);
    stage.app.clock.advance(86_400);
    crate::sweeper::sweep(&stage.app, 0).await.expect("it sweeps");
    assert_eq!(stage.count("limits").await, 0);
}
