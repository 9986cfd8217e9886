//! The base point's table is made once in a process, however many threads want it: a process of its own, for that reason.

#![cfg(feature = "std")]

mod common;

use allocation_counter::measure;
use common::{EXAMPLE_NOW, issuer, purpose};
use kycvs::{
    Answer, Expectation, Issuer, Policy, Presentation, SigningKey, Status, TrustStore, TrustedKey, Verifier,
};
use std::{sync::Barrier, time::Duration};

/// Bytes of the base point's table, and of a key's.
const BASE: u64 = 6_881_000;
const OF_A_KEY: u64 = 638_000;

#[test]
fn sixteen_threads_make_it_once() {
    let threads = 16;
    let issuers: Vec<_> = (1..=threads)
        .map(|seed| Issuer::new(issuer(&format!("issuer-{seed}")), SigningKey::from_seed(&[seed; 32])))
        .collect();
    let mut trust = TrustStore::new();
    for issuer in &issuers {
        trust
            .add(TrustedKey::new(issuer.name().clone(), issuer.verifying_key().clone()))
            .expect("another key");
    }
    let verifier = Verifier::new(trust, Policy::open());
    let answer = Answer::new(Status::FullyVaccinated, purpose("gate"), Duration::from_mins(15));
    let passes: Vec<_> =
        issuers.iter().map(|issuer| issuer.issue_at(&answer, EXAMPLE_NOW).expect("a pass")).collect();
    let decide = |pass: &Presentation| {
        let counted = measure(|| {
            for _ in 0..200 {
                let verdict = verifier.verify_at(pass.as_bytes(), &Expectation::no_nonce(), EXAMPLE_NOW);
                drop(verdict.expect("good"));
            }
        });
        counted.bytes_total
    };
    let together = Barrier::new(threads.into());
    let bytes: Vec<u64> = std::thread::scope(|scope| {
        let (decide, together) = (&decide, &together);
        let threads = passes.iter().map(|pass| {
            scope.spawn(move || {
                together.wait();
                decide(pass)
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().expect("good")).collect()
    });
    assert_eq!(bytes.iter().filter(|&&bytes| bytes > BASE).count(), 1, "{bytes:?}");
    // Whoever came while it was being made has gone on without, and is no worse off.
    assert_eq!(verifier.prepare(), 16);
    // Now there are all tables, so this is what the verdicts take.
    let verdicts: u64 = passes.iter().map(decide).sum();
    let tables = bytes.iter().sum::<u64>() - verdicts;
    assert!(tables <= BASE + 16 * OF_A_KEY, "{tables} for tables: {bytes:?}");
}
