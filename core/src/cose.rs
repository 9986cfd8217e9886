//! COSE_Sign1 (RFC 9052 section 4.2) with the one protected header that a status token has.
//!
//! Stands on [`cbor`](crate::cbor); knows nothing of status, keys or trust.

use crate::cbor::{Reader, Writer, WrongShape};
use alloc::vec::Vec;

/// `typ` (RFC 9596): keeps a status token apart from every other thing that the key could sign.
pub(crate) const TYP: &str = "application/kycvs+cwt";

/// The CBOR tag of COSE_Sign1.
const TAG_SIGN1: u8 = 18;

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
        reader.tag(TAG_SIGN1.into())?;
        reader.array(4)?;
        let protected = reader.bytes()?;
        reader.map()?.end()?;
        let payload = reader.bytes()?;
        let signature = reader.bytes_of()?;
        Ok(Self { protected, payload, signature })
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
pub(crate) struct SigStructure {
    bytes: Vec<u8>,
    /// Where `h''` is.
    external_aad: usize,
}

impl SigStructure {
    const BEGIN: &[u8] = b"\x84\x6aSignature1";

    pub(crate) fn new(protected: &[u8], payload: &[u8]) -> Self {
        Self::with(protected, |writer| _ = writer.bytes(payload))
    }

    /// With a payload that is written where it is to be.
    pub(crate) fn around(protected: &[u8], write_payload: impl FnOnce(&mut Writer)) -> Self {
        Self::with(protected, |writer| _ = writer.bytes_written_by(write_payload))
    }

    #[inline]
    fn with(protected: &[u8], write_last: impl FnOnce(&mut Writer)) -> Self {
        // Enough for nearly all, with a signature, and with the opening that may come behind.
        let mut writer = Writer::with_capacity(320);
        let external_aad = writer.raw(Self::BEGIN).bytes(protected).len();
        write_last(writer.bytes(b""));
        Self { bytes: writer.finish(), external_aad }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The COSE_Sign1 with this signature, in the same memory: the two have another beginning, another item between
    /// header and payload, and the signature behind.
    pub(crate) fn signed(self, signature: &[u8; 64]) -> Vec<u8> {
        let Self { mut bytes, external_aad } = self;
        bytes[external_aad] = EMPTY_MAP;
        bytes[..SIGN1.len()].copy_from_slice(&SIGN1);
        bytes.copy_within(Self::BEGIN.len().., SIGN1.len());
        bytes.truncate(bytes.len() - (Self::BEGIN.len() - SIGN1.len()));
        Writer::behind(bytes).bytes(signature).finish()
    }
}

/// How a COSE_Sign1 begins: its tag, and an array of four.
const SIGN1: [u8; 2] = [0xc0 | TAG_SIGN1, 0x84];
/// The unprotected header.
const EMPTY_MAP: u8 = 0xa0;
