//! Whether the process lives, and whether it can work.

use std::time::Duration;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::time::timeout;

use crate::{
    app::App,
    problem::{Problem, ProblemCode},
};

/// The database answers within this, or the service is not ready.
const ANSWER: Duration = Duration::from_secs(2);

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready))
}

/// The process answers. Says nothing about the database: restarting the process would not bring that back.
async fn alive() -> Response {
    plain("ok\n")
}

/// The database answers, so that calls can be sent here.
async fn ready(State(app): State<App>) -> Response {
    let asked = sqlx::query("SELECT 1").execute(app.db.reader());
    match timeout(ANSWER, asked).await {
        Ok(Ok(_)) => plain("ready\n"),
        _ => Problem::new(ProblemCode::Unavailable, "The database does not answer.")
            .retry_after(5)
            .into_response(),
    }
}

fn plain(text: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (StatusCode::OK, headers, text).into_response()
}
