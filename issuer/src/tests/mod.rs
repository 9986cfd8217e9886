//! The rules and the calls, through the router.

mod contract;
mod erasure;
mod host;
mod journey;
mod legacy;
mod limits;
mod no_record;
mod pages;
mod pass;
mod races;
mod refusals;
mod repeated;
mod signed;
mod stage;
mod states;
