//! A reply of the rules as an HTTP response.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};

use crate::replies::Reply;

/// Says that a reply was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let json = if self.status.is_success() { "application/json" } else { "application/problem+json" };
        let mut response = (self.status, self.body).into_response();
        if let Some(code) = self.code {
            response.extensions_mut().insert(code);
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(json));
        if self.repeated {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

/// A reply to the making of something, with its address.
pub(super) fn created(reply: Reply, address: impl Fn(&str) -> String) -> Response {
    #[derive(serde::Deserialize)]
    struct Made {
        id: String,
    }
    let location = serde_json::from_str::<Made>(&reply.body)
        .ok()
        .and_then(|made| HeaderValue::try_from(address(&made.id)).ok());
    let mut response = reply.into_response();
    if let Some(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
