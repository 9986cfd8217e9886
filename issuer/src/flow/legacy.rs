//! The calls of 2021: the entity's own server takes name and number, and hands the password on.
//!
//! They make the same requests under other names: `txnId` is a request's id, and the bearer token leads to its answer,
//! which is the entity's whose key began it, for the purpose `vaccination-status`, bound to the name and number. All calls come from one server, so
//! that limits by address would be limits on the entity; those by number and by entity, and the tries, are the same.
//!
//! If there is no record, the person chooses, and the entity's server must not choose for them. So the password of this
//! call is void then, and the request goes on at our page, as one that carries name and number. The page sends a password
//! of its own. The reply has the page's address, and the bearer token that leads to the answer once the person has
//! consented. It does not say why.

use axum::http::StatusCode;
use base64ct::{Base64UrlUnpadded, Encoding};
use kycvs::{Presentation, Subject, Zeroizing};
use serde::Serialize;
use sqlx::Row;

use crate::{
    app::App,
    db::Tx,
    delivery::NotDelivered,
    entities::Entity,
    limits::Limit,
    otp::{Language, Proof},
    problem::{Problem, ProblemCode, Result},
    replies::{self, Reply},
    secret::{KeyedHash, Use},
};

use super::{
    Binding, Call, Kind, Request, State, budget,
    confirm::{Attempt, too_busy},
    look_up::{Said, give_try_back},
    new_id,
    otp::{Password, begin_with_limits, give_back_of_failed, not_delivered},
    random, row, seal_mobile, seal_person, view,
};

/// What the answers to these calls are for: they could not say.
const PURPOSE: &str = "vaccination-status";

#[derive(Serialize)]
struct Generated<'a> {
    #[serde(rename = "txnId")]
    txn_id: &'a str,
}

/// `generateOTP`: begins a request and sends its password. Once begun it goes on to its end, even where the connection
/// breaks.
pub(crate) async fn generate(
    app: &App,
    call: &Call,
    entity: Entity,
    name: &str,
    mobile: &str,
) -> Result<Reply> {
    let subject = super::with_mobile(app, super::name(name)?, mobile)?;
    let (tasks, app, call) = (&app.tasks, app.clone(), call.clone());
    let sending = async move {
        replies::once(&app, call.repeatable.as_ref(), generate_once(&app, &call, &entity, &subject)).await
    };
    tasks
        .spawn(sending)
        .await
        .unwrap_or_else(|_| Err(Problem::new(ProblemCode::Internal, "Sending the password broke off.")))
}

async fn generate_once(app: &App, call: &Call, entity: &Entity, subject: &Subject) -> Result<Reply> {
    let id = new_id()?;
    let lifetime = i64::from(app.config.answers.request_lifetime);
    let password = Password::draw(app, &id, 1, app.clock.now() + lifetime)?;
    let reply = Reply::new(StatusCode::OK, &Generated { txn_id: &id })?;
    store(app, call, entity, subject, &password).await?;
    if let Err(error) = password.deliver(app, subject, Language::default(), &entity.name, None).await {
        take_back(app, call, entity, subject, &password, &error).await?;
        return Err(not_delivered());
    }
    replies::finish(app, call.repeatable.as_ref(), &reply).await?;
    app.metrics.request_created(Kind::Legacy);
    Ok(reply)
}

async fn store(
    app: &App,
    call: &Call,
    entity: &Entity,
    subject: &Subject,
    password: &Password,
) -> Result<()> {
    let answers = &app.config.answers;
    let sealed = seal_person(app, &password.request, subject)?;
    let hash = password.hash(app);
    let mut tx = begin_with_limits(app, &[Limit::RequestByEntity(&entity.id)], subject).await?;
    sqlx::query(
        "INSERT INTO requests (id, kind, entity, purpose, valid_for, binding, state, created_at, expires_at, \
         otp_round, otp_hash, otp_sent_at, otp_expires_at, sealed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $8, $11, $12)",
    )
    .bind(&password.request)
    .bind(Kind::Legacy.as_str())
    .bind(&entity.id)
    .bind(PURPOSE)
    .bind(i64::from(answers.valid_for))
    // The entity sent both, so it can check both.
    .bind(Binding::NameAndMobile.as_str())
    .bind(State::OtpSent.as_str())
    .bind(password.sent_at)
    .bind(password.sent_at + i64::from(answers.request_lifetime))
    .bind(hash.as_bytes())
    .bind(password.expires_at)
    .bind(sealed)
    .execute(&mut *tx)
    .await?;
    replies::begin(&mut tx, app, call.repeatable.as_ref(), &password.request).await?;
    budget::take(&mut tx, app, Some(&entity.id)).await?;
    tx.commit().await?;
    Ok(())
}

/// The message was not handed over: there is no request, and the number gets back what the password cost. Nobody can have
/// guessed at it, since nobody knows the request's id.
async fn take_back(
    app: &App,
    call: &Call,
    entity: &Entity,
    subject: &Subject,
    password: &Password,
    error: &NotDelivered,
) -> Result<()> {
    let mut tx = app.db.begin().await?;
    if !error.was_refused {
        Limit::RequestByEntity(&entity.id).give_back_whole(&mut tx, app).await?;
    }
    give_back_of_failed(&mut tx, app, subject, password, error.may_have_arrived).await?;
    sqlx::query("DELETE FROM requests WHERE id = $1 AND state = 'otp_sent'")
        .bind(&password.request)
        .execute(&mut *tx)
        .await?;
    // A message that may have arrived cost money.
    if !error.may_have_arrived {
        budget::give_back(&mut tx, app, Some(&entity.id)).await?;
    }
    replies::give_up(&mut tx, call.repeatable.as_ref()).await?;
    tx.commit().await?;
    Ok(())
}

/// A bearer token, and the hash that it is known by.
pub(super) struct Session {
    token: Zeroizing<String>,
    pub(super) hash: KeyedHash,
}

impl Session {
    fn draw(app: &App) -> Result<Self> {
        let token = Zeroizing::new(Base64UrlUnpadded::encode_string(&random::<32>()?[..]));
        let hash = app.secret.hash(Use::Session, &[token.as_bytes()]);
        Ok(Self { token, hash })
    }
}

#[derive(Serialize)]
struct Confirmed<'a> {
    token: &'a str,
}

/// `confirmOTP`: as [`confirm`](super::confirm::confirm()), answered with a bearer token for the answer.
pub(crate) async fn confirm(app: &App, call: &Call, id: &str, proof: &Proof) -> Result<Reply> {
    replies::once(app, call.repeatable.as_ref(), async {
        let session = Session::draw(app)?;
        for _ in 0..super::confirm::LOOKS {
            let request = Request::find(app, id).await?;
            if request.kind != Kind::Legacy {
                return Err(row::not_found());
            }
            // The page's password is not for the entity's server.
            if request.has_page() {
                request.must_live(app.clock.now())?;
                return Err(continue_on_page(app, id));
            }
            let attempt = Attempt {
                app,
                call,
                request: &request,
                proof,
                said: &Said::Nothing,
                session: Some(&session),
            };
            let write = |_: &_| Reply::new(StatusCode::OK, &Confirmed { token: &session.token });
            if let Some(reply) = attempt.make(&write).await? {
                return Ok(reply);
            }
        }
        Err(too_busy())
    })
    .await
}

/// Hands a request over to our page, since there is no record. The password was right: it costs no try.
pub(super) async fn hand_over(
    tx: &mut Tx,
    app: &App,
    request: &Request,
    person: &Subject,
    session: Option<&Session>,
) -> Result<Reply> {
    let session =
        session.ok_or_else(|| Problem::new(ProblemCode::Internal, "A call of 2021 has no bearer token."))?;
    give_try_back(tx, request).await?;
    sqlx::query(
        "UPDATE requests SET state = 'open', otp_hash = NULL, otp_sent_at = NULL, otp_expires_at = NULL, \
         known_mobile = $1, session_hash = $2 WHERE id = $3",
    )
    .bind(seal_mobile(app, &request.id, person.mobile().unwrap_or_default())?)
    .bind(session.hash.as_bytes())
    .bind(&request.id)
    .execute(&mut **tx)
    .await?;
    Ok(Reply::of_problem(&continue_on_page(app, &request.id).with("token", session.token.as_str())))
}

/// A client of 2021 takes every success for an answer, so this is none.
fn continue_on_page(app: &App, id: &str) -> Problem {
    Problem::new(
        ProblemCode::ContinueOnPage,
        "Nothing was signed. Open the address `url` for the person, and ask `status` again with the `token` later.",
    )
    .with("url", view::address(app, &format!("/embed/{id}")))
}

/// The answer, as these calls give it.
#[derive(Serialize)]
pub(crate) struct Status {
    vaccination_status: u8,
    presentation: String,
}

/// `status`: the answer that this bearer token leads to, as long as it lives.
pub(crate) async fn status(app: &App, token: &str) -> Result<Status> {
    let unknown = || {
        Problem::new(
            ProblemCode::Unauthorized,
            "There is no such token, or the answer that it led to is over.",
        )
    };
    let row = sqlx::query("SELECT id FROM requests WHERE session_hash = $1")
        .bind(app.secret.hash(Use::Session, &[token.as_bytes()]).as_bytes())
        .fetch_optional(app.db.reader())
        .await?
        .ok_or_else(unknown)?;
    let request = Request::find(app, &row.try_get::<String, _>("id")?).await?;
    let now = app.clock.now();
    let Some(presentation) = &request.presentation else {
        // Declined, failed, or too late.
        request.must_live(now)?;
        super::asking_entity(app, &request).await?;
        return Err(continue_on_page(app, &request.id));
    };
    if request.state(now) != State::Answered {
        return Err(unknown());
    }
    let presentation = Presentation::from_bytes(presentation)
        .map_err(|_| Problem::new(ProblemCode::Internal, "The stored answer cannot be read."))?;
    Ok(Status {
        vaccination_status: presentation.token().unverified_claims().status().number(),
        presentation: Base64UrlUnpadded::encode_string(presentation.as_bytes()),
    })
}
