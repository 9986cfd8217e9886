//! JWK and JWK Set (RFC 7517) with the key type OKP and the curve Ed25519 (RFC 8037).
//!
//! The secret half is borrowed from the input, so that it is copied nowhere but into the key; it must be written without
//! escapes, of which base64url needs none.

use super::{
    Algorithm, ImportedKey, SigningKey, VerifyingKey,
    imported::{Candidate, the_one},
    invalid,
};
use crate::error::{Error, Result};
use alloc::{format, string::String, vec::Vec};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserialize, Deserializer};
use zeroize::{Zeroize, Zeroizing};

impl VerifyingKey {
    /// A JWK, with `alg` where one is given and the key id as `kid`.
    #[must_use]
    pub fn to_jwk(&self, algorithm: Option<Algorithm>) -> String {
        let x = Base64UrlUnpadded::encode_string(self.as_bytes());
        let alg = algorithm.map_or(String::new(), |algorithm| format!(r#""alg":"{algorithm}","#));
        format!(r#"{{"kty":"OKP","crv":"Ed25519",{alg}"kid":"{}","x":"{x}"}}"#, self.key_id())
    }
}

impl SigningKey {
    /// From a JWK with the private member `d`.
    ///
    /// # Errors
    /// `invalid_key` where it is not one of Ed25519, has no `d`, or its `x` belongs to another key.
    pub fn from_jwk(json: &str) -> Result<Self> {
        let jwk: Jwk<'_> = serde_json::from_str(json).map_err(|_| not_a_jwk())?;
        let seed = jwk.seed()?.ok_or(invalid("the JWK has no secret half"))?;
        let key = Self::from_seed(&seed);
        the_one(jwk.candidate()?)?.belongs_to(&key)?;
        Ok(key)
    }

    /// A JWK with `x` and `d`.
    #[must_use]
    pub fn to_jwk(&self) -> Zeroizing<String> {
        let x = Base64UrlUnpadded::encode_string(self.verifying_key().as_bytes());
        let d = Zeroizing::new(Base64UrlUnpadded::encode_string(self.seed()));
        // Long enough from the start, so that growing it leaves no copy behind.
        let mut json = Zeroizing::new(String::with_capacity(160));
        for part in [r#"{"kty":"OKP","crv":"Ed25519","x":""#, &x, r#"","d":""#, &d, r#""}"#] {
            json.push_str(part);
        }
        json
    }
}

/// One JWK, or each of a JWK Set.
pub(super) fn candidates(json: &str) -> Result<Vec<Candidate>> {
    if let Ok(set) = serde_json::from_str::<JwkSet<'_>>(json) {
        return set.keys.iter().map(Jwk::candidate).collect();
    }
    let jwk: Jwk<'_> = serde_json::from_str(json).map_err(|_| not_a_jwk())?;
    Ok(alloc::vec![jwk.candidate()?])
}

#[derive(Deserialize)]
struct JwkSet<'a> {
    #[serde(borrow)]
    keys: Vec<Jwk<'a>>,
}

#[derive(Deserialize)]
struct Jwk<'a> {
    #[serde(default, deserialize_with = "present")]
    kty: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crv: Option<String>,
    #[serde(default, deserialize_with = "present")]
    alg: Option<String>,
    #[serde(default, deserialize_with = "present")]
    x: Option<String>,
    #[serde(borrow, default, deserialize_with = "present")]
    d: Option<&'a str>,
}

/// A member that is there has a value: `null` is not taken for its absence.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> core::result::Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl Jwk<'_> {
    fn candidate(&self) -> Result<Candidate> {
        let algorithm = match self.alg.as_deref().map(str::parse) {
            None => None,
            Some(Ok(algorithm)) => Some(algorithm),
            Some(Err(_)) => return Ok(None),
        };
        if self.kty.as_deref() != Some("OKP") || self.crv.as_deref() != Some("Ed25519") {
            return Ok(None);
        }
        let public =
            self.x.as_deref().and_then(decode).ok_or(invalid("the JWK has no public half of 32 bytes"))?;
        let key = ImportedKey::new(VerifyingKey::from_bytes(&public)?, algorithm);
        if let Some(seed) = self.seed()? {
            key.belongs_to(&SigningKey::from_seed(&seed))?;
        }
        Ok(Some(key))
    }

    fn seed(&self) -> Result<Option<Zeroizing<[u8; 32]>>> {
        self.d
            .map(|d| decode(d).map(Zeroizing::new).ok_or(invalid("the secret half is not of 32 bytes")))
            .transpose()
    }
}

fn decode(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let decoded = Base64UrlUnpadded::decode(text, &mut bytes).is_ok_and(|decoded| decoded.len() == 32);
    if !decoded {
        bytes.zeroize();
    }
    decoded.then_some(bytes)
}

fn not_a_jwk() -> Error {
    invalid("this is neither a JWK nor a JWK Set")
}
