//! The claims on the wire: the map of `SPEC.md`, read without a copy and written in the same order.

use super::{
    Audience, Claims, IssuerName, Nonce, Purpose, Status, StatusListRef, TokenId, lives, values::fits,
};
use crate::{
    cbor::{Reader, Writer, WrongShape},
    subject::Commitment,
    time::Timestamp,
};

/// Keys of the claims set (RFC 8392 section 4, RFC 9711, Token Status List) in the order of the encoding.
const ISS: i64 = 1;
const AUD: i64 = 3;
const EXP: i64 = 4;
const IAT: i64 = 6;
const CTI: i64 = 7;
const EAT_NONCE: i64 = 10;
const STATUS_LIST_CLAIM: i64 = 65_535;
const KYCVS: i64 = -65_537;

/// Keys within the private claim.
const STATUS: i64 = 0;
const COMMITMENT: i64 = 1;
const PURPOSE: i64 = 2;
const SPECIMEN: i64 = 3;

/// [`Claims`] that borrow: from a token's bytes, from a [`Claims`], or from what an issuer is to say. All bounds have been checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawClaims<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) audience: Option<&'a str>,
    pub(crate) expires_at: Timestamp,
    pub(crate) issued_at: Timestamp,
    pub(crate) token_id: &'a [u8; 16],
    pub(crate) nonce: Option<&'a [u8]>,
    pub(crate) status_list: Option<(u64, &'a str)>,
    pub(crate) status: Status,
    pub(crate) commitment: Option<&'a [u8; 32]>,
    pub(crate) purpose: &'a str,
    pub(crate) specimen: bool,
}

impl<'a> RawClaims<'a> {
    pub(crate) fn of(claims: &'a Claims) -> Self {
        Self {
            issuer: claims.issuer.as_str(),
            audience: claims.audience.as_ref().map(Audience::as_str),
            expires_at: claims.expires_at,
            issued_at: claims.issued_at,
            token_id: claims.token_id.as_bytes(),
            nonce: claims.nonce.as_ref().map(Nonce::as_bytes),
            status_list: claims.status_list.as_ref().map(|list| (list.index(), list.uri())),
            status: claims.status,
            commitment: claims.commitment.as_ref().map(Commitment::as_bytes),
            purpose: claims.purpose.as_str(),
            specimen: claims.specimen,
        }
    }

    pub(crate) fn to_claims(self) -> Claims {
        Claims {
            issuer: IssuerName::of_checked(self.issuer),
            audience: self.audience.map(Audience::of_checked),
            expires_at: self.expires_at,
            issued_at: self.issued_at,
            token_id: TokenId::from_bytes(*self.token_id),
            nonce: self.nonce.map(Nonce::of_checked),
            status_list: self.status_list.map(|(index, uri)| StatusListRef::of_checked(index, uri)),
            status: self.status,
            commitment: self.commitment.map(|bytes| Commitment::from_bytes(*bytes)),
            purpose: Purpose::of_checked(self.purpose),
            specimen: self.specimen,
        }
    }

    /// Reads the deterministic encoding of a claims set, and nothing behind it.
    pub(crate) fn read(layer: &'a [u8]) -> Result<Self, WrongShape> {
        let mut reader = Reader::deterministic(layer);
        let mut map = reader.map()?;
        let issuer = short_text(map.required(ISS)?)?;
        let audience = map.optional(AUD).map(short_text).transpose()?;
        let expires_at = Timestamp::from_secs(map.required(EXP)?.uint()?);
        let issued_at = Timestamp::from_secs(map.required(IAT)?.uint()?);
        let token_id = map.required(CTI)?.bytes_of()?;
        let nonce = map.optional(EAT_NONCE).map(nonce).transpose()?;
        let status_list = map.optional(STATUS_LIST_CLAIM).map(status_list).transpose()?;
        let mut own = map.required(KYCVS)?.map()?;
        let status = Status::from_number(own.required(STATUS)?.uint()?).ok_or(WrongShape)?;
        let commitment = own.optional(COMMITMENT).map(Reader::bytes_of).transpose()?;
        let purpose = short_text(own.required(PURPOSE)?)?;
        let specimen = own.optional(SPECIMEN).map(Reader::literal_true).transpose()?.is_some();
        own.end()?;
        map.end()?;
        reader.end()?;
        if !lives(issued_at, expires_at) {
            return Err(WrongShape);
        }
        Ok(Self {
            issuer,
            audience,
            expires_at,
            issued_at,
            token_id,
            nonce,
            status_list,
            status,
            commitment,
            purpose,
            specimen,
        })
    }

    pub(crate) fn write_to(&self, writer: &mut Writer) {
        let optional = [self.audience.is_some(), self.nonce.is_some(), self.status_list.is_some()];
        writer.map(5 + count(&optional)).int(ISS).text(self.issuer);
        if let Some(audience) = self.audience {
            writer.int(AUD).text(audience);
        }
        writer.int(EXP).uint(self.expires_at.as_secs()).int(IAT).uint(self.issued_at.as_secs());
        writer.int(CTI).bytes(self.token_id);
        if let Some(nonce) = self.nonce {
            writer.int(EAT_NONCE).bytes(nonce);
        }
        if let Some((index, uri)) = self.status_list {
            writer.int(STATUS_LIST_CLAIM).map(1).text("status_list");
            writer.map(2).text("idx").uint(index).text("uri").text(uri);
        }
        writer.int(KYCVS).map(2 + count(&[self.commitment.is_some(), self.specimen]));
        writer.int(STATUS).uint(self.status.number().into());
        if let Some(commitment) = self.commitment {
            writer.int(COMMITMENT).bytes(commitment);
        }
        writer.int(PURPOSE).text(self.purpose);
        if self.specimen {
            writer.int(SPECIMEN).literal_true();
        }
    }
}

fn short_text<'a>(reader: &mut Reader<'a>) -> Result<&'a str, WrongShape> {
    reader.text().and_then(|text| if fits(text) { Ok(text) } else { Err(WrongShape) })
}

fn nonce<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], WrongShape> {
    reader.bytes().and_then(|bytes| if Nonce::fits(bytes) { Ok(bytes) } else { Err(WrongShape) })
}

fn status_list<'a>(reader: &mut Reader<'a>) -> Result<(u64, &'a str), WrongShape> {
    let mut claim = reader.map()?;
    let mut list = claim.required_text("status_list")?.map()?;
    let index = list.required_text("idx")?.uint()?;
    let uri = list.required_text("uri")?.text()?;
    list.end()?;
    claim.end()?;
    if StatusListRef::uri_fits(uri) { Ok((index, uri)) } else { Err(WrongShape) }
}

fn count(flags: &[bool]) -> usize {
    flags.iter().filter(|&&flag| flag).count()
}
