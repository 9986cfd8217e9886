//! The calls as HTTP: JSON in, JSON or a problem document out.

mod extract;
mod health;
mod host;
pub(crate) mod middleware;
mod pages;
mod reply;
mod routes;
mod v1;
mod v3;
mod wellknown;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::Next,
    response::Response,
};

pub(crate) use extract::ClientAddress;

use routes::Routes;

use crate::{
    app::App,
    problem::{Problem, ProblemCode, Result},
};

/// Everything that the service answers, as it is served.
pub(crate) fn service(app: &App) -> Router {
    let pages = pages::routes(app).merge(health::routes()).method_not_allowed_fallback(method_not_allowed);
    middleware::around(router(app.clone()).merge(pages.with_state(app.clone())), app)
}

/// The operator's routes, for a listener of their own.
pub(crate) fn management(app: &App) -> Router {
    let routes = health::routes()
        .merge(health::metrics_route())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed);
    middleware::around(routes.with_state(app.clone()), app)
}

/// All calls.
pub(crate) fn router(app: App) -> Router {
    calls()
        .router
        .layer(axum::middleware::from_fn_with_state(app.clone(), only_with_a_right_clock))
        .layer(axum::middleware::map_response(not_stored))
        .merge(wellknown::routes().router)
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(app)
}

/// The calls of entities and persons.
fn calls() -> Routes {
    // The clients of 2021 had `/api` before their calls: so that changing the host's name alone is enough.
    v1::routes().and(v3::routes()).and(v3::routes().below("/api"))
}

/// Method and path of all calls, which `openapi.json` has to name.
#[cfg(test)]
pub(crate) fn listed() -> Vec<(axum::http::Method, String)> {
    calls().and(wellknown::routes()).listed
}

/// Whatever a call does, it does by the time: it ends what seems to be over, counts limits, and signs.
async fn only_with_a_right_clock(State(app): State<App>, request: Request, next: Next) -> Result<Response> {
    app.clock.must_be_right()?;
    Ok(next.run(request).await)
}

/// No answer of a call is kept by anyone on its way.
async fn not_stored(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn not_found() -> Problem {
    Problem::new(ProblemCode::NotFound, "There is nothing at this address.")
}

async fn method_not_allowed() -> Problem {
    Problem::new(ProblemCode::MethodNotAllowed, "This method is not taken here; see the header `Allow`.")
}
