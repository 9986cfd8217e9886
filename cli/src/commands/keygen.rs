//! `kycvs keygen`: an issuer's key and the trust store that names it.

use std::fs;

use kycvs::{Algorithm, IssuerName, SigningKey, TrustStore, TrustedKey};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::args::Keygen;
use crate::failure::{DONE, Failure, Result};
use crate::files::{self, Readers, WholeFile};
use crate::output::Output;

#[derive(Serialize)]
struct Made {
    ok: bool,
    issuer: String,
    key_id: String,
    public_key: String,
    algorithm: &'static str,
    encrypted: bool,
    key_file: String,
    trust_file: String,
}

pub(crate) fn run(options: &Keygen, out: &mut Output) -> Result<u8> {
    let issuer = IssuerName::new(options.issuer.as_str())?;
    let passphrase = options.passphrase_file.as_deref().map(files::read_passphrase).transpose()?;
    let key_path = options.out_dir.join("issuer.pem");
    let trust_path = options.out_dir.join("trust.cbor");
    for path in [&key_path, &trust_path] {
        if path.symlink_metadata().is_ok() {
            return Err(Failure::Io(format!(
                "{} is there already and is not overwritten",
                files::name(path)
            )));
        }
    }

    let key = SigningKey::generate()?;
    let pem: Zeroizing<String> = match &passphrase {
        Some(passphrase) => key.to_encrypted_pem(passphrase)?,
        None => key.to_pem(),
    };
    let public = key.verifying_key();
    let trusted = TrustedKey::new(issuer, public.clone()).with_algorithm(options.alg);
    let trust = TrustStore::new().with(trusted)?.to_bytes();

    fs::create_dir_all(&options.out_dir)
        .map_err(|error| Failure::io(&format!("cannot make {}", files::name(&options.out_dir)), &error))?;
    let mut key_file = WholeFile::begin(&key_path, Readers::Owner)?;
    key_file.write(pem.as_bytes())?;
    let mut trust_file = WholeFile::begin(&trust_path, Readers::Anyone)?;
    trust_file.write(&trust)?;
    key_file.create()?;
    trust_file.create().inspect_err(|_| {
        // A key that no trust store names would only be in the way of the next try.
        let _ = fs::remove_file(&key_path);
    })?;

    let made = Made {
        ok: true,
        issuer: options.issuer.clone(),
        key_id: public.key_id().to_string(),
        public_key: hex::encode(public.as_bytes()),
        algorithm: options.alg.name(),
        encrypted: passphrase.is_some(),
        key_file: key_path.to_string_lossy().into_owned(),
        trust_file: trust_path.to_string_lossy().into_owned(),
    };
    if out.is_json() {
        out.object(&made)?;
    } else {
        let lock = if made.encrypted { "encrypted" } else { "not encrypted" };
        out.line(&format!("key id       {}", made.key_id))?;
        out.line(&format!("private key  {}  ({lock}; for the issuer alone)", files::name(&key_path)))?;
        out.line(&format!("trust store  {}  (for verifiers)", files::name(&trust_path)))?;
        if options.alg != Algorithm::default() {
            let alg = made.algorithm;
            out.line(&format!(
                "algorithm    {alg}: verifiers trust this key for it alone; issue with --alg {alg}"
            ))?;
        }
    }
    Ok(DONE)
}
