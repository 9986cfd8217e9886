//! The KYC-VS service: a verifying entity asks, a person consents with a one-time password, and the entity gets a signed
//! answer.

pub mod admin;
mod app;
pub mod audit;
mod auth;
mod clock;
pub mod config;
mod db;
pub mod delivery;
pub mod demo;
pub mod entities;
mod flow;
mod forwarded;
mod http;
mod limits;
mod log;
mod metrics;
mod net;
mod number;
mod otp;
mod outbound;
mod problem;
mod readiness;
pub mod records;
mod reload;
mod replies;
mod secret;
mod service;
mod signing;
pub mod standard_webhooks;
mod sweeper;
#[cfg(test)]
mod test_support;
#[cfg(test)]
mod tests;
mod tls;
mod webhooks;

use std::io;

pub use log::init as log_to_stderr;
pub use service::{Bound, Service, StartError, stop_signal};

/// Runs `work` to its end on threads of its own, as many as there are processors.
///
/// # Errors
/// Where the system gives no threads.
pub fn run<T>(work: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    Ok(runtime.block_on(work))
}
