//! Messages that go nowhere and can be read on a page: for development alone.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, PoisonError},
};

use futures_util::{FutureExt, future::BoxFuture};
use kycvs::Zeroizing;
use serde::{Serialize, Serializer};

use super::{Gateway, Message, NotDelivered};
use crate::clock::Clock;

/// So many messages are kept; an older one makes room.
const KEPT: usize = 100;

/// The last messages, in memory.
#[derive(Default)]
pub(crate) struct Inbox {
    clock: Clock,
    messages: Mutex<VecDeque<Received>>,
}

/// A message as the page shows it.
#[derive(Clone, Serialize)]
pub(crate) struct Received {
    #[serde(serialize_with = "as_text")]
    to: Zeroizing<String>,
    #[serde(serialize_with = "as_text")]
    text: Zeroizing<String>,
    /// Seconds since 1970.
    at: i64,
}

impl Inbox {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, messages: Mutex::default() }
    }

    /// The messages, the newest first.
    pub(crate) fn messages(&self) -> Vec<Received> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl Gateway for Inbox {
    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), NotDelivered>> {
        async move {
            let received =
                Received { to: message.to.clone(), text: message.text.clone(), at: self.clock.now() };
            let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
            messages.truncate(KEPT - 1);
            messages.push_front(received);
            Ok(())
        }
        .boxed()
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").finish_non_exhaustive()
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received").field("at", &self.at).finish_non_exhaustive()
    }
}

fn as_text<S: Serializer>(text: &Zeroizing<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_hundred_are_kept() {
        let inbox = Inbox::default();
        for number in 0..150 {
            let message = Message {
                to: "+919876543210".to_owned().into(),
                text: format!("message {number}").into(),
                id: "m".into(),
                expires_at: 0,
            };
            inbox.deliver(&message).await.expect("an inbox takes everything");
        }
        let messages = inbox.messages();
        assert_eq!(messages.len(), 100);
        assert_eq!((&**messages[0].text, &**messages[99].text), ("message 149", "message 50"));
        let json = serde_json::to_value(&messages[0]).expect("it is JSON");
        assert_eq!(json["to"], "+919876543210");
        assert!(json["at"].as_i64().is_some_and(|at| at > 0));
        assert!(!format!("{inbox:?} {messages:?}").contains("98765"));
    }
}
