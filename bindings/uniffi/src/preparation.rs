//! What a verifier may spend on being fast.

/// What a verifier may spend on being fast: how much memory, for how many keys. The verdicts are the same.
///
/// A verifier that is told nothing prepares a trusted key when it has found 64 signatures good under it, for no more than
/// 32 keys. A key takes 638 kB and half a millisecond or so, once; the first one in a process takes 6.9 MB and some
/// milliseconds more. From then on its tokens are verified in less than half the time.
#[derive(uniffi::Object)]
pub struct Preparation(pub(crate) kycvs::Preparation);

#[uniffi::export]
impl Preparation {
    /// What a verifier has that is told nothing: tables of 638 kB, for at most 32 keys.
    #[uniffi::constructor]
    #[allow(clippy::new_without_default, reason = "nobody calls it from Rust")]
    pub fn new() -> Self {
        Self(kycvs::Preparation::default())
    }

    /// No tables: each verification takes the time that it takes, and no memory stays.
    #[uniffi::constructor]
    pub fn never() -> Self {
        Self(kycvs::Preparation::never())
    }

    /// Tables of 6.9 MB a key, for an eighth less time than with the small ones; for at most 32 keys unless set.
    #[uniffi::constructor]
    pub fn large() -> Self {
        Self(kycvs::Preparation::large())
    }

    /// For how many keys there may be tables at a time, in a verifier and in those that its `withTrust` makes.
    /// Whichever keys come first get them.
    pub fn with_max_keys(&self, max_keys: u32) -> Self {
        // More than there can be are as many as there can be.
        Self(self.0.clone().with_max_keys(usize::try_from(max_keys).unwrap_or(usize::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::Preparation;
    use crate::{Policy, SigningKey, TrustStore, TrustedKey, Verifier};
    use std::sync::Arc;

    #[test]
    fn as_many_keys_are_prepared_as_may_be() {
        let keys = [1, 2].map(|_| {
            let key = SigningKey::generate().expect("a random source").verifying_key();
            Arc::new(TrustedKey::new("me".into(), &key, None, false).expect("a short name"))
        });
        let trust = TrustStore::new(keys.into()).expect("two keys");
        let verifier = Verifier::new(&trust, &Policy::new(None, true, false, false).expect("open"), None);
        let prepared = |preparation: Preparation| verifier.with_preparation(&preparation).prepare();
        assert_eq!(verifier.prepare(), 2);
        assert_eq!(prepared(Preparation::new()), 2);
        assert_eq!(prepared(Preparation::large()), 2);
        assert_eq!(prepared(Preparation::large().with_max_keys(1)), 1);
        assert_eq!(prepared(Preparation::new().with_max_keys(u32::MAX)), 2);
        assert_eq!(prepared(Preparation::never()), 0);
    }
}
