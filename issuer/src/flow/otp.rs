//! `POST /v1/requests/{id}/otp`: a person says who they are, and is sent a one-time password.
//!
//! The same is done for every number, whether or not it is on record; nothing here asks the records.

use axum::http::StatusCode;
use kycvs::{Subject, Zeroizing};
use serde::Serialize;
use sqlx::Row;

use crate::{
    app::App,
    db::Tx,
    delivery::{Message, NotDelivered},
    limits::{Limit, Taken},
    otp::{Language, Otp},
    problem::{Problem, ProblemCode, Result},
    replies::{self, Reply},
    secret::{KeyedHash, Use},
};

use super::{
    Binding, Call, Kind, Request, State, budget, create::invalid, open_mobile, open_person, seal_person,
    short,
};

/// What a person types.
pub(crate) struct Person {
    pub(crate) name: Option<Zeroizing<String>>,
    pub(crate) mobile: Option<Zeroizing<String>>,
    pub(crate) language: Option<String>,
}

#[derive(Serialize)]
struct Sent {
    state: State,
    otp_expires_at: i64,
    resend_at: i64,
    tries_left: i64,
}

/// Sends a password. Once begun it goes on to its end, even where the person's connection breaks.
pub(crate) async fn send(app: &App, call: &Call, id: &str, person: Person) -> Result<Reply> {
    let (tasks, app, call, id) = (&app.tasks, app.clone(), call.clone(), id.to_owned());
    let sending = async move {
        replies::once(&app, call.repeatable.as_ref(), send_once(&app, &call, &id, person)).await
    };
    tasks
        .spawn(sending)
        .await
        .unwrap_or_else(|_| Err(Problem::new(ProblemCode::Internal, "Sending the password broke off.")))
}

async fn send_once(app: &App, call: &Call, id: &str, person: Person) -> Result<Reply> {
    let request = Request::find_for_person(app, id).await?;
    may_send(app, &request)?;
    let language = language(person.language.as_deref())?;
    let subject = subject(app, &request, &person)?;
    let asker = asker(app, &request).await?;
    let password = Password::draw(app, id, request.otp_round + 1, request.expires_at)?;
    store(app, call, &request, &subject, &password).await?;

    // The entity of a call of 2021 has asked for a password in a page of its own. This one is for ours.
    let only_at = (request.kind == Kind::Legacy).then(|| app.config.public_url.authority());
    if let Err(error) = password.deliver(app, &subject, language, &asker, only_at).await {
        take_back(app, call, &request, &subject, &password, &error).await?;
        return Err(not_delivered());
    }
    let sent = Sent {
        state: State::OtpSent,
        otp_expires_at: password.expires_at,
        resend_at: password.sent_at + i64::from(app.config.otp.resend_after),
        tries_left: request.tries_left(app),
    };
    let reply = Reply::new(StatusCode::ACCEPTED, &sent)?;
    replies::finish(app, call.repeatable.as_ref(), &reply).await?;
    Ok(reply)
}

fn may_send(app: &App, request: &Request) -> Result<()> {
    let now = app.clock.now();
    request.must_live(now)?;
    match request.resend_at(app) {
        Some(at) if at > now => Err(Problem::new(
            ProblemCode::TooManyRequests,
            "A password was just sent. Wait before you ask for another.",
        )
        .retry_after(u64::try_from(at - now).unwrap_or(1))),
        _ => Ok(()),
    }
}

fn language(tag: Option<&str>) -> Result<Language> {
    tag.map_or(Some(Language::default()), Language::from_tag)
        .ok_or_else(|| invalid("`language` is `en` or `hi`."))
}

/// Who the person says they are: with the number that they gave, or with the one that the entity gave. A client of 2021
/// gave both, and takes the status for that of this person.
fn subject(app: &App, request: &Request, person: &Person) -> Result<Subject> {
    if request.kind == Kind::Legacy {
        return match (person, &request.sealed) {
            (Person { name: None, mobile: None, .. }, Some(sealed)) => open_person(app, &request.id, sealed),
            _ => Err(invalid("The request carries name and number: leave `name` and `mobile` out.")),
        };
    }
    let subject = super::name(person.name.as_ref().ok_or_else(|| invalid("`name` is missing."))?)?;
    match (&person.mobile, request.binding, &request.known_mobile) {
        (Some(mobile), Binding::None | Binding::Name, _) => super::with_mobile(app, subject, mobile),
        (None, Binding::NameAndMobile, Some(known)) => {
            super::with_mobile(app, subject, &open_mobile(app, &request.id, known)?)
        }
        (None, Binding::None | Binding::Name, _) => Err(invalid("`mobile` is missing.")),
        (_, Binding::NameAndMobile, _) => {
            Err(invalid("The request carries the number that the password goes to: leave `mobile` out."))
        }
    }
}

/// The name of who asks, for the message; an open pass is asked for by the person, of the issuer.
async fn asker(app: &App, request: &Request) -> Result<String> {
    let entity = super::asking_entity(app, request).await?;
    Ok(entity.map_or_else(|| app.config.display_name.clone(), |entity| entity.name))
}

/// A password for one round of one request.
pub(super) struct Password {
    pub(super) request: String,
    round: i64,
    otp: Otp,
    pub(super) sent_at: i64,
    pub(super) expires_at: i64,
}

impl Password {
    pub(super) fn draw(app: &App, request: &str, round: i64, request_expires_at: i64) -> Result<Self> {
        let sent_at = app.clock.now();
        let expires_at = (sent_at + i64::from(app.config.otp.lifetime)).min(request_expires_at);
        Ok(Self { request: request.to_owned(), round, otp: Otp::draw()?, sent_at, expires_at })
    }

    pub(super) fn hash(&self, app: &App) -> KeyedHash {
        self.otp.proof().hash(&app.secret, &self.request, self.round)
    }

    /// Names the message, the same each time that it is repeated. Not by the request's id: who delivers the message has
    /// the password in it, and must not be able to use it.
    fn message_id(&self, app: &App) -> String {
        let parts = [self.request.as_bytes(), &self.round.to_be_bytes()];
        format!("otp_{}", hex::encode(&app.secret.hash(Use::MessageId, &parts).as_bytes()[..16]))
    }

    /// Hands the message over.
    pub(super) async fn deliver(
        &self,
        app: &App,
        to: &Subject,
        language: Language,
        asker: &str,
        only_at: Option<&str>,
    ) -> Result<(), NotDelivered> {
        let message = Message {
            to: Zeroizing::new(number(to).to_owned()),
            text: self.otp.message(language, asker, only_at, app.config.otp.lifetime),
            id: self.message_id(app),
            expires_at: self.expires_at,
        };
        let delivered = app.gateway.deliver(&message).await;
        match &delivered {
            Ok(()) => app.metrics.otp_sent(),
            Err(error) => {
                app.metrics.otp_failed();
                tracing::warn!(request = short(&self.request), %error, "a password was not delivered");
            }
        }
        delivered
    }
}

pub(super) fn not_delivered() -> Problem {
    Problem::new(
        ProblemCode::OtpNotDelivered,
        "The message with the password could not be sent. Try again in a moment.",
    )
    .retry_after(RETRY_AFTER)
}

/// Seconds after which a gateway that was down is worth another try.
const RETRY_AFTER: u64 = 10;

/// Writes the password's hash down, and who the person says they are, before the message leaves: a message whose
/// password is not known would be worse than a password whose message never left.
async fn store(
    app: &App,
    call: &Call,
    request: &Request,
    subject: &Subject,
    password: &Password,
) -> Result<()> {
    let sealed = seal_person(app, &request.id, subject)?;
    let hash = password.hash(app);
    let askers = of_asker(call, request);
    let mut tx = begin_with_limits(app, &askers, subject).await?;
    let done = sqlx::query(
        "UPDATE requests SET state = 'otp_sent', otp_round = otp_round + 1, otp_hash = $1, otp_sent_at = $2, \
         otp_expires_at = $3, sealed = $4 \
         WHERE id = $5 AND otp_round = $6 AND state IN ('open', 'otp_sent') AND expires_at > $2",
    )
    .bind(hash.as_bytes())
    .bind(password.sent_at)
    .bind(password.expires_at)
    .bind(sealed)
    .bind(&request.id)
    .bind(request.otp_round)
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 0 {
        // Another call was quicker: the limits that were taken go back with the transaction.
        tx.rollback().await?;
        may_send(app, &Request::find(app, &request.id).await?)?;
        return Err(Problem::new(
            ProblemCode::WrongState,
            "Another call about this request came at the same time.",
        ));
    }
    replies::begin(&mut tx, app, call.repeatable.as_ref(), &request.id).await?;
    budget::take(&mut tx, app, request.entity.as_deref()).await?;
    tx.commit().await?;
    Ok(())
}

/// A transaction that has taken one of each limit of the asker and of the number. The asker pays also if the number has
/// none left: otherwise anybody could probe numbers without end.
pub(super) async fn begin_with_limits(app: &App, askers: &[Limit<'_>], subject: &Subject) -> Result<Tx> {
    let mut tx = begin_with_askers(app, askers).await?;
    for limit in of_number(subject) {
        let Err(refused) = limit.take(&mut tx, app).await else { continue };
        tx.rollback().await?;
        if refused.code == ProblemCode::TooManyRequests {
            begin_with_askers(app, askers).await?.commit().await?;
        }
        return Err(refused);
    }
    Ok(tx)
}

async fn begin_with_askers(app: &App, askers: &[Limit<'_>]) -> Result<Tx> {
    let mut tx = app.db.begin().await?;
    for asker in askers {
        asker.take(&mut tx, app).await?;
    }
    Ok(tx)
}

/// The limits on whoever asks for a password. Everyone locks these rows in this order.
fn of_asker<'a>(call: &Call, request: &'a Request) -> [Limit<'a>; 2] {
    [Limit::OtpFromAddress(call.address, request.entity.as_deref()), Limit::OtpFromNetwork(call.address)]
}

/// The limits that a password takes one of: the guesses at its number, the messages to it, and those that the gateway took.
/// Everyone locks these rows in this order.
fn of_number(subject: &Subject) -> [Limit<'_>; 3] {
    let number = number(subject);
    [Limit::OtpToNumber(number), Limit::MessageToNumber(number), Limit::DailyMessageToNumber(number)]
}

/// Gives back what the right password cost its asker and its number. The asker is a person who consents. The number's owner has the phone and wanted the message, so only the wrong
/// tries at it stay counted. The message itself was paid for: the daily limit gets nothing back, because the owner of a number
/// that earns money by messages enters all passwords right.
pub(super) async fn give_back_of_right(
    tx: &mut Tx,
    app: &App,
    call: &Call,
    request: &Request,
    subject: &Subject,
) -> Result<()> {
    let Some(at) = request.otp_sent_at else { return Ok(()) };
    // The calls of 2021 all come from their entity's server.
    if request.has_page() {
        for asker in of_asker(call, request) {
            asker.give_back_whole(tx, app).await?;
        }
    }
    let [guesses, message, _] = of_number(subject);
    let tries = i64::from(app.config.otp.tries);
    guesses.give_back(tx, app, Taken { at, spent: request.tries, parts: tries }).await?;
    message.give_back(tx, app, Taken::unused(at)).await
}

/// Gives the number back what a message cost that was not handed over. Its password cannot be guessed at any more. If the
/// message may have arrived, it stays counted as a message. It does not count for the daily limit: a number would be locked
/// out for hours after an outage.
pub(super) async fn give_back_of_failed(
    tx: &mut Tx,
    app: &App,
    subject: &Subject,
    password: &Password,
    may_have_arrived: bool,
) -> Result<()> {
    let [guesses, message, daily] = of_number(subject);
    guesses.give_back(tx, app, Taken::unused(password.sent_at)).await?;
    if !may_have_arrived {
        message.give_back(tx, app, Taken::unused(password.sent_at)).await?;
    }
    daily.give_back_whole(tx, app).await
}

/// The message was not handed over: the request is as it was before the first password, and the number gets back what the
/// password cost, unless somebody guessed at it in the meantime. An earlier password stays void.
async fn take_back(
    app: &App,
    call: &Call,
    request: &Request,
    subject: &Subject,
    password: &Password,
    error: &NotDelivered,
) -> Result<()> {
    let mut tx = app.db.begin().await?;
    // In the order in which `store` takes them. An outage of the gateway is not the fault of the asker.
    // A message that is refused is: otherwise somebody could have the gateway refuse messages without end.
    if !error.was_refused {
        for asker in of_asker(call, request) {
            asker.give_back_whole(&mut tx, app).await?;
        }
    }
    give_back_of_failed(&mut tx, app, subject, password, error.may_have_arrived).await?;
    let row = sqlx::query(
        "UPDATE requests SET state = 'open', otp_hash = NULL, otp_sent_at = NULL, otp_expires_at = NULL, \
         sealed = CASE WHEN kind = 'legacy' THEN sealed END WHERE id = $1 AND otp_round = $2 AND state = 'otp_sent' RETURNING tries",
    )
    .bind(&password.request)
    .bind(password.round)
    .fetch_optional(&mut *tx)
    .await?;
    let tries = if let Some(row) = row {
        Some(row.try_get::<i64, _>("tries")?)
    } else {
        // It went on in the meantime. If it was declined, is over or has another password, this one was of no use.
        let other = Request::read_from(&mut *tx, &password.request).await?;
        (!other.was_answered()).then_some(other.tries)
    };
    let left = tries.is_some();
    match tries {
        // The person has answered in the meantime: the message did arrive.
        None => {
            tx.rollback().await?;
            tx = app.db.begin().await?;
        }
        Some(tries) if tries != request.tries => {
            Limit::OtpToNumber(number(subject)).count(&mut tx, app).await?;
        }
        Some(_) => {}
    }
    // A message that may have arrived cost money.
    if left && !error.may_have_arrived {
        budget::give_back(&mut tx, app, request.entity.as_deref()).await?;
    }
    replies::give_up(&mut tx, call.repeatable.as_ref()).await?;
    tx.commit().await?;
    Ok(())
}

/// The number that a password goes to.
pub(super) fn number(subject: &Subject) -> &str {
    subject.mobile().unwrap_or_else(|| unreachable!("a subject gets its number before a password is drawn"))
}
