//! `kycvs inspect`: what a token's bytes say, in CBOR diagnostic notation and in words. Nothing is verified.

use kycvs::{Algorithm, Presentation};
use kycvs_diagnostic::notation;
use serde::Serialize;

use crate::args::Inspect;
use crate::failure::{DONE, Failure, Result};
use crate::input::{TokenInput, with_shell_hint};
use crate::output::Output;
use crate::report::{ClaimsObject, ErrorObject};

const NOTE: &str =
    "Nothing here was verified: anyone can write a token that says this. To check it: kycvs verify";

#[derive(Serialize)]
struct Seen {
    ok: bool,
    verified: bool,
    bytes: usize,
    token_bytes: usize,
    algorithm: Option<&'static str>,
    key_id: String,
    claims: ClaimsObject,
    opening: Option<String>,
    diagnostic: String,
}

#[derive(Serialize)]
struct Broken {
    #[serde(flatten)]
    error: ErrorObject,
    verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    diagnostic: Option<String>,
}

pub(crate) fn run(options: &Inspect, out: &mut Output) -> Result<u8> {
    let input = TokenInput::read(&options.token)?;
    match input.presentation() {
        Ok(presentation) => show(&presentation, out),
        Err(failure) => show_broken(&input, with_shell_hint(&options.token, failure), out),
    }
}

fn show(presentation: &Presentation, out: &mut Output) -> Result<u8> {
    let token = presentation.token();
    let seen = Seen {
        ok: true,
        verified: false,
        bytes: presentation.as_bytes().len(),
        token_bytes: token.as_bytes().len(),
        algorithm: token.algorithm().map(Algorithm::name),
        key_id: token.key_id().to_string(),
        claims: ClaimsObject::new(&token.unverified_claims()),
        opening: presentation.opening().map(|opening| hex::encode(opening.as_bytes())),
        diagnostic: notation(presentation.as_bytes()).text,
    };
    if out.is_json() {
        out.object(&seen)?;
        return Ok(DONE);
    }
    let sizes = match &seen.opening {
        Some(_) => format!("{} bytes: a token of {} and its opening", seen.bytes, seen.token_bytes),
        None => format!("{} bytes: a token alone", seen.bytes),
    };
    out.line(NOTE)?;
    out.line(&format!("\n{sizes}\n\n{}\n", seen.diagnostic))?;
    for (label, words) in seen.claims.words() {
        out.line(&format!("  {label:<9} {words}"))?;
    }
    out.line(&format!("  algorithm {}", seen.algorithm.unwrap_or("another than EdDSA and Ed25519")))?;
    out.line(&format!("  key id    {}", seen.key_id))?;
    Ok(DONE)
}

/// As much as can be read, and the code that says why it is no token.
fn show_broken(input: &TokenInput, failure: Failure, out: &mut Output) -> Result<u8> {
    let bytes = input.bytes_to_show();
    let diagnostic = bytes.map(|bytes| notation(&bytes).text);
    if out.is_json() {
        out.object(&Broken { error: ErrorObject::new(&failure), verified: false, diagnostic })?;
        return Ok(failure.exit_status());
    }
    if let Some(diagnostic) = diagnostic {
        out.line(NOTE)?;
        out.line(&format!("\n{diagnostic}"))?;
    }
    Err(failure)
}
