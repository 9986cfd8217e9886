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

use std::{io, time::Duration};

pub use log::init as log_to_stderr;
pub use service::{Bound, Service, StartError, stop_signal};

/// Runs `work` to its end on threads of its own, as many as there are processors.
///
/// # Errors
/// Where the system gives no threads.
pub fn run<T>(work: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(work);
    // What still blocks a thread, such as a file server that hangs, does not keep the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(done)
}

#[cfg(test)]
mod run_tests {
    use std::{thread::sleep, time::Instant};

    use super::*;

    #[test]
    fn work_that_blocks_a_thread_does_not_keep_the_process() {
        let start = Instant::now();
        let blocks = async { drop(tokio::task::spawn_blocking(|| sleep(Duration::from_mins(5)))) };
        run(async {
            blocks.await;
            // The thread has begun.
            tokio::time::sleep(Duration::from_millis(100)).await;
        })
        .expect("it runs");
        assert!(start.elapsed() < Duration::from_mins(1), "{:?}", start.elapsed());
    }
}
