//! `POST /v1/passes`: a person begins an open pass, for whoever is shown it.
//!
//! It is a request that nobody asks: without audience and nonce, bound to the name alone, for a purpose that the issuer
//! allows and as long as the issuer says. From here on it goes the way of every request.

use axum::http::StatusCode;
use serde::Serialize;

use crate::{
    app::App,
    limits::Limit,
    problem::{Problem, ProblemCode, Result},
    replies::{self, Reply},
};

use super::{Binding, Call, Kind, State, create::invalid, new_id};

/// What passes there are.
#[derive(Serialize)]
pub(crate) struct Offer {
    enabled: bool,
    purposes: Vec<String>,
    valid_for: u32,
}

/// What this issuer offers.
pub(crate) fn offer(app: &App) -> Offer {
    let passes = &app.config.passes;
    let purposes = if passes.enabled { passes.purposes.clone() } else { Vec::new() };
    Offer { enabled: passes.enabled, purposes, valid_for: passes.valid_for }
}

#[derive(Serialize)]
struct Begun<'a> {
    id: &'a str,
    expires_at: i64,
}

/// Makes the request for a pass.
pub(crate) async fn begin(app: &App, call: &Call, purpose: &str) -> Result<Reply> {
    let passes = &app.config.passes;
    if !passes.enabled {
        return Err(Problem::new(ProblemCode::NotFound, "This issuer gives no passes."));
    }
    if !passes.purposes.iter().any(|offered| offered == purpose) {
        return Err(invalid("This issuer gives no passes for this purpose; see `GET /v1/passes`."));
    }
    replies::once(app, call.repeatable.as_ref(), async {
        let id = new_id()?;
        let now = app.clock.now();
        let expires_at = now + i64::from(app.config.answers.request_lifetime);
        let mut tx = app.db.begin().await?;
        Limit::PassFromAddress(call.address).take(&mut tx, app).await?;
        sqlx::query(
            "INSERT INTO requests (id, kind, purpose, valid_for, binding, state, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&id)
        .bind(Kind::Pass.as_str())
        .bind(purpose)
        .bind(i64::from(passes.valid_for))
        .bind(Binding::Name.as_str())
        .bind(State::Open.as_str())
        .bind(now)
        .bind(expires_at)
        .execute(&mut *tx)
        .await?;
        let reply = Reply::new(StatusCode::CREATED, &Begun { id: &id, expires_at })?;
        replies::keep(&mut tx, app, call.repeatable.as_ref(), &id, &reply).await?;
        tx.commit().await?;
        app.metrics.request_created(Kind::Pass);
        Ok(reply)
    })
    .await
}
