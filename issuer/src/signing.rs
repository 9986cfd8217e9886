//! What answers are signed with, which can be replaced while the service runs.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use kycvs::{Issuer, Signer};

/// The issuer with whatever signs for it.
pub(crate) type OwnIssuer = Issuer<Arc<dyn Signer + Send + Sync>>;

/// The issuer as it is now.
pub(crate) struct CurrentIssuer(RwLock<Arc<OwnIssuer>>);

impl CurrentIssuer {
    pub(crate) fn new(issuer: OwnIssuer) -> Self {
        Self(RwLock::new(Arc::new(issuer)))
    }

    /// Key and signer that belong together. Take it once for everything that one answer needs.
    pub(crate) fn get(&self) -> Arc<OwnIssuer> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Signs with this from now on.
    pub(crate) fn replace(&self, issuer: OwnIssuer) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(issuer);
    }
}

impl fmt::Debug for CurrentIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}
