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
    pub(super) listed: Vec<(Method, String)>,
}

impl Routes {
    pub(super) fn get<T: 'static>(mut self, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.listed.push((Method::GET, path.to_owned()));
        Self { router: self.router.route(path, get(handler)), ..self }
    }

    pub(super) fn post<T: 'static>(mut self, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.listed.push((Method::POST, path.to_owned()));
        Self { router: self.router.route(path, post(handler)), ..self }
    }

    /// The same with this before their paths.
    pub(super) fn below(self, prefix: &str) -> Self {
        let listed =
            self.listed.into_iter().map(|(method, path)| (method, format!("{prefix}{path}"))).collect();
        Self { router: Router::new().nest(prefix, self.router), listed }
    }

    pub(super) fn and(mut self, others: Self) -> Self {
        self.listed.extend(others.listed);
        Self { router: self.router.merge(others.router), ..self }
    }
}
