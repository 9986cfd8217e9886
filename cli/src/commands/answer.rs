//! The answer that `kycvs issue` makes: from the call's or a row's fields, to what is printed.

use std::path::Path;
use std::time::Duration;

use kycvs::{Answer, Audience, Nonce, Presentation, Purpose, Status, Subject};
use serde::Serialize;

use crate::failure::{Failure, Result};
use crate::report::ClaimsObject;

/// An answer that was issued.
#[derive(Serialize)]
pub(super) struct Issued {
    ok: bool,
    text: String,
    base64url: String,
    hex: String,
    bytes: usize,
    claims: ClaimsObject,
    opening: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<String>,
}

impl Issued {
    pub(super) fn new(presentation: &Presentation, out: Option<&Path>) -> Self {
        Self {
            ok: true,
            text: presentation.to_text(),
            base64url: presentation.to_base64url(),
            hex: hex::encode(presentation),
            bytes: presentation.as_bytes().len(),
            claims: ClaimsObject::new(&presentation.token().unverified_claims()),
            opening: presentation.opening().map(|opening| hex::encode(opening.as_bytes())),
            out: out.map(|path| path.to_string_lossy().into_owned()),
        }
    }
}

/// What an answer is to say, as the call or a row of a file gives it.
pub(super) struct AnswerFields<'a> {
    pub(super) status: Status,
    pub(super) purpose: &'a str,
    pub(super) audience: Option<&'a str>,
    pub(super) nonce: Option<&'a str>,
    pub(super) subject: Option<Subject>,
    pub(super) valid_for: Duration,
    pub(super) specimen: bool,
}

impl AnswerFields<'_> {
    pub(super) fn answer(self) -> Result<Answer> {
        let mut answer = Answer::new(self.status, Purpose::new(self.purpose)?, self.valid_for);
        if let Some(audience) = self.audience {
            answer = answer.with_audience(Audience::new(audience)?);
        }
        if let Some(nonce) = self.nonce {
            answer = answer.with_nonce(parse_nonce(nonce)?);
        }
        if let Some(subject) = self.subject {
            answer = answer.with_subject(subject);
        }
        if self.specimen {
            answer = answer.as_specimen();
        }
        Ok(answer)
    }
}

/// A nonce in hex.
pub(super) fn parse_nonce(text: &str) -> Result<Nonce> {
    let bytes = hex::decode(text)
        .map_err(|_| Failure::Usage("a nonce is written in hex, two digits a byte".into()))?;
    Ok(Nonce::new(&bytes)?)
}
