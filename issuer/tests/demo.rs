//! The demonstration, played from the booking to the ticket.
#![allow(missing_docs, reason = "a test")]

use std::{path::Path, time::Duration};

use kycvs_issuer::demo::{Addresses, Demo, DemoError, PEOPLE};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::{sync::oneshot, task::JoinHandle, time::sleep};
use url::Url;

struct Played {
    addresses: Addresses,
    client: Client,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Played {
    async fn start(folder: &Path) -> Self {
        let listen = "127.0.0.1:0".parse().expect("an address");
        let demo = Demo::open(folder, Some(listen)).await.expect("it opens");
        let addresses = demo.addresses().clone();
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(demo.serve(async { _ = stopped.await }));
        let client = Client::builder().no_proxy().build().expect("a client");
        Self { addresses, client, stop, ended }
    }

    async fn stop(self) {
        self.stop.send(()).expect("it runs");
        tokio::time::timeout(Duration::from_mins(1), self.ended).await.expect("in time").expect("no fault");
    }

    async fn post(&self, origin: &Url, path: &str, body: Value) -> (StatusCode, Value) {
        let call = self.client.post(origin.join(path).expect("a path")).json(&body);
        read(call.send().await.expect("an answer")).await
    }

    async fn get(&self, origin: &Url, path: &str) -> (StatusCode, Value) {
        let call = self.client.get(origin.join(path).expect("a path"));
        read(call.send().await.expect("an answer")).await
    }

    /// A booking; its id, and the request's.
    async fn book(&self, passenger: &str) -> (String, String) {
        let body = json!({"train": "12123", "passenger": passenger});
        let (status, begun) = self.post(&self.addresses.booking, "/bookings", body).await;
        assert_eq!(status, 200, "{begun}");
        let embed: Url = begun["embed_url"].as_str().expect("a URL").parse().expect("a URL");
        assert_eq!(embed.origin(), self.addresses.service.origin());
        let request = embed.path_segments().and_then(Iterator::last).expect("an id").to_owned();
        (begun["booking"].as_str().expect("an id").to_owned(), request)
    }

    /// A person consents; the presentation.
    async fn consent(&self, request: &str, name: &str, mobile: &str) -> String {
        let service = &self.addresses.service;
        let path = format!("/v1/requests/{request}/otp");
        let (status, sent) = self.post(service, &path, json!({"name": name, "mobile": mobile})).await;
        assert_eq!(status, 202, "{sent}");
        let (_, messages) = self.get(service, "/inbox/messages").await;
        let text = messages[0]["text"].as_str().expect("a message");
        let otp: String = text.chars().filter(char::is_ascii_digit).take(6).collect();
        let (status, answer) =
            self.post(service, &format!("/v1/requests/{request}/confirm"), json!({"otp": otp})).await;
        assert_eq!(status, 200, "{answer}");
        answer["presentation"].as_str().expect("a presentation").to_owned()
    }

    async fn answer(&self, booking: &str, presentation: &str) -> Value {
        let path = format!("/bookings/{booking}/answer");
        let (status, decision) =
            self.post(&self.addresses.booking, &path, json!({"presentation": presentation})).await;
        assert_eq!(status, 200, "{decision}");
        decision
    }
}

async fn read(answer: reqwest::Response) -> (StatusCode, Value) {
    (answer.status(), answer.json().await.expect("JSON"))
}

#[tokio::test]
async fn everyone_on_record_books_and_the_fully_vaccinated_travel() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = Played::start(folder.path()).await;
    for person in PEOPLE {
        let (booking, request) = demo.book(person.name).await;
        let presentation = demo.consent(&request, person.name, person.mobile).await;
        let decision = demo.answer(&booking, &presentation).await;
        assert_eq!(decision["status"], person.status().number(), "{decision}");
        assert_eq!(decision["ok"], person.status().number() == 2, "{decision}");
        assert_eq!(decision["verdict"]["subject_matched"], true);
        // Whoever asks again is told the same.
        assert_eq!(demo.answer(&booking, &presentation).await, decision);
        assert_eq!(demo.get(&demo.addresses.booking, &format!("/bookings/{booking}")).await.1, decision);
    }
    demo.stop().await;
}

#[tokio::test]
async fn the_answer_reaches_the_railway_without_the_page_and_is_acknowledged() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = Played::start(folder.path()).await;
    let (_, request) = demo.book("Asha R. Verma").await;
    demo.consent(&request, "Asha R. Verma", "98765 43210").await;
    // The webhook brings it, and the railway acknowledges it.
    let mut state = Value::Null;
    for _ in 0..600 {
        let (_, consent) =
            demo.get(&demo.addresses.service, &format!("/v1/requests/{request}/consent")).await;
        state = consent["state"].clone();
        if state == "acknowledged" {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(state, "acknowledged");
    demo.stop().await;
}

#[tokio::test]
async fn an_answer_for_another_booking_or_passenger_gives_no_ticket() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = Played::start(folder.path()).await;
    let (booking, request) = demo.book("Somebody Else").await;
    let presentation = demo.consent(&request, "Asha R. Verma", "98765 43210").await;
    let decision = demo.answer(&booking, &presentation).await;
    assert!(
        decision["ok"] == false
            && decision["message"].as_str().is_some_and(|text| text.contains("wrong_subject"))
    );
    let (other, _) = demo.book("Asha R. Verma").await;
    let decision = demo.answer(&other, &presentation).await;
    assert!(decision["message"].as_str().is_some_and(|text| text.contains("wrong_nonce")), "{decision}");
    let decision = demo.answer(&other, "nonsense").await;
    assert_eq!(decision["ok"], false);
    demo.stop().await;
}

#[tokio::test]
async fn a_webhook_that_the_issuer_did_not_sign_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = Played::start(folder.path()).await;
    let call = demo
        .client
        .post(demo.addresses.booking.join("/webhooks/kycvs").expect("a path"))
        .header("webhook-id", "msg_1")
        .header("webhook-timestamp", "1")
        .header("webhook-signature", "v1,AAAA")
        .body("{}");
    assert_eq!(call.send().await.expect("an answer").status(), 401);
    demo.stop().await;
}

#[tokio::test]
async fn a_folder_that_is_kept_can_be_played_in_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut trust = Vec::new();
    for _ in 0..2 {
        let demo = Played::start(folder.path()).await;
        trust.push(std::fs::read(&demo.addresses.trust).expect("a trust store"));
        let (booking, request) = demo.book("Asha R. Verma").await;
        let presentation = demo.consent(&request, "asha r verma", "+91 98765 43210").await;
        assert_eq!(demo.answer(&booking, &presentation).await["ok"], true);
        demo.stop().await;
    }
    assert_eq!(trust[0], trust[1]);
}

#[tokio::test]
async fn others_cannot_reach_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let everywhere = "0.0.0.0:0".parse().expect("an address");
    let error = Demo::open(folder.path(), Some(everywhere)).await.expect_err("passwords are shown");
    assert!(matches!(error, DemoError::NotLoopback));
}
