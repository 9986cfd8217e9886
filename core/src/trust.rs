//! Which keys speak for which issuer, and when.
//!
//! Stands on [`key`](crate::SigningKey) and [`claims`](crate::Claims); knows nothing of issuing or verifying.

mod file;

use crate::{
    claims::IssuerName,
    error::{Error, ErrorCode, Result},
    key::{Algorithm, ImportedKey, KeyId, VerifyingKey},
    time::Timestamp,
};
use alloc::vec::Vec;

/// When a key may have signed: from `not_before` on, and before `not_after`, in seconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Validity {
    not_before: Option<Timestamp>,
    not_after: Option<Timestamp>,
}

impl Validity {
    /// Without a bound on either side.
    #[must_use]
    pub const fn always() -> Self {
        Self { not_before: None, not_after: None }
    }

    /// Between the two, each where it is given.
    ///
    /// # Errors
    /// `bad_trust_store` where `not_after` is not later than `not_before`.
    pub fn new(not_before: Option<Timestamp>, not_after: Option<Timestamp>) -> Result<Self> {
        match (not_before, not_after) {
            (Some(before), Some(after)) if before >= after => {
                Err(bad_store("a key's validity must end after it begins"))
            }
            _ => Ok(Self { not_before, not_after }),
        }
    }

    /// Whether a token issued at `time` is within: `not_before <= time < not_after`.
    #[must_use]
    pub fn contains(&self, time: Timestamp) -> bool {
        self.not_before.is_none_or(|start| start <= time) && self.not_after.is_none_or(|end| time < end)
    }

    /// The first second in which the key may have signed.
    #[must_use]
    pub fn not_before(&self) -> Option<Timestamp> {
        self.not_before
    }

    /// The first second in which the key may no longer have signed.
    #[must_use]
    pub fn not_after(&self) -> Option<Timestamp> {
        self.not_after
    }
}

/// One key, the issuer that it speaks for, and what its tokens must be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKey {
    issuer: IssuerName,
    key: VerifyingKey,
    algorithm: Algorithm,
    validity: Validity,
    withdrawn: bool,
}

impl TrustedKey {
    /// `key` speaks for `issuer`: with `EdDSA` (-8), at all times.
    #[must_use]
    pub fn new(issuer: IssuerName, key: VerifyingKey) -> Self {
        Self { issuer, key, algorithm: Algorithm::default(), validity: Validity::always(), withdrawn: false }
    }

    /// A key that was read from a file speaks for `issuer`, with the algorithm that the file names for it, or else with
    /// `algorithm`, or else with `EdDSA` (`SPEC.md`, section 9.3).
    ///
    /// # Errors
    /// `bad_trust_store` where the file names one and `algorithm` is another.
    pub fn of_imported(
        issuer: IssuerName,
        imported: &ImportedKey,
        algorithm: Option<Algorithm>,
    ) -> Result<Self> {
        let algorithm = match (imported.algorithm(), algorithm) {
            (Some(named), Some(wanted)) if named != wanted => {
                return Err(bad_store("the key's file names another algorithm for it"));
            }
            (named, wanted) => named.or(wanted).unwrap_or_default(),
        };
        Ok(Self::new(issuer, imported.key().clone()).with_algorithm(algorithm))
    }

    /// The algorithm that the key's tokens name.
    #[must_use]
    pub fn with_algorithm(self, algorithm: Algorithm) -> Self {
        Self { algorithm, ..self }
    }

    /// When the key may have signed.
    #[must_use]
    pub fn with_validity(self, validity: Validity) -> Self {
        Self { validity, ..self }
    }

    /// No token of the key is good any longer, whenever it was issued.
    #[must_use]
    pub fn withdrawn(self) -> Self {
        Self { withdrawn: true, ..self }
    }

    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &IssuerName {
        &self.issuer
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The key's id.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key.key_id()
    }

    /// The algorithm that the key's tokens name.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// When the key may have signed.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// Whether the key is withdrawn.
    #[must_use]
    pub fn is_withdrawn(&self) -> bool {
        self.withdrawn
    }

    /// Whether a token that was issued at `time` may be this key's.
    pub(crate) fn is_valid_at(&self, time: Timestamp) -> bool {
        !self.withdrawn && self.validity.contains(time)
    }

    /// The order of a store, which makes its file the only one with these keys.
    fn order(&self) -> (&str, &[u8; 32]) {
        (self.issuer.as_str(), self.key.as_bytes())
    }
}

/// The keys that a verifier trusts: of several issuers, several of each. A key stands in it once.
///
/// As a file it is deterministic CBOR (`SPEC.md`, section 9.2): the same keys always make the same bytes.
///
/// ```
/// use kycvs::{IssuerName, SigningKey, TrustStore, TrustedKey};
///
/// let key = SigningKey::generate()?;
/// let trust = TrustStore::new()
///     .with(TrustedKey::new(IssuerName::new("in.gov.cowin")?, key.verifying_key().clone()))?;
/// assert_eq!(TrustStore::from_bytes(&trust.to_bytes())?, trust);
/// # Ok::<(), kycvs::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustStore {
    /// In the order of [`TrustedKey::order`].
    keys: Vec<TrustedKey>,
    /// Where each key id is found, in the order of the ids.
    index: Vec<(KeyId, usize)>,
}

impl TrustStore {
    /// The longest file, in bytes. A store of [`MAX_KEYS`](Self::MAX_KEYS) is always shorter.
    pub const MAX_BYTES: usize = 1024 * 1024;

    /// How many keys a store holds at the most.
    pub const MAX_KEYS: usize = 4096;

    /// A store that trusts nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts one key more.
    ///
    /// # Errors
    /// `bad_trust_store` where the key is there already: [`remove`](Self::remove) it first, so that nothing that was
    /// said of it (a withdrawal, say) is undone unseen. The same where the store is full.
    pub fn add(&mut self, key: TrustedKey) -> Result<()> {
        if self.keys.len() >= Self::MAX_KEYS {
            return Err(bad_store("it would have over 4,096 keys"));
        }
        if self.with_id(key.key_id()).any(|(_, known)| known.key == key.key) {
            return Err(bad_store("the key is there already: remove it first"));
        }
        let at = self.keys.partition_point(|known| known.order() < key.order());
        self.keys.insert(at, key);
        self.reindex();
        Ok(())
    }

    /// The store with one key more.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn with(mut self, key: TrustedKey) -> Result<Self> {
        self.add(key)?;
        Ok(self)
    }

    /// The keys, by issuer.
    #[must_use = "iterators do nothing until they are used"]
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &TrustedKey> {
        self.keys.iter()
    }

    /// How many keys are trusted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether nobody is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Withdraws every key with this id, and tells how many there are: with none, nothing was withdrawn.
    #[must_use = "0 means that the key is trusted still"]
    pub fn withdraw(&mut self, id: &KeyId) -> usize {
        let mut count = 0;
        for key in self.keys.iter_mut().filter(|key| key.key_id() == *id) {
            key.withdrawn = true;
            count += 1;
        }
        count
    }

    /// Removes every key with this id, and tells how many there were: with none, nothing was removed.
    #[must_use = "0 means that the key is trusted still"]
    pub fn remove(&mut self, id: &KeyId) -> usize {
        let before = self.keys.len();
        self.keys.retain(|key| key.key_id() != *id);
        self.reindex();
        before - self.keys.len()
    }

    /// Reads a store's file.
    ///
    /// # Errors
    /// `bad_trust_store` where the bytes are over 1 MiB, are not the deterministic encoding of a store, or name a key
    /// that must not be trusted.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        file::read(bytes)
    }

    /// The store's file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        file::write(self)
    }

    /// The keys with this id, each with its place among [`keys`](Self::keys): one, or in the rarest of cases more.
    pub(crate) fn with_id(&self, id: KeyId) -> impl Iterator<Item = (usize, &TrustedKey)> + Clone {
        let start = self.index.partition_point(|(known, _)| *known < id);
        let same = self.index[start..].iter().take_while(move |(known, _)| *known == id);
        same.map(|&(_, at)| (at, &self.keys[at]))
    }

    fn reindex(&mut self) {
        self.index.clear();
        self.index.extend(self.keys.iter().enumerate().map(|(at, key)| (key.key_id(), at)));
        self.index.sort_unstable();
    }
}

fn bad_store(detail: &'static str) -> Error {
    Error::because(ErrorCode::BadTrustStore, detail)
}

#[cfg(test)]
impl TrustStore {
    /// Makes every key be found under `id`, as if the ids were the same: finding two such keys takes 2^32 tries.
    pub(crate) fn with_every_key_under(mut self, id: KeyId) -> Self {
        for (known, _) in &mut self.index {
            *known = id;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SigningKey;

    fn trusted(issuer: &str, seed: u8) -> TrustedKey {
        let key = SigningKey::from_seed(&[seed; 32]).verifying_key().clone();
        TrustedKey::new(IssuerName::new(issuer).expect("a short name"), key)
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    #[test]
    fn the_order_of_adding_does_not_show() {
        let forth = TrustStore::new().with(trusted("a", 1)).and_then(|store| store.with(trusted("b", 2)));
        let back = TrustStore::new().with(trusted("b", 2)).and_then(|store| store.with(trusted("a", 1)));
        assert_eq!(forth.as_ref().map(TrustStore::to_bytes), back.as_ref().map(TrustStore::to_bytes));
        assert_eq!(forth, back);
    }

    #[test]
    fn a_key_stands_once_whoever_it_speaks_for() {
        let store = TrustStore::new().with(trusted("a", 1)).expect("an empty store");
        let twice = store.with(trusted("b", 1)).expect_err("the key is there");
        assert_eq!(twice.code(), ErrorCode::BadTrustStore);
    }

    #[test]
    fn a_full_store_can_still_be_read() {
        let mut store = TrustStore::new();
        let name = "n".repeat(64);
        let validity = Validity::new(Some(at(u64::MAX - 1)), Some(at(u64::MAX))).expect("in order");
        let seeds = (0..TrustStore::MAX_KEYS).map(|number| {
            let mut seed = [0; 32];
            seed[..8].copy_from_slice(&number.to_be_bytes());
            seed
        });
        for seed in seeds {
            let key = SigningKey::from_seed(&seed).verifying_key().clone();
            let key =
                TrustedKey::new(IssuerName::new(&*name).expect("64 bytes"), key).with_validity(validity);
            store.keys.push(key.withdrawn());
        }
        store.keys.sort_by(|one, other| one.order().cmp(&other.order()));
        store.reindex();
        assert!(store.to_bytes().len() <= TrustStore::MAX_BYTES);
        assert_eq!(store.clone().with(trusted("a", 1)).expect_err("full").code(), ErrorCode::BadTrustStore);
    }

    #[test]
    fn validity_has_its_start_and_not_its_end() {
        let validity = Validity::new(Some(at(10)), Some(at(20))).expect("in order");
        let inside: Vec<u64> = (8..22).filter(|&second| validity.contains(at(second))).collect();
        assert_eq!(inside, (10..20).collect::<Vec<_>>());
        assert!(Validity::new(Some(at(10)), Some(at(10))).is_err());
        assert!(Validity::always().contains(at(0)) && Validity::always().contains(at(u64::MAX)));
    }

    #[test]
    fn withdrawing_and_removing_go_by_id() {
        let mut store = TrustStore::new().with(trusted("a", 1)).expect("an empty store");
        let id = store.keys().next().expect("one key").key_id();
        assert_eq!(store.withdraw(&KeyId::from_bytes([0; 8])), 0);
        assert_eq!(store.withdraw(&id), 1);
        assert!(store.keys().all(TrustedKey::is_withdrawn));
        assert_eq!(store.remove(&id), 1);
        assert!(store.is_empty());
        assert_eq!(store.with_id(id).count(), 0);
    }
}
