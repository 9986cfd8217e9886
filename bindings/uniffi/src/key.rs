//! Keys.

use crate::{bytes::Bytes, error::Result, values::Algorithm};
use std::{fmt, sync::Arc};
use zeroize::Zeroizing;

/// An Ed25519 public key (RFC 8032): one under which every verification formula agrees, since others cannot be made.
///
/// It is not trusted by that: a `TrustedKey` says for which issuer it speaks.
#[derive(Clone, PartialEq, Eq, Hash, uniffi::Object)]
#[uniffi::export(Display, Eq, Hash)]
pub struct VerifyingKey(pub(crate) kycvs::VerifyingKey);

#[uniffi::export]
impl VerifyingKey {
    /// From its 32 bytes. Fails with `invalid_key`.
    #[uniffi::constructor]
    pub fn from_bytes(bytes: Bytes) -> Result<Self> {
        Ok(Self(kycvs::VerifyingKey::try_from(&*bytes)?))
    }

    /// From a PEM text (SubjectPublicKeyInfo, RFC 8410). Fails with `invalid_key`.
    #[uniffi::constructor]
    pub fn from_pem(pem: String) -> Result<Self> {
        Ok(Self(kycvs::VerifyingKey::from_pem(&pem)?))
    }

    /// Its 32 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.as_bytes().to_vec()
    }

    /// As a PEM text (SubjectPublicKeyInfo, RFC 8410).
    pub fn to_pem(&self) -> String {
        self.0.to_pem()
    }

    /// The id under which tokens name it, 16 hexadecimal digits: the start of its COSE Key Thumbprint (RFC 9679).
    pub fn key_id(&self) -> String {
        self.0.key_id().to_string()
    }

    /// Whether `signature` (64 bytes) is this key's over `message`, by the strict rules of SPEC.md, section 6.
    pub fn verifies(&self, message: Bytes, signature: Bytes) -> bool {
        <&[u8; 64]>::try_from(&*signature).is_ok_and(|signature| self.0.verifies(&message, signature))
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", self.0.key_id())
    }
}

/// An Ed25519 secret key (RFC 8032, section 5.1.5). It is wiped from memory when it is freed; its text form shows its id
/// alone.
///
/// Bytes that are handed over are wiped on this side of the boundary. The app's own string or byte array is not, nor is a
/// PEM text on its way out: keep those short lived, or let a key store sign (`Signer`).
#[derive(Clone, uniffi::Object)]
#[uniffi::export(Display)]
pub struct SigningKey(pub(crate) kycvs::SigningKey);

#[uniffi::export]
impl SigningKey {
    /// A new key from the system's random source.
    #[uniffi::constructor]
    pub fn generate() -> Result<Self> {
        Ok(Self(kycvs::SigningKey::generate()?))
    }

    /// From its 32-byte seed, the private key of RFC 8032. Fails with `invalid_key`.
    #[uniffi::constructor]
    pub fn from_seed(seed: Bytes) -> Result<Self> {
        Ok(Self(kycvs::SigningKey::try_from(&*seed)?))
    }

    /// From a PEM text (PKCS#8, RFC 8410). Fails with `invalid_key`.
    #[uniffi::constructor]
    pub fn from_pem(pem: String) -> Result<Self> {
        let pem = Zeroizing::new(pem);
        Ok(Self(kycvs::SigningKey::from_pem(&pem)?))
    }

    /// From a PEM text that a passphrase encrypts (PKCS#8 with PBES2). Fails with `wrong_passphrase` or `invalid_key`.
    #[uniffi::constructor]
    pub fn from_encrypted_pem(pem: String, passphrase: Bytes) -> Result<Self> {
        Ok(Self(kycvs::SigningKey::from_encrypted_pem(&pem, &passphrase)?))
    }

    /// As a PEM text (PKCS#8), not encrypted: for the issuer alone.
    pub fn to_pem(&self) -> String {
        self.0.to_pem().as_str().to_owned()
    }

    /// As a PEM text that the passphrase encrypts.
    pub fn to_encrypted_pem(&self, passphrase: Bytes) -> Result<String> {
        Ok(self.0.to_encrypted_pem(&passphrase)?.as_str().to_owned())
    }

    /// The public half.
    pub fn verifying_key(&self) -> Arc<VerifyingKey> {
        Arc::new(VerifyingKey(self.0.verifying_key().clone()))
    }
}

impl fmt::Display for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.0.verifying_key().key_id())
    }
}

/// A public key that was read from a file, and the algorithm that the file names for it.
#[derive(uniffi::Object)]
pub struct ImportedKey(pub(crate) kycvs::ImportedKey);

#[uniffi::export]
impl ImportedKey {
    /// The key.
    pub fn key(&self) -> Arc<VerifyingKey> {
        Arc::new(VerifyingKey(self.0.key().clone()))
    }

    /// The algorithm that the file names for it, where it names one.
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.0.algorithm().map(Into::into)
    }
}

/// The public keys of a file.
#[derive(uniffi::Object)]
pub struct ImportedKeys(kycvs::ImportedKeys);

#[uniffi::export]
impl ImportedKeys {
    /// Reads a file of public keys: PEM, JWK, JWK set, COSE_Key or COSE_KeySet, of at most 1 MiB. Fails with
    /// `invalid_key`.
    #[uniffi::constructor]
    pub fn read(file: Bytes) -> Result<Self> {
        Ok(Self(kycvs::ImportedKeys::read(&file)?))
    }

    /// The Ed25519 keys, in their order.
    pub fn keys(&self) -> Vec<Arc<ImportedKey>> {
        self.0.keys().iter().map(|key| Arc::new(ImportedKey(key.clone()))).collect()
    }

    /// How many keys of other kinds were left out.
    pub fn skipped(&self) -> u32 {
        u32::try_from(self.0.skipped()).unwrap_or(u32::MAX)
    }
}
