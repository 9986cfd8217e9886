//! Remembering which tokens were used.
//!
//! Stands on [`claims`](crate::Claims); [`verify`](crate::Verifier) asks it last, when all else is good, so that a refused
//! token uses nothing up.

use crate::{claims::TokenId, error::BoxError, time::Timestamp};
use alloc::{boxed::Box, sync::Arc};

/// Remembers used tokens, so that each is good once: in memory ([`MemoryReplayGuard`]), or in a database that several
/// verifiers share.
pub trait ReplayGuard: Send + Sync {
    /// Whether this issuer's token is used for the first time. If so, it is remembered before this returns, until
    /// `keep_until` at least; from then on no verifier takes the token anyway, whatever its clock skew. Of two calls for
    /// one token at the same time one alone may get `true`.
    ///
    /// # Errors
    /// Where that cannot be told. The token is then refused with `replay_guard_failed` and this as its source.
    fn first_use(
        &self,
        issuer: &str,
        token_id: &TokenId,
        keep_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, BoxError>;
}

/// A guard that is shared, so that it outlives one verifier.
macro_rules! guards_as_what_it_holds {
    ($($holder:ty),*) => {$(
        impl<G: ReplayGuard + ?Sized> ReplayGuard for $holder {
            fn first_use(
                &self,
                issuer: &str,
                token_id: &TokenId,
                keep_until: Timestamp,
                now: Timestamp,
            ) -> Result<bool, BoxError> {
                (**self).first_use(issuer, token_id, keep_until, now)
            }
        }
    )*};
}

guards_as_what_it_holds!(&G, Box<G>, Arc<G>);

#[cfg(feature = "std")]
pub use memory::MemoryReplayGuard;

#[cfg(feature = "std")]
mod memory {
    use super::{BoxError, ReplayGuard, Timestamp, TokenId};
    use std::{
        collections::{BTreeSet, HashSet},
        sync::{Arc, Mutex, PoisonError},
    };

    /// A replay guard in the memory of one process: bounded, and forgetful of what has expired.
    ///
    /// When it is full of tokens that have not expired it fails (`replay_guard_failed`) rather than forget one.
    #[derive(Debug)]
    pub struct MemoryReplayGuard {
        capacity: usize,
        seen: Mutex<Seen>,
    }

    /// The same tokens twice: to find one, and to find which expire first.
    #[derive(Debug, Default)]
    struct Seen {
        tokens: HashSet<Key>,
        by_expiry: BTreeSet<(Timestamp, Key)>,
    }

    type Key = (Arc<str>, TokenId);

    impl MemoryReplayGuard {
        /// A guard for at most `capacity` tokens at a time: as many as come in within the longest lifetime and the clock
        /// skew. Some 150 bytes each.
        #[must_use]
        pub fn new(capacity: usize) -> Self {
            Self { capacity, seen: Mutex::default() }
        }
    }

    impl ReplayGuard for MemoryReplayGuard {
        fn first_use(
            &self,
            issuer: &str,
            token_id: &TokenId,
            keep_until: Timestamp,
            now: Timestamp,
        ) -> Result<bool, BoxError> {
            // Only running out of memory can panic in here, and a token that was not remembered then was not accepted.
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.forget_expired(now);
            let key = (Arc::from(issuer), *token_id);
            if seen.tokens.contains(&key) {
                return Ok(false);
            }
            if seen.tokens.len() >= self.capacity {
                return Err("the replay guard is full: give it more capacity".into());
            }
            seen.by_expiry.insert((keep_until, key.clone()));
            seen.tokens.insert(key);
            Ok(true)
        }
    }

    impl Seen {
        fn forget_expired(&mut self, now: Timestamp) {
            while self.by_expiry.first().is_some_and(|(keep_until, _)| *keep_until <= now) {
                if let Some((_, key)) = self.by_expiry.pop_first() {
                    self.tokens.remove(&key);
                }
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn at(seconds: u64) -> Timestamp {
            Timestamp::from_secs(seconds)
        }

        #[test]
        fn a_token_is_good_once_for_each_issuer() {
            let guard = MemoryReplayGuard::new(10);
            let id = TokenId::from_bytes([1; 16]);
            assert!(guard.first_use("a", &id, at(100), at(1)).expect("room"));
            assert!(!guard.first_use("a", &id, at(100), at(99)).expect("room"));
            assert!(guard.first_use("b", &id, at(100), at(1)).expect("room"));
        }

        #[test]
        fn full_is_an_error_and_time_makes_room() {
            let guard = MemoryReplayGuard::new(2);
            let id = |byte| TokenId::from_bytes([byte; 16]);
            assert!(guard.first_use("a", &id(1), at(10), at(1)).expect("room"));
            assert!(guard.first_use("a", &id(2), at(20), at(1)).expect("room"));
            assert!(guard.first_use("a", &id(3), at(30), at(9)).is_err());
            assert!(!guard.first_use("a", &id(1), at(10), at(9)).expect("still known"));
            assert!(guard.first_use("a", &id(3), at(30), at(10)).expect("the first has expired"));
            assert_eq!(guard.seen.lock().expect("not poisoned").by_expiry.len(), 2);
        }

        #[test]
        fn of_many_threads_one_is_first() {
            let guard = MemoryReplayGuard::new(10);
            let first = std::thread::scope(|scope| {
                let tries: Vec<_> = (0..8)
                    .map(|_| {
                        scope.spawn(|| guard.first_use("a", &TokenId::from_bytes([9; 16]), at(9), at(1)))
                    })
                    .collect();
                let outcomes = tries.into_iter().map(std::thread::ScopedJoinHandle::join);
                outcomes.filter(|outcome| matches!(outcome, Ok(Ok(true)))).count()
            });
            assert_eq!(first, 1);
        }
    }
}
