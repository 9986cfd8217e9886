//! `kycvs issue`: one answer.

use std::path::Path;

use kycvs::{
    Answer, Audience, Issuer, IssuerName, Nonce, Policy, Presentation, Purpose, SigningKey, Status, Subject,
    Timestamp,
};
use serde::Serialize;

use super::issue_batch;
use crate::args::Issue;
use crate::failure::{DONE, Failure, Result};
use crate::files::{self, Readers};
use crate::input;
use crate::output::Output;
use crate::report::ClaimsObject;
use crate::subject;

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

pub(crate) fn run(options: &Issue, out: &mut Output) -> Result<u8> {
    let files = [
        Some(&*options.key),
        options.passphrase_file.as_deref(),
        options.subject.subject_file.as_deref(),
        options.batch.as_deref(),
    ];
    let target = files::out_file(options.out.as_deref(), &files)?;
    let raw = target.and_then(Path::extension).is_some_and(|ending| ending.eq_ignore_ascii_case("kycvs"));
    if raw && options.batch.is_some() {
        let why = "a batch is lines of text: --out needs a name that does not end in .kycvs";
        return Err(Failure::Usage(why.into()));
    }
    if files.into_iter().flatten().filter(|path| files::is_stdin(path)).count() > 1 {
        return Err(Failure::Usage("only one file can be standard input".into()));
    }
    if let Some(path) = target {
        files::replaces_only(path, "answer", input::holds_answer)?;
    }
    let longest = Policy::DEFAULT_MAX_LIFETIME;
    if options.valid_for > longest {
        let hours = longest.as_secs() / 3_600;
        out.note(&format!(
            "warning: verifiers refuse answers that live longer than {hours}h, unless they allow it (--max-lifetime)"
        ));
    }
    let issuer = Issuer::new(IssuerName::new(options.issuer.as_str())?, read_key(options, out)?)
        .with_algorithm(options.alg);
    if let Some(file) = &options.batch {
        return issue_batch::run(file, target, options, &issuer, out);
    }

    let (Some(status), Some(purpose)) = (options.status, options.purpose.as_deref()) else {
        return Err(Failure::Usage("an answer needs --status and --purpose".into()));
    };
    let words = Words {
        status,
        purpose,
        audience: options.audience.as_deref(),
        nonce: options.nonce.as_deref(),
        subject: subject::from_options(&options.subject)?,
        valid_for: options.valid_for,
        specimen: options.specimen,
    };
    let presentation = issuer.issue_at(&words.answer()?, options.now.unwrap_or_else(Timestamp::now))?;

    if let Some(path) = target {
        if raw {
            files::write_whole(path, presentation.as_bytes(), Readers::Owner)?;
        } else {
            let line = format!("{}\n", presentation.to_text());
            files::write_whole(path, line.as_bytes(), Readers::Owner)?;
        }
    }
    if out.is_json() {
        out.object(&Issued::new(&presentation, target))?;
    } else if let Some(path) = target {
        out.line(&format!("wrote {} ({} bytes)", files::name(path), presentation.as_bytes().len()))?;
    } else {
        out.line(&presentation.to_text())?;
    }
    Ok(DONE)
}

/// What is to be said, in the words of the call or of a row.
pub(super) struct Words<'a> {
    pub(super) status: Status,
    pub(super) purpose: &'a str,
    pub(super) audience: Option<&'a str>,
    pub(super) nonce: Option<&'a str>,
    pub(super) subject: Option<Subject>,
    pub(super) valid_for: std::time::Duration,
    pub(super) specimen: bool,
}

impl Words<'_> {
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

fn read_key(options: &Issue, out: &mut Output) -> Result<SigningKey> {
    let path = &options.key;
    let name = files::name(path);
    let pem = files::read_private_key(path)?;
    let key = match std::str::from_utf8(&pem) {
        Ok(pem) => match &options.passphrase_file {
            Some(file) => SigningKey::from_encrypted_pem(pem, &files::read_passphrase(file)?),
            None => SigningKey::from_pem(pem),
        },
        // Not text, so no PEM: the core says what it says of any such file.
        Err(_) => SigningKey::from_pem(""),
    };
    let key = key.map_err(|error| Failure::from(error).at(name.as_str()))?;
    if let Some(mode) = files::open_to_others(path) {
        out.note(&format!("warning: others can read {name} (mode {mode:o}): chmod 600 {name}"));
    }
    Ok(key)
}
