//! Checking many answers at a time.
//!
//! Each answer gets the same verdict as from a single check. The answers share work: the signatures of a chunk are verified in
//! one [`Batch`], and the chunks go to all cores (feature `parallel`). Replays are checked last and in order: if two tokens are alike, the
//! first one is valid.

use super::{Expectation, Verdict, Verifier};
use crate::{
    chunks::every_chunk,
    cose::SigStructure,
    error::{ErrorCode, Result},
    time::Timestamp,
    token::{Parts, decode_text},
    trust::TrustedKey,
};
use alloc::vec::Vec;
use core::{fmt, ops::Deref};
use kycvs_ed25519::Batch;
use zeroize::Zeroizing;

/// What was presented, in whatever form: bytes, or one of the text forms.
#[derive(Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a presentation is bytes or text")]
pub enum Presented<'a> {
    /// The bytes of a presentation.
    Bytes(&'a [u8]),
    /// `KV1:` and Base45, or base64url; white space around it is dropped.
    Text(&'a str),
}

impl Verifier {
    /// Checks many presentations, now: for each, in order, what [`verify`](Self::verify) or, for text,
    /// [`verify_text`](Self::verify_text) gives, at less cost. With the feature `parallel` it works on all cores (the current
    /// `rayon` pool).
    ///
    /// ```
    /// # use kycvs::*;
    /// # let issuer = Issuer::new(IssuerName::new("in.gov.cowin")?, SigningKey::from_seed(&[7; 32]));
    /// # let answer = Answer::new(Status::FullyVaccinated, Purpose::new("gate")?, core::time::Duration::from_secs(900));
    /// # let trust = TrustStore::new().with(TrustedKey::new(issuer.name().clone(), issuer.verifying_key().clone()))?;
    /// # let verifier = Verifier::new(trust, Policy::open());
    /// let scanned = [issuer.issue(&answer)?.to_text(), "KV1:DAMAGED".into()];
    /// let texts: Vec<&str> = scanned.iter().map(String::as_str).collect();
    /// let verdicts = verifier.verify_many(&texts, &Expectation::no_nonce());
    /// assert!(verdicts[0].is_ok() && verdicts[1].is_err());
    /// # Ok::<(), kycvs::Error>(())
    /// ```
    #[cfg(feature = "std")]
    #[must_use]
    pub fn verify_many<'a, P: Into<Presented<'a>> + Copy + Sync>(
        &self,
        presentations: &[P],
        expectation: &Expectation,
    ) -> Vec<Result<Verdict>> {
        self.verify_many_at(presentations, expectation, Timestamp::now())
    }

    /// Checks many presentations at the time `now`: for each, in order, what [`verify_at`](Self::verify_at) or, for text,
    /// [`verify_text_at`](Self::verify_text_at) gives.
    #[must_use]
    pub fn verify_many_at<'a, P: Into<Presented<'a>> + Copy + Sync>(
        &self,
        presentations: &[P],
        expectation: &Expectation,
        now: Timestamp,
    ) -> Vec<Result<Verdict>> {
        self.check_every(presentations, now, |&presented| (presented.into(), expectation))
    }

    /// Checks many presentations at the time `now`, each against an expectation of its own: for each, in order, what
    /// [`verify_at`](Self::verify_at) or, for text, [`verify_text_at`](Self::verify_text_at) gives.
    ///
    /// Use this to settle a day's answers, if each was given to its own challenge.
    ///
    /// ```
    /// # use kycvs::*;
    /// # let issuer = Issuer::new(IssuerName::new("in.gov.cowin")?, SigningKey::from_seed(&[7; 32]));
    /// # let trust = TrustStore::new().with(TrustedKey::new(issuer.name().clone(), issuer.verifying_key().clone()))?;
    /// # let verifier = Verifier::new(trust, Policy::open());
    /// let challenges = [Nonce::new(b"the first's own.")?, Nonce::new(b"the second's own")?];
    /// let day = core::time::Duration::from_secs(86_400);
    /// let answer = Answer::new(Status::FullyVaccinated, Purpose::new("gate")?, day).with_nonce(challenges[0].clone());
    /// let text = issuer.issue(&answer)?.to_text();
    ///
    /// let expected = challenges.map(Expectation::nonce);
    /// let requests = [(text.as_str(), &expected[0]), (text.as_str(), &expected[1])];
    /// let verdicts = verifier.verify_each_at(&requests, Timestamp::now());
    /// assert!(verdicts[0].is_ok());
    /// assert_eq!(verdicts[1].as_ref().unwrap_err().code(), ErrorCode::WrongNonce);
    /// # Ok::<(), kycvs::Error>(())
    /// ```
    #[must_use]
    pub fn verify_each_at<'a, P: Into<Presented<'a>> + Copy + Sync>(
        &self,
        requests: &[(P, &Expectation)],
        now: Timestamp,
    ) -> Vec<Result<Verdict>> {
        self.check_every(requests, now, |&(presented, expectation)| (presented.into(), expectation))
    }

    /// Checks each item as `request` reads it.
    fn check_every<'a, 'e, T: Sync>(
        &self,
        items: &[T],
        now: Timestamp,
        request: impl Fn(&T) -> (Presented<'a>, &'e Expectation) + Sync,
    ) -> Vec<Result<Verdict>> {
        if let Err(code) = self.check_set_up(now) {
            return items.iter().map(|_| Err(code.into())).collect();
        }
        let mut verdicts = every_chunk(items, CHUNK, |chunk| self.check_chunk(chunk, now, &request));
        for verdict in &mut verdicts {
            if let Ok(good) = verdict
                && let Err(error) = self.check_replay(good, now)
            {
                *verdict = Err(error);
            }
        }
        verdicts
    }

    /// All but the set-up and the replays.
    fn check_chunk<'a, 'e, T>(
        &self,
        chunk: &[T],
        now: Timestamp,
        request: impl Fn(&T) -> (Presented<'a>, &'e Expectation),
    ) -> Vec<Result<Verdict>> {
        let (decoded, expectations): (Vec<_>, Vec<_>) = chunk
            .iter()
            .map(&request)
            .map(|(presented, expectation)| (presented.bytes(), expectation))
            .unzip();
        let mut batch = Batch::new();
        let read = decoded.iter().map(|decoded| match decoded {
            Ok(bytes) => self.read(bytes, &mut batch),
            Err(error) => Err(error.clone()),
        });
        let read: Vec<_> = read.collect();
        let in_batch = batch.verify();
        let mut good_at = Vec::new();
        let verdicts = read.into_iter().zip(expectations).map(|(read, expectation)| {
            let Read { parts, at, trusted, signature } = read?;
            let valid = match signature {
                Signature::Valid => true,
                Signature::InBatch(position) => in_batch[position],
            };
            if !valid {
                return Err(ErrorCode::BadSignature.into());
            }
            let verdict = self.judge(&parts, trusted, expectation, now)?;
            good_at.push((at, trusted.key()));
            Ok(verdict)
        });
        let verdicts = verdicts.collect();
        good_at.sort_unstable_by_key(|&(at, _)| at);
        for good in good_at.chunk_by(|(one, _), (other, _)| one == other) {
            let (at, key) = good[0];
            self.prepared.count(at, key, good.len());
        }
        verdicts
    }

    /// Reads a presentation and finds its key. Its signature goes into the batch, unless several keys have its key id.
    fn read<'a>(&'a self, presentation: &'a [u8], batch: &mut Batch<'a>) -> Result<Read<'a>> {
        let parts = Parts::read(presentation)?;
        let token = &parts.token;
        let mut candidates = self.candidates(token)?;
        let (Some((at, trusted)), None) = (candidates.next(), candidates.next()) else {
            // Keys with one id, by chance.
            let (at, trusted) = self.signed_by(token)?;
            return Ok(Read { parts, at, trusted, signature: Signature::Valid });
        };
        let message = SigStructure::new(token.protected_bytes(), token.payload_bytes());
        let position = match self.prepared.tables(at) {
            Some(prepared) => batch.push_prepared(prepared, message.as_bytes(), token.signature()),
            None => batch.push(trusted.key().as_public(), message.as_bytes(), token.signature()),
        };
        Ok(Read { parts, at, trusted, signature: Signature::InBatch(position) })
    }
}

impl<'a> Presented<'a> {
    pub(super) fn bytes(self) -> Result<Bytes<'a>> {
        Ok(match self {
            Self::Bytes(bytes) => Bytes::Borrowed(bytes),
            Self::Text(text) => Bytes::Decoded(decode_text(text)?),
        })
    }
}

impl<'a> From<&'a [u8]> for Presented<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<&'a str> for Presented<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

/// By its form and length alone: it may hold an opening.
impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Text(text) => write!(f, "Text({})", text.len()),
        }
    }
}

/// A presentation's bytes; wiped where they were made here.
pub(super) enum Bytes<'a> {
    Borrowed(&'a [u8]),
    Decoded(Zeroizing<Vec<u8>>),
}

impl Deref for Bytes<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Decoded(bytes) => bytes,
        }
    }
}

/// A token of the right form whose key is trusted.
struct Read<'a> {
    parts: Parts<'a>,
    /// The key's place in the store.
    at: usize,
    trusted: &'a TrustedKey,
    signature: Signature,
}

/// The verdict on a signature, or its position.
enum Signature {
    /// At this position of what the chunk's batch says.
    InBatch(usize),
    Valid,
}

/// Tokens that are worked on together: more gain little, and leave the nearer caches.
const CHUNK: usize = 256;
