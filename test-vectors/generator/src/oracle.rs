//! What the core says to a case, through its public surface alone.

use std::time::Duration;

use kycvs::{
    Algorithm, Audience, BoxError, Commitment, ImportedKeys, IssuerName, Nonce, Opening, Presentation,
    Purpose, ReplayGuard, Result, SigningKey, Subject, Timestamp, TokenId, TrustStore, TrustedKey, Validity,
    Verifier, VerifyingKey,
};

use super::model::{
    Decoded, Expectation, Expected, Format, KeyCase, Keys, Normalised, Person, Policy, PublicKey, Seen,
    SubjectCase, TextCase, TrustEntry, Verdict, Verified, VerifyCase,
};

pub(super) fn verify(case: &VerifyCase, trust: &[TrustEntry]) -> Expected<Verified> {
    Expected::of(try_verify(case, trust))
}

fn try_verify(case: &VerifyCase, trust: &[TrustEntry]) -> Result<Verified> {
    let mut verifier = Verifier::new(trust_store(trust)?, policy(&case.policy)?);
    if let Some(seen) = &case.policy.seen {
        verifier = verifier.with_replay_guard(Remembers(seen.clone()));
    }
    let presentation = unhex(&case.presentation);
    let now = Timestamp::from_secs(case.now);
    let verdict = verifier.verify_at(&presentation, &expectation(&case.expectation)?, now)?;
    Ok(Verified {
        verdict: Verdict {
            status: verdict.status().number(),
            issuer: verdict.issuer().into(),
            audience: verdict.audience().map(Into::into),
            purpose: verdict.purpose().into(),
            issued_at: verdict.issued_at().as_secs(),
            expires_at: verdict.expires_at().as_secs(),
            token_id: verdict.token_id().to_string(),
            key_id: verdict.key_id().to_string(),
            nonce: verdict.nonce().map(hex::encode),
            subject_matched: verdict.subject_matched(),
            specimen: verdict.is_specimen(),
        },
    })
}

fn trust_store(entries: &[TrustEntry]) -> Result<TrustStore> {
    entries.iter().try_fold(TrustStore::new(), |store, entry| {
        let key = VerifyingKey::from_bytes(&array(&entry.public_key))?;
        let bound = |time: Option<u64>| time.map(Timestamp::from_secs);
        let trusted = TrustedKey::new(IssuerName::new(entry.issuer.as_str())?, key)
            .with_algorithm(entry.algorithm.parse()?)
            .with_validity(Validity::new(bound(entry.not_before), bound(entry.not_after))?);
        store.with(if entry.withdrawn { trusted.withdrawn() } else { trusted })
    })
}

fn policy(words: &Policy) -> Result<kycvs::Policy> {
    let audience = words.audience.as_deref().map(Audience::new).transpose()?;
    let mut policy = kycvs::Policy::new(audience, words.open)?;
    policy = policy
        .with_clock_skew(Duration::from_secs(words.clock_skew))?
        .with_max_lifetime(Duration::from_secs(words.max_lifetime));
    if words.allow_specimen {
        policy = policy.allowing_specimens();
    }
    if words.ignore_status_lists {
        policy = policy.ignoring_status_lists();
    }
    Ok(policy)
}

fn expectation(words: &Expectation) -> Result<kycvs::Expectation> {
    let mut expectation = match &words.nonce {
        Some(nonce) => kycvs::Expectation::nonce(Nonce::new(&unhex(nonce))?),
        None => kycvs::Expectation::no_nonce(),
    };
    if let Some(purpose) = &words.purpose {
        expectation = expectation.with_purpose(Purpose::new(purpose.as_str())?);
    }
    if let Some(Person { name, mobile }) = &words.subject {
        expectation = expectation.with_subject(subject_of(name, mobile.as_deref())?);
    }
    Ok(expectation)
}

fn subject_of(name: &str, mobile: Option<&str>) -> Result<Subject> {
    let subject = Subject::new(name)?;
    match mobile {
        Some(mobile) => subject.with_mobile(mobile),
        None => Ok(subject),
    }
}

/// A guard that has seen just these and never learns.
struct Remembers(Vec<Seen>);

impl ReplayGuard for Remembers {
    fn first_use(
        &self,
        issuer: &str,
        token_id: &TokenId,
        _keep_until: Timestamp,
        _now: Timestamp,
    ) -> std::result::Result<bool, BoxError> {
        let token_id = token_id.to_string();
        Ok(!self.0.iter().any(|seen| seen.issuer == issuer && seen.token_id == token_id))
    }
}

pub(super) fn subject(case: &SubjectCase) -> Expected<Normalised> {
    Expected::of(subject_of(&case.name, case.mobile.as_deref()).map(|subject| {
        let opening = Opening::from_bytes(array(&case.opening));
        Normalised {
            name: subject.name().into(),
            mobile: subject.mobile().map(Into::into),
            commitment: hex::encode(Commitment::new(&subject, &opening).as_bytes()),
        }
    }))
}

pub(super) fn text(case: &TextCase) -> Expected<Decoded> {
    Expected::of(Presentation::from_text(&case.text).map(|presentation| Decoded {
        presentation: hex::encode(presentation.as_bytes()),
        canonical_text: presentation.to_text(),
    }))
}

pub(super) fn key(case: &KeyCase) -> Expected<Keys> {
    Expected::of(try_key(case))
}

fn try_key(case: &KeyCase) -> Result<Keys> {
    let input = case.input.as_str();
    let one = |key: &VerifyingKey| Keys::One(public_key(key, None));
    let imported = match case.format {
        Format::Raw => return VerifyingKey::try_from(&*unhex(input)).map(|key| one(&key)),
        Format::SecretPem => return SigningKey::from_pem(input).map(|key| one(key.verifying_key())),
        Format::EncryptedPem => {
            let passphrase = case.passphrase.as_deref().expect("an encrypted key has a passphrase");
            let key = SigningKey::from_encrypted_pem(input, passphrase.as_bytes());
            return key.map(|key| one(key.verifying_key()));
        }
        Format::CoseKey | Format::CoseKeySet => ImportedKeys::read(&unhex(input))?,
        Format::PublicPem | Format::PublicPemSet | Format::Jwk | Format::JwkSet => {
            ImportedKeys::read(input.as_bytes())?
        }
    };
    let mut keys: Vec<_> =
        imported.keys().iter().map(|imported| public_key(imported.key(), imported.algorithm())).collect();
    let is_set = matches!(case.format, Format::CoseKeySet | Format::JwkSet | Format::PublicPemSet);
    Ok(match (is_set, keys.len(), imported.skipped()) {
        (false, 1, 0) => Keys::One(keys.remove(0)),
        (_, _, skipped) => Keys::Set { keys, skipped },
    })
}

fn public_key(key: &VerifyingKey, algorithm: Option<Algorithm>) -> PublicKey {
    PublicKey {
        public_key: hex::encode(key.as_bytes()),
        key_id: key.key_id().to_string(),
        algorithm: algorithm.map(Algorithm::name),
    }
}

fn unhex(digits: &str) -> Vec<u8> {
    hex::decode(digits).expect("the generator writes hexadecimal digits")
}

fn array<const N: usize>(digits: &str) -> [u8; N] {
    unhex(digits).try_into().expect("the generator writes as many as it should")
}
