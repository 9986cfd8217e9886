//! The proofs: each starts a service of its own, and reports what it saw.

pub(crate) mod crash;
pub(crate) mod guessing;
pub(crate) mod hostile;
pub(crate) mod journeys;
pub(crate) mod private;
pub(crate) mod timing;
