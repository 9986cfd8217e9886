//! What tests share: databases of both kinds, and a server that is called.

use std::{
    future::IntoFuture,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use url::Url;

use crate::db::{Db, Opens};

/// An empty SQLite database, and an empty PostgreSQL database where `KYCVS_TEST_POSTGRES` names a server on which
/// databases may be made. The first of each pair is what it lives in.
pub(crate) async fn databases() -> Vec<(TempDir, Db)> {
    let folder = || tempfile::tempdir().expect("a folder");
    let sqlite = folder();
    let mut urls = vec![(format!("sqlite:{}", sqlite.path().join("t.db").display()), sqlite)];
    if let Ok(server) = std::env::var("KYCVS_TEST_POSTGRES") {
        urls.push((postgres(&server).await, folder()));
    }
    let mut databases = Vec::new();
    for (url, folder) in urls {
        databases.push((folder, Db::open(&url, 4, Opens::Service).await.expect("it opens")));
    }
    databases
}

/// Makes a database of a name of its own on the server.
pub(crate) async fn postgres(server: &str) -> String {
    let name = format!("kycvs_test_{:016x}", getrandom::u64().expect("the system has random bytes"));
    let mut connection =
        PgConnection::connect(server).await.expect("the server of KYCVS_TEST_POSTGRES answers");
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&mut connection)
        .await
        .expect("it is made");
    let mut url: Url = server.parse().expect("KYCVS_TEST_POSTGRES is a URL");
    url.set_path(&name);
    url.into()
}

/// Makes a pipe, which nobody writes to, in place of a file.
#[cfg(unix)]
pub(crate) fn make_pipe(path: &std::path::Path) {
    // If there was no file, there is none to remove.
    let _ = std::fs::remove_file(path);
    let made = std::process::Command::new("mkfifo").arg(path).status().expect("mkfifo runs");
    assert!(made.success(), "{made}");
}

/// What `work` gives, which must not block.
#[cfg(unix)]
pub(crate) fn at_once<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, is_done) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(work()));
    is_done.recv_timeout(std::time::Duration::from_mins(2)).expect("it does not block")
}

/// A server on loopback that notes every call and answers with the statuses that it is told.
pub(crate) struct Receiver {
    state: Shared,
    base: Url,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
}

/// A call as it arrived.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

type Status = dyn Fn(usize) -> u16 + Send + Sync;

#[derive(Clone)]
struct Shared {
    calls: Arc<Mutex<Vec<Call>>>,
    location: Arc<Mutex<String>>,
    status: Arc<Status>,
}

impl Receiver {
    /// `status` gives the status of the call with this number, the first being 0.
    pub(crate) async fn start(status: impl Fn(usize) -> u16 + Send + Sync + 'static) -> Self {
        let state = Shared { calls: Arc::default(), location: Arc::default(), status: Arc::new(status) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address")).parse().expect("a URL");
        let router = Router::new().fallback(note).with_state(state.clone());
        let task = tokio::spawn(axum::serve(listener, router).into_future());
        Self { state, base, task }
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        self.base.join(path).expect("a path")
    }

    pub(crate) fn redirect_to(&self, url: &Url) {
        url.as_str().clone_into(&mut self.state.location.lock().expect("no test panicked"));
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.state.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn note(State(state): State<Shared>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let number = {
        let mut calls = state.calls.lock().expect("no test panicked");
        calls.push(Call { target: uri.to_string(), headers, body });
        calls.len() - 1
    };
    let status = StatusCode::from_u16((state.status)(number)).expect("a status");
    let location = state.location.lock().expect("no test panicked").clone();
    (status, [(header::LOCATION, location)]).into_response()
}
