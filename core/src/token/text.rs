//! The two text forms of a presentation. Each presentation has exactly one text in each.

use super::MAX_PRESENTATION_BYTES;
use crate::error::{ErrorCode, Result};
use alloc::{string::String, vec::Vec};
use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

/// What a text in Base45 starts with.
pub(super) const KV1: &str = "KV1:";

/// `KV1:` and Base45: three characters for two bytes, two for one left over.
pub(super) const MAX_BYTES: usize =
    KV1.len() + MAX_PRESENTATION_BYTES / 2 * 3 + MAX_PRESENTATION_BYTES % 2 * 2;

/// Decodes either form. White space around it is dropped: people paste, and neither form begins or ends with any
/// (Base45 has the space, but no canonical text ends with one: its last character is at most `W` or `5`).
pub(crate) fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>> {
    let text = trimmed(text);
    if text.len() > MAX_BYTES {
        return Err(ErrorCode::TooLarge.into());
    }
    let bytes = match text.strip_prefix(KV1) {
        Some(base45) => decode_base45(base45),
        None if text.is_empty() => None,
        None => Base64UrlUnpadded::decode_vec(text).ok().map(Zeroizing::new),
    };
    Ok(bytes.ok_or(ErrorCode::BadText)?)
}

/// Whether it begins as a text in Base45 does.
pub(super) fn is_kv1(text: &str) -> bool {
    trimmed(text).starts_with(KV1)
}

fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// The crate takes some texts that no encoder makes, such as two characters of a value over 255: what it decodes must
/// come back as it was.
fn decode_base45(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let bytes = Zeroizing::new(base45::decode(text).ok()?);
    let again = Zeroizing::new(base45::encode(&bytes));
    (*again == text).then_some(bytes)
}

pub(super) fn to_kv1(bytes: &[u8]) -> String {
    let base45 = Zeroizing::new(base45::encode(bytes));
    let mut text = String::with_capacity(KV1.len() + base45.len());
    text.push_str(KV1);
    text.push_str(&base45);
    text
}

pub(super) fn to_base64url(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Option<ErrorCode> {
        decode(text).err().map(|error| error.code())
    }

    #[test]
    fn every_length_comes_back_from_both_forms() {
        for len in 0..=64_u8 {
            let bytes: Vec<u8> = (0..len).map(|byte| byte.wrapping_mul(151)).collect();
            assert_eq!(*decode(&to_kv1(&bytes)).expect("KV1"), bytes);
            if len > 0 {
                assert_eq!(*decode(&to_base64url(&bytes)).expect("base64url"), bytes);
            }
        }
    }

    #[test]
    fn no_text_form_ends_with_white_space() {
        for last in 0..=u16::MAX {
            assert!(!to_kv1(&last.to_be_bytes()).ends_with(' '));
        }
        for last in 0..=u8::MAX {
            assert!(!to_kv1(&[last]).ends_with(' '));
        }
    }

    #[test]
    fn only_the_one_text_is_taken() {
        for text in [
            "", " \r\n", "KV1", "kv1:00", "KV1:a0", "KV1:0", "KV1:ZZ", "KV1::::", "KV1:GGX", "AA==", "AB",
            "A", "+/8", "A A",
        ] {
            assert_eq!(code(text), Some(ErrorCode::BadText), "{text}");
        }
        assert_eq!(code("KV1:"), None);
        assert_eq!(code("\n KV1:BB8 \t\r\n"), None);
    }

    #[test]
    fn what_claims_to_be_an_answer_is_known_by_its_beginning() {
        for text in [&*to_kv1(b"any"), "KV1:", "KV1:not Base45", "\r\n\t KV1:BB8"] {
            assert!(is_kv1(text), "{text}");
        }
        for text in
            ["", "KV1", "kv1:BB8", "KV2:BB8", "HC1:BB8", "https://example.org/KV1:BB8", &to_base64url(b"any")]
        {
            assert!(!is_kv1(text), "{text}");
        }
    }

    #[test]
    fn length_is_bounded_after_trimming() {
        let fits = alloc::format!("  KV1:{}\n", "0".repeat(MAX_BYTES - KV1.len()));
        assert_eq!(code(&fits), None);
        assert_eq!(code(&"A".repeat(MAX_BYTES + 1)), Some(ErrorCode::TooLarge));
    }
}
