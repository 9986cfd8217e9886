//! What a person gave is gone when the request is answered or over, and nothing is found out before the right password.

use axum::http::StatusCode;
use serde_json::json;
use sqlx::Row;

use crate::sweeper::sweep;

use super::stage::{KEY, MOBILE, NAME, Stage, wrong};

/// How many of the columns that hold something of a person, or of an answer, are filled.
async fn filled(stage: &Stage, id: &str) -> i64 {
    let mut sum = 0;
    for column in [
        "CASE WHEN sealed IS NULL THEN 0 ELSE 1 END",
        "CASE WHEN known_mobile IS NULL THEN 0 ELSE 1 END",
        "CASE WHEN otp_hash IS NULL THEN 0 ELSE 1 END",
        "CASE WHEN session_hash IS NULL THEN 0 ELSE 1 END",
    ] {
        sum += stage.column(id, column).await;
    }
    sum
}

async fn ask_with_number(stage: &Stage) -> String {
    let question = json!({"purpose": "p", "nonce": "c2l4dGVlbiBieXRlcy4uLg", "binding": "name_and_mobile", "mobile": MOBILE});
    stage.ask_with(question).await
}

#[tokio::test]
async fn name_and_number_go_with_the_answer_and_with_every_end() {
    for end in ["answered", "declined", "failed", "expired"] {
        let stage = Stage::new().await;
        let id = ask_with_number(&stage).await;
        stage
            .post(&format!("/v1/requests/{id}/otp"), &json!({"name": NAME}))
            .send()
            .await
            .expect(StatusCode::ACCEPTED);
        assert_eq!(filled(&stage, &id).await, 3);
        let otp = stage.gateway.last_otp();
        match end {
            "answered" => drop(stage.try_otp(&id, &otp).await),
            "declined" => drop(stage.post(&format!("/v1/requests/{id}/decline"), &json!({})).send().await),
            "failed" => {
                for _ in 0..3 {
                    stage.try_otp(&id, &wrong(&otp)).await;
                }
            }
            _ => {
                stage.app.clock.advance(900);
                sweep(&stage.app, 1).await.expect("it sweeps");
            }
        }
        assert_eq!(stage.state(&id).await, end);
        assert_eq!(filled(&stage, &id).await, 0, "{end}");
    }
}

/// The bytes of the database, whatever is still current in them: of SQLite its file and its journal, of PostgreSQL all
/// pages of this database's tables and indexes, removed rows and all. PostgreSQL's log is of all databases of the server,
/// those of other tests included; the proof `private` searches it on a server of its own.
async fn bytes_of(stage: &Stage) -> Vec<u8> {
    if !stage.app.db.is_postgres() {
        let files = std::fs::read_dir(stage.folder.path()).expect("the folder");
        return files
            .flat_map(|entry| std::fs::read(entry.expect("a file").path()).expect("its bytes"))
            .collect();
    }
    // As they are in memory: to have them all written takes long where many tests run.
    let mut tx = stage.app.db.begin().await.expect("begins");
    let inspect = "CREATE EXTENSION IF NOT EXISTS pageinspect";
    sqlx::query(inspect).execute(&mut *tx).await.expect("it comes with the server");
    let pages = "SELECT get_raw_page(oid::regclass::text, number::int) AS bytes FROM pg_class, \
                 generate_series(0, pg_relation_size(oid) / current_setting('block_size')::int - 1) AS number \
                 WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace OR oid IN \
                 (SELECT reltoastrelid FROM pg_class WHERE relnamespace = 'public'::regnamespace)";
    let rows = sqlx::query(pages).fetch_all(&mut *tx).await.expect("they are read");
    rows.iter().flat_map(|row| row.get::<Vec<u8>, _>("bytes")).collect()
}

#[tokio::test]
async fn neither_name_nor_number_is_ever_in_the_file() {
    let stage = Stage::new().await;
    let id = ask_with_number(&stage).await;
    stage.post(&format!("/v1/requests/{id}/otp"), &json!({"name": NAME})).once("k").send().await;
    let otp = stage.gateway.last_otp();
    let look = async || {
        let bytes = bytes_of(&stage).await;
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        // Otherwise nothing found would say nothing.
        assert!(text.contains(&id.to_lowercase()));
        for trace in ["asha rani", "asharani", "9876543210"] {
            assert!(!text.contains(trace), "{trace}");
        }
    };
    look().await;
    stage.post(&format!("/v1/requests/{id}/confirm"), &json!({"otp": otp})).once("c").send().await;
    look().await;
    sweep(&stage.app, 0).await.expect("it sweeps");
    look().await;
    if !stage.app.db.is_postgres() {
        let journal = stage.folder.path().join("kycvs.db-wal");
        assert_eq!(std::fs::metadata(journal).map_or(0, |file| file.len()), 0);
    }
}

#[tokio::test]
async fn a_dead_gateway_leaves_the_request_as_it_was() {
    let stage = Stage::new().await;
    stage.gateway.is_down.store(true, std::sync::atomic::Ordering::Relaxed);
    let id = stage.ask().await;
    let person = json!({"name": NAME, "mobile": MOBILE});
    let path = format!("/v1/requests/{id}/otp");
    stage.post(&path, &person).send().await.expect_problem(503, "otp_not_delivered");
    assert_eq!(stage.state(&id).await, "open");
    assert_eq!(filled(&stage, &id).await, 0);
    stage.try_otp(&id, "000000").await.expect_problem(409, "wrong_state");
    // It need not wait as after a password that was sent.
    stage.gateway.is_down.store(false, std::sync::atomic::Ordering::Relaxed);
    let otp = stage.send_otp(&id).await;
    stage.try_otp(&id, &otp).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_person_who_leaves_while_the_message_is_on_its_way_finds_it_sent() {
    let stage = Stage::new().await;
    stage.gateway.slow.store(1_000, std::sync::atomic::Ordering::Relaxed);
    let id = stage.ask().await;
    let path = format!("/v1/requests/{id}/otp");
    let person = json!({"name": NAME, "mobile": MOBILE});
    let call = stage.post(&path, &person).once("k").send();
    tokio::select! {
        _ = call => panic!("the message is on its way still"),
        () = stage.gateway.is_asked() => {}
    }
    let again = stage.post(&path, &person).once("k").send().await.expect(StatusCode::ACCEPTED);
    assert!(again.is_replayed());
    assert_eq!(stage.gateway.count(), 1);
}

#[tokio::test]
async fn who_is_on_record_is_not_told_before_the_right_password() {
    let stage = Stage::new().await;
    let mut seen = Vec::new();
    for (name, mobile) in [(NAME, MOBILE), ("Nobody Here", "9123456780")] {
        let id = stage.ask().await;
        let path = format!("/v1/requests/{id}");
        let person = json!({"name": name, "mobile": mobile});
        let sent = stage.post(&format!("{path}/otp"), &person).send().await;
        let otp = stage.gateway.last_otp();
        let consent = stage.get(&format!("{path}/consent")).send().await;
        let guess = stage.try_otp(&id, &wrong(&otp)).await;
        assert_eq!(stage.records.asked.load(std::sync::atomic::Ordering::Relaxed), 0);
        seen.push([sent, consent, guess].map(|reply| {
            let body = String::from_utf8(reply.bytes).expect("text").replace(&id, "ID");
            let digits_to_zero = |c: char| if c.is_ascii_digit() { '0' } else { c };
            (reply.status, reply.headers, body.chars().map(digits_to_zero).collect::<String>())
        }));
    }
    assert_eq!(seen[0], seen[1]);
    let messages = stage.gateway.messages.lock().expect("unpoisoned").clone();
    let texts: Vec<_> =
        messages.iter().map(|(_, text, _)| text.trim_start_matches(|c: char| c.is_ascii_digit())).collect();
    assert_eq!(texts[0], texts[1]);
}

#[tokio::test]
async fn answer_0_looks_the_same_without_a_record_and_without_doses() {
    let stage = Stage::new().await;
    let mut bodies = Vec::new();
    for doses in [None, Some(crate::records::Doses { given: 0, required: 2 })] {
        *stage.records.doses.lock().expect("unpoisoned") = doses;
        let id = stage.ask().await;
        let otp = stage.send_otp(&id).await;
        let mut answer = stage.try_otp(&id, &otp).await.expect(StatusCode::OK).json();
        if doses.is_none() {
            let said = json!({"otp": otp, "accept_no_record": answer["no_record"]["acceptance"]});
            answer = stage.post(&format!("/v1/requests/{id}/confirm"), &said).send().await.json();
        }
        assert_eq!(answer["status"], 0);
        let members: Vec<_> = answer.as_object().expect("an object").keys().cloned().collect();
        bodies.push((members, answer["presentation"].as_str().map(str::len)));
    }
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn every_step_goes_on_after_a_restart() {
    let stage = Stage::new().await;
    let id = stage.ask().await;
    let stage = stage.restarted().await;
    let otp = stage.send_otp(&id).await;
    let stage = stage.restarted().await;
    stage.try_otp(&id, &wrong(&otp)).await.expect_problem(422, "wrong_otp");
    let stage = stage.restarted().await;
    let answer = stage.try_otp(&id, &otp).await.expect(StatusCode::OK);
    let stage = stage.restarted().await;
    let view = stage.get(&format!("/v1/requests/{id}")).key(KEY).send().await.expect(StatusCode::OK);
    assert_eq!(view.text("presentation"), answer.text("presentation"));
    assert_eq!(stage.column(&id, "tries").await, 2);
    stage.post(&format!("/v1/requests/{id}/ack"), &json!({})).key(KEY).send().await.expect(StatusCode::OK);
    let stage = stage.restarted().await;
    assert_eq!(stage.state(&id).await, "acknowledged");
}

#[tokio::test]
async fn what_ended_is_told_for_a_day_and_then_removed() {
    let stage = Stage::new().await;
    let ids = [
        stage.in_state("declined").await,
        stage.in_state("acknowledged").await,
        stage.in_state("answered").await,
    ];
    let open = stage.ask().await;
    stage.app.clock.advance(900);
    sweep(&stage.app, 1).await.expect("it sweeps");
    assert_eq!(stage.state(&open).await, "expired");
    assert_eq!(stage.count("webhooks WHERE event = 'request.expired'").await, 1);
    assert_eq!(stage.count("webhooks WHERE event = 'request.answered'").await, 0);
    assert_eq!(stage.count("requests WHERE presentation IS NOT NULL").await, 0);
    stage.app.clock.advance(86_399);
    sweep(&stage.app, 1).await.expect("it sweeps");
    assert_eq!(stage.state(&ids[2]).await, "expired");
    stage.app.clock.advance(1);
    sweep(&stage.app, 0).await.expect("it sweeps");
    for table in ["requests", "replies", "webhooks"] {
        assert_eq!(stage.count(table).await, 0, "{table}");
    }
    // Who consented to what stays.
    assert_eq!(stage.count("audit").await, 3);
}

#[tokio::test]
async fn what_is_kept_for_no_time_is_kept_until_its_entity_was_told() {
    let stage = Stage::with(|config| config.answers.keep_ended = 0).await;
    let declined = stage.in_state("declined").await;
    let silent = stage.in_state("declined").await;
    let sweep = async || sweep(&stage.app, 1).await.expect("it sweeps");
    sweep().await;
    assert_eq!(stage.count("webhooks").await, 2);
    // The entity took one.
    let mut tx = stage.app.db.begin().await.expect("begins");
    let told = sqlx::query("DELETE FROM webhooks WHERE request = $1").bind(&declined);
    told.execute(&mut *tx).await.expect("removed");
    tx.commit().await.expect("commits");
    sweep().await;
    assert_eq!(stage.count("requests").await, 1);
    stage.app.clock.advance(3_599);
    sweep().await;
    assert_eq!(stage.state(&silent).await, "declined");
    stage.app.clock.advance(1);
    sweep().await;
    assert_eq!((stage.count("requests").await, stage.count("webhooks").await), (0, 0));
    // And one of an answer that nobody fetched.
    stage.in_state("answered").await;
    stage.app.clock.advance(900);
    sweep().await;
    let metrics = stage.app.metrics.to_text().expect("text");
    assert!(metrics.contains("kycvs_webhooks_total{outcome=\"given_up\"} 2\n"), "{metrics}");
}

#[tokio::test]
async fn the_sweeper_takes_any_number() {
    let stage = Stage::new().await;
    for _ in 0..250 {
        stage.ask().await;
    }
    stage.app.clock.advance(900);
    let (one, two) = tokio::join!(sweep(&stage.app, 1), sweep(&stage.app, 1));
    one.and(two).expect("they sweep");
    assert_eq!(stage.count("requests WHERE state = 'expired'").await, 250);
    assert_eq!(stage.count("webhooks").await, 250);
    stage.app.clock.advance(86_400);
    sweep(&stage.app, 1).await.expect("it sweeps");
    assert_eq!(stage.count("requests").await, 0);
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_erased_and_holds_up_no_other() {
    let stage = Stage::new().await;
    let broken = ask_with_number(&stage).await;
    let path = format!("/v1/requests/{broken}/otp");
    stage.post(&path, &json!({"name": NAME})).send().await.expect(StatusCode::ACCEPTED);
    let whole = [stage.ask().await, stage.in_state("answered").await, stage.ask().await];
    change(&stage, "UPDATE requests SET kind = 'another' WHERE binding = 'name_and_mobile'").await;
    stage.app.clock.advance(900);
    for _ in 0..2 {
        sweep(&stage.app, 1).await.expect("it sweeps");
    }
    for id in whole {
        assert_eq!(stage.state(&id).await, "expired");
    }
    assert_eq!(stage.count("requests WHERE state = 'expired'").await, 4);
    assert_eq!(filled(&stage, &broken).await, 0);
}

#[tokio::test]
async fn a_step_of_the_sweeper_that_fails_holds_up_no_other() {
    let stage = Stage::new().await;
    stage.in_state("declined").await;
    stage.app.clock.advance(86_400);
    let open = stage.ask().await;
    stage.app.clock.advance(900);
    change(&stage, "ALTER TABLE requests RENAME COLUMN sealed TO elsewhere").await;
    let problem = sweep(&stage.app, 0).await.expect_err("expiry cannot read its rows");
    assert_eq!(problem.code.as_str(), "unavailable");
    assert_eq!(stage.count("requests WHERE state = 'declined'").await, 0);
    assert_eq!(stage.count("limits").await, 0);
    change(&stage, "ALTER TABLE requests RENAME COLUMN elsewhere TO sealed").await;
    sweep(&stage.app, 1).await.expect("it sweeps");
    assert_eq!(stage.state(&open).await, "expired");
}

/// Does what only somebody with the database can.
async fn change(stage: &Stage, statement: &'static str) {
    let mut tx = stage.app.db.begin().await.expect("begins");
    sqlx::query(statement).execute(&mut *tx).await.expect("it is done");
    tx.commit().await.expect("commits");
}
