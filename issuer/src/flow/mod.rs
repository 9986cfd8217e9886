//! The rules of a request, from the question to the answer, without HTTP.
//!
//! A request is `open`, then `otp_sent`, then `answered`, then `acknowledged`; it can end before that as `declined`,
//! `failed` or `expired`. Every step is one transaction whose `UPDATE` names the state that it leaves, so that of two
//! calls that come at once, to one instance or to two, one wins and the other finds out.
//!
//! A right password leads to an answer if the register knows the person, or the person [consents](look_up) to the answer 0.
//!
//! Name and number are sealed while the person is asked for the password, and gone with the transaction that answers or
//! ends the request.

pub(crate) mod ack;
mod answered;
mod budget;
pub(crate) mod confirm;
pub(crate) mod create;
pub(crate) mod decline;
mod end;
pub(crate) mod expire;
pub(crate) mod legacy;
pub(crate) mod look_up;
pub(crate) mod otp;
pub(crate) mod pass;
mod row;
pub(crate) mod view;

pub(crate) use budget::Alarms;
pub(crate) use row::{Binding, Kind, Request, State};
pub(crate) use view::{view, webhook_view};

use std::net::IpAddr;

use base64ct::{Base64UrlUnpadded, Encoding};
use kycvs::{Subject, Zeroizing};

use crate::{
    app::App,
    entities::{self, Entity},
    problem::{Problem, ProblemCode, Result},
    replies::Repeatable,
};

/// What a call brings along beside its values.
#[derive(Clone)]
pub(crate) struct Call {
    /// Where it comes from.
    pub(crate) address: IpAddr,
    /// Its `Idempotency-Key`, where it has one.
    pub(crate) repeatable: Option<Repeatable>,
}

/// A new name that nobody can guess: who knows a request's may answer it.
pub(crate) fn new_id() -> Result<String> {
    Ok(Base64UrlUnpadded::encode_string(&random::<16>()?[..]))
}

/// Whether a text has the form of a request's id, so that the database need not be asked about anything else.
pub(crate) fn is_id(text: &str) -> bool {
    let mut bytes = [0; 16];
    text.len() == 22 && Base64UrlUnpadded::decode(text, &mut bytes).is_ok_and(|bytes| bytes.len() == 16)
}

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(&mut *bytes)
        .map_err(|_| Problem::new(ProblemCode::Unavailable, "The system has no random numbers."))?;
    Ok(bytes)
}

/// The entity that asks, or none for an open pass. One that was disabled asks no more: its requests are over.
pub(crate) async fn asking_entity(app: &App, request: &Request) -> Result<Option<Entity>> {
    let Some(id) = &request.entity else { return Ok(None) };
    match entities::by_id(&app.db, id).await? {
        Some(entity) => Ok(Some(entity)),
        None => Err(Problem::new(
            ProblemCode::RequestOver,
            "Who asked is no longer registered here: the request is over.",
        )),
    }
}

/// The name that a person gave, checked and normalised by the core.
///
/// The core passes over whatever is not a letter or a digit. A person who is asked for a name has no use for the signs of
/// programs: who sends them tries something, and is refused here rather than taken for somebody else.
pub(crate) fn name(text: &str) -> Result<Subject> {
    let refused = || Problem::new(ProblemCode::InvalidName, "Give the name as it stands in your records.");
    let of_programs = |letter: char| {
        letter.is_control() && !letter.is_whitespace()
            || letter.is_ascii_punctuation() && !"'-.,()/`".contains(letter)
    };
    if text.chars().any(of_programs) {
        return Err(refused());
    }
    Subject::new(text).map_err(|_| refused())
}

/// The number that goes with the name. A password goes to it, so it has to be in a country that messages are sent to.
pub(crate) fn with_mobile(app: &App, subject: Subject, text: &str) -> Result<Subject> {
    let refused = |detail: String| Problem::new(ProblemCode::InvalidMobile, detail);
    let numbers = &app.config.numbers;
    let subject = numbers.checked(subject, text).map_err(|bad| refused(format!("This is {bad}.")))?;
    if subject.mobile().is_some_and(|number| numbers.sends_to(number)) {
        Ok(subject)
    } else {
        Err(refused("No message is sent to numbers of this country: give another number.".to_owned()))
    }
}

/// Seals a person's name and number, so that only this request's row opens them.
fn seal_person(app: &App, id: &str, person: &Subject) -> Result<Vec<u8>> {
    let mobile = person.mobile().unwrap_or_default();
    let mut text = Zeroizing::new(Vec::with_capacity(mobile.len() + 1 + person.name().len()));
    text.extend_from_slice(mobile.as_bytes());
    text.push(b'\n');
    text.extend_from_slice(person.name().as_bytes());
    Ok(app.secret.seal(&person_context(id), &text)?)
}

/// Opens what [`seal_person`] sealed. What the core normalised once, it leaves as it is.
fn open_person(app: &App, id: &str, sealed: &[u8]) -> Result<Subject> {
    let broken = || Problem::new(ProblemCode::Internal, "What was sealed cannot be read.");
    let text = app.secret.open(&person_context(id), sealed)?;
    let text = std::str::from_utf8(&text).map_err(|_| broken())?;
    let (mobile, name) = text.split_once('\n').ok_or_else(broken)?;
    Subject::new(name).and_then(|subject| subject.with_mobile(mobile)).map_err(|_| broken())
}

fn seal_mobile(app: &App, id: &str, mobile: &str) -> Result<Vec<u8>> {
    Ok(app.secret.seal(&mobile_context(id), mobile.as_bytes())?)
}

fn open_mobile(app: &App, id: &str, sealed: &[u8]) -> Result<Zeroizing<String>> {
    let text = app.secret.open(&mobile_context(id), sealed)?;
    let text = std::str::from_utf8(&text)
        .map_err(|_| Problem::new(ProblemCode::Internal, "What was sealed cannot be read."))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn person_context(id: &str) -> String {
    format!("request:{id}")
}

fn mobile_context(id: &str) -> String {
    format!("request:{id}:known_mobile")
}

/// Text that is shown to people: no control characters, no ends of lines, and none that turn the reading direction, with
/// which it could be made to look like another.
pub(crate) fn is_plain(text: &str) -> bool {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    !text.chars().any(steers)
}

/// What the log calls a request: enough to find it, too little to answer it.
pub(crate) fn short(id: &str) -> &str {
    id.get(..6).unwrap_or(id)
}
