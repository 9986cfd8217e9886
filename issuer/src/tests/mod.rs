//! The rules and the calls, through the router.

mod contract;
mod erasure;
mod fairness;
mod full_disk;
mod host;
mod journey;
mod legacy;
mod limits;
mod no_record;
mod numbers;
mod pages;
mod pass;
mod races;
mod refusals;
mod repeated;
mod shared_addresses;
mod signed;
mod spending;
mod stage;
mod states;
mod wrong_clock;

pub(crate) use host::Lines;
