//! JWK and JWK Set (RFC 7517) with the key type OKP and the curve Ed25519 (RFC 8037).
//!
//! The secret half is borrowed from the input, so that it is copied nowhere but into the key; it must be written without
//! escapes, of which base64url needs none.

use super::{
    Algorithm, ImportedKey, SigningKey, VerifyingKey, bounded,
    imported::{Candidate, the_one},
    invalid,
};
use crate::error::{Error, Result};
use alloc::{format, string::String, vec::Vec};
use base64ct::{Base64UrlUnpadded, Encoding};
use core::{fmt, marker::PhantomData};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor, value::MapAccessDeserializer},
};
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
        let jwk: Jwk<'_> = read(json)?;
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

/// One JWK, or each of a JWK Set: an object with a member `keys`.
pub(super) fn candidates(json: &str) -> Result<Vec<Candidate>> {
    let Shape { keys } = read(json)?;
    if keys.is_none() {
        return Ok(alloc::vec![read::<Jwk<'_>>(json)?.candidate()?]);
    }
    let set: JwkSet<'_> = read(json)?;
    set.keys.iter().map(|Object(jwk)| jwk.candidate()).collect()
}

/// Reads a text that is one JSON object.
fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T> {
    bounded(json.as_bytes())?;
    serde_json::from_str(json).map(|Object(value)| value).map_err(|_| not_a_jwk())
}

/// Whether it is a set.
#[derive(Deserialize)]
struct Shape {
    #[serde(default, deserialize_with = "present")]
    keys: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct JwkSet<'a> {
    #[serde(borrow)]
    keys: Vec<Object<Jwk<'a>>>,
}

#[derive(Deserialize)]
struct Jwk<'a> {
    #[serde(default, deserialize_with = "present")]
    kty: Option<Member>,
    #[serde(default, deserialize_with = "present")]
    crv: Option<Member>,
    #[serde(default, deserialize_with = "present")]
    alg: Option<Member>,
    #[serde(default, deserialize_with = "present")]
    x: Option<Member>,
    #[serde(borrow, default, deserialize_with = "present")]
    d: Option<Secret<'a>>,
}

/// A member that is a text where it is one of ours; other kinds of keys may have something else there.
#[derive(Deserialize)]
#[serde(untagged)]
enum Member {
    Text(String),
    Other(IgnoredAny),
}

impl Member {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Other(_) => None,
        }
    }
}

/// The same for the secret half, borrowed from the input.
#[derive(Deserialize)]
#[serde(untagged)]
enum Secret<'a> {
    Text(&'a str),
    Other(IgnoredAny),
}

/// A member that is there has a value: `null` is not taken for its absence.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> core::result::Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A JSON object. What serde derives for a struct would take an array of its members too.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> core::result::Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> core::result::Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

impl Jwk<'_> {
    fn candidate(&self) -> Result<Candidate> {
        let algorithm = match &self.alg {
            None => None,
            Some(name) => match name.text().map(str::parse) {
                Some(Ok(algorithm)) => Some(algorithm),
                _ => return Ok(None),
            },
        };
        let is = |member: &Option<Member>, text| member.as_ref().and_then(Member::text) == Some(text);
        if !is(&self.kty, "OKP") || !is(&self.crv, "Ed25519") {
            return Ok(None);
        }
        let public = self
            .x
            .as_ref()
            .and_then(Member::text)
            .and_then(decode)
            .ok_or(invalid("the JWK has no public half of 32 bytes"))?;
        let key = ImportedKey::new(VerifyingKey::from_bytes(&public)?, algorithm);
        if let Some(seed) = self.seed()? {
            key.belongs_to(&SigningKey::from_seed(&seed))?;
        }
        Ok(Some(key))
    }

    fn seed(&self) -> Result<Option<Zeroizing<[u8; 32]>>> {
        let no_seed = invalid("the secret half is not of 32 bytes, or written with escapes");
        match &self.d {
            None => Ok(None),
            Some(Secret::Text(text)) => decode(text).map(|seed| Some(Zeroizing::new(seed))).ok_or(no_seed),
            Some(Secret::Other(_)) => Err(no_seed),
        }
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
