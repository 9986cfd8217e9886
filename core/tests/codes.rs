//! The order of the codes (SPEC.md section 10): where several things are wrong at once, the first of the table is reported.
//!
//! Each policy check has a switch that makes it fail and nothing else. All 2^11 ways to set the switches are tried, apart from
//! those that cannot be: what is issued in the future has not expired. The steps before and behind the policy checks are
//! tried against each other and against these.

mod common;

use common::{at, audience, envelope, example_key, example_subject, issuer, purpose};
use kycvs::{
    Algorithm, BoxError, Claims, Commitment, ErrorCode, Expectation, Issuer, Nonce, Opening, Policy,
    Presentation, ReplayGuard, Result, SigningKey, Status, StatusListRef, Subject, Timestamp, Token, TokenId,
    TrustStore, TrustedKey, Validity, Verdict, Verifier,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// The policy checks in the order of section 10.6.
const CHECKS: [ErrorCode; 11] = [
    ErrorCode::IssuerMismatch,
    ErrorCode::KeyNotValid,
    ErrorCode::NotYetValid,
    ErrorCode::Expired,
    ErrorCode::LifetimeTooLong,
    ErrorCode::WrongAudience,
    ErrorCode::WrongNonce,
    ErrorCode::WrongPurpose,
    ErrorCode::WrongSubject,
    ErrorCode::StatusListUnavailable,
    ErrorCode::Specimen,
];

const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

/// Which checks are to fail, by their place in [`CHECKS`].
#[derive(Clone, Copy)]
struct Failing(u32);

impl Failing {
    fn has(self, code: ErrorCode) -> bool {
        CHECKS.iter().position(|&check| check == code).is_some_and(|at| self.0 >> at & 1 == 1)
    }

    fn first(self) -> Option<ErrorCode> {
        CHECKS.into_iter().find(|&code| self.has(code))
    }

    /// All of them that can be.
    fn all() -> impl Iterator<Item = Self> {
        let possible = |set: &Self| !(set.has(ErrorCode::NotYetValid) && set.has(ErrorCode::Expired));
        (0..1 << CHECKS.len()).map(Self).filter(possible)
    }
}

/// A verifier, a question and an answer where just the wanted checks fail.
struct Scene {
    trust: TrustStore,
    policy: Policy,
    expectation: Expectation,
    presentation: Presentation,
}

impl Scene {
    fn new(failing: Failing) -> Self {
        let wrong = |code| failing.has(code);
        let iat = match () {
            () if wrong(ErrorCode::NotYetValid) => NOW.as_secs() + 61,
            () if wrong(ErrorCode::Expired) => NOW.as_secs() - 1_000,
            () => NOW.as_secs(),
        };
        let exp = if wrong(ErrorCode::Expired) { NOW.as_secs() - 60 } else { iat + 900 };

        let opening = Opening::from_bytes([7; 16]);
        let name = if wrong(ErrorCode::IssuerMismatch) { "another issuer" } else { "in.gov.cowin" };
        let purpose_said = if wrong(ErrorCode::WrongPurpose) { "something else" } else { "rail-booking" };
        let nonce = |byte| Nonce::new(&[byte; 16]).expect("16 bytes");
        let mut claims = Claims::new(
            issuer(name),
            Status::NotVaccinated,
            purpose(purpose_said),
            TokenId::from_bytes([1; 16]),
            at(iat),
            at(exp),
        )
        .expect("it lives")
        .with_audience(audience(if wrong(ErrorCode::WrongAudience) { "example.org" } else { "irctc.co.in" }))
        .with_nonce(nonce(if wrong(ErrorCode::WrongNonce) { 1 } else { 2 }))
        .with_commitment(Commitment::new(&example_subject(), &opening));
        if wrong(ErrorCode::StatusListUnavailable) {
            claims = claims.with_status_list(StatusListRef::new(1, "https://example.org").expect("short"));
        }
        if wrong(ErrorCode::Specimen) {
            claims = claims.as_specimen();
        }
        let token = Issuer::new(issuer(name), example_key()).sign(&claims).expect("its own claims");
        let presentation = Presentation::new(Token::parse(&token).expect("what was signed"), Some(&opening));

        // The entry says whom the key speaks for, so that the token's own name is what is wrong.
        let mut entry = TrustedKey::new(issuer("in.gov.cowin"), example_key().verifying_key().clone());
        if wrong(ErrorCode::KeyNotValid) {
            let until = Validity::new(None, Some(at(iat))).expect("one bound");
            entry = entry.with_validity(until);
        }
        let longest = if wrong(ErrorCode::LifetimeTooLong) { exp - iat - 1 } else { exp - iat };
        let subject = if wrong(ErrorCode::WrongSubject) {
            Subject::new("somebody else").expect("a name")
        } else {
            example_subject()
        };
        Self {
            trust: TrustStore::new().with(entry).expect("one key"),
            policy: Policy::audience(audience("irctc.co.in")).with_max_lifetime(Duration::from_secs(longest)),
            expectation: Expectation::nonce(nonce(2))
                .with_purpose(purpose("rail-booking"))
                .with_subject(subject),
            presentation,
        }
    }

    fn verifier(&self) -> Verifier {
        Verifier::new(self.trust.clone(), self.policy.clone())
    }

    fn verify(&self, verifier: &Verifier, presentation: &[u8]) -> Option<ErrorCode> {
        code(verifier.verify_at(presentation, &self.expectation, NOW))
    }
}

fn code(result: Result<Verdict>) -> Option<ErrorCode> {
    result.err().map(|error| error.code())
}

/// Answers what it is told to, and counts how often it was asked.
#[derive(Clone, Default)]
struct Guard {
    answer: Option<bool>,
    asked: Arc<AtomicUsize>,
}

impl ReplayGuard for Guard {
    fn first_use(
        &self,
        _: &str,
        _: &TokenId,
        _: Timestamp,
        _: Timestamp,
    ) -> std::result::Result<bool, BoxError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.answer.ok_or("the database is away".into())
    }
}

#[test]
fn the_checks_stand_in_the_order_of_the_specification() {
    let spec = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../SPEC.md")).expect("SPEC.md");
    let section = spec.split("\n### 10.6 ").nth(1).and_then(|rest| rest.split("\n### ").next());
    let listed: Vec<&str> = section
        .expect("section 10.6")
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        .filter_map(|line| line.split('`').nth(1))
        // No verifier of this version can read a list, so that it is never the result.
        .filter(|&code| code != "revoked")
        .collect();
    assert_eq!(listed, CHECKS.map(ErrorCode::as_str));
}

#[test]
fn of_all_failing_checks_the_first_is_reported() {
    let mut scenes = 0;
    for failing in Failing::all() {
        let scene = Scene::new(failing);
        let verifier = scene.verifier();
        assert_eq!(
            scene.verify(&verifier, scene.presentation.as_bytes()),
            failing.first(),
            "{:b}",
            failing.0
        );
        // The same from text.
        let text = scene.presentation.to_text();
        assert_eq!(code(verifier.verify_text_at(&text, &scene.expectation, NOW)), failing.first());
        scenes += 1;
    }
    assert_eq!(scenes, 1_536, "three quarters of 2^11");
}

/// What comes before the policy checks wins over every one of them, and over all of them together.
#[test]
fn the_signature_comes_before_the_checks() {
    for failing in Failing::all() {
        let scene = Scene::new(failing);
        let mut forged = scene.presentation.as_bytes().to_vec();
        let of_token = scene.presentation.token().as_bytes().len();
        forged[of_token - 1] ^= 1;
        assert_eq!(
            scene.verify(&scene.verifier(), &forged),
            Some(ErrorCode::BadSignature),
            "{:b}",
            failing.0
        );
    }
}

/// The guard is asked last, and only about what is good otherwise; what it says is then reported.
#[test]
fn the_guard_comes_after_the_checks() {
    for failing in Failing::all().filter(|failing| failing.0.count_ones() <= 2) {
        let scene = Scene::new(failing);
        for (answer, of_guard) in [
            (Some(true), None),
            (Some(false), Some(ErrorCode::Replayed)),
            (None, Some(ErrorCode::ReplayGuardFailed)),
        ] {
            let guard = Guard { answer, ..Guard::default() };
            let verifier = scene.verifier().with_replay_guard(guard.clone());
            let expected = failing.first().or(of_guard);
            assert_eq!(scene.verify(&verifier, scene.presentation.as_bytes()), expected, "{:b}", failing.0);
            let asked = guard.asked.load(Ordering::Relaxed);
            assert_eq!(asked, usize::from(failing.first().is_none()), "{:b}", failing.0);
        }
    }
}

/// A token that is changed behind the signer's back: another `alg` or `kid` than the signature's.
fn with_header(token: &Token<'_>, alg: u8, kid: [u8; 8]) -> Vec<u8> {
    let protected = [&[0xa3, 0x01, alg, 0x04, 0x48][..], &kid, b"\x10\x75application/kycvs+cwt"].concat();
    envelope(&protected, token.payload_bytes(), token.signature())
}

/// Section 10.5: the number of the algorithm, the key, the entry's algorithm, the signature, each over the next.
#[test]
fn the_steps_of_the_signature() {
    const EDDSA: u8 = 0x27;
    const ED25519: u8 = 0x32;
    const ES256: u8 = 0x26;
    let scene = Scene::new(Failing(0));
    let verifier = scene.verifier();
    let token = scene.presentation.token();
    let known = *token.key_id().as_bytes();
    let unknown = known.map(|byte| !byte);
    for (alg, kid, expected) in [
        (ES256, unknown, ErrorCode::UnsupportedAlgorithm),
        (ES256, known, ErrorCode::UnsupportedAlgorithm),
        (ED25519, unknown, ErrorCode::UnknownKey),
        (EDDSA, unknown, ErrorCode::UnknownKey),
        (ED25519, known, ErrorCode::UnsupportedAlgorithm),
    ] {
        assert_eq!(scene.verify(&verifier, &with_header(&token, alg, kid)), Some(expected), "{alg:#x}");
    }
    // The header as it was, the claims another's: the signature is wrong.
    let other = Scene::new(Failing(1));
    let mixed =
        envelope(token.protected_bytes(), other.presentation.token().payload_bytes(), token.signature());
    assert_eq!(scene.verify(&verifier, &mixed), Some(ErrorCode::BadSignature));

    // The entry names -19: the token that says -8 is refused though its signature is right, and the other way about.
    for (entry, token) in [(Algorithm::Ed25519, Algorithm::EdDsa), (Algorithm::EdDsa, Algorithm::Ed25519)] {
        let key = example_key();
        let trusted = TrustedKey::new(issuer("in.gov.cowin"), key.verifying_key().clone());
        let trust = TrustStore::new().with(trusted.with_algorithm(entry)).expect("one key");
        let verifier = Verifier::new(trust, scene.policy.clone());
        let claims = scene.presentation.token().unverified_claims();
        let made = |algorithm| {
            let issuer = Issuer::new(issuer("in.gov.cowin"), key.clone()).with_algorithm(algorithm);
            let token = issuer.sign(&claims).expect("its own claims");
            let token = Token::parse(&token).expect("what was signed");
            Presentation::new(token, scene.presentation.opening().as_ref())
        };
        assert_eq!(scene.verify(&verifier, made(token).as_bytes()), Some(ErrorCode::UnsupportedAlgorithm));
        assert_eq!(scene.verify(&verifier, made(entry).as_bytes()), None);
    }
}

/// Faults of the set-up come first, whatever is shown: `no_trusted_keys`, then `clock_not_set`, then the text, then the bytes.
#[test]
fn set_up_text_and_bytes() {
    let scene = Scene::new(Failing(0));
    let good = scene.presentation.to_text();
    let unset = at(1_704_067_199);
    let nobody = Verifier::new(TrustStore::new(), scene.policy.clone());
    let too_long = "A".repeat(1_567);
    for (text, own) in [
        (good.as_str(), None),
        ("", Some(ErrorCode::BadText)),
        ("KV1:", Some(ErrorCode::Malformed)),
        ("no token!", Some(ErrorCode::BadText)),
        (too_long.as_str(), Some(ErrorCode::TooLarge)),
        // base64url of more than 1,041 bytes.
        (&too_long[..1_500], Some(ErrorCode::TooLarge)),
    ] {
        let verify = |verifier: &Verifier, now| code(verifier.verify_text_at(text, &scene.expectation, now));
        assert_eq!(verify(&nobody, unset), Some(ErrorCode::NoTrustedKeys), "{text}");
        assert_eq!(verify(&nobody, NOW), Some(ErrorCode::NoTrustedKeys), "{text}");
        assert_eq!(verify(&scene.verifier(), unset), Some(ErrorCode::ClockNotSet), "{text}");
        assert_eq!(verify(&scene.verifier(), NOW), own, "{text}");
    }
    for bytes in [scene.presentation.as_bytes(), &[], &[0; 2_000]] {
        assert_eq!(scene.verify(&nobody, bytes), Some(ErrorCode::NoTrustedKeys));
        let unset = scene.verifier().verify_at(bytes, &scene.expectation, unset);
        assert_eq!(code(unset), Some(ErrorCode::ClockNotSet));
    }
    // From this second on the clock counts as set; the token is not valid for years.
    let first =
        scene.verifier().verify_at(scene.presentation.as_bytes(), &scene.expectation, at(1_704_067_200));
    assert_eq!(code(first), Some(ErrorCode::NotYetValid));
}

/// The bytes before the key: what cannot be read is told so, though no trusted key would know it either.
#[test]
fn reading_comes_before_the_key() {
    let scene = Scene::new(Failing(0));
    let stranger = SigningKey::from_seed(&[9; 32]);
    let trust = TrustStore::new()
        .with(TrustedKey::new(issuer("in.gov.cowin"), stranger.verifying_key().clone()))
        .expect("one key");
    let verifier = Verifier::new(trust, scene.policy.clone());
    let token = scene.presentation.token();
    let verify = |bytes: &[u8]| scene.verify(&verifier, bytes);
    assert_eq!(verify(token.as_bytes()), Some(ErrorCode::UnknownKey));
    assert_eq!(verify(&[token.as_bytes(), &[0xff]].concat()), Some(ErrorCode::Malformed));
    assert_eq!(verify(&[token.as_bytes(), &[0x18, 0x00]].concat()), Some(ErrorCode::NotCanonical));
    assert_eq!(verify(&[token.as_bytes(), &[0x00]].concat()), Some(ErrorCode::NotAStatusToken));
    assert_eq!(verify(&[0; 1_042]), Some(ErrorCode::TooLarge));
    // In layers: the first one that has a fault decides, and the header comes before the payload.
    let in_layers =
        |protected: &[u8], payload: &[u8]| verify(&envelope(protected, payload, token.signature()));
    let faults: [(&[u8], ErrorCode); 3] = [
        (&[0xff], ErrorCode::Malformed),
        (&[0x18, 0x00], ErrorCode::NotCanonical),
        (&[0x00], ErrorCode::NotAStatusToken),
    ];
    for (protected, of_header) in faults {
        assert_eq!(in_layers(protected, token.payload_bytes()), Some(of_header));
        for (payload, of_payload) in faults {
            assert_eq!(in_layers(protected, payload), Some(of_header));
            assert_eq!(in_layers(token.protected_bytes(), payload), Some(of_payload));
        }
    }
}

/// What a policy lets pass in so many words passes, and nothing else with it.
#[test]
fn what_the_policy_allows() {
    let only =
        |code: ErrorCode| Failing(1 << CHECKS.iter().position(|&check| check == code).expect("a check"));
    for (code, allowing) in [
        (ErrorCode::Specimen, Policy::allowing_specimens as fn(Policy) -> Policy),
        (ErrorCode::StatusListUnavailable, Policy::ignoring_status_lists),
    ] {
        let scene = Scene::new(only(code));
        let verifier = Verifier::new(scene.trust.clone(), allowing(scene.policy.clone()));
        let verdict = verifier
            .verify_at(scene.presentation.as_bytes(), &scene.expectation, NOW)
            .expect("it is allowed");
        assert_eq!(verdict.is_specimen(), code == ErrorCode::Specimen);
        for other in CHECKS.into_iter().filter(|&other| other != code) {
            let scene = Scene::new(Failing(only(code).0 | only(other).0));
            let verifier = Verifier::new(scene.trust.clone(), allowing(scene.policy.clone()));
            assert_eq!(scene.verify(&verifier, scene.presentation.as_bytes()), Some(other));
        }
    }
}

/// Section 10.6, number 6: whom a token may be for, and whom a verifier takes it from.
#[test]
fn audiences() {
    let own = || audience("irctc.co.in");
    for (policy, takes_own, takes_open) in [
        (Policy::audience(own()), true, false),
        (Policy::open(), false, true),
        (Policy::audience_or_open(own()), true, true),
    ] {
        for (said, takes) in [
            (Some("irctc.co.in"), takes_own),
            (Some("example.org"), false),
            // Compared byte for byte.
            (Some("IRCTC.co.in"), false),
            (Some("irctc.co.in "), false),
            (None, takes_open),
        ] {
            let claims = Claims::new(
                issuer("in.gov.cowin"),
                Status::FullyVaccinated,
                purpose("p"),
                TokenId::from_bytes([1; 16]),
                NOW,
                at(NOW.as_secs() + 1),
            );
            let claims = claims.expect("a second");
            let claims = said.map_or(claims.clone(), |said| claims.with_audience(audience(said)));
            let token =
                Issuer::new(issuer("in.gov.cowin"), example_key()).sign(&claims).expect("its own claims");
            let verifier = Verifier::new(common::example_trust(), policy.clone());
            let result = verifier.verify_at(&token, &Expectation::no_nonce(), NOW);
            assert_eq!(code(result), (!takes).then_some(ErrorCode::WrongAudience), "{said:?}, {policy:?}");
        }
    }
}
