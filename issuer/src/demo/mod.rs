//! `kycvs serve --demo`: the service with everything that it needs, and a railway's booking site that uses it.
//!
//! Both are real and talk to each other over HTTP, each on an address of its own. All answers are specimens, messages
//! go to a page instead of to phones, and the people are made up.

mod booking;
mod data;
mod people;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use axum::Router;
use prometheus_client::metrics::counter::Counter;
use tokio::{net::TcpListener, sync::watch};
use url::Url;

pub use booking::AUDIENCE;
pub use people::{PEOPLE, Person};

use crate::{
    config::{Config, ConfigError, Proxies},
    net::{FINISH, Server},
    service::{Bound, Service, StartError, gone},
};

/// The issuer's name in the demonstration.
const ISSUER: &str = "demo.kycvs.example";
/// Where the service listens, unless something else does; the booking site takes the next.
const PORT: u16 = 8080;

/// Why the demonstration does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The service itself does not.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A setting of the file that was made, which it is an error of this program to refuse.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The core refuses something.
    #[error(transparent)]
    Core(#[from] kycvs::Error),
    /// A file cannot be written or read.
    #[error("`{}`: {}", .0.display(), crate::config::why(.1))]
    File(PathBuf, io::Error),
    /// The address is one that others can reach.
    #[error(
        "the demonstration shows its passwords to everyone: give a loopback address such as 127.0.0.1:8080"
    )]
    NotLoopback,
    /// The register or the booking site could not be set up.
    #[error("the demonstration's data cannot be set up: {0}")]
    Data(String),
    /// The certificates of this system cannot be read.
    #[error("this system's certificates cannot be read")]
    Certificates,
}

/// The demonstration, listening.
#[derive(Debug)]
pub struct Demo {
    service: Bound,
    site: Router,
    site_listener: TcpListener,
    addresses: Addresses,
}

/// Where to look.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// The service.
    pub service: Url,
    /// The booking site's page.
    pub booking: Url,
    /// What would have gone to phones.
    pub inbox: Url,
    /// Open passes.
    pub pass: Url,
    /// The settings that were made, for `kycvs entity`, `kycvs records` and `kycvs audit`.
    pub config: PathBuf,
    /// The trust store with the demonstration's key.
    pub trust: PathBuf,
}

impl Demo {
    /// Makes in `folder` what is not there yet, and listens: the service on `listen` or a port of its own choice, the
    /// booking site on the next.
    ///
    /// # Errors
    /// Where a file cannot be made, a port that was asked for is taken, or it could be reached from other machines.
    pub async fn open(folder: &Path, listen: Option<SocketAddr>) -> Result<Self, DemoError> {
        let (listener, site_listener) = listeners(listen).await?;
        let (address, site_address) = (local(&listener)?, local(&site_listener)?);
        let url = origin(&format!("http://{address}"));
        // Another host name than the service's, so that browsers take it for the other site that it is.
        let booking = origin(&format!("http://localhost:{}", site_address.port()));

        let files = data::Files::in_folder(folder);
        let trust_store = files.make(&url, address)?;
        let service = Service::open(Config::from_file(&files.config)?).await?;
        let (api_key, webhook_key) = data::fill(service.app(), &booking).await?;
        let site = booking::router(booking::Account {
            issuer: url.clone(),
            api_key,
            webhook_key,
            trust: trust_store,
        })?;

        let page = |path: &str| join(&url, path);
        let addresses = Addresses {
            inbox: page("/inbox"),
            pass: page("/pass"),
            service: url.clone(),
            booking,
            config: files.config,
            trust: files.trust,
        };
        let service = service.with_listener(listener).bind().await?;
        Ok(Self { service, site, site_listener, addresses })
    }

    /// Where to look.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Serves both until `stop` is ready.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let (stopping, stopped) = watch::channel(());
        let proxies = Proxies::default();
        let site = Server {
            router: self.site,
            tls: None,
            proxies,
            max_connections: 100,
            max_per_address: 100,
            refused: Counter::default(),
            finish: FINISH,
        };
        let site = tokio::spawn(site.serve(self.site_listener, gone(stopped)));
        self.service.serve(stop).await;
        drop(stopping);
        let _ = site.await;
    }
}

/// The sockets of the two: on the port that was asked for and a free one, or on the usual ports, or on free ones.
async fn listeners(listen: Option<SocketAddr>) -> Result<(TcpListener, TcpListener), DemoError> {
    let first = listen.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, PORT).into());
    if !first.ip().is_loopback() {
        return Err(DemoError::NotLoopback);
    }
    let service = match TcpListener::bind(first).await {
        Ok(listener) => listener,
        Err(error) if listen.is_some() => return Err(StartError::Listen(first, error.kind()).into()),
        Err(_) => bind_free(first).await?,
    };
    // The next port as well, so that it is the same at the next start.
    let next = match local(&service)?.port() {
        port if first.port() != 0 && port < u16::MAX => SocketAddr::new(first.ip(), port + 1),
        _ => SocketAddr::new(first.ip(), 0),
    };
    let site = match TcpListener::bind(next).await {
        Ok(listener) => listener,
        Err(_) => bind_free(first).await?,
    };
    Ok((service, site))
}

async fn bind_free(like: SocketAddr) -> Result<TcpListener, StartError> {
    let address = SocketAddr::new(like.ip(), 0);
    TcpListener::bind(address).await.map_err(|error| StartError::Listen(address, error.kind()))
}

fn local(listener: &TcpListener) -> Result<SocketAddr, StartError> {
    let unknown = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    listener.local_addr().map_err(|error| StartError::Listen(unknown, error.kind()))
}

fn origin(text: &str) -> Url {
    text.parse().unwrap_or_else(|_| unreachable!("an address and a port make an origin"))
}

fn join(origin: &Url, path: &str) -> Url {
    let mut url = origin.clone();
    url.set_path(path);
    url
}
