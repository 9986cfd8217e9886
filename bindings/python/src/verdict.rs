//! What a good answer says.

use crate::{arguments::Bytes, failure::Outcome, names, times};
use kycvs::{KeyId, Status, Timestamp, TokenId};
use pyo3::{
    prelude::*,
    types::{PyBytes, PyString, PyTuple},
};

/// What a good answer says. That there is one means that every check has passed.
///
/// Only ``Verifier.verify`` and ``Verifier.verify_many`` make one. A status of 0 is a good answer too; what to do about it
/// is the verifying entity's rule, for which there is ``meets``.
///
/// Two verdicts are equal where all that they say is. One can be pickled, for a task queue or another process; what comes
/// out of a pickle is as trustworthy as who made the pickle, since nothing is verified again.
///
/// >>> from kycvs import Issuer, SigningKey, Status, TrustStore, Verifier
/// >>> issuer = Issuer("in.gov.cowin", SigningKey.generate())
/// >>> answer = issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900)
/// >>> verifier = Verifier(TrustStore().with_key(issuer.name, issuer.verifying_key), open=True)
/// >>> verdict = verifier.verify(answer, nonce=None)
/// >>> verdict.status, verdict.purpose, verdict.subject_matched
/// (<Status.FULLY_VACCINATED: 2>, 'gate', False)
/// >>> (verdict.expires_at - verdict.issued_at).total_seconds()
/// 900.0
#[pyclass(frozen, eq, hash, module = "kycvs")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Verdict {
    status: Status,
    issuer: String,
    audience: Option<String>,
    purpose: String,
    issued_at: Timestamp,
    expires_at: Timestamp,
    token_id: TokenId,
    key_id: KeyId,
    nonce: Option<Vec<u8>>,
    subject_matched: bool,
    specimen: bool,
}

impl From<kycvs::Verdict> for Verdict {
    fn from(verdict: kycvs::Verdict) -> Self {
        Self {
            status: verdict.status(),
            issuer: verdict.issuer().to_owned(),
            audience: verdict.audience().map(ToOwned::to_owned),
            purpose: verdict.purpose().to_owned(),
            issued_at: verdict.issued_at(),
            expires_at: verdict.expires_at(),
            token_id: *verdict.token_id(),
            key_id: verdict.key_id(),
            nonce: verdict.nonce().map(ToOwned::to_owned),
            subject_matched: verdict.subject_matched(),
            specimen: verdict.is_specimen(),
        }
    }
}

#[pymethods]
impl Verdict {
    /// Whether the person is vaccinated, and how far.
    #[getter]
    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        names::status_to_python(py, self.status)
    }

    /// Whether the status is ``at_least`` this.
    ///
    /// >>> from kycvs import Issuer, SigningKey, Status, TrustStore, Verifier
    /// >>> issuer = Issuer("in.gov.cowin", SigningKey.generate())
    /// >>> answer = issuer.issue(Status.PARTIALLY_VACCINATED, "gate", valid_for=900)
    /// >>> verifier = Verifier(TrustStore().with_key(issuer.name, issuer.verifying_key), open=True)
    /// >>> verdict = verifier.verify(answer, nonce=None)
    /// >>> verdict.meets(Status.PARTIALLY_VACCINATED), verdict.meets(Status.FULLY_VACCINATED)
    /// (True, False)
    fn meets(&self, at_least: &Bound<'_, PyAny>) -> PyResult<bool> {
        Ok(self.status >= names::status("at_least", at_least)?)
    }

    /// Who says so.
    #[getter]
    fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The verifying entity that the answer was given to; None for an open one.
    #[getter]
    fn audience(&self) -> Option<&str> {
        self.audience.as_deref()
    }

    /// The purpose that was shown to the person who consented.
    #[getter]
    fn purpose(&self) -> &str {
        &self.purpose
    }

    /// When the answer was issued, as an aware datetime in UTC. OverflowError past the year 9999.
    #[getter]
    fn issued_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        times::to_datetime(py, "issued_at", self.issued_at)
    }

    /// When the answer was issued, in seconds since 1970.
    #[getter]
    fn issued_at_seconds(&self) -> u64 {
        self.issued_at.as_secs()
    }

    /// From when on the answer is no longer good, as an aware datetime in UTC. OverflowError past the year 9999.
    #[getter]
    fn expires_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        times::to_datetime(py, "expires_at", self.expires_at)
    }

    /// From when on the answer is no longer good, in seconds since 1970.
    #[getter]
    fn expires_at_seconds(&self) -> u64 {
        self.expires_at.as_secs()
    }

    /// The token's own id, as 32 hexadecimal digits.
    #[getter]
    fn token_id(&self) -> String {
        self.token_id.to_string()
    }

    /// The id of the key that signed, as 16 hexadecimal digits.
    #[getter]
    fn key_id(&self) -> String {
        self.key_id.to_string()
    }

    /// The challenge that the answer carries, whether one was expected or not; None where it carries none.
    #[getter]
    fn nonce<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.nonce.as_ref().map(|nonce| PyBytes::new(py, nonce))
    }

    /// Whether the answer was found to be about the expected person; False where none was expected.
    #[getter]
    fn subject_matched(&self) -> bool {
        self.subject_matched
    }

    /// Whether this is a specimen, made for training.
    #[getter]
    fn specimen(&self) -> bool {
        self.specimen
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!(
            "Verdict(status={}, issuer={}, audience={}, purpose={}, issued_at={}, expires_at={}, token_id='{}', \
             key_id='{}', nonce={}, subject_matched={}, specimen={})",
            self.status(py)?.repr()?,
            PyString::new(py, &self.issuer).repr()?,
            self.audience().into_pyobject(py)?.repr()?,
            PyString::new(py, &self.purpose).repr()?,
            times::shown(py, self.issued_at)?,
            times::shown(py, self.expires_at)?,
            self.token_id,
            self.key_id,
            self.nonce(py).into_pyobject(py)?.repr()?,
            if self.subject_matched { "True" } else { "False" },
            if self.specimen { "True" } else { "False" },
        ))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let unpickle = py.import("kycvs._kycvs")?.getattr("_unpickle_verdict")?;
        let fields = (
            self.status.number(),
            self.issuer(),
            self.audience(),
            self.purpose(),
            self.issued_at_seconds(),
            self.expires_at_seconds(),
            PyBytes::new(py, self.token_id.as_bytes()),
            PyBytes::new(py, self.key_id.as_bytes()),
            self.nonce(py),
            self.subject_matched,
            self.specimen,
        );
        Ok((unpickle, fields.into_pyobject(py)?))
    }
}

/// For `pickle` alone.
#[pyfunction]
#[pyo3(name = "_unpickle_verdict", signature = (*fields))]
pub(crate) fn unpickle_verdict(fields: &Bound<'_, PyTuple>) -> Outcome<Verdict> {
    type Fields<'py> = (
        u8,
        String,
        Option<String>,
        String,
        u64,
        u64,
        Bound<'py, PyBytes>,
        Bound<'py, PyBytes>,
        Option<Bound<'py, PyAny>>,
        bool,
        bool,
    );
    let fields: Fields<'_> = fields.extract()?;
    let (
        status,
        issuer,
        audience,
        purpose,
        issued_at,
        expires_at,
        token_id,
        key_id,
        nonce,
        matched,
        specimen,
    ) = fields;
    Ok(Verdict {
        status: status.try_into()?,
        issuer,
        audience,
        purpose,
        issued_at: Timestamp::from_secs(issued_at),
        expires_at: Timestamp::from_secs(expires_at),
        token_id: token_id.as_bytes().try_into()?,
        key_id: KeyId::from_bytes(*crate::arguments::array("key_id", key_id.as_bytes())?),
        nonce: nonce
            .map(|nonce| Bytes::of("nonce", &nonce).map(|nonce| nonce.as_slice().to_vec()))
            .transpose()?,
        subject_matched: matched,
        specimen,
    })
}
