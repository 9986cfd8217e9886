//! Why bytes are no token, or no presentation.
//!
//! [`Parts::read`](super::Parts::read) accepts in one pass and says nothing about what it refuses. Here each layer is walked
//! by itself, and the first rule that it breaks is told, in the order of `SPEC.md`, section 10: a layer that is not
//! well-formed, one that is not deterministic, and then one that says something else than a status token does.

use super::MAX_TOKEN_BYTES;
use crate::{
    cbor::{Fault, Item, Reader, item, layer},
    claims::RawClaims,
    cose::{ProtectedHeader, Sign1},
    error::{Error, ErrorCode, Result},
};

/// Why `bytes` are no token.
pub(super) fn of_token(bytes: &[u8]) -> Error {
    told(walk(bytes))
}

/// Why `bytes` are no presentation.
pub(super) fn of_presentation(bytes: &[u8]) -> Error {
    told(walk_sequence(bytes))
}

fn told(walked: Result<()>) -> Error {
    debug_assert!(walked.is_err(), "what one pass refuses breaks a rule of some layer");
    walked.err().unwrap_or_else(|| other_shape("the envelope"))
}

/// Walks a token, and nothing behind it.
pub(super) fn walk(bytes: &[u8]) -> Result<()> {
    walk_layer(bytes)?;
    walk_item(bytes)
}

/// Walks a presentation: its first layer is a sequence of two items at most.
pub(super) fn walk_sequence(bytes: &[u8]) -> Result<()> {
    let first = item(bytes).ok_or(ErrorCode::Malformed)?;
    if first.len > MAX_TOKEN_BYTES {
        return Err(ErrorCode::TooLarge.into());
    }
    let (token, rest) = bytes.split_at(first.len);
    let second = if rest.is_empty() {
        Item { len: 0, canonical: true }
    } else {
        item(rest).filter(|second| second.len == rest.len()).ok_or(ErrorCode::Malformed)?
    };
    if !(first.canonical && second.canonical) {
        return Err(ErrorCode::NotCanonical.into());
    }
    if !rest.is_empty() {
        let opening = Reader::deterministic(rest).bytes_of::<16>();
        opening.map_err(|_| other_shape("what stands behind the token"))?;
    }
    walk_item(token)
}

/// Walks the layers of an item that is deterministic itself.
fn walk_item(item: &[u8]) -> Result<()> {
    let mut reader = Reader::deterministic(item);
    let sign1 = Sign1::read(&mut reader).map_err(|_| other_shape("the envelope"))?;
    walk_layer(sign1.protected)?;
    ProtectedHeader::read(sign1.protected).map_err(|_| other_shape("the protected header"))?;
    walk_layer(sign1.payload)?;
    RawClaims::read(sign1.payload).map_err(|_| other_shape("the claims"))?;
    Ok(())
}

fn walk_layer(bytes: &[u8]) -> Result<()> {
    layer(bytes).map_err(|fault| match fault {
        Fault::Malformed => ErrorCode::Malformed.into(),
        Fault::NotCanonical => ErrorCode::NotCanonical.into(),
    })
}

fn other_shape(place: &'static str) -> Error {
    Error::because(ErrorCode::NotAStatusToken, place)
}
