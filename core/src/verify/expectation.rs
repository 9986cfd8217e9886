//! What one request expects of its answer.

use crate::{
    claims::{Nonce, Purpose},
    subject::Subject,
};

/// What one request expects of its answer: the challenge that was given or, in so many words, that none was; and, where
/// the verifier wants it, a purpose and a person.
///
/// ```
/// use kycvs::{Expectation, Nonce, Purpose, Subject};
///
/// let booking = Expectation::nonce(Nonce::new(b"sixteen bytes...")?)
///     .with_purpose(Purpose::new("rail-booking")?)
///     .with_subject(Subject::new("A.P.J. Abdul Kalam")?);
/// let gate = Expectation::no_nonce().with_subject(Subject::new("A.P.J. Abdul Kalam")?);
/// # let _ = (booking, gate);
/// # Ok::<(), kycvs::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    nonce: Option<Nonce>,
    purpose: Option<Purpose>,
    subject: Option<Subject>,
}

impl Expectation {
    /// The answer must carry this challenge.
    #[must_use]
    pub fn nonce(nonce: Nonce) -> Self {
        Self { nonce: Some(nonce), purpose: None, subject: None }
    }

    /// No challenge was given, so the answer may be one that was shown before. One that carries a challenge is taken
    /// too; the verdict tells which.
    #[must_use]
    pub fn no_nonce() -> Self {
        Self { nonce: None, purpose: None, subject: None }
    }

    /// The answer must have been given for this purpose.
    #[must_use]
    pub fn with_purpose(self, purpose: Purpose) -> Self {
        Self { purpose: Some(purpose), ..self }
    }

    /// The answer must be about this person, and come with its opening.
    #[must_use]
    pub fn with_subject(self, subject: Subject) -> Self {
        Self { subject: Some(subject), ..self }
    }

    pub(super) fn subject(&self) -> Option<&Subject> {
        self.subject.as_ref()
    }

    /// In constant time for a nonce of the expected length.
    pub(super) fn accepts_nonce(&self, found: Option<&[u8]>) -> bool {
        match &self.nonce {
            Some(expected) => found.is_some_and(|found| expected.matches(found)),
            None => true,
        }
    }

    pub(super) fn accepts_purpose(&self, found: &str) -> bool {
        self.purpose.as_ref().is_none_or(|expected| expected.as_str() == found)
    }
}
