//! PASETO v4.public: `pasetors`.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use pasetors::{
    Public,
    claims::{Claims, ClaimsValidationRules},
    keys::{AsymmetricPublicKey, AsymmetricSecretKey},
    public,
    token::UntrustedToken,
    version4::V4,
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Peer, text};
use crate::answer::{AUDIENCE, ISSUER, NONCE, PURPOSE, STATUS, seed, token_id};

pub(super) struct Paseto {
    key: AsymmetricSecretKey<V4>,
    public: AsymmetricPublicKey<V4>,
    rules: ClaimsValidationRules,
}

impl Paseto {
    pub(super) fn new() -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(&seed(0));
        let mut rules = ClaimsValidationRules::new();
        rules.validate_issuer_with(ISSUER);
        rules.validate_audience_with(AUDIENCE);
        Self {
            key: AsymmetricSecretKey::from(&key.to_keypair_bytes()).expect("it is a key"),
            public: AsymmetricPublicKey::from(key.verifying_key().as_bytes()).expect("it is a key"),
            rules,
        }
    }

    fn claims(expires_at: u64) -> Result<Claims, pasetors::errors::Error> {
        // With `iat` and `nbf` of now.
        let mut claims = Claims::new()?;
        let expires_at = OffsetDateTime::from_unix_timestamp(i64::try_from(expires_at).unwrap_or(0));
        let expires_at = expires_at.ok().and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default();
        claims.expiration(&expires_at)?;
        claims.issuer(ISSUER)?;
        claims.audience(AUDIENCE)?;
        claims.token_identifier(&Base64UrlUnpadded::encode_string(&token_id()))?;
        claims.add_additional("nonce", Base64UrlUnpadded::encode_string(&NONCE))?;
        claims.add_additional("status", STATUS)?;
        claims.add_additional("purpose", PURPOSE)?;
        Ok(claims)
    }

    fn read(&self, token: &[u8]) -> Option<Claims> {
        let untrusted = UntrustedToken::<Public, V4>::try_from(text(token)).ok()?;
        let token = public::verify(&self.public, &untrusted, &self.rules, None, None).ok()?;
        token.payload_claims().cloned()
    }
}

impl Peer for Paseto {
    fn name(&self) -> &'static str {
        "pasetors"
    }

    fn issue(&self, expires_at: u64) -> Vec<u8> {
        let claims = Self::claims(expires_at).expect("the claims can be written");
        public::sign(&self.key, &claims, None, None).expect("the token can be written").into_bytes()
    }

    fn verify(&self, token: &[u8], audience: &str, nonce: &[u8; 16]) -> bool {
        let Some(claims) = self.read(token) else { return false };
        let is = |name: &str, value: &str| claims.get_claim(name).is_some_and(|claim| claim == value);
        is("aud", audience) && is("nonce", &Base64UrlUnpadded::encode_string(nonce))
    }

    fn qr_text(&self, token: &[u8]) -> Vec<u8> {
        token.to_vec()
    }
}
