//! The rules and the calls, through the router.

mod host;
mod journey;
mod pages;
mod contract;
mod erasure;
mod journey;
mod legacy;
mod limits;
mod pass;
mod races;
mod refusals;
mod repeated;
mod signed;
mod stage;
mod states;
