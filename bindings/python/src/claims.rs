//! What a token says, verified or not.

use crate::{arguments::Bytes, failure::Outcome, names, times};
use kycvs::{Algorithm, KeyId, Token};
use pyo3::{
    prelude::*,
    types::{PyBytes, PyString},
};

/// What a token says, **believed by nobody yet**: from ``Presentation.unverified_claims()``, for tools that show what is
/// in one. Never decide by it: that is for ``Verifier.verify``, which returns a ``Verdict``.
///
/// >>> from kycvs import Issuer, SigningKey, Status
/// >>> issuer = Issuer("in.gov.cowin", SigningKey.generate())
/// >>> claims = issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900).unverified_claims()
/// >>> claims.issuer, claims.status.name, claims.expires_at_seconds - claims.issued_at_seconds
/// ('in.gov.cowin', 'FULLY_VACCINATED', 900)
#[pyclass(frozen, eq, module = "kycvs")]
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Claims {
    inner: kycvs::Claims,
    key_id: KeyId,
    algorithm: Option<Algorithm>,
    /// Without an opening, which is nobody's claim.
    token: Vec<u8>,
}

impl Claims {
    pub(crate) fn of(token: &Token<'_>) -> Self {
        Self {
            inner: token.unverified_claims(),
            key_id: token.key_id(),
            algorithm: token.algorithm(),
            token: token.as_bytes().to_vec(),
        }
    }
}

#[pymethods]
impl Claims {
    /// The answer.
    #[getter]
    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        names::status_to_python(py, self.inner.status())
    }

    /// Who is said to have issued it.
    #[getter]
    fn issuer(&self) -> &str {
        self.inner.issuer().as_str()
    }

    /// The verifying entity that it is for; None for an open one.
    #[getter]
    fn audience(&self) -> Option<&str> {
        self.inner.audience().map(AsRef::as_ref)
    }

    /// The purpose that was shown to the person who consented.
    #[getter]
    fn purpose(&self) -> &str {
        self.inner.purpose().as_str()
    }

    /// When it is said to have been issued, as an aware datetime in UTC. OverflowError past the year 9999.
    #[getter]
    fn issued_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        times::to_datetime(py, "issued_at", self.inner.issued_at())
    }

    /// When it is said to have been issued, in seconds since 1970.
    #[getter]
    fn issued_at_seconds(&self) -> u64 {
        self.inner.issued_at().as_secs()
    }

    /// When it expires, as an aware datetime in UTC. OverflowError past the year 9999.
    #[getter]
    fn expires_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        times::to_datetime(py, "expires_at", self.inner.expires_at())
    }

    /// When it expires, in seconds since 1970.
    #[getter]
    fn expires_at_seconds(&self) -> u64 {
        self.inner.expires_at().as_secs()
    }

    /// The token's own id, as 32 hexadecimal digits.
    #[getter]
    fn token_id(&self) -> String {
        self.inner.token_id().to_string()
    }

    /// The id of the key that is said to have signed, as 16 hexadecimal digits.
    #[getter]
    fn key_id(&self) -> String {
        self.key_id.to_string()
    }

    /// The algorithm that the token names; None where it is neither of the two.
    #[getter]
    fn algorithm<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.algorithm.map(|algorithm| names::algorithm_to_python(py, algorithm)).transpose()
    }

    /// The verifying entity's challenge; None where it carries none.
    #[getter]
    fn nonce<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.inner.nonce().map(|nonce| PyBytes::new(py, nonce.as_bytes()))
    }

    /// What binds the token to a person, 32 bytes; None where it is bound to nobody.
    #[getter]
    fn commitment<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.inner.commitment().map(|commitment| PyBytes::new(py, commitment.as_bytes()))
    }

    /// The place in a status list, as a StatusListRef; None where there is none.
    #[getter]
    fn status_list<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let class = names::status_list_class(py)?;
        self.inner.status_list().map(|list| class.call1((list.index(), list.uri()))).transpose()
    }

    /// Whether it is a specimen, made for training.
    #[getter]
    fn specimen(&self) -> bool {
        self.inner.is_specimen()
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        PyBytes::new(py, &self.token).hash()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!(
            "<Claims, not verified: {}, issuer={}, purpose={}, expires_at={}>",
            self.status(py)?.getattr("name")?,
            PyString::new(py, self.issuer()).repr()?,
            PyString::new(py, self.purpose()).repr()?,
            times::shown(py, self.inner.expires_at())?,
        ))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let unpickle = py.import("kycvs._kycvs")?.getattr("_unpickle_claims")?;
        Ok((unpickle, (PyBytes::new(py, &self.token),)))
    }
}

/// For `pickle` alone.
#[pyfunction]
#[pyo3(name = "_unpickle_claims")]
pub(crate) fn unpickle_claims(token: &Bound<'_, PyAny>) -> Outcome<Claims> {
    let token = Bytes::of("token", token)?;
    Ok(Claims::of(&Token::parse(token.as_slice())?))
}
