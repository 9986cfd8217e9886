//! The rules and the calls, through the router.

mod journey;
mod stage;
