//! A CWT (RFC 8392) by hand: `coset` for the envelope, `ciborium` for what is in it, `ed25519-dalek` for the signature.

use ciborium::Value;
use coset::{
    CborSerializable as _, CoseSign1, CoseSign1Builder, HeaderBuilder, RegisteredLabelWithPrivate,
    TaggedCborSerializable as _,
    cwt::{ClaimName, ClaimsSet, ClaimsSetBuilder, Timestamp},
    iana::Algorithm,
};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use super::Peer;
use crate::answer::{AUDIENCE, ISSUER, LIFETIME, NONCE, PURPOSE, STATUS, now, seed, token_id};

/// Claims of our own.
const STATUS_CLAIM: i64 = -70_001;
const PURPOSE_CLAIM: i64 = -70_002;

pub(super) struct Cose {
    key: SigningKey,
    public: VerifyingKey,
}

impl Cose {
    pub(super) fn new() -> Self {
        let key = SigningKey::from_bytes(&seed(0));
        Self { public: key.verifying_key(), key }
    }

    fn read(&self, token: &[u8]) -> Option<ClaimsSet> {
        let envelope = CoseSign1::from_tagged_slice(token).ok()?;
        let algorithm = Some(RegisteredLabelWithPrivate::Assigned(Algorithm::EdDSA));
        if envelope.protected.header.alg != algorithm {
            return None;
        }
        let strict = |signature: &[u8], message: &[u8]| {
            let signature = Signature::from_slice(signature)?;
            self.public.verify_strict(message, &signature)
        };
        envelope.verify_signature(b"", strict).ok()?;
        ClaimsSet::from_slice(envelope.payload.as_deref()?).ok()
    }
}

impl Peer for Cose {
    fn name(&self) -> &'static str {
        "coset + ed25519-dalek + ciborium"
    }

    fn issue(&self, expires_at: u64) -> Vec<u8> {
        let seconds = |time: u64| Timestamp::WholeSeconds(i64::try_from(time).unwrap_or(i64::MAX));
        let claims = ClaimsSetBuilder::new()
            .issuer(ISSUER.to_owned())
            .audience(AUDIENCE.to_owned())
            .issued_at(seconds(now().min(expires_at - LIFETIME)))
            .expiration_time(seconds(expires_at))
            .cwt_id(token_id().to_vec())
            .claim(coset::iana::CwtClaimName::Nonce, Value::Bytes(NONCE.to_vec()))
            .private_claim(STATUS_CLAIM, Value::Text(STATUS.to_owned()))
            .private_claim(PURPOSE_CLAIM, Value::Text(PURPOSE.to_owned()))
            .build();
        let header = HeaderBuilder::new().algorithm(Algorithm::EdDSA).key_id(b"rail-1".to_vec()).build();
        CoseSign1Builder::new()
            .protected(header)
            .payload(claims.to_vec().expect("the claims can be written"))
            .create_signature(b"", |message| self.key.sign(message).to_bytes().to_vec())
            .build()
            .to_tagged_vec()
            .expect("the token can be written")
    }

    fn verify(&self, token: &[u8], audience: &str, nonce: &[u8; 16]) -> bool {
        let Some(claims) = self.read(token) else { return false };
        let is_nonce = |name: &ClaimName, value: &Value| {
            matches!(name, ClaimName::Assigned(coset::iana::CwtClaimName::Nonce))
                && value.as_bytes().is_some_and(|bytes| bytes == nonce)
        };
        let Some(Timestamp::WholeSeconds(expires_at)) = claims.expiration_time else { return false };
        u64::try_from(expires_at).is_ok_and(|expires_at| expires_at > now())
            && claims.issuer.as_deref() == Some(ISSUER)
            && claims.audience.as_deref() == Some(audience)
            && claims.rest.iter().any(|(name, value)| is_nonce(name, value))
    }
}
