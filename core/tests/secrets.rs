//! What must not be shown is not shown, and what is to be wiped is wiped when dropped, as far as safe Rust can see it.
//!
//! Everything that holds a key, an opening, a name or a number is printed in every way that Rust has, and so is every error
//! that comes of feeding it something broken; the output is searched for any four bytes in a row of any secret, as hexadecimal,
//! Base64, Base45 and as a list of numbers, and for the names in the clear.

mod common;

use base64ct::{Base64, Base64Url, Encoding as _};
use common::{
    EXAMPLE_NOW, at, audience, example_claims, example_expectation, example_issuer, example_verifier, issuer,
    purpose,
};
use kycvs::{
    Answer, BoxError, Commitment, Error, ErrorCode, ImportedKeys, Issuer, Opening, Policy, Presentation,
    Result, Signer, SigningKey, Status, Subject, Token, Verifier, VerifyingKey,
};
use sha2::{Digest, Sha512};
use std::{fmt::Debug, mem::needs_drop, time::Duration};
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// Bytes that stand nowhere else by chance.
const SEED: [u8; 32] = [
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44,
    0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];
const OPENING: [u8; 16] =
    [0xe1, 0x52, 0xc3, 0x34, 0xa5, 0x16, 0x87, 0xf8, 0x69, 0xda, 0x4b, 0xbc, 0x2d, 0x9e, 0x0f, 0x71];
const NAME: &str = "Savitribai Phule-Gokhale";
const NORMALISED: &str = "savitribai phule gokhale";
const MOBILE: &str = "083479 15260";
const E164: &str = "+918347915260";
const PASSPHRASE: &[u8] = b"correct horse battery staple";

fn key() -> SigningKey {
    SigningKey::from_seed(&SEED)
}

fn subject() -> Subject {
    Subject::new(NAME).and_then(|subject| subject.with_mobile(MOBILE)).expect("a name and a number")
}

fn presentation() -> Presentation {
    let opening = Opening::from_bytes(OPENING);
    let claims = example_claims().with_commitment(Commitment::new(&subject(), &opening));
    let token = Issuer::new(issuer("in.gov.cowin"), key()).sign(&claims).expect("its own claims");
    Presentation::new(Token::parse(&token).expect("what was signed"), Some(&opening))
}

/// The bytes that must not be seen: the seed, what RFC 8032 makes of it, the opening, and the texts.
fn secrets() -> Vec<Vec<u8>> {
    let expanded = Sha512::digest(SEED);
    let mut secrets = vec![SEED.to_vec(), expanded.to_vec(), OPENING.to_vec(), PASSPHRASE.to_vec()];
    secrets.extend([NAME, NORMALISED, MOBILE, E164].map(|text| text.as_bytes().to_vec()));
    secrets
}

/// Whether `text` has four bytes in a row of `secret`, however they are written.
fn shows(text: &str, secret: &[u8]) -> bool {
    let packed: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let lower = packed.to_lowercase();
    let list = |window: &[u8], number: fn(u8) -> String| {
        window.iter().map(|&byte| number(byte)).collect::<Vec<_>>().join(",")
    };
    let as_numbers = secret.windows(4).any(|window| {
        lower.contains(&hex::encode(window))
            || lower.contains(&format!(",{},", list(window, |byte| byte.to_string())))
            || lower.contains(&format!(",{},", list(window, |byte| format!("{byte:x}"))))
            || lower.contains(&list(window, |byte| format!("0x{byte:x}")))
            || lower.contains(&list(window, |byte| format!("0x{byte:02x}")))
    });
    // Base64 of whole groups, wherever in the secret the groups begin; Base45 likewise.
    let as_base64 = (0..3).any(|start| {
        let groups = &secret[start..start + (secret.len() - start) / 3 * 3];
        [Base64::encode_string(groups), Base64Url::encode_string(groups)]
            .iter()
            .any(|encoded| encoded.as_bytes().windows(8).any(|part| contains(packed.as_bytes(), part)))
    });
    let as_base45 = (0..2).any(|start| {
        let encoded = base45::encode(&secret[start..]);
        encoded.as_bytes().windows(9).any(|part| contains(text.as_bytes(), part))
    });
    let in_the_clear = text
        .to_lowercase()
        .as_bytes()
        .windows(5)
        .any(|window| secret.is_ascii() && contains(&secret.to_ascii_lowercase(), window));
    as_numbers || as_base64 || as_base45 || in_the_clear
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[track_caller]
fn assert_shows_nothing(text: &str) {
    for secret in secrets() {
        assert!(!shows(text, &secret), "shows {}: {text}", String::from_utf8_lossy(&secret));
    }
}

/// In every way that Rust prints what has `Debug`.
#[track_caller]
fn assert_debug_shows_nothing(value: &impl Debug) {
    for text in [
        format!("{value:?}"),
        format!("{value:#?}"),
        format!("{value:x?}"),
        format!("{value:#x?}"),
        format!("{value:02X?}"),
    ] {
        assert_shows_nothing(&text);
    }
}

#[test]
fn the_search_finds_what_is_shown() {
    for secret in [&SEED[..], &OPENING] {
        for text in [
            hex::encode_upper(secret),
            format!("{secret:?}"),
            format!("{secret:#?}"),
            format!("{secret:x?}"),
            format!("{secret:#04x?}"),
            Base64::encode_string(secret),
            format!("..{}", Base64Url::encode_string(&secret[2..])),
            base45::encode(secret),
        ] {
            assert!(shows(&format!("Key({text})"), secret), "{text}");
        }
    }
    assert!(
        shows(presentation().to_text().as_str(), &OPENING) && shows(&presentation().to_base64url(), &OPENING)
    );
    assert!(shows("Subject { name: \"savitribai phule\" }", NAME.as_bytes()));
    assert!(!shows("nothing of it", NAME.as_bytes()));
}

#[test]
fn what_holds_a_secret_prints_none() {
    let answer = Answer::new(Status::FullyVaccinated, purpose("rail-booking"), Duration::from_mins(15))
        .with_subject(subject());
    let shared: std::sync::Arc<dyn Debug> = std::sync::Arc::new(key());
    assert_debug_shows_nothing(&key());
    assert_debug_shows_nothing(&shared);
    assert_debug_shows_nothing(&Issuer::new(issuer("in.gov.cowin"), key()));
    assert_debug_shows_nothing(&Opening::from_bytes(OPENING));
    assert_debug_shows_nothing(&subject());
    assert_debug_shows_nothing(&answer);
    assert_debug_shows_nothing(&presentation());
    assert_debug_shows_nothing(&presentation().token());
    assert_debug_shows_nothing(&presentation().token().unverified_claims());
    assert_debug_shows_nothing(&example_expectation().with_subject(subject()));
    assert_debug_shows_nothing(&example_verifier());
    assert_debug_shows_nothing(&Commitment::new(&subject(), &Opening::from_bytes(OPENING)));
}

#[test]
fn a_verdict_prints_nothing_of_the_person() {
    let trust = kycvs::TrustStore::new()
        .with(kycvs::TrustedKey::new(issuer("in.gov.cowin"), key().verifying_key().clone()))
        .expect("one key");
    let verifier = Verifier::new(trust, Policy::audience(audience("irctc.co.in")));
    let expectation = example_expectation().with_subject(subject());
    let verdict =
        verifier.verify_at(presentation().as_bytes(), &expectation, EXAMPLE_NOW).expect("it is good");
    assert!(verdict.subject_matched());
    assert_debug_shows_nothing(&verdict);
    #[cfg(feature = "serde")]
    assert_shows_nothing(&serde_json::to_string(&verdict).expect("a verdict has a JSON form"));
}

/// The error of what must fail.
#[track_caller]
fn error<T: Debug>(result: Result<T>) -> Error {
    result.expect_err("this must fail")
}

#[test]
fn errors_print_nothing_of_the_input() {
    let pem = key().to_pem();
    let jwk = key().to_jwk();
    let cose_key = key().to_cose_key();
    let text = presentation().to_text();
    let base64url = presentation().to_base64url();
    let whole = presentation();
    let broken_cose = [&cose_key[..], &[0]].concat();
    let other = example_issuer();
    // A private key where a public one belongs, which is what people paste by mistake.
    let mut errors = vec![
        error(VerifyingKey::from_pem(&pem)),
        error(ImportedKeys::read(pem.as_bytes())),
        error(SigningKey::from_pem(&pem.replace("PRIVATE", "SECRET"))),
        error(SigningKey::from_pem(&pem[..pem.len() - 30])),
        error(SigningKey::from_jwk(&jwk.replace("Ed25519", "Ed448"))),
        error(SigningKey::from_jwk(&jwk.replace(r#""d":""#, r#""d":"A"#))),
        error(SigningKey::from_jwk(&jwk[..jwk.len() - 1])),
        error(SigningKey::from_jwk(&jwk.replace('{', "[").replace('}', "]"))),
        error(ImportedKeys::read(jwk.replace(r#""x":""#, r#""x":"A"#).as_bytes())),
        error(SigningKey::from_cose_key(&broken_cose)),
        error(SigningKey::from_cose_key(&SEED)),
        error(VerifyingKey::from_bytes(&[0; 32])),
        error(Subject::new(&NAME.repeat(50))),
        error(Subject::new(&NAME.repeat(7))),
        error(subject().with_mobile(&format!("{MOBILE} ext."))),
        error(subject().with_mobile(&MOBILE.repeat(2))),
        error(Presentation::from_text(&format!("{text}!"))),
        error(Presentation::from_text(&text.to_lowercase())),
        error(Presentation::from_text(&base64url[..base64url.len() - 2])),
        error(Presentation::from_bytes(&whole.as_bytes()[..whole.as_bytes().len() - 1])),
        error(Presentation::from_bytes(&OPENING)),
        error(example_verifier().verify_at(whole.as_bytes(), &example_expectation(), EXAMPLE_NOW)),
        error(other.sign(&example_claims_of("another issuer"))),
    ];
    #[cfg(all(feature = "std", feature = "encrypted-keys"))]
    {
        let encrypted = key().to_encrypted_pem(b"another passphrase").expect("a random source");
        assert_shows_nothing(&encrypted);
        errors.push(error(SigningKey::from_encrypted_pem(&pem, PASSPHRASE)));
        errors.push(error(SigningKey::from_encrypted_pem(&encrypted, PASSPHRASE)));
    }
    let about_someone_else = example_expectation().with_subject(subject());
    let presented = example_issuer().sign(&example_claims()).expect("its own claims");
    errors.push(error(example_verifier().verify_at(&presented, &about_someone_else, EXAMPLE_NOW)));
    assert_eq!(errors.last().map(Error::code), Some(ErrorCode::WrongSubject));

    for error in errors {
        assert_shows_nothing(&error.to_string());
        assert_debug_shows_nothing(&error);
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            assert_shows_nothing(&cause.to_string());
            assert_debug_shows_nothing(&cause);
            source = cause.source();
        }
        #[cfg(feature = "serde")]
        assert_shows_nothing(&serde_json::to_string(&error).expect("an error has a JSON form"));
    }
}

fn example_claims_of(name: &str) -> kycvs::Claims {
    let id = kycvs::TokenId::from_bytes([0; 16]);
    kycvs::Claims::new(issuer(name), Status::FullyVaccinated, purpose("p"), id, at(0), at(1))
        .expect("a second")
}

/// Somebody else's error may hold anything: it is reached as the source, and shown by nothing of ours.
#[test]
fn the_text_of_a_failing_device_is_not_passed_on() {
    struct Device(SigningKey);
    impl Signer for Device {
        fn verifying_key(&self) -> VerifyingKey {
            self.0.verifying_key().clone()
        }

        fn sign(&self, _: &[u8]) -> std::result::Result<[u8; 64], BoxError> {
            Err(format!("seed {} could not be read", hex::encode(SEED)).into())
        }
    }
    let issuer = Issuer::new(issuer("in.gov.cowin"), Device(key()));
    let error = error(issuer.sign(&example_claims()));
    assert_eq!(error.code(), ErrorCode::SignerFailed);
    assert_shows_nothing(&error.to_string());
    assert_debug_shows_nothing(&error);
    #[cfg(feature = "serde")]
    assert_shows_nothing(&serde_json::to_string(&error).expect("an error has a JSON form"));
    let source = std::error::Error::source(&error).expect("the device's own error");
    assert!(source.to_string().contains(&hex::encode(SEED)));
}

/// Wiping itself is invisible to safe Rust. What it can see: types of plain bytes that have something to do when they are
/// dropped have it because the bytes are wiped; the parts that do the wiping promise it by their types; and every call that
/// gives secret bytes out gives them in a wrapper that wipes.
#[test]
fn secrets_are_wiped_when_dropped() {
    const fn wipes<T: ZeroizeOnDrop>() {}
    const {
        // The secret half of a key, as seed and as what is made of it: without dalek's feature `zeroize` these would not.
        wipes::<ed25519_dalek::SigningKey>();
        wipes::<ed25519_dalek::hazmat::ExpandedSecretKey>();
        wipes::<Zeroizing<[u8; 16]>>();
        wipes::<Zeroizing<String>>();
        wipes::<Zeroizing<Vec<u8>>>();
        // 16 bytes and nothing on the heap: there is something to do because they are wiped, and for no other reason. The
        // public half beside the secret one, a commitment and a key id have nothing to do.
        assert!(needs_drop::<Opening>());
        assert!(needs_drop::<SigningKey>());
        assert!(!needs_drop::<VerifyingKey>());
        assert!(!needs_drop::<Commitment>());
    }
    assert_eq!(size_of::<Opening>(), 16);
    let _: Zeroizing<String> = key().to_pem();
    let _: Zeroizing<String> = key().to_jwk();
    let _: Zeroizing<Vec<u8>> = key().to_cose_key();
}
