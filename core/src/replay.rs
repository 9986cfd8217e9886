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
        time::Instant,
    };

    /// A replay guard in the memory of one process: bounded, and forgetful of what has expired.
    ///
    /// When it is full of tokens that have not expired it fails (`replay_guard_failed`) and forgets none. It forgets a token
    /// when both of these clocks are past its end: the `now` of a call, and the guard's own clock, which nobody can set and
    /// which has then run as long as the token still had to live at its use. So one call with a `now` that is far too late
    /// forgets nothing, and a clock that is set back does not either. In a program that verifies with times of its own, such
    /// as a replay of an old day, tokens are therefore kept for real time: give it the capacity for all of them.
    ///
    /// It does not outlive the process: see [`Policy::with_issued_after`](crate::Policy::with_issued_after).
    #[derive(Debug)]
    pub struct MemoryReplayGuard {
        capacity: usize,
        /// The beginning of the guard's own clock.
        started: Instant,
        seen: Mutex<Seen>,
    }

    /// The same tokens twice: to find one, and to find which expire first.
    #[derive(Debug, Default)]
    struct Seen {
        tokens: HashSet<Key>,
        by_expiry: BTreeSet<(Timestamp, OwnSeconds, Key)>,
    }

    type Key = (Arc<str>, TokenId);

    /// Whole seconds of the guard's own clock.
    type OwnSeconds = u64;

    impl MemoryReplayGuard {
        /// A guard for at most `capacity` tokens at a time: as many as come in within the longest lifetime, the clock skew
        /// and ten minutes. Each takes 130 to 200 bytes, and up to 240 while a table grows, if the issuer's name has 12 bytes
        /// (`core/tests/replay_memory.rs`; without what the allocator adds, some 20 bytes).
        #[must_use]
        pub fn new(capacity: usize) -> Self {
            Self { capacity, started: Instant::now(), seen: Mutex::default() }
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
            let own_now = self.started.elapsed().as_secs();
            seen.first_use((Arc::from(issuer), *token_id), keep_until, (now, own_now), self.capacity)
        }
    }

    impl Seen {
        fn first_use(
            &mut self,
            key: Key,
            keep_until: Timestamp,
            (now, own_now): (Timestamp, OwnSeconds),
            capacity: usize,
        ) -> Result<bool, BoxError> {
            self.forget_expired(now, own_now);
            if self.tokens.contains(&key) {
                return Ok(false);
            }
            if self.tokens.len() >= capacity {
                return Err("the replay guard is full: give it more capacity".into());
            }
            // One second more, since the guard's own clock drops fractions.
            let left = keep_until.as_secs().saturating_sub(now.as_secs()).saturating_add(1);
            self.by_expiry.insert((keep_until, own_now.saturating_add(left), key.clone()));
            self.tokens.insert(key);
            Ok(true)
        }

        /// Stops at the first token that has to stay. If the two clocks disagree, that token can keep others for as long as
        /// it had to live at its use, and no longer.
        fn forget_expired(&mut self, now: Timestamp, own_now: OwnSeconds) {
            let is_over = |(keep_until, own_end, _): &(Timestamp, OwnSeconds, Key)| {
                *keep_until <= now && *own_end <= own_now
            };
            while self.by_expiry.first().is_some_and(is_over) {
                if let Some((_, _, key)) = self.by_expiry.pop_first() {
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

        fn key(byte: u8) -> Key {
            (Arc::from("a"), TokenId::from_bytes([byte; 16]))
        }

        #[test]
        fn full_is_an_error_and_time_by_both_clocks_makes_room() {
            let mut seen = Seen::default();
            let mut use_at = |byte, keep_until, now, own_now| {
                seen.first_use(key(byte), at(keep_until), (at(now), own_now), 2)
            };
            assert!(use_at(1, 10, 1, 0).expect("room"));
            assert!(use_at(2, 20, 1, 0).expect("room"));
            assert!(use_at(3, 30, 9, 8).is_err());
            assert!(!use_at(1, 10, 9, 8).expect("still known"));
            assert!(use_at(3, 30, 10, 9).is_err(), "the guard's own clock drops a fraction of a second");
            assert!(use_at(3, 30, 10, 10).expect("the first has expired"));
            assert_eq!(seen.by_expiry.len(), 2);
            assert_eq!(seen.tokens.len(), 2);
        }

        #[test]
        fn late_now_alone_forgets_nothing() {
            let guard = MemoryReplayGuard::new(10);
            let id = |byte| TokenId::from_bytes([byte; 16]);
            assert!(guard.first_use("a", &id(1), at(1_000), at(1)).expect("room"));
            for byte in 2..6 {
                assert!(guard.first_use("a", &id(byte), at(u64::MAX), at(1_000_000)).expect("room"));
            }
            assert!(!guard.first_use("a", &id(1), at(1_000), at(2)).expect("still known"));
        }

        #[test]
        fn use_with_a_late_now_is_kept_until_its_end_by_the_right_clock() {
            let mut seen = Seen::default();
            // The clock is 900 seconds ahead, and is then set right.
            assert!(seen.first_use(key(1), at(1_000), (at(990), 0), 10).expect("room"));
            assert!(!seen.first_use(key(1), at(1_000), (at(110), 20), 10).expect("still known"));
            assert!(!seen.first_use(key(1), at(1_000), (at(999), 909), 10).expect("still known"));
            assert!(seen.first_use(key(1), at(2_000), (at(1_000), 910), 10).expect("it has expired"));
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
