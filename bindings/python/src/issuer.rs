//! Making answers.

use crate::{
    arguments::{Bytes, Flag, array, instance, text},
    failure::{Outcome, Raised, caused_by},
    keys::VerifyingKey,
    names::{self, must_return_at_once, wrong_answer, wrong_type},
    pending::PendingAnswer,
    presentation::Presentation,
    signing_key::SigningKey,
    subject::Subject,
    times,
};
use kycvs::{Answer, Audience, BoxError, ErrorCode, IssuerName, Nonce, Purpose, Signer, StatusListRef};
use pyo3::{
    PyTraverseError, PyVisit,
    exceptions::PyAttributeError,
    prelude::*,
    types::{PyBytes, PyString, PyType},
};
use std::sync::Arc;

/// An issuer: a name, and a signer that verifiers trust for it.
///
/// ``signer`` is a SigningKey, or any object with ``verifying_key`` and ``sign`` (see ``Signer``), such as one that asks
/// an HSM; its ``verifying_key`` is read once, here. ``algorithm`` is what the tokens name: the one that the verifiers'
/// trust stores name for the key.
///
/// Raises SetUpError (``invalid_claim``) for a name that is empty or too long, and IssuingError (``signer_failed``) if the
/// signer does not tell its key.
///
/// >>> from datetime import timedelta
/// >>> from kycvs import Issuer, SigningKey, Status
/// >>> issuer = Issuer("in.gov.cowin", SigningKey.generate())
/// >>> answer = issuer.issue(
/// ...     Status.FULLY_VACCINATED,
/// ...     "rail-booking",
/// ...     valid_for=timedelta(minutes=15),
/// ...     audience="irctc.co.in",
/// ...     nonce=b"sixteen bytes...",
/// ... )
/// >>> answer.to_text().startswith("KV1:")
/// True
#[pyclass(frozen, module = "kycvs")]
pub(crate) struct Issuer {
    inner: Core,
    /// What `inner` signs with, where that is an object of the app: for the garbage collector.
    foreign: Option<Arc<ForeignSigner>>,
}

#[pymethods]
impl Issuer {
    #[new]
    #[pyo3(signature = (name, signer, *, algorithm=None))]
    fn new(
        name: &Bound<'_, PyAny>,
        signer: &Bound<'_, PyAny>,
        algorithm: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<Self> {
        let name = IssuerName::new(text("name", name)?)?;
        let mut foreign = None;
        let signer: Arc<dyn Signer + Send + Sync> = if let Ok(key) = signer.cast::<SigningKey>() {
            key.get().inner.clone()
        } else {
            foreign.insert(Arc::new(ForeignSigner::of(signer)?)).clone()
        };
        Ok(Self { inner: named(kycvs::Issuer::new(name, signer), algorithm)?, foreign })
    }

    /// An issuer with a public key only, for ``begin_issue``: your program asks the signer between its two steps.
    /// ``issue`` fails on it (``signer_failed``).
    ///
    /// Raises SetUpError (``invalid_claim``) for a name that is empty or too long.
    ///
    /// >>> from kycvs import Issuer, SigningKey
    /// >>> Issuer.signed_elsewhere("in.gov.cowin", SigningKey.generate().verifying_key).name
    /// 'in.gov.cowin'
    #[classmethod]
    #[pyo3(signature = (name, key, *, algorithm=None))]
    fn signed_elsewhere(
        _: &Bound<'_, PyType>,
        name: &Bound<'_, PyAny>,
        key: &Bound<'_, PyAny>,
        algorithm: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<Self> {
        let name = IssuerName::new(text("name", name)?)?;
        let key = instance::<VerifyingKey>("key", key)?.get().inner.clone();
        let signer: Arc<dyn Signer + Send + Sync> = Arc::new(Elsewhere(key));
        Ok(Self { inner: named(kycvs::Issuer::new(name, signer), algorithm)?, foreign: None })
    }

    /// The issuer's name.
    #[getter]
    fn name(&self) -> &str {
        self.inner.name().as_str()
    }

    /// The key that verifiers have to trust.
    #[getter]
    fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey { inner: self.inner.verifying_key().clone() }
    }

    /// Issues an answer: ``status``, for ``purpose``, good for ``valid_for`` (a timedelta, or seconds).
    ///
    /// Say whom it is for (``audience``) and which challenge it answers (``nonce``, bytes) wherever there is a verifying
    /// entity to name; without them it is an open pass. With a ``subject`` it is bound to that person, and comes with the
    /// opening by which the name is checked. ``status_list`` is a StatusListRef. A ``specimen`` is for training, and
    /// refused by every verifier that does not ask for specimens. ``now`` (an aware datetime, or seconds since 1970) is
    /// for tests: without it, it is now.
    ///
    /// Raises SetUpError (``invalid_claim``) for a value that cannot stand in a token and (``clock_not_set``) for a time before
    /// 2024, and IssuingError: ``signer_failed`` (what the signer raised is the exception's ``__cause__``),
    /// ``random_source_failed``.
    ///
    /// >>> from kycvs import Issuer, SigningKey, Status, Subject
    /// >>> issuer = Issuer("in.gov.cowin", SigningKey.generate())
    /// >>> issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900, subject=Subject("Asha Rao"))
    /// <Presentation: 220 bytes with its opening>
    #[pyo3(
        signature = (
            status, purpose, *, valid_for, audience=None, nonce=None, subject=None, status_list=None,
            specimen=Flag::NO, now=None
        ),
        text_signature = "($self, status, purpose, *, valid_for, audience=None, nonce=None, subject=None, \
            status_list=None, specimen=False, now=None)"
    )]
    #[allow(clippy::too_many_arguments, reason = "they are keywords")]
    fn issue(
        &self,
        py: Python<'_>,
        status: &Bound<'_, PyAny>,
        purpose: &Bound<'_, PyAny>,
        valid_for: &Bound<'_, PyAny>,
        audience: Option<&Bound<'_, PyAny>>,
        nonce: Option<&Bound<'_, PyAny>>,
        subject: Option<&Bound<'_, PyAny>>,
        status_list: Option<&Bound<'_, PyAny>>,
        specimen: Flag,
        now: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<Presentation> {
        let answer = answer(status, purpose, valid_for, audience, nonce, subject, status_list)?;
        let answer = if specimen.said(py, "specimen")? { answer.as_specimen() } else { answer };
        let now = times::optional_time("now", now)?;
        let issue = || match now {
            Some(now) => self.inner.issue_at(&answer, now),
            None => self.inner.issue(&answer),
        };
        Ok(Presentation { inner: py.detach(issue)? })
    }

    /// Begins to issue an answer, for a signer that has to be awaited: gives the bytes to sign, and then, with their signature,
    /// the answer. The arguments are those of ``issue``. See also ``kycvs.aio.AsyncIssuer``.
    ///
    /// Raises what ``issue`` raises, except ``signer_failed``.
    ///
    /// >>> from kycvs import Issuer, SigningKey, Status
    /// >>> key = SigningKey.generate()
    /// >>> issuer = Issuer.signed_elsewhere("in.gov.cowin", key.verifying_key)
    /// >>> pending = issuer.begin_issue(Status.FULLY_VACCINATED, "gate", valid_for=900)
    /// >>> signature = key.sign(pending.message)  # for example, by a key management service
    /// >>> pending.finish(signature)
    /// <Presentation: 168 bytes>
    #[pyo3(
        signature = (
            status, purpose, *, valid_for, audience=None, nonce=None, subject=None, status_list=None,
            specimen=Flag::NO, now=None
        ),
        text_signature = "($self, status, purpose, *, valid_for, audience=None, nonce=None, subject=None, \
            status_list=None, specimen=False, now=None)"
    )]
    #[allow(clippy::too_many_arguments, reason = "they are keywords")]
    fn begin_issue(
        &self,
        py: Python<'_>,
        status: &Bound<'_, PyAny>,
        purpose: &Bound<'_, PyAny>,
        valid_for: &Bound<'_, PyAny>,
        audience: Option<&Bound<'_, PyAny>>,
        nonce: Option<&Bound<'_, PyAny>>,
        subject: Option<&Bound<'_, PyAny>>,
        status_list: Option<&Bound<'_, PyAny>>,
        specimen: Flag,
        now: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<PendingAnswer> {
        let answer = answer(status, purpose, valid_for, audience, nonce, subject, status_list)?;
        let answer = if specimen.said(py, "specimen")? { answer.as_specimen() } else { answer };
        let pending = match times::optional_time("now", now)? {
            Some(now) => self.inner.begin_issue_at(&answer, now),
            None => self.inner.begin_issue(&answer),
        };
        Ok(pending?.into())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let name = PyString::new(py, self.name()).repr()?;
        Ok(format!("Issuer({name}, key_id='{}')", self.inner.verifying_key().key_id()))
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.foreign.as_ref().map_or(Ok(()), |signer| visit.call(&signer.object))
    }
}

type Core = kycvs::Issuer<Arc<dyn Signer + Send + Sync>>;

fn named(issuer: Core, algorithm: Option<&Bound<'_, PyAny>>) -> PyResult<Core> {
    Ok(match names::algorithm("algorithm", algorithm)? {
        Some(algorithm) => issuer.with_algorithm(algorithm),
        None => issuer,
    })
}

/// The answer that the arguments of ``issue`` describe.
fn answer(
    status: &Bound<'_, PyAny>,
    purpose: &Bound<'_, PyAny>,
    valid_for: &Bound<'_, PyAny>,
    audience: Option<&Bound<'_, PyAny>>,
    nonce: Option<&Bound<'_, PyAny>>,
    subject: Option<&Bound<'_, PyAny>>,
    status_list: Option<&Bound<'_, PyAny>>,
) -> Outcome<Answer> {
    let status = names::status("status", status)?;
    let purpose = Purpose::new(text("purpose", purpose)?)?;
    let mut answer = Answer::new(status, purpose, times::span("valid_for", valid_for)?);
    if let Some(audience) = audience {
        answer = answer.with_audience(Audience::new(text("audience", audience)?)?);
    }
    if let Some(nonce) = nonce {
        answer = answer.with_nonce(Nonce::new(Bytes::of("nonce", nonce)?.as_slice())?);
    }
    if let Some(subject) = subject {
        answer = answer.with_subject(instance::<Subject>("subject", subject)?.get().inner.clone());
    }
    if let Some(status_list) = status_list {
        answer = answer.with_status_list(status_list_ref(status_list)?);
    }
    Ok(answer)
}

fn status_list_ref(value: &Bound<'_, PyAny>) -> Outcome<StatusListRef> {
    if !value.is_instance(names::status_list_class(value.py())?.as_any())? {
        return Err(wrong_type("status_list", "kycvs.StatusListRef", value).into());
    }
    let (index, uri) = (value.getattr("index")?, value.getattr("uri")?);
    Ok(StatusListRef::new(times::whole("status_list.index", &index)?, text("status_list.uri", &uri)?)?)
}

/// The way to use a signer that has to be awaited.
const AWAITING: &str = "use kycvs.aio.AsyncIssuer or Issuer.begin_issue";

/// An object of the app with `verifying_key` and `sign`.
struct ForeignSigner {
    object: Py<PyAny>,
    key: kycvs::VerifyingKey,
}

impl ForeignSigner {
    fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = object.py();
        let expected = "kycvs.SigningKey, or an object with verifying_key and a method sign";
        let Some(method) = object.getattr_opt("sign")?.filter(PyAnyMethods::is_callable) else {
            return Err(wrong_type("signer", expected, object));
        };
        must_return_at_once("signer.sign", &method, AWAITING)?;
        let key = match object.getattr("verifying_key") {
            Err(exception) if exception.is_instance_of::<PyAttributeError>(py) => {
                let wrong = wrong_type("signer", expected, object);
                wrong.set_cause(py, Some(exception));
                return Err(wrong);
            }
            Err(exception) => return Err(caused_by(py, ErrorCode::SignerFailed, exception)),
            Ok(key) => key,
        };
        let key = key.cast::<VerifyingKey>().map_err(|_| {
            wrong_answer("signer.verifying_key", "kycvs.VerifyingKey", &key, "give it as an attribute")
        })?;
        Ok(Self { object: object.clone().unbind(), key: key.get().inner.clone() })
    }
}

/// A key whose signatures are made between the two steps of ``begin_issue``.
struct Elsewhere(kycvs::VerifyingKey);

impl Signer for Elsewhere {
    fn verifying_key(&self) -> kycvs::VerifyingKey {
        self.0.clone()
    }

    fn sign(&self, _message: &[u8]) -> Result<[u8; 64], BoxError> {
        Err("this issuer has a public key only: call begin_issue".into())
    }
}

impl Signer for ForeignSigner {
    fn verifying_key(&self) -> kycvs::VerifyingKey {
        self.key.clone()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], BoxError> {
        let sign = |py: Python<'_>| {
            let signature = self.object.bind(py).call_method1("sign", (PyBytes::new(py, message),))?;
            let signature = Bytes::of_buffer(&signature)?.ok_or_else(|| {
                wrong_answer("sign returned", "bytes, bytearray or memoryview", &signature, AWAITING)
            })?;
            array("sign returned", signature.as_slice()).map(|signature| *signature)
        };
        Python::attach(|py| sign(py).map_err(|exception| Raised::boxed(py, exception)))
    }
}
