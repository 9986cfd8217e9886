//! A token in pieces, each of which a case may replace before the next is built on it.

use sha2::{Digest, Sha256};

use super::ed25519::Key;
use super::raw::{ARRAY, BYTES, Map, TAG, TEXT, TRUE, array, bytes, head, int, join, text, uint};

pub(super) const TYP: &str = "application/kycvs+cwt";
pub(super) const ISSUER: &str = "in.gov.cowin";
pub(super) const AUDIENCE: &str = "irctc.co.in";
pub(super) const PURPOSE: &str = "rail-booking";
pub(super) const ISSUED_AT: u64 = 1_790_000_000;
pub(super) const NOW: u64 = 1_790_000_300;
pub(super) const EXPIRES_AT: u64 = 1_790_000_900;
/// The challenge of every request that is not about challenges.
pub(super) const NONCE: [u8; 16] = *b"a test challenge";

pub(super) const EDDSA: i64 = -8;
pub(super) const ED25519: i64 = -19;

pub(super) const ISS: i64 = 1;
pub(super) const AUD: i64 = 3;
pub(super) const EXP: i64 = 4;
pub(super) const IAT: i64 = 6;
pub(super) const CTI: i64 = 7;
pub(super) const EAT_NONCE: i64 = 10;
pub(super) const STATUS_LIST: i64 = 65_535;
pub(super) const ANSWER: i64 = -65_537;

/// What a token says, in plain values: the claims and the expected verdict are both made of it.
#[derive(Clone)]
pub(super) struct Facts {
    pub(super) status: u8,
    pub(super) issuer: String,
    pub(super) audience: Option<String>,
    pub(super) purpose: String,
    pub(super) issued_at: u64,
    pub(super) expires_at: u64,
    pub(super) token_id: [u8; 16],
    pub(super) nonce: Option<Vec<u8>>,
    pub(super) status_list: Option<(u64, String)>,
    pub(super) commitment: Option<[u8; 32]>,
    pub(super) specimen: bool,
}

impl Facts {
    /// The answer that most cases are about; its token id comes from the case's id.
    pub(super) fn of_case(id: &str) -> Self {
        Self {
            status: 2,
            issuer: ISSUER.into(),
            audience: Some(AUDIENCE.into()),
            purpose: PURPOSE.into(),
            issued_at: ISSUED_AT,
            expires_at: EXPIRES_AT,
            token_id: derived("token id", id),
            nonce: Some(NONCE.into()),
            status_list: None,
            commitment: None,
            specimen: false,
        }
    }

    pub(super) fn answer(&self) -> Map {
        let mut answer = Map::new(vec![(int(0), uint(self.status.into()))]);
        if let Some(commitment) = self.commitment {
            answer.set(1, bytes(&commitment));
        }
        answer.set(2, text(&self.purpose));
        if self.specimen {
            answer.set(3, vec![TRUE]);
        }
        answer
    }

    pub(super) fn claims(&self, answer: &Map) -> Map {
        let mut claims = Map::new(vec![(int(ISS), text(&self.issuer))]);
        if let Some(audience) = &self.audience {
            claims.set(AUD, text(audience));
        }
        claims.set(EXP, uint(self.expires_at));
        claims.set(IAT, uint(self.issued_at));
        claims.set(CTI, bytes(&self.token_id));
        if let Some(nonce) = &self.nonce {
            claims.set(EAT_NONCE, bytes(nonce));
        }
        if let Some((index, uri)) = &self.status_list {
            claims.set(STATUS_LIST, status_list(&[("idx", uint(*index)), ("uri", text(uri))]));
        }
        claims.set(ANSWER, answer.encode());
        claims
    }
}

/// `{"status_list": {...}}`.
pub(super) fn status_list(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let members = members.iter().map(|(name, value)| (text(name), value.clone())).collect();
    Map::new(vec![(text("status_list"), Map::new(members).encode())]).encode()
}

pub(super) fn header(alg: i64, kid: [u8; 8]) -> Map {
    Map::new(vec![(int(1), int(alg)), (int(4), bytes(&kid)), (int(16), text(TYP))])
}

/// What is signed: `["Signature1", protected, h'', payload]`.
pub(super) fn sig_structure(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    array(&[&text("Signature1"), &bytes(protected), &bytes(&[]), &bytes(payload)])
}

/// The outer item, after signing: anything in it may be replaced.
#[derive(Clone)]
pub(super) struct Envelope {
    pub(super) tag: Vec<u8>,
    pub(super) head: Vec<u8>,
    /// protected, unprotected, payload, signature.
    pub(super) items: Vec<Vec<u8>>,
    pub(super) end: Vec<u8>,
}

impl Envelope {
    pub(super) fn new(protected: &[u8], payload: &[u8], signature: &[u8]) -> Self {
        Self {
            tag: head(TAG, 18),
            head: head(ARRAY, 4),
            items: vec![bytes(protected), vec![0xa0], bytes(payload), bytes(signature)],
            end: Vec::new(),
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        join(&[&self.tag, &self.head, &self.items.concat(), &self.end])
    }
}

pub(super) fn opening(id: &str) -> [u8; 16] {
    derived("opening", id)
}

/// Bytes that look random and are the same each time.
pub(super) fn derived<const N: usize>(what: &str, id: &str) -> [u8; N] {
    let hash: [u8; 32] = Sha256::digest(format!("kycvs-test-vectors/1 {what} {id}")).into();
    hash.first_chunk().copied().expect("a hash has 32 bytes")
}

/// SHA-256 of `["kycvs/subject/1", opening, name, mobile / null]`; name and number are normalised already.
pub(super) fn commitment(opening: &[u8; 16], name: &str, mobile: Option<&str>) -> [u8; 32] {
    let mobile = mobile.map_or(vec![super::raw::NULL], text);
    let input = join(&[
        &head(ARRAY, 4),
        &text("kycvs/subject/1"),
        &head(BYTES, 16),
        opening,
        &head(TEXT, name.len() as u64),
        name.as_bytes(),
        &mobile,
    ]);
    Sha256::digest(input).into()
}

/// The keys that tokens are signed with.
pub(super) fn cowin() -> Key {
    Key::named("cowin")
}
