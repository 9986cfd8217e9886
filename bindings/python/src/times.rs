//! Points in time and spans: Python's aware `datetime` and `timedelta`, or whole seconds.

use crate::names::{not_able, wrong_type};
use kycvs::Timestamp;
use pyo3::{
    exceptions::{PyOverflowError, PyValueError},
    ffi,
    prelude::*,
    sync::PyOnceLock,
    types::{PyBool, PyDateTime, PyDelta, PyDeltaAccess, PyFloat, PyTzInfo},
};
use std::time::Duration;

const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

/// An aware `datetime`, or seconds since 1970 as `int`. A fraction of a second is dropped.
pub(crate) fn time(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Timestamp> {
    let Ok(moment) = value.cast::<PyDateTime>() else {
        return seconds(name, value, "an aware datetime or an int (seconds since 1970)")?
            .map(Timestamp::from_secs)
            .ok_or_else(|| before_1970(name));
    };
    if moment.call_method0("utcoffset")?.is_none() {
        return Err(PyValueError::new_err(format!(
            "{name}: a naive datetime does not say which moment it is: \
             give it a time zone, as in datetime.now(timezone.utc) or moment.astimezone()"
        )));
    }
    let since = moment.sub(epoch(moment.py())?)?;
    let since = duration(since.cast::<PyDelta>()?).ok_or_else(|| before_1970(name))?;
    Ok(Timestamp::from_secs(since.as_secs()))
}

/// [`time`], where one is given.
pub(crate) fn optional_time(name: &str, value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Timestamp>> {
    value.map(|value| time(name, value)).transpose()
}

/// A `timedelta`, or seconds as `int`.
pub(crate) fn span(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Duration> {
    let span = match value.cast::<PyDelta>() {
        Ok(delta) => duration(delta),
        Err(_) => seconds(name, value, "a timedelta or an int (seconds)")?.map(Duration::from_secs),
    };
    span.ok_or_else(|| PyValueError::new_err(format!("{name}: a span of time cannot be negative")))
}

/// An aware `datetime` in UTC.
pub(crate) fn to_datetime<'py>(py: Python<'py>, name: &str, time: Timestamp) -> PyResult<Bound<'py, PyAny>> {
    let moment = || {
        let days = i32::try_from(time.as_secs() / SECONDS_PER_DAY)?;
        let seconds = i32::try_from(time.as_secs() % SECONDS_PER_DAY)?;
        epoch(py)?.add(PyDelta::new(py, days, seconds, 0, false)?)
    };
    moment().map_err(|_: PyErr| {
        PyOverflowError::new_err(format!(
            "{name}: this is past the year 9999, where datetime ends: use {name}_seconds"
        ))
    })
}

/// As a person reads it: in UTC where a `datetime` can say it, and else in seconds.
pub(crate) fn shown(py: Python<'_>, time: Timestamp) -> PyResult<String> {
    match to_datetime(py, "", time) {
        Ok(moment) => moment.call_method0("isoformat")?.extract(),
        Err(_) => Ok(time.as_secs().to_string()),
    }
}

fn epoch(py: Python<'_>) -> PyResult<&Bound<'_, PyDateTime>> {
    static EPOCH: PyOnceLock<Py<PyDateTime>> = PyOnceLock::new();
    let epoch = EPOCH.get_or_try_init(py, || -> PyResult<_> {
        let utc = PyTzInfo::utc(py)?.to_owned();
        Ok(PyDateTime::new(py, 1970, 1, 1, 0, 0, 0, 0, Some(&utc))?.unbind())
    })?;
    Ok(epoch.bind(py))
}

fn before_1970(name: &str) -> PyErr {
    PyValueError::new_err(format!("{name}: a status token knows no time before 1970"))
}

/// Whole seconds; `None` where they are negative. `bool` is an `int` to Python, and a `float` would be rounded: neither
/// says a number of seconds.
fn seconds(name: &str, value: &Bound<'_, PyAny>, expected: &str) -> PyResult<Option<u64>> {
    if value.is_instance_of::<PyBool>() || value.is_instance_of::<PyFloat>() {
        return Err(wrong_type(name, expected, value));
    }
    let whole = index(value).map_err(|error| not_able(error, name, expected, value))?;
    if whole.lt(0)? {
        return Ok(None);
    }
    match whole.extract() {
        Ok(seconds) => Ok(Some(seconds)),
        Err(_) => Err(PyOverflowError::new_err(format!("{name}: this number goes up to 2**64 - 1"))),
    }
}

/// What Python takes for a whole number: an `int`, or what has an `__index__` that returns one.
fn index<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: the thread is attached and the object lives; what comes back is a new reference, or null and an exception.
    unsafe { Bound::from_owned_ptr_or_err(value.py(), ffi::PyNumber_Index(value.as_ptr())) }
}

/// `None` where it is negative.
fn duration(delta: &Bound<'_, PyDelta>) -> Option<Duration> {
    // Python's form: of the three parts only the days are ever negative.
    let days = u64::try_from(delta.get_days()).ok()?;
    let seconds = u64::try_from(delta.get_seconds()).ok()?;
    let microseconds = u64::try_from(delta.get_microseconds()).ok()?;
    Some(Duration::from_secs(days * SECONDS_PER_DAY + seconds) + Duration::from_micros(microseconds))
}

/// A whole number up to 2^64 - 1 that is no time.
pub(crate) fn whole(name: &str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
    seconds(name, value, "an int")?
        .ok_or_else(|| PyValueError::new_err(format!("{name}: this number cannot be negative")))
}
