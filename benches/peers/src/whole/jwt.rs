//! A JWT (RFC 7519) with `EdDSA`: `jsonwebtoken`.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use super::Peer;
use crate::answer::{AUDIENCE, ISSUER, LIFETIME, NONCE, PURPOSE, STATUS, now, seed, token_id};

pub(super) struct Jwt {
    header: Header,
    key: EncodingKey,
    public: DecodingKey,
    rules: Validation,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    iat: u64,
    exp: u64,
    jti: String,
    nonce: String,
    status: String,
    purpose: String,
}

impl Jwt {
    pub(super) fn new() -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(&seed(0));
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.leeway = 0;
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["exp", "iss", "aud"]);
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some("rail-1".to_owned());
        Self {
            header,
            key: EncodingKey::from_ed_der(&pkcs8(&seed(0))),
            public: DecodingKey::from_ed_der(key.verifying_key().as_bytes()),
            rules,
        }
    }
}

impl Peer for Jwt {
    fn name(&self) -> &'static str {
        "jsonwebtoken"
    }

    fn issue(&self, expires_at: u64) -> Vec<u8> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            iat: now().min(expires_at - LIFETIME),
            exp: expires_at,
            jti: Base64UrlUnpadded::encode_string(&token_id()),
            nonce: Base64UrlUnpadded::encode_string(&NONCE),
            status: STATUS.to_owned(),
            purpose: PURPOSE.to_owned(),
        };
        encode(&self.header, &claims, &self.key).expect("the token can be written").into_bytes()
    }

    fn verify(&self, token: &[u8], audience: &str, nonce: &[u8; 16]) -> bool {
        let Ok(token) = decode::<Claims>(token, &self.public, &self.rules) else { return false };
        // The rules hold one audience; the other one is for the test.
        token.claims.aud == audience && token.claims.nonce == Base64UrlUnpadded::encode_string(nonce)
    }

    fn qr_text(&self, token: &[u8]) -> Vec<u8> {
        token.to_vec()
    }
}

/// A secret key as PKCS #8 has it (RFC 8410 section 7).
fn pkcs8(seed: &[u8; 32]) -> Vec<u8> {
    let mut der = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
    der.extend(seed);
    der
}
