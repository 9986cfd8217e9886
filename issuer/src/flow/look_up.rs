//! Asks the register about the person, once the right password has come, and goes on if it does not know them.
//!
//! Then nothing is signed, and the request, its webhooks and the log stay as they are. The page says to the person that there
//! is no record. They can correct the name a few times, decline, or consent to the answer 0. That consent carries the
//! *acceptance* that came with the reply: a keyed hash of the request, the password's round, the name and the number. So the
//! consent cannot come before the reply, or be for another name.
//!
//! For the calls of 2021, the entity's own server enters the password. It gets no acceptance: the person goes on at our
//! page, with a password of its own (see [`legacy`](super::legacy)).

use axum::http::StatusCode;
use base64ct::{Base64UrlUnpadded, Encoding};
use kycvs::{Status, Subject, Zeroizing};
use serde::Serialize;

use crate::{
    app::App,
    db::Tx,
    problem::{Problem, ProblemCode, Result},
    records::Doses,
    replies::Reply,
    secret::{KeyedHash, Use},
};

use super::{Kind, Request, State, create::invalid, open_person, seal_person, short};

/// How often the name of one request can be corrected, over all of its passwords.
const MOST_CORRECTIONS: i64 = 3;

/// The same for this request. A client of 2021 takes the status for that of the name that it sent, so only its entity can
/// correct that name, with a new request.
fn most_corrections(request: &Request) -> i64 {
    if request.kind == Kind::Legacy { 0 } else { MOST_CORRECTIONS }
}

/// What the person says beside the password.
pub(crate) enum Said {
    /// Nothing: the name stays as it is.
    Nothing,
    /// The name is another. Without a number.
    Name(Subject),
    /// Consent to the answer 0: the acceptance that came with the reply that there is no record.
    Acceptance([u8; 32]),
}

impl Said {
    pub(crate) fn new(name: Option<&Zeroizing<String>>, acceptance: Option<&str>) -> Result<Self> {
        match (name, acceptance) {
            (None, None) => Ok(Self::Nothing),
            (Some(name), None) => super::name(name).map(Self::Name),
            (None, Some(acceptance)) => {
                let mut buffer = [0; 32];
                let bytes = Base64UrlUnpadded::decode(acceptance, &mut buffer).ok();
                bytes
                    .and_then(|bytes| bytes.try_into().ok())
                    .map(Self::Acceptance)
                    .ok_or_else(|| invalid("`accept_no_record` is the `acceptance` of an earlier reply."))
            }
            (Some(_), Some(_)) => {
                Err(invalid("Correct the name or accept that there is no record, not both at once."))
            }
        }
    }
}

/// The result of a confirmation with the right password.
pub(super) enum Finding {
    /// This person is answered with this status.
    Answer(Subject, Status),
    /// The register does not know this person.
    NoRecord { person: Subject, is_corrected: bool },
    /// The name was corrected too often; the register was not asked.
    CorrectionsUsedUp,
}

impl Finding {
    /// Asks the register.
    pub(super) async fn of(app: &App, request: &Request, said: &Said) -> Result<Self> {
        let sealed = request.sealed.as_deref().ok_or_else(|| {
            Problem::new(ProblemCode::Internal, "The request does not say who it is about.")
        })?;
        let before = open_person(app, &request.id, sealed)?;
        let (person, is_corrected) = match said {
            Said::Name(name) if name.name() != before.name() => {
                let mobile = before.mobile().unwrap_or_default();
                (super::with_mobile(app, name.clone(), mobile)?, true)
            }
            _ => (before, false),
        };
        if is_corrected && request.corrections >= most_corrections(request) {
            return Ok(Self::CorrectionsUsedUp);
        }
        if let Some(doses) = doses(app, request, &person).await? {
            return Ok(Self::Answer(person, doses.status()));
        }
        match said {
            Said::Acceptance(given) if acceptance(app, request, &person).is(given) => {
                Ok(Self::Answer(person, Status::NotVaccinated))
            }
            _ => Ok(Self::NoRecord { person, is_corrected }),
        }
    }
}

async fn doses(app: &App, request: &Request, person: &Subject) -> Result<Option<Doses>> {
    app.records.find(person).await.map_err(|error| {
        tracing::warn!(request = short(&request.id), error = error.0, "the records are away");
        Problem::new(
            ProblemCode::Unavailable,
            "The records are away. The password stays good for its time: try again in a moment.",
        )
        .retry_after(5)
    })
}

fn acceptance(app: &App, request: &Request, person: &Subject) -> KeyedHash {
    let round = request.otp_round.to_be_bytes();
    let mobile = person.mobile().unwrap_or_default();
    let parts = [request.id.as_bytes(), &round, mobile.as_bytes(), person.name().as_bytes()];
    app.secret.hash(Use::Acceptance, &parts)
}

/// A right password that did not lead to an answer, as the calls of a person get it.
#[derive(Serialize)]
struct Unanswered {
    state: State,
    no_record: NoRecord,
}

#[derive(Serialize)]
struct NoRecord {
    /// What consents to the answer 0.
    acceptance: String,
    corrections_left: i64,
    /// The name that was looked for, if the person did not type it on the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// Says that there is no record, and keeps the name that was looked for. The password was right: it costs no try.
pub(super) async fn say_no_record(
    tx: &mut Tx,
    app: &App,
    request: &Request,
    person: &Subject,
    is_corrected: bool,
) -> Result<Reply> {
    give_try_back(tx, request).await?;
    let corrections = request.corrections + i64::from(is_corrected);
    if is_corrected {
        sqlx::query("UPDATE requests SET sealed = $1, corrections = $2 WHERE id = $3")
            .bind(seal_person(app, &request.id, person)?)
            .bind(corrections)
            .bind(&request.id)
            .execute(&mut **tx)
            .await?;
    }
    let no_record = NoRecord {
        acceptance: Base64UrlUnpadded::encode_string(acceptance(app, request, person).as_bytes()),
        corrections_left: (most_corrections(request) - corrections).max(0),
        name: (request.kind == Kind::Legacy).then(|| person.name().to_owned()),
    };
    Reply::new(StatusCode::OK, &Unanswered { state: State::OtpSent, no_record })
}

/// Says that the name cannot be corrected once more.
pub(super) async fn say_used_up(tx: &mut Tx, request: &Request) -> Result<Reply> {
    give_try_back(tx, request).await?;
    Ok(Reply::of_problem(&Problem::new(
        ProblemCode::CorrectionsUsedUp,
        "The name was corrected as often as it can be. Decline, or consent to the answer 0.",
    )))
}

pub(super) async fn give_try_back(tx: &mut Tx, request: &Request) -> Result<()> {
    sqlx::query("UPDATE requests SET tries = tries - 1 WHERE id = $1")
        .bind(&request.id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
