//! The deterministic encoding of CBOR (RFC 8949 section 4.2.1), read strictly and written.
//!
//! Stands on nothing of this crate and knows nothing of COSE or of tokens. Item headers are those of
//! `ciborium-ll`; what it does not judge is judged here. Bytes are read in two steps:
//!
//! 1. [`check`](check::item) walks a whole item and tells whether it is well-formed and whether it is
//!    deterministic. Nothing is allocated, and the work is bounded by the length of the input: every step of the
//!    walk uses up at least one byte.
//! 2. [`Reader`] then takes the checked item apart, borrowing from it.
//!
//! [`Writer`] can only write the deterministic encoding.

mod check;
mod head;
mod read;
mod write;

pub(crate) use check::{Fault, Item, item, layer};
pub(crate) use head::HeadBytes;
pub(crate) use read::{Kind, Reader, WrongShape};
pub(crate) use write::Writer;
