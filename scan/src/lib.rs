//! What a picture shows: the QR codes in it, and which of them is a KYC-VS answer.
//!
//! The command line and the verifier page share this crate, and so both read the same pictures and name the same kinds
//! of codes. No rule of the token is here: whether something is an answer is the core's to say.
//!
//! A picture can be drawn for which the search takes hours. The caller has to bound its time: the command line searches in a
//! thread, the page in a worker.

mod codes;
mod kind;
mod looks;
mod picture;

pub use codes::{Codes, Found, is_answer};
pub use kind::Kind;
pub use looks::looks;
pub use picture::{Picture, Reader};
