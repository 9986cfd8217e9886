//! Claims of another shape: `not_a_status_token`. All of it is deterministic and signed by a trusted key.

use kycvs::ErrorCode::{Malformed, NotAStatusToken};

use crate::case::Case;
use crate::model::{Flag, VerifyCase};
use crate::raw::{FALSE, Map, NULL, TRUE, UNDEFINED, array, bytes, hx, int, tag, text, uint};
use crate::token::{
    ANSWER, AUD, CTI, EAT_NONCE, EXP, EXPIRES_AT, Envelope, IAT, ISS, ISSUED_AT, STATUS_LIST, status_list,
};

pub(super) fn cases() -> Vec<VerifyCase> {
    let mut cases = missing();
    cases.extend(claims());
    cases.extend(wrong_types());
    cases.extend(lists());
    cases.extend(answer());
    cases
}

fn missing() -> Vec<VerifyCase> {
    [(ISS, "iss"), (EXP, "exp"), (IAT, "iat"), (CTI, "cti"), (ANSWER, "answer")]
        .into_iter()
        .map(|(claim, name)| {
            let id = format!("shape/payload/{name}-missing");
            Case::new(id, format!("The claim `{name}` is missing."), &[Flag::Shape])
                .claims(move |claims| claims.remove(claim))
                .refused(NotAStatusToken)
        })
        .collect()
}

fn claims() -> Vec<VerifyCase> {
    let case = |name: &str, comment: &str, edit: fn(&mut Map)| {
        let id = format!("shape/payload/{name}");
        Case::new(id, comment, &[Flag::Shape]).claims(edit).refused(NotAStatusToken)
    };
    let times = |name: &str, comment: &str, issued_at, expires_at| {
        Case::new(format!("shape/payload/{name}"), comment, &[Flag::Shape, Flag::Clock])
            .facts(|facts| {
                facts.issued_at = issued_at;
                facts.expires_at = expires_at;
            })
            .refused(NotAStatusToken)
    };
    vec![
        case("sub", "There is a `sub` (2).", |claims| claims.set(2, text("a person"))),
        case("nbf", "There is an `nbf` (5).", |claims| claims.set(5, uint(ISSUED_AT))),
        case("cnf", "There is a `cnf` (8).", |claims| claims.set(8, hx("a0"))),
        case("hcert", "There is a health certificate (-260).", |claims| claims.set(-260, hx("a101a0"))),
        case("key-0", "There is a claim with the key 0.", |claims| claims.set(0, int(0))),
        case("key-private", "There is another claim of the private range (-65538).", |claims| {
            claims.set(-65_538, int(0));
        }),
        case("key-greatest", "There is a claim with the key 2^64-1.", |claims| {
            claims.set_raw(uint(u64::MAX), int(0));
        }),
        case("key-text", "There is a claim with the key `iss`.", |claims| {
            claims.set_raw(text("iss"), text("x"));
        }),
        case("key-text-number", "There is a claim with the key `1`.", |claims| {
            claims.set_raw(text("1"), text("x"));
        }),
        case("key-bytes", "There is a claim whose key is a byte string.", |claims| {
            claims.set_raw(bytes(&[1]), int(0));
        }),
        case("key-false", "There is a claim with the key false.", |claims| {
            claims.set_raw(vec![FALSE], int(0));
        }),
        case("answer-at-65537", "The answer stands at 65537 in the place of -65537.", |claims| {
            let (_, answer) = claims.entries.pop().expect("the answer is the last claim");
            claims.set(65_537, answer);
        }),
        case("answer-at--65536", "The answer stands at -65536.", |claims| {
            claims.rename(ANSWER, int(-65_536));
        }),
        case("empty-map", "The claims are the empty map.", |claims| claims.entries.clear()),
        case("exp-tagged", "`exp` is tagged as a time.", |claims| claims.set(EXP, tag(1, &uint(EXPIRES_AT)))),
        case("iat-tagged", "`iat` is tagged as a time.", |claims| claims.set(IAT, tag(1, &uint(ISSUED_AT)))),
        case("exp-bignum", "`exp` is the bignum 2^64.", |claims| {
            claims.set(EXP, hx("c249010000000000000000"));
        }),
        case("exp-negative", "`exp` is negative.", |claims| claims.set(EXP, int(-1))),
        case("iat-negative", "`iat` is -1.", |claims| claims.set(IAT, int(-1))),
        case("iat-negative-of-2^63", "`iat` is -2^63 - 1.", |claims| {
            claims.set(IAT, hx("3b8000000000000000"));
        }),
        case("iat-float", "`iat` is the float 0.0.", |claims| claims.set(IAT, hx("f90000"))),
        case("exp-float-infinity", "`exp` is infinity.", |claims| claims.set(EXP, hx("f97c00"))),
        case("exp-text-date", "`exp` is a date in text.", |claims| {
            claims.set(EXP, text("2026-09-21T14:28:20Z"));
        }),
        case("aud-list", "`aud` is a list of one.", |claims| claims.set(AUD, array(&[&text("irctc.co.in")]))),
        case("nonce-list", "`eat_nonce` is a list of one.", |claims| {
            claims.set(EAT_NONCE, array(&[&bytes(b"a test challenge")]));
        }),
        case("nonce-text", "`eat_nonce` is text.", |claims| claims.set(EAT_NONCE, text("a test challenge"))),
        case("cti-text", "`cti` is text.", |claims| claims.set(CTI, text("sixteen letters."))),
        case("iss-bytes", "`iss` is a byte string.", |claims| claims.set(ISS, bytes(b"in.gov.cowin"))),
        case("iss-tagged-uri", "`iss` is tagged as a URI (32).", |claims| {
            claims.set(ISS, tag(32, &text("in.gov.cowin")));
        }),
        times("iat-equals-exp", "`iat` and `exp` are equal.", ISSUED_AT, ISSUED_AT),
        times("iat-after-exp", "`iat` is a second later than `exp`.", ISSUED_AT + 1, ISSUED_AT),
        times("iat-and-exp-0", "`iat` and `exp` are 0.", 0, 0),
        times("iat-and-exp-greatest", "`iat` and `exp` are 2^64-1.", u64::MAX, u64::MAX),
        times("iat-greatest-exp-0", "`iat` is 2^64-1 and `exp` is 0.", u64::MAX, 0),
        Case::new("shape/payload/list", "The claims are a list.", &[Flag::Shape])
            .payload(|payload| *payload = array(&[&payload.clone()]))
            .refused(NotAStatusToken),
        Case::new(
            "shape/payload/json",
            "The payload is JSON, whose `{` reads as the head of a very long text.",
            &[Flag::Shape],
        )
        .payload(|payload| *payload = br#"{"iss":"in.gov.cowin","s":2}"#.to_vec())
        .refused(Malformed),
        Case::new("shape/payload/tagged", "The claims are tagged as a CWT (61).", &[Flag::Shape])
            .payload(|payload| *payload = tag(61, payload))
            .refused(NotAStatusToken),
        Case::new(
            "shape/payload/nested-token",
            "The payload is a COSE_Sign1 of its own (nested CWT).",
            &[Flag::Shape],
        )
        .payload(|payload| *payload = Envelope::new(&hx("a10127"), payload, &[7; 64]).encode())
        .refused(NotAStatusToken),
    ]
}

/// Each claim as null, undefined, false, true and a map.
fn wrong_types() -> Vec<VerifyCase> {
    let claims = [
        (ISS, "iss"),
        (AUD, "aud"),
        (EXP, "exp"),
        (IAT, "iat"),
        (CTI, "cti"),
        (EAT_NONCE, "eat_nonce"),
        (STATUS_LIST, "status_list"),
        (ANSWER, "answer"),
    ];
    let items =
        [("null", NULL), ("undefined", UNDEFINED), ("false", FALSE), ("empty-array", 0x80), ("integer-7", 7)];
    let mut cases = Vec::new();
    for (claim, name) in claims {
        for (kind, item) in items {
            // An integer is right for the two times, and another fault there.
            if item == 7 && (claim == EXP || claim == IAT) {
                continue;
            }
            let id = format!("shape/payload/{name}-is-{kind}");
            let comment = format!("The claim `{name}` is of another type: {}.", kind.replace('-', " "));
            let case = Case::new(id, comment, &[Flag::Shape]);
            cases.push(case.claims(move |claims| claims.set(claim, vec![item])).refused(NotAStatusToken));
        }
    }
    cases
}

fn lists() -> Vec<VerifyCase> {
    let uri = || text("https://lists.example/1");
    let case = |name: &str, comment: &str, value: Vec<u8>| {
        Case::new(format!("shape/status-list/{name}"), comment, &[Flag::Shape, Flag::StatusList])
            .policy(|policy| policy.ignore_status_lists = true)
            .claims(|claims| claims.set(STATUS_LIST, value))
            .refused(NotAStatusToken)
    };
    vec![
        case("idx-missing", "There is no `idx`.", status_list(&[("uri", uri())])),
        case("uri-missing", "There is no `uri`.", status_list(&[("idx", uint(7))])),
        case("empty", "The list is an empty map.", status_list(&[])),
        case(
            "extra-member",
            "There is a third member.",
            status_list(&[("exp", uint(7)), ("idx", uint(7)), ("uri", uri())]),
        ),
        case(
            "extra-behind",
            "There is a third member, longer than the others.",
            status_list(&[("idx", uint(7)), ("uri", uri()), ("bits", uint(1))]),
        ),
        case("idx-negative", "`idx` is -1.", status_list(&[("idx", int(-1)), ("uri", uri())])),
        case("idx-text", "`idx` is text.", status_list(&[("idx", text("7")), ("uri", uri())])),
        case("idx-bignum", "`idx` is a bignum.", status_list(&[("idx", hx("c24107")), ("uri", uri())])),
        case("idx-float", "`idx` is the float 7.0.", status_list(&[("idx", hx("f94700")), ("uri", uri())])),
        case(
            "uri-bytes",
            "`uri` is a byte string.",
            status_list(&[("idx", uint(7)), ("uri", bytes(b"https://lists.example/1"))]),
        ),
        case(
            "uri-tagged",
            "`uri` is tagged as a URI (32).",
            status_list(&[("idx", uint(7)), ("uri", tag(32, &uri()))]),
        ),
        case("uri-empty", "`uri` is empty.", status_list(&[("idx", uint(7)), ("uri", text(""))])),
        case(
            "integer-keys",
            "The members have integer keys.",
            Map::new(vec![(text("status_list"), hx("a200070161 78"))]).encode(),
        ),
        case(
            "not-wrapped",
            "The members stand in the claim itself.",
            Map::new(vec![(text("idx"), uint(7)), (text("uri"), uri())]).encode(),
        ),
        case(
            "other-mechanism",
            "A mechanism of another name.",
            Map::new(vec![(text("identifier_list"), hx("a0"))]).encode(),
        ),
        case("two-mechanisms", "A second mechanism beside the list.", {
            let list = Map::new(vec![(text("idx"), uint(7)), (text("uri"), uri())]).encode();
            Map::new(vec![(text("status_list"), list), (text("identifier_list"), hx("a0"))]).encode()
        }),
        case(
            "list-is-array",
            "The list is an array.",
            Map::new(vec![(text("status_list"), array(&[&uint(7), &uri()]))]).encode(),
        ),
    ]
}

fn answer() -> Vec<VerifyCase> {
    let case = |name: &str, comment: &str, edit: fn(&mut Map)| {
        let id = format!("shape/answer/{name}");
        Case::new(id, comment, &[Flag::Shape])
            .policy(|policy| policy.allow_specimen = true)
            .answer(edit)
            .refused(NotAStatusToken)
    };
    vec![
        case("status-missing", "There is no status.", |answer| answer.remove(0)),
        case("purpose-missing", "There is no purpose.", |answer| answer.remove(2)),
        case("status-3", "The status is 3.", |answer| answer.set(0, uint(3))),
        case("status-23", "The status is 23.", |answer| answer.set(0, uint(23))),
        case("status-256", "The status is 256.", |answer| answer.set(0, uint(256))),
        case("status-2^32", "The status is 2^32.", |answer| answer.set(0, uint(1 << 32))),
        case("status-2^64-1", "The status is 2^64-1.", |answer| answer.set(0, uint(u64::MAX))),
        case("status--1", "The status is -1.", |answer| answer.set(0, int(-1))),
        case("status--2", "The status is -2.", |answer| answer.set(0, int(-2))),
        case("status--3", "The status is -3, whose argument is 2.", |answer| answer.set(0, int(-3))),
        case("status-true", "The status is true.", |answer| answer.set(0, vec![TRUE])),
        case("status-false", "The status is false.", |answer| answer.set(0, vec![FALSE])),
        case("status-null", "The status is null.", |answer| answer.set(0, vec![NULL])),
        case("status-float", "The status is the float 2.0.", |answer| answer.set(0, hx("f94000"))),
        case("status-text", "The status is the text `2`.", |answer| answer.set(0, text("2"))),
        case("status-simple-2", "The status is the simple value 2.", |answer| answer.set(0, hx("e2"))),
        case("status-tagged", "The status is tagged.", |answer| answer.set(0, tag(1, &uint(2)))),
        case("status-bignum", "The status is the bignum 2.", |answer| answer.set(0, hx("c24102"))),
        case("commitment-31-bytes", "The commitment has 31 bytes.", |answer| answer.set(1, bytes(&[7; 31]))),
        case("commitment-33-bytes", "The commitment has 33 bytes.", |answer| answer.set(1, bytes(&[7; 33]))),
        case("commitment-empty", "The commitment is empty.", |answer| answer.set(1, bytes(&[]))),
        case("commitment-16-bytes", "The commitment has 16 bytes.", |answer| answer.set(1, bytes(&[7; 16]))),
        case("commitment-text", "The commitment is text of 32 bytes.", |answer| {
            answer.set(1, text(&"c".repeat(32)));
        }),
        case("commitment-null", "The commitment is null.", |answer| answer.set(1, vec![NULL])),
        case("purpose-bytes", "The purpose is a byte string.", |answer| {
            answer.set(2, bytes(b"rail-booking"));
        }),
        case("purpose-null", "The purpose is null.", |answer| answer.set(2, vec![NULL])),
        case("purpose-list", "The purpose is a list.", |answer| {
            answer.set(2, array(&[&text("rail-booking")]));
        }),
        case("specimen-false", "The specimen mark is false; it should not be there.", |answer| {
            answer.set(3, vec![FALSE]);
        }),
        case("specimen-null", "The specimen mark is null.", |answer| answer.set(3, vec![NULL])),
        case("specimen-1", "The specimen mark is the integer 1.", |answer| answer.set(3, uint(1))),
        case("specimen-undefined", "The specimen mark is undefined.", |answer| {
            answer.set(3, vec![UNDEFINED]);
        }),
        case("key-4", "There is a member with the key 4.", |answer| answer.set(4, uint(0))),
        case("key-negative", "There is a member with the key -1.", |answer| answer.set(-1, uint(0))),
        case("key-text", "There is a member with the key `name`.", |answer| {
            answer.set_raw(text("name"), text("x"));
        }),
        case("empty-map", "The answer is the empty map.", |answer| answer.entries.clear()),
    ]
}
