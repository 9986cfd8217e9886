//! The rules and the calls, through the router.

mod contract;
mod erasure;
mod full_disk;
mod host;
mod journey;
mod legacy;
mod limits;
mod pages;
mod pass;
mod races;
mod refusals;
mod repeated;
mod signed;
mod stage;
mod states;
mod wrong_clock;

pub(crate) use host::Lines;
