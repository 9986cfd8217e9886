//! The vector files as they are written: the order of the fields here is their order in the file.

use std::collections::BTreeMap;

use kycvs::ErrorCode;
use serde::Serialize;

/// `valid.json` and `invalid.json`.
#[derive(Serialize)]
pub(super) struct VerifyFile {
    #[serde(flatten)]
    pub(super) about: About,
    pub(super) trust_stores: BTreeMap<&'static str, Vec<TrustEntry>>,
    pub(super) cases: Vec<VerifyCase>,
}

/// `subject.json`, `text.json` and `keys.json`.
#[derive(Serialize)]
pub(super) struct PlainFile<C> {
    #[serde(flatten)]
    pub(super) about: About,
    pub(super) cases: Vec<C>,
}

#[derive(Serialize)]
pub(super) struct About {
    pub(super) schema: &'static str,
    pub(super) kind: &'static str,
    pub(super) comment: &'static str,
}

impl About {
    pub(super) fn new(kind: &'static str, comment: &'static str) -> Self {
        Self { schema: "kycvs-test-vectors/1", kind, comment }
    }
}

#[derive(Clone, Serialize)]
pub(super) struct TrustEntry {
    pub(super) issuer: String,
    pub(super) public_key: String,
    pub(super) algorithm: &'static str,
    pub(super) not_before: Option<u64>,
    pub(super) not_after: Option<u64>,
    pub(super) withdrawn: bool,
}

#[derive(Serialize)]
pub(super) struct VerifyCase {
    pub(super) id: String,
    pub(super) comment: String,
    pub(super) flags: Vec<Flag>,
    pub(super) trust: &'static str,
    pub(super) policy: Policy,
    pub(super) expectation: Expectation,
    pub(super) now: u64,
    pub(super) presentation: String,
    pub(super) expected: Expected<Verified>,
}

#[derive(Clone, Serialize)]
pub(super) struct Policy {
    pub(super) audience: Option<String>,
    pub(super) open: bool,
    pub(super) clock_skew: u64,
    pub(super) max_lifetime: u64,
    pub(super) allow_specimen: bool,
    pub(super) ignore_status_lists: bool,
    pub(super) seen: Option<Vec<Seen>>,
}

#[derive(Clone, Serialize)]
pub(super) struct Seen {
    pub(super) issuer: String,
    pub(super) token_id: String,
}

#[derive(Clone, Serialize)]
pub(super) struct Expectation {
    pub(super) nonce: Option<String>,
    pub(super) purpose: Option<String>,
    pub(super) subject: Option<Person>,
}

#[derive(Clone, Serialize)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) mobile: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Verified {
    pub(super) verdict: Verdict,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Verdict {
    pub(super) status: u8,
    pub(super) issuer: String,
    pub(super) audience: Option<String>,
    pub(super) purpose: String,
    pub(super) issued_at: u64,
    pub(super) expires_at: u64,
    pub(super) token_id: String,
    pub(super) key_id: String,
    pub(super) nonce: Option<String>,
    pub(super) subject_matched: bool,
    pub(super) specimen: bool,
}

#[derive(Serialize)]
pub(super) struct SubjectCase {
    pub(super) id: String,
    pub(super) comment: String,
    pub(super) flags: Vec<Flag>,
    pub(super) name: String,
    pub(super) mobile: Option<String>,
    pub(super) opening: String,
    pub(super) expected: Expected<Normalised>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Normalised {
    pub(super) name: String,
    pub(super) mobile: Option<String>,
    pub(super) commitment: String,
}

#[derive(Serialize)]
pub(super) struct TextCase {
    pub(super) id: String,
    pub(super) comment: String,
    pub(super) flags: Vec<Flag>,
    pub(super) text: String,
    pub(super) expected: Expected<Decoded>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Decoded {
    pub(super) presentation: String,
    pub(super) canonical_text: String,
}

#[derive(Serialize)]
pub(super) struct KeyCase {
    pub(super) id: String,
    pub(super) comment: String,
    pub(super) flags: Vec<Flag>,
    pub(super) format: Format,
    pub(super) input: String,
    pub(super) passphrase: Option<String>,
    pub(super) expected: Expected<Keys>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    Raw,
    PublicPem,
    PublicPemSet,
    SecretPem,
    EncryptedPem,
    CoseKey,
    CoseKeySet,
    Jwk,
    JwkSet,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum Keys {
    One(PublicKey),
    Set { keys: Vec<PublicKey>, skipped: usize },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names of the file's format")]
pub(super) struct PublicKey {
    pub(super) public_key: String,
    pub(super) key_id: String,
    pub(super) algorithm: Option<&'static str>,
}

/// What has to come out: something, or a refusal with its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum Expected<T> {
    Good(T),
    Refused { code: &'static str, number: u16, family: &'static str },
}

impl<T> Expected<T> {
    pub(super) fn refused(code: ErrorCode) -> Self {
        Self::Refused { code: code.as_str(), number: code.number(), family: code.family().as_str() }
    }

    pub(super) fn of(result: kycvs::Result<T>) -> Self {
        result.map_or_else(|error| Self::refused(error.code()), Self::Good)
    }
}

/// Why a case is there. `README.md` and `schema.json` beside the vectors say what each means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Flag {
    Algorithm,
    Audience,
    Bound,
    Clock,
    Depth,
    Duplicate,
    Ed25519,
    Example,
    Float,
    Indefinite,
    KeyFormat,
    KeyOrder,
    KeyValidity,
    LargeInteger,
    Length,
    LongForm,
    MobileNumber,
    Name,
    Nonce,
    Order,
    Purpose,
    Replay,
    SetUp,
    Shape,
    SimpleValue,
    Specimen,
    StatusList,
    Subject,
    Text,
    Trailing,
    Truncated,
    Trust,
    Unicode,
    Utf8,
    WellFormed,
}
