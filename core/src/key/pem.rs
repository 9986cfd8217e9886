//! PEM files (RFC 7468): PKCS#8 for secret keys (RFC 8410), plain or encrypted, and SubjectPublicKeyInfo.
//!
//! Encrypted files are PBES2 (RFC 8018): what `openssl pkey` writes is read, and what is written `openssl` reads.

use super::{SigningKey, VerifyingKey};
use crate::{
    error::{Error, ErrorCode, Result},
    random::{RandomSource, random_bytes},
};
use alloc::string::String;
use ed25519_dalek::pkcs8::{
    DecodePublicKey, EncodePrivateKey, EncodePublicKey, KeypairBytes, PublicKeyBytes,
};
use pkcs8::{
    EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef, SecretDocument,
    pkcs5::{
        EncryptionScheme,
        pbes2::{Kdf, Parameters},
    },
};
use zeroize::Zeroizing;

const SECRET_LABEL: &str = "PRIVATE KEY";
const ENCRYPTED_LABEL: &str = "ENCRYPTED PRIVATE KEY";
const PUBLIC_LABEL: &str = "PUBLIC KEY";

/// Iterations of PBKDF2-HMAC-SHA-256 in a file that is written: what OWASP asks for.
const PBKDF2_ITERATIONS: u32 = 600_000;
/// Iterations that a file may ask for: some seconds of work, and a bound for a hostile file.
const MAX_PBKDF2_ITERATIONS: u32 = 10_000_000;
/// Memory that a file's scrypt may ask for: 128 bytes times `N` times `r`, times `p` in work.
const MAX_SCRYPT_BYTES: u64 = 256 * 1024 * 1024;

impl SigningKey {
    /// From a PKCS#8 PEM file (`PRIVATE KEY`), as `openssl genpkey -algorithm ed25519` writes it.
    ///
    /// # Errors
    /// `invalid_key` where it is not one, is another algorithm's, or is encrypted.
    pub fn from_pem(pem: &str) -> Result<Self> {
        let (label, document) = read(pem)?;
        match label {
            Label::Secret => from_private_key_info(document.as_bytes()),
            Label::Encrypted => Err(invalid("the key is encrypted: give its passphrase")),
            Label::Public => Err(invalid("this is a public key: the secret key is wanted")),
        }
    }

    /// Whether `pem` is an encrypted key (`ENCRYPTED PRIVATE KEY`), which needs a passphrase.
    #[must_use]
    pub fn is_encrypted_pem(pem: &str) -> bool {
        matches!(read(pem), Ok((Label::Encrypted, _)))
    }

    /// From an encrypted PKCS#8 PEM file (`ENCRYPTED PRIVATE KEY`, PBES2 with PBKDF2 or scrypt and AES), as
    /// `openssl pkey -aes256` writes it.
    ///
    /// # Errors
    /// `wrong_passphrase` where the passphrase does not open it; `invalid_key` where it is not such a file, or
    /// asks for more work than 10,000,000 iterations or 256 MiB.
    pub fn from_encrypted_pem(pem: &str, passphrase: &[u8]) -> Result<Self> {
        let (label, document) = read(pem)?;
        if label != Label::Encrypted {
            return Err(invalid("the key is not encrypted: leave the passphrase out"));
        }
        let encrypted = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())
            .map_err(|_| invalid("the encrypted file is damaged"))?;
        if !work_is_bounded(&encrypted.encryption_algorithm) {
            return Err(invalid("its encryption is not one that is read here, or asks for too much work"));
        }
        // With a wrong passphrase the padding is wrong, or by chance in 1 of 256 right and what it holds is not.
        let wrong = |_| Error::new(ErrorCode::WrongPassphrase);
        let decrypted = encrypted.decrypt(passphrase).map_err(wrong)?;
        PrivateKeyInfoRef::try_from(decrypted.as_bytes())
            .map_err(|_| Error::new(ErrorCode::WrongPassphrase))?;
        from_private_key_info(decrypted.as_bytes())
    }

    /// A PKCS#8 PEM file (RFC 8410 section 7), the form that every version of `openssl` reads.
    #[must_use]
    pub fn to_pem(&self) -> Zeroizing<String> {
        self.private_key_info()
            .to_pem(SECRET_LABEL, LineEnding::LF)
            .unwrap_or_else(|_| unreachable!("the label is a constant and the document is short"))
    }

    /// An encrypted PKCS#8 PEM file: PBES2, PBKDF2 with HMAC-SHA-256 and 600,000 iterations, AES-256-CBC.
    ///
    /// # Errors
    /// `random_source_failed`.
    #[cfg(feature = "std")]
    pub fn to_encrypted_pem(&self, passphrase: &[u8]) -> Result<Zeroizing<String>> {
        self.to_encrypted_pem_with(passphrase, &crate::random::SystemRandom)
    }

    /// [`to_encrypted_pem`](Self::to_encrypted_pem) with another random source.
    ///
    /// # Errors
    /// `random_source_failed`.
    pub fn to_encrypted_pem_with(
        &self,
        passphrase: &[u8],
        random: &dyn RandomSource,
    ) -> Result<Zeroizing<String>> {
        let salt: [u8; 16] = random_bytes(random)?;
        let iv: [u8; 16] = random_bytes(random)?;
        let encrypt = || {
            let parameters = Parameters::generate_pbkdf2_sha256_aes256cbc(PBKDF2_ITERATIONS, &salt, iv)?;
            PrivateKeyInfoRef::try_from(self.private_key_info().as_bytes())?
                .encrypt_with_params(parameters, passphrase)?
                .to_pem(ENCRYPTED_LABEL, LineEnding::LF)
                .map_err(pkcs8::Error::from)
        };
        encrypt().map_err(|_| invalid("the key could not be encrypted"))
    }

    fn private_key_info(&self) -> SecretDocument {
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
enum Label {
    Public,
    Secret,
    Encrypted,
}

fn read(pem: &str) -> Result<(Label, SecretDocument)> {
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

fn from_private_key_info(der: &[u8]) -> Result<SigningKey> {
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

/// That deriving the key costs seconds at most, whatever the file says.
fn work_is_bounded(scheme: &EncryptionScheme) -> bool {
    match scheme {
        EncryptionScheme::Pbes2(Parameters { kdf: Kdf::Pbkdf2(kdf), .. }) => {
            kdf.iteration_count <= MAX_PBKDF2_ITERATIONS
        }
        EncryptionScheme::Pbes2(Parameters { kdf: Kdf::Scrypt(kdf), .. }) => u64::from(kdf.block_size)
            .saturating_mul(128)
            .saturating_mul(u64::from(kdf.parallelization))
            .checked_mul(kdf.cost_parameter)
            .is_some_and(|bytes| bytes <= MAX_SCRYPT_BYTES),
        _ => false,
    }
}

fn invalid(detail: &'static str) -> Error {
    Error::because(ErrorCode::InvalidKey, detail)
}
