//! Expectations: the arguments of ``verify`` except the time, for one presentation or for many.

use crate::{
    arguments::{Bytes, instance, text},
    failure::Outcome,
    subject::Subject,
};
use kycvs::{Expectation, Nonce, Purpose};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyList, PyTuple},
};

/// The expectation of one request.
pub(crate) fn expectation(
    nonce: Option<&Bound<'_, PyAny>>,
    purpose: Option<&Bound<'_, PyAny>>,
    subject: Option<&Bound<'_, PyAny>>,
) -> Outcome<Expectation> {
    let mut expectation = match nonce {
        Some(nonce) => Expectation::nonce(Nonce::new(Bytes::of("nonce", nonce)?.as_slice())?),
        None => Expectation::no_nonce(),
    };
    if let Some(purpose) = purpose {
        expectation = expectation.with_purpose(Purpose::new(text("purpose", purpose)?)?);
    }
    if let Some(subject) = subject {
        expectation = expectation.with_subject(instance::<Subject>("subject", subject)?.get().inner.clone());
    }
    Ok(expectation)
}

/// The expectations of the presentations of a list.
pub(crate) enum Expected {
    /// The same of all of them.
    Same(Expectation),
    /// Something of its own of each, in order.
    Own(Vec<Expectation>),
}

impl Expected {
    /// From the arguments of ``verify_many`` for `count` presentations: a list or a tuple has one item for each, and none of
    /// them is None. That would skip the check for a row whose challenge was not found.
    pub(crate) fn of(
        nonce: Option<&Bound<'_, PyAny>>,
        purpose: Option<&Bound<'_, PyAny>>,
        subject: Option<&Bound<'_, PyAny>>,
        count: usize,
    ) -> Outcome<Self> {
        let nonces = Argument::of("nonce", nonce, count)?;
        let subjects = Argument::of("subject", subject, count)?;
        if let (Argument::Same(nonce), Argument::Same(subject)) = (&nonces, &subjects) {
            return Ok(Self::Same(expectation(nonce.as_ref(), purpose, subject.as_ref())?));
        }
        let own = (0..count)
            .map(|place| expectation(nonces.at(place).as_ref(), purpose, subjects.at(place).as_ref()));
        Ok(Self::Own(own.collect::<Outcome<_>>()?))
    }

    /// The expectation of the presentation at `place`; the first is at 0.
    pub(crate) fn at(&self, place: usize) -> &Expectation {
        match self {
            Self::Same(expectation) => expectation,
            Self::Own(expectations) => &expectations[place],
        }
    }
}

/// An argument that holds for all presentations, or an item for each.
enum Argument<'py> {
    Same(Option<Bound<'py, PyAny>>),
    Own(Vec<Bound<'py, PyAny>>),
}

impl<'py> Argument<'py> {
    fn of(name: &str, value: Option<&Bound<'py, PyAny>>, count: usize) -> PyResult<Self> {
        let Some(value) = value else { return Ok(Self::Same(None)) };
        if !value.is_instance_of::<PyList>() && !value.is_instance_of::<PyTuple>() {
            return Ok(Self::Same(Some(value.clone())));
        }
        let items: Vec<Bound<'py, PyAny>> = value.try_iter()?.collect::<PyResult<_>>()?;
        if let Some(place) = items.iter().position(PyAnyMethods::is_none) {
            return Err(PyTypeError::new_err(format!(
                "{name}[{place}]: expected what is compared, not None: check such presentations apart"
            )));
        }
        if items.len() != count {
            return Err(PyValueError::new_err(format!(
                "{name}: {} items for {count} presentations: give one for each",
                items.len()
            )));
        }
        Ok(Self::Own(items))
    }

    fn at(&self, place: usize) -> Option<Bound<'py, PyAny>> {
        match self {
            Self::Same(value) => value.clone(),
            Self::Own(items) => Some(items[place].clone()),
        }
    }
}
