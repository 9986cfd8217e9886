//! Why bytes are no token, or no presentation.
//!
//! A text that is given as bytes (of a file, a request's body, a column) keeps its code, and gets a sentence of its own: to scan
//! it again would not help.
//!
//! [`Parts::read`](super::Parts::read) accepts in one pass and says nothing about what it refuses. Here each layer is walked
//! by itself, and the first rule that it breaks is told, in the order of `SPEC.md`, section 10: a layer that is not
//! well-formed, one that is not deterministic, and then one that says something else than a status token does.

use super::{MAX_TOKEN_BYTES, text};
use crate::{
    cbor::{Fault, Item, Reader, item, layer},
    claims::RawClaims,
    cose::{ProtectedHeader, Sign1},
    error::{Error, ErrorCode, Result},
};

/// Why `bytes` are no token.
#[cold]
pub(super) fn of_token(bytes: &[u8]) -> Error {
    told(bytes, walk(bytes))
}

/// Why `bytes` are no presentation.
#[cold]
pub(super) fn of_presentation(bytes: &[u8]) -> Error {
    told(bytes, walk_sequence(bytes))
}

/// Why `bytes` are longer than a token or a presentation may be.
#[cold]
pub(super) fn too_large(bytes: &[u8]) -> Error {
    told(bytes, Err(ErrorCode::TooLarge.into()))
}

fn told(bytes: &[u8], walked: Result<()>) -> Error {
    debug_assert!(walked.is_err(), "what one pass refuses breaks a rule of some layer");
    let error = walked.err().unwrap_or_else(|| other_shape("the envelope"));
    if is_text(bytes) {
        return Error::text_given_as_bytes(error.code());
    }
    error
}

/// Whether these are the bytes of a text form, white space and a byte order mark around it or not. Only the
/// beginning is read: a damaged text is one, too.
fn is_text(bytes: &[u8]) -> bool {
    // So that no input, however long, takes more than a bounded look.
    let bytes = &bytes[..bytes.len().min(text::MAX_BYTES)];
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    // Tag 18 and an array of four in base64url, as every presentation begins.
    bytes.starts_with(text::KV1.as_bytes()) || bytes.starts_with(b"0oR")
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

#[cfg(test)]
mod tests {
    use crate::{ErrorCode, Presentation, Token};
    use alloc::{format, string::ToString, vec::Vec};

    const SENTENCE: &str = "this is an answer's text given as bytes: give it as text";

    #[test]
    fn text_given_as_bytes_is_named_and_keeps_its_code() {
        for (text, code) in [
            ("KV1:RRQJ6BERK/-4$894*BC.U $REF7Y$ET9E", ErrorCode::Malformed),
            ("\r\n KV1:", ErrorCode::Malformed),
            ("\u{feff}KV1:RRQJ6BERK", ErrorCode::Malformed),
            ("0oRYJKMBJwRIvl3i9LzcODoQdWFwcGxpY2F0aW9u", ErrorCode::Malformed),
            (&*format!("KV1:{}", "0".repeat(1038)), ErrorCode::TooLarge),
            // By chance two well-formed items.
            ("KV1:AAAAAAAA@", ErrorCode::NotAStatusToken),
        ] {
            let errors = [
                Presentation::from_bytes(text.as_bytes()).expect_err(text),
                Token::parse(text.as_bytes()).expect_err(text),
            ];
            assert_eq!(errors[0].code(), code, "{text}");
            assert!(errors.iter().all(|error| error.to_string() == SENTENCE), "{text}: {errors:?}");
        }
    }

    #[test]
    fn other_bytes_keep_the_sentence_of_their_code() {
        let mut damaged: Vec<&[u8]> = alloc::vec![b"", b"K", b"KV2:", b"{}", b"\xd2\x84", b"\xff\xfeK"];
        let long = [0; 2000];
        damaged.push(&long);
        for bytes in damaged {
            let error = Presentation::from_bytes(bytes).expect_err("it is damaged");
            assert_eq!(error.to_string(), crate::Error::from(error.code()).to_string(), "{bytes:?}");
        }
    }
}
