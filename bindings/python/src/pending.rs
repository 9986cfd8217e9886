//! The state between the two steps of issuing and of verifying, while the app awaits its signer or its replay guard.

use crate::{
    arguments::Bytes,
    failure::{Outcome, Raised, caused_by},
    keys::VerifyingKey,
    names::wrong_answer,
    presentation::Presentation,
    verdict::Verdict,
};
use kycvs::{BoxError, ErrorCode};
use pyo3::{
    PyTraverseError, PyVisit,
    exceptions::{PyBaseException, PyRuntimeError},
    prelude::*,
    types::{PyBool, PyBytes},
};
use std::sync::{Mutex, PoisonError};

/// An answer that waits for its signature: from ``Issuer.begin_issue``.
///
/// Nothing is issued if it is dropped. It becomes one answer at most: if the signer fails, begin again.
///
/// >>> from kycvs import Issuer, SigningKey, Status
/// >>> key = SigningKey.generate()
/// >>> issuer = Issuer.signed_elsewhere("in.gov.cowin", key.verifying_key)
/// >>> pending = issuer.begin_issue(Status.FULLY_VACCINATED, "gate", valid_for=900)
/// >>> pending.verifying_key == key.verifying_key
/// True
#[pyclass(frozen, module = "kycvs")]
pub(crate) struct PendingAnswer {
    message: Box<[u8]>,
    key: kycvs::VerifyingKey,
    pending: Once<kycvs::PendingAnswer>,
}

impl From<kycvs::PendingAnswer> for PendingAnswer {
    fn from(pending: kycvs::PendingAnswer) -> Self {
        let (message, key) = (pending.message().into(), pending.verifying_key().clone());
        Self { message, key, pending: Once::new(pending) }
    }
}

#[pymethods]
impl PendingAnswer {
    /// The bytes to sign: with Ed25519, neither prehashed nor with a context.
    #[getter]
    fn message<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.message)
    }

    /// The key that has to sign.
    #[getter]
    fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey { inner: self.key.clone() }
    }

    /// The answer with this ``signature`` (64 bytes), which is checked under the issuer's key. If the signer raised an
    /// exception, that can be given instead: it becomes the ``__cause__`` of the error.
    ///
    /// Raises IssuingError (``signer_failed``) if it is not the key's signature of the message, and RuntimeError if this was
    /// called before.
    ///
    /// >>> from kycvs import Issuer, IssuingError, SigningKey, Status
    /// >>> issuer = Issuer.signed_elsewhere("in.gov.cowin", SigningKey.generate().verifying_key)
    /// >>> pending = issuer.begin_issue(Status.FULLY_VACCINATED, "gate", valid_for=900)
    /// >>> try:
    /// ...     pending.finish(SigningKey.generate().sign(pending.message))
    /// ... except IssuingError as error:
    /// ...     print(error.code)
    /// signer_failed
    fn finish(&self, py: Python<'_>, signature: &Bound<'_, PyAny>) -> Outcome<Presentation> {
        if let Some(raised) = exception(signature) {
            drop(self.pending.take()?);
            return Err(caused_by(py, ErrorCode::SignerFailed, raised).into());
        }
        let signature = Bytes::of_buffer(signature)?.ok_or_else(|| {
            wrong_answer("signature", "bytes, bytearray or memoryview", signature, AWAIT_FIRST)
        })?;
        let pending = self.pending.take()?;
        Ok(Presentation { inner: py.detach(|| pending.finish(signature.as_slice()))? })
    }

    fn __repr__(&self) -> String {
        format!("<PendingAnswer: key_id='{}'>", self.key.key_id())
    }
}

/// A verdict that waits for the replay guard: from ``Verifier.begin_verify``.
///
/// It shows what a guard needs, with the names of ``ReplayGuard.first_use``. Only ``finish`` tells what the answer says.
///
/// >>> from kycvs import Issuer, RefusedError, SigningKey, Status, TrustStore, Verifier
/// >>> issuer = Issuer("in.gov.cowin", SigningKey.generate())
/// >>> verifier = Verifier(TrustStore().with_key(issuer.name, issuer.verifying_key), open=True)
/// >>> answer = issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900)
/// >>> pending = verifier.begin_verify(answer, nonce=None)
/// >>> pending.issuer, len(pending.token_id), pending.keep_until > pending.now
/// ('in.gov.cowin', 32, True)
/// >>> try:
/// ...     pending.finish(False)  # the guard has seen it
/// ... except RefusedError as error:
/// ...     print(error.code)
/// replayed
#[pyclass(frozen, module = "kycvs")]
pub(crate) struct PendingVerdict {
    #[pyo3(get)]
    /// The issuer whose token it is.
    issuer: String,
    #[pyo3(get)]
    /// The token's id, as 32 hexadecimal digits, which one issuer uses once.
    token_id: String,
    #[pyo3(get)]
    /// Until when the guard has to remember the token at least, in seconds since 1970.
    keep_until: u64,
    #[pyo3(get)]
    /// The time of the check, in seconds since 1970.
    now: u64,
    pending: Once<kycvs::PendingVerdict>,
    /// The `Verifier`, for the garbage collector: it holds the guard that `pending` asks.
    verifier: Py<PyAny>,
}

impl PendingVerdict {
    pub(crate) fn new(pending: kycvs::PendingVerdict, verifier: Py<PyAny>) -> Self {
        Self {
            issuer: pending.issuer().to_owned(),
            token_id: pending.token_id().to_string(),
            keep_until: pending.keep_until().as_secs(),
            now: pending.now().as_secs(),
            pending: Once::new(pending),
            verifier,
        }
    }
}

#[pymethods]
impl PendingVerdict {
    /// The verdict, if ``first_use`` is True: what ``ReplayGuard.first_use`` would return. If the guard raised an exception,
    /// that can be given instead: it becomes the ``__cause__`` of the error.
    ///
    /// Raises RefusedError (``replayed``) if it is False, SetUpError (``replay_guard_failed``) if it is an exception, TypeError
    /// if it is anything else, such as a coroutine, and RuntimeError if this was called before.
    ///
    /// >>> from kycvs import Issuer, SigningKey, Status, TrustStore, Verifier
    /// >>> issuer = Issuer("in.gov.cowin", SigningKey.generate())
    /// >>> verifier = Verifier(TrustStore().with_key(issuer.name, issuer.verifying_key), open=True)
    /// >>> answer = issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900)
    /// >>> verifier.begin_verify(answer, nonce=None).finish(True).purpose
    /// 'gate'
    fn finish(&self, py: Python<'_>, first_use: &Bound<'_, PyAny>) -> Outcome<Verdict> {
        let said: Result<bool, BoxError> = match (first_use.cast::<PyBool>(), exception(first_use)) {
            (Ok(said), _) => Ok(said.is_true()),
            (Err(_), Some(raised)) => Err(Raised::boxed(py, raised)),
            (Err(_), None) => {
                let expected = "bool or the exception that the guard raised";
                return Err(wrong_answer("first_use", expected, first_use, AWAIT_FIRST).into());
            }
        };
        let pending = self.pending.take()?;
        Ok(py.detach(|| pending.finish(said))?.into())
    }

    fn __repr__(&self) -> String {
        format!("<PendingVerdict: token_id='{}'>", self.token_id)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.verifier)
    }
}

/// What to do with an awaitable instead.
const AWAIT_FIRST: &str = "await, and give what comes of it";

fn exception(value: &Bound<'_, PyAny>) -> Option<PyErr> {
    value.is_instance_of::<PyBaseException>().then(|| PyErr::from_value(value.clone()))
}

/// A value that can be taken once. Otherwise one use of a token could give two verdicts.
struct Once<T>(Mutex<Option<T>>);

impl<T> Once<T> {
    fn new(value: T) -> Self {
        Self(Mutex::new(Some(value)))
    }

    fn take(&self) -> PyResult<T> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        taken.ok_or_else(|| PyRuntimeError::new_err("this was finished before: begin again"))
    }
}
