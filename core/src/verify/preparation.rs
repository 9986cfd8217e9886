//! When a trusted key gets tables, and how many may.
//!
//! Trusted keys are few and live long, and tokens are many. A key's tables pay after some dozens of tokens, so that they are made
//! then and not before: a phone that checks ten tokens never has them. Only answers that are good count, and keys that are not
//! trusted are not in this book at all, so that nothing a stranger sends takes memory, nor what is sent under a key that was
//! withdrawn; and the number of keys with tables is bounded.

use crate::{
    key::VerifyingKey,
    trust::{TrustStore, TrustedKey},
};
use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::{
    cmp::Reverse,
    sync::atomic::{
        AtomicBool, AtomicU32, AtomicUsize,
        Ordering::{AcqRel, Relaxed},
    },
};
use kycvs_ed25519::{PreparedKey, prepare_base_table};
use once_cell::race::OnceBox;

/// What a [`Verifier`](crate::Verifier) may spend on being fast: how much memory, for how many keys.
///
/// A verifier prepares a trusted key when it has found 64 answers under it good, for no more than 32 keys: nobody has to set
/// anything. A key takes 638 kB and half a millisecond or so, once; the first one in a process takes 6.9 MB and some milliseconds more.
/// From then on its tokens are verified in less than half the time, with the same verdicts.
///
/// ```
/// use kycvs::*;
/// # let trust = TrustStore::new();
///
/// // A gateway with few keys, many tokens and memory to spare, which is to be fast from the first token on:
/// let verifier = Verifier::new(trust, Policy::open()).with_preparation(Preparation::large().with_max_keys(4));
/// verifier.prepare();
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Preparation {
    max_keys: usize,
    large: bool,
}

impl Preparation {
    /// No tables: each verification takes the time that it takes, and no memory stays.
    #[must_use]
    pub fn never() -> Self {
        Self { max_keys: 0, large: false }
    }

    /// Tables of 6.9 MB a key, for an eighth less time than with the small ones; for at most 32 keys unless set.
    #[must_use]
    pub fn large() -> Self {
        Self { max_keys: 32, large: true }
    }

    /// For how many keys there may be tables at a time, in this verifier, its clones, and those that
    /// [`with_trust`](crate::Verifier::with_trust) makes of it. Whichever keys come first get them.
    #[must_use]
    pub fn with_max_keys(self, max_keys: usize) -> Self {
        Self { max_keys, ..self }
    }

    /// How many good answers a key has before it gets tables: about as many as pay for making them.
    fn uses_that_pay(&self) -> u32 {
        if self.large { 1_024 } else { 64 }
    }

    fn prepare(&self, key: &VerifyingKey) -> PreparedKey {
        let key = key.as_public();
        if self.large { PreparedKey::large(key) } else { PreparedKey::new(key) }
    }
}

impl Default for Preparation {
    /// Tables of 638 kB, for at most 32 keys; without the `std` feature, for none, because memory may be scarce there.
    fn default() -> Self {
        Self { max_keys: if cfg!(feature = "std") { 32 } else { 0 }, large: false }
    }
}

/// The tables of a trust store's keys, as far as there are any.
pub(super) struct Prepared {
    preparation: Preparation,
    /// One for each key of the store, in its order; none where there will never be tables.
    slots: Vec<Arc<Slot>>,
    left: Arc<Left>,
}

/// How many more keys may get tables, in all verifiers that came of one by a change of the trust store.
struct Left(AtomicUsize);

/// One key's, in whichever of those verifiers it stands.
struct Slot {
    good: AtomicU32,
    /// Someone makes the tables, or they are there: they are paid for out of `left`.
    taken: AtomicBool,
    key: OnceBox<PreparedKey>,
    left: Arc<Left>,
}

impl Prepared {
    pub(super) fn new(trust: &TrustStore, preparation: Preparation) -> Self {
        let left = Arc::new(Left(AtomicUsize::new(preparation.max_keys)));
        let slots = if preparation.max_keys == 0 { 0 } else { trust.len() };
        let slots = (0..slots).map(|_| Arc::new(Slot::new(&left))).collect();
        Self { preparation, slots, left }
    }

    /// For another trust store: a key that stays keeps its tables, and one that is withdrawn does not.
    pub(super) fn moved(&self, old: &TrustStore, new: &TrustStore) -> Self {
        let slot = |trusted: &TrustedKey| {
            let mut with_id = old.with_id(trusted.key_id());
            let same = with_id.find(|(_, known)| known.key() == trusted.key() && !trusted.is_withdrawn());
            match same.and_then(|(at, _)| self.slots.get(at)) {
                Some(slot) => Arc::clone(slot),
                None => Arc::new(Slot::new(&self.left)),
            }
        };
        let keys = if self.preparation.max_keys == 0 { 0 } else { new.len() };
        Self {
            preparation: self.preparation.clone(),
            slots: new.keys().take(keys).map(slot).collect(),
            left: Arc::clone(&self.left),
        }
    }

    /// The tables of the key at `at`, where it has some by now.
    pub(super) fn tables(&self, at: usize) -> Option<&PreparedKey> {
        self.slots.get(at)?.key.get()
    }

    /// Notes that `good` answers were found good under the key at `at`, and makes its tables where they pay by now.
    pub(super) fn count(&self, at: usize, key: &VerifyingKey, good: usize) {
        let Some(slot) = self.slots.get(at) else { return };
        if good == 0 || slot.key.get().is_some() {
            return;
        }
        let good = u32::try_from(good).unwrap_or(u32::MAX);
        let until_now = slot.good.fetch_add(good, Relaxed).saturating_add(good);
        // If another thread makes a table that is missing, this thread goes on without tables.
        if until_now >= self.preparation.uses_that_pay() && prepare_base_table() && slot.take() {
            slot.key.get_or_init(|| Box::new(self.preparation.prepare(key)));
        }
    }

    /// Makes tables for the keys that may sign, as far as they may have some, and tells how many have. Where there may not be
    /// so many, those that may sign longest come first.
    pub(super) fn prepare_all(&self, trust: &TrustStore) -> usize {
        let keys = self.slots.iter().zip(trust.keys());
        let mut keys: Vec<_> = keys.filter(|(_, trusted)| !trusted.is_withdrawn()).collect();
        let end = |trusted: &TrustedKey| trusted.validity().not_after();
        keys.sort_by_key(|(_, trusted)| (end(trusted).is_some(), Reverse(end(trusted))));
        let with_tables = keys.into_iter().filter(|(slot, trusted)| {
            let may = slot.take() || slot.taken.load(Relaxed);
            if may {
                // Where another thread is at it, both make them, and one of the two is dropped: nobody waits.
                slot.key.get_or_init(|| Box::new(self.preparation.prepare(trusted.key())));
            }
            may
        });
        with_tables.count()
    }
}

impl Slot {
    fn new(left: &Arc<Left>) -> Self {
        Self {
            good: AtomicU32::new(0),
            taken: AtomicBool::new(false),
            key: OnceBox::new(),
            left: Arc::clone(left),
        }
    }

    /// Whether it is this caller who is to make the tables: nobody else does or did, and there may be some more.
    fn take(&self) -> bool {
        let one_less = |left: usize| left.checked_sub(1);
        if self.taken.load(Relaxed) || self.left.0.fetch_update(Relaxed, Relaxed, one_less).is_err() {
            return false;
        }
        let mine = !self.taken.swap(true, AcqRel);
        if !mine {
            self.left.0.fetch_add(1, Relaxed);
        }
        mine
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if *self.taken.get_mut() {
            self.left.0.fetch_add(1, Relaxed);
        }
    }
}
