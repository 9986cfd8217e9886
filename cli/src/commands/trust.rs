//! `kycvs trust`: the trust store as a file.

use std::path::Path;

use ciborium_ll::{Encoder, Header};
use kycvs::{ImportedKeys, IssuerName, KeyId, TrustStore, TrustedKey, Validity};
use serde::Serialize;

use crate::args::{KeyFormat, Trust, TrustAdd, TrustExport, TrustKeys, TrustList};
use crate::failure::{DONE, Failure, Result};
use crate::files::{self, Lock, Readers};
use crate::output::{Output, shown};
use crate::times;

pub(crate) fn run(command: &Trust, out: &mut Output) -> Result<u8> {
    match command {
        Trust::Add(options) => add(options, out),
        Trust::List(options) => list(options, out),
        Trust::Withdraw(options) => change(options, "withdrawn", TrustStore::withdraw, out),
        Trust::Remove(options) => change(options, "removed", TrustStore::remove, out),
        Trust::Export(options) => export(options, out),
    }
}

#[derive(Serialize)]
struct Addition {
    ok: bool,
    added: Vec<String>,
    skipped: usize,
    keys: usize,
}

fn add(options: &TrustAdd, out: &mut Output) -> Result<u8> {
    let issuer = IssuerName::new(options.issuer.as_str())?;
    in_its_place(&options.trust)?;
    let validity = Validity::new(options.not_before, options.not_after)
        .map_err(|_| Failure::Usage("--not-after must be later than --not-before".into()))?;
    let file = files::read_keys(&options.key_file)?;
    let imported =
        ImportedKeys::read(&file).map_err(|error| Failure::from(error).at(files::name(&options.key_file)))?;

    let _lock = Lock::of(&options.trust)?;
    let mut store = match options.trust.symlink_metadata() {
        Ok(_) => files::read_trust(&options.trust)?,
        Err(_) => TrustStore::new(),
    };
    if let Some(known) =
        store.keys().find(|known| imported.keys().iter().any(|imported| imported.key() == known.key()))
    {
        let id = known.key_id();
        let withdrawn = if known.is_withdrawn() { " (withdrawn)" } else { "" };
        let place = files::name(&options.trust);
        return Err(Failure::Usage(format!(
            "the key {id} is in {place} already{withdrawn}: remove it first"
        )));
    }
    for imported in imported.keys() {
        let id = imported.key().key_id();
        let at_key = |error: kycvs::Error| Failure::from(error).at(format!("key {id}"));
        let key = TrustedKey::of_imported(issuer.clone(), imported, options.alg).map_err(|error| {
            match (imported.algorithm(), options.alg) {
                (Some(named), Some(wanted)) => Failure::Usage(format!(
                    "the file names {named} for the key {id}, and --alg says {wanted}"
                )),
                _ => at_key(error),
            }
        })?;
        store.add(key.with_validity(validity)).map_err(at_key)?;
    }
    files::write_whole(&options.trust, &store.to_bytes(), Readers::Anyone)?;

    let added: Vec<_> = imported.keys().iter().map(|imported| imported.key().key_id().to_string()).collect();
    if out.is_json() {
        out.object(&Addition { ok: true, added, skipped: imported.skipped(), keys: store.len() })?;
        return Ok(DONE);
    }
    for id in &added {
        out.line(&format!("added {id} for {}", shown(&options.issuer)))?;
    }
    if imported.skipped() > 0 {
        out.line(&format!("skipped {} of another kind", counted(imported.skipped(), "key")))?;
    }
    Ok(DONE)
}

#[derive(Serialize)]
struct Listed {
    ok: bool,
    keys: Vec<KeyObject>,
}

#[derive(Serialize)]
struct KeyObject {
    key_id: String,
    issuer: String,
    algorithm: &'static str,
    public_key: String,
    not_before: Option<String>,
    not_after: Option<String>,
    withdrawn: bool,
}

impl KeyObject {
    fn new(key: &TrustedKey) -> Self {
        Self {
            key_id: key.key_id().to_string(),
            issuer: key.issuer().to_string(),
            algorithm: key.algorithm().name(),
            public_key: hex::encode(key.key().as_bytes()),
            not_before: key.validity().not_before().map(times::time),
            not_after: key.validity().not_after().map(times::time),
            withdrawn: key.is_withdrawn(),
        }
    }

    fn validity(&self) -> String {
        match (&self.not_before, &self.not_after, self.withdrawn) {
            (_, _, true) => "WITHDRAWN".into(),
            (None, None, _) => "always".into(),
            (Some(from), None, _) => format!("from {}", times::shown(from)),
            (None, Some(to), _) => format!("before {}", times::shown(to)),
            (Some(from), Some(to), _) => {
                format!("from {}, before {}", times::shown(from), times::shown(to))
            }
        }
    }
}

fn list(options: &TrustList, out: &mut Output) -> Result<u8> {
    let store = files::read_trust(&options.trust)?;
    let keys: Vec<_> = store.keys().map(KeyObject::new).collect();
    if out.is_json() {
        out.object(&Listed { ok: true, keys })?;
        return Ok(DONE);
    }
    if keys.is_empty() {
        out.line("no keys")?;
        return Ok(DONE);
    }
    let issuers: Vec<_> = keys.iter().map(|key| shown(&key.issuer).into_owned()).collect();
    let width =
        issuers.iter().map(|issuer| issuer.chars().count()).chain(["ISSUER".len()]).max().unwrap_or_default();
    out.line(&format!(
        "{:<16}  {:<9}  {:<width$}  VALID FOR ANSWERS ISSUED",
        "KEY ID", "ALGORITHM", "ISSUER"
    ))?;
    for (key, issuer) in keys.iter().zip(issuers) {
        let validity = key.validity();
        out.line(&format!("{}  {:<9}  {issuer:<width$}  {validity}", key.key_id, key.algorithm))?;
    }
    Ok(DONE)
}

#[derive(Serialize)]
struct Change {
    ok: bool,
    changed: usize,
    keys: usize,
}

fn change(
    options: &TrustKeys,
    done: &str,
    change: impl Fn(&mut TrustStore, &KeyId) -> usize,
    out: &mut Output,
) -> Result<u8> {
    in_its_place(&options.trust)?;
    let _lock = Lock::of(&options.trust)?;
    let mut store = files::read_trust(&options.trust)?;
    let mut changed = 0;
    for id in &options.key_ids {
        if !store.keys().any(|key| key.key_id() == *id) {
            return Err(Failure::Usage(format!("{} has no key {id}", files::name(&options.trust))));
        }
        changed += change(&mut store, id);
    }
    files::write_whole(&options.trust, &store.to_bytes(), Readers::Anyone)?;
    if out.is_json() {
        out.object(&Change { ok: true, changed, keys: store.len() })?;
    } else {
        out.line(&format!("{done}: {}", counted(changed, "key")))?;
    }
    Ok(DONE)
}

/// A store that is changed must have a place of its own.
fn in_its_place(trust: &Path) -> Result<()> {
    if files::is_stdin(trust) {
        return Err(Failure::Usage("a trust store is changed in its place: --trust needs a file".into()));
    }
    Ok(())
}

#[derive(Serialize)]
struct Exported {
    ok: bool,
    format: &'static str,
    keys: usize,
    /// Keys that are withdrawn.
    left_out: usize,
    /// The file's text, or the hex of its bytes where it is binary.
    data: String,
    out: Option<String>,
}

#[derive(Serialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

fn export(options: &TrustExport, out: &mut Output) -> Result<u8> {
    let target = files::out_file(options.out.as_deref(), &[Some(&options.trust)])?;
    let store = files::read_trust(&options.trust)?;
    // A key that was withdrawn must not come back to life in a form that cannot say so.
    let (withdrawn, keys): (Vec<_>, Vec<_>) = store
        .keys()
        .filter(|key| options.issuer.as_deref().is_none_or(|issuer| key.issuer().as_str() == issuer))
        .partition(|key| key.is_withdrawn());
    if keys.is_empty() {
        return Err(Failure::Usage(format!("{} has no key to export", files::name(&options.trust))));
    }
    if !options.drop_windows {
        no_window_is_lost(&keys)?;
    }
    let (format, file) = match options.format {
        KeyFormat::Jwks => ("jwks", jwks(&keys)?),
        KeyFormat::Pem => ("pem", keys.iter().map(|key| key.key().to_pem()).collect::<String>().into_bytes()),
        KeyFormat::Cose => ("cose", cose_key_set(&keys)?),
    };
    if let Some(path) = target {
        files::replaces_only(path, "public key", |content| ImportedKeys::read(content).is_ok())?;
        files::write_whole(path, &file, Readers::Anyone)?;
    }
    if !withdrawn.is_empty() {
        out.note(&format!(
            "left out {}, because no key file can say that",
            counted(withdrawn.len(), "withdrawn key")
        ));
    }
    if out.is_json() {
        let data = if options.format == KeyFormat::Cose {
            hex::encode(&file)
        } else {
            String::from_utf8_lossy(&file).into_owned()
        };
        let path = target.map(Path::to_string_lossy).map(Into::into);
        let left_out = withdrawn.len();
        out.object(&Exported { ok: true, format, keys: keys.len(), left_out, data, out: path })?;
    } else if let Some(path) = target {
        out.line(&format!("wrote {} ({})", files::name(path), counted(keys.len(), "key")))?;
    } else if options.format == KeyFormat::Cose && out.is_terminal() {
        return Err(Failure::Usage("a COSE_KeySet is binary: give --out FILE".into()));
    } else {
        out.bytes(&file)?;
    }
    Ok(DONE)
}

/// None of the forms can say when a key is trusted. Whoever adds such a file would trust the key always, after its window
/// too.
fn no_window_is_lost(keys: &[&TrustedKey]) -> Result<()> {
    match keys.iter().find(|key| key.validity() != Validity::always()) {
        None => Ok(()),
        Some(key) => Err(Failure::Usage(format!(
            "the key {} is trusted {} only, and no key file can say that: give verifiers a copy of the trust store, or say \
             --drop-windows to export it without",
            key.key_id(),
            KeyObject::new(key).validity()
        ))),
    }
}

fn jwks(keys: &[&TrustedKey]) -> Result<Vec<u8>> {
    let failed = |error: serde_json::Error| Failure::Io(error.to_string());
    let keys: std::result::Result<_, _> =
        keys.iter().map(|key| serde_json::from_str(&key.key().to_jwk(Some(key.algorithm())))).collect();
    let mut file = serde_json::to_vec_pretty(&KeySet { keys: keys.map_err(failed)? }).map_err(failed)?;
    file.push(b'\n');
    Ok(file)
}

/// A COSE_KeySet (RFC 9052 section 7). In a set, libraries look for the key whose `kid` a token names: each key has one.
/// The labels are in the order of the deterministic encoding.
fn cose_key_set(keys: &[&TrustedKey]) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = Encoder::from(&mut file);
    let mut write = || {
        encoder.push(Header::Array(Some(keys.len())))?;
        for key in keys {
            encoder.push(Header::Map(Some(5)))?;
            for number in [label::KTY, label::OKP, label::KID] {
                encoder.push(integer(number))?;
            }
            encoder.bytes(key.key_id().as_bytes(), None)?;
            for number in [label::ALG, key.algorithm().cose_id(), label::CRV, label::ED25519, label::X] {
                encoder.push(integer(number))?;
            }
            encoder.bytes(key.key().as_bytes(), None)?;
        }
        Ok::<_, ciborium_ll::Error<_>>(())
    };
    write().map_err(|_| Failure::Io("the keys could not be written".into()))?;
    Ok(file)
}

fn integer(number: i64) -> Header {
    u64::try_from(number).map_or_else(|_| Header::Negative(number.unsigned_abs() - 1), Header::Positive)
}

/// Labels and values of a COSE_Key (RFC 9052 section 7.1, RFC 9053 section 7.2).
mod label {
    pub(super) const KTY: i64 = 1;
    pub(super) const KID: i64 = 2;
    pub(super) const ALG: i64 = 3;
    pub(super) const CRV: i64 = -1;
    pub(super) const X: i64 = -2;
    pub(super) const OKP: i64 = 1;
    pub(super) const ED25519: i64 = 6;
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
