//! The expectation of each row: one for the whole column, or one from the columns beside it.

use super::{
    capsules::{self, Source, source_failed},
    rows::Rows,
};
use crate::{
    arguments::{Bytes, instance, text},
    failure::Outcome,
    subject,
};
use arrow_array::{Array, ArrayRef, cast::AsArray};
use arrow_schema::DataType;
use kycvs::{Expectation, Nonce, Purpose, Subject};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
};

/// The arguments of ``kycvs.arrow.verify`` that say what is expected.
pub(super) struct Expected {
    /// The expectation of each row, if there is no column beside.
    same: Expectation,
    nonces: Option<Beside<Rows>>,
    people: Option<Beside<People>>,
    // The same as in `same`, for rows with something of their own.
    nonce: Option<Nonce>,
    purpose: Option<Purpose>,
    subject: Option<Subject>,
}

/// The own expectations of some rows, in order; empty if all rows have the same. A row whose nonce or name no token can
/// hold has the core's reason.
pub(super) type Own = Vec<kycvs::Result<Expectation>>;

impl Expected {
    pub(super) fn of(
        nonce: Option<&Bound<'_, PyAny>>,
        purpose: Option<&Bound<'_, PyAny>>,
        subject: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<Self> {
        let (nonces, nonce) = column_or_value(nonce)?;
        let (people, subject) = column_or_value(subject)?;
        let nonces = nonces.map(|column| Beside::of("nonce", column, challenges)).transpose()?;
        let people = people.map(|column| Beside::of("subject", column, People::of)).transpose()?;
        let nonce = nonce.map(|nonce| Bytes::of("nonce", nonce)).transpose()?;
        let nonce = nonce.map(|nonce| Nonce::new(nonce.as_slice())).transpose()?;
        let purpose = purpose.map(|purpose| text("purpose", purpose)).transpose()?;
        let purpose = purpose.map(Purpose::new).transpose()?;
        let subject = subject.map(|subject| instance::<subject::Subject>("subject", subject)).transpose()?;
        let subject = subject.map(|subject| subject.get().inner.clone());
        let same = expectation(nonce.clone(), purpose.clone(), subject.clone());
        Ok(Self { same, nonces, people, nonce, purpose, subject })
    }

    /// The own expectations of the next `count` rows.
    ///
    /// # Errors
    /// `ValueError` if a column beside has fewer rows, and what its source raises.
    pub(super) fn next(&mut self, py: Python<'_>, count: usize) -> PyResult<Own> {
        let nonces = match &mut self.nonces {
            Some(column) => column.next(py, count, |rows, place| {
                // An empty nonce is none that a token can hold, and so the core says.
                Nonce::new(rows.bytes(place).unwrap_or_default()).map(Some)
            })?,
            None => Vec::new(),
        };
        let people = match &mut self.people {
            Some(column) => column.next(py, count, |people, place| people.at(place).map(Some))?,
            None => Vec::new(),
        };
        if self.nonces.is_none() && self.people.is_none() {
            return Ok(Own::new());
        }
        let (mut nonces, mut people) = (nonces.into_iter(), people.into_iter());
        let own = (0..count).map(|_| {
            let nonce = nonces.next().unwrap_or_else(|| Ok(self.nonce.clone()));
            let subject = people.next().unwrap_or_else(|| Ok(self.subject.clone()));
            Ok(expectation(nonce?, self.purpose.clone(), subject?))
        });
        Ok(own.collect())
    }

    /// The expectation of one row; `place` is its place among the rows of `own`.
    pub(super) fn at<'a>(
        &'a self,
        own: &'a [kycvs::Result<Expectation>],
        place: usize,
    ) -> Result<&'a Expectation, &'a kycvs::Error> {
        own.get(place).map_or(Ok(&self.same), Result::as_ref)
    }

    /// # Errors
    /// `ValueError` if a column beside has more rows, and what its source raises.
    pub(super) fn end(&mut self, py: Python<'_>) -> PyResult<()> {
        self.nonces.as_mut().map_or(Ok(()), |column| column.end(py))?;
        self.people.as_mut().map_or(Ok(()), |column| column.end(py))
    }
}

fn expectation(nonce: Option<Nonce>, purpose: Option<Purpose>, subject: Option<Subject>) -> Expectation {
    let mut expectation = nonce.map_or_else(Expectation::no_nonce, Expectation::nonce);
    if let Some(purpose) = purpose {
        expectation = expectation.with_purpose(purpose);
    }
    match subject {
        Some(subject) => expectation.with_subject(subject),
        None => expectation,
    }
}

type Argument<'a, 'py> = Option<&'a Bound<'py, PyAny>>;

/// The argument as a column, or as a value for all rows.
fn column_or_value<'a, 'py>(argument: Argument<'a, 'py>) -> PyResult<(Argument<'a, 'py>, Argument<'a, 'py>)> {
    match argument {
        Some(value) if capsules::is_column(value)? => Ok((argument, None)),
        _ => Ok((None, argument)),
    }
}

/// A column beside the answers, read as far as they are. Its chunks may be others.
struct Beside<T> {
    name: &'static str,
    source: Source,
    read: fn(&ArrayRef) -> PyResult<T>,
    /// The chunk that is being read, how many rows it has, and how many of them were taken.
    chunk: Option<(T, usize)>,
    taken: usize,
}

impl<T: Send> Beside<T> {
    fn of(
        name: &'static str,
        column: &Bound<'_, PyAny>,
        read: fn(&ArrayRef) -> PyResult<T>,
    ) -> PyResult<Self> {
        let source = capsules::read(name, column)?;
        read(&arrow_array::new_empty_array(&source.data_type))?;
        Ok(Self { name, source, read, chunk: None, taken: 0 })
    }

    /// Each of the next `count` rows, as `row` reads it.
    fn next<V>(&mut self, py: Python<'_>, count: usize, row: impl Fn(&T, usize) -> V) -> PyResult<Vec<V>> {
        let mut values = Vec::with_capacity(count);
        while values.len() < count {
            if let Some((chunk, rows)) = &self.chunk
                && self.taken < *rows
            {
                values.push(row(chunk, self.taken));
                self.taken += 1;
            } else if !self.next_chunk(py)? {
                return Err(self.other_length("fewer"));
            }
        }
        Ok(values)
    }

    fn end(&mut self, py: Python<'_>) -> PyResult<()> {
        loop {
            if self.chunk.as_ref().is_some_and(|&(_, rows)| self.taken < rows) {
                return Err(self.other_length("more"));
            }
            if !self.next_chunk(py)? {
                return Ok(());
            }
        }
    }

    fn next_chunk(&mut self, py: Python<'_>) -> PyResult<bool> {
        // The source may want the interpreter's lock for itself.
        let Some(array) = py.detach(|| self.source.chunks.next()) else { return Ok(false) };
        let array = array.map_err(|error| source_failed(py, &error))?;
        self.chunk = Some(((self.read)(&array)?, array.len()));
        self.taken = 0;
        Ok(true)
    }

    fn other_length(&self, what: &str) -> PyErr {
        PyValueError::new_err(format!("{}: the column has {what} rows than that of the answers", self.name))
    }
}

fn challenges(array: &ArrayRef) -> PyResult<Rows> {
    let rows = Rows::of("nonce", array)?;
    if rows.are_text() {
        return Err(PyTypeError::new_err("nonce: expected an Arrow column of binary, not one of text"));
    }
    Ok(rows)
}

/// Persons as named: a column of names, or one of structs with `name` and `mobile`.
struct People {
    names: Rows,
    mobiles: Option<Rows>,
}

impl People {
    fn of(array: &ArrayRef) -> PyResult<Self> {
        // Any other struct is a table of one column, as a query gives it.
        let has_names = matches!(
            array.data_type(),
            DataType::Struct(fields) if fields.iter().any(|field| is_part(field.name()))
        );
        if !has_names {
            return Ok(Self { names: texts(array)?, mobiles: None });
        }
        let (people, nulls) = (array.as_struct(), array.nulls());
        if people.column_names().iter().any(|name| !is_part(name)) {
            return Err(PyTypeError::new_err("subject: expected structs of `name` and `mobile` only"));
        }
        let part = |name: &str| people.column_by_name(name).map(texts).transpose();
        let names =
            part("name")?.ok_or_else(|| PyTypeError::new_err("subject: the structs have no `name`"))?;
        Ok(Self { names: names.with_nulls(nulls), mobiles: part("mobile")? })
    }

    /// A row without a name is nobody, and so the core says of an empty one.
    fn at(&self, place: usize) -> kycvs::Result<Subject> {
        let subject = Subject::new(self.names.text(place).unwrap_or_default())?;
        match self.mobiles.as_ref().and_then(|mobiles| mobiles.text(place)) {
            Some(mobile) => subject.with_mobile(mobile),
            None => Ok(subject),
        }
    }
}

/// Of a person.
fn is_part(name: &str) -> bool {
    matches!(name, "name" | "mobile")
}

fn texts(array: &ArrayRef) -> PyResult<Rows> {
    let rows = Rows::of("subject", array)?;
    if rows.are_text() || array.data_type() == &DataType::Null {
        return Ok(rows);
    }
    Err(PyTypeError::new_err("subject: expected an Arrow column of text, not one of binary"))
}
