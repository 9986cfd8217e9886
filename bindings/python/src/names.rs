//! The classes that are written in Python: `kycvs/_values.py` and `kycvs/_errors.py`.

use pyo3::{exceptions::PyTypeError, intern, prelude::*, types::PyType};

// They are looked up each time, and kept nowhere: where the app imports the package anew, there are new ones.
macro_rules! classes {
    ($($name:ident = $module:literal, $class:literal;)*) => {$(
        pub(crate) fn $name(py: Python<'_>) -> PyResult<Bound<'_, PyType>> {
            let module = py.import(intern!(py, $module))?;
            Ok(module.getattr(intern!(py, $class))?.cast_into()?)
        }
    )*};
}

classes! {
    kycvs_error = "kycvs._errors", "KycvsError";
    unreadable_error = "kycvs._errors", "UnreadableError";
    untrusted_error = "kycvs._errors", "UntrustedError";
    refused_error = "kycvs._errors", "RefusedError";
    set_up_error = "kycvs._errors", "SetUpError";
    issuing_error = "kycvs._errors", "IssuingError";
    status_class = "kycvs._values", "Status";
    algorithm_class = "kycvs._values", "Algorithm";
    status_list_class = "kycvs._values", "StatusListRef";
}

/// `expected ..., not ...`, with the parameter's name.
pub(crate) fn wrong_type(name: &str, expected: &str, found: &Bound<'_, PyAny>) -> PyErr {
    let found = found.get_type().name().map_or_else(|_| "something else".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("{name}: expected {expected}, not {found}"))
}

/// An error if the app's `method` is a coroutine function: what it returns says neither yes nor no until it is awaited.
pub(crate) fn must_return_at_once(name: &str, method: &Bound<'_, PyAny>, instead: &str) -> PyResult<()> {
    let inspect = method.py().import(intern!(method.py(), "inspect"))?;
    if inspect.call_method1(intern!(method.py(), "iscoroutinefunction"), (method,))?.is_truthy()? {
        return Err(PyTypeError::new_err(format!(
            "{name}: this is a coroutine function, and nothing awaits it here: {instead}"
        )));
    }
    Ok(())
}

/// As [`wrong_type`], for a value that the app's code returned. An awaitable is named, and a coroutine is closed: otherwise Python
/// warns of it as well.
pub(crate) fn wrong_answer(name: &str, expected: &str, found: &Bound<'_, PyAny>, instead: &str) -> PyErr {
    let py = found.py();
    if !found.hasattr(intern!(py, "__await__")).unwrap_or(false) {
        return wrong_type(name, expected, found);
    }
    if found.get_type().name().is_ok_and(|name| name == "coroutine") {
        // One that was not begun has nothing to clean up, and so raises nothing.
        found.call_method0(intern!(py, "close")).ok();
    }
    PyTypeError::new_err(format!(
        "{name}: expected {expected}, not an awaitable, which nothing awaits here: {instead}"
    ))
}

/// A `TypeError` that names the parameter, where Python's own says that `found` cannot do something. Whatever else the
/// app's code raised when it was asked (`KeyboardInterrupt`, an error of its own) passes through.
pub(crate) fn not_able(error: PyErr, name: &str, expected: &str, found: &Bound<'_, PyAny>) -> PyErr {
    if !error.is_instance_of::<PyTypeError>(found.py()) {
        return error;
    }
    let wrong = wrong_type(name, expected, found);
    wrong.set_cause(found.py(), Some(error));
    wrong
}

/// Of a `Status`, and of no other number: `True` would be "partially vaccinated".
pub(crate) fn status(name: &str, value: &Bound<'_, PyAny>) -> PyResult<kycvs::Status> {
    if !value.is_instance(status_class(value.py())?.as_any())? {
        return Err(wrong_type(name, "kycvs.Status (`Status(2)` makes one of a number)", value));
    }
    // The members are the core's, which `tests/test_keys.py` sees to.
    kycvs::Status::from_number(value.extract()?).ok_or_else(|| wrong_type(name, "kycvs.Status", value))
}

pub(crate) fn status_to_python(py: Python<'_>, status: kycvs::Status) -> PyResult<Bound<'_, PyAny>> {
    status_class(py)?.call1((status.number(),))
}

pub(crate) fn algorithm(name: &str, value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<kycvs::Algorithm>> {
    let Some(value) = value else { return Ok(None) };
    if !value.is_instance(algorithm_class(value.py())?.as_any())? {
        return Err(wrong_type(name, "kycvs.Algorithm or None", value));
    }
    let text: String = value.getattr("value")?.extract()?;
    text.parse().map(Some).map_err(|_| wrong_type(name, "kycvs.Algorithm", value))
}

pub(crate) fn algorithm_to_python(py: Python<'_>, algorithm: kycvs::Algorithm) -> PyResult<Bound<'_, PyAny>> {
    algorithm_class(py)?.call1((algorithm.name(),))
}
