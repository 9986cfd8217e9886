//! Bytes and text as Python has them.

use crate::names::wrong_type;
use kycvs::Zeroizing;
use pyo3::{
    Borrowed, PyTypeInfo,
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    pybacked::{PyBackedBytes, PyBackedStr},
    types::{PyBool, PyByteArray, PyBytes, PyMemoryView, PySlice, PyString},
};
use std::{borrow::Cow, convert::Infallible, ops::Deref};

/// The bytes of a `bytes` object, which never change, or a copy of those of a buffer that another thread may change while
/// the core reads it. Copies are wiped: a seed, a passphrase or an opening may be in them.
pub(crate) enum Bytes {
    Backed(PyBackedBytes),
    Copied(Zeroizing<Vec<u8>>),
}

impl Bytes {
    pub(crate) fn of(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        Self::of_buffer(value)?.ok_or_else(|| wrong_type(name, "bytes, bytearray or memoryview", value))
    }

    /// `None` where it is no buffer.
    pub(crate) fn of_buffer(value: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        if let Ok(bytes) = value.cast::<PyBytes>() {
            return Ok(Some(Self::Backed(bytes.clone().into())));
        }
        if let Ok(array) = value.cast::<PyByteArray>() {
            return Ok(Some(Self::Copied(array.to_vec().into())));
        }
        let view = match PyMemoryView::from(value) {
            Ok(view) => view,
            Err(error) if error.is_instance_of::<PyTypeError>(value.py()) => return Ok(None),
            // It is one, and has no bytes to give: it was released, or is out of reach.
            Err(error) => return Err(error),
        };
        // Python gathers what is not contiguous. Its copy is wiped as well.
        let array = PyByteArray::from(&view)?;
        let copied = Zeroizing::new(array.to_vec());
        array.set_item(PySlice::full(value.py()), PyBytes::new(value.py(), &vec![0; copied.len()]))?;
        Ok(Some(Self::Copied(copied)))
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Backed(bytes) => bytes,
            Self::Copied(bytes) => bytes,
        }
    }
}

/// A file or a scanned text, which may be anything, as text. What is none becomes U+FFFD (half a surrogate pair in Python's
/// text, bytes that are no UTF-8): no token and no key has one, so that the core refuses it as it refuses other garbage.
/// Copies are wiped.
pub(crate) enum Text<'a> {
    Backed(PyBackedStr),
    Borrowed(&'a str),
    Repaired(Zeroizing<String>),
}

impl Text<'_> {
    pub(crate) fn of(value: &Bound<'_, PyString>) -> Self {
        match PyBackedStr::try_from(value.clone()) {
            Ok(text) => Self::Backed(text),
            Err(_) => Self::Repaired(value.to_string_lossy().into_owned().into()),
        }
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Backed(text) => text,
            Self::Borrowed(text) => text,
            Self::Repaired(text) => text,
        }
    }
}

/// The content of a file, as bytes or as text.
pub(crate) enum File {
    Bytes(Bytes),
    Text(Text<'static>),
}

impl File {
    pub(crate) fn of(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(text) = value.cast::<PyString>() {
            return Ok(Self::Text(Text::of(text)));
        }
        Bytes::of_buffer(value)?
            .map(Self::Bytes)
            .ok_or_else(|| wrong_type(name, "str, bytes, bytearray or memoryview", value))
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes.as_slice(),
            Self::Text(text) => text.as_bytes(),
        }
    }

    pub(crate) fn to_text(&self) -> Text<'_> {
        match self {
            Self::Text(text) => Text::Borrowed(text),
            Self::Bytes(bytes) => match String::from_utf8_lossy(bytes.as_slice()) {
                Cow::Borrowed(text) => Text::Borrowed(text),
                Cow::Owned(text) => Text::Repaired(text.into()),
            },
        }
    }
}

/// A value that stands in a token, or is compared with what does. It is not shown in the error: it may be a name.
pub(crate) fn text<'a>(name: &str, value: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    let text = value.cast::<PyString>().map_err(|_| wrong_type(name, "str", value))?;
    text.to_str().map_err(|_| {
        PyValueError::new_err(format!(
            "{name}: half of a surrogate pair is no text: decode it anew, from UTF-8"
        ))
    })
}

/// As many bytes as there have to be.
pub(crate) fn array<const N: usize>(name: &str, bytes: &[u8]) -> PyResult<Zeroizing<[u8; N]>> {
    match bytes.try_into() {
        Ok(array) => Ok(Zeroizing::new(array)),
        Err(_) => Err(PyValueError::new_err(format!("{name}: expected {N} bytes, not {}", bytes.len()))),
    }
}

/// An object of one of this package's classes.
pub(crate) fn instance<'a, 'py, T: PyTypeInfo>(
    name: &str,
    value: &'a Bound<'py, PyAny>,
) -> PyResult<&'a Bound<'py, T>> {
    value.cast().map_err(|_| {
        let class = value.py().get_type::<T>();
        wrong_type(
            name,
            &class.name().map_or_else(|_| String::new(), |class| format!("kycvs.{class}")),
            value,
        )
    })
}

/// `True` or `False`, and no other thing that Python takes for one. Whose it is is known only where it is used.
pub(crate) enum Flag {
    Said(bool),
    Wrong(Py<PyAny>),
}

impl Flag {
    pub(crate) const NO: Self = Self::Said(false);

    pub(crate) fn said(&self, py: Python<'_>, name: &str) -> PyResult<bool> {
        match self {
            Self::Said(said) => Ok(*said),
            Self::Wrong(value) => Err(wrong_type(name, "bool", value.bind(py))),
        }
    }
}

impl FromPyObject<'_, '_> for Flag {
    type Error = Infallible;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> Result<Self, Infallible> {
        Ok(match value.cast::<PyBool>() {
            Ok(said) => Self::Said(said.is_true()),
            Err(_) => Self::Wrong(value.to_owned().unbind()),
        })
    }
}

/// An argument whose default is no object that can be shown: what is given may be anything, `None` too.
pub(crate) enum Given {
    Not,
    This(Py<PyAny>),
}

impl FromPyObject<'_, '_> for Given {
    type Error = Infallible;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> Result<Self, Infallible> {
        Ok(Self::This(value.to_owned().unbind()))
    }
}
