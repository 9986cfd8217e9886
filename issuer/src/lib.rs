//! The KYC-VS service: a verifying entity asks, a person consents with a one-time password, and the entity gets a signed
//! answer.
#![allow(dead_code, unreachable_pub, missing_docs)]

mod app;
mod audit;
mod auth;
mod clock;
pub mod config;
mod db;
pub mod delivery;
mod entities;
mod flow;
mod http;
mod limits;
mod metrics;
mod otp;
mod problem;
pub mod records;
mod replies;
mod secret;
mod sweeper;
#[cfg(test)]
mod tests;
mod webhooks;
