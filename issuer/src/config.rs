//! Every setting of the service, as it stands in the file that `--config` names.
//!
//! A secret is never a setting itself: the file names the file that it is in, or the environment holds it
//! (`KYCVS_SECRET`, `KYCVS_KEY_PASSPHRASE`, `KYCVS_DATABASE_URL`, `KYCVS_DELIVERY_SECRET`, `KYCVS_SMTP_PASSWORD`).

mod check;
#[cfg(test)]
mod example;
mod file;
mod secrets;

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;
use serde::Deserialize;
use url::Url;

use crate::net::FINISH;

pub use crate::number::Numbers;
pub use file::ConfigError;
pub(crate) use file::{open, read_all, why};
pub(crate) use secrets::{Source, read_secret_file};

/// The whole file. A word that it does not know is an error, so that a misspelt one does not go unnoticed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where to listen.
    #[serde(default = "default::listen")]
    pub listen: SocketAddr,
    /// How many connections are held at once.
    #[serde(default = "default::max_connections")]
    pub max_connections: u32,
    /// How many of them one address may have; proxies that are trusted may have all.
    #[serde(default = "default::max_connections_per_address")]
    pub max_connections_per_address: u32,
    /// The address that persons and entities see, without a path.
    pub public_url: Url,
    /// The issuer's name, as verifiers trust it.
    pub issuer: String,
    /// The name that people see.
    pub display_name: String,
    /// The signing key, a PKCS#8 PEM file as `kycvs keygen` makes it.
    pub key_file: PathBuf,
    /// What opens the signing key, where it is encrypted.
    pub key_passphrase_file: Option<PathBuf>,
    /// The name of the algorithm in the tokens: `EdDSA` or `Ed25519`, as the trust store says.
    #[serde(default = "default::algorithm")]
    pub algorithm: String,
    /// 32 random bytes in hexadecimal digits, the same for all instances.
    pub secret_file: Option<PathBuf>,
    /// All answers are specimens, for training and demonstrations.
    #[serde(default)]
    pub specimen: bool,
    /// The database.
    #[serde(default)]
    pub database: Database,
    /// A certificate; without it, plain HTTP for a proxy.
    pub tls: Option<Tls>,
    /// Proxies whose word on a client's address is taken.
    #[serde(default)]
    pub proxies: Proxies,
    /// Which mobile numbers are taken.
    #[serde(default)]
    pub numbers: Numbers,
    /// How long requests and answers live.
    #[serde(default)]
    pub answers: Answers,
    /// One-time passwords.
    #[serde(default)]
    pub otp: Otp,
    /// How often is too often.
    #[serde(default)]
    pub limits: Limits,
    /// How passwords reach phones.
    pub delivery: Delivery,
    /// Webhooks to verifying entities.
    #[serde(default)]
    pub webhooks: Webhooks,
    /// Open passes for gates and paper.
    #[serde(default)]
    pub passes: Passes,
    /// Health and metrics, only for the operator.
    #[serde(default)]
    pub management: Management,
    /// Whether the time can be trusted.
    #[serde(default)]
    pub clock: ClockCheck,
    /// What is written to standard error.
    #[serde(default)]
    pub log: Log,
    /// The file that this was read from.
    #[serde(skip)]
    pub(crate) file: Option<PathBuf>,
}

/// The database. Its `Debug` shows a file, and of another URL the kind alone.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `sqlite:FILE`, or `postgres://...` where no password is in it.
    pub url: String,
    /// A file that holds the URL, where a password is in it.
    pub url_file: Option<PathBuf>,
    /// How many connections are kept at most.
    pub connections: u32,
}

impl Default for Database {
    fn default() -> Self {
        Self { url: "sqlite:kycvs.db".to_owned(), url_file: None, connections: 8 }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A password in it is refused, and may be there until then.
        let Self { url, url_file, connections } = self;
        let shown = if url.starts_with("sqlite:") { Some(url.as_str()) } else { url.split(':').next() };
        f.debug_struct("Database")
            .field("url", &shown)
            .field("url_file", url_file)
            .field("connections", connections)
            .finish_non_exhaustive()
    }
}

/// Files of a certificate and its key, PEM.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The chain, the server's own certificate first.
    pub certificate_file: PathBuf,
    /// The private key.
    pub key_file: PathBuf,
}

/// Whom to believe about a client's address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Proxies {
    /// Networks of proxies, such as `10.0.0.0/8`. From everyone else the header is not looked at.
    pub trusted: Vec<IpNet>,
    /// The header that they add to.
    pub header: ForwardedHeader,
}

impl Proxies {
    /// Whether this address is one of them.
    pub(crate) fn are_trusted(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&address))
    }
}

/// A header that names the client.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// Lifetimes, in seconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Answers {
    /// How long an answer lives where the entity does not say.
    pub valid_for: u32,
    /// The longest that an entity may ask for.
    pub max_valid_for: u32,
    /// How long a person may take from the request to the consent.
    pub request_lifetime: u32,
    /// How long the state of an ended request can still be asked for.
    pub keep_ended: u32,
}

impl Default for Answers {
    fn default() -> Self {
        Self { valid_for: 900, max_valid_for: 86_400, request_lifetime: 900, keep_ended: 86_400 }
    }
}

/// One-time passwords.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Otp {
    /// Seconds that one lives, at most 180.
    pub lifetime: u32,
    /// Tries for a request, over all its passwords, at most 3.
    pub tries: u32,
    /// Seconds before another can be asked for.
    pub resend_after: u32,
}

impl Default for Otp {
    fn default() -> Self {
        Self { lifetime: 180, tries: 3, resend_after: 30 }
    }
}

/// How often is too often.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Passwords of one number that can be guessed at. A right password is given back.
    pub otp_per_number: Rate,
    /// Messages to one number, including those that the gateway may have sent. A right password is given back.
    pub messages_per_number: Rate,
    /// Messages to one number that the gateway took. Nothing gives them back.
    pub daily_messages_per_number: Rate,
    /// Messages that one entity has asked for and nobody has answered.
    pub messages_per_entity: Rate,
    /// Messages of the whole service that nobody has answered.
    pub messages_in_all: Rate,
    /// Passwords asked for from one address in requests of one entity. A right password is given back.
    pub otp_per_address: Rate,
    /// Passwords asked for from one network in all requests. A right password is given back.
    pub otp_per_network: Rate,
    /// Wrong confirmations from one address in requests of one entity.
    pub confirm_per_address: Rate,
    /// Requests by one entity.
    pub requests_per_entity: Rate,
    /// Open passes begun from one address.
    pub passes_per_address: Rate,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            otp_per_number: Rate { burst: 5, seconds: 7_200.0 },
            messages_per_number: Rate { burst: 20, seconds: 300.0 },
            // At most 30 in 24 hours. Not slower than `otp_per_number`: nobody waits longer for this one.
            daily_messages_per_number: Rate { burst: 18, seconds: 7_200.0 },
            messages_per_entity: Rate { burst: 200, seconds: 10.0 },
            messages_in_all: Rate { burst: 1_000, seconds: 2.0 },
            otp_per_address: Rate { burst: 20, seconds: 30.0 },
            otp_per_network: Rate { burst: 200, seconds: 3.0 },
            confirm_per_address: Rate { burst: 40, seconds: 10.0 },
            requests_per_entity: Rate { burst: 2_000, seconds: 0.01 },
            passes_per_address: Rate { burst: 20, seconds: 30.0 },
        }
    }
}

/// So many at once, and then one more each so many seconds.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// At once.
    pub burst: u32,
    /// Seconds until there is one more.
    pub seconds: f64,
}

/// How passwords reach phones. Its `Debug` shows of an address the host alone: the rest may hold a provider's key.
#[derive(Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Delivery {
    /// A signed HTTP call to an SMS gateway.
    Webhook {
        /// Its address.
        url: Url,
        /// The secret that signs the call (Standard Webhooks, `whsec_...`).
        secret_file: Option<PathBuf>,
        /// Seconds for all tries together.
        #[serde(default = "default::delivery_timeout")]
        timeout: u32,
    },
    /// A mail to an address made of the number, as SMS gateways by mail take it.
    Smtp {
        /// The server, `smtps://host:port`, `smtp://host:port?tls=required`, or plain `smtp://` on loopback.
        url: Url,
        /// Who logs in.
        username: Option<String>,
        /// The password's file.
        password_file: Option<PathBuf>,
        /// The sender.
        from: String,
        /// The recipient, with `{number}` where the digits of the number go.
        to: String,
        /// Seconds for all tries together.
        #[serde(default = "default::delivery_timeout")]
        timeout: u32,
    },
    /// A page at `/inbox` that shows every message to everyone: for development alone.
    Inbox {},
}

impl Config {
    /// Where to listen for health and metrics: at a free port if the service itself listens at one, and nothing else is
    /// said.
    pub(crate) fn management_address(&self) -> SocketAddr {
        let default = Management::default().listen;
        if self.listen.port() == 0 && self.management.listen == default {
            return SocketAddr::new(default.ip(), 0);
        }
        self.management.listen
    }

    /// How long what is under way is waited for when the service stops: a delivery, and what is written after it.
    pub(crate) fn finish(&self) -> Duration {
        FINISH.max(Duration::from_secs(self.delivery.seconds() + 5))
    }
}

impl Delivery {
    /// How long handing a message over may take.
    pub(crate) fn seconds(&self) -> u64 {
        match *self {
            Self::Webhook { timeout, .. } | Self::Smtp { timeout, .. } => timeout.into(),
            Self::Inbox {} => 0,
        }
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Webhook { url, secret_file, timeout } => f
                .debug_struct("Webhook")
                .field("host", &url.host_str())
                .field("secret_file", secret_file)
                .field("timeout", timeout)
                .finish_non_exhaustive(),
            Self::Smtp { url, username, password_file, from, to, timeout } => f
                .debug_struct("Smtp")
                .field("host", &url.host_str())
                .field("username", username)
                .field("password_file", password_file)
                .field("from", from)
                .field("to", to)
                .field("timeout", timeout)
                .finish_non_exhaustive(),
            Self::Inbox {} => f.write_str("Inbox"),
        }
    }
}

/// Webhooks to verifying entities.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhooks {
    /// Seconds for one call.
    pub timeout: u32,
    /// Seconds before the first repetition; each next wait is twice as long, up to an hour.
    pub first_wait: f64,
    /// Whether plain `http://` callback addresses are called, and those on loopback.
    pub allow_insecure: bool,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self { timeout: 10, first_wait: 2.0, allow_insecure: false }
    }
}

/// Open passes.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Passes {
    /// Whether `/pass` is there.
    pub enabled: bool,
    /// What passes can be for.
    pub purposes: Vec<String>,
    /// Seconds that one lives.
    pub valid_for: u32,
}

impl Default for Passes {
    fn default() -> Self {
        Self { enabled: false, purposes: Vec::new(), valid_for: 86_400 }
    }
}

/// The operator's listener for health and metrics.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Management {
    /// Where to listen for `/healthz`, `/readyz` and `/metrics`.
    pub listen: SocketAddr,
}

impl Default for Management {
    fn default() -> Self {
        Self { listen: ([127, 0, 0, 1], 8081).into() }
    }
}

/// Whether the time can be trusted.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClockCheck {
    /// Whether the time is compared with the database, and nothing is signed or ended while it is wrong.
    pub compare: bool,
}

impl Default for ClockCheck {
    fn default() -> Self {
        Self { compare: true }
    }
}

/// The log.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `text` or `json`.
    pub format: LogFormat,
    /// `error`, `warn`, `info` or `debug`.
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

mod default {
    pub(super) fn listen() -> std::net::SocketAddr {
        ([127, 0, 0, 1], 8080).into()
    }

    pub(super) fn max_connections() -> u32 {
        900
    }

    pub(super) fn max_connections_per_address() -> u32 {
        100
    }

    pub(super) fn algorithm() -> String {
        "EdDSA".to_owned()
    }

    pub(super) fn delivery_timeout() -> u32 {
        10
    }
}
