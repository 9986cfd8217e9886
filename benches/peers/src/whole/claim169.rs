//! A credential of MOSIP's Claim 169: `claim169-core`, the nearest project in shape. It has no place for an audience or a
//! nonce, and its encoder drops fields that it does not know: these stand in text fields of about the same meaning.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use claim169_core::{Claim169 as Credential, CwtMeta, Decoder, Encoder};

use super::{Peer, text};
use crate::answer::{AUDIENCE, ISSUER, LIFETIME, NONCE, PURPOSE, STATUS, now, seed, token_id};

pub(super) struct Claim169 {
    seed: [u8; 32],
    public: [u8; 32],
}

impl Claim169 {
    pub(super) fn new() -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(&seed(0));
        Self { seed: seed(0), public: key.verifying_key().to_bytes() }
    }
}

impl Peer for Claim169 {
    fn name(&self) -> &'static str {
        "claim169-core"
    }

    fn issue(&self, expires_at: u64) -> Vec<u8> {
        let seconds = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
        let meta = CwtMeta::new()
            .with_issuer(ISSUER)
            .with_expires_at(seconds(expires_at))
            .with_issued_at(seconds(now().min(expires_at - LIFETIME)));
        let credential = Credential {
            id: Some(Base64UrlUnpadded::encode_string(&token_id())),
            location_code: Some(AUDIENCE.to_owned()),
            version: Some(Base64UrlUnpadded::encode_string(&NONCE)),
            legal_status: Some(STATUS.to_owned()),
            address: Some(PURPOSE.to_owned()),
            ..Credential::default()
        };
        let encoder = Encoder::new(credential, meta).sign_with_ed25519(&self.seed);
        encoder.and_then(Encoder::encode).expect("the token can be written").qr_data.into_bytes()
    }

    fn verify(&self, token: &[u8], audience: &str, nonce: &[u8; 16]) -> bool {
        // It checks the times itself.
        let decoder = Decoder::new(text(token)).verify_with_ed25519(&self.public);
        let Ok(token) = decoder.and_then(Decoder::decode) else { return false };
        token.cwt_meta.issuer.as_deref() == Some(ISSUER)
            && token.claim169.location_code.as_deref() == Some(audience)
            && token.claim169.version == Some(Base64UrlUnpadded::encode_string(nonce))
    }

    fn qr_text(&self, token: &[u8]) -> Vec<u8> {
        token.to_vec()
    }

    /// Of what its Base45 stands for.
    fn bytes(&self, token: &[u8]) -> usize {
        base45::decode(text(token)).map_or(token.len(), |bytes| bytes.len())
    }
}
