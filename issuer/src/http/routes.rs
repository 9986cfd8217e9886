//! Routes that can be listed, so that a test can hold the description of the calls to them.

use axum::{
    Router,
    handler::Handler,
    http::Method,
    routing::{get, post},
};

use crate::app::App;

/// Some of the routes.
#[derive(Default)]
pub(super) struct Routes {
    pub(super) router: Router<App>,
    pub(super) listed: Vec<(Method, &'static str)>,
}

impl Routes {
    pub(super) fn get<T: 'static>(mut self, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.listed.push((Method::GET, path));
        Self { router: self.router.route(path, get(handler)), ..self }
    }

    pub(super) fn post<T: 'static>(mut self, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.listed.push((Method::POST, path));
        Self { router: self.router.route(path, post(handler)), ..self }
    }
}
