//! What every setting may be. A bound stands here once, with the reason where it is not plain.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr};

use kycvs::{Algorithm, IssuerName, Purpose};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

use super::{Config, ConfigError, Delivery, Limits, Rate};
use crate::{
    flow::is_plain,
    outbound::{is_loopback, is_loopback_name},
};

type Result<T = ()> = std::result::Result<T, ConfigError>;

/// More often than this and the bound on guesses at a number's passwords would not hold: 17 passwords and 51 guesses
/// in 24 hours.
const MOST_OTP_PER_NUMBER: Rate = Rate { burst: 5, seconds: 7_200.0 };

const DAY: u32 = 86_400;

impl Config {
    /// Checks every setting.
    ///
    /// # Errors
    /// The first that cannot be used, and what to write instead.
    pub fn check(&self) -> Result {
        self.check_service()?;
        self.check_database()?;
        self.check_proxies()?;
        self.check_lifetimes()?;
        self.check_limits()?;
        self.check_delivery()?;
        self.check_passes()?;
        within("webhooks.timeout", &self.webhooks.timeout, 1..=60)?;
        within("webhooks.first_wait", &self.webhooks.first_wait, 0.1..=3_600.0)?;
        match self.log.level.as_str() {
            "error" | "warn" | "info" | "debug" => Ok(()),
            _ => wrong("log.level", "write one of error, warn, info, debug"),
        }
    }

    fn check_service(&self) -> Result {
        within("max_connections", &self.max_connections, 1..=1_000_000)?;
        within("max_connections_per_address", &self.max_connections_per_address, 1..=1_000_000)?;
        if self.management.listen == self.listen && self.listen.port() != 0 {
            return wrong("management.listen", "the service listens there: write another address or port");
        }
        check_origin("public_url", &self.public_url)?;
        if self.tls.is_some() && self.public_url.scheme() != "https" {
            return wrong("public_url", "there is a certificate: write https://");
        }
        IssuerName::new(self.issuer.as_str())
            .map_err(|error| ConfigError::new("issuer", error.to_string()))?;
        let letters = self.display_name.chars().count();
        if !(1..=100).contains(&letters)
            || self.display_name.trim().is_empty()
            || !is_plain(&self.display_name)
        {
            return wrong("display_name", "write a name of 1 to 100 characters on one line");
        }
        self.algorithm()?;
        Ok(())
    }

    /// The algorithm that the tokens name.
    pub(crate) fn algorithm(&self) -> Result<Algorithm> {
        self.algorithm.parse().map_err(|_| {
            ConfigError::new("algorithm", "write \"EdDSA\" or \"Ed25519\", as the trust store says")
        })
    }

    fn check_database(&self) -> Result {
        within("database.connections", &self.database.connections, 1..=1_000)?;
        let url = self.database.url.as_str();
        if let Some(file) = url.strip_prefix("sqlite:") {
            return check_file("database.url", file);
        }
        let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "postgres" | "postgresql"));
        match parsed {
            None => wrong("database.url", "write sqlite:FILE or postgres://USER@HOST/DATABASE"),
            Some(url) if url.password().is_some() || url.query_pairs().any(|(key, _)| key == "password") => {
                wrong(
                    "database.url",
                    "a password does not belong into this file: put the URL into a file that database.url_file names, or \
                 into KYCVS_DATABASE_URL",
                )
            }
            Some(_) => Ok(()),
        }
    }

    fn check_proxies(&self) -> Result {
        if self.proxies.trusted.iter().any(|network| network.prefix_len() == 0) {
            return wrong(
                "proxies.trusted",
                "everyone is no proxy: name the networks of your own, such as \"10.0.0.0/8\"",
            );
        }
        Ok(())
    }

    fn check_lifetimes(&self) -> Result {
        // 30 days. Verifiers take 24 hours unless they say otherwise.
        within("answers.max_valid_for", &self.answers.max_valid_for, 1..=30 * DAY)?;
        within("answers.valid_for", &self.answers.valid_for, 1..=self.answers.max_valid_for)?;
        within("answers.request_lifetime", &self.answers.request_lifetime, 1..=DAY)?;
        within("answers.keep_ended", &self.answers.keep_ended, 0..=30 * DAY)?;
        within("otp.lifetime", &self.otp.lifetime, 1..=180)?;
        within("otp.tries", &self.otp.tries, 1..=3)?;
        within("otp.resend_after", &self.otp.resend_after, 0..=600)
    }

    fn check_limits(&self) -> Result {
        let Limits {
            otp_per_number,
            messages_per_number,
            daily_messages_per_number,
            messages_per_entity,
            messages_in_all,
            otp_per_address,
            otp_per_network,
            confirm_per_address,
            requests_per_entity,
            passes_per_address,
        } = self.limits;
        for (setting, rate) in [
            ("limits.otp_per_number", otp_per_number),
            ("limits.messages_per_number", messages_per_number),
            ("limits.daily_messages_per_number", daily_messages_per_number),
            ("limits.messages_per_entity", messages_per_entity),
            ("limits.messages_in_all", messages_in_all),
            ("limits.otp_per_address", otp_per_address),
            ("limits.otp_per_network", otp_per_network),
            ("limits.confirm_per_address", confirm_per_address),
            ("limits.requests_per_entity", requests_per_entity),
            ("limits.passes_per_address", passes_per_address),
        ] {
            check_rate(setting, rate)?;
        }
        let most = MOST_OTP_PER_NUMBER;
        if !self.specimen && (otp_per_number.burst > most.burst || otp_per_number.seconds < most.seconds) {
            return wrong(
                "limits.otp_per_number",
                format!(
                    "the bound on guesses needs a burst of at most {} and at least {} seconds; only answers that are \
                     specimens may have more",
                    most.burst, most.seconds
                ),
            );
        }
        Ok(())
    }

    fn check_delivery(&self) -> Result {
        match &self.delivery {
            Delivery::Webhook { url, timeout, .. } => {
                check_delivery_timeout(*timeout)?;
                if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
                    return wrong("delivery.url", "write an https:// address");
                }
                if url.scheme() == "http" && !is_loopback(url) {
                    return wrong(
                        "delivery.url",
                        "passwords go over it: write https://, or a loopback address",
                    );
                }
                Ok(())
            }
            Delivery::Smtp { url, to, timeout, .. } => {
                check_delivery_timeout(*timeout)?;
                let encrypted = url.scheme() == "smtps"
                    || url.scheme() == "smtp"
                        && url.query_pairs().any(|(k, v)| k == "tls" && v == "required");
                if url.scheme() != "smtps" && url.scheme() != "smtp" || url.host().is_none() {
                    return wrong("delivery.url", "write smtps://HOST:PORT or smtp://HOST:PORT?tls=required");
                }
                if !encrypted && !is_loopback(url) {
                    return wrong(
                        "delivery.url",
                        "passwords go over it: write smtps://, or smtp:// with ?tls=required, or a loopback address",
                    );
                }
                if url.password().is_some() {
                    return wrong(
                        "delivery.url",
                        "a password belongs into the file that delivery.password_file names",
                    );
                }
                if !to.contains("{number}") {
                    return wrong("delivery.to", "write {number} where the digits of the number go");
                }
                Ok(())
            }
            Delivery::Inbox {} if self.specimen => Ok(()),
            Delivery::Inbox {} => wrong(
                "delivery.kind",
                "the inbox shows every password to everyone: it needs specimen = true; else write \"webhook\" or \"smtp\"",
            ),
        }
    }

    fn check_passes(&self) -> Result {
        within("passes.valid_for", &self.passes.valid_for, 1..=30 * DAY)?;
        if self.passes.enabled && self.passes.purposes.is_empty() {
            return wrong("passes.purposes", "name at least one purpose, or leave passes.enabled out");
        }
        for purpose in &self.passes.purposes {
            Purpose::new(purpose.as_str())
                .map_err(|error| ConfigError::new("passes.purposes", error.to_string()))?;
        }
        Ok(())
    }
}

/// Refuses a database that others can listen to or stand in for, from wherever its URL (`setting`) came. Host and TLS are
/// read as the driver reads them, which takes them from the environment (`PGHOST`, `PGSSLMODE`), too.
pub(super) fn check_connection(setting: &str, url: &str) -> Result {
    if let Some(file) = url.strip_prefix("sqlite:") {
        return check_file(setting, file);
    }
    let is_postgres = ["postgres:", "postgresql:"].iter().any(|scheme| url.starts_with(scheme));
    let Some(options) = PgConnectOptions::from_str(url).ok().filter(|_| is_postgres) else {
        return wrong(setting, "cannot be read: write sqlite:FILE or postgres://USER@HOST/DATABASE");
    };
    let host = options.get_host();
    let is_here = options.get_socket().is_some() || host.starts_with('/') || is_loopback_name(host);
    // Not `verify-ca`: the driver then takes any name, with a certificate of any of the machine's roots.
    if is_here || matches!(options.get_ssl_mode(), PgSslMode::VerifyFull) {
        return Ok(());
    }
    wrong(
        setting,
        "names and numbers go over this connection: add ?sslmode=verify-full to the URL, and sslrootcert=FILE where the \
         server's certificate is of a root of your own; only a loopback address or a socket goes without",
    )
}

/// A database file has exactly the path that is written. A URL with a host, parameters and a database in memory mean
/// something else to other programs, and are refused.
fn check_file(setting: &str, file: &str) -> Result {
    let is_host = file.starts_with("//") && !file.starts_with("///");
    let has_parameters =
        ["?mode=", "?cache=", "?immutable=", "?vfs="].iter().any(|start| file.contains(start));
    if file.is_empty() || is_host || has_parameters || file == ":memory:" {
        return wrong(setting, "write sqlite: and the path of a file, and nothing else");
    }
    Ok(())
}

/// An origin: scheme, host and port, and nothing else. Plain HTTP is for this machine alone.
fn check_origin(setting: &str, url: &Url) -> Result {
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return wrong(setting, "write an https:// address");
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return wrong(setting, "write the address without a path, such as https://vaccination.example");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong(setting, "write the address without a user");
    }
    if url.scheme() == "http" && !is_loopback(url) {
        return wrong(setting, "write https://: plain HTTP is for loopback addresses alone");
    }
    Ok(())
}

fn check_rate(setting: &str, rate: Rate) -> Result {
    let takes =
        (1..=1_000_000).contains(&rate.burst) && (0.001..=f64::from(30 * DAY)).contains(&rate.seconds);
    if takes {
        Ok(())
    } else {
        wrong(setting, "write a burst from 1 to 1000000 and seconds from 0.001 to 2592000")
    }
}

/// Shorter than the time that a whole call may take.
fn check_delivery_timeout(seconds: u32) -> Result {
    within("delivery.timeout", &seconds, 1..=20)
}

fn within<T: PartialOrd + Display>(setting: &str, value: &T, bounds: RangeInclusive<T>) -> Result {
    if bounds.contains(value) {
        return Ok(());
    }
    wrong(
        setting,
        format!("{value} cannot be used: write a number from {} to {}", bounds.start(), bounds.end()),
    )
}

fn wrong<T>(setting: &str, message: impl Into<String>) -> Result<T> {
    Err(ConfigError::new(setting, message))
}
