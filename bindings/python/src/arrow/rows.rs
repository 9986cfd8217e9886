//! The rows of a chunk that came in, whichever of Arrow's types it has.

use super::capsules::wrong_column;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, LargeBinaryArray, StructArray, cast::AsArray,
};
use arrow_buffer::NullBuffer;
use arrow_schema::DataType;
use pyo3::PyResult;
use std::borrow::Cow;

/// The rows of one chunk, where the other library has them.
pub(super) struct Rows {
    bytes: Bytes,
    are_text: bool,
    nulls: Option<NullBuffer>,
}

/// Text too is read as bytes: that it is UTF-8 is its producer's word, on which no memory is to depend.
enum Bytes {
    Small(BinaryArray),
    Large(LargeBinaryArray),
    View(BinaryViewArray),
}

impl Rows {
    /// # Errors
    /// `TypeError` for another type than binary or text.
    pub(super) fn of(array: &ArrayRef) -> PyResult<Self> {
        let (bytes, are_text) = match array.data_type() {
            DataType::Binary => (Bytes::Small(array.as_binary().clone()), false),
            DataType::LargeBinary => (Bytes::Large(array.as_binary().clone()), false),
            DataType::BinaryView => (Bytes::View(array.as_binary_view().clone()), false),
            DataType::Utf8 => (Bytes::Small(array.as_string().clone().into()), true),
            DataType::LargeUtf8 => (Bytes::Large(array.as_string().clone().into()), true),
            DataType::Utf8View => (Bytes::View(array.as_string_view().clone().to_binary_view()), true),
            DataType::Struct(_) => return Self::of_table(array.as_struct()),
            other => return Err(wrong_column("column", &format!("one of {other}"))),
        };
        Ok(Self { bytes, are_text, nulls: array.nulls().cloned() })
    }

    /// A table of one column, as a query gives it.
    fn of_table(table: &StructArray) -> PyResult<Self> {
        match table.columns() {
            [column] if !matches!(column.data_type(), DataType::Struct(_)) => {
                let rows = Self::of(column)?;
                let nulls = NullBuffer::union(rows.nulls.as_ref(), table.nulls());
                Ok(Self { nulls, ..rows })
            }
            columns => {
                let shown = format!("a table of {} columns (select one)", columns.len());
                Err(wrong_column("column", &shown))
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        match &self.bytes {
            Bytes::Small(array) => array.len(),
            Bytes::Large(array) => array.len(),
            Bytes::View(array) => array.len(),
        }
    }

    pub(super) fn is_null(&self, place: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(place))
    }

    pub(super) fn bytes(&self, place: usize) -> &[u8] {
        match &self.bytes {
            Bytes::Small(array) => array.value(place),
            Bytes::Large(array) => array.value(place),
            Bytes::View(array) => array.value(place),
        }
    }

    /// `None` where they are bytes. What is no text becomes U+FFFD, as in `arguments::Text`.
    pub(super) fn text(&self, place: usize) -> Option<Cow<'_, str>> {
        (self.are_text && !self.is_null(place)).then(|| String::from_utf8_lossy(self.bytes(place)))
    }
}
