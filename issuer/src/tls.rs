//! TLS with a certificate file, which is read again when it was renewed.

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use kycvs_tables::text;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio_rustls::TlsAcceptor;

use crate::config::{self, ConfigError};

/// The certificate and its key, as they were last read.
pub(crate) struct Tls {
    current: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads the files.
    pub(crate) fn open(files: &config::Tls) -> Result<Self, ConfigError> {
        let current = read(&files.certificate_file, &files.key_file)?;
        Ok(Self { current: RwLock::new(Arc::new(current)) })
    }

    /// Reads the files again. If they cannot be used, what was read before stays.
    pub(crate) fn reload(&self, files: &config::Tls) -> Result<(), ConfigError> {
        let config = read(&files.certificate_file, &files.key_file)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
        Ok(())
    }

    /// What the next connection is accepted with.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

/// No chain of certificates is longer.
const LONGEST: usize = 1 << 20;

fn read(certificate_file: &Path, key_file: &Path) -> Result<ServerConfig, ConfigError> {
    let fail = |setting: &str, file: &Path, what: String| {
        ConfigError::new(setting, format!("`{}`: {what}", file.display()))
    };
    let unusable = |what: String| fail("tls.certificate_file", certificate_file, what);
    let content = config::open(certificate_file).and_then(|file| config::read_all(file, LONGEST));
    let content = content.map_err(|error| unusable(format!("cannot be read: {}", config::why(&error))))?;
    let content = text::check(&content).map_err(|error| unusable(format!("it {error}")))?;
    let chain = CertificateDer::pem_slice_iter(content)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unusable(error.to_string()))?;
    if chain.is_empty() {
        return Err(fail(
            "tls.certificate_file",
            certificate_file,
            "there is no certificate in it".to_owned(),
        ));
    }
    let pem = config::read_secret_file("tls.key_file", key_file)?;
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes())
        .map_err(|_| fail("tls.key_file", key_file, "there is no private key in it".to_owned()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| fail("tls", certificate_file, format!("cannot be used: {error}")))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
