//! Remembering which tokens were used: in memory, or where the app does.

use crate::{
    arguments::text,
    failure::{Outcome, Raised},
    in_order::Question,
    names::{must_return_at_once, wrong_answer, wrong_type},
    times,
};
use kycvs::{BoxError, ReplayGuard, Timestamp, TokenId};
use pyo3::{PyTraverseError, PyVisit, exceptions::PyRuntimeError, prelude::*, types::PyBool};
use std::sync::Arc;

/// A replay guard in the memory of one process: bounded, and forgetful of what has expired.
///
/// ``capacity`` is how many tokens it holds at a time: as many as come in within the longest lifetime and the clock skew;
/// 130 to 240 bytes each. When it is full of tokens that have not expired, verifying fails (``replay_guard_failed``) rather
/// than forget one. It can serve several verifiers, and threads. For several processes, write a ``ReplayGuard`` on their
/// database.
///
/// >>> from kycvs import Issuer, MemoryReplayGuard, RefusedError, SigningKey, Status, TrustStore, Verifier
/// >>> issuer = Issuer("in.gov.cowin", SigningKey.generate())
/// >>> trust = TrustStore().with_key(issuer.name, issuer.verifying_key)
/// >>> verifier = Verifier(trust, open=True, replay_guard=MemoryReplayGuard(10_000))
/// >>> answer = issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900)
/// >>> verdict = verifier.verify(answer, nonce=None)
/// >>> try:
/// ...     verifier.verify(answer, nonce=None)
/// ... except RefusedError as error:
/// ...     print(error.code)
/// replayed
#[pyclass(frozen, module = "kycvs")]
pub(crate) struct MemoryReplayGuard {
    inner: Arc<kycvs::MemoryReplayGuard>,
    #[pyo3(get)]
    /// How many tokens it holds at a time.
    capacity: usize,
}

#[pymethods]
impl MemoryReplayGuard {
    #[new]
    fn new(capacity: &Bound<'_, PyAny>) -> PyResult<Self> {
        let capacity = times::whole("capacity", capacity)?;
        let capacity = usize::try_from(capacity).unwrap_or(usize::MAX);
        Ok(Self { inner: Arc::new(kycvs::MemoryReplayGuard::new(capacity)), capacity })
    }

    /// What a ``Verifier`` asks: see ``ReplayGuard.first_use``.
    ///
    /// Raises RuntimeError where it is full.
    ///
    /// >>> from kycvs import MemoryReplayGuard
    /// >>> guard = MemoryReplayGuard(10_000)
    /// >>> [guard.first_use("in.gov.cowin", "a0" * 16, 1_800_000_900, 1_800_000_000) for _ in range(2)]
    /// [True, False]
    fn first_use(
        &self,
        issuer: &Bound<'_, PyAny>,
        token_id: &Bound<'_, PyAny>,
        keep_until: &Bound<'_, PyAny>,
        now: &Bound<'_, PyAny>,
    ) -> Outcome<bool> {
        let token_id: TokenId = text("token_id", token_id)?.parse()?;
        let (keep_until, now) = (times::time("keep_until", keep_until)?, times::time("now", now)?);
        self.inner
            .first_use(text("issuer", issuer)?, &token_id, keep_until, now)
            .map_err(|error| PyRuntimeError::new_err(error.to_string()).into())
    }

    fn __repr__(&self) -> String {
        format!("MemoryReplayGuard({})", self.capacity)
    }
}

/// The way to use a guard that has to be awaited.
pub(crate) const AWAITING: &str = "use kycvs.aio.AsyncVerifier or Verifier.begin_verify";

/// What a verifier asks: the guard in memory, or an object of the app.
pub(crate) enum Guard {
    Memory(Arc<kycvs::MemoryReplayGuard>),
    Foreign(Arc<ForeignGuard>),
}

impl Guard {
    pub(crate) fn of(value: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(guard) = value.cast::<MemoryReplayGuard>() {
            return Ok(Self::Memory(Arc::clone(&guard.get().inner)));
        }
        let Some(method) = value.getattr_opt("first_use")?.filter(PyAnyMethods::is_callable) else {
            return Err(wrong_type("replay_guard", "an object with a method first_use", value));
        };
        must_return_at_once("replay_guard.first_use", &method, AWAITING)?;
        Ok(Self::Foreign(Arc::new(ForeignGuard { object: value.clone().unbind() })))
    }

    /// The same guard for another verifier: it holds a reference of its own, which the garbage collector then counts once.
    pub(crate) fn for_another(&self, py: Python<'_>) -> Self {
        match self {
            Self::Memory(guard) => Self::Memory(Arc::clone(guard)),
            Self::Foreign(guard) => {
                Self::Foreign(Arc::new(ForeignGuard { object: guard.object.clone_ref(py) }))
            }
        }
    }

    /// Answers for a thread that checks a part of a list.
    pub(crate) fn answer(&self, question: Question) {
        let Question { issuer, token_id, keep_until, now, answer } = question;
        let answered = match self {
            Self::Memory(guard) => guard.first_use(&issuer, &token_id, keep_until, now),
            Self::Foreign(guard) => guard.first_use(&issuer, &token_id, keep_until, now),
        };
        // It waits for the answer, unless it is gone in a panic, which comes up where it is joined.
        answer.send(answered).ok();
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::Foreign(guard) => visit.call(&guard.object),
        }
    }
}

/// An object of the app with a method `first_use`.
pub(crate) struct ForeignGuard {
    object: Py<PyAny>,
}

impl ReplayGuard for ForeignGuard {
    fn first_use(
        &self,
        issuer: &str,
        token_id: &TokenId,
        keep_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, BoxError> {
        Python::attach(|py| {
            let arguments = (issuer, token_id.to_string(), keep_until.as_secs(), now.as_secs());
            let answer = self
                .object
                .bind(py)
                .call_method1("first_use", arguments)
                .map_err(|exception| Raised::boxed(py, exception))?;
            // `None` of a forgotten `return`, or a coroutine, says neither yes nor no.
            match answer.cast::<PyBool>() {
                Ok(answer) => Ok(answer.is_true()),
                Err(_) => {
                    Err(Raised::boxed(py, wrong_answer("first_use returned", "bool", &answer, AWAITING)))
                }
            }
        })
    }
}
