//! `POST /v1/requests/{id}/decline`: the person refuses.

use axum::http::StatusCode;
use serde::Serialize;

use crate::{
    app::App,
    problem::Result,
    replies::{self, Reply},
};

use super::{Call, Request, State, confirm::too_busy, end::end};

#[derive(Serialize)]
struct Declined {
    state: State,
}

/// Ends the request. Repeating it changes nothing.
pub(crate) async fn decline(app: &App, call: &Call, id: &str) -> Result<Reply> {
    replies::once(app, call.repeatable.as_ref(), async {
        let reply = Reply::new(StatusCode::OK, &Declined { state: State::Declined })?;
        let request = Request::find_for_person(app, id).await?;
        let now = app.clock.now();
        if request.state(now) == State::Declined {
            return Ok(reply);
        }
        request.must_live(now)?;
        let mut tx = app.db.begin().await?;
        if !end(&mut tx, app, &request, State::Declined).await? {
            tx.rollback().await?;
            let request = Request::find_for_person(app, id).await?;
            return match request.state(now) {
                State::Declined => Ok(reply),
                _ => Err(request.must_live(now).err().unwrap_or_else(too_busy)),
            };
        }
        replies::keep(&mut tx, app, call.repeatable.as_ref(), id, &reply).await?;
        tx.commit().await?;
        app.metrics.ended(State::Declined);
        app.webhook_wake.notify_one();
        Ok(reply)
    })
    .await
}
