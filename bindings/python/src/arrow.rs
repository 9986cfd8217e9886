//! Columns of presentations, as Arrow has them: `kycvs.arrow`.
//!
//! A day's answers are some hundred millions of rows, and a Python object for each would cost more than its check. Here a
//! column comes in and a column goes out, by the Arrow PyCapsule interface, which every library of that kind speaks; the
//! rows in it are never Python's. [`capsules`] is that interface, [`rows`] reads what came in, [`beside`] what is expected of
//! each row, and [`verdicts`] writes what goes out.
//!
//! What a row comes to is the core's verdict, as everywhere: the rows go through `verify_many`.

mod beside;
mod capsules;
mod rows;
mod verdicts;

pub(crate) use verdicts::Verdicts;

use crate::{
    arguments::instance,
    failure::{Outcome, stops},
    times,
    verifier::Verifier,
};
use beside::{Expected, Own};
use kycvs::{Expectation, Presented, Timestamp, Verdict};
use pyo3::{exceptions::PyUserWarning, prelude::*};
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder, prelude::*};
use rows::Rows;
use std::{ops::Range, slice};
use verdicts::Column;

/// How many rows are checked between two looks for Ctrl-C: some hundred milliseconds, and a few megabytes of verdicts
/// that are not in their column yet.
const AT_A_TIME: usize = 8_192;
/// How many a thread checks together, which is cheaper for each.
const TOGETHER: usize = 256;
/// And below how many waking another one costs more than it gains.
const FEWEST: usize = 32;

/// Checks every row of an Arrow column, on all processors, and gives a column of verdicts.
///
/// - ``column``: a column of binary or text (or a table of one such column) of any library that speaks the Arrow
///   PyCapsule interface: pyarrow, Polars, DuckDB, DataFusion and others. It is not copied. Text is what
///   ``Verifier.verify`` takes as ``str``.
/// - ``verifier``, ``nonce``, ``purpose``, ``subject`` and ``now`` are those of ``Verifier.verify``, and hold for all rows;
///   without ``now`` the clock is read once.
/// - ``nonce`` can be an Arrow column of binary with the challenge of each row, and ``subject`` an Arrow column of text with
///   the name of each row, or of structs with ``name`` and ``mobile`` (null if there is none). A row whose challenge or name
///   is null, empty or none that a token can hold is ``invalid_claim``.
/// - ``one_thread``: checks in the thread that calls this, for a program that runs a process on each processor already.
///
/// A row that is not good has its code and a sentence in the result; it never raises. If most rows are an answer's text given as
/// bytes, there is a UserWarning as well, because the column has the wrong type. Rows keep their order and their chunks, and a row
/// that is null is null in the result. A replay guard is asked in the order of the rows and in the thread that calls this,
/// which then checks row by row. Other threads run meanwhile, and Ctrl-C ends it early.
///
/// Raises TypeError where it is no such column, RuntimeError where the column's own source fails (KeyboardInterrupt where
/// that is Ctrl-C), ValueError if a column beside has another number of rows, and SetUpError (``invalid_claim``) for a nonce
/// or a purpose for all rows that no token can hold.
///
/// >>> import kycvs.arrow
/// >>> from kycvs import TrustStore, Verifier
/// >>> kycvs.arrow.verify(["no", "column"], Verifier(TrustStore(), open=True), nonce=None)
/// Traceback (most recent call last):
///     ...
/// TypeError: column: expected an Arrow column of binary or text, not list
#[pyfunction]
#[allow(clippy::too_many_arguments, reason = "they are keywords")]
#[pyo3(signature = (column, verifier, *, nonce, purpose=None, subject=None, now=None, one_thread=false))]
pub(crate) fn verify_column(
    py: Python<'_>,
    column: &Bound<'_, PyAny>,
    verifier: &Bound<'_, PyAny>,
    nonce: Option<&Bound<'_, PyAny>>,
    purpose: Option<&Bound<'_, PyAny>>,
    subject: Option<&Bound<'_, PyAny>>,
    now: Option<&Bound<'_, PyAny>>,
    one_thread: bool,
) -> Outcome<Verdicts> {
    let verifier = instance::<Verifier>("verifier", verifier)?.get();
    let expected = Expected::of(nonce, purpose, subject)?;
    let now = times::optional_time("now", now)?.unwrap_or_else(Timestamp::now);
    let mut source = capsules::read("column", column)?;
    Rows::can_be(&source.data_type)?;
    let form = Form::default();
    let mut work = Work { verifier, expected, now, one_thread, threads: None, form };
    let mut chunks = Vec::new();
    // The source may want the interpreter's lock for itself.
    while let Some(array) = py.detach(|| source.chunks.next()) {
        let rows = Rows::of("column", &array.map_err(|error| capsules::source_failed(py, &error))?)?;
        chunks.push(work.chunk(py, &rows)?);
    }
    work.expected.end(py)?;
    work.form.warn(py)?;
    Ok(Verdicts::new(chunks))
}

struct Work<'a> {
    verifier: &'a Verifier,
    expected: Expected,
    now: Timestamp,
    one_thread: bool,
    /// Made for this call: threads that are kept would not outlive a `fork()`, and whoever waits for them there would
    /// wait forever.
    threads: Option<ThreadPool>,
    form: Form,
}

/// Whether the column has its answers in the wrong form.
///
/// A single row raises nothing, and hides nothing: its bytes are a stranger's, who could stop a day's settlement with it.
#[derive(Default)]
struct Form {
    /// Rows that are not null.
    rows: usize,
    /// Rows that are an answer's text given as bytes.
    texts: usize,
}

impl Form {
    fn count(&mut self, result: &kycvs::Result<Verdict>) {
        self.rows += 1;
        self.texts += usize::from(result.as_ref().is_err_and(kycvs::Error::is_text_given_as_bytes));
    }

    /// # Errors
    /// The warning itself, if the program's filters turn it into an exception.
    fn warn(&self, py: Python<'_>) -> PyResult<()> {
        if self.texts * 2 <= self.rows {
            return Ok(());
        }
        let category = py.get_type::<PyUserWarning>();
        let message = c"column: most rows are an answer's text given as bytes, so none of them is accepted: give a column of text";
        PyErr::warn(py, &category, message, 1)
    }
}

impl Work<'_> {
    fn chunk(&mut self, py: Python<'_>, rows: &Rows) -> Outcome<verdicts::Chunk> {
        let mut column = Column::with_capacity(rows.len());
        let mut start = 0;
        while start < rows.len() {
            let end = rows.len().min(start + AT_A_TIME);
            let own = self.expected.next(py, end - start)?;
            py.detach(|| self.part(rows, start..end, &own, &mut column))?;
            py.check_signals()?;
            start = end;
        }
        Ok(column.finish())
    }

    /// Checks the rows at `places` against `own`, their own expectations.
    fn part(&mut self, rows: &Rows, places: Range<usize>, own: &Own, column: &mut Column) -> Outcome<()> {
        let checks_alone = self.verifier.asks_a_guard();
        if !checks_alone && !self.one_thread && self.threads.is_none() && places.len() > FEWEST {
            // A system that is out of threads gets by with this one.
            self.threads = threads().ok();
        }
        let all: Vec<_> = places
            .enumerate()
            .map(|(number, place)| {
                rows.presented(place)
                    .map(|presented| self.expected.at(own, number).map(|expected| (presented, expected)))
            })
            .collect();
        let requests: Vec<Request<'_>> = all.iter().flatten().flatten().copied().collect();
        let results = if checks_alone { self.one_by_one(&requests)? } else { self.together(&requests) };
        let mut results = results.into_iter();
        for row in all {
            let result = match row {
                None => {
                    column.push_null();
                    continue;
                }
                Some(Err(error)) => Err(error.clone()),
                Some(Ok(_)) => results.next().unwrap_or_else(|| unreachable!("one for each request")),
            };
            self.form.count(&result);
            column.push(result.as_ref());
        }
        Ok(())
    }

    fn together(&self, requests: &[Request<'_>]) -> Vec<kycvs::Result<Verdict>> {
        let (verifier, now) = (self.verifier.core(), self.now);
        let Some(threads) = &self.threads else { return verifier.verify_each_at(requests, now) };
        let size = requests.len().div_ceil(threads.current_num_threads()).clamp(FEWEST, TOGETHER);
        let chunks = requests.par_chunks(size);
        threads.install(|| chunks.flat_map_iter(|chunk| verifier.verify_each_at(chunk, now)).collect())
    }

    /// In the order of the rows and in this thread, as a replay guard is to be asked.
    fn one_by_one(&self, requests: &[Request<'_>]) -> Outcome<Vec<kycvs::Result<Verdict>>> {
        let mut results = Vec::with_capacity(requests.len());
        for request in requests {
            for result in self.verifier.core().verify_each_at(slice::from_ref(request), self.now) {
                match result {
                    Err(error) if stops(&error) => return Err(error.into()),
                    result => results.push(result),
                }
            }
        }
        Ok(results)
    }
}

/// An answer, and what is expected of it.
type Request<'a> = (Presented<'a>, &'a Expectation);

fn threads() -> Result<ThreadPool, ThreadPoolBuildError> {
    ThreadPoolBuilder::new().thread_name(|number| format!("kycvs-arrow-{number}")).build()
}
