//! Columns of presentations, as Arrow has them: `kycvs.arrow`.
//!
//! A day's answers are some hundred millions of rows, and a Python object for each would cost more than its check. Here a
//! column comes in and a column goes out, by the Arrow PyCapsule interface, which every library of that kind speaks; the
//! rows in it are never Python's. [`capsules`] is that interface, [`rows`] reads what came in, [`verdicts`] writes what
//! goes out.
//!
//! What a row comes to is the core's verdict, as everywhere: the rows go through `verify_many`.

mod capsules;
mod rows;
mod verdicts;

pub(crate) use verdicts::Verdicts;

use crate::{
    arguments::instance,
    failure::{Outcome, stops},
    times,
    verifier::{Verifier, expectation},
};
use kycvs::{Expectation, Presented, Timestamp, Verdict};
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder, prelude::*};
use rows::Rows;
use std::ops::Range;
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
/// - ``verifier``, ``nonce``, ``purpose``, ``subject`` and ``now`` are as of ``Verifier.verify``, and hold for all rows;
///   without ``now`` the clock is read once.
/// - ``one_thread``: checks in the thread that calls this, for a program that runs a process on each processor already.
///
/// A row that is not good has its code in the result; it never raises. Rows keep their order and their chunks, and a row
/// that is null is null in the result. A replay guard is asked in the order of the rows and in the thread that calls this,
/// which then checks row by row. Other threads run meanwhile, and Ctrl-C ends it early.
///
/// Raises TypeError where it is no such column, RuntimeError where the column's own source fails (KeyboardInterrupt where
/// that is Ctrl-C), and SetUpError (``invalid_claim``) for a nonce or a purpose that no token can hold.
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
    let expectation = expectation(nonce, purpose, subject)?;
    let now = times::optional_time("now", now)?.unwrap_or_else(Timestamp::now);
    let mut source = capsules::read("column", column)?;
    Rows::can_be(&source.data_type)?;
    let mut work = Work { verifier, expectation, now, one_thread, threads: None };
    let mut chunks = Vec::new();
    // The source may want the interpreter's lock for itself.
    while let Some(array) = py.detach(|| source.chunks.next()) {
        let rows = Rows::of(&array.map_err(|error| capsules::source_failed(py, &error))?)?;
        chunks.push(work.chunk(py, &rows)?);
    }
    Ok(Verdicts::new(chunks))
}

struct Work<'a> {
    verifier: &'a Verifier,
    expectation: Expectation,
    now: Timestamp,
    one_thread: bool,
    /// Made for this call: threads that are kept would not outlive a `fork()`, and whoever waits for them there would
    /// wait forever.
    threads: Option<ThreadPool>,
}

impl Work<'_> {
    fn chunk(&mut self, py: Python<'_>, rows: &Rows) -> Outcome<verdicts::Chunk> {
        let mut column = Column::with_capacity(rows.len());
        let mut start = 0;
        while start < rows.len() {
            let end = rows.len().min(start + AT_A_TIME);
            py.detach(|| self.part(rows, start..end, &mut column))?;
            py.check_signals()?;
            start = end;
        }
        Ok(column.finish())
    }

    fn part(&mut self, rows: &Rows, places: Range<usize>, column: &mut Column) -> Outcome<()> {
        let all: Vec<Option<Presented<'_>>> = places.map(|place| rows.presented(place)).collect();
        let presented: Vec<Presented<'_>> = all.iter().copied().flatten().collect();
        let mut results = if self.verifier.asks_a_guard() {
            self.one_by_one(&presented)?
        } else {
            self.together(&presented)
        }
        .into_iter();
        for row in all {
            match row {
                None => column.push_null(),
                Some(_) => column.push(&results.next().unwrap_or_else(|| unreachable!("one for each row"))),
            }
        }
        Ok(())
    }

    fn together(&mut self, presented: &[Presented<'_>]) -> Vec<kycvs::Result<Verdict>> {
        let (verifier, expectation, now) = (self.verifier.core(), &self.expectation, self.now);
        if !self.one_thread && self.threads.is_none() && presented.len() > FEWEST {
            // A system that is out of threads gets by with this one.
            self.threads = threads().ok();
        }
        let Some(threads) = &self.threads else {
            return verifier.verify_many_at(presented, expectation, now);
        };
        let size = presented.len().div_ceil(threads.current_num_threads()).clamp(FEWEST, TOGETHER);
        let chunks = presented.par_chunks(size);
        threads.install(|| {
            chunks.flat_map_iter(|chunk| verifier.verify_many_at(chunk, expectation, now)).collect()
        })
    }

    /// In the order of the rows and in this thread, as a replay guard is to be asked.
    fn one_by_one(&self, presented: &[Presented<'_>]) -> Outcome<Vec<kycvs::Result<Verdict>>> {
        let mut results = Vec::with_capacity(presented.len());
        for &presented in presented {
            match self.one(presented) {
                Err(error) if stops(&error) => return Err(error.into()),
                result => results.push(result),
            }
        }
        Ok(results)
    }

    fn one(&self, presented: Presented<'_>) -> kycvs::Result<Verdict> {
        match presented {
            Presented::Bytes(bytes) => self.verifier.core().verify_at(bytes, &self.expectation, self.now),
            Presented::Text(text) => self.verifier.core().verify_text_at(text, &self.expectation, self.now),
        }
    }
}

fn threads() -> Result<ThreadPool, ThreadPoolBuildError> {
    ThreadPoolBuilder::new().thread_name(|number| format!("kycvs-arrow-{number}")).build()
}
