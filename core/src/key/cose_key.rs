//! COSE_Key (RFC 9052 section 7, RFC 9053 section 7.2) and COSE_KeySet.
//!
//! Other people write these, so that labels may stand in any order and unknown ones are passed over. The lengths of the
//! map and of what matters in it are definite, and none of the labels that matter stands twice.

use super::{
    Algorithm, ImportedKey, ImportedKeys, SigningKey, VerifyingKey, bounded,
    imported::{Candidate, the_one},
    invalid,
};
use crate::{
    cbor::{Kind, Reader, Writer, WrongShape, item},
    error::{Error, Result},
};
use alloc::vec::Vec;
use zeroize::Zeroizing;

const LABEL_KTY: i64 = 1;
const LABEL_ALG: i64 = 3;
const LABEL_CRV: i64 = -1;
const LABEL_X: i64 = -2;
const LABEL_D: i64 = -4;
const KTY_OKP: i64 = 1;
const CRV_ED25519: i64 = 6;

impl VerifyingKey {
    /// A COSE_Key in the deterministic encoding, with `alg` where one is given.
    #[must_use]
    pub fn to_cose_key(&self, algorithm: Option<Algorithm>) -> Vec<u8> {
        let mut writer = Writer::with_capacity(48);
        writer.map(3 + usize::from(algorithm.is_some())).int(LABEL_KTY).int(KTY_OKP);
        if let Some(algorithm) = algorithm {
            writer.int(LABEL_ALG).int(algorithm.cose_id());
        }
        writer.int(LABEL_CRV).int(CRV_ED25519).int(LABEL_X).bytes(self.as_bytes());
        writer.finish()
    }
}

impl SigningKey {
    /// From a COSE_Key with the private member `d`.
    ///
    /// # Errors
    /// `invalid_key` where it is not one of Ed25519, has no `d`, or its `x` belongs to another key.
    pub fn from_cose_key(bytes: &[u8]) -> Result<Self> {
        let fields = read_one(bytes)?;
        let seed: &[u8; 32] = fields
            .private
            .and_then(|private| private.try_into().ok())
            .ok_or(invalid("the COSE_Key has no secret half of 32 bytes"))?;
        let key = Self::from_seed(seed);
        the_one(fields.candidate()?)?.belongs_to(&key)?;
        Ok(key)
    }

    /// A COSE_Key with `x` and `d` in the deterministic encoding.
    #[must_use]
    pub fn to_cose_key(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::with_capacity(96);
        writer.map(4).int(LABEL_KTY).int(KTY_OKP).int(LABEL_CRV).int(CRV_ED25519);
        writer.int(LABEL_X).bytes(self.verifying_key().as_bytes()).int(LABEL_D).bytes(self.seed());
        Zeroizing::new(writer.finish())
    }
}

/// One COSE_Key, or each of a COSE_KeySet.
pub(super) fn read_keys(bytes: &[u8]) -> Result<ImportedKeys> {
    let mut reader = checked(bytes)?;
    if reader.kind() != Kind::Array {
        return Ok(ImportedKeys::none().with(read_one(bytes)?.candidate()?));
    }
    let wrong = |WrongShape| not_a_cose_key();
    let len = reader.array_of_any_length().map_err(wrong)?;
    let mut found = ImportedKeys::none();
    for _ in 0..len {
        let key = reader.skip().map_err(wrong)?;
        found = found.with(Fields::read(Reader::lenient(key)).map_err(wrong)?.candidate()?);
    }
    Ok(found)
}

fn read_one(bytes: &[u8]) -> Result<Fields<'_>> {
    Fields::read(checked(bytes)?).map_err(|WrongShape| not_a_cose_key())
}

fn checked(bytes: &[u8]) -> Result<Reader<'_>> {
    bounded(bytes)?;
    match item(bytes) {
        Some(item) if item.len == bytes.len() => Ok(Reader::lenient(bytes)),
        _ => Err(not_a_cose_key()),
    }
}

/// A member that is an integer where it is one of ours: other kinds of keys have texts there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Integer {
    Is(i128),
    IsNone,
}

/// The members that matter here.
#[derive(Default)]
struct Fields<'a> {
    kty: Option<Integer>,
    alg: Option<Integer>,
    crv: Option<Integer>,
    public: Option<&'a [u8]>,
    private: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    fn read(mut reader: Reader<'a>) -> core::result::Result<Self, WrongShape> {
        let mut fields = Self::default();
        let mut map = reader.map()?;
        while let Some(entry) = map.next() {
            let label = if entry.kind() == Kind::Integer {
                entry.int()?
            } else {
                entry.skip()?;
                i128::MAX
            };
            match i64::try_from(label) {
                Ok(LABEL_KTY) => set(&mut fields.kty, integer(entry)?)?,
                Ok(LABEL_ALG) => set(&mut fields.alg, integer(entry)?)?,
                Ok(LABEL_CRV) => set(&mut fields.crv, integer(entry)?)?,
                Ok(LABEL_X) => set(&mut fields.public, bytes_or_other(entry)?)?,
                Ok(LABEL_D) => set(&mut fields.private, bytes_or_other(entry)?)?,
                _ => drop(entry.skip()?),
            }
        }
        Ok(fields)
    }

    fn candidate(&self) -> Result<Candidate> {
        let is = |member, value: i64| member == Some(Integer::Is(value.into()));
        let algorithm = match self.alg {
            None => None,
            Some(Integer::IsNone) => return Ok(None),
            Some(Integer::Is(id)) => match Algorithm::from_cose_id(id) {
                Some(algorithm) => Some(algorithm),
                None => return Ok(None),
            },
        };
        if !is(self.kty, KTY_OKP) || !is(self.crv, CRV_ED25519) {
            return Ok(None);
        }
        let public = self
            .public
            .and_then(|public| public.try_into().ok())
            .ok_or(invalid("the COSE_Key has no public half of 32 bytes"))?;
        let key = ImportedKey::new(VerifyingKey::from_bytes(public)?, algorithm);
        if let Some(private) = self.private {
            let seed = private.try_into().map_err(|_| invalid("the secret half is not of 32 bytes"))?;
            key.belongs_to(&SigningKey::from_seed(seed))?;
        }
        Ok(Some(key))
    }
}

fn set<T>(member: &mut Option<T>, value: T) -> core::result::Result<(), WrongShape> {
    match member.replace(value) {
        None => Ok(()),
        Some(_) => Err(WrongShape),
    }
}

fn integer(reader: &mut Reader<'_>) -> core::result::Result<Integer, WrongShape> {
    if reader.kind() == Kind::Integer {
        reader.int().map(Integer::Is)
    } else {
        reader.skip().map(|_| Integer::IsNone)
    }
}

/// What is no byte string here counts as an empty one, which is no key.
fn bytes_or_other<'a>(reader: &mut Reader<'a>) -> core::result::Result<&'a [u8], WrongShape> {
    let mut ahead = *reader;
    reader.skip()?;
    Ok(ahead.bytes().unwrap_or_default())
}

fn not_a_cose_key() -> Error {
    invalid("this is neither a COSE_Key nor a COSE_KeySet")
}
