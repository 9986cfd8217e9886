//! Texts (SPEC.md section 8.2): what they decode to, and what does not decode.

use kycvs::ErrorCode::{self, BadText, Malformed, NotAStatusToken, NotCanonical, TooLarge};

use super::specification::{PRESENTATION, TEXT};
use crate::case::Case;
use crate::forms::{base64url, kv1};
use crate::model::{Decoded, Expected, Flag, TextCase};
use crate::raw::{BYTES, bytes, head, hx, join};
use crate::token::{EXP, EXPIRES_AT};

mod faults;

pub(super) fn cases() -> Vec<TextCase> {
    let mut cases = good();
    cases.extend(faults::cases());
    cases.extend(lengths());
    cases.extend(of_other_bytes());
    cases
}

fn decodes(id: &str, comment: &str, text: String, presentation: &[u8]) -> TextCase {
    let expected = Decoded { presentation: hex::encode(presentation), canonical_text: kv1(presentation) };
    case(id, comment, text, Expected::Good(expected))
}

fn refused(id: &str, comment: &str, text: impl Into<String>, code: ErrorCode) -> TextCase {
    case(id, comment, text.into(), Expected::refused(code))
}

fn case(id: &str, comment: &str, text: String, expected: Expected<Decoded>) -> TextCase {
    TextCase { id: format!("text/{id}"), comment: comment.into(), flags: vec![Flag::Text], text, expected }
}

/// A bare token and one with an opening: of odd and even length, whichever is which.
fn presentation(of: &str) -> Vec<u8> {
    Case::new(format!("text/{of}"), "", &[]).build()
}

fn with_opening(of: &str) -> Vec<u8> {
    Case::new(format!("text/{of}"), "", &[]).bound_to("a p j abdul kalam", None).build()
}

/// A token whose length leaves this many bytes when it is divided by 6, so that every end of a text is seen.
fn with_rest(rest: usize) -> Vec<u8> {
    (0..6)
        .map(|longer| {
            Case::new(format!("text/rest-{rest}"), "", &[])
                .facts(|facts| facts.purpose = "p".repeat(12 + longer))
                .build()
        })
        .find(|token| token.len() % 6 == rest)
        .expect("of six lengths in a row one leaves this rest")
}

fn good() -> Vec<TextCase> {
    let token = presentation("token");
    let whole = with_opening("opening");
    let example = hx(PRESENTATION);
    let around = |before: &str, behind: &str| format!("{before}{}{behind}", kv1(&token));
    let mut cases = vec![
        decodes("kv1", "`KV1:` and Base45.", kv1(&token), &token),
        decodes("kv1-with-opening", "`KV1:` and Base45 of a token and its opening.", kv1(&whole), &whole),
        decodes("base64url", "Base64url.", base64url(&token), &token),
        decodes("base64url-with-opening", "Base64url of a token and its opening.", base64url(&whole), &whole),
        decodes(
            "specification-kv1",
            "The example of the specification, section 13.6.",
            TEXT.into(),
            &example,
        ),
        decodes("specification-base64url", "The same as base64url.", base64url(&example), &example),
        decodes("space-in-front", "A space in front.", around(" ", ""), &token),
        decodes("line-feed-behind", "A line feed behind.", around("", "\n"), &token),
        decodes(
            "line-end-of-windows-behind",
            "A carriage return and a line feed behind.",
            around("", "\r\n"),
            &token,
        ),
        decodes(
            "white-space-around",
            "Spaces, tabs and line ends around.",
            around(" \t\r\n ", " \n\r\t  "),
            &token,
        ),
        decodes(
            "base64url-white-space-around",
            "The same around base64url.",
            format!("\t\n {} \r\n", base64url(&token)),
            &token,
        ),
        decodes(
            "much-white-space",
            "2,000 spaces behind: the length counts without them.",
            around("", &" ".repeat(2000)),
            &token,
        ),
    ];
    for rest in 0..6 {
        let token = with_rest(rest);
        let comment = format!("A token of {} bytes as KV1 text.", token.len());
        cases.push(decodes(&format!("kv1-{rest}-left-of-six"), &comment, kv1(&token), &token));
        let comment = comment.replace("KV1 text", "base64url");
        cases.push(decodes(&format!("base64url-{rest}-left-of-six"), &comment, base64url(&token), &token));
    }
    cases
}

fn lengths() -> Vec<TextCase> {
    let zeroes = |count: usize| "KV1:".to_owned() + &"0".repeat(count - 4);
    // A byte string as the first item, to be well-formed and of just this many bytes.
    let string = |length: usize| join(&[&head(BYTES, length as u64 - 3), &vec![0; length - 3]]);
    let longest = join(&[&string(1024), &bytes(&[7; 16])]);
    vec![
        refused(
            "1566-bytes",
            "The longest text: a presentation of 1,041 bytes, which is no token.",
            kv1(&longest),
            NotAStatusToken,
        ),
        refused("1567-bytes", "One byte more than the longest text.", zeroes(1567), TooLarge),
        refused("1567-bytes-of-base64url", "1,567 bytes of base64url.", "A".repeat(1567), TooLarge),
        refused(
            "1567-bytes-of-garbage",
            "1,567 bytes that are neither form: the length comes first.",
            "#".repeat(1567),
            TooLarge,
        ),
        refused("1566-bytes-of-garbage", "1,566 bytes that are neither form.", "#".repeat(1566), BadText),
        refused(
            "523-characters-of-1569-bytes",
            "523 characters, and 1,569 bytes of UTF-8.",
            "\u{915}".repeat(523),
            TooLarge,
        ),
        refused(
            "522-characters-of-1566-bytes",
            "522 characters, and 1,566 bytes of UTF-8.",
            "\u{915}".repeat(522),
            BadText,
        ),
        refused(
            "1566-bytes-and-spaces",
            "The longest text with spaces around it.",
            format!("  {}\n\n", kv1(&longest)),
            NotAStatusToken,
        ),
        refused(
            "1567-bytes-and-spaces",
            "One byte more, with spaces around it.",
            format!(" {} ", zeroes(1567)),
            TooLarge,
        ),
        refused("kv1-alone", "`KV1:` alone is the empty presentation.", "KV1:", Malformed),
        refused("kv1-alone-and-white-space", "`KV1:` and a space that is dropped.", "KV1: ", Malformed),
        refused("base64url-of-1041-bytes", "Base64url of 1,041 bytes.", base64url(&longest), NotAStatusToken),
        refused(
            "base64url-of-1042-bytes",
            "Base64url of 1,042 bytes: the text is short enough, the presentation is not.",
            base64url(&[longest.as_slice(), &[0]].concat()),
            TooLarge,
        ),
        refused(
            "base64url-of-1174-bytes",
            "The longest base64url text that is read.",
            "A".repeat(1566),
            TooLarge,
        ),
        refused("100000-bytes", "100,000 letters.", "A".repeat(100_000), TooLarge),
    ]
}

fn of_other_bytes() -> Vec<TextCase> {
    let not_canonical = || {
        Case::new("text/not-canonical", "", &[])
            .claims(|claims| claims.set(EXP, join(&[&[0x1b], &EXPIRES_AT.to_be_bytes()])))
            .build()
    };
    let untagged = || Case::new("text/untagged", "", &[]).envelope(|envelope| envelope.tag.clear()).build();
    let cut = || {
        let mut token = presentation("cut");
        token.pop();
        token
    };
    let mut cases = Vec::new();
    for (form, write) in [("kv1", kv1 as fn(&[u8]) -> String), ("base64url", base64url)] {
        let refused = |name: &str, comment: &str, bytes: Vec<u8>, code| {
            refused(&format!("{form}-of-{name}"), comment, write(&bytes), code)
        };
        cases.extend([
            refused("garbage", "Bytes that are no CBOR.", vec![0xff; 20], Malformed),
            refused("an-integer", "The integer 0.", vec![0], NotAStatusToken),
            refused("a-cut-token", "A token without its last byte.", cut(), Malformed),
            refused(
                "a-token-in-another-encoding",
                "A token whose `exp` stands in eight bytes.",
                not_canonical(),
                NotCanonical,
            ),
            refused("an-untagged-token", "A token without its tag.", untagged(), NotAStatusToken),
            refused(
                "a-token-and-a-byte",
                "A token and the byte 0: a second item that is no opening.",
                presentation("byte").into_iter().chain([0]).collect(),
                NotAStatusToken,
            ),
            refused("ascii-zero", "The letter `0`.", b"0".to_vec(), NotAStatusToken),
        ]);
    }
    cases
}
