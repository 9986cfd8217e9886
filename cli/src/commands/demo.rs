//! `kycvs demo`: the whole story, with nothing to prepare and nothing left behind.

use std::time::Duration;

use kycvs::{
    Answer, Audience, ErrorCode, Expectation, Issuer, IssuerName, Nonce, Policy, Presentation, Purpose,
    RandomSource, SigningKey, Status, Subject, SystemRandom, Timestamp, TrustStore, TrustedKey, Verdict,
    Verifier,
};
use serde::Serialize;

use crate::failure::{DONE, Failure, Result};
use crate::output::Output;
use crate::qr::Code;
use crate::report::{ClaimsObject, ErrorObject, VerdictObject};

const ISSUER: &str = "in.gov.cowin";
const AUDIENCE: &str = "irctc.co.in";
const PURPOSE: &str = "rail-booking";
/// The name as the issuer knows it, as the booking has it, and another one.
const NAME: &str = "Asha R. Verma";
const BOOKED_NAME: &str = "ASHA R VERMA";
const OTHER_NAME: &str = "Asha B. Verma";
const MINUTES: u64 = 15;
const HOUR: u64 = 3_600;

/// What happened, for `--json`.
#[derive(Serialize)]
struct Story {
    ok: bool,
    key_id: String,
    text: String,
    token_bytes: usize,
    presentation_bytes: usize,
    qr_version: i16,
    claims: ClaimsObject,
    verdict: VerdictObject,
    refusals: Vec<Refusal>,
}

#[derive(Serialize)]
struct Refusal {
    what: &'static str,
    #[serde(flatten)]
    error: ErrorObject,
}

pub(crate) fn run(out: &mut Output) -> Result<u8> {
    let now = Timestamp::now();
    let issuer = Issuer::new(IssuerName::new(ISSUER)?, SigningKey::generate()?);
    let key_id = issuer.verifying_key().key_id().to_string();
    let nonce = random_nonce()?;
    let answer =
        Answer::new(Status::FullyVaccinated, Purpose::new(PURPOSE)?, Duration::from_secs(MINUTES * 60))
            .with_audience(Audience::new(AUDIENCE)?)
            .with_nonce(nonce.clone())
            .with_subject(Subject::new(NAME)?);
    let presentation = issuer.issue_at(&answer, now)?;
    let text = presentation.to_text();
    let code = Code::new(&text)?;

    let gate = Gate {
        trust: TrustStore::new()
            .with(TrustedKey::new(issuer.name().clone(), issuer.verifying_key().clone()))?,
        nonce,
        now,
    };
    let verdict = gate.check(presentation.as_bytes(), &Question::default())?;
    let story = Story {
        ok: true,
        key_id,
        token_bytes: presentation.token().as_bytes().len(),
        presentation_bytes: presentation.as_bytes().len(),
        qr_version: code.version(),
        claims: ClaimsObject::new(&presentation.token().unverified_claims()),
        verdict: VerdictObject::new(&verdict, Status::FullyVaccinated),
        refusals: refusals(&gate, &presentation)?,
        text,
    };
    if out.is_json() {
        out.object(&story)?;
    } else {
        tell(&story, &verdict, &gate.nonce, &code, out)?;
    }
    Ok(DONE)
}

/// The verifying entity: what it trusts, the challenge that it gave, and its clock.
struct Gate {
    trust: TrustStore,
    nonce: Nonce,
    now: Timestamp,
}

/// What the verifying entity asks of an answer, where it is not what it asked for.
#[derive(Default)]
struct Question<'a> {
    audience: Option<&'a str>,
    nonce: Option<Nonce>,
    name: Option<&'a str>,
    later: u64,
}

impl Gate {
    fn check(&self, presentation: &[u8], question: &Question<'_>) -> Result<Verdict> {
        let policy = Policy::audience(Audience::new(question.audience.unwrap_or(AUDIENCE))?);
        let expectation = Expectation::nonce(question.nonce.clone().unwrap_or_else(|| self.nonce.clone()))
            .with_purpose(Purpose::new(PURPOSE)?)
            .with_subject(Subject::new(question.name.unwrap_or(BOOKED_NAME))?);
        let now = Timestamp::from_secs(self.now.as_secs() + question.later);
        Ok(Verifier::new(self.trust.clone(), policy).verify_at(presentation, &expectation, now)?)
    }
}

/// The same answer where something about it is wrong, and what is said to it.
fn refusals(gate: &Gate, presentation: &Presentation) -> Result<Vec<Refusal>> {
    let good = Question::default();
    let other = |question| gate.check(presentation.as_bytes(), &question);
    let cases = [
        ("a flipped bit", ErrorCode::BadSignature, gate.check(&one_bit_flipped(presentation), &good)),
        (
            "another audience",
            ErrorCode::WrongAudience,
            other(Question { audience: Some("pvrinox.com"), ..good }),
        ),
        (
            "another nonce",
            ErrorCode::WrongNonce,
            other(Question { nonce: Some(random_nonce()?), ..Question::default() }),
        ),
        (
            "another name",
            ErrorCode::WrongSubject,
            other(Question { name: Some(OTHER_NAME), ..Question::default() }),
        ),
        ("an hour later", ErrorCode::Expired, other(Question { later: HOUR, ..Question::default() })),
    ];
    cases
        .into_iter()
        .map(|(what, code, result)| match result {
            Err(failure) if failure.code() == code.as_str() => {
                Ok(Refusal { what, error: ErrorObject::new(&failure) })
            }
            Err(failure) => Err(failure),
            Ok(_) => Err(Failure::Usage(format!("{what} was not noticed: this program must not be used"))),
        })
        .collect()
}

/// The purpose read `rail-booking`; now it reads `sail-booking`.
fn one_bit_flipped(presentation: &Presentation) -> Vec<u8> {
    let mut bytes = presentation.as_bytes().to_vec();
    if let Some(place) = bytes.windows(PURPOSE.len()).position(|window| window == PURPOSE.as_bytes()) {
        bytes[place] ^= 1;
    }
    bytes
}

fn random_nonce() -> Result<Nonce> {
    let mut bytes = [0; 16];
    SystemRandom.fill(&mut bytes).map_err(|error| Failure::Io(format!("no random bytes: {error}")))?;
    Ok(Nonce::new(&bytes)?)
}

fn tell(story: &Story, verdict: &Verdict, nonce: &Nonce, code: &Code, out: &mut Output) -> Result<()> {
    let status = format!("{}, {}", verdict.status().number(), verdict.status());
    let nonce = hex::encode(nonce.as_bytes());
    let (token, all) = (story.token_bytes, story.presentation_bytes);

    out.line("1. An issuer has a key, and verifiers trust it for the issuer's name\n")?;
    row(out, "issuer", ISSUER)?;
    row(out, "key id", &story.key_id)?;

    out.line(&format!("\n2. {NAME} books a train and consents to one answer for {AUDIENCE}\n"))?;
    row(out, "status", &status)?;
    row(out, "audience", AUDIENCE)?;
    row(out, "purpose", PURPOSE)?;
    row(out, "nonce", &nonce)?;
    row(out, "subject", "bound to the name, which is not in it")?;
    row(out, "good for", &format!("{MINUTES} minutes"))?;
    row(out, "size", &format!("{token} bytes; {all} with the opening, by which the name is checked"))?;

    out.line(&format!("\n3. It is shown as a QR code (version {}, level M)\n", story.qr_version))?;
    if out.columns().is_some_and(|columns| columns < code.full_width()) {
        out.line(&format!(
            "   (the terminal is too narrow to show it: it needs {} columns)",
            code.full_width()
        ))?;
    } else {
        out.text(&code.for_terminal(out.colours()))?;
    }

    out.line(&format!(
        "\n4. {AUDIENCE} checks it against its challenge and the booked name, {BOOKED_NAME}\n"
    ))?;
    row(out, "good", &format!("{status}; the name matches"))?;

    out.line("\n5. The same answer, when anything about it is wrong\n")?;
    for refusal in &story.refusals {
        let (code, number) = refusal.error.code();
        out.line(&format!("   {:<16}  refused: {code} ({number})", refusal.what))?;
    }
    out.line("\nNothing was written to disk. Next: kycvs keygen --help")
}

fn row(out: &mut Output, label: &str, value: &str) -> Result<()> {
    out.line(&format!("   {label:<8}  {value}"))
}
