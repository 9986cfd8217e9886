//! Many presentations, on all processors.

use crate::{
    expected::Expected,
    failure::stops,
    in_order::{Place, Question, Turns},
    presentation::Input,
    replay::Guard,
};
use kycvs::{Result, Timestamp, Verdict};
use pyo3::prelude::*;
use std::{
    panic::resume_unwind,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread::{self, ScopedJoinHandle},
    time::Duration,
};

/// Below this many for each, starting a thread costs more than it gains.
const FEWEST_FOR_A_THREAD: usize = 4;
/// How many are checked together, which is cheaper for each, and between two looks for Ctrl-C: some milliseconds.
const AT_A_TIME: usize = 256;
/// And how often it is looked for where there are several.
const PATIENCE: Duration = Duration::from_millis(50);

/// A list to be checked, and what came of it so far.
pub(crate) struct Work<'a> {
    verifier: &'a kycvs::Verifier,
    guard: Option<&'a Guard>,
    expected: &'a Expected,
    now: Timestamp,
    inputs: &'a [Input],
    /// How many of the inputs are checked together.
    at_a_time: usize,
    results: Vec<OnceLock<Vec<Result<Verdict>>>>,
    next: AtomicUsize,
    stop: AtomicBool,
}

impl<'a> Work<'a> {
    pub(crate) fn new(
        verifier: &'a kycvs::Verifier,
        guard: Option<&'a Guard>,
        expected: &'a Expected,
        now: Timestamp,
        inputs: &'a [Input],
    ) -> Self {
        // Each by itself where there is a guard: it may want to stop, and then it is not asked about the next one.
        let at_a_time =
            if guard.is_some() { 1 } else { inputs.len().div_ceil(processors()).clamp(1, AT_A_TIME) };
        let mut results = Vec::new();
        results.resize_with(inputs.len().div_ceil(at_a_time), OnceLock::new);
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        Self { verifier, guard, expected, now, inputs, at_a_time, results, next, stop }
    }

    /// Checks them all: for each its result, in order. They end early where the app wants to stop, with an error that says
    /// so among them.
    ///
    /// The threads are made for this call: a pool that is kept would not outlive a `fork()`.
    ///
    /// # Errors
    /// What a signal's handler raised, such as `KeyboardInterrupt`.
    pub(crate) fn run(self, py: Python<'_>) -> PyResult<Vec<Result<Verdict>>> {
        let threads = processors().min(self.inputs.len().div_ceil(FEWEST_FOR_A_THREAD));
        if threads < 2 {
            self.run_here(py)?;
        } else {
            self.run_on(py, threads)?;
        }
        Ok(self.results.into_iter().filter_map(OnceLock::into_inner).flatten().collect())
    }

    fn run_here(&self, py: Python<'_>) -> PyResult<()> {
        loop {
            let more = py.detach(|| (0..AT_A_TIME / self.at_a_time).all(|_| self.some(None)));
            py.check_signals()?;
            if !more {
                return Ok(());
            }
        }
    }

    fn run_on(&self, py: Python<'_>, threads: usize) -> PyResult<()> {
        let (caller, questions) = mpsc::channel();
        let turns = self.guard.map(|_| Arc::new(Turns::default()));
        thread::scope(|scope| {
            let worker = |caller: Sender<Question>, turns: Option<Arc<Turns>>| {
                move || while self.some(turns.as_ref().map(|turns| (turns, &caller))) {}
            };
            // A system that is out of threads gets by with those that there are.
            let workers: Vec<_> = (0..threads)
                .map_while(|_| {
                    let name = thread::Builder::new().name("kycvs-verify".to_owned());
                    name.spawn_scoped(scope, worker(caller.clone(), turns.clone())).ok()
                })
                .collect();
            drop(caller);
            let outcome = if workers.is_empty() { self.run_here(py) } else { self.attend(py, questions) };
            let joined: Vec<_> = py.detach(|| workers.into_iter().map(ScopedJoinHandle::join).collect());
            for worker in joined {
                worker.unwrap_or_else(|panic| resume_unwind(panic));
            }
            outcome
        })
    }

    /// Asks the replay guard what the workers want to know, and looks for Ctrl-C, until they are done.
    fn attend(&self, py: Python<'_>, mut questions: Receiver<Question>) -> PyResult<()> {
        loop {
            let question;
            (questions, question) = py.detach(move || {
                let question = questions.recv_timeout(PATIENCE);
                (questions, question)
            });
            match (question, self.guard) {
                (Err(RecvTimeoutError::Disconnected), _) => return Ok(()),
                (Ok(question), Some(guard)) => guard.answer(question),
                _ => {}
            }
            py.check_signals().inspect_err(|_| self.stop.store(true, Ordering::Relaxed))?;
        }
    }

    /// Checks the next ones; `false` where there are none.
    fn some(&self, in_order: Option<(&Arc<Turns>, &Sender<Question>)>) -> bool {
        if self.stop.load(Ordering::Relaxed) {
            return false;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(inputs) = self.inputs.chunks(self.at_a_time).nth(number) else { return false };
        let places = number * self.at_a_time..;
        let requests: Vec<_> =
            places.zip(inputs).map(|(place, input)| (input.presented(), self.expected.at(place))).collect();
        let check = || self.verifier.verify_each_at(&requests, self.now);
        let results = match in_order {
            Some((turns, caller)) => {
                Place { turns: Arc::clone(turns), number, caller: caller.clone() }.take(check)
            }
            None => check(),
        };
        if results.iter().any(|result| result.as_ref().is_err_and(stops)) {
            self.stop.store(true, Ordering::Relaxed);
        }
        self.results[number].set(results).is_ok()
    }
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
