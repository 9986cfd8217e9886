//! When a trusted key gets tables, and how many may.
//!
//! Trusted keys are few and live long, and tokens are many. A key's tables pay after some dozens of tokens, so that they are made
//! then and not before: a phone that checks ten tokens never has them. Keys that are not trusted are not in this book
//! at all, so that nothing a stranger sends takes memory; and the number of keys with tables is bounded.

use crate::{
    key::{PreparedKey, VerifyingKey},
    trust::TrustStore,
};
use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use once_cell::race::OnceBox;

/// What a [`Verifier`](crate::Verifier) may spend on being fast: how much memory, for how many keys.
///
/// A verifier prepares a trusted key when it has checked 64 signatures under it, for no more than 32 keys: nobody has to set
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
#[derive(Clone, Debug, PartialEq, Eq)]
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

    /// Tables of 6.9 MB a key, for a fifth less time than with the small ones; for at most 32 keys unless set.
    #[must_use]
    pub fn large() -> Self {
        Self { max_keys: 32, large: true }
    }

    /// For how many keys there may be tables at a time. Those that are met often first get them.
    #[must_use]
    pub fn with_max_keys(self, max_keys: usize) -> Self {
        Self { max_keys, ..self }
    }

    /// How often a key is used before it gets tables: about as often as pays for making them.
    fn uses_that_pay(&self) -> u32 {
        if self.large { 1_024 } else { 64 }
    }

    fn prepare(&self, key: &VerifyingKey) -> PreparedKey {
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
    /// How many more keys may get tables.
    left: AtomicUsize,
}

/// Shared by the verifiers that a change of the trust store leaves behind and makes.
#[derive(Default)]
struct Slot {
    uses: AtomicU32,
    key: OnceBox<PreparedKey>,
}

impl Prepared {
    pub(super) fn new(trust: &TrustStore, preparation: Preparation) -> Self {
        let keys = if preparation.max_keys == 0 { 0 } else { trust.len() };
        let slots = (0..keys).map(|_| Arc::default()).collect();
        Self { slots, left: AtomicUsize::new(preparation.max_keys), preparation }
    }

    /// For another trust store: a key that stays keeps its tables.
    pub(super) fn moved(&self, old: &TrustStore, new: &TrustStore) -> Self {
        let mut moved = Self::new(new, self.preparation.clone());
        let mut taken = 0;
        for (slot, trusted) in moved.slots.iter_mut().zip(new.keys()) {
            let same = old.with_id(trusted.key_id()).find(|(_, known)| known.key() == trusted.key());
            if let Some((at, _)) = same {
                *slot = Arc::clone(&self.slots[at]);
                taken += usize::from(slot.key.get().is_some());
            }
        }
        moved.left = AtomicUsize::new(self.preparation.max_keys.saturating_sub(taken));
        moved
    }

    /// The tables of the key at `at`, where it has some by now; `uses` more signatures are about to be checked under it.
    pub(super) fn used(&self, at: usize, key: &VerifyingKey, uses: u32) -> Option<&PreparedKey> {
        let slot = self.slots.get(at)?;
        if let Some(prepared) = slot.key.get() {
            return Some(prepared);
        }
        let pays = self.preparation.uses_that_pay();
        let before = slot.uses.fetch_add(uses, Relaxed);
        // One thread crosses the line and makes the tables; the others go on without.
        (before < pays && before.saturating_add(uses) >= pays).then(|| self.prepare(slot, key)).flatten()
    }

    /// Makes tables for all keys, as far as they may have some, and tells how many have.
    pub(super) fn prepare_all(&self, trust: &TrustStore) -> usize {
        let keys = self.slots.iter().zip(trust.keys());
        keys.filter(|(slot, trusted)| self.prepare(slot, trusted.key()).is_some()).count()
    }

    fn prepare<'a>(&self, slot: &'a Slot, key: &VerifyingKey) -> Option<&'a PreparedKey> {
        if let Some(prepared) = slot.key.get() {
            return Some(prepared);
        }
        self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).ok()?;
        if slot.key.set(Box::new(self.preparation.prepare(key))).is_err() {
            // Another thread was faster, and has counted it.
            self.left.fetch_add(1, Relaxed);
        }
        slot.key.get()
    }
}
