//! Keys that verify often: the sum of a signature's equation from tables.
//!
//! All keys share one [`Table`] for the base point, and each prepared key has one for its negative. `[S]B - [k]A` is then two
//! walks through tables. The verdict comes from [`Equation`].

use crate::{PublicKey, equation::Equation, table::Table};
use alloc::{boxed::Box, vec, vec::Vec};
use core::{
    fmt,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};
use curve25519_dalek::{constants::ED25519_BASEPOINT_POINT, edwards::EdwardsPoint, traits::Identity};
use once_cell::race::OnceBox;

/// A public key with a table of its multiples. It verifies two to three times as fast as the [`PublicKey`], with the same
/// verdicts.
///
/// The table takes 638 kB, or 6.9 MB if it is [large](Self::large). Making the small table takes the time of about thirty
/// verifications. The first prepared key of a process also makes the table of the base point, which all prepared keys share
/// ([`prepare_base_table`]).
///
/// ```
/// use ed25519_dalek::Signer;
/// use kycvs_ed25519::{PreparedKey, PublicKey};
///
/// let secret = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
/// let signature = secret.sign(b"one message").to_bytes();
///
/// let key = PublicKey::from_bytes(secret.verifying_key().as_bytes())?;
/// let prepared = PreparedKey::new(&key);
/// assert!(prepared.verifies(b"one message", &signature));
/// assert!(!prepared.verifies(b"another", &signature));
/// # Ok::<(), kycvs_ed25519::InvalidKey>(())
/// ```
pub struct PreparedKey {
    key: PublicKey,
    /// Of the key's negative, because the sum only adds.
    negative: Table,
}

impl PreparedKey {
    /// The key with a table of 638 kB.
    #[must_use]
    pub fn new(key: &PublicKey) -> Self {
        Self::with_window(key, 8)
    }

    /// The key with a table of 6.9 MB: for a program that verifies thousands of signatures a second under few keys.
    #[must_use]
    pub fn large(key: &PublicKey) -> Self {
        Self::with_window(key, LARGE_WINDOW)
    }

    fn with_window(key: &PublicKey, window: usize) -> Self {
        base_table();
        Self { key: key.clone(), negative: Table::new(key.negative(), window) }
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Whether `signature` is a signature of this key over `message`: the verdict of [`PublicKey::verifies`].
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        Equation::new(&self.key, message, signature)
            .is_some_and(|equation| equation.holds(&self.sum(&equation)))
    }

    /// `[S]B - [k]A`.
    pub(crate) fn sum(&self, equation: &Equation) -> EdwardsPoint {
        let base = base_table();
        let (s, k) = (base.digits(&equation.s), self.negative.digits(&equation.k));
        base.touch(&s);
        self.negative.touch(&k);
        let mut sum = EdwardsPoint::identity();
        base.add(&s, &mut sum);
        self.negative.add(&k, &mut sum);
        sum
    }

    /// `[S]B - [k]A` of each.
    pub(crate) fn sums<'a>(
        &self,
        equations: impl ExactSizeIterator<Item = &'a Equation> + Clone,
    ) -> Vec<EdwardsPoint> {
        let mut sums = vec![EdwardsPoint::identity(); equations.len()];
        let base = base_table();
        let s: Vec<_> = equations.clone().map(|equation| base.digits(&equation.s)).collect();
        base.add_to_all(&s, &mut sums);
        let k: Vec<_> = equations.map(|equation| self.negative.digits(&equation.k)).collect();
        self.negative.add_to_all(&k, &mut sums);
        sums
    }
}

impl fmt::Debug for PreparedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PreparedKey").field(&self.key).finish()
    }
}

/// Makes the table of the base point (6.9 MB, about ten milliseconds), unless it exists or another thread is making it in
/// this function. Returns whether the table exists now.
///
/// [`PreparedKey::new`] makes the table itself if it is missing. If several threads do so at the same time, each makes one,
/// and only one is kept. Call this function first if your threads can verify without tables in the meantime.
///
/// ```
/// use kycvs_ed25519::prepare_base_table;
///
/// // At the start, before there are other threads.
/// assert!(prepare_base_table());
/// ```
#[must_use = "`false` means that another thread still makes the table"]
pub fn prepare_base_table() -> bool {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if BASE.get().is_none() && !TAKEN.swap(true, Relaxed) {
        base_table();
    }
    BASE.get().is_some()
}

/// Of the base point: made when the first key is prepared.
static BASE: OnceBox<Table> = OnceBox::new();

/// A thread that needs the table at once makes it, even if another thread is making one. A lock would be worse: if it is held
/// while a process forks, it stays locked in the child.
fn base_table() -> &'static Table {
    BASE.get_or_init(|| Box::new(Table::new(&ED25519_BASEPOINT_POINT, LARGE_WINDOW)))
}

/// Bits of a digit of a large table. One more bit would double the table for a twelfth fewer additions.
const LARGE_WINDOW: usize = 12;
