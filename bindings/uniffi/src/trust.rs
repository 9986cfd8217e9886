//! Which keys speak for which issuer.

use crate::{
    bytes::Bytes,
    error::Result,
    key::{ImportedKey, VerifyingKey},
    values::Algorithm,
};
use kycvs::{IssuerName, Timestamp, Validity};
use std::sync::Arc;

/// One key, the issuer that it speaks for, and what its tokens must be like.
#[derive(Clone, PartialEq, Eq, uniffi::Object)]
#[uniffi::export(Eq)]
pub struct TrustedKey(kycvs::TrustedKey);

#[uniffi::export]
impl TrustedKey {
    /// `key` speaks for `issuer`, at all times. Its tokens name `algorithm`, or `EdDSA` where none is given. Of a key
    /// that is `withdrawn` no token is good any longer, whenever it was issued.
    ///
    /// Fails with `invalid_claim` where the issuer's name is not 1 to 64 bytes of UTF-8.
    #[uniffi::constructor(default(algorithm = None, withdrawn = false))]
    pub fn new(
        issuer: String,
        key: &VerifyingKey,
        algorithm: Option<Algorithm>,
        withdrawn: bool,
    ) -> Result<Self> {
        let mut trusted = kycvs::TrustedKey::new(IssuerName::new(issuer)?, key.0.clone());
        if let Some(algorithm) = algorithm {
            trusted = trusted.with_algorithm(algorithm.into());
        }
        Ok(Self(if withdrawn { trusted.withdrawn() } else { trusted }))
    }

    /// A key that was read from a file speaks for `issuer`: with the algorithm that the file names for it, or else with
    /// `algorithm`, or else with `EdDSA`.
    ///
    /// Fails with `bad_trust_store` where the file names one and `algorithm` is another.
    #[uniffi::constructor(default(algorithm = None))]
    pub fn of_imported(issuer: String, imported: &ImportedKey, algorithm: Option<Algorithm>) -> Result<Self> {
        let algorithm = algorithm.map(Into::into);
        Ok(Self(kycvs::TrustedKey::of_imported(IssuerName::new(issuer)?, &imported.0, algorithm)?))
    }

    /// The same key, good for tokens that were issued from `notBefore` on and before `notAfter`, in seconds since 1970;
    /// null (nil) is no bound.
    ///
    /// Fails with `bad_trust_store` where the end is not after the start.
    pub fn with_validity_seconds(&self, not_before: Option<u64>, not_after: Option<u64>) -> Result<Self> {
        let time = |seconds: Option<u64>| seconds.map(Timestamp::from_secs);
        let validity = Validity::new(time(not_before), time(not_after))?;
        Ok(Self(self.0.clone().with_validity(validity)))
    }

    /// The issuer.
    pub fn issuer(&self) -> String {
        self.0.issuer().as_str().to_owned()
    }

    /// The key.
    pub fn key(&self) -> Arc<VerifyingKey> {
        Arc::new(VerifyingKey(self.0.key().clone()))
    }

    /// The key's id, 16 hexadecimal digits.
    pub fn key_id(&self) -> String {
        self.0.key_id().to_string()
    }

    /// The algorithm that the key's tokens name.
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm().into()
    }

    /// The first second in which the key may have signed, since 1970.
    pub fn not_before_seconds(&self) -> Option<u64> {
        self.0.validity().not_before().map(Timestamp::as_secs)
    }

    /// The first second in which the key may no longer have signed, since 1970.
    pub fn not_after_seconds(&self) -> Option<u64> {
        self.0.validity().not_after().map(Timestamp::as_secs)
    }

    /// Whether the key is withdrawn.
    pub fn is_withdrawn(&self) -> bool {
        self.0.is_withdrawn()
    }
}

/// The keys that a verifier trusts: of several issuers, several of each. A key stands in it once. It never changes; what
/// adds a key gives a new store.
#[derive(Clone, PartialEq, Eq, uniffi::Object)]
#[uniffi::export(Eq)]
pub struct TrustStore(pub(crate) kycvs::TrustStore);

#[uniffi::export]
impl TrustStore {
    /// A store of these keys; of none, one that trusts nobody.
    ///
    /// Fails with `bad_trust_store` where a key is there twice, or there are over 4,096.
    #[uniffi::constructor(default(keys = []))]
    pub fn new(keys: Vec<Arc<TrustedKey>>) -> Result<Self> {
        let mut store = kycvs::TrustStore::new();
        for key in keys {
            store.add(key.0.clone())?;
        }
        Ok(Self(store))
    }

    /// Reads a store's file, such as `kycvs keygen` and `kycvs trust` write. Fails with `bad_trust_store`.
    ///
    /// Take it only from where you trust it: whoever can change the file decides whom you believe.
    #[uniffi::constructor]
    pub fn from_bytes(bytes: Bytes) -> Result<Self> {
        Ok(Self(kycvs::TrustStore::from_bytes(&bytes)?))
    }

    /// The store's file. The same keys always make the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    /// A store with one key more. Fails with `bad_trust_store` where it is there already.
    pub fn with_key(&self, key: &TrustedKey) -> Result<Self> {
        Ok(Self(self.0.clone().with(key.0.clone())?))
    }

    /// The keys, by issuer.
    pub fn keys(&self) -> Vec<Arc<TrustedKey>> {
        self.0.keys().map(|key| Arc::new(TrustedKey(key.clone()))).collect()
    }
}
