//! What the benches measure: issuing and verifying one token, and the bare Ed25519 signature over the same bytes.
//!
//! The token is that of SPEC.md section 13: issuer, audience, a nonce of 16 bytes, purpose, and a subject that is checked. The
//! bare side signs and verifies the token's Sig_structure, under the same key. So the difference is what the token costs.

use core::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use ed25519_dalek::Signer as _;
use kycvs::{
    Answer, Audience, BoxError, Expectation, Issuer, IssuerName, Nonce, Policy, Preparation, Presentation,
    Purpose, RandomSource, Result, SigningKey, Status, Subject, Timestamp, Token, TrustStore, TrustedKey,
    Verdict, Verifier,
};

/// Both sides, ready to work.
pub struct Sides {
    issuer: Issuer<SigningKey>,
    answer: Answer,
    /// Without tables, and with them.
    verifiers: [Verifier; 2],
    expectation: Expectation,
    presentation: Presentation,
    bare_key: ed25519_dalek::SigningKey,
    bare_public: ed25519_dalek::VerifyingKey,
    message: Vec<u8>,
    signature: ed25519_dalek::Signature,
}

const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

impl Sides {
    /// # Errors
    /// None, as long as the crate takes what SPEC.md says.
    ///
    /// # Panics
    /// Where the two sides would not sign the same bytes.
    pub fn new() -> Result<Self> {
        let seed = core::array::from_fn(|i| i.to_le_bytes()[0]);
        let issuer = issuer(&seed)?;
        let subject = Subject::new("A.P.J. Abdul Kalam")?.with_mobile("+919876543210")?;
        let nonce = Nonce::new(&[0xc0; 16])?;
        let audience = Audience::new("irctc.co.in")?;
        let purpose = Purpose::new("rail-booking")?;
        let answer = Answer::new(Status::FullyVaccinated, purpose.clone(), Duration::from_mins(15))
            .with_audience(audience.clone())
            .with_nonce(nonce.clone())
            .with_subject(subject.clone());
        let presentation = issuer.clone().with_random_source(Counted::default()).issue_at(&answer, NOW)?;

        let trust = TrustStore::new().with(trusted(&issuer))?;
        let verifier = Verifier::new(trust, Policy::audience(audience));
        let verifiers = [Preparation::never(), Preparation::default()];
        let verifiers = verifiers.map(|preparation| verifier.clone().with_preparation(preparation));
        let expectation = Expectation::nonce(nonce).with_purpose(purpose).with_subject(subject);

        let bare_key = ed25519_dalek::SigningKey::from_bytes(&seed);
        let token = presentation.token();
        let message = sig_structure(&token);
        let signature = bare_key.sign(&message);
        assert_eq!(signature.to_bytes(), *token.signature(), "both sides must do the same work");
        Ok(Self {
            bare_public: bare_key.verifying_key(),
            issuer,
            answer,
            verifiers,
            expectation,
            presentation,
            bare_key,
            message,
            signature,
        })
    }

    /// A whole answer: random bytes, commitment, encoding, signature, presentation.
    ///
    /// # Errors
    /// Where the system gives no random bytes.
    pub fn issue(&self) -> Result<Presentation> {
        self.issuer.issue_at(&self.answer, NOW)
    }

    /// The bare signature over as many bytes.
    #[must_use]
    pub fn sign(&self) -> ed25519_dalek::Signature {
        self.bare_key.sign(&self.message)
    }

    /// A whole check: reading, key, signature, policy, nonce, purpose and subject. Without tables.
    ///
    /// # Errors
    /// Never: the answer is good.
    pub fn verify(&self) -> Result<Verdict> {
        self.verifiers[0].verify_at(self.presentation.as_bytes(), &self.expectation, NOW)
    }

    /// Makes the tables, for [`verify_prepared`](Self::verify_prepared).
    pub fn prepare(&self) {
        self.verifiers[1].prepare();
    }

    /// A whole check, with tables once they are made.
    ///
    /// # Errors
    /// Never: the answer is good.
    pub fn verify_prepared(&self) -> Result<Verdict> {
        self.verifiers[1].verify_at(self.presentation.as_bytes(), &self.expectation, NOW)
    }

    /// The bare signature's check.
    #[must_use]
    pub fn verify_strict(&self) -> bool {
        self.bare_public.verify_strict(&self.message, &self.signature).is_ok()
    }

    /// Reading alone.
    ///
    /// # Errors
    /// Never: the token is sound.
    pub fn parse(&self) -> Result<Token<'_>> {
        Token::parse(&self.presentation.as_bytes()[..TOKEN_BYTES])
    }

    /// Reading the text of a QR code.
    ///
    /// # Errors
    /// Never: the presentation is sound.
    pub fn parse_text(&self, text: &str) -> Result<Presentation> {
        Presentation::from_text(text)
    }

    /// The text of a QR code.
    #[must_use]
    pub fn text(&self) -> String {
        self.presentation.to_text()
    }
}

/// Many tokens under some keys in rotation, which are prepared, and one who verifies them at once.
pub struct Bulk {
    verifier: Verifier,
    presentations: Vec<Presentation>,
}

impl Bulk {
    /// So many tokens, under so many keys.
    ///
    /// # Errors
    /// None, as long as the crate takes what SPEC.md says.
    pub fn new(keys: u8, tokens: usize) -> Result<Self> {
        let issuer = |key| Ok(issuer(&[key; 32])?.with_random_source(Counted::default()));
        let issuers = (0..keys).map(issuer).collect::<Result<Vec<_>>>()?;
        let trust =
            issuers.iter().try_fold(TrustStore::new(), |trust, issuer| trust.with(trusted(issuer)))?;
        let answer =
            Answer::new(Status::FullyVaccinated, Purpose::new("rail-booking")?, Duration::from_mins(15))
                .with_audience(Audience::new("irctc.co.in")?);
        let tokens = issuers.iter().cycle().take(tokens).map(|issuer| issuer.issue_at(&answer, NOW));
        let presentations = tokens.collect::<Result<_>>()?;
        let verifier = Verifier::new(trust, Policy::audience(Audience::new("irctc.co.in")?));
        verifier.prepare();
        Ok(Self { verifier, presentations })
    }

    /// How many they are.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.presentations.len().try_into().unwrap_or(u64::MAX)
    }

    /// All of them, in one call.
    ///
    /// # Errors
    /// Never: all of them are good.
    pub fn verify(&self) -> Result<()> {
        let presentations: Vec<_> = self.presentations.iter().map(Presentation::as_bytes).collect();
        let verdicts = self.verifier.verify_many_at(&presentations, &Expectation::no_nonce(), NOW);
        verdicts.into_iter().try_for_each(|verdict| verdict.map(drop))
    }
}

/// The same bytes in each run, so that its tokens take the same instructions.
#[derive(Default)]
struct Counted(AtomicU64);

impl RandomSource for Counted {
    fn fill(&self, buffer: &mut [u8]) -> core::result::Result<(), BoxError> {
        for part in buffer.chunks_mut(8) {
            let number = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            part.copy_from_slice(&number.to_be_bytes()[..part.len()]);
        }
        Ok(())
    }
}

fn issuer(seed: &[u8; 32]) -> Result<Issuer<SigningKey>> {
    Ok(Issuer::new(IssuerName::new("in.gov.cowin")?, SigningKey::from_seed(seed)))
}

fn trusted(issuer: &Issuer<SigningKey>) -> TrustedKey {
    TrustedKey::new(issuer.name().clone(), issuer.verifying_key().clone())
}

/// `["Signature1", protected, h'', payload]` (RFC 9052 section 4.4); both byte strings have 24 to 255 bytes.
fn sig_structure(token: &Token<'_>) -> Vec<u8> {
    let mut message = b"\x84\x6aSignature1".to_vec();
    for (i, part) in [token.protected_bytes(), token.payload_bytes()].into_iter().enumerate() {
        if i == 1 {
            message.push(0x40);
        }
        message.extend([0x58, u8::try_from(part.len()).expect("the example's parts are short")]);
        message.extend(part);
    }
    message
}

/// The length of the example's token (SPEC.md section 13.4).
const TOKEN_BYTES: usize = 242;
