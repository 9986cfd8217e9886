//! Where random bytes come from. Stands beside [`error`](crate::ErrorCode); knows nothing of tokens.

use crate::error::{BoxError, Error, ErrorCode, Result};
use alloc::sync::Arc;

/// A source of unpredictable bytes for keys, token ids and openings.
///
/// With the `std` feature [`SystemRandom`] is used and nobody need know of this; without it, the platform's own
/// generator stands behind this trait.
pub trait RandomSource: Send + Sync {
    /// Fills the whole of `buffer`.
    ///
    /// # Errors
    /// Where the source cannot give that many bytes; it becomes `random_source_failed` with this as its source.
    fn fill(&self, buffer: &mut [u8]) -> core::result::Result<(), BoxError>;
}

/// A source that is shared.
impl<R: RandomSource + ?Sized> RandomSource for Arc<R> {
    fn fill(&self, buffer: &mut [u8]) -> core::result::Result<(), BoxError> {
        (**self).fill(buffer)
    }
}

/// The operating system's random source.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

#[cfg(feature = "std")]
impl RandomSource for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) -> core::result::Result<(), BoxError> {
        getrandom::fill(buffer).map_err(Into::into)
    }
}

/// What an issuer has where there is no system to ask, until it is given a source.
#[cfg(not(feature = "std"))]
pub(crate) struct NoRandom;

#[cfg(not(feature = "std"))]
impl RandomSource for NoRandom {
    fn fill(&self, _: &mut [u8]) -> core::result::Result<(), BoxError> {
        Err("no random source was given to the issuer".into())
    }
}

pub(crate) fn random_bytes<const N: usize>(source: &dyn RandomSource) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    source.fill(&mut bytes).map_err(|cause| Error::caused_by(ErrorCode::RandomSourceFailed, cause))?;
    Ok(bytes)
}
