//! What `kycvs verify` expects of an answer: from the call's or a row's fields, to the core's expectation.

use kycvs::{Expectation, Purpose, Subject};

use super::answer::parse_nonce;
use crate::args::Verify;
use crate::failure::Result;

/// What is expected of an answer, as the call or a row of a file gives it.
pub(super) struct ExpectedFields<'a> {
    /// `None` if no challenge was given.
    pub(super) nonce: Option<&'a str>,
    pub(super) purpose: Option<&'a str>,
    pub(super) subject: Option<Subject>,
}

impl<'a> ExpectedFields<'a> {
    pub(super) fn of_call(options: &'a Verify, subject: Option<Subject>) -> Self {
        Self { nonce: options.nonce.as_deref(), purpose: options.purpose.as_deref(), subject }
    }

    pub(super) fn expectation(self) -> Result<Expectation> {
        let mut expectation = match self.nonce {
            Some(nonce) => Expectation::nonce(parse_nonce(nonce)?),
            None => Expectation::no_nonce(),
        };
        if let Some(purpose) = self.purpose {
            expectation = expectation.with_purpose(Purpose::new(purpose)?);
        }
        if let Some(subject) = self.subject {
            expectation = expectation.with_subject(subject);
        }
        Ok(expectation)
    }
}
