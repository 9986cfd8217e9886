//! The rows of a chunk that came in, whichever of Arrow's types it has.

use super::capsules::wrong_column;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, FixedSizeBinaryArray, LargeBinaryArray, StructArray,
    cast::AsArray, new_empty_array,
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
    Fixed(FixedSizeBinaryArray),
}

impl Rows {
    /// Whether there can be rows of this type, where no chunk may come to show it.
    ///
    /// # Errors
    /// As of [`Rows::of`].
    pub(super) fn can_be(data_type: &DataType) -> PyResult<()> {
        Self::of("column", &new_empty_array(data_type)).map(drop)
    }

    /// The rows of a chunk of the argument `name`.
    ///
    /// # Errors
    /// `TypeError` for another type than binary or text.
    pub(super) fn of(name: &str, array: &ArrayRef) -> PyResult<Self> {
        let (bytes, are_text) = match array.data_type() {
            DataType::Binary => (Bytes::Small(array.as_binary().clone()), false),
            DataType::LargeBinary => (Bytes::Large(array.as_binary().clone()), false),
            DataType::BinaryView => (Bytes::View(array.as_binary_view().clone()), false),
            DataType::FixedSizeBinary(_) => (Bytes::Fixed(array.as_fixed_size_binary().clone()), false),
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
            DataType::Struct(_) => return Self::of_table(name, array.as_struct()),
            other => return Err(wrong_column(name, &format!("one of {other}"))),
        };
        Ok(Self { bytes, are_text, nulls: array.nulls().cloned() })
    }

    /// A table of one column, as a query gives it.
    fn of_table(name: &str, table: &StructArray) -> PyResult<Self> {
        match table.columns() {
            [column] if !matches!(column.data_type(), DataType::Struct(_)) => {
                Ok(Self::of(name, column)?.with_nulls(table.nulls()))
            }
            columns => {
                let shown = format!("a table of {} columns (select one)", columns.len());
                Err(wrong_column(name, &shown))
            }
        }
    }

    /// The same with the nulls of what the rows are a part of.
    pub(super) fn with_nulls(self, nulls: Option<&NullBuffer>) -> Self {
        Self { nulls: NullBuffer::union(self.nulls.as_ref(), nulls), ..self }
    }

    /// Whether they are text, and not binary. Rows of Arrow's null type are not.
    pub(super) fn are_text(&self) -> bool {
        self.are_text
    }

    pub(super) fn len(&self) -> usize {
        match &self.bytes {
            Bytes::Small(array) => array.len(),
            Bytes::Large(array) => array.len(),
            Bytes::View(array) => array.len(),
            Bytes::Fixed(array) => array.len(),
        }
    }

    /// For the core to read; `None` if the row is null.
    pub(super) fn presented(&self, place: usize) -> Option<Presented<'_>> {
        let bytes = self.bytes(place)?;
        Some(if self.are_text { Presented::Text(text(bytes)) } else { Presented::Bytes(bytes) })
    }

    /// The row as text; `None` if it is null.
    pub(super) fn text(&self, place: usize) -> Option<&str> {
        self.bytes(place).map(text)
    }

    /// The row's bytes; `None` if it is null.
    pub(super) fn bytes(&self, place: usize) -> Option<&[u8]> {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(place)) {
            return None;
        }
        Some(match &self.bytes {
            Bytes::Small(array) => array.value(place),
            Bytes::Large(array) => array.value(place),
            Bytes::View(array) => array.value(place),
            Bytes::Fixed(array) => array.value(place),
        })
    }
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap_or(NO_TEXT)
}
