//! What a token says, as types that cannot hold an invalid value.
//!
//! Stands on [`cbor`](crate::cbor) and [`subject`](crate::subject); knows nothing of signatures or trust. The bounds
//! of every claim stand here once, and both making and reading a token go through them.

mod values;
mod wire;

pub use values::{Audience, IssuerName, Nonce, Purpose, Status, StatusListRef, TokenId};
pub(crate) use wire::RawClaims;

use crate::{
    cbor::Writer,
    error::{Error, ErrorCode, Result},
    subject::Commitment,
    time::Timestamp,
};
use alloc::vec::Vec;

/// Everything that one status token says (the claims set of RFC 8392 in the profile of `SPEC.md`).
///
/// Most issuers never build one: an [`Issuer`](crate::Issuer) does it from an [`Answer`](crate::Answer).
///
/// ```
/// use kycvs::{Claims, IssuerName, Purpose, Status, Timestamp, TokenId};
///
/// let now = Timestamp::from_secs(1_790_000_000);
/// let claims = Claims::new(
///     IssuerName::new("in.gov.cowin")?,
///     Status::FullyVaccinated,
///     Purpose::new("rail-booking")?,
///     TokenId::from_bytes([7; 16]),
///     now,
///     now.checked_add(core::time::Duration::from_secs(900)).expect("not at the end of time"),
/// )?;
/// assert_eq!(claims.status().number(), 2);
/// # Ok::<(), kycvs::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Claims {
    issuer: IssuerName,
    audience: Option<Audience>,
    expires_at: Timestamp,
    issued_at: Timestamp,
    token_id: TokenId,
    nonce: Option<Nonce>,
    status_list: Option<StatusListRef>,
    status: Status,
    commitment: Option<Commitment>,
    purpose: Purpose,
    specimen: bool,
}

impl Claims {
    /// The claims that every token has: issuer (`iss`), status, purpose, token id (`cti`), `iat` and `exp`.
    ///
    /// # Errors
    /// `invalid_claim` where `expires_at` is not later than `issued_at`.
    pub fn new(
        issuer: IssuerName,
        status: Status,
        purpose: Purpose,
        token_id: TokenId,
        issued_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Self> {
        check_lifetime(issued_at, expires_at)?;
        Ok(Self {
            issuer,
            audience: None,
            expires_at,
            issued_at,
            token_id,
            nonce: None,
            status_list: None,
            status,
            commitment: None,
            purpose,
            specimen: false,
        })
    }

    /// For one verifying entity alone (`aud`).
    #[must_use]
    pub fn with_audience(self, audience: Audience) -> Self {
        Self { audience: Some(audience), ..self }
    }

    /// With the verifying entity's challenge (`eat_nonce`, RFC 9711 section 4.1).
    #[must_use]
    pub fn with_nonce(self, nonce: Nonce) -> Self {
        Self { nonce: Some(nonce), ..self }
    }

    /// With a place in a Token Status List (claim 65535).
    #[must_use]
    pub fn with_status_list(self, reference: StatusListRef) -> Self {
        Self { status_list: Some(reference), ..self }
    }

    /// Bound to a person.
    #[must_use]
    pub fn with_commitment(self, commitment: Commitment) -> Self {
        Self { commitment: Some(commitment), ..self }
    }

    /// For training and demonstrations: refused by every verifier that does not ask for specimens.
    #[must_use]
    pub fn as_specimen(self) -> Self {
        Self { specimen: true, ..self }
    }

    /// The issuer (`iss`).
    #[must_use]
    pub fn issuer(&self) -> &IssuerName {
        &self.issuer
    }

    /// The verifying entity (`aud`).
    #[must_use]
    pub fn audience(&self) -> Option<&Audience> {
        self.audience.as_ref()
    }

    /// `exp`: from this second on the token is no longer good.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// `iat`.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// `cti`: unique to this token.
    #[must_use]
    pub fn token_id(&self) -> &TokenId {
        &self.token_id
    }

    /// The challenge of the verifying entity.
    #[must_use]
    pub fn nonce(&self) -> Option<&Nonce> {
        self.nonce.as_ref()
    }

    /// Where a status list says whether the token still holds.
    #[must_use]
    pub fn status_list(&self) -> Option<&StatusListRef> {
        self.status_list.as_ref()
    }

    /// The answer.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// What binds the token to a person.
    #[must_use]
    pub fn commitment(&self) -> Option<&Commitment> {
        self.commitment.as_ref()
    }

    /// The purpose that was shown to the person who consented.
    #[must_use]
    pub fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// Whether this is a specimen.
    #[must_use]
    pub fn is_specimen(&self) -> bool {
        self.specimen
    }

    /// The payload of a token: the claims in the deterministic encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(256);
        RawClaims::of(self).write_to(&mut writer);
        writer.finish()
    }
}

pub(crate) fn check_lifetime(issued_at: Timestamp, expires_at: Timestamp) -> Result<()> {
    if lives(issued_at, expires_at) {
        Ok(())
    } else {
        Err(Error::because(ErrorCode::InvalidClaim, "the answer must expire after it is issued"))
    }
}

/// A token lives for a second at least.
fn lives(issued_at: Timestamp, expires_at: Timestamp) -> bool {
    issued_at < expires_at
}
