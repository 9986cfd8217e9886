//! The KYC-VS service: a verifying entity asks, a person consents with a one-time password, and the entity gets a signed
//! answer.
#![allow(dead_code, unreachable_pub, missing_docs)]

mod app;
mod audit;
mod clock;
pub mod config;
mod db;
pub mod delivery;
mod entities;
mod forwarded;
pub(crate) mod log;
mod metrics;
mod net;
mod problem;
pub mod records;
mod secret;
mod tls;
mod webhooks;
