//! The KYC-VS service: a verifying entity asks, a person consents with a one-time password, and the entity gets a signed
//! answer.
#![allow(dead_code, unreachable_pub, missing_docs)]

pub mod admin;
mod app;
pub mod audit;
mod clock;
pub mod config;
mod db;
pub mod delivery;
pub mod entities;
mod flow;
mod metrics;
mod outbound;
mod problem;
pub mod records;
mod secret;
pub mod standard_webhooks;
#[cfg(test)]
mod test_support;
mod webhooks;
