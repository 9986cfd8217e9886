//! The published test vectors of `test-vectors/`, as anybody would run them: through the public surface, whole results
//! compared.

mod common;

use kycvs::{
    Algorithm, Audience, BoxError, Commitment, ErrorCode, Expectation, Family, ImportedKeys, IssuerName,
    Nonce, Opening, Policy, Presentation, Purpose, ReplayGuard, Result, SigningKey, Subject, Timestamp,
    TokenId, TrustStore, TrustedKey, Validity, Verdict, Verifier, VerifyingKey,
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    thread,
    time::Duration,
};

/// Codes that no case of these files can end in, and why.
const NOT_IN_THE_FILES: [(ErrorCode, &str); 5] = [
    (ErrorCode::Revoked, "a verifier of this version reads no status list (SPEC.md section 10.6)"),
    (ErrorCode::SignerFailed, "it comes of issuing with a signer that fails"),
    (ErrorCode::RandomSourceFailed, "it comes of issuing or making a key without random bytes"),
    (
        ErrorCode::BadTrustStore,
        "every trust store of the files is one; there are no files of stores among them",
    ),
    (ErrorCode::ReplayGuardFailed, "`seen` says what a guard has seen, and such a guard always answers"),
];

#[test]
fn there_are_enough_and_each_has_its_own_id() {
    let all = all_cases();
    assert!(all.len() >= 400, "{} cases", all.len());
    let ids: BTreeSet<&str> = all.iter().map(|case| text(&case["id"])).collect();
    assert_eq!(ids.len(), all.len(), "two cases have one id");
}

#[test]
fn every_code_has_a_case() {
    let mut found = BTreeMap::<&str, usize>::new();
    let all = all_cases();
    for code in all.iter().filter_map(|case| case["expected"]["code"].as_str()) {
        *found.entry(code).or_default() += 1;
    }
    for code in ErrorCode::ALL {
        let reason = NOT_IN_THE_FILES.iter().find(|(other, _)| other == code).map(|(_, reason)| *reason);
        match (found.remove(code.as_str()), reason) {
            (Some(_), None) | (None, Some(_)) => {}
            (None, None) => panic!("`{code}` has no case"),
            (Some(_), Some(reason)) => panic!("`{code}` has a case, but {reason}"),
        }
    }
    assert!(found.is_empty(), "no codes: {found:?}");
}

#[test]
fn every_presentation_is_decided_as_expected() {
    for name in ["valid.json", "invalid.json"] {
        let file = read(name);
        run(&file, |case| presented(&file, case));
    }
}

/// One input to `verify_many` gives what it gives alone, and so do all inputs of a file together.
#[test]
fn many_are_decided_as_each_alone() {
    let file = read("valid.json");
    for case in cases(&file) {
        let (verifier, expectation) = set_up(&file, case).expect("good cases have a good set-up");
        let inputs = [hex(&case["presentation"]), vec![], hex(&case["presentation"])];
        let results = verifier.verify_many_at(&inputs.each_ref().map(Vec::as_slice), &expectation, now(case));
        let alone = inputs.map(|input| verifier.verify_at(&input, &expectation, now(case)));
        assert_eq!(results, alone, "{}", case["id"]);
    }
}

/// Text is decided as the bytes that it stands for.
#[test]
fn every_good_presentation_is_good_as_text() {
    let file = read("valid.json");
    run(&file, |case| {
        let (verifier, expectation) = set_up(&file, case)?;
        let presentation = Presentation::from_bytes(&hex(&case["presentation"]))?;
        let [kv1, base64url] = [presentation.to_text(), presentation.to_base64url()]
            .map(|text| verifier.verify_text_at(&text, &expectation, now(case)));
        assert_eq!(kv1, base64url, "{}", case["id"]);
        kv1.map(|verdict| as_json(&verdict))
    });
}

/// Every single-bit change inside the token is refused. (A change of the opening behind it is not always: where no person is
/// expected the opening is not looked at.)
#[test]
fn every_changed_bit_is_refused() {
    each_valid_case(|case, verifier, expectation, presentation, token| {
        let mut changed = presentation.to_vec();
        for bit in 0..8 * token {
            changed[bit / 8] ^= 1 << (bit % 8);
            let result = verifier.verify_at(&changed, expectation, now(case));
            assert!(result.is_err(), "{}: bit {bit} may be changed", case["id"]);
            changed[bit / 8] ^= 1 << (bit % 8);
        }
    });
}

/// Every truncation is refused, with one exception: where just the opening is cut off, what is left is a good token. It is
/// accepted where no person is expected, with the same verdict, and is `wrong_subject` where one is.
#[test]
fn every_truncation_is_refused() {
    each_valid_case(|case, verifier, expectation, presentation, token| {
        for length in 0..presentation.len() {
            let result = verifier.verify_at(&presentation[..length], expectation, now(case));
            let code = result.as_ref().map_err(kycvs::Error::code);
            if length != token {
                assert_eq!(code.err(), Some(ErrorCode::Malformed), "{}: {length} bytes", case["id"]);
            } else if case["expectation"]["subject"].is_null() {
                let verdict = result.as_ref().map(verdict_json).ok();
                assert_eq!(
                    verdict.as_ref(),
                    Some(&case["expected"]["verdict"]),
                    "{}: the token alone",
                    case["id"]
                );
            } else {
                assert_eq!(code.err(), Some(ErrorCode::WrongSubject), "{}: the token alone", case["id"]);
            }
        }
    });
}

#[test]
fn every_person_is_normalised_as_expected() {
    run(&read("subject.json"), person);
}

#[test]
fn every_text_is_read_as_expected() {
    run(&read("text.json"), text_form);
}

#[test]
fn every_key_is_read_as_expected() {
    let mut file = read("keys.json");
    if !cfg!(feature = "encrypted-keys") {
        let all = file["cases"].as_array_mut().expect("a list");
        all.retain(|case| case["format"] != "encrypted_pem");
        common::say("not run: encrypted keys of keys.json, which need the feature `encrypted-keys`");
    }
    run(&file, key_form);
}

/// The same cases once more, counted by file, for `cargo xtask test`, which holds the counts of all platforms together.
#[test]
#[cfg(feature = "encrypted-keys")]
fn the_count_for_the_table_of_platforms() {
    let Some(path) = std::env::var_os("KYCVS_CONFORMANCE_OUT") else { return };
    let mut failed = Vec::new();
    let mut files = serde_json::Map::new();
    for name in FILES {
        let file = read(name);
        let wrong: Vec<&str> = cases(&file)
            .iter()
            .filter(|case| {
                !is_as_expected(case, |case| match name {
                    "subject.json" => person(case),
                    "text.json" => text_form(case),
                    "keys.json" => key_form(case),
                    _ => presented(&file, case),
                })
            })
            .map(|case| text(&case["id"]))
            .collect();
        let count = cases(&file).len();
        files.insert(name.into(), json!({ "cases": count, "passed": count - wrong.len() }));
        failed.extend(wrong.into_iter().map(str::to_owned));
    }
    let report = json!({ "platform": "rust", "files": files, "failed": failed });
    std::fs::write(&path, report.to_string()).expect("the report can be written");
    assert!(failed.is_empty(), "{failed:?}");
}

/// Alone and among many, from the key alone and from its tables.
fn presented(file: &Value, case: &Value) -> Result<Value> {
    let bytes = hex(&case["presentation"]);
    let decide = |tables: bool, many: bool| {
        let (verifier, expectation) = set_up(file, case)?;
        if tables {
            verifier.prepare();
        }
        if many {
            let verdicts = verifier.verify_many_at(&[&*bytes], &expectation, now(case));
            return verdicts.into_iter().next().expect("one");
        }
        verifier.verify_at(&bytes, &expectation, now(case))
    };
    let verdict = decide(false, false);
    for (tables, many) in [(true, false), (false, true), (true, true)] {
        assert_eq!(decide(tables, many), verdict, "{}: tables {tables}, many {many}", case["id"]);
    }
    Ok(as_json(&verdict?))
}

fn person(case: &Value) -> Result<Value> {
    let subject = subject(case)?;
    let opening = Opening::from_bytes(array(&case["opening"]));
    let commitment = Commitment::new(&subject, &opening);
    // What has its normal form keeps it.
    let again = self::subject(&json!({ "name": subject.name(), "mobile": subject.mobile() }))?;
    assert_eq!(Commitment::new(&again, &opening), commitment, "{}", case["id"]);
    Ok(json!({
        "name": subject.name(),
        "mobile": subject.mobile(),
        "commitment": hex::encode(commitment.as_bytes()),
    }))
}

fn text_form(case: &Value) -> Result<Value> {
    let presentation = Presentation::from_text(text(&case["text"]))?;
    for own in [presentation.to_text(), presentation.to_base64url()] {
        assert_eq!(Presentation::from_text(&own).as_ref(), Ok(&presentation), "{}", case["id"]);
    }
    Ok(json!({
        "presentation": hex::encode(presentation.as_bytes()),
        "canonical_text": presentation.to_text(),
    }))
}

fn key_form(case: &Value) -> Result<Value> {
    let input = text(&case["input"]);
    let secret = |key: SigningKey| public_key(key.verifying_key(), None);
    match text(&case["format"]) {
        "raw" => VerifyingKey::try_from(&*hex(&case["input"])).map(|key| public_key(&key, None)),
        "public_pem" => {
            let alone = VerifyingKey::from_pem(input);
            let imported = imported(input.as_bytes(), false);
            assert_eq!(imported.as_ref().ok(), alone.map(|key| public_key(&key, None)).ok().as_ref());
            imported
        }
        "secret_pem" => SigningKey::from_pem(input).map(secret),
        "encrypted_pem" => encrypted(input, text(&case["passphrase"])).map(secret),
        "cose_key" => imported(&hex(&case["input"]), false),
        "cose_key_set" => imported(&hex(&case["input"]), true),
        "jwk" => imported(input.as_bytes(), false),
        "jwk_set" | "public_pem_set" => imported(input.as_bytes(), true),
        other => panic!("no such form: {other}"),
    }
}

#[cfg(feature = "encrypted-keys")]
fn encrypted(pem: &str, passphrase: &str) -> Result<SigningKey> {
    SigningKey::from_encrypted_pem(pem, passphrase.as_bytes())
}

#[cfg(not(feature = "encrypted-keys"))]
fn encrypted(_: &str, _: &str) -> Result<SigningKey> {
    unreachable!("these cases were left out")
}

fn imported(file: &[u8], is_set: bool) -> Result<Value> {
    let imported = ImportedKeys::read(file)?;
    let keys: Vec<_> = imported.keys().iter().map(|key| public_key(key.key(), key.algorithm())).collect();
    Ok(match keys.as_slice() {
        [key] if !is_set && imported.skipped() == 0 => key.clone(),
        keys => json!({ "keys": keys, "skipped": imported.skipped() }),
    })
}

fn public_key(key: &VerifyingKey, algorithm: Option<Algorithm>) -> Value {
    json!({
        "public_key": hex::encode(key.as_bytes()),
        "key_id": key.key_id().to_string(),
        "algorithm": algorithm.map(Algorithm::name),
    })
}

/// Compares the whole result of every case, and names all that differ.
fn run(file: &Value, decide: impl Fn(&Value) -> Result<Value>) {
    let mut differ = Vec::new();
    for case in cases(file) {
        let result = outcome(case, &decide);
        if result != case["expected"] {
            differ.push(format!("{}\n  expected {}\n  found    {result}", case["id"], case["expected"]));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[cfg(feature = "encrypted-keys")]
fn is_as_expected(case: &Value, decide: impl Fn(&Value) -> Result<Value>) -> bool {
    outcome(case, decide) == case["expected"]
}

fn outcome(case: &Value, decide: impl Fn(&Value) -> Result<Value>) -> Value {
    decide(case).unwrap_or_else(|error| {
        let family: Family = error.family();
        json!({ "code": error.code().as_str(), "number": error.number(), "family": family.as_str() })
    })
}

/// For each good presentation on all processors: the case, its verifier and expectation, the bytes, the token's length.
fn each_valid_case(check: impl Fn(&Value, &Verifier, &Expectation, &[u8], usize) + Sync) {
    let file = read("valid.json");
    let all = cases(&file);
    let at_a_time = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for first in 0..at_a_time {
            let (file, check) = (&file, &check);
            scope.spawn(move || {
                for case in all.iter().skip(first).step_by(at_a_time) {
                    let (verifier, expectation) = set_up(file, case).expect("good cases have a good set-up");
                    let bytes = hex(&case["presentation"]);
                    let presentation = Presentation::from_bytes(&bytes).expect("a good presentation");
                    check(case, &verifier, &expectation, &bytes, presentation.token().as_bytes().len());
                }
            });
        }
    });
}

fn set_up(file: &Value, case: &Value) -> Result<(Verifier, Expectation)> {
    let words = &case["policy"];
    let mut verifier =
        Verifier::new(trust_store(&file["trust_stores"][text(&case["trust"])])?, policy(words)?);
    if let Some(seen) = words["seen"].as_array() {
        verifier = verifier.with_replay_guard(HasSeen(seen.clone()));
    }
    Ok((verifier, expectation(&case["expectation"])?))
}

fn trust_store(entries: &Value) -> Result<TrustStore> {
    list(entries).iter().try_fold(TrustStore::new(), |store, entry| {
        let time = |name: &str| entry[name].as_u64().map(Timestamp::from_secs);
        let key = VerifyingKey::from_bytes(&array(&entry["public_key"]))?;
        let trusted = TrustedKey::new(IssuerName::new(text(&entry["issuer"]))?, key)
            .with_algorithm(text(&entry["algorithm"]).parse()?)
            .with_validity(Validity::new(time("not_before"), time("not_after"))?);
        store.with(if flag(&entry["withdrawn"]) { trusted.withdrawn() } else { trusted })
    })
}

fn policy(words: &Value) -> Result<Policy> {
    let audience = words["audience"].as_str().map(Audience::new).transpose()?;
    let mut policy = Policy::new(audience, flag(&words["open"]))?
        .with_clock_skew(Duration::from_secs(number(&words["clock_skew"])))?
        .with_max_lifetime(Duration::from_secs(number(&words["max_lifetime"])));
    if flag(&words["allow_specimen"]) {
        policy = policy.allowing_specimens();
    }
    if flag(&words["ignore_status_lists"]) {
        policy = policy.ignoring_status_lists();
    }
    Ok(policy)
}

fn expectation(words: &Value) -> Result<Expectation> {
    let mut expectation = match &words["nonce"] {
        Value::Null => Expectation::no_nonce(),
        nonce => Expectation::nonce(Nonce::new(&hex(nonce))?),
    };
    if let Some(purpose) = words["purpose"].as_str() {
        expectation = expectation.with_purpose(Purpose::new(purpose)?);
    }
    if words["subject"].is_object() {
        expectation = expectation.with_subject(subject(&words["subject"])?);
    }
    Ok(expectation)
}

fn subject(words: &Value) -> Result<Subject> {
    let subject = Subject::new(text(&words["name"]))?;
    match words["mobile"].as_str() {
        Some(mobile) => subject.with_mobile(mobile),
        None => Ok(subject),
    }
}

/// A guard that has seen just these, and learns nothing.
struct HasSeen(Vec<Value>);

impl ReplayGuard for HasSeen {
    fn first_use(
        &self,
        issuer: &str,
        token_id: &TokenId,
        _: Timestamp,
        _: Timestamp,
    ) -> std::result::Result<bool, BoxError> {
        Ok(!self.0.contains(&json!({ "issuer": issuer, "token_id": token_id.to_string() })))
    }
}

fn as_json(verdict: &Verdict) -> Value {
    json!({ "verdict": verdict_json(verdict) })
}

fn verdict_json(verdict: &Verdict) -> Value {
    json!({
        "status": verdict.status().number(),
        "issuer": verdict.issuer(),
        "audience": verdict.audience(),
        "purpose": verdict.purpose(),
        "issued_at": verdict.issued_at().as_secs(),
        "expires_at": verdict.expires_at().as_secs(),
        "token_id": verdict.token_id().to_string(),
        "key_id": verdict.key_id().to_string(),
        "nonce": verdict.nonce().map(hex::encode),
        "subject_matched": verdict.subject_matched(),
        "specimen": verdict.is_specimen(),
    })
}

const FILES: [&str; 5] = ["valid.json", "invalid.json", "subject.json", "text.json", "keys.json"];

fn all_cases() -> Vec<Value> {
    FILES.into_iter().flat_map(|name| cases(&read(name)).to_vec()).collect()
}

fn read(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-vectors").join(name);
    let bytes = std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{name}: {error}: `cargo xtask vectors` makes it"));
    serde_json::from_slice(&bytes).expect("JSON")
}

fn cases(file: &Value) -> &[Value] {
    list(&file["cases"])
}

fn now(case: &Value) -> Timestamp {
    Timestamp::from_secs(number(&case["now"]))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("an unsigned integer of 64 bits")
}

fn flag(value: &Value) -> bool {
    value.as_bool().expect("true or false")
}

fn hex(value: &Value) -> Vec<u8> {
    hex::decode(text(value)).expect("hexadecimal digits")
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    hex(value).try_into().expect("as many bytes as it should have")
}
