//! The trust store as a file.

use super::{TrustStore, TrustedKey, Validity, bad_store};
use crate::{
    cbor::{Reader, Writer, WrongShape, layer},
    claims::IssuerName,
    error::{Error, Result},
    key::{Algorithm, VerifyingKey},
    time::Timestamp,
};
use alloc::vec::Vec;

/// What the file says that it is.
const FORMAT: &str = "kycvs/trust/1";

/// Keys of the file's map, and of each entry's.
const FORMAT_KEY: i64 = 0;
const ENTRIES: i64 = 1;
const ISSUER: i64 = 0;
const ALG: i64 = 1;
const KEY: i64 = 2;
const NOT_BEFORE: i64 = 3;
const NOT_AFTER: i64 = 4;
const WITHDRAWN: i64 = 5;

pub(super) fn read(bytes: &[u8]) -> Result<TrustStore> {
    if bytes.len() > TrustStore::MAX_BYTES {
        return Err(bad_store("it is over 1 MiB"));
    }
    layer(bytes).map_err(|_| bad_store("it is cut short, damaged or not deterministic"))?;
    let mut entries = open(bytes).map_err(wrong_shape)?;
    let len = entries.array_of_any_length().map_err(wrong_shape)?;
    if len > TrustStore::MAX_KEYS {
        return Err(bad_store("it has over 4,096 keys"));
    }
    let mut store = TrustStore::new();
    for _ in 0..len {
        let key = entry(&mut entries)?;
        if store.keys.last().is_some_and(|last| last.order() >= key.order()) {
            return Err(bad_store("its keys are out of order"));
        }
        store.keys.push(key);
    }
    entries.end().map_err(wrong_shape)?;
    store.reindex();
    if has_a_key_twice(&store) {
        return Err(bad_store("it has a key twice"));
    }
    Ok(store)
}

/// A reader in front of the array of entries, which ends the file.
fn open(bytes: &[u8]) -> core::result::Result<Reader<'_>, WrongShape> {
    let mut reader = Reader::deterministic(bytes);
    let mut map = reader.map()?;
    if map.required(FORMAT_KEY)?.text()? != FORMAT {
        return Err(WrongShape);
    }
    let entries = *map.required(ENTRIES)?;
    map.end()?;
    Ok(entries)
}

fn entry(reader: &mut Reader<'_>) -> Result<TrustedKey> {
    let fields = Fields::read(reader).map_err(wrong_shape)?;
    let key = VerifyingKey::from_bytes(fields.key)
        .map_err(|_| bad_store("it has a key that must not be trusted"))?;
    Ok(TrustedKey {
        issuer: IssuerName::new(fields.issuer)
            .map_err(|_| bad_store("an issuer's name has 1 to 64 bytes"))?,
        key,
        algorithm: Algorithm::from_cose_id(fields.alg).ok_or(bad_store("it names another algorithm"))?,
        validity: Validity::new(fields.not_before, fields.not_after)?,
        withdrawn: fields.withdrawn,
    })
}

struct Fields<'a> {
    issuer: &'a str,
    alg: i128,
    key: &'a [u8; 32],
    not_before: Option<Timestamp>,
    not_after: Option<Timestamp>,
    withdrawn: bool,
}

impl<'a> Fields<'a> {
    fn read(reader: &mut Reader<'a>) -> core::result::Result<Self, WrongShape> {
        let time = |reader: &mut Reader<'a>| reader.uint().map(Timestamp::from_secs);
        let mut map = reader.map()?;
        let fields = Self {
            issuer: map.required(ISSUER)?.text()?,
            alg: map.required(ALG)?.int()?,
            key: map.required(KEY)?.bytes_of()?,
            not_before: map.optional(NOT_BEFORE).map(time).transpose()?,
            not_after: map.optional(NOT_AFTER).map(time).transpose()?,
            withdrawn: map.optional(WITHDRAWN).map(Reader::literal_true).transpose()?.is_some(),
        };
        map.end()?;
        Ok(fields)
    }
}

pub(super) fn write(store: &TrustStore) -> Vec<u8> {
    let mut writer = Writer::with_capacity(32 + 128 * store.keys.len());
    writer.map(2).int(FORMAT_KEY).text(FORMAT).int(ENTRIES).array(store.keys.len());
    for key in &store.keys {
        let (not_before, not_after) = (key.validity.not_before, key.validity.not_after);
        let optional = [not_before.is_some(), not_after.is_some(), key.withdrawn];
        writer.map(3 + optional.iter().filter(|&&there| there).count());
        writer.int(ISSUER).text(key.issuer.as_str()).int(ALG).int(key.algorithm.cose_id());
        writer.int(KEY).bytes(key.key.as_bytes());
        if let Some(time) = not_before {
            writer.int(NOT_BEFORE).uint(time.as_secs());
        }
        if let Some(time) = not_after {
            writer.int(NOT_AFTER).uint(time.as_secs());
        }
        if key.withdrawn {
            writer.int(WITHDRAWN).literal_true();
        }
    }
    writer.finish()
}

fn has_a_key_twice(store: &TrustStore) -> bool {
    let mut keys: Vec<&[u8; 32]> = store.keys.iter().map(|key| key.key.as_bytes()).collect();
    keys.sort_unstable();
    keys.windows(2).any(|pair| pair[0] == pair[1])
}

fn wrong_shape(WrongShape: WrongShape) -> Error {
    bad_store("it is CBOR of another shape")
}
