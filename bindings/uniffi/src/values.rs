//! The small values: what an answer says, and what a verifier learns of it.

use kycvs::Claims as CoreClaims;

/// The answer to "is this person vaccinated?".
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Status {
    /// 0: not vaccinated.
    NotVaccinated,
    /// 1: partially vaccinated.
    PartiallyVaccinated,
    /// 2: fully vaccinated.
    FullyVaccinated,
}

impl From<kycvs::Status> for Status {
    fn from(status: kycvs::Status) -> Self {
        match status {
            kycvs::Status::NotVaccinated => Self::NotVaccinated,
            kycvs::Status::PartiallyVaccinated => Self::PartiallyVaccinated,
            kycvs::Status::FullyVaccinated => Self::FullyVaccinated,
        }
    }
}

impl From<Status> for kycvs::Status {
    fn from(status: Status) -> Self {
        match status {
            Status::NotVaccinated => Self::NotVaccinated,
            Status::PartiallyVaccinated => Self::PartiallyVaccinated,
            Status::FullyVaccinated => Self::FullyVaccinated,
        }
    }
}

/// The number that stands for a status in a token: 0, 1 or 2.
#[uniffi::export]
pub fn status_number(status: Status) -> u8 {
    kycvs::Status::from(status).number()
}

/// Whether a person of this status is vaccinated at least so far.
#[uniffi::export]
pub fn status_meets(status: Status, at_least: Status) -> bool {
    kycvs::Status::from(status) >= kycvs::Status::from(at_least)
}

/// The two names of one signature scheme, Ed25519 (RFC 8032), that a token can carry. The entry of a key in the trust
/// store says which of the two its tokens carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Algorithm {
    /// `EdDSA`, -8 (RFC 9053, section 2.2): the default, because the COSE libraries in use today read it.
    EdDsa,
    /// `Ed25519`, -19 (RFC 9864, section 2.2): the fully specified successor.
    Ed25519,
}

impl From<kycvs::Algorithm> for Algorithm {
    fn from(algorithm: kycvs::Algorithm) -> Self {
        match algorithm {
            kycvs::Algorithm::Ed25519 => Self::Ed25519,
            _ => Self::EdDsa,
        }
    }
}

impl From<Algorithm> for kycvs::Algorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::EdDsa => Self::EdDsa,
            Algorithm::Ed25519 => Self::Ed25519,
        }
    }
}

/// What a good answer says. That there is one means that every check has passed. A status of 0 is a good answer too, and
/// what to do about it is the verifier's rule (`meets`).
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Verdict {
    /// Whether the person is vaccinated, and how far.
    pub status: Status,
    /// Who says so.
    pub issuer: String,
    /// The verifying entity that the answer was given to; null (nil) for an open one.
    pub audience: Option<String>,
    /// The purpose that was shown to the person who consented.
    pub purpose: String,
    /// When the answer was issued, in seconds since 1970.
    pub issued_at_seconds: u64,
    /// From when on the answer is no longer good, in seconds since 1970.
    pub expires_at_seconds: u64,
    /// The token's own id, 32 hexadecimal digits.
    pub token_id: String,
    /// The id of the key that signed, 16 hexadecimal digits.
    pub key_id: String,
    /// The challenge that the answer carries, whether one was expected or not, in hexadecimal digits.
    pub nonce: Option<String>,
    /// Whether the answer was found to be about the expected person; `false` where none was expected.
    pub subject_matched: bool,
    /// Whether this is a specimen, made for training.
    pub specimen: bool,
}

impl From<kycvs::Verdict> for Verdict {
    fn from(verdict: kycvs::Verdict) -> Self {
        Self {
            status: verdict.status().into(),
            issuer: verdict.issuer().to_owned(),
            audience: verdict.audience().map(str::to_owned),
            purpose: verdict.purpose().to_owned(),
            issued_at_seconds: verdict.issued_at().as_secs(),
            expires_at_seconds: verdict.expires_at().as_secs(),
            token_id: verdict.token_id().to_string(),
            key_id: verdict.key_id().to_string(),
            nonce: verdict.nonce().map(hex),
            subject_matched: verdict.subject_matched(),
            specimen: verdict.is_specimen(),
        }
    }
}

/// What a token says, **believed by nobody yet**: for tools that show it, never for a decision.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Claims {
    /// Whether the person is said to be vaccinated, and how far.
    pub status: Status,
    /// Who is said to say so.
    pub issuer: String,
    /// The verifying entity that it is meant for; null (nil) for an open one.
    pub audience: Option<String>,
    /// The purpose.
    pub purpose: String,
    /// When it is said to have been issued, in seconds since 1970.
    pub issued_at_seconds: u64,
    /// Until when it is meant to be good, in seconds since 1970.
    pub expires_at_seconds: u64,
    /// The token's own id, 32 hexadecimal digits.
    pub token_id: String,
    /// The challenge that it carries, in hexadecimal digits.
    pub nonce: Option<String>,
    /// The commitment to a person, in hexadecimal digits.
    pub commitment: Option<String>,
    /// Its place in a status list.
    pub status_list: Option<StatusListRef>,
    /// Whether it is a specimen, made for training.
    pub specimen: bool,
}

impl From<CoreClaims> for Claims {
    fn from(claims: CoreClaims) -> Self {
        Self {
            status: claims.status().into(),
            issuer: claims.issuer().as_str().to_owned(),
            audience: claims.audience().map(|audience| audience.as_str().to_owned()),
            purpose: claims.purpose().as_str().to_owned(),
            issued_at_seconds: claims.issued_at().as_secs(),
            expires_at_seconds: claims.expires_at().as_secs(),
            token_id: claims.token_id().to_string(),
            nonce: claims.nonce().map(|nonce| hex(nonce.as_bytes())),
            commitment: claims.commitment().map(|commitment| hex(commitment.as_bytes())),
            status_list: claims.status_list().map(Into::into),
            specimen: claims.is_specimen(),
        }
    }
}

/// A place in a Token Status List.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct StatusListRef {
    /// The place in the list.
    pub index: u64,
    /// Where the list is: 1 to 256 bytes of UTF-8.
    pub uri: String,
}

impl From<&kycvs::StatusListRef> for StatusListRef {
    fn from(reference: &kycvs::StatusListRef) -> Self {
        Self { index: reference.index(), uri: reference.uri().to_owned() }
    }
}

/// Bytes that are looked at and compared are handed out as text: a `ByteArray` in a Kotlin data class is compared by
/// where it lies.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
