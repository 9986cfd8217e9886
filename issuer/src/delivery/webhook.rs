//! An SMS gateway that is reached by a signed HTTP call.
//!
//! `POST` of `{"id", "to", "text", "expires_at"}` with the headers of the Standard Webhooks specification. The gateway
//! has taken the message when it answers 2xx; `webhook-id` is the same each time that it is repeated, so that the gateway
//! sends it once.

use std::{fmt, time::Duration};

use axum::body::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use kycvs::Zeroizing;
use reqwest::{Client, header};
use serde::Serialize;
use url::Url;

use super::{Gateway, Message, NotDelivered, repeat::until_taken};
use crate::{
    clock::Clock,
    outbound::{self, Outcome},
    standard_webhooks::{ID, SIGNATURE, TIMESTAMP, WebhookKey},
};

/// Calls one address.
pub struct WebhookGateway {
    client: Client,
    url: Url,
    key: WebhookKey,
    timeout: Duration,
    clock: Clock,
}

impl WebhookGateway {
    /// Calls `url`, signing with `key`; all tries for a message end within `timeout`.
    ///
    /// # Errors
    /// Where the system's certificates cannot be read.
    pub fn new(url: Url, key: WebhookKey, timeout: Duration) -> reqwest::Result<Self> {
        Ok(Self { client: outbound::client(timeout)?, url, key, timeout, clock: Clock::default() })
    }

    async fn call(&self, id: &str, body: Bytes) -> Outcome {
        let now = self.clock.now();
        let signature = self.key.sign(id, now, &body);
        let call = self
            .client
            .post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(ID, id)
            .header(TIMESTAMP, now)
            .header(SIGNATURE, signature)
            .body(body);
        Outcome::of(call.send().await).await
    }
}

impl Gateway for WebhookGateway {
    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), NotDelivered>> {
        async move {
            let body = Body::of(message)?;
            until_taken(self.timeout, || self.call(&message.id, body.clone())).await
        }
        .boxed()
    }
}

impl fmt::Debug for WebhookGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the address, which may hold a key of the provider's.
        f.debug_struct("WebhookGateway").finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    to: &'a str,
    text: &'a str,
    expires_at: i64,
}

impl Body<'_> {
    /// As JSON, in memory that is wiped.
    fn of(message: &Message) -> Result<Bytes, NotDelivered> {
        let Message { to, text, id, expires_at } = message;
        // Reserved once, six bytes for each that JSON may escape: a buffer that grows leaves copies behind.
        let mut json = Zeroizing::new(Vec::with_capacity(6 * (to.len() + text.len() + id.len()) + 128));
        serde_json::to_writer(&mut *json, &Body { id, to, text, expires_at: *expires_at })
            .map_err(|_| NotDelivered::certainly("the message cannot be written as JSON"))?;
        Ok(Bytes::from_owner(json))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{standard_webhooks::Headers, test_support::Receiver};

    fn key() -> WebhookKey {
        WebhookKey::from_bytes(&[7; 32]).expect("it is a key")
    }

    fn message() -> Message {
        Message {
            to: "+919876543210".to_owned().into(),
            text: "123456 is your \"password\"\u{1}".to_owned().into(),
            id: "otp_1".into(),
            expires_at: 1_800_000_000,
        }
    }

    fn gateway(url: Url) -> WebhookGateway {
        WebhookGateway::new(url, key(), Duration::from_secs(4)).expect("a client")
    }

    #[tokio::test]
    async fn a_gateway_gets_a_signed_call() {
        let receiver = Receiver::start(|_| 204).await;
        gateway(receiver.url("/send?provider=1")).deliver(&message()).await.expect("it is taken");
        let calls = receiver.calls();
        assert_eq!(calls.len(), 1);
        let call = &calls[0];
        assert_eq!(call.target, "/send?provider=1");
        assert_eq!(call.header("content-type"), "application/json");
        let headers = Headers {
            id: call.header(ID),
            timestamp: call.header(TIMESTAMP),
            signature: call.header(SIGNATURE),
        };
        assert_eq!(headers.id, "otp_1");
        assert!(key().verifies(headers, &call.body, Clock::default().now()));
        let body: serde_json::Value = serde_json::from_slice(&call.body).expect("it is JSON");
        assert_eq!(
            body,
            serde_json::json!({"id": "otp_1", "to": "+919876543210",
                "text": "123456 is your \"password\"\u{1}", "expires_at": 1_800_000_000})
        );
    }

    #[tokio::test]
    async fn it_is_repeated_with_the_same_id_until_it_is_taken() {
        let receiver = Receiver::start(|number| [500, 429, 200][number.min(2)]).await;
        gateway(receiver.url("/")).deliver(&message()).await.expect("it is taken in the end");
        let ids: Vec<_> = receiver.calls().iter().map(|call| call.header(ID).to_owned()).collect();
        assert_eq!(ids, ["otp_1"; 3]);
    }

    #[tokio::test]
    async fn what_is_refused_is_not_repeated_and_no_redirect_is_followed() {
        for status in [400, 401, 301, 307] {
            let elsewhere = Receiver::start(|_| 200).await;
            let receiver = Receiver::start(move |_| status).await;
            receiver.redirect_to(&elsewhere.url("/"));
            let error = gateway(receiver.url("/")).deliver(&message()).await.expect_err("it is refused");
            assert_eq!(error.why, format!("it answered {status}"));
            assert!(!error.may_have_arrived);
            assert_eq!((receiver.calls().len(), elsewhere.calls().len()), (1, 0));
        }
    }

    #[tokio::test]
    async fn a_gateway_that_is_busy_has_not_taken_it_and_one_that_fails_or_hangs_may_have() {
        for (status, perhaps) in [(429, false), (503, false), (500, true), (502, true), (504, true)] {
            // Refused in the end, so that no clock has a part in it.
            let receiver = Receiver::start(move |number| [status, 400][number.min(1)]).await;
            let error = gateway(receiver.url("/")).deliver(&message()).await.expect_err("never taken");
            assert_eq!((receiver.calls().len(), error.may_have_arrived), (2, perhaps), "{status}: {error}");
        }
        let hole = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", hole.local_addr().expect("an address")).parse().expect("a URL");
        let gateway = WebhookGateway::new(url, key(), Duration::from_millis(300)).expect("a client");
        assert!(gateway.deliver(&message()).await.expect_err("it hangs").may_have_arrived);
    }

    #[tokio::test]
    async fn a_gateway_that_is_away_is_told_within_the_time_and_without_the_message() {
        let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = closed.local_addr().expect("an address");
        drop(closed);
        let url = format!("http://{address}/?key=secret").parse().expect("a URL");
        let error = gateway(url).deliver(&message()).await.expect_err("nobody is there");
        assert!(error.why.starts_with("it cannot be reached (") && !error.may_have_arrived, "{error}");
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}
