//! Many signatures, with a verdict for each.
//!
//! The signatures share work, not verdicts: the tables of a key are walked place by place for all of its signatures, and
//! the sums are encoded with one inversion. No random combination is checked: the result is the same in each run,
//! and an invalid signature costs the others nothing.

use crate::{PreparedKey, PublicKey, equation::Equation};
use alloc::{vec, vec::Vec};
use core::{fmt, ptr};
use curve25519_dalek::edwards::EdwardsPoint;

/// Signatures to verify together, under one key or many.
///
/// Each verdict is the verdict of [`PublicKey::verifies`] for that signature. A batch is for one thread: split a large job
/// into a batch for each core.
///
/// ```
/// use ed25519_dalek::Signer;
/// use kycvs_ed25519::{Batch, PreparedKey, PublicKey};
///
/// let [busy, rare] = [7, 8].map(|seed| ed25519_dalek::SigningKey::from_bytes(&[seed; 32]));
/// let signature = busy.sign(b"one message").to_bytes();
/// let busy = PreparedKey::new(&PublicKey::from_bytes(busy.verifying_key().as_bytes())?);
/// let rare = PublicKey::from_bytes(rare.verifying_key().as_bytes())?;
///
/// let mut batch = Batch::new();
/// batch.push_prepared(&busy, b"one message", &signature);
/// batch.push_prepared(&busy, b"another", &signature);
/// batch.push(&rare, b"one message", &signature);
/// assert_eq!(batch.verify(), [true, false, false]);
/// # Ok::<(), kycvs_ed25519::InvalidKey>(())
/// ```
#[derive(Default)]
pub struct Batch<'a> {
    /// How many signatures were pushed.
    len: usize,
    /// The pushed signatures whose sum decides.
    pending: Vec<Pending<'a>>,
}

/// A signature whose sum is not computed yet.
struct Pending<'a> {
    /// Its position among all pushed signatures.
    at: usize,
    key: Key<'a>,
    equation: Equation,
}

#[derive(Clone, Copy)]
enum Key<'a> {
    Alone(&'a PublicKey),
    Prepared(&'a PreparedKey),
}

impl<'a> Batch<'a> {
    /// A batch without signatures.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a signature under a key without tables, and returns the position of its verdict in what [`verify`](Self::verify)
    /// returns: 0 for the first signature. The message is hashed now and not kept.
    pub fn push(&mut self, key: &'a PublicKey, message: &[u8], signature: &[u8; 64]) -> usize {
        self.add(Key::Alone(key), Equation::new(key, message, signature))
    }

    /// Adds a signature under a prepared key, as [`push`](Self::push) does.
    pub fn push_prepared(&mut self, key: &'a PreparedKey, message: &[u8], signature: &[u8; 64]) -> usize {
        self.add(Key::Prepared(key), Equation::new(key.key(), message, signature))
    }

    fn add(&mut self, key: Key<'a>, equation: Option<Equation>) -> usize {
        let at = self.len;
        self.len += 1;
        if let Some(equation) = equation {
            self.pending.push(Pending { at, key, equation });
        }
        at
    }

    /// Whether each signature is valid, in the order of the pushes.
    #[must_use]
    pub fn verify(mut self) -> Vec<bool> {
        let mut verdicts = vec![false; self.len];
        self.pending.sort_by_key(|pending| pending.key.tables());
        for pending in self.pending.chunks(CHUNK) {
            let encoded = EdwardsPoint::compress_batch_alloc(&sums(pending));
            for (pending, sum) in pending.iter().zip(&encoded) {
                verdicts[pending.at] = pending.equation.holds_encoded(sum);
            }
        }
        verdicts
    }
}

/// `[S]B - [k]A` of each.
fn sums(pending: &[Pending<'_>]) -> Vec<EdwardsPoint> {
    let mut sums = Vec::with_capacity(pending.len());
    for of_same_tables in pending.chunk_by(|one, other| one.key.tables() == other.key.tables()) {
        match of_same_tables[0].key {
            Key::Prepared(key) => {
                sums.extend(key.sums(of_same_tables.iter().map(|pending| &pending.equation)));
            }
            Key::Alone(_) => sums.extend(of_same_tables.iter().map(Pending::sum)),
        }
    }
    sums
}

impl Pending<'_> {
    fn sum(&self) -> EdwardsPoint {
        match self.key {
            Key::Alone(key) => key.sum(&self.equation),
            Key::Prepared(key) => key.sum(&self.equation),
        }
    }
}

impl Key<'_> {
    /// Which tables the key has: signatures with the same tables are worked on one after the other.
    fn tables(self) -> Option<usize> {
        match self {
            Self::Alone(_) => None,
            Self::Prepared(key) => Some(ptr::from_ref(key).addr()),
        }
    }
}

impl fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch({} signatures)", self.len)
    }
}

/// How many signatures are worked on together. More gain little, and leave the nearer caches.
const CHUNK: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_batch_has_no_verdicts() {
        assert_eq!(Batch::new().verify(), []);
    }

    #[test]
    fn positions_count_signatures_that_are_refused_at_once() {
        let bytes = curve25519_dalek::constants::ED25519_BASEPOINT_COMPRESSED.0;
        let key = PublicKey::from_bytes(&bytes).expect("the base point");
        let mut batch = Batch::new();
        // `S` is not reduced; then nobody's signature; then `S` is not reduced again.
        let positions = [0xff, 0, 0xff]
            .map(|byte| batch.push(&key, b"", &[[0x66; 32], [byte; 32]].concat().try_into().expect("64")));
        assert_eq!((positions, batch.verify()), ([0, 1, 2], vec![false; 3]));
    }
}
