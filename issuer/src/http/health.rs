//! Whether the process lives, and whether it can work.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use crate::{
    app::App,
    problem::{Problem, ProblemCode, Result},
};

/// For load balancers and the operator.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready))
}

/// Only for the operator.
pub(crate) fn metrics_route() -> Router<App> {
    Router::new().route("/metrics", get(metrics))
}

async fn metrics(State(app): State<App>) -> Result<Response> {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let text = app.metrics.to_text();
    let text = text.map_err(|_| Problem::new(ProblemCode::Internal, "The metrics cannot be written."))?;
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS), (header::CACHE_CONTROL, "no-store")], text).into_response())
}

/// The process answers. Says nothing about the database: restarting the process would not bring that back.
async fn alive() -> Response {
    plain("ok\n")
}

/// The service can do its work: a load balancer may send calls here.
async fn ready(State(app): State<App>) -> Response {
    match app.readiness.look(&app).await {
        Ok(()) => plain("ready\n"),
        Err(why) => Problem::new(ProblemCode::Unavailable, why.as_str()).retry_after(5).into_response(),
    }
}

fn plain(text: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (StatusCode::OK, headers, text).into_response()
}
