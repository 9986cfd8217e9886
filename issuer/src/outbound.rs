//! Calls to other servers: one kind of client for all of them.

mod public;

pub(crate) use public::{client as client_to_public, may_be_called};

use std::{
    net::IpAddr,
    sync::Once,
    time::{Duration, SystemTime},
};

use reqwest::{Client, ClientBuilder, Response, StatusCode, header, redirect};
use url::{Host, Url};

/// A client that follows no redirect, asks no proxy that the environment names, and takes an answer within `timeout`.
///
/// # Errors
/// Where the system's certificates cannot be read.
pub(crate) fn client(timeout: Duration) -> reqwest::Result<Client> {
    builder(timeout).build()
}

fn builder(timeout: Duration) -> ClientBuilder {
    install_crypto();
    Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .timeout(timeout)
        .connect_timeout(timeout)
        .pool_idle_timeout(Duration::from_secs(30))
        .user_agent(concat!("kycvs/", env!("CARGO_PKG_VERSION")))
}

/// Says once for this process that TLS takes its cryptography from ring.
pub(crate) fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Refused only where the program that holds this library has chosen for itself.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// 2xx.
    Taken,
    /// It was not taken, and may be later, at the earliest after that many seconds where the other side says so. The text is
    /// for the log, without anything of the address or the body.
    Again(String, Option<u64>),
    /// The same, but that it may have been taken: no answer came, or one of a proxy or of a fault.
    Unknown(String, Option<u64>),
    /// The same call will be refused again.
    Refused(String),
}

impl Outcome {
    /// Reads the answer as far as that is wanted. Its body is read to a bound, so that the connection can be used again,
    /// and not looked at.
    pub(crate) async fn of(result: reqwest::Result<Response>) -> Self {
        let mut response = match result {
            Ok(response) => response,
            // Where there is no connection, nothing was sent.
            Err(error) if error.is_connect() => return Self::Again(reason(&error).to_owned(), None),
            Err(error) => return Self::Unknown(reason(&error).to_owned(), None),
        };
        let status = response.status();
        let wait = retry_after(&response);
        let mut left = BODY_BOUND;
        while let Ok(Some(chunk)) = response.chunk().await {
            match left.checked_sub(chunk.len()) {
                Some(rest) => left = rest,
                None => break,
            }
        }
        let told = format!("it answered {}", status.as_u16());
        match status {
            status if status.is_success() => Self::Taken,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => {
                Self::Again(told, wait)
            }
            status if status.is_server_error() => Self::Unknown(told, wait),
            _ => Self::Refused(told),
        }
    }
}

const BODY_BOUND: usize = 16 << 10;

/// Why a call had no answer. Never the error's own text, which holds the address.
fn reason(error: &reqwest::Error) -> &'static str {
    if public::is_not_public(error) {
        "its address is not public"
    } else if error.is_timeout() {
        "it did not answer in time"
    } else if error.is_connect() {
        "it cannot be reached"
    } else {
        "the connection broke"
    }
}

/// `Retry-After` in seconds, whether it is a number or a date (RFC 9110 section 10.2.3).
fn retry_after(response: &Response) -> Option<u64> {
    let text = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    text.parse().ok().or_else(|| {
        let date = jiff::fmt::rfc2822::parse(text).ok()?;
        let now = i64::try_from(SystemTime::UNIX_EPOCH.elapsed().ok()?.as_secs()).ok()?;
        u64::try_from(date.timestamp().as_second() - now).ok()
    })
}

/// Whether a URL's host is this machine, by its name or its address.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        // Of a scheme that is not the web's, such as smtp, an address in figures is a name as well.
        Some(Host::Domain(name)) => is_loopback_name(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).to_canonical().is_loopback(),
        None => false,
    }
}

/// Whether a host's name, or its address in figures, is this machine's.
pub(crate) fn is_loopback_name(name: &str) -> bool {
    // The dot of the root names the same host.
    let name = name.strip_suffix('.').unwrap_or(name);
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name == "localhost"
        || name.ends_with(".localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

/// The wait before repetition number `attempt` (the first is 1): twice as long each time up to `longest`, and of that
/// a random part between half and all, so that what failed together does not come back together.
pub(crate) fn backoff(first: Duration, attempt: u32, longest: Duration) -> Duration {
    let wait = first.saturating_mul(1 << attempt.saturating_sub(1).min(20)).min(longest);
    let random = getrandom::u32().unwrap_or(u32::MAX);
    wait.mul_f64(0.5 + 0.5 * f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_told_by_name_and_address() {
        for (url, loopback) in [
            ("http://localhost:1/", true),
            ("http://shop.localhost/", true),
            ("http://localhost./", true),
            ("http://shop.localhost./", true),
            ("http://127.8.8.8/", true),
            ("http://[::1]:80/", true),
            ("http://[::ffff:127.0.0.1]/", true),
            ("smtp://127.0.0.1:25", true),
            ("smtp://10.0.0.1:25", false),
            ("http://localhost.example/", false),
            ("http://10.0.0.1/", false),
            ("http://example.org/", false),
            ("mailto:a@localhost", false),
        ] {
            assert_eq!(is_loopback(&url.parse().expect("a URL")), loopback, "{url}");
        }
    }

    #[test]
    fn waits_grow_to_their_bound() {
        let (first, longest) = (Duration::from_secs(2), Duration::from_hours(1));
        for (attempt, most) in
            [(0, 2), (1, 2), (2, 4), (3, 8), (11, 2048), (12, 3600), (40, 3600), (u32::MAX, 3600)]
        {
            let wait = backoff(first, attempt, longest);
            let most = Duration::from_secs(most);
            assert!(most / 2 <= wait && wait <= most, "{attempt}: {wait:?}");
        }
    }
}
