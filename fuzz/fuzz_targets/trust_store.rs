//! Any bytes as a trust store's file. What is accepted is written again as it was, is in order, has each key once, and stays
//! a trust store through everything that can be done to it.
#![no_main]

use kycvs::{ErrorCode, TrustStore};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let store = match TrustStore::from_bytes(bytes) {
        Ok(store) => store,
        Err(error) => return assert_eq!(error.code(), ErrorCode::BadTrustStore),
    };
    assert_eq!(store.to_bytes(), bytes);
    assert!(store.len() <= TrustStore::MAX_KEYS && bytes.len() <= TrustStore::MAX_BYTES);

    let keys: Vec<_> = store.keys().cloned().collect();
    assert_eq!(keys.len(), store.len());
    let order = |i: usize| (keys[i].issuer().as_str(), keys[i].key().as_bytes());
    for (i, key) in keys.iter().enumerate() {
        assert!(i == 0 || order(i - 1) < order(i));
        assert!((1..=64).contains(&key.issuer().as_str().len()));
        let again = kycvs::VerifyingKey::from_bytes(key.key().as_bytes());
        assert_eq!(again.as_ref(), Ok(key.key()), "a key that may be trusted");
        assert!(keys[..i].iter().all(|other| other.key() != key.key()));
        if let (Some(start), Some(end)) = (key.validity().not_before(), key.validity().not_after()) {
            assert!(start < end);
        }
    }

    // The same keys in whatever order make the same store.
    let mut backwards = TrustStore::new();
    for key in keys.iter().rev() {
        backwards.add(key.clone()).expect("each key stands there once");
    }
    assert_eq!(backwards, store);

    // Nothing can stand there twice, and what is taken out leaves the rest as it was.
    let Some(first) = keys.first() else { return };
    assert!(store.clone().add(first.clone()).is_err_and(|error| error.code() == ErrorCode::BadTrustStore));
    let mut fewer = store.clone();
    let removed = fewer.remove(&first.key_id());
    assert!(removed >= 1);
    assert_eq!(fewer.len(), store.len() - removed);
    let mut withdrawn = store.clone();
    assert_eq!(withdrawn.withdraw(&first.key_id()), removed);
    assert!(
        withdrawn.keys().filter(|key| key.key_id() == first.key_id()).all(kycvs::TrustedKey::is_withdrawn)
    );
    for store in [fewer, withdrawn] {
        assert_eq!(TrustStore::from_bytes(&store.to_bytes()).as_ref(), Ok(&store));
    }
});
