//! The seeds of the fuzz targets, made from the published test vectors: every presentation, text, trust store and key in
//! them, in the form that the target reads. The seeds of tables are written here.
//!
//! A seed is named after the hash of its bytes, so that the same input is there once, and the same vectors make the same
//! files.

use std::fs;
use std::io;
use std::path::Path;

use kycvs::{IssuerName, Presentation, Timestamp, TrustStore, TrustedKey, Validity, VerifyingKey};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Writes the seeds of every target below `corpus_dir`, a folder for each, and tells how many there are.
///
/// # Errors
/// Where a file of vectors cannot be read or is not as it should be, or a seed cannot be written.
pub(crate) fn write(vectors_dir: &Path, corpus_dir: &Path) -> io::Result<usize> {
    let mut seeds = Seeds::default();
    for file in ["valid.json", "invalid.json"] {
        let file = read(&vectors_dir.join(file))?;
        for case in list(&file, "cases")? {
            let presentation = bytes(case, "presentation")?;
            seeds.presentation(&presentation);
            for trusted in list(&file["trust_stores"], text(case, "trust")?)? {
                seeds.signature(&bytes(trusted, "public_key")?, &presentation);
            }
        }
        for entries in file["trust_stores"].as_object().ok_or_else(|| wrong("trust_stores"))?.values() {
            seeds.add("trust_store", trust_store(entries)?.to_bytes());
        }
    }
    for case in list(&read(&vectors_dir.join("text.json"))?, "cases")? {
        seeds.add("decode_text", text(case, "text")?.into());
    }
    for case in list(&read(&vectors_dir.join("keys.json"))?, "cases")? {
        let input = match text(case, "format")? {
            "raw" | "cose_key" | "cose_key_set" => bytes(case, "input")?,
            _ => text(case, "input")?.into(),
        };
        seeds.add("key_import", input);
    }
    for table in TABLES {
        // The first byte says how often the rest is repeated.
        seeds.add("tables", format!("\0{table}").into());
    }
    seeds.write(corpus_dir)
}

/// Tables as people save them: every line end, separator and kind of cell.
const TABLES: [&str; 7] = [
    "mobile,name,doses\n9876543210,Asha R. Verma,2\n\n,,\n+91 98765 43211,\"Rao, Ravi\",1\n",
    "\u{feff}Name ; MOBILE;doses\r\nAsha;9876543210;\u{968}\r\n;;\r\n",
    "sep=;\rname;doses\r\"Asha\r\"\"R.\"\"\";2\r",
    "\"sep=|\"\n\"name\"|\"doses\"\n\"never closed|2\nRavi|1\n",
    "name\tdoses\n\u{a0}\t\u{3000}\n\u{200b}Asha\u{202c}\t2",
    "name\u{ff0c}doses\nAsha\u{ff0c}2\n",
    "name,doses\nAsha\nRavi,2,3\n\"\",\"\"\n",
];

/// Target and bytes.
#[derive(Default)]
struct Seeds(Vec<(&'static str, Vec<u8>)>);

impl Seeds {
    fn add(&mut self, target: &'static str, bytes: Vec<u8>) {
        self.0.push((target, bytes));
    }

    fn presentation(&mut self, bytes: &[u8]) {
        // Longer ones would be refused unread, and the length of the one below has to fit in two bytes.
        if bytes.len() > 4_096 {
            return;
        }
        self.add("decode_token", bytes.to_vec());
        self.add("notation", bytes.to_vec());
        if let Ok(presentation) = Presentation::from_bytes(bytes) {
            self.add("decode_text", presentation.to_text().into());
            self.add("decode_text", presentation.to_base64url().into());
            self.add("verify", verify_input(bytes));
        }
    }

    /// As `fuzz/fuzz_targets/ed25519.rs` reads it: two bytes that choose a change, the key, the signature, and what is signed.
    fn signature(&mut self, key: &[u8], presentation: &[u8]) {
        if let Ok(presentation) = Presentation::from_bytes(presentation) {
            let token = presentation.token();
            let message = sig_structure(token.protected_bytes(), token.payload_bytes());
            self.add("ed25519", [&[0, 0], key, token.signature(), &message].concat());
        }
    }

    fn write(self, corpus_dir: &Path) -> io::Result<usize> {
        let mut names = std::collections::BTreeSet::new();
        for (target, bytes) in self.0 {
            let folder = corpus_dir.join(target);
            fs::create_dir_all(&folder)?;
            let path = folder.join(hex::encode(&Sha256::digest(&bytes)[..10]));
            fs::write(&path, bytes)?;
            names.insert(path);
        }
        Ok(names.len())
    }
}

/// As `fuzz/fuzz_targets/verify.rs` reads it: the length in two bytes, the presentation, and bytes from which settings and
/// changes are made. Which ones does not matter; they are others for each presentation.
fn verify_input(presentation: &[u8]) -> Vec<u8> {
    let mut input = u16::try_from(presentation.len()).unwrap_or_default().to_be_bytes().to_vec();
    input.extend_from_slice(presentation);
    input.extend(Sha256::digest(presentation));
    input.extend(Sha256::digest(&input));
    input
}

/// The bytes that a token's signature covers: `["Signature1", protected, h'', payload]` (SPEC.md section 4.6).
fn sig_structure(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let head = |bytes: &[u8]| match u8::try_from(bytes.len()) {
        Ok(length @ 0..24) => vec![0x40 | length],
        Ok(length) => vec![0x58, length],
        Err(_) => [&[0x59][..], &u16::try_from(bytes.len()).unwrap_or_default().to_be_bytes()].concat(),
    };
    [b"\x84\x6aSignature1", &head(protected)[..], protected, b"\x40", &head(payload), payload].concat()
}

fn trust_store(entries: &Value) -> io::Result<TrustStore> {
    let mut store = TrustStore::new();
    for entry in entries.as_array().ok_or_else(|| wrong("a trust store"))? {
        let time = |name: &str| entry[name].as_u64().map(Timestamp::from_secs);
        let key = bytes(entry, "public_key")?;
        let key =
            VerifyingKey::from_bytes(&key.try_into().map_err(|_| wrong("public_key"))?).map_err(other)?;
        let issuer = IssuerName::new(text(entry, "issuer")?).map_err(other)?;
        let mut trusted = TrustedKey::new(issuer, key)
            .with_algorithm(text(entry, "algorithm")?.parse().map_err(other)?)
            .with_validity(Validity::new(time("not_before"), time("not_after")).map_err(other)?);
        if entry["withdrawn"] == true {
            trusted = trusted.withdrawn();
        }
        store.add(trusted).map_err(other)?;
    }
    Ok(store)
}

fn read(path: &Path) -> io::Result<Value> {
    let json = fs::read(path).map_err(|error| {
        io::Error::new(error.kind(), format!("{} cannot be read: {error}", path.display()))
    })?;
    serde_json::from_slice(&json).map_err(io::Error::from)
}

fn list<'a>(object: &'a Value, name: &str) -> io::Result<&'a [Value]> {
    object[name].as_array().map(Vec::as_slice).ok_or_else(|| wrong(name))
}

fn text<'a>(object: &'a Value, name: &str) -> io::Result<&'a str> {
    object[name].as_str().ok_or_else(|| wrong(name))
}

fn bytes(object: &Value, name: &str) -> io::Result<Vec<u8>> {
    hex::decode(text(object, name)?).map_err(|_| wrong(name))
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the test vectors are not as they should be: {what}"))
}

fn other(error: kycvs::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
