//! The Arrow PyCapsule interface: columns from and for other libraries, by Arrow's C structs.
//!
//! The crates of Arrow read and write these structs. What is `unsafe` here is to take one out of a capsule, and the four
//! functions of a stream that goes out, which the crates have for tables alone. That a capsule of the right name holds
//! what its producer says is that producer's promise, as it is for every library that takes one.

use crate::names::wrong_type;
use arrow_array::{
    Array, ArrayReader as _, ArrayRef, StructArray,
    ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi},
    ffi_stream::{ArrayStreamReader, FFI_ArrowArrayStream},
    make_array,
};
use arrow_schema::{ArrowError, DataType, Field};
use pyo3::{
    exceptions::{PyKeyboardInterrupt, PyRuntimeError, PyTypeError},
    prelude::*,
    types::{PyCapsule, PyTuple},
};
use std::{
    ffi::{CStr, c_char, c_int, c_void},
    iter,
    ptr::{self, NonNull},
    sync::Arc,
};

const SCHEMA: &CStr = c"arrow_schema";
const ARRAY: &CStr = c"arrow_array";
const STREAM: &CStr = c"arrow_array_stream";
/// What a stream answers where its schema cannot be written.
const EINVAL: c_int = 22;

/// A column that comes in.
pub(super) struct Source {
    /// Of all chunks, and where there are none.
    pub(super) data_type: DataType,
    /// One by one, as they come.
    pub(super) chunks: Box<dyn Iterator<Item = Result<ArrayRef, ArrowError>> + Send>,
}

/// What the argument `name` holds.
///
/// # Errors
/// `TypeError` where it is no Arrow column, and whatever it raises itself.
pub(super) fn read(name: &str, column: &Bound<'_, PyAny>) -> PyResult<Source> {
    // A column in one piece may offer both. A stream is what there is otherwise.
    if let Some(export) = column.getattr_opt("__arrow_c_array__")? {
        let pair = export.call0()?;
        let pair = pair.cast::<PyTuple>().map_err(|_| wrong_column(name, "what it offers as one"))?;
        let (schema, array): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract()?;
        let array = one(name, &schema, &array)?;
        return Ok(Source { data_type: array.data_type().clone(), chunks: Box::new(iter::once(Ok(array))) });
    }
    if let Some(export) = column.getattr_opt("__arrow_c_stream__")? {
        let reader = many(name, &export.call0()?)?;
        return Ok(Source { data_type: reader.field().data_type().clone(), chunks: Box::new(reader) });
    }
    Err(wrong_type(name, EXPECTED, column))
}

/// Whether this is something for [`read`].
pub(super) fn is_column(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(value.getattr_opt("__arrow_c_array__")?.is_some()
        || value.getattr_opt("__arrow_c_stream__")?.is_some())
}

const EXPECTED: &str = "an Arrow column of binary or text";

/// `TypeError`, with what it is instead.
pub(super) fn wrong_column(name: &str, is: &str) -> PyErr {
    PyTypeError::new_err(format!("{name}: expected {EXPECTED}, not {is}"))
}

/// The library that a column comes from could not go on. Where that is Ctrl-C, it ends the program as it does elsewhere.
pub(super) fn source_failed(py: Python<'_>, error: &ArrowError) -> PyErr {
    if let Some(raised) = PyErr::take(py) {
        return raised;
    }
    let says = error.to_string();
    // The interface hands on no exception. pyarrow writes the one that it caught to the end of its message.
    if says.trim_end().ends_with("KeyboardInterrupt") {
        return PyKeyboardInterrupt::new_err(());
    }
    PyRuntimeError::new_err(format!("column: its source failed: {says}"))
}

fn one(name: &str, schema: &Bound<'_, PyAny>, array: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    let schema = pointer::<FFI_ArrowSchema>(name, schema, SCHEMA)?;
    let array = pointer::<FFI_ArrowArray>(name, array, ARRAY)?;
    // SAFETY: the capsules live until this function ends, and what is in capsules of these names is initialised and
    // belongs to who was given them. The array is moved out; what stays behind is released.
    let (schema, array) = unsafe { (schema.as_ref(), FFI_ArrowArray::from_raw(array.as_ptr())) };
    if array.is_released() || schema.release().is_none() {
        return Err(wrong_column(name, "one that was taken already"));
    }
    // SAFETY: the two came as a pair, of which the one describes the other.
    let data = unsafe { from_ffi(array, schema) };
    data.map(make_array).map_err(|error| wrong_column(name, &format!("this: {error}")))
}

fn many(name: &str, capsule: &Bound<'_, PyAny>) -> PyResult<ArrayStreamReader> {
    let stream = pointer::<FFI_ArrowArrayStream>(name, capsule, STREAM)?;
    // SAFETY: as in `one`.
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(stream.as_ptr()) };
    if stream.get_next().is_none() {
        return Err(wrong_column(name, "one that was taken already"));
    }
    ArrayStreamReader::try_new(stream).map_err(|error| source_failed(capsule.py(), &error))
}

fn pointer<T>(name: &str, capsule: &Bound<'_, PyAny>, of: &CStr) -> PyResult<NonNull<T>> {
    let bare = capsule.cast::<PyCapsule>().map_err(|_| wrong_column(name, "what it offers as one"))?;
    let pointer = bare.pointer_checked(Some(of));
    pointer.map(NonNull::cast).map_err(|_| wrong_column(name, "a capsule of another kind"))
}

/// A schema for another library.
pub(super) fn schema<'py>(py: Python<'py>, field: &Field) -> PyResult<Bound<'py, PyCapsule>> {
    let schema = FFI_ArrowSchema::try_from(field);
    let schema = schema.map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    PyCapsule::new_with_value(py, schema, SCHEMA)
}

/// A column for another library.
pub(super) fn stream(
    py: Python<'_>,
    field: Field,
    chunks: Arc<[Arc<StructArray>]>,
) -> PyResult<Bound<'_, PyCapsule>> {
    let state = Box::into_raw(Box::new(Outgoing { field, chunks, next: 0 })).cast::<c_void>();
    // SAFETY: the functions below keep the interface's rules, and `release` takes back the box.
    let stream = unsafe {
        FFI_ArrowArrayStream::new_unchecked(
            Some(get_schema),
            Some(get_next),
            Some(get_last_error),
            Some(release),
            state,
        )
    };
    PyCapsule::new_with_value(py, stream, STREAM)
}

/// What a stream that goes out has yet to give.
struct Outgoing {
    field: Field,
    chunks: Arc<[Arc<StructArray>]>,
    next: usize,
}

/// The state of a stream.
///
/// # Safety
/// `stream` is one that [`stream`] made and that is not released, and nobody else is in it, as the interface asks of who
/// calls its functions.
unsafe fn state<'a>(stream: *mut FFI_ArrowArrayStream) -> &'a mut Outgoing {
    // SAFETY: then its private data is the box of `stream`.
    unsafe { &mut *(*stream).private_data().cast::<Outgoing>() }
}

unsafe extern "C" fn get_schema(stream: *mut FFI_ArrowArrayStream, out: *mut FFI_ArrowSchema) -> c_int {
    // SAFETY: the caller keeps the interface's rules, here and in the other three.
    let state = unsafe { state(stream) };
    let Ok(schema) = FFI_ArrowSchema::try_from(&state.field) else { return EINVAL };
    // SAFETY: `out` is there to be written, and holds nothing that has to be dropped.
    unsafe { ptr::write(out, schema) };
    0
}

unsafe extern "C" fn get_next(stream: *mut FFI_ArrowArrayStream, out: *mut FFI_ArrowArray) -> c_int {
    // SAFETY: see `get_schema`.
    let state = unsafe { state(stream) };
    let array = match state.chunks.get(state.next) {
        Some(chunk) => FFI_ArrowArray::new(&chunk.to_data()),
        // Released, which tells the end.
        None => FFI_ArrowArray::empty(),
    };
    state.next += 1;
    // SAFETY: see `get_schema`.
    unsafe { ptr::write(out, array) };
    0
}

unsafe extern "C" fn get_last_error(_: *mut FFI_ArrowArrayStream) -> *const c_char {
    // The number says all.
    ptr::null()
}

unsafe extern "C" fn release(stream: *mut FFI_ArrowArrayStream) {
    // SAFETY: the stream is not released yet, so that the box is there; `None` says that it no longer is.
    unsafe {
        drop(Box::from_raw((*stream).private_data().cast::<Outgoing>()));
        (*stream).set_private_data(ptr::null_mut());
        (*stream).set_release(None);
    }
}
