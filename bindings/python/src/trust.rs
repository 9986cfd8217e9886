//! Which keys speak for which issuer, and when.

use crate::{
    arguments::{Bytes, Flag, Given, text},
    failure::Outcome,
    keys::{ImportedKey, VerifyingKey},
    names::{self, not_able, wrong_type},
    times,
};
use kycvs::{IssuerName, Validity};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyBytes, PyString, PyTuple, PyType},
};

/// One key, the issuer that it speaks for, and what its tokens must be like.
///
/// ``key`` is a VerifyingKey, or an ImportedKey, whose file may name its algorithm. ``algorithm`` is the one that the
/// key's tokens name. The key may have signed from ``not_before`` on and before ``not_after``: aware datetimes, or
/// seconds since 1970. Of a ``withdrawn`` key no token is good any longer, whenever it was issued.
///
/// Raises SetUpError: ``invalid_claim`` for a name that is empty or too long, ``bad_trust_store``
/// where the validity ends before it begins, or the file names another algorithm.
///
/// >>> from datetime import datetime, timezone
/// >>> from kycvs import SigningKey, TrustedKey
/// >>> key = SigningKey.generate().verifying_key
/// >>> trusted = TrustedKey("in.gov.cowin", key, not_after=datetime(2030, 1, 1, tzinfo=timezone.utc))
/// >>> trusted.issuer, trusted.algorithm.value, trusted.not_after_seconds
/// ('in.gov.cowin', 'EdDSA', 1893456000)
#[pyclass(frozen, eq, module = "kycvs")]
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct TrustedKey {
    inner: kycvs::TrustedKey,
}

#[pymethods]
impl TrustedKey {
    #[new]
    #[pyo3(
        signature = (issuer, key, *, algorithm=None, not_before=None, not_after=None, withdrawn=Flag::NO),
        text_signature = "(issuer, key, *, algorithm=None, not_before=None, not_after=None, withdrawn=False)"
    )]
    fn new(
        py: Python<'_>,
        issuer: &Bound<'_, PyAny>,
        key: &Bound<'_, PyAny>,
        algorithm: Option<&Bound<'_, PyAny>>,
        not_before: Option<&Bound<'_, PyAny>>,
        not_after: Option<&Bound<'_, PyAny>>,
        withdrawn: Flag,
    ) -> Outcome<Self> {
        let issuer = IssuerName::new(text("issuer", issuer)?)?;
        let algorithm = names::algorithm("algorithm", algorithm)?;
        let trusted = if let Ok(key) = key.cast::<VerifyingKey>() {
            let trusted = kycvs::TrustedKey::new(issuer, key.get().inner.clone());
            match algorithm {
                Some(algorithm) => trusted.with_algorithm(algorithm),
                None => trusted,
            }
        } else if let Ok(imported) = key.cast::<ImportedKey>() {
            kycvs::TrustedKey::of_imported(issuer, &imported.get().inner, algorithm)?
        } else {
            return Err(wrong_type("key", "kycvs.VerifyingKey or kycvs.ImportedKey", key).into());
        };
        let trusted = trusted.with_validity(Validity::new(
            times::optional_time("not_before", not_before)?,
            times::optional_time("not_after", not_after)?,
        )?);
        Ok(Self { inner: if withdrawn.said(py, "withdrawn")? { trusted.withdrawn() } else { trusted } })
    }

    /// The issuer that the key speaks for.
    #[getter]
    fn issuer(&self) -> &str {
        self.inner.issuer().as_str()
    }

    /// The key.
    #[getter]
    fn key(&self) -> VerifyingKey {
        VerifyingKey { inner: self.inner.key().clone() }
    }

    /// The key's id, as 16 hexadecimal digits.
    #[getter]
    fn key_id(&self) -> String {
        self.inner.key_id().to_string()
    }

    /// The algorithm that the key's tokens name.
    #[getter]
    fn algorithm<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        names::algorithm_to_python(py, self.inner.algorithm())
    }

    /// The first moment in which the key may have signed, as an aware datetime in UTC; None where there is no such
    /// bound. OverflowError past the year 9999.
    #[getter]
    fn not_before<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let time = self.inner.validity().not_before();
        time.map(|time| times::to_datetime(py, "not_before", time)).transpose()
    }

    /// The same in seconds since 1970.
    #[getter]
    fn not_before_seconds(&self) -> Option<u64> {
        self.inner.validity().not_before().map(kycvs::Timestamp::as_secs)
    }

    /// The first moment in which the key may no longer have signed, as an aware datetime in UTC; None where there is
    /// no such bound. OverflowError past the year 9999.
    #[getter]
    fn not_after<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let time = self.inner.validity().not_after();
        time.map(|time| times::to_datetime(py, "not_after", time)).transpose()
    }

    /// The same in seconds since 1970.
    #[getter]
    fn not_after_seconds(&self) -> Option<u64> {
        self.inner.validity().not_after().map(kycvs::Timestamp::as_secs)
    }

    /// Whether the key is withdrawn.
    #[getter]
    fn withdrawn(&self) -> bool {
        self.inner.is_withdrawn()
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        PyBytes::new(py, self.inner.key().as_bytes()).hash()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        use std::fmt::Write as _;

        let mut text = format!(
            "TrustedKey({}, key_id='{}', algorithm={}",
            PyString::new(py, self.issuer()).repr()?,
            self.inner.key_id(),
            self.inner.algorithm(),
        );
        let validity = self.inner.validity();
        for (name, time) in [("not_before", validity.not_before()), ("not_after", validity.not_after())] {
            if let Some(time) = time {
                write!(text, ", {name}={}", times::shown(py, time)?).ok();
            }
        }
        text.push_str(if self.withdrawn() { ", withdrawn)" } else { ")" });
        Ok(text)
    }

    /// As the file of a store with this key alone, which says all of it.
    fn __reduce__<'py>(&self, py: Python<'py>) -> Outcome<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let unpickle = py.import("kycvs._kycvs")?.getattr("_unpickle_trusted_key")?;
        let store = kycvs::TrustStore::new().with(self.inner.clone())?;
        Ok((unpickle, (PyBytes::new(py, &store.to_bytes()),)))
    }
}

/// For `pickle` alone.
#[pyfunction]
#[pyo3(name = "_unpickle_trusted_key")]
pub(crate) fn unpickle_trusted_key(store: &Bound<'_, PyAny>) -> Outcome<TrustedKey> {
    let store = kycvs::TrustStore::from_bytes(Bytes::of("store", store)?.as_slice())?;
    match store.keys().next() {
        Some(key) => Ok(TrustedKey { inner: key.clone() }),
        None => Err(PyValueError::new_err("store: there is no key in it").into()),
    }
}

/// The keys that a verifier trusts: of several issuers, several of each. It never changes; ``with_key`` makes another.
///
/// As a file (``from_bytes``, ``to_bytes``) it is what ``kycvs trust`` and ``kycvs keygen`` write.
///
/// Raises SetUpError (``bad_trust_store``) where a key stands in it twice or there are too many.
///
/// >>> from kycvs import SigningKey, TrustStore
/// >>> key = SigningKey.generate().verifying_key
/// >>> trust = TrustStore().with_key("in.gov.cowin", key)
/// >>> TrustStore.from_bytes(trust.to_bytes()) == trust
/// True
/// >>> [(trusted.issuer, trusted.key == key) for trusted in trust]
/// [('in.gov.cowin', True)]
/// >>> withdrawn = TrustStore(trusted for trusted in trust if trusted.key_id != key.key_id)
/// >>> len(withdrawn)
/// 0
#[pyclass(frozen, eq, module = "kycvs")]
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct TrustStore {
    pub(crate) inner: kycvs::TrustStore,
}

#[pymethods]
impl TrustStore {
    #[new]
    #[pyo3(signature = (keys=Given::Not), text_signature = "(keys=())")]
    fn new(py: Python<'_>, keys: Given) -> Outcome<Self> {
        let expected = "an iterable of kycvs.TrustedKey";
        let mut all = Vec::new();
        if let Given::This(keys) = keys {
            let keys = keys.bind(py);
            for key in keys.try_iter().map_err(|error| not_able(error, "keys", expected, keys))? {
                let key = key?;
                let trusted = key.cast::<TrustedKey>().map_err(|_| wrong_type("keys", expected, &key))?;
                all.push(trusted.get().inner.clone());
            }
        }
        let add = || all.into_iter().try_fold(kycvs::TrustStore::new(), kycvs::TrustStore::with);
        Ok(Self { inner: py.detach(add)? })
    }

    /// Reads a store's file.
    ///
    /// Raises SetUpError (``bad_trust_store``) where the bytes are none.
    ///
    /// >>> from kycvs import SetUpError, TrustStore
    /// >>> try:
    /// ...     TrustStore.from_bytes(b"something else")
    /// ... except SetUpError as error:
    /// ...     print(error.code)
    /// bad_trust_store
    #[classmethod]
    fn from_bytes(_: &Bound<'_, PyType>, py: Python<'_>, data: &Bound<'_, PyAny>) -> Outcome<Self> {
        let data = Bytes::of("data", data)?;
        Ok(Self { inner: py.detach(|| kycvs::TrustStore::from_bytes(data.as_slice()))? })
    }

    /// The store's file: the same keys always make the same bytes.
    ///
    /// >>> from kycvs import TrustStore
    /// >>> TrustStore().to_bytes().hex()
    /// 'a2006d6b796376732f74727573742f310180'
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.inner.to_bytes()))
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        self.to_bytes(py)
    }

    /// Another store, with one key more. The arguments are those of ``TrustedKey``.
    ///
    /// Raises what ``TrustedKey`` does, and SetUpError (``bad_trust_store``) where the key is there already.
    ///
    /// >>> from kycvs import SigningKey, TrustStore
    /// >>> old, new = SigningKey.generate().verifying_key, SigningKey.generate().verifying_key
    /// >>> trust = TrustStore().with_key("in.gov.cowin", old, not_after=1_800_000_000)
    /// >>> len(trust.with_key("in.gov.cowin", new, not_before=1_800_000_000))
    /// 2
    #[pyo3(
        signature = (issuer, key, *, algorithm=None, not_before=None, not_after=None, withdrawn=Flag::NO),
        text_signature = "($self, issuer, key, *, algorithm=None, not_before=None, not_after=None, withdrawn=False)"
    )]
    #[allow(clippy::too_many_arguments, reason = "they are keywords")]
    fn with_key(
        &self,
        py: Python<'_>,
        issuer: &Bound<'_, PyAny>,
        key: &Bound<'_, PyAny>,
        algorithm: Option<&Bound<'_, PyAny>>,
        not_before: Option<&Bound<'_, PyAny>>,
        not_after: Option<&Bound<'_, PyAny>>,
        withdrawn: Flag,
    ) -> Outcome<Self> {
        let trusted = TrustedKey::new(py, issuer, key, algorithm, not_before, not_after, withdrawn)?;
        Ok(Self { inner: py.detach(|| self.inner.clone().with(trusted.inner))? })
    }

    /// The keys as a tuple, by issuer.
    #[getter]
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inner.keys().map(|key| TrustedKey { inner: key.clone() }))
    }

    fn __len__(&self) -> usize {
        self.inner.len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.keys(py)?.try_iter()?.into_any())
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.to_bytes(py).hash()
    }

    fn __repr__(&self) -> String {
        match self.inner.len() {
            1 => "<TrustStore: 1 key>".to_owned(),
            keys => format!("<TrustStore: {keys} keys>"),
        }
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        Ok((py.get_type::<Self>().getattr("from_bytes")?, (self.to_bytes(py),)))
    }
}
