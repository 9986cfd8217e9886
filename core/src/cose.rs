//! COSE_Sign1 (RFC 9052 section 4.2) with the one protected header that a status token has.
//!
//! Stands on [`cbor`](crate::cbor); knows nothing of status, keys or trust.

use crate::cbor::{Reader, Writer, WrongShape};
use alloc::vec::Vec;

/// `typ` (RFC 9596): keeps a status token apart from every other thing that the key could sign.
pub(crate) const TYP: &str = "application/kycvs+cwt";

/// The CBOR tag of COSE_Sign1.
const TAG_SIGN1: u64 = 18;

/// Labels of the protected header (RFC 9052 section 3.1 and RFC 9596).
const LABEL_ALG: i64 = 1;
const LABEL_KID: i64 = 4;
const LABEL_TYP: i64 = 16;

/// The four parts of `#6.18([protected, {}, payload, signature])`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sign1<'a> {
    pub(crate) protected: &'a [u8],
    pub(crate) payload: &'a [u8],
    pub(crate) signature: &'a [u8; 64],
}

impl<'a> Sign1<'a> {
    /// Reads the one at the front of what is left.
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, WrongShape> {
        reader.tag(TAG_SIGN1)?;
        reader.array(4)?;
        let protected = reader.bytes()?;
        reader.map()?.end()?;
        let payload = reader.bytes()?;
        let signature = reader.bytes_of()?;
        Ok(Self { protected, payload, signature })
    }

    pub(crate) fn to_bytes(self) -> Vec<u8> {
        // With room for headers and signature, and for the opening that may come behind.
        let mut writer = Writer::with_capacity(self.protected.len() + self.payload.len() + 100);
        writer.tag(TAG_SIGN1).array(4).bytes(self.protected).map(0).bytes(self.payload).bytes(self.signature);
        writer.finish()
    }
}

/// What the protected header says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProtectedHeader<'a> {
    pub(crate) alg: i128,
    pub(crate) kid: &'a [u8; 8],
}

impl<'a> ProtectedHeader<'a> {
    /// Reads the deterministic encoding of a header, and nothing behind it.
    pub(crate) fn read(layer: &'a [u8]) -> Result<Self, WrongShape> {
        let mut reader = Reader::deterministic(layer);
        let mut map = reader.map()?;
        let alg = map.required(LABEL_ALG)?.int()?;
        let kid = map.required(LABEL_KID)?.bytes_of()?;
        if map.required(LABEL_TYP)?.text()? != TYP {
            return Err(WrongShape);
        }
        map.end()?;
        reader.end()?;
        Ok(Self { alg, kid })
    }

    pub(crate) fn write(alg: i64, kid: [u8; 8]) -> Vec<u8> {
        let mut writer = Writer::with_capacity(40);
        writer.map(3).int(LABEL_ALG).int(alg).int(LABEL_KID).bytes(&kid).int(LABEL_TYP).text(TYP);
        writer.finish()
    }
}

/// What is signed: `["Signature1", protected, h'', payload]` (RFC 9052 section 4.4).
pub(crate) struct SigStructure(Vec<u8>);

impl SigStructure {
    pub(crate) fn new(protected: &[u8], payload: &[u8]) -> Self {
        let mut writer = Writer::with_capacity(protected.len() + payload.len() + 32);
        writer.array(4).text("Signature1").bytes(protected).bytes(b"").bytes(payload);
        Self(writer.finish())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
