//! JSON forms of the public types (feature `serde`); `lib.rs` says what they are.

use crate::{
    Algorithm, Audience, Commitment, Error, ErrorCode, Family, IssuerName, KeyId, Nonce, Purpose, Status,
    Timestamp, TokenId, TrustedKey, Verdict, VerifyingKey,
};
use alloc::{format, string::String, vec::Vec};
use core::fmt::Display;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeStruct};

macro_rules! as_display {
    ($($type:ty),*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}

macro_rules! from_text {
    ($($type:ty),*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )*};
}

as_display!(IssuerName, Audience, Purpose, Algorithm, KeyId, TokenId, ErrorCode, Family);
from_text!(IssuerName, Audience, Purpose, Algorithm, KeyId, TokenId, ErrorCode);

macro_rules! as_hex {
    ($($type:ty),*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&Hex(self.as_bytes()))
            }
        }
    )*};
}

as_hex!(Nonce, Commitment, VerifyingKey);

impl<'de> Deserialize<'de> for Nonce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = text
            .as_bytes()
            .chunks(2)
            .map(|pair| core::str::from_utf8(pair).ok().and_then(crate::hex::read::<1>))
            .map(|byte| byte.map(|[byte]| byte))
            .collect::<Option<Vec<u8>>>()
            .ok_or_else(|| D::Error::custom("a nonce is an even number of hexadecimal digits"))?;
        Self::new(&bytes).map_err(D::Error::custom)
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.number())
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(u8::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.as_secs())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Self::from_secs)
    }
}

/// `{"code", "number", "family", "message"}`. The source is not shown: it may hold anything.
impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Error", 4)?;
        object.serialize_field("code", &self.code())?;
        object.serialize_field("number", &self.number())?;
        object.serialize_field("family", &self.family())?;
        object.serialize_field("message", &format!("{self}"))?;
        object.end()
    }
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Verdict", 11)?;
        object.serialize_field("status", &self.status())?;
        object.serialize_field("issuer", self.issuer())?;
        object.serialize_field("audience", &self.audience())?;
        object.serialize_field("purpose", self.purpose())?;
        object.serialize_field("issued_at", &self.issued_at())?;
        object.serialize_field("expires_at", &self.expires_at())?;
        object.serialize_field("token_id", self.token_id())?;
        object.serialize_field("key_id", &self.key_id())?;
        object.serialize_field("nonce", &self.claims.nonce())?;
        object.serialize_field("subject_matched", &self.subject_matched())?;
        object.serialize_field("specimen", &self.is_specimen())?;
        object.end()
    }
}

/// As an entry of the test vectors' trust stores, with the key id.
impl Serialize for TrustedKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("TrustedKey", 7)?;
        object.serialize_field("issuer", self.issuer())?;
        object.serialize_field("key_id", &self.key_id())?;
        object.serialize_field("public_key", self.key())?;
        object.serialize_field("algorithm", &self.algorithm())?;
        object.serialize_field("not_before", &self.validity().not_before())?;
        object.serialize_field("not_after", &self.validity().not_after())?;
        object.serialize_field("withdrawn", &self.is_withdrawn())?;
        object.end()
    }
}

struct Hex<'a>(&'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        crate::hex::write(f, self.0)
    }
}
