//! Public keys, and the files that they come in.

use crate::{
    arguments::{Bytes, File, instance},
    failure::Outcome,
    names,
};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyBytes, PyTuple, PyType},
};

/// An Ed25519 public key that may be trusted.
///
/// Its encoding is canonical and its point is of the large prime order; anything else is refused with
/// ``invalid_key``. To trust one, name the issuer that it speaks for: see ``TrustStore.with_key``.
///
/// >>> from kycvs import SigningKey, VerifyingKey
/// >>> key = SigningKey.generate().verifying_key
/// >>> VerifyingKey.from_bytes(key.to_bytes()) == key
/// True
#[pyclass(frozen, eq, hash, module = "kycvs")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct VerifyingKey {
    pub(crate) inner: kycvs::VerifyingKey,
}

#[pymethods]
impl VerifyingKey {
    /// The key with these 32 bytes (RFC 8032, section 5.1.2).
    ///
    /// Raises IssuingError (``invalid_key``) where they are not a key that may be trusted.
    ///
    /// >>> from kycvs import VerifyingKey
    /// >>> VerifyingKey.from_bytes(bytes(32))
    /// Traceback (most recent call last):
    ///     ...
    /// kycvs.IssuingError: this is not an Ed25519 key that can be used (its point is not of the large prime order)
    #[classmethod]
    fn from_bytes(_: &Bound<'_, PyType>, py: Python<'_>, data: &Bound<'_, PyAny>) -> Outcome<Self> {
        let data = Bytes::of("data", data)?;
        Ok(Self { inner: py.detach(|| data.as_slice().try_into())? })
    }

    /// The key of a PEM file (``PUBLIC KEY``), as ``openssl pkey -pubout`` writes it.
    ///
    /// Raises IssuingError (``invalid_key``). A file of several keys, or of another format, is for ``import_keys``.
    ///
    /// >>> from kycvs import SigningKey, VerifyingKey
    /// >>> key = SigningKey.generate().verifying_key
    /// >>> VerifyingKey.from_pem(key.to_pem()) == key
    /// True
    #[classmethod]
    fn from_pem(_: &Bound<'_, PyType>, py: Python<'_>, pem: &Bound<'_, PyAny>) -> Outcome<Self> {
        let pem = File::of("pem", pem)?;
        Ok(Self { inner: py.detach(|| kycvs::VerifyingKey::from_pem(&pem.to_text()))? })
    }

    /// The 32 bytes.
    ///
    /// >>> from kycvs import SigningKey
    /// >>> len(SigningKey.generate().verifying_key.to_bytes())
    /// 32
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.inner.as_bytes())
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        self.to_bytes(py)
    }

    /// A PEM file (``PUBLIC KEY``).
    ///
    /// >>> from kycvs import SigningKey
    /// >>> SigningKey.generate().verifying_key.to_pem().startswith("-----BEGIN PUBLIC KEY-----")
    /// True
    fn to_pem(&self) -> String {
        self.inner.to_pem()
    }

    /// A JWK (RFC 8037), with ``alg`` where an algorithm is given and the key id as ``kid``.
    ///
    /// >>> import json
    /// >>> from kycvs import Algorithm, SigningKey
    /// >>> json.loads(SigningKey.generate().verifying_key.to_jwk(Algorithm.EDDSA))["alg"]
    /// 'EdDSA'
    #[pyo3(signature = (algorithm=None))]
    fn to_jwk(&self, algorithm: Option<&Bound<'_, PyAny>>) -> PyResult<String> {
        Ok(self.inner.to_jwk(names::algorithm("algorithm", algorithm)?))
    }

    /// A COSE_Key (RFC 9052), with ``alg`` where an algorithm is given.
    ///
    /// >>> from kycvs import SigningKey, import_keys
    /// >>> key = SigningKey.generate().verifying_key
    /// >>> import_keys(key.to_cose_key()).keys[0].key == key
    /// True
    #[pyo3(signature = (algorithm=None))]
    fn to_cose_key<'py>(
        &self,
        py: Python<'py>,
        algorithm: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.inner.to_cose_key(names::algorithm("algorithm", algorithm)?)))
    }

    /// The ``kid`` of this key's tokens, as 16 hexadecimal digits. It names a key and proves nothing.
    #[getter]
    fn key_id(&self) -> String {
        self.inner.key_id().to_string()
    }

    /// The SHA-256 COSE Key Thumbprint (RFC 9679), 32 bytes.
    #[getter]
    fn thumbprint<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.inner.thumbprint())
    }

    /// Whether ``signature`` is this key's bare Ed25519 signature over ``message``, by the strict rule.
    ///
    /// It says nothing about a token: use a ``Verifier`` for that. A signature of another length than 64 bytes is
    /// none.
    ///
    /// >>> from kycvs import SigningKey
    /// >>> key = SigningKey.generate()
    /// >>> key.verifying_key.verifies(b"message", key.sign(b"message"))
    /// True
    /// >>> key.verifying_key.verifies(b"another", key.sign(b"message"))
    /// False
    fn verifies(
        &self,
        py: Python<'_>,
        message: &Bound<'_, PyAny>,
        signature: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        let message = Bytes::of("message", message)?;
        let signature = Bytes::of("signature", signature)?;
        let (message, signature) = (message.as_slice(), signature.as_slice());
        Ok(py.detach(|| signature.try_into().is_ok_and(|signature| self.inner.verifies(message, signature))))
    }

    fn __repr__(&self) -> String {
        format!("VerifyingKey(key_id='{}')", self.inner.key_id())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        Ok((py.get_type::<Self>().getattr("from_bytes")?, (self.to_bytes(py),)))
    }
}

/// A public key that was read from a file, and the algorithm that the file names for it.
///
/// It is not trusted by that: give it to ``TrustedKey`` or ``TrustStore.with_key`` with the issuer that it speaks for.
///
/// >>> from kycvs import SigningKey, TrustStore, import_keys
/// >>> [imported] = import_keys(SigningKey.generate().verifying_key.to_pem())
/// >>> trust = TrustStore().with_key("in.gov.cowin", imported)
#[pyclass(frozen, eq, module = "kycvs")]
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ImportedKey {
    pub(crate) inner: kycvs::ImportedKey,
}

#[pymethods]
impl ImportedKey {
    /// The key.
    #[getter]
    fn key(&self) -> VerifyingKey {
        VerifyingKey { inner: self.inner.key().clone() }
    }

    /// The algorithm that the file names for it; None where it names none.
    #[getter]
    fn algorithm<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.inner.algorithm().map(|algorithm| names::algorithm_to_python(py, algorithm)).transpose()
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        PyBytes::new(py, self.inner.key().as_bytes()).hash()
    }

    fn __repr__(&self) -> String {
        let algorithm = self.inner.algorithm().map_or("None", kycvs::Algorithm::name);
        format!("ImportedKey(key_id='{}', algorithm={algorithm})", self.inner.key().key_id())
    }

    /// As the COSE_Key from which it could have come.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let unpickle = py.import("kycvs._kycvs")?.getattr("_unpickle_imported_key")?;
        let cose_key = self.inner.key().to_cose_key(self.inner.algorithm());
        Ok((unpickle, (PyBytes::new(py, &cose_key),)))
    }
}

/// For `pickle` alone.
#[pyfunction]
#[pyo3(name = "_unpickle_imported_key")]
pub(crate) fn unpickle_imported_key(cose_key: &Bound<'_, PyAny>) -> Outcome<ImportedKey> {
    let imported = kycvs::ImportedKeys::read(Bytes::of("cose_key", cose_key)?.as_slice())?;
    match imported.into_iter().next() {
        Some(inner) => Ok(ImportedKey { inner }),
        None => Err(PyValueError::new_err("cose_key: there is no key in it").into()),
    }
}

/// The public keys of a file, at least one: a sequence of ImportedKey that can be gone through and counted.
///
/// >>> from kycvs import SigningKey, import_keys
/// >>> imported = import_keys(SigningKey.generate().verifying_key.to_jwk())
/// >>> len(imported), imported.skipped
/// (1, 0)
#[pyclass(frozen, eq, module = "kycvs")]
#[derive(PartialEq, Eq)]
pub(crate) struct ImportedKeys {
    keys: Vec<kycvs::ImportedKey>,
    skipped: usize,
}

impl From<kycvs::ImportedKeys> for ImportedKeys {
    fn from(imported: kycvs::ImportedKeys) -> Self {
        Self { skipped: imported.skipped(), keys: imported.into_iter().collect() }
    }
}

#[pymethods]
impl ImportedKeys {
    /// The keys as a tuple, in the order of the file.
    #[getter]
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.keys.iter().map(|key| ImportedKey { inner: key.clone() }))
    }

    /// How many keys of another kind the file holds.
    #[getter]
    fn skipped(&self) -> usize {
        self.skipped
    }

    fn __len__(&self) -> usize {
        self.keys.len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.keys(py)?.try_iter()?.into_any())
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.keys(py)?.hash()
    }

    fn __repr__(&self) -> String {
        let plural = if self.keys.len() == 1 { "" } else { "s" };
        format!("<ImportedKeys: {} key{plural}, {} skipped>", self.keys.len(), self.skipped)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let unpickle = py.import("kycvs._kycvs")?.getattr("_unpickle_imported_keys")?;
        Ok((unpickle, (self.keys(py)?, self.skipped).into_pyobject(py)?))
    }
}

/// For `pickle` alone.
#[pyfunction]
#[pyo3(name = "_unpickle_imported_keys")]
pub(crate) fn unpickle_imported_keys(keys: &Bound<'_, PyTuple>, skipped: usize) -> PyResult<ImportedKeys> {
    let key = |key: Bound<'_, PyAny>| Ok(instance::<ImportedKey>("keys", &key)?.get().inner.clone());
    Ok(ImportedKeys { keys: keys.iter().map(key).collect::<PyResult<_>>()?, skipped })
}

/// Reads every Ed25519 public key of a file: PEM, COSE_Key, COSE_KeySet, JWK or JWK Set, told apart by their content.
///
/// ``data`` is the file's content, as bytes or as text; at most 1 MiB. Keys of other kinds are counted and passed over.
/// None of the keys is trusted by that.
///
/// Raises IssuingError (``invalid_key``) where the file is none of these, holds no key that can be used, or holds an
/// Ed25519 key that must not be trusted.
///
/// >>> from kycvs import SigningKey, import_keys
/// >>> key = SigningKey.generate().verifying_key
/// >>> [imported.key == key for imported in import_keys(key.to_pem())]
/// [True]
#[pyfunction]
pub(crate) fn import_keys(py: Python<'_>, data: &Bound<'_, PyAny>) -> Outcome<ImportedKeys> {
    let data = File::of("data", data)?;
    Ok(py.detach(|| kycvs::ImportedKeys::read(data.as_slice()))?.into())
}
