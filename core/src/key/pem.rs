//! PEM files (RFC 7468): PKCS#8 for secret keys (RFC 8410) and SubjectPublicKeyInfo. For encrypted files see
//! [`encrypted`](super::encrypted).

use super::{SigningKey, VerifyingKey, bounded, invalid};
use crate::error::Result;
use alloc::string::String;
use ed25519_dalek::pkcs8::{
    DecodePublicKey, EncodePrivateKey, EncodePublicKey, KeypairBytes, PublicKeyBytes,
};
use pkcs8::{LineEnding, PrivateKeyInfoRef, SecretDocument};
use zeroize::Zeroizing;

const SECRET_LABEL: &str = "PRIVATE KEY";
pub(super) const ENCRYPTED_LABEL: &str = "ENCRYPTED PRIVATE KEY";
const PUBLIC_LABEL: &str = "PUBLIC KEY";

impl SigningKey {
    /// From a PKCS#8 PEM file (`PRIVATE KEY`), as `openssl genpkey -algorithm ed25519` writes it.
    ///
    /// # Errors
    /// `invalid_key` where it is not one, is another algorithm's, or is encrypted.
    pub fn from_pem(pem: &str) -> Result<Self> {
        let (label, document) = read(pem)?;
        match label {
            Label::Secret => from_private_key_info(document.as_bytes()),
            Label::Encrypted => Err(invalid("the key is encrypted: its passphrase is needed")),
            Label::Public => Err(invalid("this is a public key: the secret key is wanted")),
        }
    }

    /// Whether `pem` is an encrypted key (`ENCRYPTED PRIVATE KEY`), which needs a passphrase.
    #[must_use]
    pub fn is_encrypted_pem(pem: &str) -> bool {
        matches!(read(pem), Ok((Label::Encrypted, _)))
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
    /// From a SubjectPublicKeyInfo PEM file (`PUBLIC KEY`), as `openssl pkey -pubout` writes it.
    ///
    /// # Errors
    /// `invalid_key` where it is not one, is another algorithm's, or must not be trusted
    /// ([`from_bytes`](Self::from_bytes)).
    pub fn from_pem(pem: &str) -> Result<Self> {
        let (label, document) = read(pem)?;
        if label != Label::Public {
            return Err(invalid("this is a secret key: give the public key (openssl pkey -pubout)"));
        }
        let public = PublicKeyBytes::from_public_key_der(document.as_bytes())
            .map_err(|_| invalid("the file is damaged or another algorithm's"))?;
        Self::from_bytes(&public.to_bytes())
    }

    /// A SubjectPublicKeyInfo PEM file (RFC 8410 section 4).
    #[must_use]
    pub fn to_pem(&self) -> String {
        PublicKeyBytes(*self.as_bytes())
            .to_public_key_pem(LineEnding::LF)
            .unwrap_or_else(|_| unreachable!("32 bytes always make a document"))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    Public,
    Secret,
    Encrypted,
}

pub(super) fn read(pem: &str) -> Result<(Label, SecretDocument)> {
    bounded(pem.as_bytes())?;
    let pem = pem.trim();
    let (label, document) =
        SecretDocument::from_pem(pem).map_err(|_| invalid("this is not a whole PEM file"))?;
    let label = match label {
        PUBLIC_LABEL => Label::Public,
        SECRET_LABEL => Label::Secret,
        ENCRYPTED_LABEL => Label::Encrypted,
        _ => return Err(invalid("the PEM file holds something else than a PKCS#8 or public key")),
    };
    Ok((label, document))
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
