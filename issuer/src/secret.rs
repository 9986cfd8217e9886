//! The service's own secret, and everything that is made with it: keyed hashes, sealed values, webhook keys.
//!
//! All instances that share a database share it. Who has the database and not the secret learns no number, no name and
//! no one-time password from it.

use std::fmt;

use chacha20poly1305::{
    XChaCha20Poly1305,
    aead::{Aead, KeyInit, Payload},
};
use hmac::{Hmac, Mac};
use kycvs::Zeroizing;
use sha2::Sha256;

/// What a keyed hash is of. The same bytes under two uses have unrelated hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// The API key of a verifying entity.
    ApiKey,
    /// A one-time password, with the request and the round that it belongs to.
    Otp,
    /// The name of a limit: a number, an address, an entity.
    Limit,
    /// An `Idempotency-Key`.
    ReplyKey,
    /// Method, path and body of a request that may be repeated.
    ReplyFingerprint,
    /// The name of a message, made of the request and the round that it belongs to.
    MessageId,
    /// What consents to the answer 0 for a person who is not on record.
    Acceptance,
    /// The bearer token of the calls of 2021.
    Session,
    /// The key of a verifying entity's webhooks.
    WebhookKey,
    /// The key that seals names and numbers.
    SealingKey,
}

impl Use {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::ApiKey => b"kycvs/issuer/api-key/1",
            Self::Otp => b"kycvs/issuer/otp/1",
            Self::Limit => b"kycvs/issuer/limit/1",
            Self::ReplyKey => b"kycvs/issuer/reply-key/1",
            Self::ReplyFingerprint => b"kycvs/issuer/reply-fingerprint/1",
            Self::MessageId => b"kycvs/issuer/message-id/1",
            Self::Acceptance => b"kycvs/issuer/acceptance/1",
            Self::Session => b"kycvs/issuer/session/1",
            Self::WebhookKey => b"kycvs/issuer/webhook-key/1",
            Self::SealingKey => b"kycvs/issuer/sealing-key/1",
        }
    }
}

/// A keyed hash. Compared in constant time.
#[derive(Clone, Copy)]
pub(crate) struct KeyedHash([u8; 32]);

impl KeyedHash {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether these bytes, from the database, are this hash.
    pub(crate) fn is(&self, stored: &[u8]) -> bool {
        subtle::ConstantTimeEq::ct_eq(&self.0[..], stored).into()
    }
}

/// 32 secret bytes.
#[derive(Clone)]
pub(crate) struct ServiceSecret(Zeroizing<[u8; 32]>);

impl ServiceSecret {
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// HMAC-SHA256 over the use and the parts, each with its length before it, so that no two lists of parts look alike.
    pub(crate) fn hash(&self, of: Use, parts: &[&[u8]]) -> KeyedHash {
        KeyedHash(self.mac(of, parts))
    }

    /// A key of its own for one use.
    pub(crate) fn derive(&self, of: Use, parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.mac(of, parts))
    }

    /// Encrypts, so that only a row with the same `context` opens it again.
    pub(crate) fn seal(&self, context: &str, secret: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; 24];
        getrandom::fill(&mut nonce).map_err(|_| SealError)?;
        let payload = Payload { msg: secret, aad: context.as_bytes() };
        let sealed = self.cipher().encrypt(&nonce.into(), payload).map_err(|_| SealError)?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Decrypts what [`seal`](Self::seal) made with the same `context`.
    pub(crate) fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (nonce, sealed) = sealed.split_first_chunk::<24>().ok_or(SealError)?;
        let payload = Payload { msg: sealed, aad: context.as_bytes() };
        self.cipher().decrypt(nonce.into(), payload).map(Zeroizing::new).map_err(|_| SealError)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.derive(Use::SealingKey, &[])).into())
    }

    fn mac(&self, of: Use, parts: &[&[u8]]) -> [u8; 32] {
        // A key that is shorter than a block is filled up with zeros (RFC 2104, section 2).
        let mut key = Zeroizing::new([0; 64]);
        key[..32].copy_from_slice(&*self.0);
        let mut mac = <Hmac<Sha256> as KeyInit>::new((&*key).into());
        for part in [of.label()].iter().chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for ServiceSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceSecret(..)")
    }
}

/// A sealed value was not made with this secret for this row, or the system's random source failed.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a sealed value does not open: another secret than the one it was sealed with, or a changed row")]
pub(crate) struct SealError;

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> ServiceSecret {
        ServiceSecret::from_bytes(&[7; 32])
    }

    #[test]
    fn a_hash_is_of_its_use_and_its_parts() {
        let one = secret().hash(Use::Otp, &[b"ab", b"c"]);
        assert!(one.is(secret().hash(Use::Otp, &[b"ab", b"c"]).as_bytes()));
        assert!(!one.is(secret().hash(Use::Otp, &[b"a", b"bc"]).as_bytes()));
        assert!(!one.is(secret().hash(Use::Limit, &[b"ab", b"c"]).as_bytes()));
        assert!(!one.is(ServiceSecret::from_bytes(&[8; 32]).hash(Use::Otp, &[b"ab", b"c"]).as_bytes()));
        assert!(!one.is(&one.as_bytes()[..31]));
    }

    #[test]
    fn the_hash_is_hmac_sha256() {
        let mut message = Vec::new();
        for part in [&b"kycvs/issuer/otp/1"[..], b"ab"] {
            message.extend((part.len() as u64).to_be_bytes());
            message.extend(part);
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(&[7; 32]).expect("any length is taken");
        mac.update(&message);
        assert_eq!(secret().hash(Use::Otp, &[b"ab"]).as_bytes(), &mac.finalize().into_bytes()[..]);
    }

    #[test]
    fn what_is_sealed_opens_in_its_row_alone() {
        let sealed = secret().seal("row 1", b"Asha").expect("the system has random bytes");
        assert_eq!(&**secret().open("row 1", &sealed).expect("it is the same row"), b"Asha");
        assert!(secret().open("row 2", &sealed).is_err());
        assert!(ServiceSecret::from_bytes(&[8; 32]).open("row 1", &sealed).is_err());
        for cut in [0, 23, 24, sealed.len() - 1] {
            assert!(secret().open("row 1", &sealed[..cut]).is_err());
        }
        assert!(!sealed.windows(4).any(|bytes| bytes == b"Asha"));
    }
}
