//! The person that an answer is about.

use crate::{bytes::Bytes, error::Result};
use kycvs::{Commitment, Opening};

/// A person, as an answer can be bound to one: a name and, perhaps, a mobile number, each in its normal form (SPEC.md,
/// section 7).
#[derive(uniffi::Object)]
pub struct Subject(pub(crate) kycvs::Subject);

#[uniffi::export]
impl Subject {
    /// The person with this name and, where it is given, this mobile number. Fails with `invalid_claim` where they have
    /// no normal form.
    #[uniffi::constructor(default(mobile = None))]
    pub fn new(name: String, mobile: Option<String>) -> Result<Self> {
        let subject = kycvs::Subject::new(&name)?;
        Ok(Self(match mobile {
            Some(mobile) => subject.with_mobile(&mobile)?,
            None => subject,
        }))
    }

    /// The name in its normal form.
    pub fn name(&self) -> String {
        self.0.name().to_owned()
    }

    /// The mobile number in its normal form.
    pub fn mobile(&self) -> Option<String> {
        self.0.mobile().map(str::to_owned)
    }

    /// The commitment that a token about this person carries, 32 bytes, with this opening of 16 (SPEC.md, section 7.3).
    /// For tools and tests: verifying and issuing do it by themselves.
    pub fn commitment(&self, opening: Bytes) -> Result<Vec<u8>> {
        Ok(Commitment::new(&self.0, &Opening::try_from(&*opening)?).as_bytes().to_vec())
    }
}
