//! Checking answers.
//!
//! The top layer: it knows all others. The order of the checks is that of `SPEC.md`, section 10: the
//! verifier's own set-up, the bytes, the key and the signature, and then what the verifier wants, all of which is computed
//! before the first failing code is reported.

mod expectation;
mod many;
mod pending;
mod policy;
mod preparation;
mod verdict;

pub use expectation::Expectation;
pub use many::Presented;
pub use pending::PendingVerdict;
pub use policy::Policy;
pub use preparation::Preparation;
pub use verdict::Verdict;

use crate::{
    claims::RawClaims,
    cose::SigStructure,
    error::{BoxError, Error, ErrorCode, Result},
    key::VerifyingKey,
    replay::ReplayGuard,
    subject::{Commitment, Opening},
    time::Timestamp,
    token::{Parts, Token, decode_text},
    trust::{TrustStore, TrustedKey},
};
use alloc::sync::Arc;
use core::fmt;

/// Checks answers against a trust store and a [`Policy`]. Cheap to clone, and shared by threads as it is.
///
/// ```
/// use core::time::Duration;
/// use kycvs::*;
///
/// // The issuer's side.
/// let issuer = Issuer::new(IssuerName::new("in.gov.cowin")?, SigningKey::generate()?);
/// let challenge = Nonce::new(b"sixteen bytes...")?;
/// let answer = Answer::new(Status::FullyVaccinated, Purpose::new("rail-booking")?, Duration::from_secs(900))
///     .with_audience(Audience::new("irctc.co.in")?)
///     .with_nonce(challenge.clone());
/// let scanned = issuer.issue(&answer)?.to_text();
///
/// // The verifying entity's side.
/// let trust = TrustStore::new().with(TrustedKey::new(issuer.name().clone(), issuer.verifying_key().clone()))?;
/// let verifier = Verifier::new(trust, Policy::audience(Audience::new("irctc.co.in")?));
/// let verdict = verifier.verify_text(&scanned, &Expectation::nonce(challenge))?;
/// assert!(verdict.meets(Status::FullyVaccinated));
///
/// let another = Expectation::nonce(Nonce::new(b"another challenge")?);
/// let error = verifier.verify_text(&scanned, &another).unwrap_err();
/// assert_eq!(error.code(), ErrorCode::WrongNonce);
/// # Ok::<(), kycvs::Error>(())
/// ```
#[derive(Clone)]
pub struct Verifier {
    trust: Arc<TrustStore>,
    policy: Policy,
    replay_guard: Option<Arc<dyn ReplayGuard>>,
    prepared: Arc<preparation::Prepared>,
}

impl Verifier {
    /// A verifier that trusts these keys and keeps this policy.
    #[must_use]
    pub fn new(trust: TrustStore, policy: Policy) -> Self {
        Self {
            policy,
            replay_guard: None,
            prepared: Arc::new(preparation::Prepared::new(&trust, Preparation::default())),
            trust: Arc::new(trust),
        }
    }

    /// The same verifier with another trust store: what to do when the store's file has changed. The replay guard stays,
    /// and with it what was used; so do the tables of the keys that stay.
    #[must_use]
    pub fn with_trust(self, trust: TrustStore) -> Self {
        Self { prepared: Arc::new(self.prepared.moved(&self.trust, &trust)), trust: Arc::new(trust), ..self }
    }

    /// Spends this much on being fast, where the default does not fit. What was prepared before is given up.
    #[must_use]
    pub fn with_preparation(self, preparation: Preparation) -> Self {
        Self { prepared: Arc::new(preparation::Prepared::new(&self.trust, preparation)), ..self }
    }

    /// Makes the tables of the trusted keys now, but for those that are withdrawn, for as many as the [`Preparation`] allows,
    /// and tells how many have some. Where that is not all, the keys that may sign longest come first.
    /// Without this call each is made when it pays.
    #[expect(clippy::must_use_candidate, reason = "the number is for who wants it")]
    pub fn prepare(&self) -> usize {
        self.prepared.prepare_all(&self.trust)
    }

    /// Takes each token once, as this guard remembers. A guard in an [`Arc`] can serve several verifiers.
    #[must_use]
    pub fn with_replay_guard(self, guard: impl ReplayGuard + 'static) -> Self {
        Self { replay_guard: Some(Arc::new(guard)), ..self }
    }

    /// Checks the bytes of a presentation, now.
    ///
    /// # Errors
    /// Why the answer is not good, or what is wrong with the verifier's set-up: the first code that applies.
    #[cfg(feature = "std")]
    pub fn verify(&self, presentation: &[u8], expectation: &Expectation) -> Result<Verdict> {
        self.verify_at(presentation, expectation, Timestamp::now())
    }

    /// Checks the bytes of a presentation at the time `now`.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_at(
        &self,
        presentation: &[u8],
        expectation: &Expectation,
        now: Timestamp,
    ) -> Result<Verdict> {
        self.check_set_up(now)?;
        self.check(presentation, expectation, now)
    }

    /// Checks a presentation in either text form, now. White space around it is dropped.
    ///
    /// # Errors
    /// As [`verify`](Self::verify), and `bad_text`.
    #[cfg(feature = "std")]
    pub fn verify_text(&self, text: &str, expectation: &Expectation) -> Result<Verdict> {
        self.verify_text_at(text, expectation, Timestamp::now())
    }

    /// Checks a presentation in either text form at the time `now`. White space around it is dropped.
    ///
    /// # Errors
    /// As [`verify_text`](Self::verify_text).
    pub fn verify_text_at(&self, text: &str, expectation: &Expectation, now: Timestamp) -> Result<Verdict> {
        self.check_set_up(now)?;
        self.check(&decode_text(text)?, expectation, now)
    }

    /// What is wrong at the gate is told before the traveller's answer is looked at.
    fn check_set_up(&self, now: Timestamp) -> Result<(), ErrorCode> {
        if self.trust.is_empty() {
            return Err(ErrorCode::NoTrustedKeys);
        }
        if now < Timestamp::CLOCK_IS_SET {
            return Err(ErrorCode::ClockNotSet);
        }
        Ok(())
    }

    fn check(&self, presentation: &[u8], expectation: &Expectation, now: Timestamp) -> Result<Verdict> {
        let verdict = self.check_but_replay(presentation, expectation, now)?;
        self.check_replay(&verdict, now)?;
        Ok(verdict)
    }

    /// All but the set-up and whether the token was used before.
    fn check_but_replay(
        &self,
        presentation: &[u8],
        expectation: &Expectation,
        now: Timestamp,
    ) -> Result<Verdict> {
        let parts = Parts::read(presentation)?;
        let (at, trusted) = self.signed_by(&parts.token)?;
        let verdict = self.judge(&parts, trusted, expectation, now)?;
        self.prepared.count(at, trusted.key(), 1);
        Ok(verdict)
    }

    /// The trusted key whose token this is, and its place in the store.
    fn signed_by(&self, token: &Token<'_>) -> Result<(usize, &TrustedKey)> {
        self.candidates(token)?
            .find(|&(at, trusted)| self.is_signature_of(token, at, trusted.key()))
            .ok_or(ErrorCode::BadSignature.into())
    }

    /// The trusted keys that can have signed, at least one, each with its place in the store. There is more than one
    /// only where their ids are the same by chance: a key stands in the store once.
    fn candidates(&self, token: &Token<'_>) -> Result<impl Iterator<Item = (usize, &TrustedKey)> + Clone> {
        let algorithm = token.algorithm().ok_or(ErrorCode::UnsupportedAlgorithm)?;
        let with_id = self.trust.with_id(token.key_id());
        if with_id.clone().next().is_none() {
            return Err(ErrorCode::UnknownKey.into());
        }
        let candidates = with_id.filter(move |(_, trusted)| trusted.algorithm() == algorithm);
        if candidates.clone().next().is_none() {
            return Err(ErrorCode::UnsupportedAlgorithm.into());
        }
        Ok(candidates)
    }

    /// Whether the token's signature is valid under the key at `at`. Uses the key's tables if it has some.
    fn is_signature_of(&self, token: &Token<'_>, at: usize, key: &VerifyingKey) -> bool {
        let message = SigStructure::new(token.protected_bytes(), token.payload_bytes());
        match self.prepared.tables(at) {
            Some(prepared) => prepared.verifies(message.as_bytes(), token.signature()),
            None => key.verifies(message.as_bytes(), token.signature()),
        }
    }

    /// What a token with a good signature says to this verifier, but for whether it was used before.
    fn judge(
        &self,
        parts: &Parts<'_>,
        trusted: &TrustedKey,
        expectation: &Expectation,
        now: Timestamp,
    ) -> Result<Verdict> {
        let claims = parts.token.raw_claims();
        let subject_matched = subject_matches(expectation, claims, parts.opening);
        self.first_refusal(trusted, claims, expectation, subject_matched, now)?;
        let subject_matched = subject_matched == Some(true);
        Ok(Verdict { claims: claims.to_claims(), key_id: trusted.key_id(), subject_matched })
    }

    /// The policy checks: all are computed, and the first that fails is reported.
    fn first_refusal(
        &self,
        trusted: &TrustedKey,
        claims: &RawClaims<'_>,
        expectation: &Expectation,
        subject_matched: Option<bool>,
        now: Timestamp,
    ) -> Result<()> {
        let policy = &self.policy;
        let lifetime = claims.expires_at.as_secs() - claims.issued_at.as_secs();
        let failed = [
            (ErrorCode::IssuerMismatch, trusted.issuer().as_str() != claims.issuer),
            (ErrorCode::KeyNotValid, !trusted.is_valid_at(claims.issued_at)),
            (ErrorCode::NotYetValid, claims.issued_at > now.saturating_add(policy.clock_skew())),
            (
                ErrorCode::Expired,
                claims.expires_at <= now.saturating_sub(policy.clock_skew())
                    || !policy.is_issued_after_bound(claims.issued_at),
            ),
            (ErrorCode::LifetimeTooLong, lifetime > policy.max_lifetime().as_secs()),
            (ErrorCode::WrongAudience, !policy.welcomes(claims.audience)),
            (ErrorCode::WrongNonce, !expectation.accepts_nonce(claims.nonce)),
            (ErrorCode::WrongPurpose, !expectation.accepts_purpose(claims.purpose)),
            (ErrorCode::WrongSubject, subject_matched == Some(false)),
            (
                ErrorCode::StatusListUnavailable,
                claims.status_list.is_some() && !policy.ignores_status_lists(),
            ),
            (ErrorCode::Specimen, claims.specimen && !policy.allows_specimens()),
        ];
        match failed.into_iter().find(|&(_, failed)| failed) {
            Some((code, _)) => Err(code.into()),
            None => Ok(()),
        }
    }

    fn check_replay(&self, verdict: &Verdict, now: Timestamp) -> Result<()> {
        let Some(guard) = &self.replay_guard else { return Ok(()) };
        used_once(guard.first_use(verdict.issuer(), verdict.token_id(), keep_until(verdict), now))
    }
}

/// Until when a guard has to remember a token. By the largest skew that there is: another verifier with the same guard may
/// allow more than this one.
fn keep_until(verdict: &Verdict) -> Timestamp {
    verdict.expires_at().saturating_add(Policy::MAX_CLOCK_SKEW)
}

/// An error unless the guard says that this is the first use.
fn used_once(first_use: Result<bool, BoxError>) -> Result<()> {
    match first_use {
        Ok(true) => Ok(()),
        Ok(false) => Err(ErrorCode::Replayed.into()),
        Err(cause) => Err(Error::caused_by(ErrorCode::ReplayGuardFailed, cause)),
    }
}

/// `None` where no subject was asked for. A commitment or an opening that is missing is no match.
fn subject_matches(
    expectation: &Expectation,
    claims: &RawClaims<'_>,
    opening: Option<&[u8; 16]>,
) -> Option<bool> {
    let subject = expectation.subject()?;
    let (Some(commitment), Some(opening)) = (claims.commitment, opening) else { return Some(false) };
    Some(Commitment::new(subject, &Opening::from_bytes(*opening)).matches(commitment))
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("trust", &self.trust)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Audience, Claims, Issuer, IssuerName, Purpose, SigningKey, Status, TokenId};
    use core::time::Duration;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

    fn issuer(name: &str, seed: u8) -> Issuer<SigningKey> {
        Issuer::new(IssuerName::new(name).expect("a short name"), SigningKey::from_seed(&[seed; 32]))
    }

    fn trusted(issuer: &Issuer<SigningKey>) -> TrustedKey {
        TrustedKey::new(issuer.name().clone(), issuer.verifying_key().clone())
    }

    #[test]
    fn of_two_keys_with_one_id_the_one_that_signed_decides() {
        let (one, other, stranger) = (issuer("one", 1), issuer("other", 2), issuer("one", 3));
        let id = one.verifying_key().key_id();
        let trust = TrustStore::new()
            .with(trusted(&one))
            .and_then(|trust| trust.with(trusted(&other)))
            .expect("two keys")
            .with_every_key_under(id);
        let verifier = Verifier::new(trust, Policy::open());
        // Tokens that all say the same key id, as a collision would have them.
        let token_of = |issuer: &Issuer<SigningKey>| {
            let until = NOW.checked_add(Duration::from_mins(1)).expect("not at the end of time");
            let id_of_token = TokenId::from_bytes([7; 16]);
            let purpose = Purpose::new("gate").expect("short");
            let name = issuer.name().clone();
            let claims = Claims::new(name, Status::FullyVaccinated, purpose, id_of_token, NOW, until);
            issuer.sign_as(&claims.expect("it lives"), id).expect("a token")
        };
        for signer in [&one, &other] {
            let verdict = verifier.verify_at(&token_of(signer), &Expectation::no_nonce(), NOW).expect("good");
            assert_eq!(verdict.issuer(), signer.name().as_str());
        }
        let error =
            verifier.verify_at(&token_of(&stranger), &Expectation::no_nonce(), NOW).expect_err("a stranger");
        assert_eq!(error.code(), ErrorCode::BadSignature);
    }

    #[test]
    fn set_up_comes_before_everything() {
        let garbage = "not a token at all";
        let empty = Verifier::new(TrustStore::new(), Policy::open());
        let code = |verifier: &Verifier, seconds| {
            let now = Timestamp::from_secs(seconds);
            verifier.verify_text_at(garbage, &Expectation::no_nonce(), now).expect_err("garbage").code()
        };
        assert_eq!(code(&empty, 0), ErrorCode::NoTrustedKeys);
        let trust = TrustStore::new().with(trusted(&issuer("one", 1))).expect("one key");
        let verifier = Verifier::new(trust, Policy::audience(Audience::new("me").expect("short")));
        assert_eq!(code(&verifier, 1_704_067_199), ErrorCode::ClockNotSet);
        assert_eq!(code(&verifier, 1_704_067_200), ErrorCode::BadText);
    }
}
