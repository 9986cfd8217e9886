//! One case of `valid.json` or `invalid.json` in the making: a good token, and the few things that are said to differ.

use kycvs::ErrorCode;

use super::ed25519::Key;
use super::model::{Expectation, Expected, Flag, Person, Policy, Seen, Verdict, Verified, VerifyCase};
use super::raw::{Map, bytes};
use super::token::{
    AUDIENCE, EDDSA, Envelope, Facts, NONCE, NOW, commitment, cowin, header, opening, sig_structure,
};

type Edit<T> = Option<Box<dyn FnOnce(&mut T)>>;
type Sign = Box<dyn FnOnce(&Key, &[u8]) -> [u8; 64]>;

/// Starts as a good answer to a good request. Every method changes one thing, in whatever order they are called; the
/// token is built in the order of its layers when the outcome is declared.
pub(super) struct Case {
    id: String,
    comment: String,
    flags: Vec<Flag>,
    trust: &'static str,
    policy: Policy,
    expectation: Expectation,
    now: u64,
    key: Key,
    alg: i64,
    kid: Option<[u8; 8]>,
    facts: Facts,
    opening: Option<Vec<u8>>,
    edits: Edits,
}

#[derive(Default)]
struct Edits {
    header: Edit<Map>,
    protected: Edit<Vec<u8>>,
    answer: Edit<Map>,
    claims: Edit<Map>,
    payload: Edit<Vec<u8>>,
    sign: Option<Sign>,
    envelope: Edit<Envelope>,
    presentation: Edit<Vec<u8>>,
}

impl Case {
    pub(super) fn new(id: impl Into<String>, comment: impl Into<String>, flags: &[Flag]) -> Self {
        let id = id.into();
        Self {
            comment: comment.into(),
            flags: flags.to_vec(),
            trust: "cowin",
            policy: Policy {
                audience: Some(AUDIENCE.into()),
                open: false,
                clock_skew: 60,
                max_lifetime: 86_400,
                allow_specimen: false,
                ignore_status_lists: false,
                seen: None,
            },
            expectation: Expectation { nonce: Some(hex::encode(NONCE)), purpose: None, subject: None },
            now: NOW,
            key: cowin(),
            alg: EDDSA,
            kid: None,
            facts: Facts::of_case(&id),
            opening: None,
            edits: Edits::default(),
            id,
        }
    }

    /// One more reason to be there.
    pub(super) fn flag(mut self, flag: Flag) -> Self {
        if !self.flags.contains(&flag) {
            self.flags.push(flag);
        }
        self
    }

    pub(super) fn trust(self, name: &'static str) -> Self {
        Self { trust: name, ..self }
    }

    pub(super) fn now(self, now: u64) -> Self {
        Self { now, ..self }
    }

    pub(super) fn policy(mut self, edit: impl FnOnce(&mut Policy)) -> Self {
        edit(&mut self.policy);
        self
    }

    pub(super) fn expectation(mut self, edit: impl FnOnce(&mut Expectation)) -> Self {
        edit(&mut self.expectation);
        self
    }

    /// The person that is expected.
    pub(super) fn person(self, name: &str, mobile: Option<&str>) -> Self {
        let person = Person { name: name.into(), mobile: mobile.map(Into::into) };
        self.expectation(|expectation| expectation.subject = Some(person))
    }

    /// The guard has seen this issuer's token with this id (`None`: the token of this case).
    pub(super) fn seen(mut self, issuer: &str, token_id: Option<[u8; 16]>) -> Self {
        let token_id = hex::encode(token_id.unwrap_or(self.facts.token_id));
        let seen = self.policy.seen.get_or_insert_default();
        seen.push(Seen { issuer: issuer.into(), token_id });
        self
    }

    pub(super) fn facts(mut self, edit: impl FnOnce(&mut Facts)) -> Self {
        edit(&mut self.facts);
        self
    }

    /// Bound to a person whose name and number are given in their normal forms; the opening comes with the token.
    pub(super) fn bound_to(mut self, name: &str, mobile: Option<&str>) -> Self {
        let opening = opening(&self.id);
        self.facts.commitment = Some(commitment(&opening, name, mobile));
        self.opening = Some(bytes(&opening));
        self
    }

    /// The item behind the token.
    pub(super) fn behind(self, item: Vec<u8>) -> Self {
        Self { opening: Some(item), ..self }
    }

    pub(super) fn without_opening(self) -> Self {
        Self { opening: None, ..self }
    }

    pub(super) fn key(self, key: Key) -> Self {
        Self { key, ..self }
    }

    pub(super) fn kid(self, kid: [u8; 8]) -> Self {
        Self { kid: Some(kid), ..self }
    }

    pub(super) fn alg(self, alg: i64) -> Self {
        Self { alg, ..self }
    }

    pub(super) fn header(mut self, edit: impl FnOnce(&mut Map) + 'static) -> Self {
        self.edits.header = Some(Box::new(edit));
        self
    }

    pub(super) fn protected(mut self, edit: impl FnOnce(&mut Vec<u8>) + 'static) -> Self {
        self.edits.protected = Some(Box::new(edit));
        self
    }

    pub(super) fn answer(mut self, edit: impl FnOnce(&mut Map) + 'static) -> Self {
        self.edits.answer = Some(Box::new(edit));
        self
    }

    pub(super) fn claims(mut self, edit: impl FnOnce(&mut Map) + 'static) -> Self {
        self.edits.claims = Some(Box::new(edit));
        self
    }

    pub(super) fn payload(mut self, edit: impl FnOnce(&mut Vec<u8>) + 'static) -> Self {
        self.edits.payload = Some(Box::new(edit));
        self
    }

    /// Another way to sign the Sig_structure.
    pub(super) fn sign(mut self, sign: impl FnOnce(&Key, &[u8]) -> [u8; 64] + 'static) -> Self {
        self.edits.sign = Some(Box::new(sign));
        self
    }

    /// After signing.
    pub(super) fn envelope(mut self, edit: impl FnOnce(&mut Envelope) + 'static) -> Self {
        self.edits.envelope = Some(Box::new(edit));
        self
    }

    /// At the very end: token, opening and all.
    pub(super) fn presentation(mut self, edit: impl FnOnce(&mut Vec<u8>) + 'static) -> Self {
        self.edits.presentation = Some(Box::new(edit));
        self
    }

    /// Refused with this code.
    pub(super) fn refused(self, code: ErrorCode) -> VerifyCase {
        self.declare(Expected::refused(code))
    }

    /// Good: the verdict tells what the token says, and that the person matched where one was expected.
    pub(super) fn accepted(self) -> VerifyCase {
        let verdict = Verdict {
            status: self.facts.status,
            issuer: self.facts.issuer.clone(),
            audience: self.facts.audience.clone(),
            purpose: self.facts.purpose.clone(),
            issued_at: self.facts.issued_at,
            expires_at: self.facts.expires_at,
            token_id: hex::encode(self.facts.token_id),
            key_id: hex::encode(self.key.kid()),
            nonce: self.facts.nonce.as_ref().map(hex::encode),
            subject_matched: self.expectation.subject.is_some(),
            specimen: self.facts.specimen,
        };
        self.declare(Expected::Good(Verified { verdict }))
    }

    fn declare(mut self, expected: Expected<Verified>) -> VerifyCase {
        let times = match &expected {
            Expected::Good(Verified { verdict }) => [verdict.issued_at, verdict.expires_at],
            Expected::Refused { .. } => [0, 0],
        };
        let numbers = [self.now, self.policy.clock_skew, self.policy.max_lifetime].into_iter().chain(times);
        if numbers.into_iter().any(|number| number > LARGEST_SAFE_INTEGER) {
            self = self.flag(Flag::LargeInteger);
        }
        VerifyCase {
            presentation: hex::encode(self.build()),
            id: self.id,
            comment: self.comment,
            flags: self.flags,
            trust: self.trust,
            policy: self.policy,
            expectation: self.expectation,
            now: self.now,
            expected,
        }
    }

    /// How long the presentation is, as long as nothing but facts have been changed.
    pub(super) fn length(&self) -> usize {
        Self { facts: self.facts.clone(), ..Self::new(self.id.as_str(), "", &[]) }.build().len()
    }

    /// The presentation as it stands, for cases of other files.
    pub(super) fn build(&mut self) -> Vec<u8> {
        let edits = std::mem::take(&mut self.edits);
        let mut header = header(self.alg, self.kid.unwrap_or(self.key.kid()));
        apply(edits.header, &mut header);
        let mut protected = header.encode();
        apply(edits.protected, &mut protected);

        let mut answer = self.facts.answer();
        apply(edits.answer, &mut answer);
        let mut claims = self.facts.claims(&answer);
        apply(edits.claims, &mut claims);
        let mut payload = claims.encode();
        apply(edits.payload, &mut payload);

        let message = sig_structure(&protected, &payload);
        let signature = match edits.sign {
            Some(sign) => sign(&self.key, &message),
            None => self.key.sign(&message),
        };
        let mut envelope = Envelope::new(&protected, &payload, &signature);
        apply(edits.envelope, &mut envelope);
        let mut presentation = envelope.encode();
        presentation.extend(self.opening.take().unwrap_or_default());
        apply(edits.presentation, &mut presentation);
        presentation
    }
}

/// The largest integer of JavaScript's numbers that is told from its neighbours.
const LARGEST_SAFE_INTEGER: u64 = (1 << 53) - 1;

fn apply<T>(edit: Edit<T>, value: &mut T) {
    if let Some(edit) = edit {
        edit(value);
    }
}
