//! What a verifier may spend on being fast.

use crate::times;
use pyo3::prelude::*;
use std::hash::{Hash, Hasher};

/// What a ``Verifier`` may spend on being fast: how much memory, for how many keys. The verdicts are the same.
///
/// A verifier that is told nothing prepares a trusted key when it has found 64 signatures good under it, for no more than
/// 32 keys, which is ``Preparation()``. A key takes 638 kB and half a millisecond or so, once; the first one in a process
/// takes 6.9 MB and some milliseconds more. From then on its tokens are verified in less than half the time.
///
/// >>> from kycvs import Preparation, TrustStore, Verifier
/// >>> few_keys_many_tokens = Preparation.large().with_max_keys(4)
/// >>> verifier = Verifier(TrustStore(), audience="irctc.co.in", preparation=few_keys_many_tokens)
/// >>> few_keys_many_tokens
/// Preparation.large().with_max_keys(4)
#[pyclass(frozen, eq, hash, module = "kycvs")]
pub(crate) struct Preparation {
    pub(crate) inner: kycvs::Preparation,
    /// How it was made, for repr.
    begun: &'static str,
    max_keys: Option<u64>,
}

#[pymethods]
impl Preparation {
    #[new]
    fn new() -> Self {
        Self::begun("Preparation()", kycvs::Preparation::default())
    }

    /// No tables: each verification takes the time that it takes, and no memory stays.
    ///
    /// >>> from kycvs import Preparation, SigningKey, TrustStore, Verifier
    /// >>> trust = TrustStore().with_key("in.gov.cowin", SigningKey.generate().verifying_key)
    /// >>> Verifier(trust, audience="irctc.co.in", preparation=Preparation.never()).prepare()
    /// 0
    #[staticmethod]
    fn never() -> Self {
        Self::begun("Preparation.never()", kycvs::Preparation::never())
    }

    /// Tables of 6.9 MB a key, for an eighth less time than with the small ones; for at most 32 keys unless set.
    ///
    /// >>> from kycvs import Preparation
    /// >>> Preparation.large() == Preparation.large().with_max_keys(32)
    /// True
    #[staticmethod]
    fn large() -> Self {
        Self::begun("Preparation.large()", kycvs::Preparation::large())
    }

    /// For how many keys there may be tables at a time, in a verifier and in those that its ``with_trust`` makes.
    /// Whichever keys come first get them.
    ///
    /// >>> from kycvs import Preparation
    /// >>> Preparation().with_max_keys(100)
    /// Preparation().with_max_keys(100)
    fn with_max_keys(&self, max_keys: &Bound<'_, PyAny>) -> PyResult<Self> {
        let max_keys = times::whole("max_keys", max_keys)?;
        // More than there can be are as many as there can be.
        let inner = self.inner.clone().with_max_keys(usize::try_from(max_keys).unwrap_or(usize::MAX));
        Ok(Self { inner, begun: self.begun, max_keys: Some(max_keys) })
    }

    fn __repr__(&self) -> String {
        let max_keys = self.max_keys.map(|max_keys| format!(".with_max_keys({max_keys})"));
        format!("{}{}", self.begun, max_keys.unwrap_or_default())
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }
}

impl Preparation {
    fn begun(begun: &'static str, inner: kycvs::Preparation) -> Self {
        Self { inner, begun, max_keys: None }
    }
}

/// However it was made.
impl PartialEq for Preparation {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Hash for Preparation {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}
