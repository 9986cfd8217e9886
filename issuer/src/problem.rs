//! What went wrong, as the caller sees it: a problem document (RFC 9457) with a stable code.
//!
//! Every error of the service becomes one of these. Their texts never hold a name, a number or a password, and a fault
//! inside is logged by its kind and told to the caller as `unavailable` or `internal` alone.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value};

use crate::db::{self, Fault};

/// The codes, each with its HTTP status, its title, and what the caller can do. They are served at `/problems`.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:ident, $title:literal;)*) => {
        /// What kind of problem it is. Stable: a client decides by it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum ProblemCode { $($(#[$doc])* $name,)* }

        impl ProblemCode {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];

            /// As it stands in the document.
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The HTTP status.
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// A sentence about the kind.
            pub(crate) const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    BadRequest = "bad_request", BAD_REQUEST, "The body or a parameter cannot be read";
    Unauthorized = "unauthorized", UNAUTHORIZED, "Who asks is not known: a key is missing, wrong or withdrawn";
    Forbidden = "forbidden", FORBIDDEN, "This caller may not do this";
    NotFound = "not_found", NOT_FOUND, "There is nothing here, or not for this caller";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "The address does not take this method";
    Timeout = "timeout", REQUEST_TIMEOUT, "The request did not arrive in time";
    TooLarge = "too_large", PAYLOAD_TOO_LARGE, "The body is larger than is taken here";
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "Send application/json";
    InvalidValue = "invalid_value", UNPROCESSABLE_ENTITY, "A value is not one that is taken here";
    InvalidName = "invalid_name", UNPROCESSABLE_ENTITY, "This is not a name";
    InvalidMobile = "invalid_mobile", UNPROCESSABLE_ENTITY, "This is not a mobile number";
    KeyReused = "key_reused", UNPROCESSABLE_ENTITY, "This Idempotency-Key was used for another request";
    WrongState = "wrong_state", CONFLICT, "The request is not at a point where this can be done";
    WrongOtp = "wrong_otp", UNPROCESSABLE_ENTITY, "This is not the password that was sent";
    ContinueOnPage = "continue_on_page", CONFLICT, "The person has to go on at the page of the service";
    CorrectionsUsedUp = "corrections_used_up", CONFLICT, "The name cannot be corrected once more";
    OtpExpired = "otp_expired", GONE, "The password's time is over; ask for a new one";
    TriesUsedUp = "tries_used_up", GONE, "Too many wrong passwords; the request is over";
    RequestOver = "request_over", GONE, "The request is over";
    TooManyRequests = "too_many_requests", TOO_MANY_REQUESTS, "Too many in too short a time; wait and try again";
    OtpNotDelivered = "otp_not_delivered", SERVICE_UNAVAILABLE, "The message with the password could not be handed over";
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Something that the service needs is away; try again";
    Internal = "internal", INTERNAL_SERVER_ERROR, "A fault in the service";
}

impl ProblemCode {
    /// Whether the metrics count it. A count of people who are not on record would tell about them.
    pub(crate) const fn is_counted(self) -> bool {
        !matches!(self, Self::ContinueOnPage | Self::CorrectionsUsedUp)
    }
}

/// A problem: its code, a sentence for the person who reads it, and where it helps, numbers for the program.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) code: ProblemCode,
    pub(crate) detail: String,
    /// Seconds after which it is worth trying again.
    pub(crate) retry_after: Option<u64>,
    /// More members of the document, such as `tries_left`.
    pub(crate) members: Map<String, Value>,
    /// Whether the database only let another transaction go first, so that the same may work at once.
    pub(crate) is_conflict: bool,
}

/// The result of what the service does.
pub(crate) type Result<T, E = Problem> = std::result::Result<T, E>;

impl Problem {
    pub(crate) fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), retry_after: None, members: Map::new(), is_conflict: false }
    }

    #[must_use]
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    #[must_use]
    pub(crate) fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }

    /// The document.
    pub(crate) fn document(&self) -> Value {
        let mut document = self.members.clone();
        document.insert("type".into(), format!("/problems#{}", self.code.as_str()).into());
        document.insert("title".into(), self.code.title().into());
        document.insert("status".into(), self.code.status().as_u16().into());
        document.insert("detail".into(), self.detail.clone().into());
        document.insert("code".into(), self.code.as_str().into());
        Value::Object(document)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.code.status(), self.document().to_string()).into_response();
        // For whoever counts problems.
        response.extensions_mut().insert(self.code);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.code == ProblemCode::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// The cause goes to the log by its kind: the text of a database can hold values.
impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        let (fault, is_conflict) = (Fault::of(&error), db::is_conflict(&error));
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        tracing::error!(kind = fault.as_str(), code = code.as_deref(), "the database failed: {fault}");
        // What the database refuses may work later. Anything else that is no failure of the database is one of this code.
        if fault == Fault::Statement && code.is_none() {
            return Self::new(ProblemCode::Internal, "A fault in the service.");
        }
        let problem =
            Self::new(ProblemCode::Unavailable, "The database is unavailable. Try again in a moment.");
        Self { is_conflict, ..problem.retry_after(5) }
    }
}

impl From<crate::secret::SealError> for Problem {
    fn from(error: crate::secret::SealError) -> Self {
        tracing::error!(%error, "a sealed value does not open");
        Self::new(ProblemCode::Internal, "The service's secret does not fit its database.")
    }
}
