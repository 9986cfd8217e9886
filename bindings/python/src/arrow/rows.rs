//! The rows of a chunk that came in, whichever of Arrow's types it has.

use super::capsules::wrong_column;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, LargeBinaryArray, StructArray, cast::AsArray,
    new_empty_array,
};
use arrow_buffer::NullBuffer;
use arrow_schema::DataType;
use kycvs::Presented;
use pyo3::PyResult;
use std::str;

/// What the core is given for text that is none, however long, and refuses: no token has this character.
const NO_TEXT: &str = "\u{fffd}";

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
    /// Whether there can be rows of this type, where no chunk may come to show it.
    ///
    /// # Errors
    /// As of [`Rows::of`].
    pub(super) fn can_be(data_type: &DataType) -> PyResult<()> {
        Self::of(&new_empty_array(data_type)).map(drop)
    }

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
            // What a library makes of rows that are all null.
            DataType::Null => {
                let nulls = Some(NullBuffer::new_null(array.len()));
                return Ok(Self {
                    bytes: Bytes::Small(BinaryArray::new_null(array.len())),
                    are_text: false,
                    nulls,
                });
            }
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

    /// For the core to read; `None` where the row is null.
    pub(super) fn presented(&self, place: usize) -> Option<Presented<'_>> {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(place)) {
            return None;
        }
        let bytes = match &self.bytes {
            Bytes::Small(array) => array.value(place),
            Bytes::Large(array) => array.value(place),
            Bytes::View(array) => array.value(place),
        };
        Some(if self.are_text {
            Presented::Text(str::from_utf8(bytes).unwrap_or(NO_TEXT))
        } else {
            Presented::Bytes(bytes)
        })
    }
}
