//! Text forms, written without the core: Base45, base64, base64url and PEM.

const BASE45: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// `KV1:` and the Base45 (RFC 9285) of the bytes.
pub(super) fn kv1(bytes: &[u8]) -> String {
    let mut text = String::from("KV1:");
    for pair in bytes.chunks(2) {
        let mut value = pair.iter().fold(0, |value, &byte| value << 8 | usize::from(byte));
        for _ in 0..=pair.len() {
            text.push(char::from(BASE45[value % 45]));
            value /= 45;
        }
    }
    text
}

/// Base64url (RFC 4648 section 5) without padding.
pub(super) fn base64url(bytes: &[u8]) -> String {
    base64_of(bytes, BASE64URL)
}

/// Base64 (RFC 4648 section 4) with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    let mut text = base64_of(bytes, BASE64);
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

fn base64_of(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let value =
            group.iter().fold(0, |value, &byte| value << 8 | usize::from(byte)) << (8 * (3 - group.len()));
        for place in 0..=group.len() {
            text.push(char::from(alphabet[value >> (18 - 6 * place) & 63]));
        }
    }
    text
}

/// A PEM block (RFC 7468) with lines of 64 characters.
pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let text = base64(der);
    let mut block = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(rest.len().min(64));
        block.push_str(line);
        block.push('\n');
        rest = behind;
    }
    block + &format!("-----END {label}-----\n")
}
