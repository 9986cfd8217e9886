//! A biscuit: `biscuit-auth`, with what the token says as facts and what is expected as a policy.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use biscuit_auth::{
    Algorithm, AuthorizerBuilder, AuthorizerLimits, KeyPair, PrivateKey, PublicKey,
    macros::{biscuit, policy},
};

use super::Peer;
use crate::answer::{AUDIENCE, ISSUER, NONCE, PURPOSE, STATUS, seed, token_id};

pub(super) struct Biscuit {
    key: KeyPair,
    public: PublicKey,
}

impl Biscuit {
    pub(super) fn new() -> Self {
        let key = PrivateKey::from_bytes(&seed(0), Algorithm::Ed25519).expect("a seed has 32 bytes");
        let key = KeyPair::from(&key);
        Self { public: key.public(), key }
    }

    fn authorize(
        &self,
        token: &[u8],
        audience: &str,
        nonce: &[u8; 16],
    ) -> Result<(), biscuit_auth::error::Token> {
        let token = biscuit_auth::Biscuit::from(token, self.public)?;
        let nonce = nonce.to_vec();
        let expected =
            policy!("allow if issuer({issuer}), audience({audience}), nonce({nonce})", issuer = ISSUER,);
        // A busy machine may take its time.
        let limits = AuthorizerLimits { max_time: Duration::from_secs(1), ..AuthorizerLimits::default() };
        let builder = AuthorizerBuilder::new().set_limits(limits).time().policy(expected)?;
        builder.build(&token)?.authorize().map(drop)
    }
}

impl Peer for Biscuit {
    fn name(&self) -> &'static str {
        "biscuit-auth"
    }

    fn issue(&self, expires_at: u64) -> Vec<u8> {
        let expires_at: SystemTime = UNIX_EPOCH + Duration::from_secs(expires_at);
        let builder = biscuit!(
            "issuer({issuer}); audience({audience}); nonce({nonce}); status({status}); purpose({purpose}); id({id});
            issued({now}); check if time($time), $time < {expires_at};",
            issuer = ISSUER,
            audience = AUDIENCE,
            nonce = NONCE.to_vec(),
            status = STATUS,
            purpose = PURPOSE,
            id = token_id().to_vec(),
            now = SystemTime::now(),
        );
        builder.build(&self.key).and_then(|token| token.to_vec()).expect("the token can be written")
    }

    fn verify(&self, token: &[u8], audience: &str, nonce: &[u8; 16]) -> bool {
        self.authorize(token, audience, nonce).is_ok()
    }
}
