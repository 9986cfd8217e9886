//! What the person is told of the answer, and can keep as a receipt.

use base64ct::{Base64UrlUnpadded, Encoding};
use kycvs::Presentation;
use qrcode::{QrCode, render::svg};
use serde::Serialize;

use crate::{
    app::App,
    audit,
    problem::{Problem, ProblemCode, Result},
};

use super::{Binding, Kind, Request, State, view::Party};

/// An answer that was just signed, and its place in the log.
pub(super) struct Signed {
    pub(super) presentation: Presentation,
    /// SHA-256 of the token.
    pub(super) token_hash: [u8; 32],
    pub(super) place: audit::Receipt,
}

/// The answer, for the person and for the page that hands it on.
#[derive(Serialize)]
pub(crate) struct Answered {
    state: State,
    status: u8,
    presentation: String,
    token_id: String,
    issued_at: u64,
    expires_at: u64,
    receipt: Receipt,
    /// The pass as text, as it stands in the QR code.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The pass as a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    qr: Option<String>,
}

/// Who told what to whom, why, and until when it counts.
#[derive(Serialize)]
struct Receipt {
    issuer: Party,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity: Option<String>,
    purpose: String,
    binding: Binding,
    told: u8,
    told_at: u64,
    valid_until: u64,
    request: String,
    token_hash: String,
    audit: Place,
}

/// Where the audit log has it.
#[derive(Serialize)]
struct Place {
    seq: i64,
    hash: String,
}

impl Answered {
    pub(super) fn new(app: &App, request: &Request, signed: &Signed) -> Result<Self> {
        let claims = signed.presentation.token().unverified_claims();
        let status = claims.status().number();
        let (issued_at, expires_at) = (claims.issued_at().as_secs(), claims.expires_at().as_secs());
        let pass = request.kind == Kind::Pass;
        let text = pass.then(|| signed.presentation.to_text());
        Ok(Self {
            state: State::Answered,
            status,
            presentation: Base64UrlUnpadded::encode_string(signed.presentation.as_bytes()),
            token_id: claims.token_id().to_string(),
            issued_at,
            expires_at,
            receipt: Receipt {
                issuer: Party::issuer(app),
                entity: request.entity.clone(),
                purpose: request.purpose.clone(),
                binding: request.binding,
                told: status,
                told_at: issued_at,
                valid_until: expires_at,
                request: request.id.clone(),
                token_hash: hex::encode(signed.token_hash),
                audit: Place { seq: signed.place.seq, hash: hex::encode(signed.place.hash) },
            },
            qr: text.as_deref().map(qr).transpose()?,
            text,
        })
    }
}

/// The QR code of a pass, as SVG.
fn qr(text: &str) -> Result<String> {
    let code = QrCode::new(text)
        .map_err(|_| Problem::new(ProblemCode::Internal, "The pass does not fit into a QR code."))?;
    Ok(code.render::<svg::Color<'_>>().min_dimensions(320, 320).build())
}
