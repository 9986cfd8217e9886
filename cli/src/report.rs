//! Verdicts, claims and errors as JSON objects and as text for people.

use std::fmt::Write as _;

use kycvs::{Claims, Status, Verdict};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Output, shown};
use crate::times;

/// What went wrong.
#[derive(Serialize)]
pub(crate) struct ErrorObject {
    ok: bool,
    code: &'static str,
    number: u16,
    family: &'static str,
    message: String,
}

impl ErrorObject {
    pub(crate) fn new(failure: &Failure) -> Self {
        Self {
            ok: false,
            code: failure.code(),
            number: failure.number(),
            family: failure.family(),
            message: failure.message(),
        }
    }

    /// The code's name and number.
    pub(crate) fn code(&self) -> (&'static str, u16) {
        (self.code, self.number)
    }
}

/// Says what went wrong, where people or programs look for it, and gives the exit status.
pub(crate) fn failure(failure: &Failure, out: &mut Output) -> u8 {
    match failure {
        Failure::Said(_) | Failure::ClosedPipe => {}
        _ if out.is_json() => {
            if let Err(failure) = out.object(&ErrorObject::new(failure)).and_then(|()| out.finish()) {
                out.note(&failure.line());
            }
        }
        _ => out.note(&failure.line()),
    }
    failure.exit_status()
}

/// An object that belongs to a line or a row of a batch.
#[derive(Serialize)]
pub(crate) struct OnLine<T> {
    pub(crate) line: u64,
    #[serde(flatten)]
    pub(crate) object: T,
}

/// A valid token. It is `ok` only if its status is enough too: a program that looks only at `ok` opens no gate otherwise.
#[derive(Serialize)]
pub(crate) struct VerdictObject {
    ok: bool,
    #[serde(flatten)]
    not_enough: Option<NotEnough>,
    status: u8,
    status_text: String,
    issuer: String,
    audience: Option<String>,
    purpose: String,
    issued_at: String,
    expires_at: String,
    token_id: String,
    key_id: String,
    nonce: Option<String>,
    subject_matched: bool,
    specimen: bool,
}

/// Why a valid token is not `ok`.
#[derive(Serialize)]
struct NotEnough {
    code: &'static str,
    number: u16,
    family: &'static str,
    message: String,
    at_least: u8,
}

impl VerdictObject {
    pub(crate) fn new(verdict: &Verdict, at_least: Status) -> Self {
        let not_enough = not_enough(verdict, at_least).map(|failure| NotEnough {
            code: failure.code(),
            number: failure.number(),
            family: failure.family(),
            message: failure.message(),
            at_least: at_least.number(),
        });
        Self {
            ok: not_enough.is_none(),
            not_enough,
            status: verdict.status().number(),
            status_text: verdict.status().to_string(),
            issuer: verdict.issuer().to_string(),
            audience: verdict.audience().map(ToString::to_string),
            purpose: verdict.purpose().to_string(),
            issued_at: times::time(verdict.issued_at()),
            expires_at: times::time(verdict.expires_at()),
            token_id: verdict.token_id().to_string(),
            key_id: verdict.key_id().to_string(),
            nonce: verdict.nonce().map(hex::encode),
            subject_matched: verdict.subject_matched(),
            specimen: verdict.is_specimen(),
        }
    }

    /// Some lines for people.
    pub(crate) fn text(&self) -> String {
        let specimen = if self.specimen { ", a SPECIMEN" } else { "" };
        let word = if self.ok { "good" } else { "not enough" };
        let mut text = format!("{word}: {} ({}){specimen}\n\n", self.status_text, self.status);
        let subject = if self.subject_matched { "matched" } else { "not checked" };
        for (label, value) in [
            ("issuer", &*shown(&self.issuer)),
            ("audience", &*self.audience.as_deref().map_or("anyone".into(), shown)),
            ("purpose", &*shown(&self.purpose)),
            ("issued", &*times::shown(&self.issued_at)),
            ("expires", &*times::shown(&self.expires_at)),
            ("subject", subject),
            ("nonce", self.nonce.as_deref().unwrap_or("none")),
            ("token id", &self.token_id),
            ("key id", &self.key_id),
        ] {
            let _ = writeln!(text, "  {label:<9} {value}");
        }
        text
    }

    /// One line for people, for a batch.
    pub(crate) fn line(&self) -> String {
        let specimen = if self.specimen { ", a SPECIMEN" } else { "" };
        let word = if self.ok { "good" } else { "not enough" };
        format!(
            "{word}[{}]: {}, {}, {}, until {}{specimen}",
            self.status,
            self.status_text,
            shown(&self.issuer),
            shown(&self.purpose),
            times::shown(&self.expires_at)
        )
    }
}

/// The failure of a valid token with a lower status than the call asks for.
pub(crate) fn not_enough(verdict: &Verdict, at_least: Status) -> Option<Failure> {
    if verdict.meets(at_least) {
        return None;
    }
    let (found, number, least) = (verdict.status(), verdict.status().number(), at_least.number());
    Some(Failure::NotEnough(format!(
        "the answer is valid, but says \"{found}\" ({number}) and --at-least is {least}: refuse it, or give a lower \
         --at-least if that is enough"
    )))
}

/// What a token says, whether it is to be believed or not.
#[derive(Serialize)]
pub(crate) struct ClaimsObject {
    status: u8,
    status_text: String,
    issuer: String,
    audience: Option<String>,
    purpose: String,
    issued_at: String,
    expires_at: String,
    token_id: String,
    nonce: Option<String>,
    commitment: Option<String>,
    status_list: Option<StatusListObject>,
    specimen: bool,
}

#[derive(Serialize)]
struct StatusListObject {
    index: u64,
    uri: String,
}

impl ClaimsObject {
    pub(crate) fn new(claims: &Claims) -> Self {
        Self {
            status: claims.status().number(),
            status_text: claims.status().to_string(),
            issuer: claims.issuer().to_string(),
            audience: claims.audience().map(ToString::to_string),
            purpose: claims.purpose().to_string(),
            issued_at: times::time(claims.issued_at()),
            expires_at: times::time(claims.expires_at()),
            token_id: claims.token_id().to_string(),
            nonce: claims.nonce().map(|nonce| hex::encode(nonce.as_bytes())),
            commitment: claims.commitment().map(|commitment| hex::encode(commitment.as_bytes())),
            status_list: claims
                .status_list()
                .map(|list| StatusListObject { index: list.index(), uri: list.uri().into() }),
            specimen: claims.is_specimen(),
        }
    }

    /// Labels and words for people.
    pub(crate) fn words(&self) -> Vec<(&'static str, String)> {
        let list = self.status_list.as_ref();
        vec![
            ("status", format!("{}, {}", self.status, self.status_text)),
            ("issuer", shown(&self.issuer).into()),
            ("audience", self.audience.as_deref().map_or("anyone".into(), shown).into()),
            ("purpose", shown(&self.purpose).into()),
            ("issued", times::shown(&self.issued_at).into()),
            ("expires", times::shown(&self.expires_at).into()),
            ("token id", self.token_id.clone()),
            ("nonce", self.nonce.clone().unwrap_or_else(|| "none".into())),
            ("subject", if self.commitment.is_some() { "bound by a commitment" } else { "not bound" }.into()),
            (
                "revocable",
                list.map_or("no".into(), |list| format!("entry {} of {}", list.index, shown(&list.uri))),
            ),
            ("specimen", if self.specimen { "yes" } else { "no" }.into()),
        ]
    }
}
