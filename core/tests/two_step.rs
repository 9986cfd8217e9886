//! Issuing and verifying in two steps, for signers and replay guards that do not answer at once.

#![cfg(feature = "std")]

mod common;

use common::{
    EXAMPLE_NOW, audience, example_expectation, example_key, example_nonce, example_trust, example_verifier,
    issuer, purpose,
};
use kycvs::{
    Answer, ErrorCode, Expectation, Issuer, MemoryReplayGuard, PendingVerdict, Policy, Presentation, Signer,
    SigningKey, Status, Subject, Timestamp, Verifier, VerifyingKey,
};
use std::{error::Error as _, time::Duration};

fn elsewhere() -> Issuer<VerifyingKey> {
    Issuer::signed_elsewhere(issuer("in.gov.cowin"), example_key().verifying_key().clone())
}

fn answer() -> Answer {
    Answer::new(Status::FullyVaccinated, purpose("rail-booking"), Duration::from_mins(15))
        .with_audience(audience("irctc.co.in"))
        .with_nonce(example_nonce())
}

fn issued() -> Presentation {
    let pending = elsewhere().begin_issue_at(&answer(), EXAMPLE_NOW).expect("an answer");
    let signature = example_key().sign(pending.message()).expect("a key in memory signs");
    pending.finish(&signature).expect("the key's signature")
}

#[test]
fn signature_made_elsewhere_gives_a_token_that_verifies() {
    let verdict = example_verifier().verify_at(issued().as_bytes(), &example_expectation(), EXAMPLE_NOW);
    assert_eq!(verdict.expect("valid").status(), Status::FullyVaccinated);
}

#[test]
fn pending_answer_with_subject_keeps_its_opening() {
    let subject = Subject::new("Asha Rani").expect("a name");
    let pending =
        elsewhere().begin_issue_at(&answer().with_subject(subject.clone()), EXAMPLE_NOW).expect("an answer");
    let signature = example_key().sign(pending.message()).expect("a key in memory signs");
    let presentation = pending.finish(&signature).expect("the key's signature");
    let expectation = example_expectation().with_subject(subject);
    let verdict = example_verifier().verify_at(presentation.as_bytes(), &expectation, EXAMPLE_NOW);
    assert!(verdict.expect("valid").subject_matched());
}

#[test]
fn pending_answers_of_one_answer_have_different_token_ids() {
    assert_ne!(
        issued().token().unverified_claims().token_id(),
        issued().token().unverified_claims().token_id()
    );
}

/// How somebody answers when asked to sign a message.
type Sign<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;

#[test]
fn wrong_signature_issues_nothing() {
    let good = |message: &[u8]| example_key().sign(message).expect("a key in memory signs").to_vec();
    let stranger = SigningKey::from_seed(&[99; 32]);
    let wrong: [(&str, Sign<'_>); 7] = [
        ("none", &|_| Vec::new()),
        ("63 bytes", &|message| good(message)[..63].to_vec()),
        ("65 bytes", &|message| [good(message), vec![0]].concat()),
        ("zeros", &|_| vec![0; 64]),
        ("another key's", &|message| stranger.sign(message).expect("it signs").to_vec()),
        ("another message's", &|message| good(&message[1..])),
        ("one bit changed", &|message| {
            let mut signature = good(message);
            signature[40] ^= 1;
            signature
        }),
    ];
    for (what, sign) in wrong {
        let pending = elsewhere().begin_issue_at(&answer(), EXAMPLE_NOW).expect("an answer");
        let signature = sign(pending.message());
        let error = pending.finish(&signature).expect_err(what);
        assert_eq!(error.code(), ErrorCode::SignerFailed, "{what}");
        assert!(error.to_string().contains("nothing was issued"), "{error}");
    }
}

#[test]
fn signer_that_fails_is_the_source_of_the_error() {
    let pending = elsewhere().begin_issue_at(&answer(), EXAMPLE_NOW).expect("an answer");
    let error = pending.failed("the module is locked".into());
    assert_eq!(error.code(), ErrorCode::SignerFailed);
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("the module is locked"));
}

#[test]
fn begin_issue_with_clock_not_set_gives_nothing_to_sign() {
    let error = elsewhere().begin_issue_at(&answer(), Timestamp::from_secs(0)).expect_err("no clock");
    assert_eq!(error.code(), ErrorCode::ClockNotSet);
}

fn begun(verifier: &Verifier, presentation: &Presentation) -> PendingVerdict {
    verifier
        .begin_verify_at(presentation.as_bytes(), &example_expectation(), EXAMPLE_NOW)
        .expect("all but the replay is checked")
}

#[test]
fn guards_answer_decides_the_verdict() {
    let (verifier, presentation) = (example_verifier(), issued());
    let verdict = begun(&verifier, &presentation).finish(Ok(true)).expect("the first use");
    assert_eq!(verdict.status(), Status::FullyVaccinated);
    let again = begun(&verifier, &presentation).finish(Ok(false)).expect_err("used before");
    assert_eq!(again.code(), ErrorCode::Replayed);
    let error =
        begun(&verifier, &presentation).finish(Err("the database is away".into())).expect_err("no guard");
    assert_eq!(error.code(), ErrorCode::ReplayGuardFailed);
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("the database is away"));
}

#[test]
fn pending_verdict_shows_what_a_guard_needs() {
    let presentation = issued();
    let pending = begun(&example_verifier(), &presentation);
    let token = presentation.token();
    let claims = token.unverified_claims();
    assert_eq!(pending.issuer(), "in.gov.cowin");
    assert_eq!(pending.token_id(), claims.token_id());
    assert_eq!(pending.now(), EXAMPLE_NOW);
    let kept = pending.keep_until().as_secs();
    assert_eq!(kept, claims.expires_at().as_secs() + Policy::MAX_CLOCK_SKEW.as_secs());
}

#[test]
fn begin_verify_of_text_and_bytes_agree_and_refuse_what_verify_refuses() {
    let (verifier, presentation) = (example_verifier(), issued());
    let text = presentation.to_text();
    let pending =
        verifier.begin_verify_at(text.as_str(), &example_expectation(), EXAMPLE_NOW).expect("valid");
    assert_eq!(pending.token_id(), begun(&verifier, &presentation).token_id());
    let refused = |text: &str, expectation: &Expectation, now: Timestamp| {
        let code = verifier.begin_verify_at(text, expectation, now).expect_err("refused").code();
        assert_eq!(verifier.verify_text_at(text, expectation, now).expect_err("refused").code(), code);
        code
    };
    assert_eq!(refused("KV1:DAMAGED", &example_expectation(), EXAMPLE_NOW), ErrorCode::BadText);
    assert_eq!(refused(&text, &example_expectation(), Timestamp::from_secs(0)), ErrorCode::ClockNotSet);
    let later = Timestamp::from_secs(EXAMPLE_NOW.as_secs() + 86_400);
    assert_eq!(refused(&text, &example_expectation(), later), ErrorCode::Expired);
    let empty = Verifier::new(kycvs::TrustStore::new(), Policy::open());
    let error =
        empty.begin_verify_at(text.as_str(), &example_expectation(), EXAMPLE_NOW).expect_err("no keys");
    assert_eq!(error.code(), ErrorCode::NoTrustedKeys);
}

#[test]
fn verifiers_own_guard_is_asked_too() {
    let policy = Policy::audience(audience("irctc.co.in"));
    let verifier = Verifier::new(example_trust(), policy).with_replay_guard(MemoryReplayGuard::new(10));
    let presentation = issued();
    // The answer of the other guard comes first: an answer that it refused is not used up here.
    assert_eq!(
        begun(&verifier, &presentation).finish(Ok(false)).expect_err("used elsewhere").code(),
        ErrorCode::Replayed
    );
    assert!(begun(&verifier, &presentation).finish(Ok(true)).is_ok());
    assert_eq!(
        begun(&verifier, &presentation).finish(Ok(true)).expect_err("used here").code(),
        ErrorCode::Replayed
    );
}

#[test]
fn debug_shows_no_status_and_no_message() {
    let pending = elsewhere().begin_issue_at(&answer(), EXAMPLE_NOW).expect("an answer");
    let key = example_key().verifying_key().key_id();
    assert_eq!(format!("{pending:?}"), format!("PendingAnswer {{ key: VerifyingKey({key}), .. }}"));
    let pending = begun(&example_verifier(), &issued());
    assert!(!format!("{pending:?}").contains("FullyVaccinated"));
}

/// From then on the guard may have forgotten it, so that a second pending verdict would be another first use.
#[test]
fn pending_verdict_that_waited_until_its_token_is_forgotten_is_expired() {
    let presentation = issued();
    let expires_at = presentation.token().unverified_claims().expires_at();
    let last = Timestamp::from_secs(expires_at.as_secs() + Policy::MAX_CLOCK_SKEW.as_secs() - 1);
    let policy = Policy::audience(audience("irctc.co.in")).with_clock_skew(Policy::MAX_CLOCK_SKEW);
    let verifier = Verifier::new(example_trust(), policy.expect("the largest skew"));
    let begin = || {
        verifier.begin_verify_at(presentation.as_bytes(), &example_expectation(), last).expect("just in time")
    };
    let (soon, late) = (begin(), begin());
    assert_eq!(soon.keep_until().as_secs() - last.as_secs(), 1);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(late.finish(Ok(true)).expect_err("too late").code(), ErrorCode::Expired);
}
