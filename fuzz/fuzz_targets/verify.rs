//! Valid tokens, then changed. A token as it was signed is good or is refused for the time that it is shown at, and says
//! what was signed. A changed one is never good: where a presentation verifies, its token is the one that was signed.
//!
//! An input is two bytes, the length of a presentation, the presentation, and what [`arbitrary`] makes the rest from: the
//! claims, where the presentation cannot be read; the verifier's settings; the changes. So the published vectors can be
//! the seeds: their claims are signed again, with this target's key.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use core::time::Duration;
use kycvs::{
    Algorithm, Audience, Claims, Commitment, ErrorCode, Expectation, Issuer, IssuerName, Nonce, Opening,
    Policy, Presentation, Purpose, SigningKey, Status, StatusListRef, Subject, Timestamp, Token, TokenId,
    TrustStore, TrustedKey, Verifier,
};
use libfuzzer_sys::{Corpus, fuzz_target};
use std::sync::LazyLock;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_seed(&[0x4b; 32]));

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Some((given, rest)) = split(bytes) else { return Corpus::Reject };
    let mut rest = Unstructured::new(rest);
    let Ok(scene) = Scene::make(given, &mut rest) else { return Corpus::Reject };
    scene.check_unchanged();
    while let Ok(changes) = Vec::<Change>::arbitrary(&mut rest) {
        scene.check_changed(&changes);
        if rest.is_empty() {
            break;
        }
    }
    Corpus::Keep
});

fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u16::from_be_bytes(*len).into())
}

/// A token under this target's key, and a verifier that wants just this token.
struct Scene {
    claims: Claims,
    presentation: Presentation,
    verifier: Verifier,
    expectation: Expectation,
    now: Timestamp,
    settings: Settings,
}

#[derive(Arbitrary)]
struct Settings {
    now: Now,
    clock_skew: u16,
    ed25519: bool,
    with_subject: bool,
}

#[derive(Arbitrary)]
enum Now {
    WhenIssued,
    JustBeforeItExpires,
    At(u64),
}

impl Scene {
    fn make(given: &[u8], rest: &mut Unstructured<'_>) -> arbitrary::Result<Self> {
        let mut claims = match Presentation::from_bytes(given) {
            Ok(presentation) => presentation.token().unverified_claims(),
            Err(_) => any_claims(rest)?,
        };
        let settings = Settings::arbitrary(rest)?;
        let subject = Subject::new("A.P.J. Abdul Kalam").expect("a name");
        let opening = Opening::from_bytes([9; 16]);
        if settings.with_subject {
            claims = claims.with_commitment(Commitment::new(&subject, &opening));
        }

        let algorithm = if settings.ed25519 { Algorithm::Ed25519 } else { Algorithm::EdDsa };
        let issuer = Issuer::new(claims.issuer().clone(), &*KEY).with_algorithm(algorithm);
        let token = issuer.sign(&claims).expect("the issuer's own claims");
        let token = Token::parse(&token).expect("what was signed can be read");
        let presentation = Presentation::new(token, settings.with_subject.then_some(&opening));

        let trusted = TrustedKey::new(claims.issuer().clone(), KEY.verifying_key().clone());
        let trust = TrustStore::new().with(trusted.with_algorithm(algorithm)).expect("one key");
        let policy =
            claims.audience().map_or_else(Policy::open, |audience| Policy::audience(audience.clone()));
        let policy = policy
            .with_clock_skew(Duration::from_secs((settings.clock_skew % 601).into()))
            .expect("10 minutes at most")
            .with_max_lifetime(Duration::from_secs(u64::MAX))
            .allowing_specimens()
            .ignoring_status_lists();
        let mut expectation = claims
            .nonce()
            .map_or_else(Expectation::no_nonce, |nonce| Expectation::nonce(nonce.clone()))
            .with_purpose(claims.purpose().clone());
        if settings.with_subject {
            expectation = expectation.with_subject(subject);
        }
        let now = match settings.now {
            Now::WhenIssued => claims.issued_at(),
            Now::JustBeforeItExpires => Timestamp::from_secs(claims.expires_at().as_secs() - 1),
            Now::At(seconds) => Timestamp::from_secs(seconds),
        };
        Ok(Self { claims, presentation, verifier: Verifier::new(trust, policy), expectation, now, settings })
    }

    fn verify(&self, bytes: &[u8]) -> kycvs::Result<kycvs::Verdict> {
        self.verifier.verify_at(bytes, &self.expectation, self.now)
    }

    /// Time alone decides, and the verdict says what was signed.
    fn check_unchanged(&self) {
        let claims = &self.claims;
        let [iat, exp, now] =
            [claims.issued_at(), claims.expires_at(), self.now].map(|t| i128::from(t.as_secs()));
        let skew = i128::from(self.settings.clock_skew % 601);
        let expected = if now < 1_704_067_200 {
            Some(ErrorCode::ClockNotSet)
        } else if iat > now + skew {
            Some(ErrorCode::NotYetValid)
        } else if exp <= now - skew {
            Some(ErrorCode::Expired)
        } else {
            None
        };
        let result = self.verify(self.presentation.as_bytes());
        assert_eq!(result.as_ref().err().map(kycvs::Error::code), expected);
        let as_text = self.verifier.verify_text_at(&self.presentation.to_text(), &self.expectation, self.now);
        assert_eq!(as_text, result);
        let many = self.verifier.verify_many_at(&[self.presentation.as_bytes()], &self.expectation, self.now);
        assert_eq!(many, std::slice::from_ref(&result));

        assert_eq!(self.presentation.token().unverified_claims(), *claims);
        if let Ok(verdict) = result {
            assert_eq!(verdict.status(), claims.status());
            assert_eq!(verdict.issuer(), claims.issuer().as_str());
            assert_eq!(verdict.audience(), claims.audience().map(Audience::as_str));
            assert_eq!(verdict.purpose(), claims.purpose().as_str());
            assert_eq!(verdict.issued_at(), claims.issued_at());
            assert_eq!(verdict.expires_at(), claims.expires_at());
            assert_eq!(verdict.token_id(), claims.token_id());
            assert_eq!(verdict.nonce(), claims.nonce().map(Nonce::as_bytes));
            assert_eq!(verdict.is_specimen(), claims.is_specimen());
            assert_eq!(verdict.subject_matched(), self.settings.with_subject);
            assert_eq!(verdict.key_id(), KEY.verifying_key().key_id());
        }
    }

    fn check_changed(&self, changes: &[Change]) {
        let mut bytes = self.presentation.as_bytes().to_vec();
        for change in changes {
            change.apply(&mut bytes);
        }
        let Ok(verdict) = self.verify(&bytes) else { return };
        let token = self.presentation.token();
        assert!(bytes.starts_with(token.as_bytes()), "a changed token is good: {verdict:?}");
        // Behind the token only an opening can stand, and where it counts, only the right one.
        let behind = &bytes[token.as_bytes().len()..];
        assert!(behind.is_empty() || (behind.len() == 17 && behind[0] == 0x50));
        assert!(!self.settings.with_subject || bytes == self.presentation.as_bytes());
    }
}

#[derive(Arbitrary)]
enum Change {
    Flip {
        at: u16,
        bit: u8,
    },
    Set {
        at: u16,
        to: u8,
    },
    Insert {
        at: u16,
        byte: u8,
    },
    Remove {
        at: u16,
    },
    Cut {
        at: u16,
    },
    Append(Vec<u8>),
    /// A piece copied over another place.
    Copy {
        from: u16,
        to: u16,
        len: u8,
    },
    /// `n` times the order of the group is added to `S`, as far as it has room.
    AddOrder {
        n: u8,
    },
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let len = bytes.len();
        let within = |at: u16| usize::from(at) % len.max(1);
        match self {
            Self::Append(more) => bytes.extend(more),
            Self::Insert { at, byte } => bytes.insert(within(*at), *byte),
            _ if len == 0 => {}
            Self::Flip { at, bit } => bytes[within(*at)] ^= 1 << (bit % 8),
            Self::Set { at, to } => bytes[within(*at)] = *to,
            Self::Remove { at } => drop(bytes.remove(within(*at))),
            Self::Cut { at } => bytes.truncate(within(*at)),
            Self::Copy { from, to, len: count } => {
                let [from, to] = [within(*from), within(*to)];
                let end = len.min(from + usize::from(*count)).min(from + len - to);
                bytes.copy_within(from..end, to);
            }
            Self::AddOrder { n } => add_order(bytes, *n),
        }
    }
}

/// 2^252 + 27742317777372353535851937790883648493, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// To the last 32 bytes of a token that stands alone.
fn add_order(bytes: &mut [u8], n: u8) {
    let Some(scalar) = bytes.last_chunk_mut::<32>() else { return };
    for _ in 0..n % 16 {
        let mut carry = 0;
        for (byte, order) in scalar.iter_mut().zip(ORDER) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
    }
}

fn any_claims(rest: &mut Unstructured<'_>) -> arbitrary::Result<Claims> {
    let text = |rest: &mut Unstructured<'_>, max: usize| -> arbitrary::Result<String> {
        let text = <&str>::arbitrary(rest)?;
        let end = text.floor_char_boundary(max);
        Ok(if end == 0 { "x".to_owned() } else { text[..end].to_owned() })
    };
    let [one, other] = <[u64; 2]>::arbitrary(rest)?;
    let iat = one.min(other).min(u64::MAX - 1);
    let exp = one.max(other).max(iat + 1);
    let mut claims = Claims::new(
        IssuerName::new(text(rest, 64)?).expect("1 to 64 bytes"),
        Status::from_number(rest.int_in_range(0..=2)?).expect("0, 1 or 2"),
        Purpose::new(text(rest, 64)?).expect("1 to 64 bytes"),
        TokenId::from_bytes(Arbitrary::arbitrary(rest)?),
        Timestamp::from_secs(iat),
        Timestamp::from_secs(exp),
    )
    .expect("it lives");
    if bool::arbitrary(rest)? {
        claims = claims.with_audience(Audience::new(text(rest, 64)?).expect("1 to 64 bytes"));
    }
    if bool::arbitrary(rest)? {
        let len = rest.int_in_range(8..=64)?;
        claims = claims.with_nonce(Nonce::new(rest.bytes(len)?).expect("8 to 64 bytes"));
    }
    if bool::arbitrary(rest)? {
        let list = StatusListRef::new(u64::arbitrary(rest)?, text(rest, 256)?);
        claims = claims.with_status_list(list.expect("1 to 256 bytes"));
    }
    if bool::arbitrary(rest)? {
        claims = claims.with_commitment(Commitment::from_bytes(Arbitrary::arbitrary(rest)?));
    }
    Ok(if bool::arbitrary(rest)? { claims.as_specimen() } else { claims })
}
