//! The rules and the calls, through the router.

mod host;
mod journey;
mod pages;
mod stage;
