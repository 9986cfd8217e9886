//! Tables of trusted keys: what they cost, when they are made, and that no verdict depends on them.
//!
//! Memory is counted by the crate `allocation-counter`, which counts what the measured thread allocates. The base point's table is
//! made once in a process, by whoever is first, so that each test makes it before it counts.

// Without `std` no key is prepared unless it is asked for, and there is no replay guard in memory.
#![cfg(feature = "std")]

mod common;

use allocation_counter::measure;
use common::{
    EXAMPLE_NOW, Random, audience, example_expectation, example_issuer, example_token, example_trust,
    example_verifier, issuer, purpose,
};
use kycvs::{
    Answer, ErrorCode, Expectation, Issuer, MemoryReplayGuard, Policy, Preparation, Presentation, Presented,
    Result, SigningKey, Status, Timestamp, TrustStore, TrustedKey, Validity, Verdict, Verifier,
};
use kycvs_ed25519::{PreparedKey, PublicKey};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// What the tables of one key take, in bytes, with a little for what is around them.
const SMALL: std::ops::Range<i64> = 637_000..645_000;

/// How often a key is used before it gets tables.
const USES: usize = 64;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn issuers(count: u8) -> Vec<Issuer<SigningKey>> {
    (1..=count).map(|seed| Issuer::new(issuer(&format!("issuer-{seed}")), key(seed))).collect()
}

fn trust(issuers: &[Issuer<SigningKey>]) -> TrustStore {
    let mut trust = TrustStore::new();
    for issuer in issuers {
        let key = TrustedKey::new(issuer.name().clone(), issuer.verifying_key().clone());
        trust.add(key).expect("another key");
    }
    trust
}

fn pass(issuer: &Issuer<SigningKey>) -> Presentation {
    let answer = Answer::new(Status::FullyVaccinated, purpose("gate"), Duration::from_mins(15));
    issuer.issue_at(&answer, EXAMPLE_NOW).expect("a pass")
}

fn verify(verifier: &Verifier, presentation: &Presentation) -> Result<Verdict> {
    verifier.verify_at(presentation.as_bytes(), &Expectation::no_nonce(), EXAMPLE_NOW)
}

/// Whoever prepares a key has made the base point's table.
fn make_the_base_table() {
    let key = PublicKey::from_bytes(key(99).verifying_key().as_bytes()).expect("a public key");
    drop(PreparedKey::new(&key));
}

/// Bytes that are held afterwards and were not before.
fn held(work: impl FnMut()) -> i64 {
    make_the_base_table();
    measure(work).bytes_current
}

#[test]
fn a_verifier_with_one_key_is_small() {
    let trust = example_trust();
    let mut made = None;
    let bytes = held(|| made = Some(Verifier::new(trust.clone(), Policy::open())));
    assert!(bytes < 4_096, "{bytes} bytes");
}

#[test]
fn tables_are_made_when_they_pay_and_not_before() {
    let (verifier, token) = (example_verifier(), example_token());
    let check = || drop(verifier.verify_at(&token, &example_expectation(), EXAMPLE_NOW).expect("good"));
    assert_eq!(held(|| (1..USES).for_each(|_| check())), 0);
    let tables = held(check);
    assert!(SMALL.contains(&tables), "{tables} bytes");
    assert_eq!(held(|| (0..USES).for_each(|_| check())), 0);
}

#[test]
fn a_batch_counts_for_as_many() {
    // While another test's thread makes it, a batch goes on without tables.
    make_the_base_table();
    let issuers = issuers(2);
    let verifier = Verifier::new(trust(&issuers), Policy::open());
    let passes: Vec<_> = issuers.iter().map(pass).collect();
    let (often, seldom) = (passes[0].as_bytes(), passes[1].as_bytes());
    let batch: Vec<&[u8]> = [&[often; USES][..], &[seldom; USES - 1]].concat();
    let verdicts = verifier.verify_many_at(&batch, &Expectation::no_nonce(), EXAMPLE_NOW);
    assert!(verdicts.iter().all(Result::is_ok));
    // In whatever thread the first key was prepared, the second is the one that is left.
    let tables = held(|| assert_eq!(verifier.prepare(), 2));
    assert!(SMALL.contains(&tables), "{tables} bytes: for one key, not for two");
}

#[test]
fn strangers_and_forgers_cost_no_memory() {
    let (issuers, strangers) = (issuers(2), [Issuer::new(issuer("issuer-9"), key(50))]);
    let verifier = Verifier::new(trust(&issuers), Policy::open());
    let mut forged = pass(&issuers[0]).as_bytes().to_vec();
    *forged.last_mut().expect("a token") ^= 0x10;
    let stranger = pass(&strangers[0]);
    let inputs = [&*forged, stranger.as_bytes()];
    let bytes = held(|| {
        for input in inputs.iter().cycle().take(1_000) {
            assert!(verifier.verify_at(input, &Expectation::no_nonce(), EXAMPLE_NOW).is_err());
        }
    });
    assert_eq!(bytes, 0);
    let many: Vec<&[u8]> = inputs.iter().copied().cycle().take(1_000).collect();
    assert!(verifier.verify_many_at(&many, &Expectation::no_nonce(), EXAMPLE_NOW).iter().all(Result::is_err));
    // None was made in other threads either.
    let tables = held(|| assert_eq!(verifier.prepare(), 2));
    assert!((2 * SMALL.start..2 * SMALL.end).contains(&tables), "{tables} bytes");
}

/// A key that there was no room for gets its tables when there is room again.
#[test]
fn what_is_given_up_makes_room() {
    let issuers = issuers(2);
    let passes: Vec<_> = issuers.iter().map(pass).collect();
    let often = |verifier: &Verifier, pass| {
        held(|| (0..USES).for_each(|_| drop(verify(verifier, pass).expect("good"))))
    };
    let verifier = Verifier::new(trust(&issuers), Policy::open())
        .with_preparation(Preparation::default().with_max_keys(1));
    assert!(SMALL.contains(&often(&verifier, &passes[0])));
    assert_eq!(often(&verifier, &passes[1]), 0);
    let moved = verifier.clone().with_trust(trust(&issuers[1..]));
    // The old verifier holds the tables of the first key still.
    assert_eq!(often(&moved, &passes[1]), 0);
    drop(verifier);
    assert!(SMALL.contains(&often(&moved, &passes[1])));
}

#[test]
fn no_more_keys_are_prepared_than_may_be() {
    let issuers = issuers(5);
    let bounded = |max| {
        let preparation = Preparation::default().with_max_keys(max);
        Verifier::new(trust(&issuers), Policy::open()).with_preparation(preparation)
    };
    for max in [0, 2, 5, 9] {
        let verifier = bounded(max);
        let tables = held(|| {
            for pass in issuers.iter().map(pass) {
                (0..2 * USES).for_each(|_| drop(verify(&verifier, &pass).expect("good")));
            }
        });
        let keys = i64::try_from(max.min(5)).expect("a few");
        assert!((keys * SMALL.start..=keys * SMALL.end).contains(&tables), "{max}: {tables} bytes");
        assert_eq!(verifier.prepare(), max.min(5));
    }
    assert_eq!(bounded(3).prepare(), 3);
    let never = Verifier::new(trust(&issuers), Policy::open()).with_preparation(Preparation::never());
    assert_eq!(never.prepare(), 0);
    for large in [Preparation::large(), Preparation::large().with_max_keys(1)] {
        let verifier = Verifier::new(trust(&issuers[..2]), Policy::open()).with_preparation(large.clone());
        let keys = if large == Preparation::large() { 2 } else { 1 };
        let tables = held(|| assert_eq!(verifier.prepare(), keys));
        let each = tables / i64::try_from(keys).expect("a few");
        assert!((6_881_000..6_890_000).contains(&each), "{tables} bytes");
    }
}

#[test]
fn clones_and_threads_share_tables_and_other_trust_stores_keep_them() {
    let issuers = issuers(3);
    let verifier = Verifier::new(trust(&issuers[..2]), Policy::open());
    let passes: Vec<_> = issuers.iter().map(pass).collect();
    let tables = held(|| assert_eq!(verifier.prepare(), 2));
    assert!((2 * SMALL.start..2 * SMALL.end).contains(&tables), "{tables} bytes");
    let again = |verifier: &Verifier| {
        held(|| (0..2 * USES).for_each(|_| drop(verify(verifier, &passes[1]).expect("good"))))
    };
    let clone = verifier.clone();
    assert_eq!(again(&clone), 0);
    assert_eq!(std::thread::scope(|scope| scope.spawn(|| again(&clone)).join().expect("good")), 0);

    // The first key goes, the second stays, the third comes; none of the second's is made again.
    let moved = verifier.with_trust(trust(&issuers[1..]));
    assert_eq!(again(&moved), 0);
    let third = held(|| (0..USES).for_each(|_| drop(verify(&moved, &passes[2]).expect("good"))));
    assert!(SMALL.contains(&third), "{third} bytes");
    assert!(verify(&moved, &passes[0]).is_err());

    // And those that stay count among the keys that may have tables.
    let bounded = moved.with_preparation(Preparation::default().with_max_keys(1));
    let bounded = bounded.with_trust(trust(&issuers[2..]));
    assert_eq!(bounded.prepare(), 1);
    assert_eq!(bounded.with_trust(trust(&issuers)).prepare(), 1);
}

#[test]
fn eight_threads_make_the_tables_of_a_key_once() {
    let (verifier, token) = (example_verifier(), example_token());
    make_the_base_table();
    let use_it = || {
        // What verdicts took is given back, and is little beside a table.
        measure(|| {
            for _ in 0..USES {
                drop(verifier.verify_at(&token, &example_expectation(), EXAMPLE_NOW).expect("good"));
            }
        })
    };
    let bytes: Vec<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(use_it)).collect();
        threads.into_iter().map(|thread| thread.join().expect("good").bytes_total).collect()
    });
    let a_table = SMALL.start.unsigned_abs();
    assert_eq!(bytes.iter().filter(|&&bytes| bytes > a_table / 2).count(), 1, "{bytes:?}");
    assert_eq!(held(|| assert_eq!(verifier.prepare(), 1)), 0);
}

#[test]
fn large_tables_are_made_after_a_thousand_uses() {
    let (verifier, token) = (example_verifier().with_preparation(Preparation::large()), example_token());
    let check = || drop(verifier.verify_at(&token, &example_expectation(), EXAMPLE_NOW).expect("good"));
    assert_eq!(held(|| (1..1_024).for_each(|_| check())), 0);
    assert!(held(check) > 6_800_000);
}

/// Who has a key that was stolen and withdrawn can make tokens under it, and gets no memory for that: what there may be is
/// for the keys that still count.
#[test]
fn withdrawn_keys_have_no_tables() {
    let issuers = issuers(40);
    let (withdrawn, live) = issuers.split_at(32);
    let mut store = trust(&issuers);
    for issuer in withdrawn {
        assert_eq!(store.withdraw(&issuer.verifying_key().key_id()), 1);
    }
    let verifier = Verifier::new(store.clone(), Policy::open());
    let stolen: Vec<_> = withdrawn.iter().map(pass).collect();
    let bytes = held(|| {
        for pass in stolen.iter().flat_map(|pass| std::iter::repeat_n(pass, 2 * USES)) {
            assert_eq!(
                verify(&verifier, pass).map(drop).map_err(|error| error.code()),
                Err(ErrorCode::KeyNotValid)
            );
        }
    });
    assert_eq!(bytes, 0);
    let many: Vec<&[u8]> = stolen.iter().flat_map(|pass| [pass.as_bytes(); USES]).collect();
    assert!(verifier.verify_many_at(&many, &Expectation::no_nonce(), EXAMPLE_NOW).iter().all(Result::is_err));
    let tables = held(|| assert_eq!(verifier.prepare(), live.len()));
    assert!((8 * SMALL.start..8 * SMALL.end).contains(&tables), "{tables} bytes");

    // Tables that are there when a key is withdrawn go, and make room for another's.
    let one = Preparation::default().with_max_keys(1);
    let verifier = Verifier::new(trust(&issuers[..2]), Policy::open()).with_preparation(one);
    assert_eq!(verifier.prepare(), 1);
    let mut store = trust(&issuers[..2]);
    let _ = store.withdraw(&issuers[0].verifying_key().key_id());
    let verifier = verifier.with_trust(store);
    let tables = held(|| assert_eq!(verifier.prepare(), 1));
    assert!(SMALL.contains(&tables), "{tables} bytes");
}

/// Where there may be fewer tables than keys, the key that ends does not take the place of those that go on.
#[test]
fn keys_that_sign_longest_come_first() {
    let issuers = issuers(3);
    let ends = [Some(2_000_000_000), None, Some(1_900_000_000)];
    let mut store = TrustStore::new();
    for (issuer, end) in issuers.iter().zip(ends) {
        let validity = Validity::new(None, end.map(Timestamp::from_secs)).expect("an end alone");
        let key = TrustedKey::new(issuer.name().clone(), issuer.verifying_key().clone());
        store.add(key.with_validity(validity)).expect("another key");
    }
    let two = Preparation::default().with_max_keys(2);
    let verifier = Verifier::new(store, Policy::open()).with_preparation(two);
    assert_eq!(verifier.prepare(), 2);
    let rest = verifier.with_trust(trust(&issuers[..2]));
    assert_eq!(held(|| assert_eq!(rest.prepare(), 2)), 0);
}

/// Good tokens and bad ones of several issuers, in any order, as bytes and as text: each verdict of a batch is the one that
/// the same verifier gives alone, with tables and without, with a replay guard and without.
#[test]
fn beside_others_each_is_decided_as_alone() {
    let issuers = issuers(4);
    let strangers = [Issuer::new(issuer("issuer-1"), key(50))];
    let store = trust(&issuers);
    let mut random = Random::new(6);
    let (mut good, mut outcomes) = (0, BTreeMap::<ErrorCode, usize>::new());
    for round in 0..40 {
        let mut tokens: Vec<Vec<u8>> = Vec::new();
        for _ in 0..random.below(120) {
            let issuer = if random.one_in(8) { &strangers[0] } else { random.pick(&issuers) };
            let mut token = pass(issuer).as_bytes().to_vec();
            match random.below(10) {
                0 => token[random.below(150)] ^= 1 << random.below(8),
                // In the signature, which is at the end.
                1 => *token.last_mut().expect("a token") ^= 0x10,
                2 => token.truncate(random.below(token.len())),
                3 if !tokens.is_empty() => token = random.pick(&tokens).clone(),
                _ => {}
            }
            tokens.push(token);
        }
        let texts: Vec<_> = tokens
            .iter()
            .map(|token| {
                Presentation::from_bytes(token).ok().filter(|_| random.one_in(2)).map(|it| it.to_text())
            })
            .collect();
        let presented: Vec<Presented<'_>> = tokens
            .iter()
            .zip(&texts)
            .map(|(token, text)| text.as_deref().map_or(Presented::Bytes(token), Presented::Text))
            .collect();
        for (guarded, preparation) in [
            (false, Preparation::never()),
            (true, Preparation::default()),
            (false, Preparation::default()),
            (true, Preparation::never()),
        ] {
            let verifier = || {
                let verifier = Verifier::new(store.clone(), Policy::audience_or_open(audience("a")));
                let verifier = verifier.with_preparation(preparation.clone());
                if round % 2 == 0 {
                    verifier.prepare();
                }
                if guarded { verifier.with_replay_guard(MemoryReplayGuard::new(1_000)) } else { verifier }
            };
            let alone = verifier();
            let alone: Vec<_> = presented
                .iter()
                .map(|presented| match presented {
                    Presented::Bytes(bytes) => alone.verify_at(bytes, &Expectation::no_nonce(), EXAMPLE_NOW),
                    Presented::Text(text) => {
                        alone.verify_text_at(text, &Expectation::no_nonce(), EXAMPLE_NOW)
                    }
                })
                .collect();
            let many = verifier().verify_many_at(&presented, &Expectation::no_nonce(), EXAMPLE_NOW);
            assert_eq!(many, alone);
            for verdict in many {
                match verdict {
                    Ok(_) => good += 1,
                    Err(error) => *outcomes.entry(error.code()).or_default() += 1,
                }
            }
        }
    }
    let met = |code: &ErrorCode| outcomes.contains_key(code);
    let wanted = [ErrorCode::Malformed, ErrorCode::UnknownKey, ErrorCode::BadSignature, ErrorCode::Replayed];
    assert!(wanted.iter().all(met) && good > 1_000, "{good} good, {outcomes:?}");
}

#[test]
fn many_are_issued_as_each_alone() {
    let answers: Vec<_> = (0..200_u64)
        .map(|seconds| {
            // The first two live for no second.
            Answer::new(Status::NotVaccinated, purpose("gate"), Duration::from_millis(700 * seconds))
        })
        .collect();
    let issuer = example_issuer();
    let many = issuer.issue_many_at(&answers, EXAMPLE_NOW);
    assert_eq!(many.len(), answers.len());
    let mut ids = BTreeSet::new();
    let verifier = Verifier::new(example_trust(), Policy::open());
    for (seconds, issued) in (0..200_u64).zip(many) {
        match issued {
            Ok(presentation) => {
                let verdict = verify(&verifier, &presentation).expect("just issued");
                assert_eq!(
                    verdict.expires_at().as_secs() - verdict.issued_at().as_secs(),
                    700 * seconds / 1_000
                );
                assert!(ids.insert(*verdict.token_id().as_bytes()), "each has an id of its own");
            }
            Err(error) => {
                assert!(seconds < 2, "{seconds}");
                let alone = issuer.issue_at(&answers[0], EXAMPLE_NOW).expect_err("it lives for no second");
                assert_eq!(error, alone);
            }
        }
    }
    assert_eq!(ids.len(), 198);
    assert!(issuer.issue_many_at(&[], EXAMPLE_NOW).is_empty());
}
