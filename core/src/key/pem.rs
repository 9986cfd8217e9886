//! PEM files (RFC 7468): PKCS#8 for secret keys (RFC 8410) and SubjectPublicKeyInfo. For encrypted files see
//! [`encrypted`](super::encrypted).
//!
//! A file is a sequence of [`blocks`] with any text between them. The crate that writes PEM here reads files of one block
//! only, without text behind it, and so it does not read these.

use super::{
    ImportedKey, ImportedKeys, SigningKey, VerifyingKey, bounded, imported::Candidate, invalid, without_mark,
};
use crate::error::{Error, Result};
use alloc::{string::String, vec::Vec};
use base64ct::{Base64, Encoding};
use core::iter::from_fn;
use ed25519_dalek::pkcs8::{EncodePrivateKey, EncodePublicKey, KeypairBytes, PublicKeyBytes};
use pkcs8::{LineEnding, ObjectIdentifier, PrivateKeyInfoRef, SecretDocument, SubjectPublicKeyInfoRef};
use zeroize::Zeroizing;

const SECRET_LABEL: &str = "PRIVATE KEY";
pub(super) const ENCRYPTED_LABEL: &str = "ENCRYPTED PRIVATE KEY";
const PUBLIC_LABEL: &str = "PUBLIC KEY";

/// How the line begins that opens a block.
pub(super) const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// id-Ed25519 (RFC 8410 section 3).
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

impl SigningKey {
    /// From a PKCS#8 PEM file (`PRIVATE KEY`), as `openssl genpkey -algorithm ed25519` writes it. Text around the block and
    /// blocks with other labels, such as a certificate, are skipped.
    ///
    /// # Errors
    /// `invalid_key` if it is not one, is another algorithm's, is encrypted, or if there is more than one.
    pub fn from_pem(pem: &str) -> Result<Self> {
        match the_secret(pem)? {
            Secret::Plain(document) => from_private_key_info(&document),
            Secret::Encrypted(_) => Err(invalid("the key is encrypted: its passphrase is needed")),
        }
    }

    /// Whether `pem` is an encrypted key (`ENCRYPTED PRIVATE KEY`), which needs a passphrase.
    #[must_use]
    pub fn is_encrypted_pem(pem: &str) -> bool {
        matches!(the_secret(pem), Ok(Secret::Encrypted(_)))
    }

    /// A PKCS#8 PEM file (RFC 8410 section 7), the form that every version of `openssl` reads.
    #[must_use]
    pub fn to_pem(&self) -> Zeroizing<String> {
        self.private_key_info()
            .to_pem(SECRET_LABEL, LineEnding::LF)
            .unwrap_or_else(|_| unreachable!("the label is a constant and the document is short"))
    }

    pub(super) fn private_key_info(&self) -> SecretDocument {
        KeypairBytes { secret_key: *self.seed(), public_key: None }
            .to_pkcs8_der()
            .unwrap_or_else(|_| unreachable!("32 bytes always make a document"))
    }
}

impl VerifyingKey {
    /// From a SubjectPublicKeyInfo PEM file (`PUBLIC KEY`), as `openssl pkey -pubout` writes it. Text around the block and
    /// keys of other kinds are skipped; for a file of several keys see [`ImportedKeys::read`].
    ///
    /// # Errors
    /// `invalid_key` if it is not one, is another algorithm's, must not be trusted ([`from_bytes`](Self::from_bytes)), or
    /// if there is more than one.
    pub fn from_pem(pem: &str) -> Result<Self> {
        match read_keys(pem)?.keys() {
            [key] => Ok(key.key().clone()),
            [] => Err(invalid("the file holds no Ed25519 key")),
            _ => Err(invalid("the file holds more than one key: read it as a set")),
        }
    }

    /// A SubjectPublicKeyInfo PEM file (RFC 8410 section 4).
    #[must_use]
    pub fn to_pem(&self) -> String {
        PublicKeyBytes(*self.as_bytes())
            .to_public_key_pem(LineEnding::LF)
            .unwrap_or_else(|_| unreachable!("32 bytes always make a document"))
    }
}

/// Each block of a file, as a key.
pub(super) fn read_keys(file: &str) -> Result<ImportedKeys> {
    bounded(file.as_bytes())?;
    let (mut found, mut has_secret) = (ImportedKeys::none(), false);
    let mut labels = 0;
    for block in blocks(file) {
        let block = block?;
        labels += 1;
        has_secret |= matches!(block.label, SECRET_LABEL | ENCRYPTED_LABEL);
        found = found.with(if block.label == PUBLIC_LABEL { public_key(&block.decode()?)? } else { None });
    }
    match found.keys() {
        [] if has_secret => Err(invalid("this is a secret key: give the public key (openssl pkey -pubout)")),
        [] if labels == 0 => Err(not_whole()),
        _ => Ok(found),
    }
}

/// A public key of this algorithm; `None` for another algorithm's.
fn public_key(der: &[u8]) -> Result<Candidate> {
    let damaged = invalid("the file is damaged");
    let info = SubjectPublicKeyInfoRef::try_from(der).map_err(|_| damaged.clone())?;
    if info.algorithm.oid != ED25519 {
        return Ok(None);
    }
    let public = PublicKeyBytes::try_from(info).map_err(|_| damaged)?;
    Ok(Some(ImportedKey::new(VerifyingKey::from_bytes(&public.to_bytes())?, None)))
}

/// A secret key's document.
pub(super) enum Secret {
    Plain(Zeroizing<Vec<u8>>),
    #[cfg_attr(
        not(feature = "encrypted-keys"),
        expect(dead_code, reason = "without the feature it is only told from a plain one")
    )]
    Encrypted(Zeroizing<Vec<u8>>),
}

/// The one secret key of a file.
pub(super) fn the_secret(file: &str) -> Result<Secret> {
    bounded(file.as_bytes())?;
    let (mut secret, mut why_none) = (None, not_whole());
    for block in blocks(file) {
        let block = block?;
        let found = match block.label {
            SECRET_LABEL => Secret::Plain(block.decode()?),
            ENCRYPTED_LABEL => Secret::Encrypted(block.decode()?),
            PUBLIC_LABEL => {
                why_none = invalid("this is a public key: the secret key is wanted");
                continue;
            }
            _ => {
                why_none = invalid("the PEM file holds something else than a PKCS#8 or public key");
                continue;
            }
        };
        if secret.replace(found).is_some() {
            return Err(invalid("the file holds more than one secret key: give one alone"));
        }
    }
    secret.ok_or(why_none)
}

/// A block of a PEM file.
struct Block<'a> {
    label: &'a str,
    /// Without line ends. It may be a secret.
    base64: Zeroizing<String>,
}

impl Block<'_> {
    fn decode(&self) -> Result<Zeroizing<Vec<u8>>> {
        let mut bytes = Zeroizing::new(alloc::vec![0; self.base64.len() / 4 * 3]);
        let len = Base64::decode(&*self.base64, &mut bytes).map_err(|_| not_whole())?.len();
        bytes.truncate(len);
        Ok(bytes)
    }
}

/// The blocks of a file, by the lax grammar of RFC 7468 section 3: lines may be indented and of any length, and between the
/// blocks there may be any text. A line that opens or closes a block at a wrong place is an error, since skipping it would
/// hide damage.
fn blocks(file: &str) -> impl Iterator<Item = Result<Block<'_>>> {
    let mut lines = without_mark(file).split(['\n', '\r']).map(|line| line.trim_matches([' ', '\t']));
    from_fn(move || {
        let first = lines.find(|line| line.starts_with(BEGIN) || line.starts_with(END))?;
        Some(block(first, &mut lines).ok_or_else(not_whole))
    })
}

/// The block that the line `first` opens, up to the line that closes it; `None` if there is none.
fn block<'a>(first: &'a str, lines: &mut (impl Iterator<Item = &'a str> + Clone)) -> Option<Block<'a>> {
    let label = first.strip_prefix(BEGIN)?.strip_suffix(DASHES)?;
    // With its final size from the start: growing would leave copies of a secret behind.
    let body = lines.clone().take_while(|line| !line.starts_with(DASHES));
    let mut base64 = Zeroizing::new(String::with_capacity(body.map(str::len).sum()));
    for line in lines {
        if line.starts_with(DASHES) {
            let closing = line.strip_prefix(END)?.strip_suffix(DASHES)?;
            return (closing == label).then_some(Block { label, base64 });
        }
        base64.push_str(line);
    }
    None
}

fn not_whole() -> Error {
    invalid("this is not a whole PEM file")
}

pub(super) fn from_private_key_info(der: &[u8]) -> Result<SigningKey> {
    let pair = PrivateKeyInfoRef::try_from(der)
        .and_then(KeypairBytes::try_from)
        .map_err(|_| invalid("the file is damaged or another algorithm's"))?;
    let key = SigningKey::from_seed(&pair.secret_key);
    match pair.public_key {
        Some(public) if public.to_bytes() != *key.verifying_key().as_bytes() => {
            Err(invalid("its public half belongs to another key"))
        }
        _ => Ok(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&[seed; 32])
    }

    fn public_pem(seed: u8) -> String {
        key(seed).verifying_key().to_pem()
    }

    /// A block of RSA, which is another algorithm's.
    const RSA: &str = include_str!("../../../test-vectors/generator/openssl/public-rsa.pem");

    #[test]
    fn blocks_of_other_kinds_are_skipped_and_counted() {
        let certificate = "-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n";
        let file = format!("{RSA}{}text\n{certificate}{}", public_pem(1), public_pem(2));
        let found = ImportedKeys::read(file.as_bytes()).expect("two keys");
        assert_eq!((found.keys().len(), found.skipped()), (2, 2));
        assert_eq!(found.keys()[1].key(), key(2).verifying_key());
        assert!(VerifyingKey::from_pem(&file).is_err(), "there is more than one key");
        let one = format!("{RSA}{}{certificate}", public_pem(1));
        assert_eq!(VerifyingKey::from_pem(&one).as_ref(), Ok(key(1).verifying_key()));
    }

    #[test]
    fn mark_indentation_and_text_around_change_nothing() {
        for pem in [public_pem(1), String::from(&*key(1).to_pem())] {
            let indented = format!("\t  {}", pem.replace('\n', " \r\n\t  "));
            let one_line = pem
                .replacen('\n', "@", 1)
                .replace('\n', "")
                .replace('@', "\n")
                .replace("-----END", "\n-----END");
            for file in [
                format!("\u{feff}{pem}"),
                format!("words\n{pem}words -----END behind"),
                format!("\n\n{indented}\n\n"),
                pem.replace('\n', "\r"),
                one_line,
            ] {
                let read = if pem.contains(SECRET_LABEL) {
                    SigningKey::from_pem(&file).map(|key| key.verifying_key().clone())
                } else {
                    VerifyingKey::from_pem(&file)
                };
                assert_eq!(read.as_ref(), Ok(key(1).verifying_key()), "{file:?}");
            }
        }
    }

    #[test]
    fn damaged_block_refuses_the_whole_file() {
        let (good, other) = (public_pem(1), public_pem(2));
        for damaged in [
            other.replace("-----END PUBLIC KEY-----\n", ""),
            other.replace("-----BEGIN PUBLIC KEY-----\n", ""),
            other.replace("END PUBLIC", "END SECRET"),
            other.replace("BEGIN PUBLIC KEY-----", "BEGIN PUBLIC KEY----"),
            other.replacen("-----\n", "-----\nProc-Type: 4,ENCRYPTED\n\n", 1),
            other.replacen("MC", "M*", 1),
        ] {
            for file in [format!("{good}{damaged}"), format!("{damaged}{good}")] {
                let error = ImportedKeys::read(file.as_bytes()).expect_err(&file);
                assert_eq!(error.code(), crate::ErrorCode::InvalidKey);
            }
        }
    }

    #[test]
    fn of_two_secret_keys_none_is_read_and_other_blocks_are_skipped() {
        let secret = key(1).to_pem();
        assert!(SigningKey::from_pem(&format!("{}{}", *secret, *key(2).to_pem())).is_err());
        let beside = format!("{}{}{RSA}", public_pem(2), *secret);
        let read = SigningKey::from_pem(&beside).expect("one secret key");
        assert_eq!(read.verifying_key(), key(1).verifying_key());
    }
}
