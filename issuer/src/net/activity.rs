//! What happens on a connection, and until when it may go on like that.
//!
//! A connection on which nothing is asked is left open for a while: proxies keep theirs, and one that is closed in the
//! moment in which it is used again is an error for a person. A head that comes slowly is not left open: it costs its sender
//! nothing. The two look alike to a timer of the whole connection, so the bytes are watched as they are read
//! ([`Watched`]): the clock of a head starts with its first byte.
//!
//! One head is not seen: bytes that come in one read with the end of the call before it, and nothing after them. hyper does
//! not say how much of what it has read belongs to a call. Such a head may take as long as silence may; the places of an
//! address bound how many there are.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::Notify,
    time::Instant,
};

use super::frames::Frames;

/// The head of a call arrives within this, from its first byte; the first head of a connection, from the beginning.
pub(super) const HEAD: Duration = Duration::from_secs(10);

/// The calls and heads of a connection.
pub(super) struct Activity {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    /// Calls whose answer is not made yet.
    calls: usize,
    /// When the last call ended, or the connection began.
    idle_since: Instant,
    /// When the head began that is not whole yet.
    head_since: Option<Instant>,
}

impl Activity {
    /// A connection that begins: its first head is awaited.
    pub(super) fn new() -> Arc<Self> {
        let now = Instant::now();
        let state = Mutex::new(State { calls: 0, idle_since: now, head_since: Some(now) });
        Arc::new(Self { state, changed: Notify::new() })
    }

    /// A head has come; the call lasts until what is returned is dropped.
    pub(super) fn begin_call(self: &Arc<Self>) -> Call {
        let mut state = self.state();
        state.calls += 1;
        state.head_since = None;
        drop(state);
        self.changed.notify_one();
        Call(Arc::clone(self))
    }

    /// Ready when something has changed since it was asked for the deadline.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// When the connection is closed if nothing changes; `silence` is how long nothing may be asked.
    pub(super) fn deadline(&self, silence: Duration) -> Option<Instant> {
        let state = self.state();
        let head = state.head_since.map(|since| since + HEAD);
        let idle = (state.calls == 0).then(|| state.idle_since + silence);
        head.into_iter().chain(idle).min()
    }

    /// A head is awaited from now on, or none is.
    fn head(&self, is_awaited: bool) {
        let mut state = self.state();
        if state.head_since.is_some() == is_awaited {
            return;
        }
        state.head_since = is_awaited.then(Instant::now);
        drop(state);
        self.changed.notify_one();
    }

    fn has_calls(&self) -> bool {
        self.state().calls > 0
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that is under way, until it is dropped.
pub(super) struct Call(Arc<Activity>);

impl Drop for Call {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.calls -= 1;
        state.idle_since = Instant::now();
        drop(state);
        self.0.changed.notify_one();
    }
}

/// A connection whose bytes are watched as they are read.
pub(super) struct Watched<T> {
    io: T,
    activity: Arc<Activity>,
    /// Its frames, if it speaks HTTP/2.
    frames: Option<Frames>,
}

impl<T> Watched<T> {
    pub(super) fn http1(io: T, activity: &Arc<Activity>) -> Self {
        Self { io, activity: Arc::clone(activity), frames: None }
    }

    pub(super) fn http2(io: T, activity: &Arc<Activity>) -> Self {
        Self { io, activity: Arc::clone(activity), frames: Some(Frames::default()) }
    }

    fn saw(&mut self, bytes: &[u8]) {
        match &mut self.frames {
            // While a call is under way, it is the call's body; a head that is sent ahead is read after the call.
            None if self.activity.has_calls() => {}
            None => self.activity.head(true),
            Some(frames) => {
                frames.read(bytes);
                // The first call is awaited from the beginning.
                if frames.has_begun() {
                    self.activity.head(frames.is_in_head());
                }
            }
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        target: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = target.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(context, target))?;
        let read = &target.filled()[before..];
        if !read.is_empty() {
            self.saw(read);
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, bytes)
    }
}
