//! kycvs itself: one token at a time and many at once, with and without tables.

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use kycvs::{
    Answer, Audience, ErrorCode, Expectation, Issuer, IssuerName, Nonce, Policy, Preparation, Presentation,
    Purpose, SigningKey, Status, Timestamp, TrustStore, TrustedKey, Verifier,
};

use crate::{
    answer::{AUDIENCE, ISSUER, LIFETIME, NONCE, PURPOSE, TOKENS, seed},
    machine::cores,
    measure::{Clock, Kind, Row, all, all_cores, on_all_cores},
};

pub(crate) const NO_TABLE: &str = "kycvs, no table";
pub(crate) const PREPARED: &str = "kycvs, prepared key";
pub(crate) const BULK: &str = "kycvs, 1,024 at once";
/// As many bulks side by side as there are cores.
pub(crate) const APART: &str = "kycvs, 1,024 at once, a copy for each core";
pub(crate) const BULK_32: &str = "kycvs, 1,024 at once, 32 keys";
pub(crate) const BULK_LARGE: &str = "kycvs, 1,024 at once, large tables";
pub(crate) const ONE_BAD: &str = "kycvs, 1,024 at once, a bad one among them";
pub(crate) const ALL_BAD: &str = "kycvs, 1,024 at once, all of them bad";
/// As large as a token may be, and of as many parts.
pub(crate) const NO_TOKENS: &str = "kycvs, 1,024 at once, none of them a token";
pub(crate) const BASE64URL: &str = "kycvs, prepared key, as base64url";
pub(crate) const KV1: &str = "kycvs, prepared key, as text of a QR code";
pub(crate) const ISSUE: &str = "kycvs issue";

/// The tokens of a run, under `keys` keys in rotation, and a verifier that trusts these.
struct Gate {
    verifier: Verifier,
    expectation: Expectation,
    tokens: Vec<Vec<u8>>,
    turn: AtomicUsize,
}

impl Gate {
    fn new(keys: u8, preparation: Preparation) -> Arc<Self> {
        let issuers: Vec<_> = (0..keys).map(issuer).collect();
        let mut trust = TrustStore::new();
        for issuer in &issuers {
            let key = TrustedKey::new(issuer.name().clone(), issuer.verifying_key().clone());
            trust.add(key).expect("no key is there twice");
        }
        let policy = Policy::audience(Audience::new(AUDIENCE).expect("it is an audience"));
        let verifier = Verifier::new(trust, policy).with_preparation(preparation);
        verifier.prepare();
        let answer = answer();
        let tokens =
            issuers.iter().cycle().take(TOKENS).map(|issuer| issue(issuer, &answer).as_bytes().to_vec());
        let expectation = Expectation::nonce(nonce()).with_purpose(purpose());
        Arc::new(Self { verifier, expectation, tokens: tokens.collect(), turn: AtomicUsize::new(0) })
    }

    /// The same gate, with some of its tokens' signatures broken: in R, or in S.
    fn with_bad(self: &Arc<Self>, is_bad: impl Fn(usize) -> bool) -> Arc<Self> {
        let mut tokens = self.tokens.clone();
        for (i, token) in tokens.iter_mut().enumerate().filter(|(i, _)| is_bad(*i)) {
            // The signature is the end of a token without a subject; the top bits of S stay as they are.
            let at = token.len() - if i % 2 == 0 { 64 } else { 32 };
            token[at] ^= 1;
        }
        let (verifier, expectation) = (self.verifier.clone(), self.expectation.clone());
        Arc::new(Self { verifier, expectation, tokens, turn: AtomicUsize::new(0) })
    }

    /// One token, the next in turn.
    fn one(&self) {
        let token = &self.tokens[self.turn.fetch_add(1, Relaxed) % TOKENS];
        assert!(self.verifier.verify(black_box(token), &self.expectation).is_ok());
    }

    /// Reads each byte of each token, and does nothing with it.
    fn read_all(&self) {
        black_box(self.tokens.iter().flatten().fold(0, |sum: u8, byte| sum.wrapping_add(*byte)));
    }

    /// So many at once. Each verdict is looked at.
    fn many(&self, count: usize, is_bad: impl Fn(usize) -> bool) {
        let start = self.turn.fetch_add(1, Relaxed) % (TOKENS / count) * count;
        let tokens: Vec<&[u8]> = self.tokens[start..start + count].iter().map(Vec::as_slice).collect();
        let verdicts = self.verifier.verify_many(black_box(&tokens), &self.expectation);
        for (i, verdict) in verdicts.into_iter().enumerate() {
            let code = verdict.err().map(|error| error.code());
            assert_eq!(code, is_bad(start + i).then_some(ErrorCode::BadSignature));
        }
    }
}

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = singles();
    rows.extend(bulks());
    rows.extend(issuing());
    rows
}

fn singles() -> Vec<Row> {
    let one = |id: &str, keys, preparation| {
        let gate = Gate::new(keys, preparation);
        Row::verify(id, move || gate.one())
    };
    let text = |id: &str, form: fn(&Presentation) -> String| {
        let gate = Gate::new(1, Preparation::default());
        let read = |token: &Vec<u8>| Presentation::from_bytes(token).expect("it was issued here");
        let texts: Vec<_> = gate.tokens.iter().map(read).map(|presentation| form(&presentation)).collect();
        Row::verify(id, move || {
            let text = &texts[gate.turn.fetch_add(1, Relaxed) % TOKENS];
            assert!(gate.verifier.verify_text(black_box(text), &gate.expectation).is_ok());
        })
    };
    let without_tables = {
        let gate = Gate::new(1, Preparation::never());
        let received = Arc::clone(&gate);
        Row::verify(NO_TABLE, move || gate.one()).in_short_runs().just_received(move || received.read_all())
    };
    let [never, prepared] = [Preparation::never(), Preparation::default()].map(|p| Gate::new(1, p));
    vec![
        without_tables,
        on_all_cores(NO_TABLE, Kind::Verify, 64, move || never.one()),
        one(PREPARED, 1, Preparation::default()),
        on_all_cores(PREPARED, Kind::Verify, 64, move || prepared.one()),
        text(BASE64URL, Presentation::to_base64url),
        text(KV1, Presentation::to_text),
        one("kycvs, 4 prepared keys", 4, Preparation::default()),
        one("kycvs, 32 prepared keys", 32, Preparation::default()),
        one("kycvs, prepared key, large tables", 1, Preparation::large()),
    ]
}

fn bulks() -> Vec<Row> {
    let small = Gate::new(1, Preparation::default());
    let many = |id: &str, gate: &Arc<Gate>, count| {
        let gate = Arc::clone(gate);
        Row::verify(id, move || gate.many(count, |_| false)).of(count)
    };
    let bad = |id: &str, is_bad: fn(usize) -> bool| {
        let gate = small.with_bad(is_bad);
        Row::verify(id, move || gate.many(TOKENS, is_bad)).of(TOKENS)
    };
    let on_all = {
        let (gate, pool) = (Arc::clone(&small), all_cores());
        move || pool.install(|| gate.many(TOKENS, |_| false))
    };
    vec![
        many("kycvs, 64 at once", &small, 64),
        many(BULK, &small, TOKENS),
        Row { clock: Clock::Wall, ..Row::verify(&all(BULK), on_all).of(TOKENS) },
        apart(),
        many(BULK_32, &Gate::new(32, Preparation::default()), TOKENS),
        many(BULK_LARGE, &Gate::new(1, Preparation::large()), TOKENS),
        bad(ONE_BAD, |i| i == TOKENS / 3),
        bad(ALL_BAD, |_| true),
        no_tokens(&small),
    ]
}

/// What costs most to refuse before a signature is looked at: well-formed, deterministic, and of a thousand items.
fn no_tokens(gate: &Arc<Gate>) -> Row {
    let mut item = vec![0x99, 0x03, 0xfd];
    item.resize(1_024, 0xf4);
    let (gate, items) = (Arc::clone(gate), vec![item; TOKENS]);
    let call = move || {
        let items: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
        let verdicts = gate.verifier.verify_many(black_box(&items), &gate.expectation);
        let refused = |error: kycvs::Error| error.code() == ErrorCode::NotAStatusToken;
        assert!(verdicts.into_iter().all(|verdict| verdict.is_err_and(refused)));
    };
    Row::verify(NO_TOKENS, call).of(TOKENS)
}

/// As many copies of the one-core row as there are cores, with nothing in common but the machine.
fn apart() -> Row {
    let copies: Vec<_> = (0..cores())
        .map(|_| {
            let alone =
                rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread can be started");
            (alone, Gate::new(1, Preparation::default()))
        })
        .collect();
    let tokens = copies.len() * TOKENS;
    let call = move || {
        std::thread::scope(|scope| {
            for (alone, gate) in &copies {
                scope.spawn(|| alone.install(|| gate.many(TOKENS, |_| false)));
            }
        });
    };
    Row { clock: Clock::Wall, ..Row::verify(APART, call).of(tokens) }
}

fn issuing() -> Vec<Row> {
    let (own, for_many, for_all) = (issuer(0), issuer(0), issuer(0));
    let (answer_of_one, answer_of_all) = (answer(), answer());
    let answers = vec![answer(); 64];
    vec![
        Row::issue(ISSUE, move || drop(black_box(issue(&own, &answer_of_one)))),
        on_all_cores(ISSUE, Kind::Issue, 64, move || drop(black_box(issue(&for_all, &answer_of_all)))),
        Row::issue("kycvs issue_many, 64", move || {
            let issued = for_many.issue_many_at(black_box(&answers), Timestamp::now());
            assert!(issued.iter().all(Result::is_ok));
        })
        .of(64),
    ]
}

/// A token as bytes and as it stands in a QR code.
pub(crate) fn example() -> (Vec<u8>, String) {
    let presentation = issue(&issuer(0), &answer());
    (presentation.as_bytes().to_vec(), presentation.to_text())
}

/// What tokens of one key have signed (RFC 9052 section 4.4), for the bare signatures.
pub(crate) fn messages() -> Vec<Vec<u8>> {
    let (issuer, answer) = (issuer(0), answer());
    let message = || {
        let presentation = issue(&issuer, &answer);
        let token = presentation.token();
        // `["Signature1", protected, h'', payload]`; both byte strings have 24 to 255 bytes.
        let mut message = b"\x84\x6aSignature1".to_vec();
        for (part, before) in [(token.protected_bytes(), &[][..]), (token.payload_bytes(), &[0x40])] {
            message.extend(before);
            message.extend([0x58, u8::try_from(part.len()).expect("the parts are short")]);
            message.extend(part);
        }
        message
    };
    (0..TOKENS).map(|_| message()).collect()
}

fn issuer(key: u8) -> Issuer<SigningKey> {
    let name = IssuerName::new(ISSUER).expect("it is a name");
    Issuer::new(name, SigningKey::from_seed(&seed(key)))
}

fn issue(issuer: &Issuer<SigningKey>, answer: &Answer) -> Presentation {
    issuer.issue(black_box(answer)).expect("the answer is whole")
}

fn answer() -> Answer {
    Answer::new(Status::FullyVaccinated, purpose(), Duration::from_secs(LIFETIME))
        .with_audience(Audience::new(AUDIENCE).expect("it is an audience"))
        .with_nonce(nonce())
}

fn nonce() -> Nonce {
    Nonce::new(&NONCE).expect("it is long enough")
}

fn purpose() -> Purpose {
    Purpose::new(PURPOSE).expect("it is a purpose")
}
