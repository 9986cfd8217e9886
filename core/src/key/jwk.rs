//! JWK and JWK Set (RFC 7517) with the key type OKP and the curve Ed25519 (RFC 8037).
//!
//! Every member is borrowed from the input as it is written, and nothing is parsed before its turn: a secret half is copied
//! nowhere but into the key, and a member of another kind of key may hold whatever JSON allows. The secret half must be written
//! without escapes, since base64url needs none.

use super::{
    Algorithm, ImportedKey, ImportedKeys, SigningKey, VerifyingKey, bounded,
    imported::{Candidate, the_one},
    invalid, without_mark,
};
use crate::error::{Error, Result};
use alloc::{format, string::String};
use base64ct::{Base64UrlUnpadded, Encoding};
use core::{fmt, marker::PhantomData};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;
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

/// Whether the text begins as a JSON object does, behind the white space of JSON (RFC 8259 section 2).
pub(super) fn is_object(text: &str) -> bool {
    text.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('{')
}

/// One JWK, or each of a JWK Set: an object with a member `keys`.
pub(super) fn read_keys(json: &str) -> Result<ImportedKeys> {
    let Shape { keys } = read(json)?;
    if keys.is_none() {
        return Ok(ImportedKeys::none().with(read::<Jwk<'_>>(json)?.candidate()?));
    }
    let JwkSet { keys: Elements(found) } = read(json)?;
    found
}

/// Reads a text that is one JSON object.
fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T> {
    bounded(json.as_bytes())?;
    serde_json::from_str(without_mark(json)).map(|Object(value)| value).map_err(|_| not_a_jwk())
}

/// Whether it is a set.
#[derive(Deserialize)]
struct Shape {
    #[serde(default, deserialize_with = "present")]
    keys: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Elements,
}

/// The keys of a set. Skipped keys take no memory. A faulty key is an error, but no fault of the JSON.
struct Elements(Result<ImportedKeys>);

impl<'de> Deserialize<'de> for Elements {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> core::result::Result<Self, D::Error> {
        struct ElementsVisitor;

        impl<'de> Visitor<'de> for ElementsVisitor {
            type Value = Elements;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of keys")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut keys: A) -> core::result::Result<Elements, A::Error> {
                let mut found = Ok(ImportedKeys::none());
                while let Some(Object(jwk)) = keys.next_element::<Object<Jwk<'de>>>()? {
                    found = found.and_then(|found| Ok(found.with(jwk.candidate()?)));
                }
                Ok(Elements(found))
            }
        }

        deserializer.deserialize_seq(ElementsVisitor)
    }
}

/// The members that matter here, as they are written.
#[derive(Deserialize)]
struct Jwk<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    kty: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    crv: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    alg: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    x: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    d: Option<&'a RawValue>,
}

/// A member that is a text; other kinds of keys may have something else there.
fn text(member: &RawValue) -> Option<String> {
    serde_json::from_str(member.get()).ok()
}

/// A member that is a text without escapes, borrowed.
fn plain_text(member: &RawValue) -> Option<&str> {
    let text = member.get().strip_prefix('"')?.strip_suffix('"')?;
    if text.contains('\\') { None } else { Some(text) }
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
        let algorithm = match self.alg {
            None => None,
            Some(name) => match text(name).map(|name| name.parse()) {
                Some(Ok(algorithm)) => Some(algorithm),
                _ => return Ok(None),
            },
        };
        let is = |member: Option<&RawValue>, wanted| member.and_then(text).as_deref() == Some(wanted);
        if !is(self.kty, "OKP") || !is(self.crv, "Ed25519") {
            return Ok(None);
        }
        let public = self
            .x
            .and_then(text)
            .and_then(|x| decode(&x))
            .ok_or(invalid("the JWK has no public half of 32 bytes"))?;
        let key = ImportedKey::new(VerifyingKey::from_bytes(&public)?, algorithm);
        if let Some(seed) = self.seed()? {
            key.belongs_to(&SigningKey::from_seed(&seed))?;
        }
        Ok(Some(key))
    }

    fn seed(&self) -> Result<Option<Zeroizing<[u8; 32]>>> {
        let Some(member) = self.d else { return Ok(None) };
        let seed = plain_text(member).and_then(decode).map(Zeroizing::new);
        seed.map(Some).ok_or(invalid("the secret half is not of 32 bytes, or written with escapes"))
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
