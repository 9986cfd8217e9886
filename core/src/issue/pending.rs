//! An answer between its two steps: what is to be signed is known, and the signature is not there yet.

use crate::{
    cose::SigStructure,
    error::{BoxError, Error, ErrorCode, Result},
    key::VerifyingKey,
    subject::Opening,
    token::Presentation,
};
use core::fmt;

/// An answer that waits for its signature: from [`Issuer::begin_issue`](crate::Issuer::begin_issue).
///
/// Nothing is issued if it is dropped. It becomes one presentation at most: if the signer fails, begin again.
#[must_use = "nothing is issued before `finish`"]
pub struct PendingAnswer {
    message: SigStructure,
    opening: Option<Opening>,
    key: VerifyingKey,
}

impl PendingAnswer {
    pub(super) fn new(message: SigStructure, opening: Option<Opening>, key: VerifyingKey) -> Self {
        Self { message, opening, key }
    }

    /// The bytes to sign: with Ed25519, neither prehashed nor with a context.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        self.message.as_bytes()
    }

    /// The key that has to sign.
    #[must_use]
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The error to report if the signer did not sign: `signer_failed`, with the signer's error as its source.
    #[must_use]
    pub fn failed(self, cause: BoxError) -> Error {
        Error::caused_by(ErrorCode::SignerFailed, cause)
    }

    /// The presentation with this signature, which is checked under the issuer's key.
    ///
    /// # Errors
    /// `signer_failed` if this is not the key's signature of the message.
    pub fn finish(self, signature: &[u8]) -> Result<Presentation> {
        let signature = check_signature(&self.key, self.message(), signature)?;
        Ok(Presentation::of_signed(self.message.signed(signature), self.opening.as_ref()))
    }
}

/// By its key only: the message says what the answer is.
impl fmt::Debug for PendingAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingAnswer").field("key", &self.key).finish_non_exhaustive()
    }
}

/// Invariant: no token leaves the two-step call with a signature that its verifiers would refuse.
fn check_signature<'a>(key: &VerifyingKey, message: &[u8], signature: &'a [u8]) -> Result<&'a [u8; 64]> {
    let whole = signature.try_into().map_err(|_| {
        let sentence = "the signer gave no signature of 64 bytes, so nothing was issued: check that it signs with Ed25519";
        Error::saying(ErrorCode::SignerFailed, sentence)
    })?;
    if !key.verifies(message, whole) {
        let sentence = "the signature is not valid under the issuer's key, so nothing was issued: check which key the signer uses";
        return Err(Error::saying(ErrorCode::SignerFailed, sentence));
    }
    Ok(whole)
}
