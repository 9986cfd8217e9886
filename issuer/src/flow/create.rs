//! `POST /v1/requests`: a verifying entity asks.

use axum::http::StatusCode;
use base64ct::{Base64UrlUnpadded, Encoding};
use kycvs::{Nonce, Purpose, Subject, Zeroizing};

use crate::{
    app::App,
    entities::Entity,
    limits::Limit,
    problem::{Problem, ProblemCode, Result},
    replies::{self, Reply},
};

use super::{Binding, Call, Kind, Request, State, is_plain, new_id, seal_mobile, view};

/// What an entity asks.
pub(crate) struct Question {
    pub(crate) purpose: String,
    /// Unpadded base64url.
    pub(crate) nonce: String,
    pub(crate) valid_for: Option<i64>,
    pub(crate) binding: Option<String>,
    pub(crate) mobile: Option<Zeroizing<String>>,
}

/// Makes the request, and tells the entity its address.
pub(crate) async fn create(app: &App, call: &Call, entity: &Entity, question: Question) -> Result<Reply> {
    let question = question.check(app)?;
    let id = new_id()?;
    let known_mobile = question.mobile.as_ref().map(|mobile| seal_mobile(app, &id, mobile)).transpose()?;
    replies::once(app, call.repeatable.as_ref(), async {
        let mut tx = app.db.begin().await?;
        Limit::RequestByEntity(&entity.id).take(&mut tx, app).await?;
        let now = app.clock.now();
        sqlx::query(
            "INSERT INTO requests (id, kind, entity, purpose, nonce, valid_for, binding, known_mobile, state, \
             created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(&id)
        .bind(Kind::Request.as_str())
        .bind(&entity.id)
        .bind(question.purpose.as_str())
        .bind(question.nonce.as_bytes())
        .bind(question.valid_for)
        .bind(question.binding.as_str())
        .bind(known_mobile)
        .bind(State::Open.as_str())
        .bind(now)
        .bind(now + i64::from(app.config.answers.request_lifetime))
        .execute(&mut *tx)
        .await?;
        let request = Request::read_from(&mut *tx, &id).await?;
        let reply = Reply::new(StatusCode::CREATED, &view::of(app, &request))?;
        replies::keep(&mut tx, app, call.repeatable.as_ref(), &id, &reply).await?;
        tx.commit().await?;
        app.metrics.request_created(Kind::Request);
        Ok(reply)
    })
    .await
}

/// A question whose values are all sound.
struct Checked {
    purpose: Purpose,
    nonce: Nonce,
    valid_for: i64,
    binding: Binding,
    /// E.164.
    mobile: Option<Zeroizing<String>>,
}

impl Question {
    fn check(&self, app: &App) -> Result<Checked> {
        let binding = match &self.binding {
            // The safe one: with `none`, anybody's phone could answer for the person.
            None => Binding::Name,
            Some(word) => Binding::from_word(word)
                .ok_or_else(|| invalid("`binding` is `none`, `name` or `name_and_mobile`."))?,
        };
        let mobile = match (&self.mobile, binding) {
            (Some(mobile), Binding::NameAndMobile) => Some(normalised(app, mobile)?),
            (None, Binding::NameAndMobile) => {
                return Err(invalid("`name_and_mobile` needs the `mobile` that you have."));
            }
            (Some(_), _) => {
                return Err(invalid("`mobile` comes with the binding `name_and_mobile` alone."));
            }
            (None, _) => None,
        };
        let nonce = Base64UrlUnpadded::decode_vec(&self.nonce).ok().and_then(|nonce| Nonce::new(&nonce).ok());
        Ok(Checked {
            purpose: purpose(&self.purpose)?,
            nonce: nonce
                .ok_or_else(|| invalid("`nonce` is 8 to 64 random bytes in base64url without padding."))?,
            valid_for: valid_for(app, self.valid_for)?,
            binding,
            mobile,
        })
    }
}

/// A purpose that people can be shown.
pub(super) fn purpose(text: &str) -> Result<Purpose> {
    Purpose::new(text)
        .ok()
        .filter(|_| is_plain(text))
        .ok_or_else(|| invalid("`purpose` has 1 to 64 bytes, and no control characters."))
}

fn valid_for(app: &App, asked: Option<i64>) -> Result<i64> {
    let answers = &app.config.answers;
    let seconds = asked.unwrap_or_else(|| answers.valid_for.into());
    if (1..=i64::from(answers.max_valid_for)).contains(&seconds) {
        Ok(seconds)
    } else {
        Err(invalid(&format!("`valid_for` is 1 to {} seconds.", answers.max_valid_for)))
    }
}

fn normalised(app: &App, mobile: &str) -> Result<Zeroizing<String>> {
    // The core normalises numbers as a part of a subject; its name is of no matter here.
    let subject = Subject::new("x").map_err(|_| invalid("`mobile` is not a number."))?;
    let subject = super::with_mobile(app, subject, mobile)?;
    Ok(Zeroizing::new(subject.mobile().unwrap_or_default().to_owned()))
}

pub(super) fn invalid(detail: &str) -> Problem {
    Problem::new(ProblemCode::InvalidValue, detail)
}
