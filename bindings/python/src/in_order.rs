//! Asking a replay guard about a list whose answers are checked on several threads, as if they were checked one after the
//! other by the thread that called: in the order of the list, so that of two uses of one token the earlier is the first;
//! and, where the guard is the app's, in that very thread, since databases and locks belong to threads.

use kycvs::{BoxError, ReplayGuard, Timestamp, TokenId};
use std::{
    cell::RefCell,
    collections::BTreeSet,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{self, Sender},
    },
};

thread_local! {
    /// What this thread checks just now; `None` in a thread that checks for itself.
    static PLACE: RefCell<Option<Place>> = const { RefCell::new(None) };
}

/// A place in a list, and where its thread finds the one that called.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) turns: Arc<Turns>,
    pub(crate) number: usize,
    pub(crate) caller: Sender<Question>,
}

/// What a replay guard is asked, and where the answer goes.
pub(crate) struct Question {
    pub(crate) issuer: String,
    pub(crate) token_id: TokenId,
    pub(crate) keep_until: Timestamp,
    pub(crate) now: Timestamp,
    pub(crate) answer: Sender<Result<bool, BoxError>>,
}

impl Place {
    /// Calls `check` for this place. Places are begun in their order, so that someone has the turn always.
    pub(crate) fn take<T>(self, check: impl FnOnce() -> T) -> T {
        let _done = Done { turns: Arc::clone(&self.turns), number: self.number };
        PLACE.set(Some(self));
        check()
    }
}

/// A guard that waits for its turn, and answers in any thread.
pub(crate) struct InOrder<G>(pub(crate) G);

impl<G: ReplayGuard> ReplayGuard for InOrder<G> {
    fn first_use(
        &self,
        issuer: &str,
        token_id: &TokenId,
        keep_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, BoxError> {
        if let Some(place) = PLACE.with_borrow(Clone::clone) {
            place.turns.wait_for(place.number);
        }
        self.0.first_use(issuer, token_id, keep_until, now)
    }
}

/// A guard that waits for its turn, and is asked by the thread that called.
pub(crate) struct InCaller<G>(pub(crate) G);

impl<G: ReplayGuard> ReplayGuard for InCaller<G> {
    fn first_use(
        &self,
        issuer: &str,
        token_id: &TokenId,
        keep_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, BoxError> {
        let Some(place) = PLACE.with_borrow(Clone::clone) else {
            return self.0.first_use(issuer, token_id, keep_until, now);
        };
        place.turns.wait_for(place.number);
        let (answer, answered) = mpsc::channel();
        let question = Question { issuer: issuer.to_owned(), token_id: *token_id, keep_until, now, answer };
        // The caller is gone only after Ctrl-C, and then nobody sees this.
        place.caller.send(question)?;
        answered.recv()?
    }
}

/// Whose turn it is.
#[derive(Default)]
pub(crate) struct Turns {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Default)]
struct State {
    /// All before this place are done.
    next: usize,
    /// Places after it that are done already.
    done: BTreeSet<usize>,
}

impl Turns {
    fn wait_for(&self, number: usize) {
        let waiting = self.moved.wait_while(self.state(), |state| state.next < number);
        drop(waiting.unwrap_or_else(PoisonError::into_inner));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes the turn on, in a panic too.
struct Done {
    turns: Arc<Turns>,
    number: usize,
}

impl Drop for Done {
    fn drop(&mut self) {
        PLACE.set(None);
        let mut state = self.turns.state();
        state.done.insert(self.number);
        while state.done.first() == Some(&state.next) {
            state.done.pop_first();
            state.next += 1;
        }
        self.turns.moved.notify_all();
    }
}
