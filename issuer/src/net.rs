//! Connections: accepted up to a bound, each with a deadline for everything that its other side can be slow with.
//!
//! A certificate's side chooses HTTP/2 or 1.1 (ALPN). Without one it is HTTP/1.1, as proxies speak it. What a whole call
//! may take is for [`middleware`](crate::http::middleware); here stand the handshake, the head, and silence.

mod activity;
mod frames;
mod places;

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::{Router, body::Body, extract::Request, response::Response};
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::graceful::{GracefulConnection, GracefulShutdown, Watcher},
};
use prometheus_client::metrics::counter::Counter;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep, sleep_until, timeout, timeout_at},
};
use tower::ServiceExt;

use activity::{Activity, Watched};
use places::Places;

use crate::{config::Proxies, forwarded, http::ClientAddress, tls::Tls};

/// A handshake takes at most this.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A connection on which no call is under way is closed after this.
const SILENCE: Duration = Duration::from_mins(1);
/// The same, while most places are taken.
const SILENCE_WHEN_FULL: Duration = Duration::from_secs(3);
/// What is under way at the end is given at least this.
pub(crate) const FINISH: Duration = Duration::from_secs(10);
/// A head is never larger.
const LARGEST_HEAD: u32 = 16 * 1024;

/// How connections are served.
pub(crate) struct Server {
    pub(crate) router: Router,
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) proxies: Proxies,
    pub(crate) max_connections: u32,
    /// How many of them one address may have.
    pub(crate) max_per_address: u32,
    /// Counts the connections that were refused for that.
    pub(crate) refused: Counter,
    /// What is under way at the end is finished within this.
    pub(crate) finish: Duration,
}

impl Server {
    /// Serves until `stop` is ready, and then finishes what is under way. Until when there is time for that.
    pub(crate) async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) -> Instant {
        let places = Places::new(self.max_connections, self.max_per_address);
        let shared = Arc::new(self);
        let graceful = GracefulShutdown::new();
        let mut stop = pin!(stop);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stop => break,
                accepted = accept(&listener, &places) => accepted,
            };
            let Some((stream, peer, permit)) = accepted else { continue };
            // Closed at once: a host that has its share waits for none of the others' places.
            let Some(place) = places.give(permit, peer.ip(), &shared.proxies) else {
                shared.refused.inc();
                continue;
            };
            let connection = Connection {
                server: Arc::clone(&shared),
                peer: peer.ip(),
                activity: Activity::new(),
                places: Arc::clone(&places),
            };
            let watcher = graceful.watcher();
            tokio::spawn(async move {
                connection.run(stream, watcher).await;
                drop(place);
            });
        }
        drop(listener);
        let deadline = Instant::now() + shared.finish;
        if timeout_at(deadline, graceful.shutdown()).await.is_err() {
            tracing::warn!("some calls were not finished in time");
        }
        deadline
    }
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Places,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = places.wait().await?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, permit)),
        Err(error) if is_of_one_connection(&error) => None,
        Err(error) => {
            // Such as too many open files: it passes when others are closed.
            tracing::error!(kind = %error.kind(), "no connection can be accepted");
            sleep(Duration::from_millis(200)).await;
            None
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset
    )
}

struct Connection {
    server: Arc<Server>,
    peer: IpAddr,
    activity: Arc<Activity>,
    places: Arc<Places>,
}

impl Connection {
    async fn run(self, stream: TcpStream, watcher: Watcher) {
        let _ = stream.set_nodelay(true);
        match &self.server.tls {
            None => self.http1(stream, watcher).await,
            Some(tls) => {
                let Ok(Ok(stream)) = timeout(HANDSHAKE, tls.acceptor().accept(stream)).await else { return };
                if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                    self.http2(stream, watcher).await;
                } else {
                    self.http1(stream, watcher).await;
                }
            }
        }
    }

    async fn http1(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, watcher: Watcher) {
        let io = TokioIo::new(Watched::http1(stream, &self.activity));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // It would count the time before the first byte as well: `Activity` has the deadline instead.
            .header_read_timeout(None)
            .max_buf_size(LARGEST_HEAD as usize)
            .serve_connection(io, service_fn(|request| self.call(request)));
        self.until_silent(connection, watcher).await;
    }

    async fn http2(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, watcher: Watcher) {
        let io = TokioIo::new(Watched::http2(stream, &self.activity));
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(64)
            .max_header_list_size(LARGEST_HEAD)
            .serve_connection(io, service_fn(|request| self.call(request)));
        self.until_silent(connection, watcher).await;
    }

    /// Runs a connection until it ends, or nothing is under way on it for too long: a preface or a head that does not
    /// come, and an answer that is not taken.
    async fn until_silent<C: GracefulConnection>(&self, connection: C, watcher: Watcher) {
        let mut connection = pin!(watcher.watch(connection));
        loop {
            // How long silence may last changes with how full the service is, which nobody tells.
            let look_again = Instant::now() + SILENCE_WHEN_FULL;
            let deadline = self.activity.deadline(self.silence()).unwrap_or(look_again);
            tokio::select! {
                _ = &mut connection => return,
                () = self.activity.changed() => {}
                () = sleep_until(deadline.min(look_again)) => {
                    let deadline = self.activity.deadline(self.silence());
                    if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                        return;
                    }
                }
            }
        }
    }

    fn silence(&self) -> Duration {
        if self.places.are_scarce() { SILENCE_WHEN_FULL } else { SILENCE }
    }

    fn call(
        &self,
        request: hyper::Request<Incoming>,
    ) -> impl Future<Output = Result<Response, Infallible>> + Send + 'static {
        let call = self.activity.begin_call();
        let mut request: Request = request.map(Body::new);
        let client = forwarded::client(self.peer, request.headers(), &self.server.proxies);
        request.extensions_mut().insert(ClientAddress(client));
        let router = self.server.router.clone();
        async move {
            let response = router.oneshot(request).await;
            drop(call);
            response
        }
    }
}

#[cfg(test)]
mod tests;
