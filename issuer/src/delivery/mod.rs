//! How a one-time password reaches a phone.
//!
//! A [`Gateway`] hands one message over and says whether that worked. It is asked while the person waits, so it has a
//! deadline; what it repeats within that is its own business.

mod inbox;
mod open;
mod repeat;
mod smtp;
mod webhook;

pub(crate) use inbox::Inbox;
pub(crate) use open::open;
pub use smtp::{BadSmtpSetting, SmtpGateway, SmtpSettings};
pub use webhook::WebhookGateway;

use std::fmt;

use futures_util::future::BoxFuture;
use kycvs::Zeroizing;

/// One message. Its `Debug` shows nothing of it.
pub struct Message {
    /// The number, E.164.
    pub to: Zeroizing<String>,
    /// What the person reads, the password in it.
    pub text: Zeroizing<String>,
    /// Names this message, the same each time that it is repeated.
    pub id: String,
    /// When the password's time is over, seconds since 1970.
    pub expires_at: i64,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Something that delivers messages to phones: an SMS provider, a mail server, an inbox for development.
pub trait Gateway: Send + Sync {
    /// Hands the message over, or says that it cannot. Ends within its own deadline.
    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), NotDelivered>>;
}

/// The message could not be handed over.
#[derive(Debug, thiserror::Error)]
#[error("the message was not delivered: {why}")]
pub struct NotDelivered {
    /// For the operator's log: holds neither number nor password.
    pub why: String,
    /// Whether the message may have arrived all the same, for example if no answer came in time. It then counts as a
    /// message to the number. The password is void in both cases.
    pub may_have_arrived: bool,
    /// Whether the gateway refused this message, for example for its number: that is no outage.
    pub was_refused: bool,
}

impl NotDelivered {
    /// The message certainly did not arrive: nobody was reached.
    #[must_use]
    pub fn certainly(why: impl Into<String>) -> Self {
        Self { why: why.into(), may_have_arrived: false, was_refused: false }
    }

    /// The message may have arrived: nobody said.
    #[must_use]
    pub fn perhaps(why: impl Into<String>) -> Self {
        Self { why: why.into(), may_have_arrived: true, was_refused: false }
    }
}
