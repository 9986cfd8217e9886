//! Cut short, at each place where something ends.

use kycvs::ErrorCode::{self, Malformed, WrongSubject};

use crate::case::Case;
use crate::model::{Flag, VerifyCase};
use crate::raw::{Map, counted};
use crate::token::{EDDSA, Facts, cowin, header};

pub(super) fn cases() -> Vec<VerifyCase> {
    let mut cases = presentations();
    let header = header(EDDSA, cowin().kid());
    for (name, at) in ends(&header) {
        let id = format!("truncated/protected/{name}");
        let comment =
            format!("The protected header has its first {} only, and is signed so.", counted(at, "byte"));
        let case = Case::new(id, comment, &[Flag::Truncated]);
        cases.push(case.protected(move |protected| protected.truncate(at)).refused(Malformed));
    }
    let facts = Facts::of_case("");
    for (name, at) in ends(&facts.claims(&facts.answer())) {
        let id = format!("truncated/payload/{name}");
        let comment = format!("The payload has its first {} only, and is signed so.", counted(at, "byte"));
        let case = Case::new(id, comment, &[Flag::Truncated]);
        cases.push(case.payload(move |payload| payload.truncate(at)).refused(Malformed));
    }
    cases
}

/// Behind the head, behind each key and in the middle and at the end of each value, but for the end of all.
fn ends(map: &Map) -> Vec<(String, usize)> {
    let mut ends = vec![("behind-the-head".to_owned(), 1)];
    let mut at = 1;
    for (place, (key, value)) in map.entries.iter().enumerate() {
        at += key.len();
        ends.push((format!("behind-key-{place}"), at));
        if value.len() > 1 {
            ends.push((format!("in-value-{place}"), at + value.len() / 2));
        }
        at += value.len();
        ends.push((format!("behind-value-{place}"), at));
    }
    ends.pop();
    ends
}

fn presentations() -> Vec<VerifyCase> {
    // Of a token with a 36-byte header, a 101-byte payload and its opening.
    let places = [
        ("empty", 0, "There is nothing at all."),
        ("behind-the-tag", 1, "It ends behind the tag."),
        ("behind-the-array-head", 2, "It ends behind the head of the array."),
        ("in-the-head-of-protected", 3, "It ends within the head of the protected header."),
        ("in-protected", 20, "It ends within the protected header."),
        ("behind-protected", 40, "It ends behind the protected header."),
        ("behind-unprotected", 41, "It ends behind the unprotected header."),
        ("in-the-head-of-the-payload", 42, "It ends within the head of the payload."),
        ("in-the-payload", 90, "It ends within the payload."),
    ];
    let mut cases: Vec<_> = places
        .into_iter()
        .map(|(name, at, comment)| truncated(name, comment, move |whole| at.min(whole), Malformed))
        .collect();
    // From the end: an opening is 17 bytes, a signature 66.
    let places = [
        ("behind-the-payload", 83, "It ends behind the payload.", Malformed),
        ("behind-the-head-of-the-signature", 81, "It ends behind the head of the signature.", Malformed),
        ("in-the-signature", 50, "It ends within the signature.", Malformed),
        ("one-byte-of-the-signature", 18, "The last byte of the signature is missing.", Malformed),
        (
            "the-opening",
            17,
            "The opening is missing: a good token, but the subject cannot be checked.",
            WrongSubject,
        ),
        ("behind-the-head-of-the-opening", 16, "It ends behind the head of the opening.", Malformed),
        ("in-the-opening", 8, "It ends within the opening.", Malformed),
        ("one-byte-of-the-opening", 1, "The last byte of the opening is missing.", Malformed),
    ];
    cases.extend(
        places.into_iter().map(|(name, missing, comment, code)| {
            truncated(name, comment, move |whole| whole - missing, code)
        }),
    );
    cases
}

fn truncated(
    name: &str,
    comment: &str,
    keep: impl Fn(usize) -> usize + 'static,
    code: ErrorCode,
) -> VerifyCase {
    Case::new(format!("truncated/presentation/{name}"), comment, &[Flag::Truncated])
        .bound_to("a p j abdul kalam", None)
        .person("A.P.J. Abdul Kalam", None)
        .presentation(move |presentation| presentation.truncate(keep(presentation.len())))
        .refused(code)
}
