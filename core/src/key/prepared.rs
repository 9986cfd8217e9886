//! Keys that verify often: the sum of a signature's equation from tables.
//!
//! [`Table`] does the work. There is one for the base point, which all keys share, and one for the negative of each
//! prepared key, so that `[S]B - [k]A` is two walks through tables. They make verification two to three times as fast; they
//! take memory, and the time of some thirty verifications to be made. When that pays is the
//! [`Verifier`](crate::Verifier)'s to decide, and what a sum has to be is [`Equation`]'s: nothing of the verdict is here.

use super::{
    VerifyingKey,
    equation::{Equation, hold_all},
    table::Table,
};
use alloc::{boxed::Box, vec::Vec};
use core::{
    fmt,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};
use curve25519_dalek::{constants::ED25519_BASEPOINT_POINT, edwards::EdwardsPoint, traits::Identity};
use once_cell::race::OnceBox;

/// A public key with tables of its multiples: verifies two to three times as fast as the key alone, with the same verdicts.
///
/// It is for bare signatures. A [`Verifier`](crate::Verifier) prepares the keys of its trust store by itself, when that
/// pays ([`Preparation`](crate::Preparation)).
///
/// The tables of a key take 638 kB, those of a [large](Self::large) one 6.9 MB. The first key that is prepared in a process
/// makes 6.9 MB more, which all keys share.
///
/// ```
/// use kycvs::{PreparedKey, Signer, SigningKey};
///
/// let key = SigningKey::from_seed(&[7; 32]);
/// let signature = key.sign(b"one message")?;
/// let prepared = PreparedKey::new(key.verifying_key());
/// assert!(prepared.verifies(b"one message", &signature));
/// let many: [(&[u8], _); 2] = [(b"one message", &signature), (b"another", &signature)];
/// assert_eq!(prepared.verifies_many(&many), [true, false]);
/// # Ok::<(), kycvs::BoxError>(())
/// ```
pub struct PreparedKey {
    key: VerifyingKey,
    /// Of the key's negative, so that everything is added up.
    negative: Table,
}

impl PreparedKey {
    /// The key with tables of 638 kB.
    #[must_use]
    pub fn new(key: &VerifyingKey) -> Self {
        Self::with_window(key, 8)
    }

    /// The key with tables of 6.9 MB: for a program that verifies thousands of signatures a second under few keys.
    #[must_use]
    pub fn large(key: &VerifyingKey) -> Self {
        Self::with_window(key, LARGE_WINDOW)
    }

    fn with_window(key: &VerifyingKey, window: usize) -> Self {
        base_table();
        Self { key: key.clone(), negative: Table::new(&-key.point(), window) }
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Whether `signature` is this key's over `message`: what [`VerifyingKey::verifies`] says.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        Equation::new(&self.key, message, signature)
            .is_some_and(|equation| equation.holds(&self.sum(&equation)))
    }

    /// The same for many, in order, at less cost for each.
    #[must_use]
    pub fn verifies_many(&self, signed: &[(&[u8], &[u8; 64])]) -> Vec<bool> {
        signed.chunks(CHUNK).flat_map(|chunk| self.verify_chunk(chunk)).collect()
    }

    fn verify_chunk(&self, signed: &[(&[u8], &[u8; 64])]) -> Vec<bool> {
        let equations =
            signed.iter().map(|(message, signature)| Equation::new(&self.key, message, signature));
        let equations: Vec<_> = equations.collect();
        let whole: Vec<_> = equations.iter().flatten().copied().collect();
        let mut held = hold_all(&whole, &self.sums(&whole)).into_iter();
        equations.iter().map(|equation| equation.is_some() && held.next() == Some(true)).collect()
    }

    /// `[S]B - [k]A`.
    pub(crate) fn sum(&self, equation: &Equation<'_>) -> EdwardsPoint {
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
    pub(crate) fn sums(&self, equations: &[Equation<'_>]) -> Vec<EdwardsPoint> {
        let mut sums = alloc::vec![EdwardsPoint::identity(); equations.len()];
        let base = base_table();
        let s: Vec<_> = equations.iter().map(|equation| base.digits(&equation.s)).collect();
        base.add_to_all(&s, &mut sums);
        let k: Vec<_> = equations.iter().map(|equation| self.negative.digits(&equation.k)).collect();
        self.negative.add_to_all(&k, &mut sums);
        sums
    }
}

impl fmt::Debug for PreparedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedKey({})", self.key.key_id())
    }
}

/// Of the base point: made when the first key is prepared.
static BASE: OnceBox<Table> = OnceBox::new();

/// Whoever needs it at once makes it, even where another thread is at it: a lock that is held while a process forks stays
/// locked in the child.
fn base_table() -> &'static Table {
    BASE.get_or_init(|| Box::new(Table::new(&ED25519_BASEPOINT_POINT, LARGE_WINDOW)))
}

/// Whether the base point's table is there. The first to ask makes it, and whoever asks meanwhile is told `false`: for those
/// who can go on without, so that many threads do not make one each.
pub(crate) fn base_is_ready() -> bool {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if BASE.get().is_none() && !TAKEN.swap(true, Relaxed) {
        base_table();
    }
    BASE.get().is_some()
}

/// Bits of a digit where a table may take megabytes. One more would double them for a twelfth fewer additions.
const LARGE_WINDOW: usize = 12;

/// Signatures that are worked on together: more gain little, and leave the nearer caches.
pub(crate) const CHUNK: usize = 256;
