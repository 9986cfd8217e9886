//! `POST /v1/requests/{id}/ack`: the entity has the answer, and the service forgets it.

use axum::http::StatusCode;

use crate::{
    app::App,
    problem::{Problem, ProblemCode, Result},
    replies::{self, Reply},
};

use super::{Call, Request, State, view};

/// Erases the answer, and what would tell of it again. Repeating it changes nothing.
pub(crate) async fn ack(app: &App, call: &Call, entity: &str, id: &str) -> Result<Reply> {
    replies::once(app, call.repeatable.as_ref(), async {
        let request = Request::find_for_entity(app, entity, id).await?;
        let now = app.clock.now();
        match request.state(now) {
            State::Answered => {}
            State::Acknowledged => return Reply::new(StatusCode::OK, &view::of(app, &request)),
            state => return Err(wrong_state(state)),
        }
        let mut tx = app.db.begin().await?;
        let done = sqlx::query(
            "UPDATE requests SET state = 'acknowledged', ended_at = $1, presentation = NULL, session_hash = NULL \
             WHERE id = $2 AND state = 'answered'",
        )
        .bind(now)
        .bind(id)
        .execute(&mut *tx)
        .await?;
        let request = Request::read_from(&mut *tx, id).await?;
        let reply = Reply::new(StatusCode::OK, &view::of(app, &request))?;
        if done.rows_affected() == 0 {
            tx.rollback().await?;
            return match request.state(now) {
                State::Acknowledged => Ok(reply),
                state => Err(wrong_state(state)),
            };
        }
        replies::forget(&mut tx, id).await?;
        sqlx::query("DELETE FROM webhooks WHERE request = $1").bind(id).execute(&mut *tx).await?;
        replies::keep(&mut tx, app, call.repeatable.as_ref(), id, &reply).await?;
        tx.commit().await?;
        app.metrics.ended(State::Acknowledged);
        Ok(reply)
    })
    .await
}

fn wrong_state(state: State) -> Problem {
    Problem::new(ProblemCode::WrongState, "There is no answer to acknowledge.").with("state", state.as_str())
}
