//! Errors: those of the core become exceptions of the package, and exceptions of Python pass through the core unharmed.

use crate::names;
use kycvs::{BoxError, ErrorCode, Family};
use pyo3::{exceptions, prelude::*};
use std::{error::Error, fmt};

/// What a call into the core or into Python can end with.
pub(crate) enum Failure {
    Core(kycvs::Error),
    Python(PyErr),
}

pub(crate) type Outcome<T> = Result<T, Failure>;

impl From<kycvs::Error> for Failure {
    fn from(error: kycvs::Error) -> Self {
        Self::Core(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Core(error) => Python::attach(|py| as_exception(py, &error)),
            Failure::Python(error) => error,
        }
    }
}

/// An exception that the app's own code raised on its way through the core.
#[derive(Debug)]
pub(crate) struct Raised {
    exception: PyErr,
    /// `KeyboardInterrupt`, `SystemExit` and the like: not an error, but the wish to stop.
    stops: bool,
}

impl Raised {
    pub(crate) fn boxed(py: Python<'_>, exception: PyErr) -> BoxError {
        let stops = !exception.is_instance_of::<exceptions::PyException>(py);
        Box::new(Self { exception, stops })
    }

    fn within(error: &kycvs::Error) -> Option<&Self> {
        error.source()?.downcast_ref()
    }
}

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an exception in Python")
    }
}

impl Error for Raised {}

/// Whether the app's own code wants to stop, and not merely to report an error.
pub(crate) fn stops(error: &kycvs::Error) -> bool {
    Raised::within(error).is_some_and(|raised| raised.stops)
}

/// The exception for an error of the core. What a signer or a replay guard raised is its cause, the same object; what
/// wants to stop is raised as it is.
pub(crate) fn as_exception(py: Python<'_>, error: &kycvs::Error) -> PyErr {
    let cause = match (Raised::within(error), error.source()) {
        (Some(raised), _) if raised.stops => return raised.exception.clone_ref(py),
        (Some(raised), _) => Some(raised.exception.clone_ref(py)),
        (None, source) => source.map(|source| exceptions::PyRuntimeError::new_err(source.to_string())),
    };
    let class = match error.family() {
        Family::Unreadable => names::unreadable_error(py),
        Family::Untrusted => names::untrusted_error(py),
        Family::Refused => names::refused_error(py),
        Family::SetUp => names::set_up_error(py),
        Family::Issuing => names::issuing_error(py),
        _ => names::kycvs_error(py),
    };
    let arguments = (error.to_string(), error.code().as_str(), error.number(), error.family().as_str());
    let exception = match class {
        Ok(class) => PyErr::from_type(class, arguments),
        Err(error) => return error,
    };
    // Without a cause of its own, Python makes what is being handled just now its context.
    if cause.is_some() {
        exception.set_cause(py, cause);
    }
    exception
}

/// `code` with an exception as its cause, for what happens before the core is asked.
pub(crate) fn caused_by(py: Python<'_>, code: ErrorCode, cause: PyErr) -> PyErr {
    if !cause.is_instance_of::<exceptions::PyException>(py) {
        return cause;
    }
    let exception = as_exception(py, &code.into());
    exception.set_cause(py, Some(cause));
    exception
}
