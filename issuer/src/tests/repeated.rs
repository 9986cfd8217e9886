//! Calls that are repeated with the same `Idempotency-Key`.

use std::{sync::atomic::Ordering, time::Duration};

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    config::{Config, Rate},
    problem::{Problem, ProblemCode},
    replies::{self, Repeatable, Reply, Scope},
};

use super::stage::{KEY, MOBILE, NAME, OTHER_KEY, Stage, wrong};

fn question() -> Value {
    json!({"purpose": "rail-booking", "nonce": "c2l4dGVlbiBieXRlcy4uLg"})
}

/// Makes a call twice, and sees that the second is the first one's reply.
macro_rules! twice {
    ($status:expr, $call:expr) => {{
        let first = $call.send().await;
        assert_eq!(first.status, $status, "{first:?}");
        assert!(!first.is_replayed());
        let second = $call.send().await;
        assert!(second.is_replayed(), "{second:?}");
        assert_eq!((second.status, &second.bytes), (first.status, &first.bytes));
        assert_eq!(second.header("location"), first.header("location"));
        first
    }};
}

#[tokio::test]
async fn every_post_is_safe_to_repeat() {
    let stage = Stage::new().await;
    let made = twice!(201, stage.post("/v1/requests", &question()).key(KEY).once("make"));
    assert_eq!(stage.count("requests").await, 1);
    let id = made.text("id");
    let path = |call: &str| format!("/v1/requests/{id}/{call}");

    let person = json!({"name": NAME, "mobile": MOBILE});
    twice!(202, stage.post(&path("otp"), &person).once("send"));
    assert_eq!(stage.gateway.count(), 1);
    let otp = stage.gateway.last_otp();
    twice!(422, stage.post(&path("confirm"), &json!({"otp": wrong(&otp)})).once("guess"));
    assert_eq!(stage.column(&id, "tries").await, 1);
    twice!(200, stage.post(&path("confirm"), &json!({"otp": otp})).once("right"));
    assert_eq!(stage.column(&id, "tries").await, 2);
    assert_eq!(stage.count("audit").await, 1);
    twice!(200, stage.post(&path("ack"), &json!({})).key(KEY).once("ack"));

    let id = stage.ask().await;
    twice!(200, stage.post(&format!("/v1/requests/{id}/decline"), &json!({})).once("no"));
    assert_eq!(stage.count("audit").await, 2);
    twice!(201, stage.post("/v1/passes", &json!({"purpose": "office"})).once("pass"));
    assert_eq!(stage.count("requests").await, 3);
}

#[tokio::test]
async fn the_last_wrong_password_is_answered_the_same_again() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let guess = json!({"otp": wrong(&stage.send_otp(&id).await)});
    let path = format!("/v1/requests/{id}/confirm");
    for key in ["1", "2"] {
        twice!(422, stage.post(&path, &guess).once(key));
    }
    let last = twice!(410, stage.post(&path, &guess).once("3"));
    assert_eq!(last.text("code"), "tries_used_up");
    // The first two told what was left at their time, and are over with the request.
    stage.post(&path, &guess).once("1").send().await.expect_problem(410, "tries_used_up");
}

#[tokio::test]
async fn a_key_is_for_one_call_by_one_caller() {
    let stage = Stage::new().await;
    let first =
        stage.post("/v1/requests", &question()).key(KEY).once("k").send().await.expect(StatusCode::CREATED);
    let other = json!({"purpose": "other", "nonce": "c2l4dGVlbiBieXRlcy4uLg"});
    stage.post("/v1/requests", &other).key(KEY).once("k").send().await.expect_problem(422, "key_reused");
    let ack = format!("/v1/requests/{}/ack", first.text("id"));
    stage.post(&ack, &json!({})).key(KEY).once("k").send().await.expect_problem(422, "key_reused");
    let second = stage.post("/v1/requests", &question()).key(OTHER_KEY).once("k").send().await;
    assert_ne!(second.expect(StatusCode::CREATED).text("id"), first.text("id"));

    let pass = json!({"purpose": "office"});
    let [one, two] =
        [[192, 0, 2, 1], [192, 0, 2, 2]].map(|from| stage.post("/v1/passes", &pass).once("k").from(from));
    assert_ne!(one.send().await.text("id"), two.send().await.text("id"));

    let long = "k".repeat(256);
    for bad in ["", "a b", "clé", long.as_str()] {
        stage
            .post("/v1/requests", &question())
            .key(KEY)
            .once(bad)
            .send()
            .await
            .expect_problem(400, "bad_request");
    }
    let twice = stage.post("/v1/requests", &question()).key(KEY).once("a").once("b");
    twice.send().await.expect_problem(400, "bad_request");
}

#[tokio::test]
async fn what_had_no_effect_can_be_tried_again_with_the_same_key() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let path = format!("/v1/requests/{id}/otp");
    let person = json!({"name": NAME, "mobile": MOBILE});
    stage.gateway.is_down.store(true, Ordering::Relaxed);
    let down = stage.post(&path, &person).once("k").send().await.expect_problem(503, "otp_not_delivered");
    assert!(down.header("retry-after").is_some());
    assert_eq!(stage.state(&id).await, "open");
    stage.gateway.is_down.store(false, Ordering::Relaxed);
    stage.post(&path, &person).once("k").send().await.expect(StatusCode::ACCEPTED);

    let otp = stage.gateway.last_otp();
    let confirm = format!("/v1/requests/{id}/confirm");
    stage.records.is_down.store(true, Ordering::Relaxed);
    for _ in 0..5 {
        let call = stage.post(&confirm, &json!({"otp": otp})).once("c");
        call.send().await.expect_problem(503, "unavailable");
    }
    assert_eq!(stage.column(&id, "tries").await, 0);
    stage.records.is_down.store(false, Ordering::Relaxed);
    stage.post(&confirm, &json!({"otp": otp})).once("c").send().await.expect(StatusCode::OK);
}

/// Both ways to ask for a password, each with its status: the page's, and the entity's of 2021.
async fn ways(stage: &Stage) -> [(String, Value, StatusCode); 2] {
    let otp = format!("/v1/requests/{}/otp", stage.ask().await);
    [
        (otp, json!({"name": NAME, "mobile": MOBILE}), StatusCode::ACCEPTED),
        (
            "/v3/vaccination/generateOTP".into(),
            json!({"mobile_number": MOBILE, "full_name": NAME}),
            StatusCode::OK,
        ),
    ]
}

#[tokio::test]
async fn who_repeats_a_call_while_its_message_is_on_its_way_waits_for_its_reply() {
    // One password for a number: a repetition that is taken for another call would be over the limit.
    let once = |config: &mut Config| config.limits.otp_per_number = Rate { burst: 1, seconds: 7200.0 };
    for way in 0..2 {
        let stage = Stage::with(once).await;
        let (path, body, status) = ways(&stage).await[way].clone();
        let call = || stage.post(&path, &body).header("x-api-key", KEY).once("k").send();
        stage.gateway.slow.store(500, Ordering::Relaxed);
        let later = async {
            tokio::time::sleep(Duration::from_millis(150)).await;
            call().await
        };
        let (first, at_once, later) = tokio::join!(call(), call(), later);
        let replies = [first, at_once, later];
        assert!(replies.iter().all(|reply| reply.status == status && reply.bytes == replies[0].bytes));
        assert_eq!(replies.iter().filter(|reply| reply.is_replayed()).count(), 2);
        assert_eq!(stage.gateway.count(), 1);
    }
}

#[tokio::test]
async fn who_repeats_a_call_whose_message_does_not_leave_is_told_so() {
    for way in 0..2 {
        let stage = Stage::new().await;
        let (path, body, status) = ways(&stage).await[way].clone();
        let call = || stage.post(&path, &body).header("x-api-key", KEY).once("k").send();
        // Long enough for the call below to look, on a busy machine too.
        stage.gateway.slow.store(3_000, Ordering::Relaxed);
        stage.gateway.is_down.store(true, Ordering::Relaxed);
        let later = async {
            stage.gateway.is_asked().await;
            call().await
        };
        let (first, later) = tokio::join!(call(), later);
        first.expect_problem(503, "otp_not_delivered");
        let later = later.expect_problem(409, "wrong_state");
        assert_eq!(later.header("retry-after"), Some("1"));
        stage.gateway.is_down.store(false, Ordering::Relaxed);
        call().await.expect(status);
        assert_eq!(stage.gateway.count(), 1);
    }
}

#[tokio::test]
async fn a_call_whose_process_died_can_be_made_again() {
    for way in 0..2 {
        let stage = Stage::new().await;
        let (path, body, status) = ways(&stage).await[way].clone();
        let call = || stage.post(&path, &body).header("x-api-key", KEY).once("k").send();
        call().await.expect(status);
        let mut tx = stage.app.db.begin().await.expect("begins");
        let unanswered = "UPDATE replies SET status = 0, body = '', expires_at = $1 WHERE body <> ''";
        let unanswered = sqlx::query(unanswered).bind(stage.app.clock.now() + 30);
        assert_eq!(unanswered.execute(&mut *tx).await.expect("set").rows_affected(), 1);
        tx.commit().await.expect("commits");
        stage.app.clock.advance(60);
        let again = call().await.expect(status);
        assert!(!again.is_replayed() && stage.gateway.count() == 2);
        assert!(call().await.is_replayed());
    }
}

/// There might not be the time for it any more.
#[tokio::test]
async fn who_has_waited_for_a_call_whose_process_died_does_not_do_its_work() {
    let stage = Stage::new().await;
    let (path, body, status) = ways(&stage).await[1].clone();
    let call = || stage.post(&path, &body).header("x-api-key", KEY).once("k").send();
    call().await.expect(status);
    let mut tx = stage.app.db.begin().await.expect("begins");
    let unanswered =
        sqlx::query("UPDATE replies SET status = 0, body = 'a', expires_at = $1 WHERE body <> ''");
    unanswered.bind(stage.app.clock.now() + 10).execute(&mut *tx).await.expect("set");
    tx.commit().await.expect("commits");
    let death = async {
        // The call has looked, on a busy machine too.
        tokio::time::sleep(Duration::from_secs(3)).await;
        stage.app.clock.advance(10);
    };
    let (waited, ()) = tokio::join!(call(), death);
    let waited = waited.expect_problem(409, "wrong_state");
    assert_eq!((waited.header("retry-after"), stage.gateway.count()), (Some("1"), 1));
    call().await.expect(status);
    assert_eq!(stage.gateway.count(), 2);
}

/// A database that fails at the end of a delivery, and is there again when it is looked for.
#[tokio::test]
async fn a_call_that_could_not_note_its_end_does_not_wait_for_itself() {
    let stage = Stage::new().await;
    let app = &stage.app;
    let call = Repeatable::new(app, Scope::Entity("e"), "k", &[b"the same"]).expect("random bytes");
    let work = async {
        let mut tx = app.db.begin().await?;
        replies::begin(&mut tx, app, Some(&call), "r").await?;
        tx.commit().await?;
        Err(Problem::new(ProblemCode::Unavailable, "The database is away."))
    };
    let problem = replies::once(app, Some(&call), work).await.expect_err("it failed");
    assert_eq!(problem.code, ProblemCode::Unavailable);
}

/// By another instance, whose clock is as far ahead as it may be, or after its time, though it did not die.
#[tokio::test]
async fn a_call_that_is_under_way_is_taken_over_after_its_time_alone_and_then_leaves_the_other_in_peace() {
    let stage = Stage::new().await;
    let app = &stage.app;
    let call = || Repeatable::new(app, Scope::Entity("e"), "k", &[b"the same"]).expect("random bytes");
    let begin = |call| async move {
        let mut tx = app.db.begin().await.expect("begins");
        let begun = replies::begin(&mut tx, app, Some(call), "r").await;
        tx.commit().await.expect("commits");
        begun
    };
    let (first, second) = (call(), call());
    begin(&first).await.expect("begun");
    // Ten seconds of the clock, and five that the first may wait for the database; a delivery takes none here.
    app.clock.advance(15);
    begin(&second).await.expect_err("it is under way");
    app.clock.advance(15);
    begin(&second).await.expect("begun");

    let reply = |text| Reply::new(StatusCode::OK, &text).expect("JSON");
    replies::finish(app, Some(&first), &reply("first")).await.expect("nothing fails");
    let mut tx = app.db.begin().await.expect("begins");
    replies::give_up(&mut tx, Some(&first)).await.expect("nothing fails");
    tx.commit().await.expect("commits");
    assert_eq!(stage.count("replies WHERE status = 0").await, 1);
    replies::finish(app, Some(&second), &reply("second")).await.expect("stored");
    let found = replies::once(app, Some(&call()), async { Ok(reply("third")) }).await.expect("a reply");
    assert_eq!(found.body, "\"second\"");
}

#[tokio::test]
async fn a_reply_outlives_a_restart_and_not_its_request() {
    let stage = Stage::new().await;
    let made = stage.post("/v1/requests", &question()).key(KEY).once("k").send().await;
    let stage = stage.restarted().await;
    let again = stage.post("/v1/requests", &question()).key(KEY).once("k").send().await;
    assert!(again.is_replayed() && again.bytes == made.bytes);
    stage.app.clock.advance(900);
    crate::sweeper::sweep(&stage.app, 0).await.expect("it sweeps");
    let again = stage.post("/v1/requests", &question()).key(KEY).once("k").send().await;
    assert!(again.is_replayed(), "the entity can still find out what became of its request");
    stage.app.clock.advance(86_400);
    crate::sweeper::sweep(&stage.app, 0).await.expect("it sweeps");
    assert_eq!((stage.count("requests").await, stage.count("replies").await), (0, 0));
}

#[tokio::test]
async fn an_answer_is_not_kept_in_a_reply_once_it_is_acknowledged() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let confirm = json!({"otp": stage.send_otp(&id).await});
    let path = format!("/v1/requests/{id}/confirm");
    stage.post(&path, &confirm).once("k").send().await.expect(StatusCode::OK);
    assert_eq!(stage.count("replies").await, 1);
    stage.post(&format!("/v1/requests/{id}/ack"), &json!({})).key(KEY).send().await.expect(StatusCode::OK);
    assert_eq!(stage.count("replies").await, 0);
    assert_eq!(stage.count("webhooks").await, 0);
    stage.post(&path, &confirm).once("k").send().await.expect_problem(409, "wrong_state");
}
