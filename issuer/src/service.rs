//! The service as a whole: put together from its settings, listening, and stopped so that nothing is lost.

use std::{
    fmt,
    fs::{File, TryLockError},
    io,
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::Duration,
};

use kycvs::{Issuer, IssuerName, Signer, Zeroizing};
use prometheus_client::metrics::counter::Counter;
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
    task::JoinSet,
    time::{timeout, timeout_at},
};
use tokio_util::task::TaskTracker;

use crate::{
    app::App,
    clock::Clock,
    config::{Config, ConfigError, Proxies},
    db::{Db, Fault, Opens, private_file},
    delivery::{self, Gateway},
    http,
    metrics::Metrics,
    net::{FINISH, Server},
    records::{Records, SqlRecords},
    reload::{Hangup, Reload},
    signing::{CurrentIssuer, OwnIssuer},
    sweeper,
    tls::Tls,
    webhooks,
};

/// Why the service does not start. Its text says what to do, and holds no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A setting, a file that it names, or a secret.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The core refuses the issuer's key or name.
    #[error(transparent)]
    Core(#[from] kycvs::Error),
    /// The database does not open.
    #[error("the database does not open: {0}")]
    Database(String),
    /// Another process serves from the same file.
    #[error(
        "another `kycvs serve` works with the database `{0}`: stop it first, or let several share a PostgreSQL database"
    )]
    InUse(String),
    /// The address is taken, or not this machine's.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::ErrorKind),
    /// The address for health and metrics is taken, or not this machine's.
    #[error(
        "cannot listen on {0} for health and metrics: {1}: write another address to `listen` under [management]"
    )]
    Management(SocketAddr, io::ErrorKind),
    /// What sends messages to phones cannot be set up.
    #[error("messages cannot be sent: {0}")]
    Delivery(String),
}

/// The service, set up and not yet listening.
pub struct Service {
    app: App,
    tls: Option<Arc<Tls>>,
    /// Whether the program that embeds the service signs in its own way.
    has_own_signer: bool,
    hangup: Hangup,
    listener: Option<TcpListener>,
    lock: Option<File>,
}

impl Service {
    /// Checks the settings, opens the database, and brings its tables up to date.
    ///
    /// # Errors
    /// Where a setting, a file or the database cannot be used, or another process serves from the same SQLite file.
    pub async fn open(config: Config) -> Result<Self, StartError> {
        // Before anything that takes long: a signal that nobody listens for ends the process.
        let hangup = Hangup::listen();
        config.check()?;
        let secret = config.secret()?;
        let signer: Arc<dyn Signer + Send + Sync> = Arc::new(config.signing_key()?);
        let issuer = issuer(&config, signer)?;
        let tls = config.tls.as_ref().map(Tls::open).transpose()?.map(Arc::new);
        let url = config.database_url()?;
        let lock = lock(&url)?;
        let db = Db::open(&url, config.database.connections, Opens::Service).await;
        let db = db.map_err(|error| StartError::Database(error.to_string()))?;
        let clock = Clock::default();
        if config.clock.compare {
            clock.compare(&db).await;
        } else {
            tracing::warn!("the clock is not compared with the database");
        }
        let delivery = delivery::open(&config, &clock)?;
        let app = App {
            clock,
            secret,
            issuer: Arc::new(CurrentIssuer::new(issuer)),
            gateway: delivery.gateway,
            inbox: delivery.inbox,
            records: Arc::new(SqlRecords::new(db.clone())),
            metrics: Arc::new(Metrics::default()),
            readiness: Arc::default(),
            alarms: Arc::default(),
            webhook_wake: Arc::new(Notify::new()),
            tasks: TaskTracker::new(),
            db,
            config: Arc::new(config),
        };
        Ok(Self { app, tls, has_own_signer: false, hangup, listener: None, lock })
    }

    /// Sends messages in another way than the settings say.
    #[must_use]
    pub fn with_gateway(mut self, gateway: Arc<dyn Gateway>) -> Self {
        self.app.gateway = gateway;
        self.app.inbox = None;
        self
    }

    /// Asks another register than the table in the database.
    #[must_use]
    pub fn with_records(mut self, records: Arc<dyn Records>) -> Self {
        self.app.records = records;
        self
    }

    /// Signs with something else than the key in the file, such as a security module.
    ///
    /// # Errors
    /// Where the settings name an issuer or an algorithm that is none.
    pub fn with_signer(mut self, signer: Arc<dyn Signer + Send + Sync>) -> Result<Self, StartError> {
        self.app.issuer = Arc::new(CurrentIssuer::new(issuer(&self.app.config, signer)?));
        self.has_own_signer = true;
        Ok(self)
    }

    /// Accepts connections from this socket instead of one of its own.
    #[must_use]
    pub fn with_listener(mut self, listener: TcpListener) -> Self {
        self.listener = Some(listener);
        self
    }

    /// Begins to listen; calls are answered once it [`serve`](Bound::serve)s.
    ///
    /// # Errors
    /// Where the address is taken or not this machine's.
    pub async fn bind(mut self) -> Result<Bound, StartError> {
        let address = self.app.config.listen;
        let fail = |error: io::Error| StartError::Listen(address, error.kind());
        let listener = match self.listener.take() {
            Some(listener) => listener,
            None => TcpListener::bind(address).await.map_err(fail)?,
        };
        let address = listener.local_addr().map_err(fail)?;
        let wanted = self.app.config.management_address();
        let fail = |error: io::Error| StartError::Management(wanted, error.kind());
        let management = TcpListener::bind(wanted).await.map_err(fail)?;
        let management_address = management.local_addr().map_err(fail)?;
        Ok(Bound { service: self, listener, address, management, management_address })
    }

    /// Listens and serves until `stop` is ready.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), StartError> {
        self.bind().await?.serve(stop).await;
        Ok(())
    }

    pub(crate) fn app(&self) -> &App {
        &self.app
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("app", &self.app).finish_non_exhaustive()
    }
}

/// The service, listening.
#[derive(Debug)]
pub struct Bound {
    service: Service,
    listener: TcpListener,
    address: SocketAddr,
    management: TcpListener,
    management_address: SocketAddr,
}

impl Bound {
    /// Where health and metrics are; the port is the real one if the settings say 0.
    #[must_use]
    pub fn management_address(&self) -> SocketAddr {
        self.management_address
    }

    /// Where it listens; the port is the real one where the settings say 0.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is ready; then finishes what is under way, in a bounded time, and closes the database.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let Self { service, listener, address, management, management_address } = self;
        let Service { app, tls, has_own_signer, hangup, lock, .. } = service;
        tracing::info!(%address, management = %management_address, tls = tls.is_some(), "listening");
        let (stopping, stopped) = watch::channel(());
        let mut workers = JoinSet::new();
        workers.spawn(sweeper::run(app.clone(), gone(stopped.clone())));
        workers.spawn(webhooks::run(app.clone(), gone(stopped.clone())));
        let reload = Reload {
            config: Config::clone(&app.config),
            issuer: (!has_own_signer).then(|| Arc::clone(&app.issuer)),
            tls: tls.clone(),
        };
        workers.spawn(reload.run(hangup, gone(stopped.clone())));
        workers.spawn(serve_management(app.clone(), management, gone(stopped)));
        let server = Server {
            router: http::service(&app),
            tls,
            proxies: app.config.proxies.clone(),
            max_connections: app.config.max_connections,
            max_per_address: app.config.max_connections_per_address,
            refused: app.metrics.refused(),
            finish: app.config.finish(),
        };
        let deadline = server.serve(listener, stop).await;
        // What goes on without its connection.
        app.tasks.close();
        if timeout_at(deadline, app.tasks.wait()).await.is_err() {
            tracing::warn!("some calls without a connection were not finished in time");
        }
        // Workers end after the calls, which may have something for them.
        drop(stopping);
        end(workers, &app.db).await;
        drop(lock);
        tracing::info!("stopped");
    }
}

/// Answers the operator until `stop` is ready: on connections of its own, so also while all others are taken.
async fn serve_management(app: App, listener: TcpListener, stop: impl Future<Output = ()>) {
    let server = Server {
        router: http::management(&app),
        tls: None,
        proxies: Proxies::default(),
        max_connections: MANAGEMENT_CONNECTIONS,
        max_per_address: MANAGEMENT_CONNECTIONS / 2,
        refused: Counter::default(),
        finish: Duration::from_secs(1),
    };
    server.serve(listener, stop).await;
}

/// More than a few programs of one operator need. One address may have half of them: the rest is for the others.
const MANAGEMENT_CONNECTIONS: u32 = 32;

/// The database is closed within this.
const CLOSE: Duration = Duration::from_secs(5);

/// Waits for the workers and closes the database, both in a bounded time: a statement that hangs does not keep the process.
async fn end(mut workers: JoinSet<()>, db: &Db) {
    if timeout(FINISH, async { while workers.join_next().await.is_some() {} }).await.is_err() {
        tracing::warn!("some work was not finished in time; it is taken up at the next start");
    }
    let closing = async {
        workers.shutdown().await;
        db.close().await;
    };
    if timeout(CLOSE, closing).await.is_err() {
        tracing::warn!("the database was not closed in time; what was under way in it is undone");
    }
}

/// Ready when the sender is gone.
pub(crate) async fn gone(mut stopped: watch::Receiver<()>) {
    while stopped.changed().await.is_ok() {}
}

/// Listens, from this call on, for the system asking the process to end: SIGINT (Ctrl-C) or SIGTERM. Ready when it does.
/// Asked once more while it ends, the process ends at once.
///
/// # Panics
/// Outside [`run`](crate::run) or another runtime of Tokio.
pub fn stop_signal() -> impl Future<Output = ()> {
    let mut asked = Asked::listen();
    async move {
        asked.ending().await;
        tokio::spawn(async move {
            asked.ending().await;
            std::process::exit(130);
        });
    }
}

/// The signals that ask a process to end.
#[cfg(unix)]
struct Asked([Option<tokio::signal::unix::Signal>; 2]);

#[cfg(unix)]
impl Asked {
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self([SignalKind::interrupt(), SignalKind::terminate()].map(|kind| signal(kind).ok()))
    }

    async fn ending(&mut self) {
        let [interrupt, terminate] = self.0.each_mut().map(|signal| async {
            match signal {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        });
        tokio::select! {
            () = interrupt => {}
            () = terminate => {}
        }
    }
}

#[cfg(not(unix))]
struct Asked;

#[cfg(not(unix))]
impl Asked {
    fn listen() -> Self {
        Self
    }

    async fn ending(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// An issuer by the name and the algorithm of these settings.
pub(crate) fn issuer(
    config: &Config,
    signer: Arc<dyn Signer + Send + Sync>,
) -> Result<OwnIssuer, StartError> {
    let name = IssuerName::new(config.issuer.as_str())?;
    Ok(Issuer::new(name, signer).with_algorithm(config.algorithm()?))
}

/// Takes the SQLite file for this process, as long as the lock is held. In it, changes queue for one connection, which
/// those of another process would not; `kycvs entity` and its like need it for a moment only and do not ask for the lock.
fn lock(url: &Zeroizing<String>) -> Result<Option<File>, StartError> {
    let Some(file) = url.strip_prefix("sqlite:") else { return Ok(None) };
    let name = format!("{file}.lock");
    let fail = |error: &io::Error| StartError::Database(format!("`{name}`: {}", Fault::of_io(error)));
    let lock = private_file(Path::new(&name)).map_err(|error| fail(&error))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse(file.to_owned())),
        Err(TryLockError::Error(error)) => Err(fail(&error)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[tokio::test]
    async fn clock_behind_what_is_in_the_database_is_not_trusted_from_the_start() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let mut file = private_file(&folder.path().join(name)).expect("a file");
            file.write_all(text.as_bytes()).expect("written");
        };
        write("key.pem", &kycvs::SigningKey::from_seed(&[1; 32]).to_pem());
        write("secret", &"5a".repeat(32));
        write(
            "kycvs.toml",
            "public_url = 'https://a.example'\nissuer = 'a.example'\ndisplay_name = 'A'\nkey_file = 'key.pem'\n\
             secret_file = 'secret'\nspecimen = true\n[delivery]\nkind = 'inbox'\n",
        );
        let config = Config::from_file(&folder.path().join("kycvs.toml")).expect("settings");
        let service = Service::open(config.clone()).await.expect("it opens");
        assert!(service.app().clock.is_right());
        let mut tx = service.app().db.begin().await.expect("begins");
        sqlx::query(
            "INSERT INTO requests (id, kind, purpose, valid_for, binding, state, created_at, expires_at) \
             VALUES ('r', 'pass', 'p', 1, 'none', 'open', $1, $1)",
        )
        .bind(service.app().clock.now() + 1_200)
        .execute(&mut *tx)
        .await
        .expect("a row");
        tx.commit().await.expect("commits");
        service.app().db.close().await;
        drop(service);
        let service = Service::open(config).await.expect("it opens");
        assert!(!service.app().clock.is_right());
        service.app().db.close().await;
    }

    #[tokio::test]
    async fn a_worker_and_a_statement_that_hang_do_not_keep_the_process() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("t.db").display());
        let db = Db::open(&url, 2, Opens::Service).await.expect("it opens");
        let hangs = db.begin().await.expect("begins");
        let held = Arc::new(());
        let (mut workers, worker) = (JoinSet::new(), Arc::clone(&held));
        workers.spawn(async move {
            std::future::pending::<()>().await;
            drop(worker);
        });
        tokio::time::pause();
        timeout(FINISH + CLOSE + Duration::from_secs(1), end(workers, &db)).await.expect("it ends");
        assert_eq!(Arc::strong_count(&held), 1, "the worker was ended");
        drop(hangs);
    }
}
