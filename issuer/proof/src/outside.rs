//! Everyone whom the service calls: the SMS gateway, and the webhook addresses of the verifying entities.
//!
//! Both check the signature of what they are sent (Standard Webhooks) and remember all of it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64ct::{Base64, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::net::TcpListener;

use crate::Result;

/// What the outside has seen. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Outside {
    address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    /// The key of each caller: `sms`, or an entity's id.
    keys: Mutex<HashMap<String, Vec<u8>>>,
    /// Passwords by number, the newest last.
    passwords: Mutex<HashMap<String, Vec<String>>>,
    /// Webhooks by request.
    hooks: Mutex<HashMap<String, Vec<Hook>>>,
    faults: Mutex<Vec<String>>,
    /// How many webhooks came; every so manyth is refused once, so that repeating is seen.
    calls: AtomicU64,
    gateway_down: AtomicBool,
    /// Every body that was sent to an entity, as it came.
    bodies: Mutex<Vec<u8>>,
}

/// One webhook that an entity took.
#[derive(Clone)]
pub(crate) struct Hook {
    pub(crate) event: String,
    pub(crate) data: Value,
}

impl Outside {
    /// Listens on a free port of loopback.
    pub(crate) async fn open() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let outside = Self { address: listener.local_addr()?, seen: Arc::default() };
        let router = Router::new()
            .route("/sms", post(sms))
            .route("/hook/{entity}", post(hook))
            .with_state(Arc::clone(&outside.seen));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(outside)
    }

    pub(crate) fn gateway_url(&self) -> String {
        format!("http://{}/sms", self.address)
    }

    pub(crate) fn callback_url(&self, entity: &str) -> String {
        format!("http://{}/hook/{entity}", self.address)
    }

    /// Takes calls that are signed with this `whsec_...` secret.
    pub(crate) fn trust(&self, caller: &str, secret: &str) -> Result<()> {
        let key = secret.strip_prefix("whsec_").ok_or("a webhook key that does not begin with whsec_")?;
        let key = Base64::decode_vec(key).map_err(|_| "a webhook key that is not base64")?;
        locked(&self.seen.keys).insert(caller.to_owned(), key);
        Ok(())
    }

    /// The newest password sent to a number, in E.164.
    pub(crate) fn password(&self, number: &str) -> Option<String> {
        locked(&self.seen.passwords).get(number).and_then(|all| all.last().cloned())
    }

    /// How many passwords were sent to a number.
    pub(crate) fn passwords(&self, number: &str) -> usize {
        locked(&self.seen.passwords).get(number).map_or(0, Vec::len)
    }

    /// The webhooks about a request, in the order in which they were taken.
    pub(crate) fn hooks(&self, request: &str) -> Vec<Hook> {
        locked(&self.seen.hooks).get(request).cloned().unwrap_or_default()
    }

    /// How many webhooks were taken.
    pub(crate) fn hook_count(&self) -> usize {
        locked(&self.seen.hooks).values().map(Vec::len).sum()
    }

    /// Every webhook's bytes, one after the other.
    pub(crate) fn hook_bytes(&self) -> Vec<u8> {
        locked(&self.seen.bodies).clone()
    }

    /// What was wrong with the calls that came.
    pub(crate) fn faults(&self) -> Vec<String> {
        locked(&self.seen.faults).clone()
    }

    /// Whether the gateway answers 503 to everything.
    pub(crate) fn set_gateway_down(&self, down: bool) {
        self.seen.gateway_down.store(down, Ordering::Relaxed);
    }
}

async fn sms(State(seen): State<Arc<Seen>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if seen.gateway_down.load(Ordering::Relaxed) {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    match seen.message(&headers, &body) {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(fault) => {
            locked(&seen.faults).push(format!("SMS gateway: {fault}"));
            StatusCode::BAD_REQUEST
        }
    }
}

async fn hook(
    State(seen): State<Arc<Seen>>,
    Path(entity): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    if seen.calls.fetch_add(1, Ordering::Relaxed) % REFUSE_EVERY == 0 {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    match seen.hook(&entity, &headers, &body) {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(fault) => {
            locked(&seen.faults).push(format!("webhook to {entity}: {fault}"));
            StatusCode::BAD_REQUEST
        }
    }
}

impl Seen {
    fn message(&self, headers: &HeaderMap, body: &[u8]) -> Result<()> {
        self.check("sms", headers, body)?;
        let message: Value = serde_json::from_slice(body)?;
        let to = message["to"].as_str().ok_or("a message without `to`")?;
        let text = message["text"].as_str().ok_or("a message without `text`")?;
        let password = six_digits(text).ok_or("a message without six digits")?;
        locked(&self.passwords).entry(to.to_owned()).or_default().push(password.to_owned());
        Ok(())
    }

    fn hook(&self, entity: &str, headers: &HeaderMap, body: &[u8]) -> Result<()> {
        self.check(entity, headers, body)?;
        locked(&self.bodies).extend_from_slice(body);
        let hook: Value = serde_json::from_slice(body)?;
        let event = hook["type"].as_str().ok_or("a webhook without `type`")?.to_owned();
        let request = hook["data"]["id"].as_str().ok_or("a webhook without `data.id`")?.to_owned();
        locked(&self.hooks).entry(request).or_default().push(Hook { event, data: hook["data"].clone() });
        Ok(())
    }

    /// The signature of a call, by the key of its caller.
    fn check(&self, caller: &str, headers: &HeaderMap, body: &[u8]) -> Result<()> {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).ok_or(name);
        let (id, time, signatures) =
            (header("webhook-id")?, header("webhook-timestamp")?, header("webhook-signature")?);
        let key = locked(&self.keys).get(caller).cloned().ok_or("a caller without a key")?;
        for signature in signatures.split(' ').filter_map(|signature| signature.strip_prefix("v1,")) {
            let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key)?;
            for part in [id.as_bytes(), b".", time.as_bytes(), b".", body] {
                mac.update(part);
            }
            let signature = Base64::decode_vec(signature).map_err(|_| "a signature that is not base64")?;
            if mac.verify_slice(&signature).is_ok() {
                return Ok(());
            }
        }
        Err("no signature fits".into())
    }
}

/// The one run of exactly six digits.
fn six_digits(text: &str) -> Option<&str> {
    text.split(|letter: char| !letter.is_ascii_digit()).find(|run| run.len() == 6)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const REFUSE_EVERY: u64 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_the_run_of_six() {
        assert_eq!(six_digits("Your code is 012345, good for 3 minutes (2026)."), Some("012345"));
        assert_eq!(six_digits("1234567"), None);
    }

    #[test]
    fn a_call_is_taken_with_its_signature_alone() {
        // The example of the Standard Webhooks specification.
        let outside = Outside { address: ([127, 0, 0, 1], 1).into(), seen: Arc::default() };
        outside.trust("e", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("it is base64");
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek".parse().expect("a value"));
        headers.insert("webhook-timestamp", "1614265330".parse().expect("a value"));
        let good = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        headers.insert("webhook-signature", good.parse().expect("a value"));
        assert!(outside.seen.check("e", &headers, br#"{"test": 2432232314}"#).is_ok());
        assert!(outside.seen.check("e", &headers, br#"{"test": 2432232315}"#).is_err());
        assert!(outside.seen.check("f", &headers, br#"{"test": 2432232314}"#).is_err());
    }
}
