//! A verifying entity: it asks, and takes no answer that it has not verified.

use std::sync::Arc;

use base64ct::{Base64UrlUnpadded, Encoding};
use kycvs::{
    Audience, Expectation, MemoryReplayGuard, Nonce, Policy, Presentation, Purpose, Subject, TrustStore,
    Verifier,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::Result;
use crate::client::Call;
use crate::people::Person;
use crate::system::random;

/// An entity with its API key. Cheap to clone; clones share one replay guard.
#[derive(Clone)]
pub(crate) struct Entity {
    pub(crate) api_key: Arc<str>,
    verifier: Verifier,
}

/// What an answer is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    None,
    Name,
    NameAndMobile,
}

/// What one request asked for, and what its answer is checked against.
#[derive(Clone)]
pub(crate) struct Question {
    pub(crate) nonce: [u8; 16],
    pub(crate) binding: Binding,
    pub(crate) person: Person,
}

/// What is left of a verified answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verified {
    pub(crate) status: u8,
    pub(crate) token_id: [u8; 16],
    /// SHA-256 of the token, as the audit log holds it.
    pub(crate) token_hash: Vec<u8>,
}

impl Entity {
    pub(crate) fn new(id: &str, api_key: &str, trust: &[u8]) -> Result<Self> {
        let verifier = Verifier::new(TrustStore::from_bytes(trust)?, Policy::audience(Audience::new(id)?))
            .with_replay_guard(MemoryReplayGuard::new(10_000_000));
        Ok(Self { api_key: api_key.into(), verifier })
    }

    /// The call that asks.
    pub(crate) fn ask(&self, question: &Question) -> Call {
        let mut body = json!({
            "purpose": PURPOSE,
            "nonce": Base64UrlUnpadded::encode_string(&question.nonce),
            "valid_for": 3600,
        });
        match question.binding {
            Binding::None => body["binding"] = "none".into(),
            Binding::Name => body["binding"] = "name".into(),
            Binding::NameAndMobile => {
                body["binding"] = "name_and_mobile".into();
                body["mobile"] = question.person.mobile.as_str().into();
            }
        }
        Call::post("/v1/requests", &body).key(&self.api_key)
    }

    /// The call that reads the state of a request.
    pub(crate) fn read(&self, request: &str) -> Call {
        Call::get(format!("/v1/requests/{request}")).key(&self.api_key)
    }

    /// The call that says that the answer has arrived.
    pub(crate) fn acknowledge(&self, request: &str) -> Call {
        Call::post(format!("/v1/requests/{request}/ack"), &json!({})).key(&self.api_key)
    }

    /// Checks an answer: for this entity, this purpose, this nonce, this person where it is bound, and never seen before.
    pub(crate) fn verify(&self, presentation: &[u8], question: &Question) -> Result<Verified> {
        let mut expected =
            Expectation::nonce(Nonce::new(&question.nonce)?).with_purpose(Purpose::new(PURPOSE)?);
        if question.binding != Binding::None {
            let mut subject = Subject::new(&question.person.name)?;
            if question.binding == Binding::NameAndMobile {
                subject = subject.with_mobile(&question.person.mobile)?;
            }
            expected = expected.with_subject(subject);
        }
        let verdict = self.verifier.verify(presentation, &expected)?;
        Ok(Verified {
            status: verdict.status().number(),
            token_id: *verdict.token_id().as_bytes(),
            token_hash: token_hash(presentation)?,
        })
    }
}

impl Question {
    /// A fresh one about this person.
    pub(crate) fn new(person: Person, binding: Binding) -> Result<Self> {
        Ok(Self { nonce: random()?, binding, person })
    }

    /// What the person types on the page.
    pub(crate) fn typed(&self) -> Value {
        match self.binding {
            Binding::NameAndMobile => json!({ "name": self.person.name }),
            _ => json!({ "name": self.person.name, "mobile": self.person.mobile }),
        }
    }
}

/// SHA-256 of the token in a presentation.
pub(crate) fn token_hash(presentation: &[u8]) -> Result<Vec<u8>> {
    let presentation = Presentation::from_bytes(presentation)?;
    Ok(Sha256::digest(presentation.token().as_bytes()).to_vec())
}

/// The bytes of a presentation as JSON carries them.
pub(crate) fn presentation_of(body: &Value) -> Result<Option<Vec<u8>>> {
    let Some(text) = body["presentation"].as_str() else { return Ok(None) };
    Ok(Some(Base64UrlUnpadded::decode_vec(text).map_err(|_| "a presentation that is not base64url")?))
}

/// What consents to the answer 0, from the reply that there is no record. That reply holds no answer.
pub(crate) fn acceptance_of(told: &Value) -> Result<&str> {
    if told["state"] != "otp_sent" || !told["presentation"].is_null() {
        return Err("an answer that nobody consented to".into());
    }
    Ok(told["no_record"]["acceptance"].as_str().ok_or("no acceptance")?)
}

/// What all requests here are for.
pub(crate) const PURPOSE: &str = "rail-booking";
