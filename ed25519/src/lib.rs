#![doc = include_str!("../README.md")]
//!
//! # Modules
//!
//! Each module uses only the modules before it: `key` ([`PublicKey`]), `equation` (the accept set), `table` (multiples of
//! one point), `prepared` ([`PreparedKey`]), `batch` ([`Batch`]).

#![no_std]

extern crate alloc;

mod batch;
mod equation;
mod key;
mod prepared;
mod table;

pub use batch::Batch;
pub use key::{InvalidKey, PublicKey};
pub use prepared::{PreparedKey, prepare_base_table};
