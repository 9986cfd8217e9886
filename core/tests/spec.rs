//! SPEC.md and the code say the same: every named example block of the text is what the code makes, byte for byte, and the
//! table of codes is the crate's own, in both directions.
//!
//! The text is read when the test runs. Nothing of it is copied here, so that neither can change without the other.

mod common;

use common::{
    EXAMPLE_NOW, at, audience, bstr, counting_from, envelope, example_claims, example_expectation,
    example_issuer, example_key, example_nonce, example_opening, example_seed, example_subject,
    example_token, example_trust, example_verifier, issuer, purpose, sig_structure,
};
use kycvs::{
    Commitment, ErrorCode, Expectation, MAX_PRESENTATION_BYTES, MAX_TEXT_BYTES, MAX_TOKEN_BYTES, Policy,
    Presentation, Result, SigningKey, Subject, Token, TrustStore, UNICODE_VERSION, Verdict, Verifier,
};
use sha2::{Digest, Sha256};
use std::{collections::BTreeSet, fmt::Debug, ops::RangeInclusive};

/// The whole of SPEC.md.
fn spec() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../SPEC.md");
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The content of the one fenced block that opens with three backticks and `opening`.
fn block(opening: &str) -> String {
    let fence = format!("```{opening}\n");
    let spec = spec();
    let mut found = spec.split(&fence).skip(1);
    let block = found.next().unwrap_or_else(|| panic!("SPEC.md has no block `{opening}`"));
    assert!(found.next().is_none(), "SPEC.md has more than one block `{opening}`");
    block.split("```").next().expect("split gives one at least").to_owned()
}

/// A block of kind `hex`: white space means nothing.
fn hex_block(name: &str) -> Vec<u8> {
    let digits: String = block(&format!("hex {name}")).split_whitespace().collect();
    hex::decode(&digits).unwrap_or_else(|error| panic!("block {name}: {error}"))
}

/// Each line of a hex block by itself.
fn hex_lines(name: &str) -> Vec<Vec<u8>> {
    let lines = block(&format!("hex {name}"));
    lines.lines().map(|line| hex::decode(line).expect("a line of hex")).collect()
}

fn text_block(name: &str) -> String {
    block(&format!("text {name}"))
}

#[track_caller]
fn same_bytes(made: impl AsRef<[u8]>, written: impl AsRef<[u8]>) {
    assert_eq!(hex::encode(made), hex::encode(written), "left: the code's; right: SPEC.md's");
}

#[test]
fn the_key() {
    let key = SigningKey::from_seed(&hex_block("signing-seed-example").try_into().expect("32 bytes"));
    same_bytes(example_seed(), hex_block("signing-seed-example"));
    same_bytes(key.verifying_key().as_bytes(), hex_block("public-key-example"));

    let input = hex_block("thumbprint-input-example");
    assert_eq!(input.len(), 40);
    // What is hashed is the COSE_Key without `alg`.
    same_bytes(key.verifying_key().to_cose_key(None), &input);
    same_bytes(key.verifying_key().thumbprint(), hex_block("thumbprint-example"));
    same_bytes(Sha256::digest(&input), hex_block("thumbprint-example"));
    same_bytes(key.verifying_key().key_id().as_bytes(), hex_block("key-id-example"));
}

#[test]
fn the_commitment() {
    let name_only = Subject::new("A.P.J. Abdul Kalam").expect("a name");
    for (subject, input, commitment) in [
        (example_subject(), "commitment-input-example", "commitment-example"),
        (name_only, "commitment-input-name-only-example", "commitment-name-only-example"),
    ] {
        let made = Commitment::new(&subject, &example_opening());
        same_bytes(made.as_bytes(), hex_block(commitment));
        same_bytes(Sha256::digest(hex_block(input)), hex_block(commitment));
    }
    assert_eq!(hex_block("commitment-input-example").len(), 66);
}

#[test]
fn the_token_is_issued_again_byte_for_byte() {
    let token = hex_block("token-example");
    assert_eq!(token.len(), 242);
    same_bytes(example_token(), &token);

    let parsed = Token::parse(&token).expect("the example");
    assert_eq!(parsed.unverified_claims(), example_claims());
    assert_eq!((parsed.protected_bytes().len(), parsed.payload_bytes().len()), (36, 133));
    same_bytes(example_claims().encode(), parsed.payload_bytes());
    same_bytes(parsed.signature(), hex_block("signature-example"));
}

#[test]
fn what_was_signed() {
    let token = hex_block("token-example");
    let parsed = Token::parse(&token).expect("the example");
    let message = hex_block("sig-structure-example");
    assert_eq!(message.len(), 186);
    same_bytes(sig_structure(parsed.protected_bytes(), parsed.payload_bytes()), &message);

    let signature = hex_block("signature-example").try_into().expect("64 bytes");
    let key = example_key();
    assert!(key.verifying_key().verifies(&message, &signature));
    assert_eq!(kycvs::Signer::sign(&key, &message).expect("a key in memory signs"), signature);
}

/// The bytes of section 13.3, without what stands behind `#`.
#[test]
fn the_annotated_token() {
    let annotated = text_block("token-example-annotated");
    let digits: String = annotated
        .lines()
        .map(|line| line.split('#').next().expect("split gives one at least"))
        .flat_map(str::split_whitespace)
        .collect();
    same_bytes(hex::decode(digits).expect("hex"), example_token());
}

/// What the diagnostic notation of section 13.2 names stands in the token, in that order and with nothing between.
#[test]
fn the_token_in_diagnostic_notation() {
    let diagnostic = text_block("token-example-diagnostic");
    let mut outside = String::new();
    let mut rest = diagnostic.as_str();
    // Comments, `/ alg /`, have a space behind the first stroke; the value in "application/kycvs+cwt" has not.
    while let Some((before, comment)) = rest.split_once("/ ") {
        outside.push_str(before);
        rest = comment.split_once(" /").expect("the comment's end").1;
    }
    outside.push_str(rest);
    let notation: String = outside.chars().filter(|c| !c.is_whitespace()).collect();
    same_bytes(encode_diagnostic(&mut notation.as_str()), example_token());
}

/// A small encoder of diagnostic notation (RFC 8949 section 8) without white space: what the example needs of it.
fn encode_diagnostic(rest: &mut &str) -> Vec<u8> {
    fn after<'a>(rest: &mut &'a str, end: char) -> &'a str {
        let (before, behind) = rest.split_once(end).expect("the end of it");
        *rest = behind;
        before
    }
    fn items(rest: &mut &str, close: &str) -> (u64, Vec<u8>) {
        let (mut count, mut bytes) = (0, Vec::new());
        loop {
            if let Some(behind) = rest.strip_prefix(close) {
                *rest = behind;
                return (count, bytes);
            }
            *rest = rest.trim_start_matches([',', ':']);
            bytes.extend(encode_diagnostic(rest));
            count += 1;
        }
    }
    if let Some(behind) = rest.strip_prefix("<<") {
        *rest = behind;
        return bstr(&items(rest, ">>").1);
    }
    if let Some(behind) = rest.strip_prefix("h'") {
        *rest = behind;
        return bstr(&hex::decode(after(rest, '\'')).expect("hex"));
    }
    let Some(first) = rest.chars().next() else { panic!("the notation ends early") };
    match first {
        '[' | '{' => {
            *rest = &rest[1..];
            let (major, close, each) = if first == '[' { (4, "]", 1) } else { (5, "}", 2) };
            let (count, bytes) = items(rest, close);
            [common::head(major, count / each), bytes].concat()
        }
        '"' => {
            *rest = &rest[1..];
            let text = after(rest, '"');
            [&common::head(3, text.len() as u64), text.as_bytes()].concat()
        }
        _ => {
            let end = rest.find(|c: char| c != '-' && !c.is_ascii_digit()).unwrap_or(rest.len());
            let (digits, behind) = rest.split_at(end);
            let number: i64 = digits.parse().expect("a number");
            *rest = behind;
            if let Some(behind) = rest.strip_prefix('(') {
                *rest = behind;
                return [common::head(6, number.cast_unsigned()), items(rest, ")").1].concat();
            }
            match u64::try_from(number) {
                Ok(number) => common::head(0, number),
                Err(_) => common::head(1, !number.cast_unsigned()),
            }
        }
    }
}

#[test]
fn the_presentation_and_its_texts() {
    let written = hex_block("presentation-example");
    assert_eq!(written.len(), 259);
    let token = example_token();
    let made = Presentation::new(Token::parse(&token).expect("the example"), Some(&example_opening()));
    same_bytes(&made, &written);

    let kv1 = text_block("presentation-example-text");
    let kv1 = kv1.strip_suffix('\n').expect("one line");
    assert_eq!(kv1.chars().count(), 393);
    assert_eq!(made.to_text(), kv1);
    let base64url = text_block("presentation-example-base64url");
    assert_eq!(made.to_base64url(), base64url.trim_end());
    for text in [kv1, &base64url] {
        assert_eq!(Presentation::from_text(text).expect("the example"), made);
    }
}

#[test]
fn the_trust_store() {
    let file = hex_block("trust-store-example");
    assert_eq!(file.len(), 70);
    same_bytes(example_trust().to_bytes(), &file);
    assert_eq!(TrustStore::from_bytes(&file).expect("the example"), example_trust());
}

/// The question of section 13.7.
fn asked() -> Expectation {
    let subject = Subject::new("a p j  abdul kalam").and_then(|subject| subject.with_mobile("98765 43210"));
    example_expectation()
        .with_purpose(purpose("rail-booking"))
        .with_subject(subject.expect("a name and a number"))
}

#[test]
fn the_verdict() {
    let verdict = example_verifier()
        .verify_at(&hex_block("presentation-example"), &asked(), EXAMPLE_NOW)
        .expect("the example is good");
    let written: serde_json::Value = serde_json::from_str(&block("json verdict-example")).expect("JSON");
    assert_eq!(as_json(&verdict), written);
    #[cfg(feature = "serde")]
    assert_eq!(serde_json::to_value(&verdict).expect("a verdict has a JSON form"), written);
}

fn as_json(verdict: &Verdict) -> serde_json::Value {
    serde_json::json!({
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

/// The paragraph behind the verdict: "With one thing changed".
#[test]
fn the_verdict_with_one_thing_changed() {
    let spec = spec();
    let paragraph = spec.split("With one thing changed:").nth(1).and_then(|rest| rest.lines().next());
    let paragraph = paragraph.expect("the paragraph");
    let presentation = hex_block("presentation-example");
    let code = |result: Result<Verdict>| result.err().map(|error| error.code());

    for (now, expected) in [
        (1_790_000_959, None),
        (1_790_000_960, Some(ErrorCode::Expired)),
        (1_789_999_940, None),
        (1_789_999_939, Some(ErrorCode::NotYetValid)),
    ] {
        assert!(paragraph.contains(&now.to_string()), "{now} is not in the paragraph");
        assert_eq!(code(example_verifier().verify_at(&presentation, &asked(), at(now))), expected, "{now}");
    }

    for (time, expected) in [(1_789_999_939, None), (1_789_999_940, Some(ErrorCode::Expired))] {
        assert!(paragraph.contains(&time.to_string()), "{time} is not in the paragraph");
        let policy = Policy::audience(audience("irctc.co.in")).with_issued_after(at(time));
        let verifier = Verifier::new(example_trust(), policy);
        assert_eq!(code(verifier.verify_at(&presentation, &asked(), EXAMPLE_NOW)), expected, "{time}");
    }

    let elsewhere = Verifier::new(example_trust(), Policy::audience(audience("example.org")));
    let nameless = Subject::new("a p j abdul kalam").expect("a name");
    let without_number = example_expectation().with_subject(nameless);
    let mut forged = presentation.clone();
    forged[241] ^= 1;
    let at_home = example_verifier();
    for (verifier, presentation, expectation, expected) in [
        (&elsewhere, &presentation[..], asked(), ErrorCode::WrongAudience),
        (&at_home, &presentation, without_number, ErrorCode::WrongSubject),
        (&at_home, &presentation[..259 - 17], asked(), ErrorCode::WrongSubject),
        (&at_home, &presentation[..258], asked(), ErrorCode::Malformed),
        (&at_home, &forged, asked(), ErrorCode::BadSignature),
    ] {
        assert!(paragraph.contains(&format!("`{expected}`")), "{expected} is not in the paragraph");
        assert_eq!(code(verifier.verify_at(presentation, &expectation, EXAMPLE_NOW)), Some(expected));
    }
}

/// The lines of a block of worked examples: two JSON strings, the second of which may be the bare word `error`.
fn worked_examples(name: &str) -> Vec<(String, Option<String>)> {
    let string = |json: &str| serde_json::from_str::<String>(json).unwrap_or_else(|e| panic!("{json}: {e}"));
    text_block(name)
        .lines()
        .map(|line| {
            let (given, expected) = line.split_once(" -> ").unwrap_or_else(|| panic!("{line}: no arrow"));
            (string(given), (expected != "error").then(|| string(expected)))
        })
        .collect()
}

#[track_caller]
fn normalises<T: Debug + PartialEq>(given: &str, made: Result<T>, expected: Option<T>) {
    match expected {
        Some(expected) => assert_eq!(made.expect(given), expected, "{given:?}"),
        None => assert_eq!(made.expect_err(given).code(), ErrorCode::InvalidClaim, "{given:?}"),
    }
}

#[test]
fn names() {
    let examples = worked_examples("names-example");
    assert_eq!(examples.len(), 32, "the notes below the block count 32");
    for (given, expected) in examples {
        normalises(&given, Subject::new(&given).map(|subject| subject.name().to_owned()), expected);
    }
    for given in ["", "...", "\u{200d}", &"a".repeat(129)] {
        normalises(given, Subject::new(given).map(|subject| subject.name().to_owned()), None);
    }
    assert!(spec().contains(&format!("Unicode {}.{}", UNICODE_VERSION.0, UNICODE_VERSION.1)));
}

#[test]
fn mobile_numbers() {
    let examples = worked_examples("mobiles-example");
    assert!(examples.iter().filter(|(_, expected)| expected.is_none()).count() > 10);
    for (given, expected) in examples {
        let subject = Subject::new("a").and_then(|subject| subject.with_mobile(&given));
        normalises(&given, subject.map(|subject| subject.mobile().unwrap_or_default().to_owned()), expected);
    }
}

/// The characters that a name loses are those of the block, and no others: of every code point in the planes where Unicode
/// has any such character, and of a sample of the rest, for the time's sake.
#[test]
fn default_ignorable_characters() {
    let block = text_block("default-ignorable");
    let ranges: Vec<RangeInclusive<u32>> = block
        .split_whitespace()
        .map(|range| {
            let code = |hex| u32::from_str_radix(hex, 16).expect("a code point");
            let (first, last) = range.split_once("..").unwrap_or((range, range));
            code(first)..=code(last)
        })
        .collect();
    assert!(ranges.windows(2).all(|pair| pair[0].end() < pair[1].start()), "in order");
    let has_any = |c: &char| matches!(u32::from(*c) >> 16, 0 | 1 | 0xe) || u32::from(*c) % 101 == 0;
    for c in ('\0'..=char::MAX).filter(has_any) {
        let subject = Subject::new(&format!("x{c}y")).expect("letters stay");
        let dropped = subject.name() == "xy";
        let written = ranges.iter().any(|range| range.contains(&u32::from(c)));
        assert_eq!(dropped, written, "U+{:04X}", u32::from(c));
    }
}

#[test]
fn the_table_of_codes() {
    let spec = spec();
    let (_, section) = spec.split_once("\n## 11. Codes\n").expect("section 11");
    let (section, _) = section.split_once("\n## ").expect("the next section");
    let mut rows = Vec::new();
    for line in section.lines().filter(|line| line.starts_with("| ") && line.contains("| `")) {
        let cells: Vec<&str> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let [_, number, code, family, meaning, next, _] = cells[..] else { panic!("{line}: not five cells") };
        assert!(!meaning.is_empty() && !next.is_empty(), "{line}");
        rows.push((number.parse::<u16>().expect("a number"), code.to_owned(), family.to_owned()));
    }
    let own: Vec<_> = ErrorCode::ALL
        .iter()
        .map(|code| (code.number(), code.as_str().to_owned(), code.family().as_str().to_owned()))
        .collect();
    assert_eq!(rows, own, "left: SPEC.md's; right: the code's");
    let families: BTreeSet<_> = rows.iter().map(|(_, _, family)| family).collect();
    assert_eq!(families.len(), 5);
}

/// The numbers of the text that are constants of the crate.
#[test]
fn bounds() {
    let spec = spec();
    for (sentence, bound) in [
        ("A token has at most 1,024 bytes.", MAX_TOKEN_BYTES),
        ("A presentation of more than 1,041 bytes is `too_large`", MAX_PRESENTATION_BYTES),
        ("More than 1,566 bytes of UTF-8 left", MAX_TEXT_BYTES),
        ("at most 1 MiB (1,048,576 bytes)", TrustStore::MAX_BYTES),
        ("of at most 4,096 entries", TrustStore::MAX_KEYS),
    ] {
        assert!(spec.contains(sentence), "{sentence}");
        let digits: String = sentence.chars().filter(char::is_ascii_digit).collect();
        assert!(digits.contains(&bound.to_string()), "{sentence}: {bound}");
    }
    assert!(spec.contains(&format!("`clock_skew` | seconds, 0..{} ", Policy::MAX_CLOCK_SKEW.as_secs())));
}

/// "The longest that the structure allows has 755 bytes."
#[test]
fn the_longest_token() {
    let full = |len| "x".repeat(len);
    let claims = kycvs::Claims::new(
        issuer(&full(64)),
        kycvs::Status::FullyVaccinated,
        purpose(&full(64)),
        kycvs::TokenId::from_bytes([0; 16]),
        at(u64::MAX - 1),
        at(u64::MAX),
    );
    let claims = claims
        .expect("a second")
        .with_audience(audience(&full(64)))
        .with_nonce(kycvs::Nonce::new(&[0; 64]).expect("64 bytes"))
        .with_status_list(kycvs::StatusListRef::new(u64::MAX, full(256)).expect("256 bytes"))
        .with_commitment(Commitment::from_bytes([0; 32]))
        .as_specimen();
    let token = kycvs::Issuer::new(issuer(&full(64)), example_key()).sign(&claims).expect("its own claims");
    assert_eq!(token.len(), 755);
    assert!(spec().contains("The longest that the structure allows has 755 bytes"));
    Token::parse(&token).expect("it can be read");
}

/// Gives these bytes, in order.
struct Known(std::sync::Mutex<Vec<u8>>);

impl kycvs::RandomSource for Known {
    fn fill(&self, buffer: &mut [u8]) -> std::result::Result<(), kycvs::BoxError> {
        let mut left = self.0.lock().map_err(|_| "poisoned")?;
        let rest = left.split_off(buffer.len());
        buffer.copy_from_slice(&std::mem::replace(&mut *left, rest));
        Ok(())
    }
}

/// Issuing with the example's random bytes gives the whole example, opening and all.
#[test]
fn issuing_with_known_random_bytes() {
    let answer = kycvs::Answer::new(
        kycvs::Status::FullyVaccinated,
        purpose("rail-booking"),
        std::time::Duration::from_mins(15),
    )
    .with_audience(audience("irctc.co.in"))
    .with_nonce(example_nonce())
    .with_subject(example_subject());
    // Which of the two is drawn first is nobody's business.
    let [opening, id] = [counting_from::<16>(0xb0), counting_from(0xa0)];
    let made = [[opening, id], [id, opening]].map(|drawn| {
        let issuer = example_issuer().with_random_source(Known(drawn.concat().into()));
        issuer.issue_at(&answer, at(common::EXAMPLE_IAT)).expect("the example").as_bytes().to_vec()
    });
    assert!(made.contains(&hex_block("presentation-example")));
}

/// The fourteen encodings of section 6.4 are refused as keys, and `envelope` is the structure of section 4.1.
#[test]
fn small_orders_and_the_envelope() {
    let canonical = hex_lines("small-order-canonical");
    let others = hex_lines("small-order-non-canonical");
    assert_eq!((canonical.len(), others.len()), (8, 6));
    for encoding in canonical.iter().chain(&others) {
        let encoding = encoding[..].try_into().expect("32 bytes");
        let refused = kycvs::VerifyingKey::from_bytes(encoding).expect_err("small order");
        assert_eq!(refused.code(), ErrorCode::InvalidKey);
    }
    let token = example_token();
    let parsed = Token::parse(&token).expect("the example");
    let again = envelope(parsed.protected_bytes(), parsed.payload_bytes(), parsed.signature());
    same_bytes(again, &token);
}
