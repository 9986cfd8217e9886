//! Secret keys in encrypted PEM files: PKCS#8 with PBES2 (RFC 8018). What `openssl pkey -aes256` writes is read, and what
//! is written `openssl` reads. Feature `encrypted-keys`.

use super::{
    SigningKey, invalid,
    pem::{ENCRYPTED_LABEL, Secret, from_private_key_info, the_secret},
};
use crate::{
    error::{Error, ErrorCode, Result},
    random::{RandomSource, random_bytes},
};
use alloc::string::String;
use pkcs8::{
    EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef,
    pkcs5::{
        self, EncryptionScheme,
        pbes2::{self, Kdf, Parameters},
    },
};
use zeroize::Zeroizing;

/// Iterations of PBKDF2-HMAC-SHA-256 in a file that is written: what OWASP asks for.
const PBKDF2_ITERATIONS: u32 = 600_000;
/// Iterations that a file may ask for: some seconds of work, and a bound for a hostile file.
const MAX_PBKDF2_ITERATIONS: u32 = 10_000_000;
/// Memory that a file's scrypt may ask for: 128 bytes times `N` times `r`, times `p` in work.
const MAX_SCRYPT_BYTES: u64 = 256 * 1024 * 1024;

impl SigningKey {
    /// From an encrypted PKCS#8 PEM file (`ENCRYPTED PRIVATE KEY`, PBES2 with PBKDF2 or scrypt and AES), as
    /// `openssl pkey -aes256` writes it.
    ///
    /// # Errors
    /// `wrong_passphrase` where the passphrase does not open it; `invalid_key` where it is not such a file, or
    /// asks for more work than 10,000,000 iterations or 256 MiB.
    pub fn from_encrypted_pem(pem: &str, passphrase: &[u8]) -> Result<Self> {
        let Secret::Encrypted(document) = the_secret(pem)? else {
            return Err(invalid("the key is not encrypted: leave the passphrase out"));
        };
        let encrypted = EncryptedPrivateKeyInfoRef::try_from(document.as_slice())
            .map_err(|_| invalid("the encrypted file is damaged"))?;
        if !is_bounded(&encrypted.encryption_algorithm) {
            return Err(invalid("its encryption is not one that is read here, or asks for too much work"));
        }
        let decrypted = encrypted.decrypt(passphrase).map_err(|error| match error {
            // The padding is wrong, or by chance in 1 of 256 right, and what it holds is no DER.
            pkcs8::Error::EncryptedPrivateKey(pkcs5::Error::DecryptFailed) | pkcs8::Error::Asn1(_) => {
                Error::new(ErrorCode::WrongPassphrase)
            }
            _ => invalid("its encryption is not one that is read here"),
        })?;
        if PrivateKeyInfoRef::try_from(decrypted.as_bytes()).is_err() {
            return Err(ErrorCode::WrongPassphrase.into());
        }
        from_private_key_info(decrypted.as_bytes())
    }

    /// An encrypted PKCS#8 PEM file: PBES2, PBKDF2 with HMAC-SHA-256 and 600,000 iterations, AES-256-CBC.
    ///
    /// # Errors
    /// `wrong_passphrase` if the passphrase is empty; `random_source_failed`.
    #[cfg(feature = "std")]
    pub fn to_encrypted_pem(&self, passphrase: &[u8]) -> Result<Zeroizing<String>> {
        self.to_encrypted_pem_with(passphrase, &crate::random::SystemRandom)
    }

    /// [`to_encrypted_pem`](Self::to_encrypted_pem) with another random source.
    ///
    /// # Errors
    /// As [`to_encrypted_pem`](Self::to_encrypted_pem).
    pub fn to_encrypted_pem_with(
        &self,
        passphrase: &[u8],
        random: &dyn RandomSource,
    ) -> Result<Zeroizing<String>> {
        if passphrase.is_empty() {
            let sentence =
                "an empty passphrase protects nothing: choose one, or write the key without encryption";
            return Err(Error::saying(ErrorCode::WrongPassphrase, sentence));
        }
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
}

/// That the file is one of those of `SPEC.md`, section 9.3, and deriving its key costs seconds at most, whatever it says.
fn is_bounded(scheme: &EncryptionScheme) -> bool {
    use pbes2::EncryptionScheme as Cipher;
    let EncryptionScheme::Pbes2(Parameters { kdf, encryption }) = scheme else { return false };
    let derivation = match kdf {
        Kdf::Pbkdf2(kdf) => kdf.iteration_count <= MAX_PBKDF2_ITERATIONS,
        Kdf::Scrypt(kdf) => {
            let work = u64::from(kdf.block_size)
                .saturating_mul(128)
                .saturating_mul(u64::from(kdf.parallelization))
                .saturating_mul(kdf.cost_parameter);
            // RFC 7914 section 2: a power of two over 1. The crate that derives panics at 0.
            kdf.cost_parameter > 1
                && kdf.cost_parameter.is_power_of_two()
                && (1..=MAX_SCRYPT_BYTES).contains(&work)
        }
        _ => false,
    };
    derivation
        && matches!(
            encryption,
            Cipher::Aes128Cbc { .. } | Cipher::Aes192Cbc { .. } | Cipher::Aes256Cbc { .. }
        )
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn empty_passphrase_is_refused_for_writing() {
        let error = SigningKey::from_seed(&[7; 32]).to_encrypted_pem(b"").expect_err("it is empty");
        assert_eq!(error.code(), ErrorCode::WrongPassphrase);
        assert!(error.to_string().starts_with("an empty passphrase protects nothing"), "{error}");
    }
}
