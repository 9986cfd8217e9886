//! The deterministic encoding of CBOR (RFC 8949 section 4.2.1), read strictly and written.
//!
//! Stands on nothing of this crate and knows nothing of COSE or of tokens. There are two ways to read:
//!
//! - A [`Reader`] takes bytes apart in one pass, borrowing from them. A [deterministic](Reader::deterministic) one refuses
//!   whatever is written in another way, and does not say what is wrong with it.
//! - [`check`](check::item) walks a whole item, of whatever shape, and tells whether it is well-formed and whether it is
//!   deterministic. Nothing is allocated, and the work is bounded by the length of the input: every step of the
//!   walk uses up at least one byte.
//!
//! Headers are read and written here, since most of the time that a token takes would go into them otherwise; which form of
//! a float is the shortest is left to `ciborium-ll`, and the tests hold all of it to what that library reads and writes.
//!
//! [`Writer`] can only write the deterministic encoding.

mod check;
mod head;
mod read;
mod write;

pub(crate) use check::{Fault, Item, item, layer};
pub(crate) use read::{Kind, Reader, WrongShape};
pub(crate) use write::Writer;
