//! Making answers.
//!
//! Stands on everything but [`verify`](crate::Verifier), of which it knows nothing.

mod pending;

pub use pending::PendingAnswer;

use crate::{
    chunks::every_chunk,
    claims::{
        Audience, Claims, IssuerName, Nonce, Purpose, RawClaims, Status, StatusListRef, check_lifetime,
    },
    cose::{ProtectedHeader, SigStructure},
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
    key: VerifyingKey,
    /// The same for all tokens.
    protected_header: Vec<u8>,
    random: Arc<dyn RandomSource>,
}

impl<S: Signer> Issuer<S> {
    /// An issuer with this name, signing with `signer` under the name `EdDSA` (-8).
    #[must_use]
    pub fn new(name: IssuerName, signer: S) -> Self {
        let key = signer.verifying_key();
        Self::with_key(name, signer, key)
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
    /// `clock_not_set` if `now` is before 2024-01-01; `invalid_claim` if the answer would not live for a second, or past
    /// the end of time; `random_source_failed`; `signer_failed`.
    pub fn issue_at(&self, answer: &Answer, now: Timestamp) -> Result<Presentation> {
        let random: Zeroizing<[u8; DRAWN]> = Zeroizing::new(random_bytes(&*self.random)?);
        self.issue_with(answer, now, &random)
    }

    /// Issues many answers, now: for each, in order, what [`issue`](Self::issue) gives.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn issue_many(&self, answers: &[Answer]) -> Vec<Result<Presentation>>
    where
        S: Sync,
    {
        self.issue_many_at(answers, Timestamp::now())
    }

    /// Issues many answers at the time `now`: for each, in order, what [`issue_at`](Self::issue_at) gives. The random source
    /// is asked once for many of them. With the feature `parallel` it works on all cores, and so may the signer and the
    /// random source, several calls at a time.
    #[must_use]
    pub fn issue_many_at(&self, answers: &[Answer], now: Timestamp) -> Vec<Result<Presentation>>
    where
        S: Sync,
    {
        every_chunk(answers, CHUNK, |chunk| {
            let mut random = Zeroizing::new(alloc::vec![0; chunk.len() * DRAWN]);
            if self.random.fill(&mut random).is_err() {
                // Each with its own error, and its own chance.
                return chunk.iter().map(|answer| self.issue_at(answer, now)).collect();
            }
            let (random, _) = random.as_chunks();
            chunk.iter().zip(random).map(|(answer, random)| self.issue_with(answer, now, random)).collect()
        })
    }

    /// Signs claims that were made elsewhere: the token's bytes. The same claims always give the same bytes.
    ///
    /// # Errors
    /// `invalid_claim` where the claims name another issuer; `signer_failed`.
    pub fn sign(&self, claims: &Claims) -> Result<Vec<u8>> {
        if *claims.issuer() != self.name {
            return Err(Error::because(ErrorCode::InvalidClaim, "the claims name another issuer"));
        }
        self.signed(message_of(&RawClaims::of(claims), &self.protected_header))
    }

    /// Signs `message` and makes the token around it.
    fn signed(&self, message: SigStructure) -> Result<Vec<u8>> {
        let signature = self
            .signer
            .sign(message.as_bytes())
            .map_err(|cause| Error::caused_by(ErrorCode::SignerFailed, cause))?;
        Ok(message.signed(&signature))
    }

    fn issue_with(&self, answer: &Answer, now: Timestamp, random: &[u8; DRAWN]) -> Result<Presentation> {
        let (message, opening) = self.message(answer, now, random)?;
        Ok(Presentation::of_signed(self.signed(message)?, opening.as_ref()))
    }
}

impl Issuer<VerifyingKey> {
    /// An issuer with this name whose signatures are made elsewhere, by a call that does not return at once: use
    /// [`begin_issue`](Self::begin_issue). Its tokens name the algorithm `EdDSA` (-8).
    #[must_use]
    pub fn signed_elsewhere(name: IssuerName, key: VerifyingKey) -> Self {
        Self::with_key(name, key.clone(), key)
    }
}

impl<S> Issuer<S> {
    fn with_key(name: IssuerName, signer: S, key: VerifyingKey) -> Self {
        let protected_header = protected_header(Algorithm::default(), key.key_id());
        Self { name, signer, key, protected_header, random: default_random_source() }
    }

    /// Names another algorithm in the tokens: the one that the verifiers' trust stores name for the key.
    #[must_use]
    pub fn with_algorithm(self, algorithm: Algorithm) -> Self {
        Self { protected_header: protected_header(algorithm, self.key.key_id()), ..self }
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

    /// Begins to issue an answer, now: for a signer that does not return at once.
    ///
    /// # Errors
    /// As [`begin_issue_at`](Self::begin_issue_at).
    #[cfg(feature = "std")]
    pub fn begin_issue(&self, answer: &Answer) -> Result<PendingAnswer> {
        self.begin_issue_at(answer, Timestamp::now())
    }

    /// Begins to issue an answer at the time `now`: the bytes to sign, and then, with their signature, the presentation.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use kycvs::*;
    /// # let kms = SigningKey::from_seed(&[7; 32]);
    /// # let answer = Answer::new(Status::FullyVaccinated, Purpose::new("gate")?, Duration::from_secs(900));
    /// let issuer = Issuer::signed_elsewhere(IssuerName::new("in.gov.cowin")?, kms.verifying_key().clone());
    /// let pending = issuer.begin_issue(&answer)?;
    /// let signature = kms.sign(pending.message()).expect("the key management service signs");
    /// let presentation = pending.finish(&signature)?;
    /// # let _ = presentation;
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`issue_at`](Issuer::issue_at), except `signer_failed`.
    pub fn begin_issue_at(&self, answer: &Answer, now: Timestamp) -> Result<PendingAnswer> {
        let random: Zeroizing<[u8; DRAWN]> = Zeroizing::new(random_bytes(&*self.random)?);
        let (message, opening) = self.message(answer, now, &random)?;
        Ok(PendingAnswer::new(message, opening, self.key.clone()))
    }

    /// The first half of `random` is the token's id. The second is the opening, whether it is wanted or not: the system
    /// is asked once, which is what it costs.
    fn message(
        &self,
        answer: &Answer,
        now: Timestamp,
        random: &[u8; DRAWN],
    ) -> Result<(SigStructure, Option<Opening>)> {
        if now < Timestamp::CLOCK_IS_SET {
            let sentence = "the issuer's clock is not set, so nothing was issued: set it and try again";
            return Err(Error::saying(ErrorCode::ClockNotSet, sentence));
        }
        let (halves, _) = random.as_chunks();
        let token_id = &halves[0];
        let opening = answer.subject.as_ref().map(|_| Opening::from_bytes(halves[1]));
        let commitment = answer.subject.as_ref().zip(opening.as_ref());
        let commitment = commitment.map(|(subject, opening)| Commitment::new(subject, opening));
        let expires_at = now
            .checked_add(answer.valid_for)
            .ok_or(Error::because(ErrorCode::InvalidClaim, "the answer would live past the end of time"))?;
        check_lifetime(now, expires_at)?;
        let claims = RawClaims {
            issuer: self.name.as_str(),
            audience: answer.audience.as_ref().map(Audience::as_str),
            expires_at,
            issued_at: now,
            token_id,
            nonce: answer.nonce.as_ref().map(Nonce::as_bytes),
            status_list: answer.status_list.as_ref().map(|list| (list.index(), list.uri())),
            status: answer.status,
            commitment: commitment.as_ref().map(Commitment::as_bytes),
            purpose: answer.purpose.as_str(),
            specimen: answer.specimen,
        };
        Ok((message_of(&claims, &self.protected_header), opening))
    }
}

#[cfg(test)]
impl<S: Signer> Issuer<S> {
    /// Under another key id, as a collision would have it.
    pub(crate) fn sign_as(&self, claims: &Claims, key_id: KeyId) -> Result<Vec<u8>> {
        self.signed(message_of(&RawClaims::of(claims), &protected_header(Algorithm::default(), key_id)))
    }
}

fn message_of(claims: &RawClaims<'_>, protected: &[u8]) -> SigStructure {
    SigStructure::around(protected, |writer| claims.write_to(writer))
}

fn protected_header(algorithm: Algorithm, key_id: KeyId) -> Vec<u8> {
    ProtectedHeader::write(algorithm.cose_id(), *key_id.as_bytes())
}

/// Random bytes for an answer: a token id and an opening.
const DRAWN: usize = 32;

/// Answers that are issued between two calls of the random source.
const CHUNK: usize = 64;

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
