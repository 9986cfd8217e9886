//! Calls that come at once.

use axum::http::StatusCode;
use futures_util::future::join_all;
use serde_json::json;

use super::stage::{KEY, MOBILE, NAME, Stage, wrong};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_right_passwords_one_makes_the_answer() {
    let stage = Stage::new().await;
    for _ in 0..5 {
        let id = stage.ask().await;
        let person = json!({"name": NAME, "mobile": MOBILE});
        stage.post(&format!("/v1/requests/{id}/otp"), &person).send().await.expect(StatusCode::ACCEPTED);
        let otp = stage.gateway.last_otp();
        let replies = join_all((0..8).map(|_| stage.try_otp(&id, &otp))).await;
        let made = replies.iter().filter(|reply| reply.status == StatusCode::OK).count();
        assert_eq!(made, 1, "{replies:?}");
        assert!(
            replies.iter().all(|reply| reply.status == StatusCode::OK || reply.text("code") == "wrong_state")
        );
        assert_eq!(stage.column(&id, "tries").await, 1);
    }
    assert_eq!(stage.count("audit").await, 5);
    assert_eq!(stage.count("webhooks").await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_guesses_three_count() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let otp = stage.send_otp(&id).await;
    let guesses = (0..30_u8).map(|n| {
        let guess = json!({"otp": wrong(&otp)});
        let path = format!("/v1/requests/{id}/confirm");
        let call = stage.post(&path, &guess).from([198, 51, 100, n]);
        call.send()
    });
    let replies = join_all(guesses).await;
    let wrong_otp = replies.iter().filter(|reply| reply.text("code") == "wrong_otp").count();
    assert_eq!(wrong_otp, 2);
    assert!(
        replies.iter().all(|reply| ["wrong_otp", "tries_used_up"].contains(&reply.text("code").as_str()))
    );
    assert_eq!(stage.column(&id, "tries").await, 3);
    assert_eq!(stage.count("audit WHERE event = 'failed'").await, 1);
    stage.try_otp(&id, &otp).await.expect_problem(410, "tries_used_up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_calls_for_a_password_one_sends_it() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let person = json!({"name": NAME, "mobile": MOBILE});
    let path = format!("/v1/requests/{id}/otp");
    let replies = join_all((0..8).map(|_| stage.post(&path, &person).send())).await;
    let sent = replies.iter().filter(|reply| reply.status == StatusCode::ACCEPTED).count();
    assert_eq!((sent, stage.gateway.count()), (1, 1), "{replies:?}");
    // Those that were refused took nothing from the number's limit: four more are left of five.
    for _ in 0..4 {
        let id = stage.ask().await;
        stage.send_otp(&id).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_and_a_refusal_exclude_each_other() {
    let stage = Stage::new().await;
    for _ in 0..5 {
        let id = stage.ask().await;
        let otp = stage.send_otp(&id).await;
        let decline = format!("/v1/requests/{id}/decline");
        let nothing = json!({});
        let (confirmed, declined) =
            tokio::join!(stage.try_otp(&id, &otp), stage.post(&decline, &nothing).send());
        let expected = match (confirmed.status.is_success(), declined.status.is_success()) {
            (true, false) => "answered",
            (false, true) => "declined",
            both => panic!("{both:?}: {confirmed:?} {declined:?}"),
        };
        assert_eq!(stage.state(&id).await, expected);
    }
    assert_eq!(stage.count("audit").await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_at_once_has_one_effect_and_one_reply() {
    let stage = Stage::new().await;
    let question = json!({"purpose": "p", "nonce": "c2l4dGVlbiBieXRlcy4uLg"});
    let made =
        join_all((0..8).map(|_| stage.post("/v1/requests", &question).key(KEY).once("one").send())).await;
    assert!(made.iter().all(|reply| reply.status == StatusCode::CREATED && reply.bytes == made[0].bytes));
    assert_eq!(made.iter().filter(|reply| !reply.is_replayed()).count(), 1);
    assert_eq!(stage.count("requests").await, 1);

    let id = made[0].text("id");
    let otp = stage.send_otp(&id).await;
    let path = format!("/v1/requests/{id}/confirm");
    let guess = json!({"otp": wrong(&otp)});
    let wrong_ones = join_all((0..8).map(|_| stage.post(&path, &guess).once("guess").send())).await;
    assert!(wrong_ones.iter().all(|reply| reply.status == 422 && reply.bytes == wrong_ones[0].bytes));
    assert_eq!(stage.column(&id, "tries").await, 1);
    let right = json!({"otp": otp});
    let right_ones = join_all((0..8).map(|_| stage.post(&path, &right).once("right").send())).await;
    assert!(right_ones.iter().all(|reply| reply.status == 200 && reply.bytes == right_ones[0].bytes));
    assert_eq!(stage.count("audit").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_at_once_sends_one_password_to_an_entity_of_2021() {
    let stage = Stage::new().await;
    let person = json!({"mobile_number": MOBILE, "full_name": NAME});
    let call =
        || stage.post("/v3/vaccination/generateOTP", &person).header("x-api-key", KEY).once("g").send();
    let replies = join_all((0..8).map(|_| call())).await;
    assert!(replies.iter().all(|reply| reply.status == StatusCode::OK && reply.bytes == replies[0].bytes));
    assert_eq!(replies.iter().filter(|reply| !reply.is_replayed()).count(), 1);
    assert_eq!((stage.gateway.count(), stage.count("requests").await), (1, 1));
    // Four of five are left: those that were repeated took nothing from the number's limit.
    for key in ["1", "2", "3", "4", "5"] {
        let call = stage.post("/v3/vaccination/generateOTP", &person).header("x-api-key", KEY).once(key);
        assert_eq!(call.send().await.status == StatusCode::OK, key != "5");
    }
}

/// On SQLite the two queue for the writer; on PostgreSQL the sweeper is what a deadlock ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_that_a_deadlock_ends_is_done_again() {
    let stage = Stage::new().await;
    let mut ids = [stage.ask().await, stage.ask().await];
    ids.sort_unstable();
    stage.app.clock.advance(900);
    let mut tx = stage.app.db.begin().await.expect("begins");
    if stage.app.db.is_postgres() {
        sqlx::query("SET LOCAL deadlock_timeout = '1min'").execute(&mut *tx).await.expect("set");
    }
    let app = stage.app.clone();
    let mut sweep = None;
    for id in ids.iter().rev() {
        let lock = sqlx::query("UPDATE requests SET valid_for = valid_for WHERE id = $1").bind(id);
        lock.execute(&mut *tx).await.expect("it is the other that gives way");
        if sweep.is_none() {
            let app = app.clone();
            sweep = Some(tokio::spawn(async move { crate::sweeper::sweep(&app, 1).await }));
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        }
    }
    tx.commit().await.expect("commits");
    sweep.expect("begun").await.expect("no fault").expect("it sweeps");
    assert_eq!(stage.count("requests WHERE state = 'expired'").await, 2);
}
