//! Checking answers.

use crate::{
    arguments::{Flag, instance, text},
    expected::{Expected, expectation},
    failure::{Outcome, as_exception, stops},
    in_order::{InCaller, InOrder},
    many::Work,
    names::{not_able, wrong_type},
    pending::PendingVerdict,
    preparation::Preparation,
    presentation::Input,
    replay::Guard,
    times,
    trust::TrustStore,
    verdict::Verdict,
};
use kycvs::{Audience, Expectation, Policy, Presented, Timestamp};
use pyo3::{
    PyTraverseError, PyVisit,
    prelude::*,
    types::{PyList, PyString},
};
use std::sync::Arc;

/// Checks answers against a trust store and a policy. Shared by threads as it is, and never changes.
///
/// - ``audience``: the verifying entity's own name. Answers that were given to it are taken, and no others.
/// - ``open``: takes answers that name no verifying entity (open passes). One of the two has to be said, or both.
/// - ``clock_skew``: how far the issuer's clock and this one may be apart.
/// - ``max_lifetime``: the longest lifetime of an answer.
/// - ``issued_after``: refuses answers that may have been issued at or before this time, as ``expired``. Give the time of the
///   start if the replay guard does not outlive the program, as MemoryReplayGuard: it does not know which answers were used
///   before. Answers that are issued within the clock skew after it are refused as well. By default there is no such bound.
/// - ``allow_specimen``: takes specimens too, for training.
/// - ``ignore_status_lists``: does not look at status lists, so that an answer that was taken back is good here until it
///   expires.
/// - ``replay_guard``: takes each token once, as this guard remembers: a MemoryReplayGuard or an object like
///   ``ReplayGuard``.
/// - ``preparation``: what it may spend on being fast. Verdicts do not depend on it.
///
/// Spans are timedeltas or seconds, ``issued_after`` is an aware datetime or seconds since 1970; what is not given is as SPEC.md says.
///
/// Raises SetUpError: ``invalid_setting`` if a setting is out of its range or neither ``audience`` nor ``open`` is
/// said, ``invalid_claim`` for an audience that is empty or too long.
///
/// >>> from kycvs import Issuer, RefusedError, SigningKey, Status, TrustStore, Verifier
/// >>> issuer = Issuer("in.gov.cowin", SigningKey.generate())
/// >>> challenge = b"sixteen bytes..."
/// >>> scanned = issuer.issue(
/// ...     Status.FULLY_VACCINATED, "rail-booking", valid_for=900, audience="irctc.co.in", nonce=challenge
/// ... ).to_text()
/// >>> trust = TrustStore().with_key(issuer.name, issuer.verifying_key)
/// >>> verifier = Verifier(trust, audience="irctc.co.in")
/// >>> verifier.verify(scanned, nonce=challenge).meets(Status.FULLY_VACCINATED)
/// True
/// >>> try:
/// ...     verifier.verify(scanned, nonce=b"another challenge")
/// ... except RefusedError as error:
/// ...     print(error.code, error.number)
/// wrong_nonce 15
#[pyclass(frozen, module = "kycvs")]
pub(crate) struct Verifier {
    inner: kycvs::Verifier,
    trust: Py<TrustStore>,
    audience: Option<String>,
    open: bool,
    guard: Option<Guard>,
}

#[pymethods]
impl Verifier {
    #[new]
    #[pyo3(
        signature = (
            trust, *, audience=None, open=Flag::NO, clock_skew=None, max_lifetime=None, issued_after=None,
            allow_specimen=Flag::NO, ignore_status_lists=Flag::NO, replay_guard=None, preparation=None
        ),
        text_signature = "(trust, *, audience=None, open=False, clock_skew=None, max_lifetime=None, \
            issued_after=None, allow_specimen=False, ignore_status_lists=False, replay_guard=None, preparation=None)"
    )]
    #[allow(clippy::too_many_arguments, reason = "they are keywords")]
    fn new(
        py: Python<'_>,
        trust: &Bound<'_, PyAny>,
        audience: Option<&Bound<'_, PyAny>>,
        open: Flag,
        clock_skew: Option<&Bound<'_, PyAny>>,
        max_lifetime: Option<&Bound<'_, PyAny>>,
        issued_after: Option<&Bound<'_, PyAny>>,
        allow_specimen: Flag,
        ignore_status_lists: Flag,
        replay_guard: Option<&Bound<'_, PyAny>>,
        preparation: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<Self> {
        let trust = instance::<TrustStore>("trust", trust)?;
        let audience = audience.map(|audience| text("audience", audience)).transpose()?;
        let open = open.said(py, "open")?;
        let mut policy = Policy::new(audience.map(Audience::new).transpose()?, open)?;
        if let Some(skew) = clock_skew {
            policy = policy.with_clock_skew(times::span("clock_skew", skew)?)?;
        }
        if let Some(lifetime) = max_lifetime {
            policy = policy.with_max_lifetime(times::span("max_lifetime", lifetime)?);
        }
        if let Some(time) = times::optional_time("issued_after", issued_after)? {
            policy = policy.with_issued_after(time);
        }
        if allow_specimen.said(py, "allow_specimen")? {
            policy = policy.allowing_specimens();
        }
        if ignore_status_lists.said(py, "ignore_status_lists")? {
            policy = policy.ignoring_status_lists();
        }
        let guard = replay_guard.map(Guard::of).transpose()?;
        let preparation = preparation.map(|it| instance::<Preparation>("preparation", it)).transpose()?;
        let preparation = preparation.map(|preparation| preparation.get().inner.clone());
        let store = trust.get();
        let inner = py.detach(|| {
            let verifier = kycvs::Verifier::new(store.inner.clone(), policy);
            match preparation {
                Some(preparation) => verifier.with_preparation(preparation),
                None => verifier,
            }
        });
        let audience = audience.map(ToOwned::to_owned);
        Ok(Self::guarded(inner, guard, trust.clone().unbind(), audience, open))
    }

    /// The same verifier with another trust store: what to do when the store's file has changed. The replay guard stays,
    /// and with it what was used; so does the preparation, with the tables of the keys that stay.
    ///
    /// >>> from kycvs import SigningKey, TrustStore, Verifier
    /// >>> verifier = Verifier(TrustStore(), audience="irctc.co.in")
    /// >>> key = SigningKey.generate().verifying_key
    /// >>> verifier.with_trust(TrustStore().with_key("in.gov.cowin", key))
    /// <Verifier: audience='irctc.co.in', open=False, 1 key>
    fn with_trust(&self, py: Python<'_>, trust: &Bound<'_, PyAny>) -> PyResult<Self> {
        let trust = instance::<TrustStore>("trust", trust)?;
        let store = trust.get();
        let inner = py.detach(|| self.inner.clone().with_trust(store.inner.clone()));
        let guard = self.guard.as_ref().map(|guard| guard.for_another(py));
        Ok(Self::guarded(inner, guard, trust.clone().unbind(), self.audience.clone(), self.open))
    }

    /// Makes the tables of the trusted keys now, for as many keys as the ``Preparation`` allows, and tells how many have
    /// some. Without this call each is made when it pays.
    ///
    /// For a process that is to be fast from the first token on. Other threads run meanwhile.
    ///
    /// >>> from kycvs import SigningKey, TrustStore, Verifier
    /// >>> trust = TrustStore().with_key("in.gov.cowin", SigningKey.generate().verifying_key)
    /// >>> Verifier(trust, audience="irctc.co.in").prepare()
    /// 1
    fn prepare(&self, py: Python<'_>) -> usize {
        py.detach(|| self.inner.prepare())
    }

    /// The trust store.
    #[getter]
    fn trust(&self, py: Python<'_>) -> Py<TrustStore> {
        self.trust.clone_ref(py)
    }

    /// Checks a presentation: its bytes, either of its text forms, or a Presentation.
    ///
    /// - ``nonce``: the challenge that was given, which the answer must carry. ``None`` says that none was given; then the
    ///   answer may be one that was shown before.
    /// - ``purpose``: the answer must have been given for this purpose.
    /// - ``subject``: the answer must be about this person, and come with its opening.
    /// - ``now``: an aware datetime, or seconds since 1970; without it, now.
    ///
    /// Other threads run meanwhile.
    ///
    /// Raises UnreadableError, UntrustedError or RefusedError where the answer is not good, SetUpError where the verifier's
    /// own set-up is at fault (what a replay guard raised is the ``__cause__``): also ``invalid_claim`` for a nonce or a
    /// purpose that no token can hold.
    ///
    /// >>> from kycvs import TrustStore, SetUpError, Verifier
    /// >>> try:
    /// ...     Verifier(TrustStore(), open=True).verify("KV1:...", nonce=None)
    /// ... except SetUpError as error:
    /// ...     print(error)
    /// this verifier trusts no key yet: add an issuer's key to its trust store
    #[pyo3(signature = (presentation, *, nonce, purpose=None, subject=None, now=None))]
    fn verify(
        &self,
        py: Python<'_>,
        presentation: &Bound<'_, PyAny>,
        nonce: Option<&Bound<'_, PyAny>>,
        purpose: Option<&Bound<'_, PyAny>>,
        subject: Option<&Bound<'_, PyAny>>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<Verdict> {
        let expectation = expectation(nonce, purpose, subject)?;
        let input = Input::of("presentation", presentation)?;
        let now = times::optional_time("now", now)?;
        Ok(py.detach(|| check(&self.inner, &input, &expectation, now))?.into())
    }

    /// Begins to check a presentation, for a replay guard that has to be awaited: gives what the guard is asked, and then, with
    /// its answer, the verdict. The arguments are those of ``verify``. See also ``kycvs.aio.AsyncVerifier``.
    ///
    /// A ``replay_guard`` of this verifier is asked as well, when the verdict is finished.
    ///
    /// Raises what ``verify`` raises, except ``replayed`` and ``replay_guard_failed``.
    ///
    /// >>> from kycvs import Issuer, SigningKey, Status, TrustStore, Verifier
    /// >>> issuer = Issuer("in.gov.cowin", SigningKey.generate())
    /// >>> verifier = Verifier(TrustStore().with_key(issuer.name, issuer.verifying_key), open=True)
    /// >>> answer = issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900)
    /// >>> pending = verifier.begin_verify(answer, nonce=None)
    /// >>> first_use = len(pending.token_id) == 32  # for example, an INSERT that is awaited
    /// >>> pending.finish(first_use).status
    /// <Status.FULLY_VACCINATED: 2>
    #[pyo3(signature = (presentation, *, nonce, purpose=None, subject=None, now=None))]
    fn begin_verify(
        slf: &Bound<'_, Self>,
        presentation: &Bound<'_, PyAny>,
        nonce: Option<&Bound<'_, PyAny>>,
        purpose: Option<&Bound<'_, PyAny>>,
        subject: Option<&Bound<'_, PyAny>>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<PendingVerdict> {
        let expectation = expectation(nonce, purpose, subject)?;
        let input = Input::of("presentation", presentation)?;
        let now = times::optional_time("now", now)?.unwrap_or_else(Timestamp::now);
        let verifier = &slf.get().inner;
        let pending = slf.py().detach(|| verifier.begin_verify_at(input.presented(), &expectation, now))?;
        Ok(PendingVerdict::new(pending, slf.clone().unbind().into_any()))
    }

    /// Checks many presentations on all processors: for each, in order, its Verdict or the KycvsError that ``verify``
    /// would raise. The arguments are those of ``verify``, and hold for all of them.
    ///
    /// If ``nonce`` or ``subject`` is a list or a tuple, it has one item for each presentation, for answers that were each
    /// given to a challenge of their own. No item can be None: a challenge that was not found must not skip the check.
    ///
    /// A replay guard is asked in the order of the list, and in the thread that calls this. Other threads run meanwhile,
    /// and Ctrl-C ends it early.
    ///
    /// Raises TypeError if an argument or an item is of a wrong type, ValueError if a list has another length than
    /// ``presentations``, and SetUpError (``invalid_claim``) for a nonce that no token can hold, all before any
    /// presentation is checked.
    ///
    /// >>> from kycvs import Issuer, KycvsError, SigningKey, Status, TrustStore, Verifier
    /// >>> issuer = Issuer("in.gov.cowin", SigningKey.generate())
    /// >>> verifier = Verifier(TrustStore().with_key(issuer.name, issuer.verifying_key), open=True)
    /// >>> good = issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900)
    /// >>> for result in verifier.verify_many([good, b"damaged"], nonce=None):
    /// ...     print(result.code if isinstance(result, KycvsError) else result.status.name)
    /// FULLY_VACCINATED
    /// malformed
    #[pyo3(signature = (presentations, *, nonce, purpose=None, subject=None, now=None))]
    fn verify_many<'py>(
        &self,
        py: Python<'py>,
        presentations: &Bound<'py, PyAny>,
        nonce: Option<&Bound<'py, PyAny>>,
        purpose: Option<&Bound<'py, PyAny>>,
        subject: Option<&Bound<'py, PyAny>>,
        now: Option<&Bound<'py, PyAny>>,
    ) -> Outcome<Bound<'py, PyList>> {
        let inputs = inputs(presentations)?;
        let expected = Expected::of(nonce, purpose, subject, inputs.len())?;
        let now = times::optional_time("now", now)?.unwrap_or_else(Timestamp::now);
        let results = Work::new(&self.inner, self.guard.as_ref(), &expected, now, &inputs).run(py)?;
        // What wants to stop is raised: where there is such a thing, other results are missing.
        if let Some(Err(error)) = results.iter().find(|result| result.as_ref().is_err_and(stops)) {
            return Err(error.clone().into());
        }
        let list = PyList::empty(py);
        for result in results {
            match result {
                Ok(verdict) => list.append(Verdict::from(verdict))?,
                Err(error) => list.append(as_exception(py, &error).into_value(py))?,
            }
        }
        Ok(list)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let audience = match &self.audience {
            Some(audience) => PyString::new(py, audience).repr()?.to_string(),
            None => "None".to_owned(),
        };
        let open = if self.open { "True" } else { "False" };
        let keys = match self.trust.get().inner.len() {
            1 => "1 key".to_owned(),
            keys => format!("{keys} keys"),
        };
        Ok(format!("<Verifier: audience={audience}, open={open}, {keys}>"))
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.trust)?;
        self.guard.as_ref().map_or(Ok(()), |guard| guard.traverse(&visit))
    }
}

impl Verifier {
    /// The core's verifier, for who checks many rows.
    pub(crate) fn core(&self) -> &kycvs::Verifier {
        &self.inner
    }

    /// Whether a replay guard is asked about what is good otherwise.
    pub(crate) fn asks_a_guard(&self) -> bool {
        self.guard.is_some()
    }

    fn guarded(
        inner: kycvs::Verifier,
        guard: Option<Guard>,
        trust: Py<TrustStore>,
        audience: Option<String>,
        open: bool,
    ) -> Self {
        let inner = match &guard {
            None => inner,
            Some(Guard::Memory(guard)) => inner.with_replay_guard(InOrder(Arc::clone(guard))),
            Some(Guard::Foreign(guard)) => inner.with_replay_guard(InCaller(Arc::clone(guard))),
        };
        Self { inner, trust, audience, open, guard }
    }
}

/// Checks one presentation, whatever form it has; now, where no time is given.
pub(crate) fn check(
    verifier: &kycvs::Verifier,
    input: &Input,
    expectation: &Expectation,
    now: Option<Timestamp>,
) -> kycvs::Result<kycvs::Verdict> {
    let now = now.unwrap_or_else(Timestamp::now);
    match input.presented() {
        Presented::Bytes(bytes) => verifier.verify_at(bytes, expectation, now),
        Presented::Text(text) => verifier.verify_text_at(text, expectation, now),
    }
}

fn inputs(presentations: &Bound<'_, PyAny>) -> PyResult<Vec<Input>> {
    let expected = "an iterable of presentations";
    if Input::is_one(presentations) {
        return Err(wrong_type(
            "presentations",
            "an iterable of presentations (for one there is verify)",
            presentations,
        ));
    }
    let all = presentations.try_iter();
    let all = all.map_err(|error| not_able(error, "presentations", expected, presentations))?;
    all.enumerate().map(|(place, one)| Input::of(&format!("presentations[{place}]"), &one?)).collect()
}
