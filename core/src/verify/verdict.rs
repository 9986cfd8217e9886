//! What a good answer says.

use crate::{
    claims::{Claims, Status, TokenId},
    key::KeyId,
    time::Timestamp,
};

/// What a good answer says. That there is one means that every check has passed; a status of 0 is a good answer too,
/// and what to do about it is the verifier's rule ([`meets`](Self::meets)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub(crate) claims: Claims,
    pub(super) key_id: KeyId,
    pub(super) subject_matched: bool,
}

impl Verdict {
    /// Whether the person is vaccinated, and how far.
    #[must_use]
    pub fn status(&self) -> Status {
        self.claims.status()
    }

    /// Whether the status is `at_least` this.
    #[must_use]
    pub fn meets(&self, at_least: Status) -> bool {
        self.status() >= at_least
    }

    /// Who says so.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.claims.issuer().as_str()
    }

    /// The verifying entity that the answer was given to; `None` for an open one.
    #[must_use]
    pub fn audience(&self) -> Option<&str> {
        self.claims.audience().map(AsRef::as_ref)
    }

    /// The purpose that was shown to the person who consented.
    #[must_use]
    pub fn purpose(&self) -> &str {
        self.claims.purpose().as_str()
    }

    /// When the answer was issued.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        self.claims.issued_at()
    }

    /// From when on the answer is no longer good.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.claims.expires_at()
    }

    /// The token's own id.
    #[must_use]
    pub fn token_id(&self) -> &TokenId {
        self.claims.token_id()
    }

    /// The key that signed.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The challenge that the answer carries, whether one was expected or not.
    #[must_use]
    pub fn nonce(&self) -> Option<&[u8]> {
        self.claims.nonce().map(crate::claims::Nonce::as_bytes)
    }

    /// Whether the answer was found to be about the expected person; `false` where none was expected.
    #[must_use]
    pub fn subject_matched(&self) -> bool {
        self.subject_matched
    }

    /// Whether this is a specimen, made for training.
    #[must_use]
    pub fn is_specimen(&self) -> bool {
        self.claims.is_specimen()
    }
}
