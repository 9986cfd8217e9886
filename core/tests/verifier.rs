//! Verifier and issuer as a program uses them: shared by threads, many tokens at a time, with guards, signers and random
//! sources that fail, and at the ends of time.

#![cfg(feature = "std")]

mod common;

use common::{
    EXAMPLE_EXP, EXAMPLE_IAT, EXAMPLE_NOW, at, audience, example_claims, example_expectation, example_issuer,
    example_key, example_nonce, example_verifier, issuer, purpose,
};
use kycvs::{
    Answer, BoxError, Claims, Error, ErrorCode, Expectation, Issuer, MemoryReplayGuard, Nonce, Policy,
    Presented, RandomSource, ReplayGuard, Result, Signer, SigningKey, Status, Timestamp, Token, TokenId,
    TrustStore, TrustedKey, Verdict, Verifier, VerifyingKey,
};
use proptest::prelude::*;
use std::{
    collections::BTreeMap,
    error::Error as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

fn code(result: Result<Verdict>) -> Option<ErrorCode> {
    result.err().map(|error| error.code())
}

/// The example's claims with another token id.
fn token(id: u8) -> Vec<u8> {
    let claims = Claims::new(
        issuer("in.gov.cowin"),
        Status::FullyVaccinated,
        purpose("rail-booking"),
        TokenId::from_bytes([id; 16]),
        at(EXAMPLE_IAT),
        at(EXAMPLE_EXP),
    );
    let claims =
        claims.expect("15 minutes").with_audience(audience("irctc.co.in")).with_nonce(example_nonce());
    example_issuer().sign(&claims).expect("its own claims")
}

fn forged(id: u8) -> Vec<u8> {
    let mut token = token(id);
    let last = token.len() - 1;
    token[last] ^= 1;
    token
}

#[test]
fn verifiers_can_be_shared() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    fn sent<T: Send + Sync + 'static>() {}
    shared::<Verifier>();
    shared::<Issuer<SigningKey>>();
    shared::<TrustStore>();
    shared::<Policy>();
    shared::<Expectation>();
    shared::<Verdict>();
    shared::<Error>();
    sent::<MemoryReplayGuard>();
    sent::<Box<dyn ReplayGuard>>();
}

#[test]
fn eight_threads_get_the_answers_of_one() {
    let verifier = example_verifier();
    let cases: Vec<(Vec<u8>, Expectation, Option<ErrorCode>)> = (0..32)
        .map(|id| match id % 4 {
            0 => (token(id), example_expectation(), None),
            1 => (forged(id), example_expectation(), Some(ErrorCode::BadSignature)),
            2 => {
                let other = Nonce::new(&[id; 16]).expect("16 bytes");
                (token(id), Expectation::nonce(other), Some(ErrorCode::WrongNonce))
            }
            _ => (token(id)[..100].into(), example_expectation(), Some(ErrorCode::Malformed)),
        })
        .collect();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (verifier, cases) = (&verifier, &cases);
            scope.spawn(move || {
                for i in 0..2 * cases.len() {
                    let (token, expectation, expected) = &cases[(i + thread * 5) % cases.len()];
                    let verdict = verifier.verify_at(token, expectation, EXAMPLE_NOW);
                    if let Ok(verdict) = &verdict {
                        let claims = Token::parse(token).expect("it is good").unverified_claims();
                        assert_eq!(verdict.token_id(), claims.token_id());
                    }
                    assert_eq!(code(verdict), *expected);
                }
            });
        }
    });
}

#[test]
fn of_eight_threads_with_one_token_one_gets_in() {
    let verifier = example_verifier().with_replay_guard(MemoryReplayGuard::new(100));
    let good = AtomicU32::new(0);
    let token = token(1);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            // A clone is the same verifier, with the same guard.
            let (verifier, good, token) = (verifier.clone(), &good, &token);
            scope.spawn(move || match code(verifier.verify_at(token, &example_expectation(), EXAMPLE_NOW)) {
                None => drop(good.fetch_add(1, Ordering::Relaxed)),
                other => assert_eq!(other, Some(ErrorCode::Replayed)),
            });
        }
    });
    assert_eq!(good.into_inner(), 1);
}

#[test]
fn many_at_a_time_is_each_in_turn() {
    let inputs =
        [token(1), token(2), token(1), forged(3), token(3), token(3), vec![], token(2), vec![0; 2_000]];
    let expected = [
        None,
        None,
        Some(ErrorCode::Replayed),
        Some(ErrorCode::BadSignature),
        None,
        Some(ErrorCode::Replayed),
        Some(ErrorCode::Malformed),
        Some(ErrorCode::Replayed),
        Some(ErrorCode::TooLarge),
    ];
    let slices: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
    let guarded = || example_verifier().with_replay_guard(MemoryReplayGuard::new(100));
    for now in [EXAMPLE_NOW, at(EXAMPLE_EXP + 60), at(0)] {
        for verifier in [example_verifier as fn() -> Verifier, guarded] {
            let one_by_one = verifier();
            let one_by_one: Vec<_> =
                inputs.iter().map(|input| one_by_one.verify_at(input, &example_expectation(), now)).collect();
            let many = verifier().verify_many_at(&slices, &example_expectation(), now);
            assert_eq!(many, one_by_one);
        }
    }
    let many = guarded().verify_many_at(&slices, &example_expectation(), EXAMPLE_NOW);
    assert_eq!(many.into_iter().map(code).collect::<Vec<_>>(), expected);
    assert!(guarded().verify_many_at::<&[u8]>(&[], &example_expectation(), EXAMPLE_NOW).is_empty());
}

/// A day's answers, each with a challenge of its own: every pair gets the verdict that it gets by itself.
#[test]
fn each_with_its_own_expectation_is_each_in_turn() {
    let inputs = [token(1), token(2), forged(3), token(1), token(4), vec![]];
    let other = Expectation::nonce(Nonce::new(b"another challenge").expect("17 bytes"));
    let expectations = [
        example_expectation(),
        other.clone(),
        example_expectation(),
        example_expectation(),
        Expectation::no_nonce().with_purpose(purpose("gate")),
        other,
    ];
    let expected = [
        None,
        Some(ErrorCode::WrongNonce),
        Some(ErrorCode::BadSignature),
        Some(ErrorCode::Replayed),
        Some(ErrorCode::WrongPurpose),
        Some(ErrorCode::Malformed),
    ];
    let requests: Vec<(&[u8], &Expectation)> = inputs.iter().map(Vec::as_slice).zip(&expectations).collect();
    let guarded = || example_verifier().with_replay_guard(MemoryReplayGuard::new(100));
    for now in [EXAMPLE_NOW, at(EXAMPLE_EXP + 60), at(0)] {
        let one_by_one = guarded();
        let one_by_one: Vec<_> =
            requests.iter().map(|(input, own)| one_by_one.verify_at(input, own, now)).collect();
        assert_eq!(guarded().verify_each_at(&requests, now), one_by_one);
    }
    let each = guarded().verify_each_at(&requests, EXAMPLE_NOW);
    assert_eq!(each.into_iter().map(code).collect::<Vec<_>>(), expected);
    assert!(guarded().verify_each_at::<&[u8]>(&[], EXAMPLE_NOW).is_empty());
}

/// A code is the same for several reasons: what is wrong in particular must not get lost on the way.
#[test]
fn errors_among_many_say_what_they_say_alone() {
    let (damaged, long) = (forged(1), b"KV1:".repeat(1_000));
    let inputs: [Presented<'_>; 8] = [
        b"KV1:RRQJ6BERK".as_slice().into(),
        b"\r\n0oRYJKMBJwRI".as_slice().into(),
        long.as_slice().into(),
        b"damaged".as_slice().into(),
        [0xa0].as_slice().into(),
        damaged.as_slice().into(),
        "KV1:DAMAGED".into(),
        "oA".into(),
    ];
    let verifier = example_verifier();
    let expectation = example_expectation();
    let alone = inputs.map(|input| match input {
        Presented::Bytes(bytes) => verifier.verify_at(bytes, &expectation, EXAMPLE_NOW),
        Presented::Text(text) => verifier.verify_text_at(text, &expectation, EXAMPLE_NOW),
    });
    let sentences = |results: &[Result<Verdict>]| -> Vec<_> {
        results.iter().map(|result| result.as_ref().expect_err("none is valid").to_string()).collect()
    };
    let many = verifier.verify_many_at(&inputs, &expectation, EXAMPLE_NOW);
    let each = verifier.verify_each_at(&inputs.map(|input| (input, &expectation)), EXAMPLE_NOW);
    assert_eq!(sentences(&many), sentences(&alone));
    assert_eq!(sentences(&each), sentences(&alone));
    let are_text = many.iter().map(|result| result.as_ref().is_err_and(Error::is_text_given_as_bytes));
    assert_eq!(are_text.collect::<Vec<_>>(), [true, true, true, false, false, false, false, false]);
}

/// The calls without a time take the system's, which is later than the example.
#[test]
fn the_calls_without_a_time_take_the_systems() {
    let issuer = example_issuer();
    let answer = Answer::new(Status::NotVaccinated, purpose("rail-booking"), Duration::from_mins(15))
        .with_audience(audience("irctc.co.in"))
        .with_nonce(example_nonce());
    let fresh = issuer.issue(&answer).expect("a clock and a random source");
    let verifier = example_verifier();
    let verdict = verifier.verify(fresh.as_bytes(), &example_expectation()).expect("it was just issued");
    assert_eq!(verdict.status(), Status::NotVaccinated);
    assert!(!verdict.meets(Status::PartiallyVaccinated));
    assert_eq!(verifier.verify_text(&fresh.to_text(), &example_expectation()), Ok(verdict.clone()));
    assert_eq!(verifier.verify_many(&[fresh.as_bytes()], &example_expectation()), [Ok(verdict)]);
    let again = issuer.issue(&answer).expect("a clock and a random source");
    assert_ne!(again.token().unverified_claims().token_id(), fresh.token().unverified_claims().token_id());
}

/// Notes what it is told, and takes everything.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<Note>>>);

/// Issuer, token id, until when to keep it, and now.
#[derive(Clone, Debug, PartialEq)]
struct Note(String, TokenId, Timestamp, Timestamp);

impl ReplayGuard for Notes {
    fn first_use(
        &self,
        issuer: &str,
        token_id: &TokenId,
        keep_until: Timestamp,
        now: Timestamp,
    ) -> std::result::Result<bool, BoxError> {
        let note = Note(issuer.to_owned(), *token_id, keep_until, now);
        self.0.lock().map_err(|_| "poisoned")?.push(note);
        Ok(true)
    }
}

#[test]
fn a_refused_token_uses_nothing_up() {
    let verifier = example_verifier().with_replay_guard(MemoryReplayGuard::new(1));
    let token = token(1);
    let wrong = Expectation::nonce(Nonce::new(&[0; 16]).expect("16 bytes"));
    for _ in 0..3 {
        assert_eq!(code(verifier.verify_at(&token, &wrong, EXAMPLE_NOW)), Some(ErrorCode::WrongNonce));
        let late = verifier.verify_at(&token, &example_expectation(), at(EXAMPLE_EXP + 60));
        assert_eq!(code(late), Some(ErrorCode::Expired));
        let forged = verifier.verify_at(&forged(1), &example_expectation(), EXAMPLE_NOW);
        assert_eq!(code(forged), Some(ErrorCode::BadSignature));
    }
    assert_eq!(code(verifier.verify_at(&token, &example_expectation(), EXAMPLE_NOW)), None);
    assert_eq!(
        code(verifier.verify_at(&token, &example_expectation(), EXAMPLE_NOW)),
        Some(ErrorCode::Replayed)
    );
}

#[test]
fn the_guard_is_told_until_when_to_keep_it() {
    let notes = Notes::default();
    let policy = Policy::audience(audience("irctc.co.in")).with_clock_skew(Duration::from_secs(17));
    let verifier = Verifier::new(common::example_trust(), policy.expect("under 10 minutes"));
    let verifier = verifier.with_replay_guard(notes.clone());
    assert_eq!(code(verifier.verify_at(&token(1), &example_expectation(), EXAMPLE_NOW)), None);
    let seen = notes.0.lock().expect("one thread").clone();
    let id = TokenId::from_bytes([1; 16]);
    // Not by this verifier's skew, but by the largest: another one may share the guard.
    assert_eq!(seen, [Note("in.gov.cowin".to_owned(), id, at(EXAMPLE_EXP + 600), EXAMPLE_NOW)]);
}

#[test]
fn verifiers_that_share_a_guard_take_a_token_once() {
    let guard = Arc::new(MemoryReplayGuard::new(10));
    let patient = Policy::audience(audience("irctc.co.in")).with_clock_skew(Policy::MAX_CLOCK_SKEW);
    let strict = Policy::audience(audience("irctc.co.in")).with_clock_skew(Duration::ZERO);
    let [patient, strict] = [patient, strict].map(|policy| {
        let policy = policy.expect("at most 10 minutes");
        Verifier::new(common::example_trust(), policy).with_replay_guard(Arc::clone(&guard))
    });
    assert_eq!(code(strict.verify_at(&token(1), &example_expectation(), EXAMPLE_NOW)), None);
    for now in [EXAMPLE_EXP - 1, EXAMPLE_EXP, EXAMPLE_EXP + 599] {
        let again = patient.verify_at(&token(1), &example_expectation(), at(now));
        assert_eq!(code(again), Some(ErrorCode::Replayed), "{now}");
    }
    let reloaded = strict.with_trust(common::example_trust());
    let again = reloaded.verify_at(&token(1), &example_expectation(), EXAMPLE_NOW);
    assert_eq!(
        code(again),
        Some(ErrorCode::Replayed),
        "a verifier with a new trust store has its guard still"
    );
}

/// As long as a token can be good the guard in memory knows it; then it is `expired`, and its place is free.
#[test]
fn the_guard_in_memory_forgets_no_token_that_can_still_be_good() {
    let verifier = example_verifier().with_replay_guard(MemoryReplayGuard::new(1));
    assert_eq!(code(verifier.verify_at(&token(1), &example_expectation(), EXAMPLE_NOW)), None);
    for now in [EXAMPLE_EXP, EXAMPLE_EXP + 59] {
        let again = verifier.verify_at(&token(1), &example_expectation(), at(now));
        assert_eq!(code(again), Some(ErrorCode::Replayed), "{now}");
        let another = verifier.verify_at(&token(2), &example_expectation(), at(now));
        assert_eq!(code(another), Some(ErrorCode::ReplayGuardFailed), "it is full at {now}");
    }
    let later = verifier.verify_at(&token(1), &example_expectation(), at(EXAMPLE_EXP + 60));
    assert_eq!(code(later), Some(ErrorCode::Expired));
}

#[test]
fn late_now_for_one_token_lets_no_other_be_used_again() {
    let far = at(EXAMPLE_EXP + 1_000_000);
    let claims = |byte, iat: Timestamp| {
        let id = TokenId::from_bytes([byte; 16]);
        let until = iat.checked_add(Duration::from_mins(15)).expect("not at the end of time");
        let claims =
            Claims::new(issuer("in.gov.cowin"), Status::FullyVaccinated, purpose("gate"), id, iat, until);
        example_issuer().sign(&claims.expect("it lives")).expect("its own claims")
    };
    let verifier =
        Verifier::new(common::example_trust(), Policy::open()).with_replay_guard(MemoryReplayGuard::new(100));
    let (used, of_later) = (claims(1, EXAMPLE_NOW), claims(2, far));
    let anyone = Expectation::no_nonce();
    assert_eq!(code(verifier.verify_at(&used, &anyone, EXAMPLE_NOW)), None);
    assert_eq!(code(verifier.verify_at(&of_later, &anyone, far)), None);
    assert_eq!(code(verifier.verify_at(&used, &anyone, EXAMPLE_NOW)), Some(ErrorCode::Replayed));
}

#[test]
fn answers_issued_before_the_restart_are_expired() {
    let [iat, now] = [EXAMPLE_IAT, EXAMPLE_NOW.as_secs()];
    for (restart, skew, expected) in [
        (iat - 61, 60, None),
        (iat - 60, 60, Some(ErrorCode::Expired)),
        (iat, 60, Some(ErrorCode::Expired)),
        (now, 60, Some(ErrorCode::Expired)),
        (iat - 1, 0, None),
        (iat, 0, Some(ErrorCode::Expired)),
        (u64::MAX, 600, Some(ErrorCode::Expired)),
        (0, 600, None),
    ] {
        let policy = Policy::audience(audience("irctc.co.in"))
            .with_issued_after(at(restart))
            .with_clock_skew(Duration::from_secs(skew));
        let verifier = Verifier::new(common::example_trust(), policy.expect("at most 10 minutes"));
        let verdict = verifier.verify_at(&token(1), &example_expectation(), EXAMPLE_NOW);
        assert_eq!(code(verdict), expected, "restart {restart}, skew {skew}");
    }
}

#[test]
fn nothing_is_issued_while_the_clock_is_not_set() {
    let answer = Answer::new(Status::FullyVaccinated, purpose("gate"), Duration::from_mins(15));
    let maker = example_issuer();
    for (now, expected) in [
        (0, Some(ErrorCode::ClockNotSet)),
        (1_704_067_199, Some(ErrorCode::ClockNotSet)),
        (1_704_067_200, None),
    ] {
        let issued = maker.issue_at(&answer, at(now));
        assert_eq!(issued.err().map(|error| error.code()), expected, "{now}");
        let answers = vec![answer.clone(); 3];
        for issued in maker.issue_many_at(&answers, at(now)) {
            assert_eq!(issued.err().map(|error| error.code()), expected, "{now}, among many");
        }
    }
    let error = maker.issue_at(&answer, at(0)).expect_err("the clock is not set");
    assert!(error.to_string().contains("issuer's clock"), "{error}");
}

#[test]
fn a_failing_guard_lets_nothing_pass_and_says_why() {
    struct Away;
    impl ReplayGuard for Away {
        fn first_use(
            &self,
            _: &str,
            _: &TokenId,
            _: Timestamp,
            _: Timestamp,
        ) -> std::result::Result<bool, BoxError> {
            Err("the database is away".into())
        }
    }
    let verifier = example_verifier().with_replay_guard(Away);
    let error =
        verifier.verify_at(&token(1), &example_expectation(), EXAMPLE_NOW).expect_err("no guard, no pass");
    assert_eq!(error.code(), ErrorCode::ReplayGuardFailed);
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("the database is away"));
}

#[test]
fn a_failing_signer_issues_nothing_and_says_why() {
    struct Locked;
    impl Signer for Locked {
        fn verifying_key(&self) -> VerifyingKey {
            example_key().verifying_key().clone()
        }

        fn sign(&self, _: &[u8]) -> std::result::Result<[u8; 64], BoxError> {
            Err("the module is locked".into())
        }
    }
    let issuer = Issuer::new(issuer("in.gov.cowin"), Locked);
    let error = issuer.sign(&example_claims()).expect_err("a locked module");
    assert_eq!(error.code(), ErrorCode::SignerFailed);
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("the module is locked"));
    // A box and a reference of it fail alike.
    let boxed: Box<dyn Signer> = Box::new(Locked);
    let issuer = Issuer::new(issuer.name().clone(), &boxed);
    assert_eq!(issuer.sign(&example_claims()).map_err(|error| error.code()), Err(ErrorCode::SignerFailed));
}

/// Gives bytes for so many calls, then none.
struct RunsDry(AtomicU32);

impl RandomSource for RunsDry {
    fn fill(&self, buffer: &mut [u8]) -> std::result::Result<(), BoxError> {
        let left = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        left.map_err(|_| "no entropy")?;
        buffer.fill(0x5a);
        Ok(())
    }
}

struct Shared(Arc<RunsDry>);

impl RandomSource for Shared {
    fn fill(&self, buffer: &mut [u8]) -> std::result::Result<(), BoxError> {
        self.0.fill(buffer)
    }
}

#[test]
fn a_failing_random_source_issues_nothing_and_says_why() {
    let plain = Answer::new(Status::FullyVaccinated, purpose("p"), Duration::from_mins(1));
    let bound = plain.clone().with_subject(common::example_subject());
    for answer in [plain, bound] {
        // How often the source is asked is the issuer's affair; each time it may fail.
        let enough = 10;
        let source = Arc::new(RunsDry(enough.into()));
        let issue = |source: &Arc<RunsDry>| {
            example_issuer().with_random_source(Shared(source.clone())).issue_at(&answer, EXAMPLE_NOW)
        };
        issue(&source).expect("there are bytes enough");
        let draws = enough - source.0.load(Ordering::Relaxed);
        assert!(draws > 0);
        for given in 0..draws {
            let error = issue(&Arc::new(RunsDry(given.into()))).expect_err("the source ran dry");
            assert_eq!(error.code(), ErrorCode::RandomSourceFailed);
            assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("no entropy"));
        }
    }
    let error = SigningKey::generate_with(&RunsDry(0.into())).expect_err("no entropy");
    assert_eq!(error.code(), ErrorCode::RandomSourceFailed);
    assert!(error.source().is_some());
}

/// Numbers near every end of the calculation, and any.
fn extreme() -> impl Strategy<Value = u64> {
    prop_oneof![
        (0..1_300_u64).prop_map(|n| u64::MAX - n),
        0..1_300_u64,
        (1_704_067_200 - 1_300_u64)..(1_704_067_200 + 1_300),
        any::<u64>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// The checks of time against the same in numbers that cannot overflow.
    #[test]
    fn no_time_overflows(times in [extreme(), extreme(), extreme()], skew in 0..=600_u64, longest in extreme()) {
        let [iat, exp, now] = times;
        let claims = Claims::new(
            issuer("in.gov.cowin"), Status::FullyVaccinated, purpose("p"), TokenId::from_bytes([0; 16]), at(iat), at(exp),
        );
        if iat >= exp {
            prop_assert_eq!(claims.expect_err("it does not live").code(), ErrorCode::InvalidClaim);
            return Ok(());
        }
        let token = example_issuer().sign(&claims.expect("it lives")).expect("its own claims");
        let policy = Policy::open()
            .with_clock_skew(Duration::from_secs(skew)).expect("10 minutes at most")
            .with_max_lifetime(Duration::from_secs(longest));
        let notes = Notes::default();
        let verifier = Verifier::new(common::example_trust(), policy).with_replay_guard(notes.clone());

        let [iat, exp, now_, skew, longest] = [iat, exp, now, skew, longest].map(i128::from);
        let expected = if now_ < 1_704_067_200 {
            Some(ErrorCode::ClockNotSet)
        } else if iat > now_ + skew {
            Some(ErrorCode::NotYetValid)
        } else if exp <= now_ - skew {
            Some(ErrorCode::Expired)
        } else if exp - iat > longest {
            Some(ErrorCode::LifetimeTooLong)
        } else {
            None
        };
        prop_assert_eq!(code(verifier.verify_at(&token, &Expectation::no_nonce(), at(now))), expected);
        // What the guard is to keep never wraps around to the past.
        for Note(_, _, keep_until, _) in notes.0.lock().expect("one thread").iter() {
            prop_assert_eq!(i128::from(keep_until.as_secs()), (exp + 600).min(u64::MAX.into()));
        }
    }

    /// Issuing at the end of time: an answer or `invalid_claim`, never a token that ends before it begins.
    #[test]
    fn no_issuing_overflows(now in extreme(), seconds in extreme(), nanoseconds in 0..1_000_000_000_u32) {
        let answer = Answer::new(Status::FullyVaccinated, purpose("p"), Duration::new(seconds, nanoseconds));
        match example_issuer().issue_at(&answer, at(now)) {
            Ok(presentation) => {
                let claims = presentation.token().unverified_claims();
                prop_assert!(now >= 1_704_067_200, "the clock was set");
                prop_assert_eq!(claims.issued_at(), at(now));
                prop_assert_eq!(Some(claims.expires_at()), now.checked_add(seconds).map(at));
            }
            Err(error) if now < 1_704_067_200 => prop_assert_eq!(error.code(), ErrorCode::ClockNotSet),
            Err(error) => {
                prop_assert_eq!(error.code(), ErrorCode::InvalidClaim);
                prop_assert!(seconds == 0 || now.checked_add(seconds).is_none());
            }
        }
    }
}

/// The checks of [`no_time_overflows`] are not decided by one of the codes alone.
#[test]
fn every_outcome_of_the_times_is_met() {
    let mut outcomes = BTreeMap::new();
    let ends = [0, 1, 1_704_067_199, 1_704_067_200, 1_704_067_260, u64::MAX - 600, u64::MAX - 1, u64::MAX];
    for (iat, exp, now) in ends.iter().flat_map(|&a| ends.iter().flat_map(move |&b| ends.map(|c| (a, b, c))))
    {
        let Ok(claims) = Claims::new(
            issuer("in.gov.cowin"),
            Status::FullyVaccinated,
            purpose("p"),
            TokenId::from_bytes([0; 16]),
            at(iat),
            at(exp),
        ) else {
            continue;
        };
        let token = example_issuer().sign(&claims).expect("its own claims");
        for (skew, longest) in [(0, 0), (600, u64::MAX), (60, 86_400)] {
            let policy =
                Policy::open().with_clock_skew(Duration::from_secs(skew)).expect("10 minutes at most");
            let policy = policy.with_max_lifetime(Duration::from_secs(longest));
            let trust = TrustStore::new()
                .with(TrustedKey::new(issuer("in.gov.cowin"), example_key().verifying_key().clone()))
                .expect("one key");
            let verdict = Verifier::new(trust, policy).verify_at(&token, &Expectation::no_nonce(), at(now));
            *outcomes.entry(code(verdict).map(ErrorCode::as_str)).or_insert(0) += 1;
        }
    }
    let met: Vec<_> = outcomes.keys().flatten().copied().collect();
    assert_eq!(met, ["clock_not_set", "expired", "lifetime_too_long", "not_yet_valid"]);
    assert!(outcomes[&None] > 10, "{outcomes:?}");
    assert_eq!(
        Policy::open().with_clock_skew(Duration::from_secs(601)).err().map(|e| e.code()),
        Some(ErrorCode::InvalidSetting)
    );
}
