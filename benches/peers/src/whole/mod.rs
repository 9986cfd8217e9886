//! Whole tokens of other libraries, which say what ours say and are checked for the same: they can be read, the signature
//! is good, they have not expired, and audience and nonce are the expected ones.
//!
//! Each peer is used as its documentation says, with keys and rules prepared once where it allows that, and issues a token
//! with the same content: issuer, audience, nonce, purpose, status, a random number, and both times.

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use crate::{
    answer::{AUDIENCE, LIFETIME, NONCE, TOKENS, now},
    measure::{Kind, Row, on_all_cores},
};

mod biscuit;
mod claim169;
mod cose;
mod jwt;
mod paseto;

/// A library that issues and verifies tokens.
pub(crate) trait Peer: Send + Sync {
    /// Its crate, and whatever else is needed with it.
    fn name(&self) -> &'static str;

    /// A token that is good until `expires_at`, as it travels.
    fn issue(&self, expires_at: u64) -> Vec<u8>;

    /// Whether all of it is as expected, now.
    fn verify(&self, token: &[u8], audience: &str, nonce: &[u8; 16]) -> bool;

    /// What a QR code of the token has in it. Bytes go into one as Base45 (RFC 9285), which its alphanumeric mode holds.
    fn qr_text(&self, token: &[u8]) -> Vec<u8> {
        base45::encode(token).into_bytes()
    }

    /// How many bytes the token has.
    fn bytes(&self, token: &[u8]) -> usize {
        token.len()
    }
}

pub(crate) fn all() -> Vec<Arc<dyn Peer>> {
    vec![
        Arc::new(cose::Cose::new()),
        Arc::new(jwt::Jwt::new()),
        Arc::new(biscuit::Biscuit::new()),
        Arc::new(claim169::Claim169::new()),
        Arc::new(paseto::Paseto::new()),
    ]
}

/// That it really does the work that it is measured at.
///
/// # Panics
/// Where it takes a token that it should refuse, or refuses a good one.
pub(crate) fn keeps_its_word(peer: &dyn Peer) {
    let name = peer.name();
    let token = peer.issue(now() + LIFETIME);
    assert!(peer.verify(&token, AUDIENCE, &NONCE), "{name}: a good token");
    assert!(!peer.verify(&token, "irctc.co.uk", &NONCE), "{name}: another audience");
    assert!(!peer.verify(&token, AUDIENCE, &[0xc1; 16]), "{name}: another nonce");
    assert!(!peer.verify(&peer.issue(now() - LIFETIME), AUDIENCE, &NONCE), "{name}: expired");
    for at in [token.len() / 3, token.len() - 20] {
        let mut broken = token.clone();
        // Another letter of whatever alphabet it is.
        broken[at] = if broken[at] == b'A' { b'B' } else { b'A' };
        assert!(!peer.verify(&broken, AUDIENCE, &NONCE), "{name}: broken at {at}");
    }
}

pub(crate) fn rows(peers: &[Arc<dyn Peer>]) -> Vec<Row> {
    peers.iter().flat_map(rows_of).collect()
}

fn rows_of(peer: &Arc<dyn Peer>) -> [Row; 3] {
    let tokens: Arc<Vec<_>> = Arc::new((0..TOKENS).map(|_| peer.issue(now() + 10 * LIFETIME)).collect());
    let turn = Arc::new(AtomicUsize::new(0));
    let verify = {
        let peer = Arc::clone(peer);
        move || {
            let token = &tokens[turn.fetch_add(1, Relaxed) % TOKENS];
            assert!(peer.verify(black_box(token), AUDIENCE, &NONCE));
        }
    };
    let issue = {
        let peer = Arc::clone(peer);
        move || drop(black_box(peer.issue(now() + LIFETIME)))
    };
    [
        Row::verify(peer.name(), verify.clone()),
        on_all_cores(peer.name(), Kind::Verify, 16, verify),
        Row::issue(&issue_id(peer.as_ref()), issue),
    ]
}

/// The row of its issuing.
pub(crate) fn issue_id(peer: &dyn Peer) -> String {
    format!("{} issue", peer.name())
}

/// A text that was made from nothing but text.
fn text(token: &[u8]) -> &str {
    std::str::from_utf8(token).unwrap_or_default()
}
