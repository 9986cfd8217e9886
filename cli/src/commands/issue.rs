//! `kycvs issue`: one answer.

use std::path::Path;

use kycvs::{Issuer, IssuerName, Policy, SigningKey, Timestamp};

use super::answer::{AnswerFields, Issued};
use super::issue_batch;
use crate::args::Issue;
use crate::failure::{DONE, Failure, Result};
use crate::files::{self, Readers};
use crate::input;
use crate::output::Output;
use crate::subject;

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
    let fields = AnswerFields {
        status,
        purpose,
        audience: options.audience.as_deref(),
        nonce: options.nonce.as_deref(),
        subject: subject::from_options(&options.subject)?,
        valid_for: options.valid_for,
        specimen: options.specimen,
    };
    let presentation = issuer.issue_at(&fields.answer()?, options.now.unwrap_or_else(Timestamp::now))?;

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
