//! Webhooks that are signed as the Standard Webhooks specification says (symmetric, `v1`): what the service sends to
//! verifying entities and to SMS gateways, and what a receiver written in Rust checks.
//!
//! The signature is `HMAC-SHA256(key, "{id}.{timestamp}.{body}")`, in base64, beside the id and the timestamp in three
//! headers. A receiver refuses old timestamps, and ids that it has seen.

use std::fmt;

use base64ct::{Base64, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use kycvs::Zeroizing;
use sha2::Sha256;

/// The header with the message's id, the same each time that it is repeated.
pub const ID: &str = "webhook-id";
/// The header with the time of this attempt, seconds since 1970.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// The header with one signature or more, separated by spaces.
pub const SIGNATURE: &str = "webhook-signature";

/// How far a timestamp may be from the receiver's clock, in seconds.
const TOLERANCE: u64 = 300;
/// The specification's bounds for a key, in bytes.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A shared key. Wiped when dropped; its `Debug` shows nothing.
#[derive(Clone)]
pub struct WebhookKey(Zeroizing<Vec<u8>>);

impl WebhookKey {
    /// From its bytes, 24 to 64 of them.
    ///
    /// # Errors
    /// [`BadWebhookKey`] where there are fewer or more.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadWebhookKey> {
        if KEY_BYTES.contains(&bytes.len()) {
            Ok(Self(Zeroizing::new(bytes.to_vec())))
        } else {
            Err(BadWebhookKey)
        }
    }

    /// From its text, `whsec_` and base64.
    ///
    /// # Errors
    /// [`BadWebhookKey`] where it is no such text.
    pub fn from_text(text: &str) -> Result<Self, BadWebhookKey> {
        let encoded = text.trim().strip_prefix(PREFIX).ok_or(BadWebhookKey)?;
        let mut bytes = Zeroizing::new([0; 2 * *KEY_BYTES.end()]);
        Self::from_bytes(Base64::decode(encoded, &mut *bytes).map_err(|_| BadWebhookKey)?)
    }

    /// Its text, `whsec_` and base64.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut encoded = Zeroizing::new([0; 2 * *KEY_BYTES.end()]);
        let encoded = Base64::encode(&self.0, &mut *encoded)
            .unwrap_or_else(|_| unreachable!("a key has at most 64 bytes"));
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + encoded.len()));
        text.push_str(PREFIX);
        text.push_str(encoded);
        text
    }

    /// The value of the [`SIGNATURE`] header for this message.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let tag = self.mac(id, timestamp, body).finalize().into_bytes();
        format!("{VERSION}{}", Base64::encode_string(&tag))
    }

    /// Whether the three headers are this key's over this body, and of about now (seconds since 1970).
    #[must_use]
    pub fn verifies(&self, headers: Headers<'_>, body: &[u8], now: i64) -> bool {
        let Ok(timestamp) = headers.timestamp.parse::<i64>() else { return false };
        // A number of another form, such as `+1`, would be signed as it is read and not as it is written.
        if timestamp.to_string() != headers.timestamp || now.abs_diff(timestamp) > TOLERANCE {
            return false;
        }
        headers.signature.split(' ').filter_map(|signature| signature.strip_prefix(VERSION)).any(|encoded| {
            let mut tag = [0; 32];
            Base64::decode(encoded, &mut tag)
                .is_ok_and(|tag| self.mac(headers.id, timestamp, body).verify_slice(tag).is_ok())
        })
    }

    fn mac(&self, id: &str, timestamp: i64, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0)
            .unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        mac
    }
}

impl fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookKey(..)")
    }
}

/// What a receiver finds in the headers [`ID`], [`TIMESTAMP`] and [`SIGNATURE`].
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a> {
    /// The message's id.
    pub id: &'a str,
    /// The time of the attempt.
    pub timestamp: &'a str,
    /// The signatures.
    pub signature: &'a str,
}

/// The text is no key for webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a webhook's key is `whsec_` and 24 to 64 bytes in base64")]
pub struct BadWebhookKey;

const PREFIX: &str = "whsec_";
const VERSION: &str = "v1,";

#[cfg(test)]
mod tests {
    use super::*;

    // The example that the specification's own libraries are tested with.
    const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const EXAMPLE: Headers<'_> = Headers {
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: "1614265330",
        signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    };
    const NOW: i64 = 1_614_265_330;

    fn key() -> WebhookKey {
        WebhookKey::from_text(KEY).expect("it is a key")
    }

    #[test]
    fn the_published_example_is_signed_alike() {
        assert_eq!(key().sign(EXAMPLE.id, NOW, BODY), EXAMPLE.signature);
        assert!(key().verifies(EXAMPLE, BODY, NOW));
        assert_eq!(*key().to_text(), KEY);
    }

    #[test]
    fn nothing_else_verifies() {
        let other = WebhookKey::from_bytes(&[7; 32]).expect("it is a key");
        assert!(!other.verifies(EXAMPLE, BODY, NOW));
        assert!(!key().verifies(EXAMPLE, b"{}", NOW));
        assert!(!key().verifies(Headers { id: "msg_other", ..EXAMPLE }, BODY, NOW));
        assert!(!key().verifies(Headers { timestamp: "1614265331", ..EXAMPLE }, BODY, NOW));
        assert!(!key().verifies(Headers { timestamp: "+1614265330", ..EXAMPLE }, BODY, NOW));
        for signature in ["", "v1,", "v1,AAAA", "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="] {
            assert!(!key().verifies(Headers { signature, ..EXAMPLE }, BODY, NOW), "{signature}");
        }
    }

    #[test]
    fn an_old_key_may_sign_beside_a_new_one() {
        let both = format!("v1,{} {} v1a,AAAA", Base64::encode_string(&[0; 32]), EXAMPLE.signature);
        assert!(key().verifies(Headers { signature: &both, ..EXAMPLE }, BODY, NOW));
    }

    #[test]
    fn a_timestamp_is_of_about_now() {
        assert!(key().verifies(EXAMPLE, BODY, NOW + 300));
        assert!(!key().verifies(EXAMPLE, BODY, NOW + 301));
        assert!(!key().verifies(EXAMPLE, BODY, NOW - 301));
        assert!(!key().verifies(EXAMPLE, BODY, i64::MIN));
    }

    #[test]
    fn keys_have_bounds() {
        for text in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_AAAA", "whsec_!"] {
            assert!(WebhookKey::from_text(text).is_err(), "{text}");
        }
        assert!(WebhookKey::from_bytes(&[0; 23]).is_err());
        assert!(WebhookKey::from_bytes(&[0; 65]).is_err());
        let longest = WebhookKey::from_bytes(&[9; 64]).expect("it is a key");
        assert_eq!(*WebhookKey::from_text(&longest.to_text()).expect("it is a key").0, *longest.0);
        assert!(WebhookKey::from_text(&format!("whsec_{}", Base64::encode_string(&[0; 65]))).is_err());
        assert_eq!(format!("{longest:?}"), "WebhookKey(..)");
    }
}
