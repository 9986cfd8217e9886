//! The secret half of a key.

use crate::{
    arguments::{Bytes, File, array, text},
    failure::Outcome,
    keys::VerifyingKey,
};
use kycvs::Signer;
use pyo3::{
    exceptions::PyRuntimeError,
    prelude::*,
    types::{PyBytes, PyString, PyType},
};
use std::sync::Arc;

/// An Ed25519 secret key. It is wiped when it is dropped, and its repr shows the key's id alone.
///
/// It signs for an ``Issuer``, and so can any object with ``verifying_key`` and ``sign`` (see ``Signer``), such as one
/// that asks an HSM. What ``to_pem`` and its like return are objects of Python, which nothing wipes: write them to their
/// file and forget them. Cannot be pickled.
///
/// >>> from kycvs import SigningKey
/// >>> key = SigningKey.generate()
/// >>> SigningKey.from_pem(key.to_pem()).verifying_key == key.verifying_key
/// True
#[pyclass(frozen, module = "kycvs")]
pub(crate) struct SigningKey {
    pub(crate) inner: Arc<kycvs::SigningKey>,
}

impl From<kycvs::SigningKey> for SigningKey {
    fn from(inner: kycvs::SigningKey) -> Self {
        Self { inner: Arc::new(inner) }
    }
}

#[pymethods]
impl SigningKey {
    /// A new key from the system's random source.
    ///
    /// Raises IssuingError (``random_source_failed``).
    ///
    /// >>> from kycvs import SigningKey
    /// >>> key = SigningKey.generate()
    #[classmethod]
    fn generate(_: &Bound<'_, PyType>, py: Python<'_>) -> Outcome<Self> {
        // The random source of a system that has just started lets one wait.
        Ok(py.detach(kycvs::SigningKey::generate)?.into())
    }

    /// The key with this seed, the 32 bytes of the private key of RFC 8032, section 5.1.5.
    ///
    /// Raises ValueError where there are not 32.
    ///
    /// >>> from kycvs import SigningKey
    /// >>> SigningKey.from_seed(bytes(range(32)))
    /// SigningKey(key_id='be5de2f4bcdc383a')
    #[classmethod]
    fn from_seed(_: &Bound<'_, PyType>, seed: &Bound<'_, PyAny>) -> PyResult<Self> {
        let seed = Bytes::of("seed", seed)?;
        Ok(kycvs::SigningKey::from_seed(&*array("seed", seed.as_slice())?).into())
    }

    /// The key of a PKCS#8 PEM file (``PRIVATE KEY``), as ``openssl genpkey -algorithm ed25519`` writes it.
    ///
    /// Raises IssuingError (``invalid_key``). For an encrypted file see ``from_encrypted_pem``.
    ///
    /// >>> from kycvs import SigningKey
    /// >>> key = SigningKey.from_pem(SigningKey.generate().to_pem())
    #[classmethod]
    fn from_pem(_: &Bound<'_, PyType>, py: Python<'_>, pem: &Bound<'_, PyAny>) -> Outcome<Self> {
        let pem = File::of("pem", pem)?;
        Ok(py.detach(|| kycvs::SigningKey::from_pem(&pem.to_text()))?.into())
    }

    /// The key of an encrypted PKCS#8 PEM file (``ENCRYPTED PRIVATE KEY``), as ``openssl pkey -aes256`` writes it. A
    /// passphrase that is text stands for its UTF-8 bytes.
    ///
    /// It takes a good part of a second, by design, in which other threads run.
    ///
    /// Raises IssuingError: ``wrong_passphrase``, or ``invalid_key`` where it is not such a file.
    ///
    /// >>> from kycvs import SigningKey
    /// >>> key = SigningKey.generate()
    /// >>> pem = key.to_encrypted_pem("correct horse")
    /// >>> SigningKey.from_encrypted_pem(pem, "correct horse").verifying_key == key.verifying_key
    /// True
    #[classmethod]
    fn from_encrypted_pem(
        _: &Bound<'_, PyType>,
        py: Python<'_>,
        pem: &Bound<'_, PyAny>,
        passphrase: &Bound<'_, PyAny>,
    ) -> Outcome<Self> {
        let (pem, passphrase) = (File::of("pem", pem)?, self::passphrase(passphrase)?);
        let read = || kycvs::SigningKey::from_encrypted_pem(&pem.to_text(), passphrase.as_slice());
        Ok(py.detach(read)?.into())
    }

    /// The key of a JWK with its private member ``d`` (RFC 8037).
    ///
    /// Raises IssuingError (``invalid_key``).
    ///
    /// >>> from kycvs import SigningKey
    /// >>> key = SigningKey.from_jwk(SigningKey.generate().to_jwk())
    #[classmethod]
    fn from_jwk(_: &Bound<'_, PyType>, py: Python<'_>, jwk: &Bound<'_, PyAny>) -> Outcome<Self> {
        let jwk = File::of("jwk", jwk)?;
        Ok(py.detach(|| kycvs::SigningKey::from_jwk(&jwk.to_text()))?.into())
    }

    /// The key of a COSE_Key with its private half (RFC 9053, section 7.2).
    ///
    /// Raises IssuingError (``invalid_key``).
    ///
    /// >>> from kycvs import SigningKey
    /// >>> key = SigningKey.from_cose_key(SigningKey.generate().to_cose_key())
    #[classmethod]
    fn from_cose_key(_: &Bound<'_, PyType>, py: Python<'_>, data: &Bound<'_, PyAny>) -> Outcome<Self> {
        let data = Bytes::of("data", data)?;
        Ok(py.detach(|| kycvs::SigningKey::from_cose_key(data.as_slice()))?.into())
    }

    /// Whether a PEM file is encrypted, so that a passphrase has to be asked for.
    ///
    /// >>> from kycvs import SigningKey
    /// >>> SigningKey.is_encrypted_pem(SigningKey.generate().to_pem())
    /// False
    #[staticmethod]
    fn is_encrypted_pem(py: Python<'_>, pem: &Bound<'_, PyAny>) -> PyResult<bool> {
        let pem = File::of("pem", pem)?;
        Ok(py.detach(|| kycvs::SigningKey::is_encrypted_pem(&pem.to_text())))
    }

    /// A PKCS#8 PEM file (``PRIVATE KEY``), not encrypted.
    ///
    /// >>> from kycvs import SigningKey
    /// >>> SigningKey.generate().to_pem().startswith("-----BEGIN PRIVATE KEY-----")
    /// True
    fn to_pem<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        PyString::new(py, &self.inner.to_pem())
    }

    /// An encrypted PKCS#8 PEM file (``ENCRYPTED PRIVATE KEY``). A passphrase that is text stands for its UTF-8 bytes.
    ///
    /// It takes a good part of a second, by design, in which other threads run.
    ///
    /// Raises IssuingError (``random_source_failed``).
    ///
    /// >>> from kycvs import SigningKey
    /// >>> pem = SigningKey.generate().to_encrypted_pem("correct horse")
    /// >>> SigningKey.is_encrypted_pem(pem)
    /// True
    fn to_encrypted_pem<'py>(
        &self,
        py: Python<'py>,
        passphrase: &Bound<'py, PyAny>,
    ) -> Outcome<Bound<'py, PyString>> {
        let passphrase = self::passphrase(passphrase)?;
        let pem = py.detach(|| self.inner.to_encrypted_pem(passphrase.as_slice()))?;
        Ok(PyString::new(py, &pem))
    }

    /// A JWK with its private member ``d`` (RFC 8037), not encrypted.
    ///
    /// >>> import json
    /// >>> from kycvs import SigningKey
    /// >>> json.loads(SigningKey.generate().to_jwk())["crv"]
    /// 'Ed25519'
    fn to_jwk<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        PyString::new(py, &self.inner.to_jwk())
    }

    /// A COSE_Key with its private half (RFC 9053, section 7.2), not encrypted.
    ///
    /// >>> from kycvs import SigningKey
    /// >>> key = SigningKey.generate()
    /// >>> SigningKey.from_cose_key(key.to_cose_key()).verifying_key == key.verifying_key
    /// True
    fn to_cose_key<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.inner.to_cose_key())
    }

    /// The public half.
    #[getter]
    fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey { inner: self.inner.verifying_key().clone() }
    }

    /// The bare Ed25519 signature over ``message``, 64 bytes. For a token use an ``Issuer``.
    ///
    /// >>> from kycvs import SigningKey
    /// >>> len(SigningKey.generate().sign(b"message"))
    /// 64
    fn sign<'py>(&self, py: Python<'py>, message: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
        let message = Bytes::of("message", message)?;
        let message = message.as_slice();
        let signature = py.detach(|| self.inner.sign(message));
        let signature = signature.map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        Ok(PyBytes::new(py, &signature))
    }

    fn __repr__(&self) -> String {
        format!("SigningKey(key_id='{}')", self.inner.verifying_key().key_id())
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }
}

/// Bytes, or a text, which stands for its UTF-8 bytes and is never repaired: another one would open nothing.
fn passphrase(value: &Bound<'_, PyAny>) -> PyResult<File> {
    if value.is_instance_of::<PyString>() {
        text("passphrase", value)?;
    }
    File::of("passphrase", value)
}
