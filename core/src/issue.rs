//! Making answers.
//!
//! Stands on everything but [`verify`](crate::Verifier), of which it knows nothing.

use crate::{
    claims::{Audience, Claims, IssuerName, Nonce, Purpose, Status, StatusListRef, TokenId},
    cose::{ProtectedHeader, SigStructure, Sign1},
    error::{Error, ErrorCode, Result},
    key::{Algorithm, KeyId, Signer, VerifyingKey},
    random::{RandomSource, random_bytes},
    subject::{Commitment, Opening, Subject},
    time::Timestamp,
    token::Presentation,
};
use alloc::{sync::Arc, vec::Vec};
use core::{fmt, time::Duration};
use zeroize::Zeroizing;

/// What is to be said, to whom, and for how long.
///
/// By default an answer is an *open pass*: for anyone, without a challenge, bound to nobody. Say whom it is for
/// ([`with_audience`](Self::with_audience)) and what it answers ([`with_nonce`](Self::with_nonce)) wherever there is a
/// verifying entity to name.
#[derive(Clone, Debug)]
pub struct Answer {
    status: Status,
    purpose: Purpose,
    valid_for: Duration,
    audience: Option<Audience>,
    nonce: Option<Nonce>,
    subject: Option<Subject>,
    status_list: Option<StatusListRef>,
    specimen: bool,
}

impl Answer {
    /// `status`, for `purpose`, good for `valid_for` from the moment that it is issued. Whole seconds count; a fraction
    /// is dropped.
    #[must_use]
    pub fn new(status: Status, purpose: Purpose, valid_for: Duration) -> Self {
        Self {
            status,
            purpose,
            valid_for,
            audience: None,
            nonce: None,
            subject: None,
            status_list: None,
            specimen: false,
        }
    }

    /// For one verifying entity alone.
    #[must_use]
    pub fn with_audience(self, audience: Audience) -> Self {
        Self { audience: Some(audience), ..self }
    }

    /// To the challenge of the verifying entity, which it gets back.
    #[must_use]
    pub fn with_nonce(self, nonce: Nonce) -> Self {
        Self { nonce: Some(nonce), ..self }
    }

    /// About this person, in a way that only who gets the opening can check. Only where the verifying entity asked
    /// for it and the person was told.
    #[must_use]
    pub fn with_subject(self, subject: Subject) -> Self {
        Self { subject: Some(subject), ..self }
    }

    /// With a place in a status list, by which it can be taken back.
    #[must_use]
    pub fn with_status_list(self, reference: StatusListRef) -> Self {
        Self { status_list: Some(reference), ..self }
    }

    /// For training and demonstrations: refused by every verifier that does not ask for specimens.
    #[must_use]
    pub fn as_specimen(self) -> Self {
        Self { specimen: true, ..self }
    }
}

/// An issuer: a name, and a signer that verifiers trust for it.
///
/// ```
/// use core::time::Duration;
/// use kycvs::{Answer, Audience, Issuer, IssuerName, Nonce, Purpose, SigningKey, Status, Subject};
///
/// let issuer = Issuer::new(IssuerName::new("in.gov.cowin")?, SigningKey::generate()?);
/// let answer = Answer::new(Status::FullyVaccinated, Purpose::new("rail-booking")?, Duration::from_secs(15 * 60))
///     .with_audience(Audience::new("irctc.co.in")?)
///     .with_nonce(Nonce::new(b"sixteen bytes...")?)
///     .with_subject(Subject::new("A.P.J. Abdul Kalam")?);
/// let presentation = issuer.issue(&answer)?;
/// println!("{}", presentation.to_text());
/// # Ok::<(), kycvs::Error>(())
/// ```
#[derive(Clone)]
pub struct Issuer<S> {
    name: IssuerName,
    signer: S,
    algorithm: Algorithm,
    key: VerifyingKey,
    random: Arc<dyn RandomSource>,
}

impl<S: Signer> Issuer<S> {
    /// An issuer with this name, signing with `signer` under the name `EdDSA` (-8).
    #[must_use]
    pub fn new(name: IssuerName, signer: S) -> Self {
        let key = signer.verifying_key();
        Self { name, signer, algorithm: Algorithm::default(), key, random: default_random_source() }
    }

    /// Names another algorithm in the tokens: the one that the verifiers' trust stores name for the key.
    #[must_use]
    pub fn with_algorithm(self, algorithm: Algorithm) -> Self {
        Self { algorithm, ..self }
    }

    /// Draws token ids and openings from another source than the system's. Without the `std` feature there is no other.
    #[must_use]
    pub fn with_random_source(self, source: impl RandomSource + 'static) -> Self {
        Self { random: Arc::new(source), ..self }
    }

    /// The issuer's name.
    #[must_use]
    pub fn name(&self) -> &IssuerName {
        &self.name
    }

    /// The key that verifiers have to trust.
    #[must_use]
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Issues an answer, now.
    ///
    /// # Errors
    /// As [`issue_at`](Self::issue_at).
    #[cfg(feature = "std")]
    pub fn issue(&self, answer: &Answer) -> Result<Presentation> {
        self.issue_at(answer, Timestamp::now())
    }

    /// Issues an answer at the time `now`.
    ///
    /// # Errors
    /// `invalid_claim` where the answer would not live for a second, or past the end of time; `random_source_failed`;
    /// `signer_failed`.
    pub fn issue_at(&self, answer: &Answer, now: Timestamp) -> Result<Presentation> {
        let (token_id, opening) = self.draw()?;
        let commitment = answer.subject.as_ref().map(|subject| Commitment::new(subject, &opening));
        let token = self.sign(&self.claims(answer, commitment, token_id, now)?)?;
        Ok(Presentation::of_signed(&token, commitment.is_some().then_some(&opening)))
    }

    /// Signs claims that were made elsewhere: the token's bytes. The same claims always give the same bytes.
    ///
    /// # Errors
    /// `invalid_claim` where the claims name another issuer; `signer_failed`.
    pub fn sign(&self, claims: &Claims) -> Result<Vec<u8>> {
        if *claims.issuer() != self.name {
            return Err(Error::because(ErrorCode::InvalidClaim, "the claims name another issuer"));
        }
        self.sign_as(claims, self.key.key_id())
    }

    pub(crate) fn sign_as(&self, claims: &Claims, key_id: KeyId) -> Result<Vec<u8>> {
        let protected = ProtectedHeader::write(self.algorithm.cose_id(), *key_id.as_bytes());
        let payload = claims.encode();
        let signature = self
            .signer
            .sign(SigStructure::new(&protected, &payload).as_bytes())
            .map_err(|cause| Error::caused_by(ErrorCode::SignerFailed, cause))?;
        Ok(Sign1 { protected: &protected, payload: &payload, signature: &signature }.to_bytes())
    }

    fn claims(
        &self,
        answer: &Answer,
        commitment: Option<Commitment>,
        token_id: TokenId,
        now: Timestamp,
    ) -> Result<Claims> {
        let expires_at = now
            .checked_add(answer.valid_for)
            .ok_or(Error::because(ErrorCode::InvalidClaim, "the answer would live past the end of time"))?;
        let mut claims =
            Claims::new(self.name.clone(), answer.status, answer.purpose.clone(), token_id, now, expires_at)?;
        if let Some(audience) = &answer.audience {
            claims = claims.with_audience(audience.clone());
        }
        if let Some(nonce) = &answer.nonce {
            claims = claims.with_nonce(nonce.clone());
        }
        if let Some(reference) = &answer.status_list {
            claims = claims.with_status_list(reference.clone());
        }
        if let Some(commitment) = commitment {
            claims = claims.with_commitment(commitment);
        }
        Ok(if answer.specimen { claims.as_specimen() } else { claims })
    }

    /// A token id and an opening, whether it is wanted or not: the system is asked once, which is what it costs.
    fn draw(&self) -> Result<(TokenId, Opening)> {
        let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(random_bytes(&*self.random)?);
        let (mut id, mut opening) = ([0; 16], [0; 16]);
        id.copy_from_slice(&bytes[..16]);
        opening.copy_from_slice(&bytes[16..]);
        Ok((TokenId::from_bytes(id), Opening::from_bytes(opening)))
    }
}

#[cfg(feature = "std")]
fn default_random_source() -> Arc<dyn RandomSource> {
    Arc::new(crate::random::SystemRandom)
}

#[cfg(not(feature = "std"))]
fn default_random_source() -> Arc<dyn RandomSource> {
    Arc::new(crate::random::NoRandom)
}

impl<S> fmt::Debug for Issuer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("name", &self.name).field("key", &self.key).finish_non_exhaustive()
    }
}
