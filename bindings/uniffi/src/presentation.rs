//! What a person hands over.

use crate::{bytes::Bytes, error::Result, values::Claims};

/// What a person hands over: a token and, where the name is to be checked, the opening of its commitment. Nothing of it is
/// verified.
#[derive(Clone, PartialEq, Eq, uniffi::Object)]
#[uniffi::export(Eq)]
pub struct Presentation(pub(crate) kycvs::Presentation);

#[uniffi::export]
impl Presentation {
    /// From its bytes. Fails with `too_large`, `malformed`, `not_canonical` or `not_a_status_token`.
    #[uniffi::constructor]
    pub fn from_bytes(bytes: Bytes) -> Result<Self> {
        Ok(Self(kycvs::Presentation::from_bytes(&bytes)?))
    }

    /// From either text form, `KV1:` or base64url, with white space around it or not. Fails with `bad_text`, or as
    /// `fromBytes`.
    #[uniffi::constructor]
    pub fn from_text(text: String) -> Result<Self> {
        let text = zeroize::Zeroizing::new(text);
        Ok(Self(kycvs::Presentation::from_text(&text)?))
    }

    /// Its bytes, the opening among them where there is one.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.as_bytes().to_vec()
    }

    /// `KV1:` and Base45: for QR codes, in their alphanumeric mode.
    pub fn to_text(&self) -> String {
        self.0.to_text()
    }

    /// Unpadded base64url: for JSON, HTTP and URLs.
    pub fn to_base64url(&self) -> String {
        self.0.to_base64url()
    }

    /// Whether an opening comes with the token.
    pub fn has_opening(&self) -> bool {
        self.0.opening().is_some()
    }

    /// The same answer for someone who is not to test a name against it.
    pub fn without_opening(&self) -> Self {
        Self(self.0.without_opening())
    }

    /// The id of the key that is said to have signed, 16 hexadecimal digits. **Believed by nobody yet.**
    pub fn unverified_key_id(&self) -> String {
        self.0.token().key_id().to_string()
    }

    /// What the token says, **believed by nobody yet**: for tools that show it, never for a decision.
    pub fn unverified_claims(&self) -> Claims {
        self.0.token().unverified_claims().into()
    }
}
