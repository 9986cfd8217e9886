//! The column that goes out: a struct for each row.

use super::capsules;
use arrow_array::{
    Array, ArrayRef, StructArray,
    builder::{
        ArrayBuilder as _, BooleanBuilder, FixedSizeBinaryBuilder, GenericByteBuilder, Int8Builder,
        LargeStringBuilder, UInt16Builder, UInt64Builder,
    },
    types::{ByteArrayType, LargeBinaryType, LargeUtf8Type},
};
use arrow_buffer::NullBufferBuilder;
use arrow_schema::{DataType, Field, Fields};
use kycvs::Verdict;
use pyo3::{prelude::*, types::PyCapsule};
use std::sync::Arc;

/// What a row that is good has for a code.
const GOOD: &str = "good";
/// A guess at what a row's code takes; it gets what it needs.
const CODE: usize = 12;

/// A chunk of the column.
pub(super) type Chunk = Arc<StructArray>;

/// A column of verdicts, by the Arrow PyCapsule interface: ``pyarrow.chunked_array(verdicts)``,
/// ``polars.Series(verdicts)`` and the like take it without a copy.
///
/// Each row is a struct, and null where the row that came in is:
///
/// - ``status``: int8, the status of a good answer; null where it is not good.
/// - ``code``: large_string, ``good``, or the code for which it is not, such as ``expired``.
/// - ``number``: uint16, 0, or the code's number.
/// - ``message``: large_string, the sentence that says what is wrong and what to do; null if the answer is good.
/// - ``issuer``: large_string, ``token_id``: fixed_size_binary(16), ``issued_at_seconds`` and ``expires_at_seconds``:
///   uint64, seconds since 1970; ``audience`` and ``purpose``: large_string, ``nonce``: large_binary, ``key_id``:
///   fixed_size_binary(8), ``subject_matched`` and ``specimen``: bool; all as in a ``Verdict``, and null if the answer is
///   not good. ``audience`` is null for an open pass, and ``nonce`` if the answer carries none.
///
/// There are as many chunks as came in. What has been taken from it can be taken again.
///
/// >>> import kycvs.arrow
/// >>> kycvs.arrow.Verdicts()
/// Traceback (most recent call last):
///     ...
/// TypeError: cannot create 'kycvs.arrow.Verdicts' instances
#[pyclass(frozen, module = "kycvs.arrow")]
pub(crate) struct Verdicts {
    chunks: Arc<[Chunk]>,
    rows: usize,
}

impl Verdicts {
    pub(super) fn new(chunks: Vec<Chunk>) -> Self {
        let rows = chunks.iter().map(|chunk| chunk.len()).sum();
        Self { chunks: chunks.into(), rows }
    }
}

#[pymethods]
impl Verdicts {
    fn __len__(&self) -> usize {
        self.rows
    }

    #[expect(clippy::unused_self, reason = "Python's name for it has a `self`")]
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        capsules::schema(py, &field())
    }

    /// ``requested_schema`` is a wish, which the interface lets go unheard.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        capsules::stream(py, field(), Arc::clone(&self.chunks))
    }

    fn __repr__(&self) -> String {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let (rows, chunks) = (self.rows, self.chunks.len());
        format!("<Verdicts: {rows} row{}, {chunks} chunk{}>", plural(rows), plural(chunks))
    }
}

fn field() -> Field {
    Field::new("verdict", DataType::Struct(fields()), true)
}

fn fields() -> Fields {
    // A reader that looks at no more than the parts finds nulls there too, so that all of them can be null.
    let field = |name, data_type| Field::new(name, data_type, true);
    Fields::from(vec![
        field("status", DataType::Int8),
        field("code", DataType::LargeUtf8),
        field("number", DataType::UInt16),
        field("message", DataType::LargeUtf8),
        field("issuer", DataType::LargeUtf8),
        field("token_id", DataType::FixedSizeBinary(16)),
        field("issued_at_seconds", DataType::UInt64),
        field("expires_at_seconds", DataType::UInt64),
        field("audience", DataType::LargeUtf8),
        field("purpose", DataType::LargeUtf8),
        field("nonce", DataType::LargeBinary),
        field("key_id", DataType::FixedSizeBinary(8)),
        field("subject_matched", DataType::Boolean),
        field("specimen", DataType::Boolean),
    ])
}

/// A chunk that is being written.
pub(super) struct Column {
    status: Int8Builder,
    /// Its offsets have eight bytes, so that no chunk that fits into memory is too long.
    code: LargeStringBuilder,
    number: UInt16Builder,
    message: LargeStringBuilder,
    issuer: Repeated<LargeUtf8Type>,
    token_id: FixedSizeBinaryBuilder,
    issued_at: UInt64Builder,
    expires_at: UInt64Builder,
    audience: Repeated<LargeUtf8Type>,
    purpose: Repeated<LargeUtf8Type>,
    nonce: Repeated<LargeBinaryType>,
    key_id: FixedSizeBinaryBuilder,
    subject_matched: BooleanBuilder,
    specimen: BooleanBuilder,
    nulls: NullBufferBuilder,
}

impl Column {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self {
            status: Int8Builder::with_capacity(rows),
            code: LargeStringBuilder::with_capacity(rows, rows.saturating_mul(CODE)),
            number: UInt16Builder::with_capacity(rows),
            message: LargeStringBuilder::with_capacity(rows, 0),
            issuer: Repeated::with_capacity(rows),
            token_id: FixedSizeBinaryBuilder::with_capacity(rows, 16),
            issued_at: UInt64Builder::with_capacity(rows),
            expires_at: UInt64Builder::with_capacity(rows),
            audience: Repeated::with_capacity(rows),
            purpose: Repeated::with_capacity(rows),
            nonce: Repeated::with_capacity(rows),
            key_id: FixedSizeBinaryBuilder::with_capacity(rows, 8),
            subject_matched: BooleanBuilder::with_capacity(rows),
            specimen: BooleanBuilder::with_capacity(rows),
            nulls: NullBufferBuilder::new(rows),
        }
    }

    pub(super) fn push(&mut self, result: Result<&Verdict, &kycvs::Error>) {
        self.nulls.append_non_null();
        match result {
            Ok(verdict) => {
                self.code.append_value(GOOD);
                self.number.append_value(0);
                self.message.append_null();
                self.push_verdict(verdict);
            }
            Err(error) => {
                self.code.append_value(error.code().as_str());
                self.number.append_value(error.number());
                self.message.append_value(error.to_string());
                self.push_no_verdict();
            }
        }
    }

    pub(super) fn push_null(&mut self) {
        self.nulls.append_null();
        self.code.append_null();
        self.number.append_null();
        self.message.append_null();
        self.push_no_verdict();
    }

    fn push_verdict(&mut self, verdict: &Verdict) {
        let status = i8::try_from(verdict.status().number());
        self.status.append_value(status.unwrap_or_else(|_| unreachable!("a status is 0, 1 or 2")));
        self.issuer.push(Some(verdict.issuer()));
        push_fixed(&mut self.token_id, verdict.token_id().as_bytes());
        self.issued_at.append_value(verdict.issued_at().as_secs());
        self.expires_at.append_value(verdict.expires_at().as_secs());
        self.audience.push(verdict.audience());
        self.purpose.push(Some(verdict.purpose()));
        self.nonce.push(verdict.nonce());
        push_fixed(&mut self.key_id, verdict.key_id().as_bytes());
        self.subject_matched.append_value(verdict.subject_matched());
        self.specimen.append_value(verdict.is_specimen());
    }

    fn push_no_verdict(&mut self) {
        self.status.append_null();
        self.issuer.push(None);
        self.token_id.append_null();
        self.issued_at.append_null();
        self.expires_at.append_null();
        self.audience.push(None);
        self.purpose.push(None);
        self.nonce.push(None);
        self.key_id.append_null();
        self.subject_matched.append_null();
        self.specimen.append_null();
    }

    pub(super) fn finish(mut self) -> Chunk {
        let parts: Vec<ArrayRef> = vec![
            Arc::new(self.status.finish()),
            Arc::new(self.code.finish()),
            Arc::new(self.number.finish()),
            Arc::new(self.message.finish()),
            Arc::new(self.issuer.0.finish()),
            Arc::new(self.token_id.finish()),
            Arc::new(self.issued_at.finish()),
            Arc::new(self.expires_at.finish()),
            Arc::new(self.audience.0.finish()),
            Arc::new(self.purpose.0.finish()),
            Arc::new(self.nonce.0.finish()),
            Arc::new(self.key_id.finish()),
            Arc::new(self.subject_matched.finish()),
            Arc::new(self.specimen.finish()),
        ];
        Arc::new(StructArray::new(fields(), parts, self.nulls.finish()))
    }
}

/// Texts or bytes. Most are as long as the first, because every row has the same issuer, audience and purpose.
///
/// The first one makes room for all: a buffer that grows while it is written takes half as much again at the end.
struct Repeated<T: ByteArrayType>(GenericByteBuilder<T>, usize);

impl<T: ByteArrayType> Repeated<T> {
    fn with_capacity(rows: usize) -> Self {
        Self(GenericByteBuilder::with_capacity(rows, 0), rows)
    }

    fn push(&mut self, value: Option<&T::Native>) {
        let Some(value) = value else { return self.0.append_null() };
        if self.0.values_slice().is_empty() {
            let before = self.0.len();
            let bytes = (self.1 - before).saturating_mul(<T::Native as AsRef<[u8]>>::as_ref(value).len());
            self.0 = GenericByteBuilder::with_capacity(self.1, bytes);
            (0..before).for_each(|_| self.0.append_null());
        }
        self.0.append_value(value);
    }
}

fn push_fixed(builder: &mut FixedSizeBinaryBuilder, value: &[u8]) {
    let written = builder.append_value(value);
    written.unwrap_or_else(|_| unreachable!("the type of the claim has this length"));
}
