//! The right password of somebody who is not on record under the name that they typed.

use axum::http::StatusCode;
use base64ct::{Base64UrlUnpadded, Encoding};
use futures_util::future::join_all;
use kycvs::{Expectation, Nonce, Status, Subject, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::stage::{ENTITY, KEY, MOBILE, NAME, Reply, Stage, wrong};

/// How Asha typed her name; on record she has another one.
const TYPED: &str = "Asha";
const QUESTION: &str = r#"{"purpose": "rail-booking", "nonce": "c2l4dGVlbiBieXRlcy4uLg"}"#;

/// A request whose person typed this name, and the password.
async fn typed(stage: &Stage, name: &str) -> (String, String) {
    let id = stage.ask_with(question("name")).await;
    let otp = send(stage, &id, name).await;
    (id, otp)
}

fn question(binding: &str) -> Value {
    let mut question: Value = serde_json::from_str(QUESTION).expect("JSON");
    question["binding"] = binding.into();
    question
}

async fn send(stage: &Stage, id: &str, name: &str) -> String {
    let person = json!({"name": name, "mobile": MOBILE});
    stage.post(&format!("/v1/requests/{id}/otp"), &person).send().await.expect(StatusCode::ACCEPTED);
    stage.gateway.last_otp()
}

async fn confirm(stage: &Stage, id: &str, body: Value) -> Reply {
    stage.post(&format!("/v1/requests/{id}/confirm"), &body).send().await
}

/// That the reply says that there is no record; its acceptance.
#[track_caller]
fn no_record(reply: Reply, corrections_left: i64) -> String {
    let document = reply.expect(StatusCode::OK).json();
    assert_eq!(document["state"], "otp_sent");
    assert!(document.get("presentation").is_none() && document.get("status").is_none());
    assert_eq!(document["no_record"]["corrections_left"], corrections_left);
    document["no_record"]["acceptance"].as_str().expect("an acceptance").to_owned()
}

/// The status of the answer. Fails if it is about any other name.
fn status_of(stage: &Stage, answer: &Reply, name: &str) -> Status {
    let presentation = Base64UrlUnpadded::decode_vec(&answer.text("presentation")).expect("base64url");
    let nonce = Nonce::new(b"sixteen bytes...").expect("a nonce");
    let about = |name| Expectation::nonce(nonce.clone()).with_subject(Subject::new(name).expect("a name"));
    let now = Timestamp::from_secs(stage.app.clock.now().unsigned_abs());
    let verify = |name| stage.verifier(ENTITY).verify_at(&presentation, &about(name), now);
    verify("Somebody Else").expect_err("it is about one person");
    verify(name).expect("it is about this person").status()
}

async fn nothing_was_told(stage: &Stage, id: &str) {
    let view = stage.get(&format!("/v1/requests/{id}")).key(KEY).send().await.json();
    assert_eq!((&view["state"], view.get("presentation")), (&json!("otp_sent"), None));
    assert_eq!((stage.count("audit").await, stage.count("webhooks").await), (0, 0));
    assert_eq!(stage.column(id, "CASE WHEN presentation IS NULL THEN 0 ELSE 1 END").await, 0);
}

#[tokio::test]
async fn right_password_without_record_signs_nothing_and_shows_nobody_else_that_it_came() {
    let stage = Stage::new().await;
    let (id, otp) = typed(&stage, TYPED).await;
    let seen_by = async |path: String, key: &str| {
        let call = stage.get(&path);
        if key.is_empty() { call } else { call.key(key) }.send().await.json()
    };
    let seen = async || {
        let (consent, view) = (format!("/v1/requests/{id}/consent"), format!("/v1/requests/{id}"));
        (seen_by(consent, "").await, seen_by(view, KEY).await)
    };
    let before = seen().await;
    no_record(stage.try_otp(&id, &otp).await, 3);
    assert_eq!(seen().await, before);
    nothing_was_told(&stage, &id).await;
}

#[tokio::test]
async fn metrics_do_not_show_who_has_no_record() {
    let mut stage = Stage::new().await;
    // With what counts the calls around it.
    stage.router = crate::http::service(&stage.app);
    let (id, otp) = typed(&stage, TYPED).await;
    no_record(stage.try_otp(&id, &otp).await, 3);
    for (left, name) in [(2, "Asha A"), (1, "Asha B"), (0, "Asha C")] {
        no_record(confirm(&stage, &id, json!({"otp": otp, "name": name})).await, left);
    }
    confirm(&stage, &id, json!({"otp": otp, "name": NAME})).await.expect_problem(409, "corrections_used_up");
    let (id, otp, token) = handed_over(&stage).await;
    old_confirm(&stage, &id, &otp, json!({})).await.expect_problem(409, "continue_on_page");
    old_status(&stage, &token).await.expect_problem(409, "continue_on_page");
    old_status(&stage, "unknown").await.expect_problem(401, "unauthorized");
    let metrics = stage.app.metrics.to_text().expect("text");
    assert!(metrics.contains("kycvs_calls_total{") && metrics.contains("\"unauthorized\""), "{metrics}");
    for tells in ["\"409\"", "no_record", "corrections_used_up", "continue_on_page", "kycvs_answers_total{"] {
        assert!(!metrics.contains(tells), "{tells}: {metrics}");
    }
}

#[tokio::test]
async fn consent_to_0_signs_0_for_the_name_that_was_typed() {
    let stage = Stage::new().await;
    let (id, otp) = typed(&stage, TYPED).await;
    let acceptance = no_record(stage.try_otp(&id, &otp).await, 3);
    let answer = confirm(&stage, &id, json!({"otp": otp, "accept_no_record": acceptance})).await;
    assert_eq!(answer.json()["receipt"]["told"], 0);
    assert_eq!(status_of(&stage, &answer, TYPED), Status::NotVaccinated);
    assert_eq!(stage.state(&id).await, "answered");
    assert_eq!(stage.count("audit WHERE event = 'consented'").await, 1);
    assert_eq!(stage.count("webhooks WHERE event = 'request.answered'").await, 1);
    assert_eq!(stage.count("requests WHERE sealed IS NULL AND otp_hash IS NULL").await, 1);
}

#[tokio::test]
async fn corrected_name_is_looked_up_and_is_the_one_that_is_bound() {
    let stage = Stage::new().await;
    let (id, otp) = typed(&stage, TYPED).await;
    no_record(stage.try_otp(&id, &otp).await, 3);
    no_record(confirm(&stage, &id, json!({"otp": otp, "name": "Asha Raani"})).await, 2);
    nothing_was_told(&stage, &id).await;
    assert_eq!(stage.column(&id, "tries").await, 0);
    let answer = confirm(&stage, &id, json!({"otp": otp, "name": NAME})).await.expect(StatusCode::OK);
    assert_eq!(status_of(&stage, &answer, NAME), Status::FullyVaccinated);
    // Of the corrections nothing stays.
    assert_eq!((stage.column(&id, "corrections").await, stage.column(&id, "tries").await), (0, 1));
}

#[tokio::test]
async fn name_is_kept_until_it_is_corrected_again() {
    let stage = Stage::new().await;
    let (id, otp) = typed(&stage, TYPED).await;
    let first = no_record(stage.try_otp(&id, &otp).await, 3);
    let second = no_record(confirm(&stage, &id, json!({"otp": otp, "name": "Asha Raani"})).await, 2);
    assert_ne!(first, second);
    // As after a reload: the page knows no name any more, and the person enters the password once more.
    assert_eq!(no_record(stage.try_otp(&id, &otp).await, 2), second);
    // The same name is no correction, however it is written.
    assert_eq!(no_record(confirm(&stage, &id, json!({"otp": otp, "name": "ASHA raani."})).await, 2), second);
    // The other tab consents to what it shows, which is not the newest name: it is told the newest.
    let late = confirm(&stage, &id, json!({"otp": otp, "accept_no_record": first})).await;
    assert_eq!(no_record(late, 2), second);
    nothing_was_told(&stage, &id).await;
    let answer = confirm(&stage, &id, json!({"otp": otp, "accept_no_record": second})).await;
    assert_eq!(status_of(&stage, &answer, "Asha Raani"), Status::NotVaccinated);
}

#[tokio::test]
async fn after_three_corrections_the_register_is_not_asked_and_consent_and_decline_still_work() {
    for end in ["answered", "declined", "otp_sent"] {
        let stage = Stage::new().await;
        let (id, otp) = typed(&stage, TYPED).await;
        let mut acceptance = no_record(stage.try_otp(&id, &otp).await, 3);
        for (left, name) in [(2, "Asha A"), (1, "Asha B"), (0, "Asha C")] {
            acceptance = no_record(confirm(&stage, &id, json!({"otp": otp, "name": name})).await, left);
        }
        let asked = stage.records.asked.load(std::sync::atomic::Ordering::Relaxed);
        for name in [NAME, "Asha D"] {
            let more = confirm(&stage, &id, json!({"otp": otp, "name": name})).await;
            more.expect_problem(409, "corrections_used_up");
        }
        assert_eq!(stage.records.asked.load(std::sync::atomic::Ordering::Relaxed), asked);
        nothing_was_told(&stage, &id).await;
        match end {
            "answered" => {
                let answer = confirm(&stage, &id, json!({"otp": otp, "accept_no_record": acceptance})).await;
                assert_eq!(status_of(&stage, &answer, "Asha C"), Status::NotVaccinated);
            }
            "declined" => {
                let decline = stage.post(&format!("/v1/requests/{id}/decline"), &json!({}));
                decline.send().await.expect(StatusCode::OK);
                assert_eq!(stage.column(&id, "corrections").await, 0);
            }
            _ => {
                // Another password does not give more corrections, but its own name is looked for.
                stage.app.clock.advance(60);
                let otp = send(&stage, &id, NAME).await;
                stage.try_otp(&id, &otp).await.expect(StatusCode::OK).text("presentation");
                continue;
            }
        }
        assert_eq!(stage.state(&id).await, end);
    }
}

#[tokio::test]
async fn wrong_password_says_the_same_whoever_is_on_record_and_changes_no_name() {
    let stage = Stage::new().await;
    let mut replies = Vec::new();
    for name in [NAME, TYPED] {
        for said in [
            json!({}),
            json!({"name": NAME}),
            json!({"name": TYPED}),
            json!({"accept_no_record": "A".repeat(43)}),
        ] {
            let (id, otp) = typed(&stage, name).await;
            let sealed = "CASE WHEN sealed IS NULL THEN 0 ELSE LENGTH(sealed) END";
            let before = stage.column(&id, sealed).await;
            let mut body = said;
            body["otp"] = wrong(&otp).into();
            let asked = stage.records.asked.load(std::sync::atomic::Ordering::Relaxed);
            replies.push(confirm(&stage, &id, body).await.expect_problem(422, "wrong_otp").bytes);
            assert_eq!(stage.records.asked.load(std::sync::atomic::Ordering::Relaxed), asked);
            assert_eq!((stage.column(&id, sealed).await, stage.column(&id, "tries").await), (before, 1));
            // So that the number has a password left.
            stage.app.clock.advance(7_200);
        }
    }
    assert!(replies.iter().all(|reply| *reply == replies[0]));
}

#[tokio::test]
async fn consent_counts_only_for_the_request_password_and_name_that_it_was_given_for() {
    let stage = Stage::new().await;
    let (id, otp) = typed(&stage, TYPED).await;
    // Before anything was told.
    let invented = json!({"otp": otp, "accept_no_record": "A".repeat(43)});
    let first = no_record(confirm(&stage, &id, invented).await, 3);
    // Of another request about the same person.
    let (other, other_otp) = typed(&stage, TYPED).await;
    let acceptance = json!({"otp": other_otp, "accept_no_record": first});
    no_record(confirm(&stage, &other, acceptance).await, 3);
    // Of an earlier password.
    stage.app.clock.advance(60);
    let otp = send(&stage, &id, TYPED).await;
    let earlier = confirm(&stage, &id, json!({"otp": otp, "accept_no_record": first})).await;
    let second = no_record(earlier, 3);
    assert_ne!(first, second);
    assert_eq!(stage.count("audit").await, 0);
    let answer = confirm(&stage, &id, json!({"otp": otp, "accept_no_record": second})).await;
    assert_eq!(status_of(&stage, &answer, TYPED), Status::NotVaccinated);
}

/// A record that came in the meantime, or a register that knows the name after all, is what is answered.
#[tokio::test]
async fn consent_to_0_is_answered_by_the_record_if_there_is_one_now() {
    let stage = Stage::new().await;
    let doses = stage.records.doses.lock().expect("unpoisoned").take();
    let (id, otp) = typed(&stage, NAME).await;
    let acceptance = no_record(stage.try_otp(&id, &otp).await, 3);
    *stage.records.doses.lock().expect("unpoisoned") = doses;
    let answer = confirm(&stage, &id, json!({"otp": otp, "accept_no_record": acceptance})).await;
    assert_eq!(status_of(&stage, &answer, NAME), Status::FullyVaccinated);
}

#[tokio::test]
async fn after_the_passwords_time_nothing_is_looked_up_or_signed() {
    let stage = Stage::new().await;
    let (id, otp) = typed(&stage, TYPED).await;
    let acceptance = no_record(stage.try_otp(&id, &otp).await, 3);
    stage.app.clock.advance(180);
    for said in [json!({"name": NAME}), json!({"accept_no_record": acceptance})] {
        let mut body = said;
        body["otp"] = otp.clone().into();
        confirm(&stage, &id, body).await.expect_problem(410, "otp_expired");
    }
    nothing_was_told(&stage, &id).await;
    stage.app.clock.advance(900);
    crate::sweeper::sweep(&stage.app, 1).await.expect("it sweeps");
    assert_eq!(
        stage.count("requests WHERE state = 'expired' AND sealed IS NULL AND corrections = 0").await,
        1
    );
}

#[tokio::test]
async fn what_is_no_name_and_no_acceptance_is_refused_and_costs_no_try() {
    let stage = Stage::new().await;
    let (id, otp) = typed(&stage, TYPED).await;
    let acceptance = no_record(stage.try_otp(&id, &otp).await, 3);
    for (said, status, code) in [
        (json!({"name": "..."}), 422, "invalid_name"),
        (json!({"name": "<b>"}), 422, "invalid_name"),
        (json!({"name": null}), 400, "bad_request"),
        (json!({"accept_no_record": true}), 400, "bad_request"),
        (json!({"accept_no_record": ""}), 422, "invalid_value"),
        (json!({"accept_no_record": "A".repeat(42)}), 422, "invalid_value"),
        (json!({"accept_no_record": acceptance, "name": NAME}), 422, "invalid_value"),
    ] {
        // With a right password and a wrong one: the password is not looked at.
        for password in [otp.clone(), wrong(&otp)] {
            let mut body = said.clone();
            body["otp"] = password.into();
            confirm(&stage, &id, body).await.expect_problem(status, code);
        }
    }
    assert_eq!(stage.column(&id, "tries").await, 0);
    nothing_was_told(&stage, &id).await;
}

#[tokio::test]
async fn repeated_calls_get_the_same_reply_and_count_once() {
    let stage = Stage::new().await;
    let (id, otp) = typed(&stage, TYPED).await;
    let path = format!("/v1/requests/{id}/confirm");
    let twice = async |key: &str, body: Value| {
        let call = || stage.post(&path, &body).once(key).send();
        let (first, second) = (call().await, call().await);
        assert!(!first.is_replayed() && second.is_replayed());
        assert_eq!((first.status, &first.bytes), (second.status, &second.bytes));
        first
    };
    let acceptance = no_record(twice("first", json!({"otp": otp})).await, 3);
    no_record(twice("name", json!({"otp": otp, "name": "Asha A"})).await, 2);
    let acceptance_now = no_record(twice("back", json!({"otp": otp, "name": TYPED})).await, 1);
    assert_eq!(acceptance, acceptance_now, "it is the same name again");
    no_record(twice("used", json!({"otp": otp, "name": "Asha B"})).await, 0);
    let last = no_record(stage.try_otp(&id, &otp).await, 0);
    let used = twice("used-up", json!({"otp": otp, "name": NAME})).await;
    used.expect_problem(409, "corrections_used_up");
    let answer = twice("accept", json!({"otp": otp, "accept_no_record": last})).await;
    assert_eq!(status_of(&stage, &answer, "Asha B"), Status::NotVaccinated);
    assert_eq!((stage.count("audit").await, stage.count("webhooks").await), (1, 1));
    // The replies before told of no record; they are gone with the answer.
    assert_eq!(stage.count("replies").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_corrections_at_once_three_count() {
    let stage = Stage::new().await;
    let (id, otp) = typed(&stage, TYPED).await;
    let calls = (0..8_u8).map(|at| {
        let body = json!({"otp": otp, "name": format!("Asha {}", char::from(b'a' + at))});
        let call = stage.post(&format!("/v1/requests/{id}/confirm"), &body).from([198, 51, 100, at]);
        call.send()
    });
    let replies = join_all(calls).await;
    let mut left: Vec<_> =
        replies.iter().filter_map(|reply| reply.json()["no_record"]["corrections_left"].as_i64()).collect();
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2], "{replies:?}");
    let refused = replies.iter().filter(|reply| reply.status == 409);
    assert!(
        refused.clone().count() == 5
            && refused.clone().all(|reply| {
                ["corrections_used_up", "wrong_state"].contains(&reply.text("code").as_str())
            })
    );
    assert_eq!((stage.column(&id, "corrections").await, stage.column(&id, "tries").await), (3, 0));
    nothing_was_told(&stage, &id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_correction_a_consent_and_a_refusal_at_once_one_ends_the_request() {
    let stage = Stage::new().await;
    for round in 0..5 {
        let (id, otp) = typed(&stage, TYPED).await;
        let acceptance = no_record(stage.try_otp(&id, &otp).await, 3);
        let decline = format!("/v1/requests/{id}/decline");
        let nothing = json!({});
        let (corrected, accepted, declined) = tokio::join!(
            confirm(&stage, &id, json!({"otp": otp, "name": NAME})),
            confirm(&stage, &id, json!({"otp": otp, "accept_no_record": acceptance})),
            stage.post(&decline, &nothing).send(),
        );
        let ends: Vec<&str> = [("corrected", &corrected), ("accepted", &accepted), ("declined", &declined)]
            .into_iter()
            .filter_map(|(name, reply)| reply.status.is_success().then_some(name))
            .collect();
        let told = match ends[..] {
            ["corrected"] => corrected.json()["status"] == 2,
            ["accepted"] => accepted.json()["status"] == 0,
            ["declined"] => stage.state(&id).await == "declined",
            _ => false,
        };
        assert!(told, "{ends:?}: {corrected:?} {accepted:?} {declined:?}");
        assert_eq!(stage.count("audit").await, round + 1);
        stage.app.clock.advance(7_200);
    }
}

#[tokio::test]
async fn pass_for_somebody_without_record_needs_the_consent_too() {
    let stage = Stage::new().await;
    let id = stage.post("/v1/passes", &json!({"purpose": "office"})).send().await.text("id");
    let otp = send(&stage, &id, TYPED).await;
    let acceptance = no_record(stage.try_otp(&id, &otp).await, 3);
    let pass = confirm(&stage, &id, json!({"otp": otp, "accept_no_record": acceptance})).await;
    assert!(pass.json()["status"] == 0 && pass.text("qr").contains("<svg"));
}

#[tokio::test]
async fn number_that_the_entity_gave_stays_with_a_corrected_name() {
    let stage = Stage::new().await;
    let mut question = question("name_and_mobile");
    question["mobile"] = MOBILE.into();
    let id = stage.ask_with(question).await;
    let otp = format!("/v1/requests/{id}/otp");
    stage.post(&otp, &json!({"name": TYPED})).send().await.expect(StatusCode::ACCEPTED);
    let otp = stage.gateway.last_otp();
    no_record(stage.try_otp(&id, &otp).await, 3);
    let answer = confirm(&stage, &id, json!({"otp": otp, "name": NAME})).await;
    let presentation = Base64UrlUnpadded::decode_vec(&answer.text("presentation")).expect("base64url");
    let asha = Subject::new(NAME).and_then(|name| name.with_mobile(MOBILE)).expect("a person");
    let expected = Expectation::nonce(Nonce::new(b"sixteen bytes...").expect("a nonce")).with_subject(asha);
    let verdict = stage.verifier(ENTITY).verify(&presentation, &expected).expect("it verifies");
    assert_eq!(verdict.status(), Status::FullyVaccinated);
}

/// A client of 2021 asks about somebody without a record, and gets this: the request, the password that it handed on, and the token.
async fn handed_over(stage: &Stage) -> (String, String, String) {
    let body = json!({"mobile_number": MOBILE, "full_name": TYPED});
    let call = stage.post("/v3/vaccination/generateOTP", &body).header("x-api-key", KEY);
    let id = call.send().await.expect(StatusCode::OK).text("txnId");
    let otp = stage.gateway.last_otp();
    stage.get(&format!("/v1/requests/{id}/consent")).send().await.expect_problem(404, "not_found");
    let reply = old_confirm(stage, &id, &otp, json!({})).await.expect_problem(409, "continue_on_page");
    assert!(reply.text("url").ends_with(&format!("/embed/{id}")));
    (id, otp, reply.text("token"))
}

async fn old_confirm(stage: &Stage, id: &str, otp: &str, mut more: Value) -> Reply {
    more["txnId"] = id.into();
    more["otp"] = hex::encode(Sha256::digest(otp)).into();
    stage.post("/v3/vaccination/confirmOTP", &more).send().await
}

async fn old_status(stage: &Stage, token: &str) -> Reply {
    stage.get("/v3/vaccination/status").key(token).send().await
}

/// The page's own password: the entity gave name and number.
async fn send_from_page(stage: &Stage, id: &str) -> String {
    let call = stage.post(&format!("/v1/requests/{id}/otp"), &json!({}));
    call.send().await.expect(StatusCode::ACCEPTED);
    let text = stage.gateway.messages.lock().expect("unpoisoned").last().expect("a message").1.clone();
    assert!(text.contains(&format!("only at {}", stage.app.config.public_url.authority())), "{text}");
    stage.gateway.last_otp()
}

#[tokio::test]
async fn entity_of_2021_cannot_consent_for_somebody_without_record() {
    let stage = Stage::new().await;
    let (id, otp, token) = handed_over(&stage).await;
    // Whatever the entity's server sends again, with the password that it has.
    for more in [json!({}), json!({"full_name": NAME}), json!({"accept_no_record": "A".repeat(43)})] {
        let reply = old_confirm(&stage, &id, &otp, more).await.expect_problem(409, "continue_on_page");
        assert!(reply.json().get("token").is_none() && reply.json().get("acceptance").is_none());
    }
    confirm(&stage, &id, json!({"otp": otp})).await.expect_problem(409, "wrong_state");
    old_status(&stage, &token).await.expect_problem(409, "continue_on_page");
    assert_eq!((stage.count("audit").await, stage.column(&id, "tries").await), (0, 0));
    // Nor with the page's password at the old call, or the old password at the page.
    let second = send_from_page(&stage, &id).await;
    old_confirm(&stage, &id, &second, json!({})).await.expect_problem(409, "continue_on_page");
    if second != otp {
        confirm(&stage, &id, json!({"otp": otp})).await.expect_problem(422, "wrong_otp");
    }
    assert_eq!(stage.column(&id, "CASE WHEN presentation IS NULL THEN 0 ELSE 1 END").await, 0);
}

#[tokio::test]
async fn person_of_a_call_of_2021_consents_or_declines_on_the_page() {
    let stage = Stage::new().await;
    for consents in [true, false] {
        let (id, _, token) = handed_over(&stage).await;
        let consent = stage.get(&format!("/v1/requests/{id}/consent")).send().await.json();
        let hint = MOBILE.get(MOBILE.len() - 2..).expect("digits");
        assert_eq!((&consent["kind"], &consent["mobile_hint"]), (&json!("legacy"), &json!(hint)));
        let otp = send_from_page(&stage, &id).await;
        let told = stage.try_otp(&id, &otp).await;
        // The name as it is compared, since the person did not type it.
        assert_eq!(told.json()["no_record"]["name"], TYPED.to_lowercase());
        let acceptance = no_record(told, 0);
        old_status(&stage, &token).await.expect_problem(409, "continue_on_page");
        if consents {
            confirm(&stage, &id, json!({"otp": otp, "accept_no_record": acceptance}))
                .await
                .expect(StatusCode::OK);
            let answer = old_status(&stage, &token).await.expect(StatusCode::OK);
            assert_eq!(answer.json()["vaccination_status"], 0);
            assert_eq!(stage.count("requests WHERE sealed IS NULL AND known_mobile IS NULL").await, 1);
            // Loaded again, the page shows that it was answered.
            let consent = stage.get(&format!("/v1/requests/{id}/consent")).send().await;
            assert_eq!(consent.expect(StatusCode::OK).json()["state"], "answered");
        } else {
            let decline = format!("/v1/requests/{id}/decline");
            stage.post(&decline, &json!({})).send().await.expect(StatusCode::OK);
            let over = old_status(&stage, &token).await.expect_problem(410, "request_over");
            assert_eq!(over.json()["state"], "declined");
            let decline = stage.post(&decline, &json!({})).send().await;
            decline.expect(StatusCode::OK);
            let late = old_confirm(&stage, &id, &otp, json!({})).await;
            late.expect_problem(410, "request_over");
        }
    }
    assert_eq!(stage.count("audit WHERE event = 'consented'").await, 1);
    assert_eq!(stage.count("audit WHERE event = 'declined'").await, 1);
}

/// A client of 2021 takes the status for that of the name that it sent, and of the number that it sent.
#[tokio::test]
async fn name_and_number_of_a_call_of_2021_cannot_be_changed_on_the_page() {
    let stage = Stage::new().await;
    let (id, _, token) = handed_over(&stage).await;
    for other in [json!({"name": NAME}), json!({"mobile": MOBILE}), json!({"name": NAME, "mobile": MOBILE})] {
        stage
            .post(&format!("/v1/requests/{id}/otp"), &other)
            .send()
            .await
            .expect_problem(422, "invalid_value");
    }
    let otp = send_from_page(&stage, &id).await;
    let corrected = confirm(&stage, &id, json!({"otp": otp, "name": NAME})).await;
    corrected.expect_problem(409, "corrections_used_up");
    old_status(&stage, &token).await.expect_problem(409, "continue_on_page");
    // The entity corrects the name with a new request; the number has a password left for it.
    let body = json!({"mobile_number": MOBILE, "full_name": NAME});
    let call = stage.post("/v3/vaccination/generateOTP", &body).header("x-api-key", KEY);
    let id = call.send().await.expect(StatusCode::OK).text("txnId");
    let confirmed = old_confirm(&stage, &id, &stage.gateway.last_otp(), json!({})).await;
    let answer = old_status(&stage, &confirmed.text("token")).await.expect(StatusCode::OK);
    assert_eq!(answer.json()["vaccination_status"], 2);
}

#[tokio::test]
async fn message_that_the_page_of_a_call_of_2021_cannot_send_loses_nothing() {
    let stage = Stage::new().await;
    let (id, _, token) = handed_over(&stage).await;
    stage.gateway.is_down.store(true, std::sync::atomic::Ordering::Relaxed);
    let send = stage.post(&format!("/v1/requests/{id}/otp"), &json!({}));
    send.send().await.expect_problem(503, "otp_not_delivered");
    stage.gateway.is_down.store(false, std::sync::atomic::Ordering::Relaxed);
    let otp = send_from_page(&stage, &id).await;
    let acceptance = no_record(stage.try_otp(&id, &otp).await, 0);
    confirm(&stage, &id, json!({"otp": otp, "accept_no_record": acceptance})).await.expect(StatusCode::OK);
    assert_eq!(old_status(&stage, &token).await.json()["vaccination_status"], 0);
}

/// A record that came meanwhile is what is answered. As often as six people of a family, each with a password of the
/// page, too.
#[tokio::test]
async fn right_passwords_of_calls_of_2021_without_record_do_not_use_up_the_number() {
    let stage = Stage::new().await;
    for _ in 0..6 {
        let (id, _, token) = handed_over(&stage).await;
        let otp = send_from_page(&stage, &id).await;
        let acceptance = no_record(stage.try_otp(&id, &otp).await, 0);
        confirm(&stage, &id, json!({"otp": otp, "accept_no_record": acceptance}))
            .await
            .expect(StatusCode::OK);
        old_status(&stage, &token).await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn repeated_call_of_2021_without_record_gets_the_same_token() {
    let stage = Stage::new().await;
    let body = json!({"mobile_number": MOBILE, "full_name": TYPED});
    let call = stage.post("/v3/vaccination/generateOTP", &body).header("x-api-key", KEY);
    let id = call.send().await.expect(StatusCode::OK).text("txnId");
    let body = json!({"txnId": id, "otp": hex::encode(Sha256::digest(stage.gateway.last_otp()))});
    let twice = async || stage.post("/v3/vaccination/confirmOTP", &body).once("one").send().await;
    let (first, second) = (twice().await, twice().await);
    assert!(!first.is_replayed() && second.is_replayed());
    assert_eq!(first.bytes, second.bytes);
    old_status(&stage, &first.text("token")).await.expect_problem(409, "continue_on_page");
}

#[tokio::test]
async fn late_request_of_2021_is_over_for_its_entity() {
    let mut stage = Stage::new().await;
    let (_, _, token) = handed_over(&stage).await;
    stage.app.clock.advance(900);
    stage.router = crate::http::service(&stage.app);
    old_status(&stage, &token).await.expect_problem(410, "request_over");
    let metrics = stage.app.metrics.to_text().expect("text");
    assert!(!metrics.contains("410") && !metrics.contains("request_over"), "{metrics}");
    crate::sweeper::sweep(&stage.app, 1).await.expect("it sweeps");
    old_status(&stage, &token).await.expect_problem(410, "request_over");
}

/// The gateway is down for everybody, which is not the fault of the asker.
#[tokio::test]
async fn outage_of_the_gateway_does_not_use_up_the_limits_of_an_address() {
    let stage = Stage::new().await;
    stage.gateway.is_down.store(true, std::sync::atomic::Ordering::Relaxed);
    for number in 0..40 {
        let id = stage.ask_with(question("name")).await;
        let person = json!({"name": NAME, "mobile": format!("98765432{number:02}")});
        let reply = stage.post(&format!("/v1/requests/{id}/otp"), &person).send().await;
        reply.expect_problem(503, "otp_not_delivered");
    }
    stage.gateway.is_down.store(false, std::sync::atomic::Ordering::Relaxed);
    typed(&stage, NAME).await;
}

#[tokio::test]
async fn messages_that_the_gateway_refuses_use_up_the_limits_of_who_asks_for_them() {
    let stage = Stage::new().await;
    stage.gateway.refuses.store(true, std::sync::atomic::Ordering::Relaxed);
    let id = stage.ask_with(question("name")).await;
    let mut replies = Vec::new();
    for _ in 0..40 {
        let person = json!({"name": NAME, "mobile": MOBILE});
        replies.push(stage.post(&format!("/v1/requests/{id}/otp"), &person).send().await.status);
    }
    assert_eq!(replies.first().map(StatusCode::as_u16), Some(503));
    assert_eq!(replies.last().map(StatusCode::as_u16), Some(429));
}
