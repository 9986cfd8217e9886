//! The parts of a good token in another encoding: what a lenient reader would take, signature and all.

use kycvs::ErrorCode::{Malformed, NotAStatusToken, NotCanonical};

use crate::case::Case;
use crate::model::{Flag, VerifyCase};
use crate::raw::{
    BYTES, MAP, Map, NINT, TEXT, UINT, Width, array, bytes, head, hx, indefinite, int, join, long_head,
    long_string, text, uint,
};
use crate::token::{
    ANSWER, AUD, CTI, EAT_NONCE, EXP, EXPIRES_AT, IAT, ISS, ISSUED_AT, ISSUER, NONCE, PURPOSE, TYP, cowin,
    derived,
};

pub(super) fn cases() -> Vec<VerifyCase> {
    let mut cases = claims();
    cases.extend(answer());
    cases.extend(protected());
    cases
}

fn claims() -> Vec<VerifyCase> {
    let case = |name: &str, comment: &str, flag, edit: fn(&mut Map)| {
        Case::new(format!("encoding/payload/{name}"), comment, &[flag]).claims(edit).refused(NotCanonical)
    };
    let cti = || derived::<16>("another token id", "encoding/payload");
    let mut cases: Vec<VerifyCase> =
        [(Width::Eight, EXP, EXPIRES_AT, "exp"), (Width::Eight, IAT, ISSUED_AT, "iat")]
            .into_iter()
            .map(|(width, claim, value, name)| {
                Case::new(
                    format!("encoding/payload/{name}-in-eight-bytes"),
                    format!("`{name}` stands in eight bytes, though four hold it."),
                    &[Flag::LongForm],
                )
                .claims(move |claims| claims.set(claim, long_head(UINT, width, value)))
                .refused(NotCanonical)
            })
            .collect();
    for width in Width::ALL {
        let (name, words) = (width.name(), width.words());
        let string = |what: &str, claim: i64, item: Vec<u8>| {
            let id = format!("encoding/payload/{what}-length-in-{name}");
            let comment =
                format!("The length of `{what}` stands in {words}, though the first byte holds it.");
            Case::new(id, comment, &[Flag::LongForm])
                .claims(move |claims| claims.set(claim, item))
                .refused(NotCanonical)
        };
        cases.push(string("iss", ISS, long_string(TEXT, width, ISSUER.as_bytes())));
        cases.push(string("cti", CTI, long_string(BYTES, width, &cti())));
        cases.push(string("eat_nonce", EAT_NONCE, long_string(BYTES, width, &NONCE)));
        let id = format!("encoding/payload/claims-count-in-{name}");
        let comment = format!("The number of claims stands in {words}.");
        let long = Case::new(id, comment, &[Flag::LongForm]);
        cases.push(long.claims(move |claims| claims.make_head_long(width)).refused(NotCanonical));
        let id = format!("encoding/payload/key-iss-in-{name}");
        let comment = format!("The claim key 1 stands in {words}.");
        let long = Case::new(id, comment, &[Flag::LongForm]);
        cases.push(
            long.claims(move |claims| claims.rename(ISS, long_head(UINT, width, 1))).refused(NotCanonical),
        );
    }
    cases.extend([
        case(
            "key-answer-in-eight",
            "The claim key -65537 stands in eight bytes.",
            Flag::LongForm,
            |claims| {
                claims.rename(ANSWER, long_head(NINT, Width::Eight, 65_536));
            },
        ),
        case(
            "claims-indefinite",
            "The claims are a map of indefinite length.",
            Flag::Indefinite,
            Map::make_indefinite,
        ),
        case("iss-indefinite", "`iss` is an indefinite string of two chunks.", Flag::Indefinite, |claims| {
            claims.set(ISS, indefinite(TEXT, &[&text("in.gov."), &text("cowin")]));
        }),
        case("cti-indefinite", "`cti` is an indefinite string of one chunk.", Flag::Indefinite, |claims| {
            claims.set(CTI, indefinite(BYTES, &[&bytes(&[7; 16])]));
        }),
        case("exp-behind-iat", "`iat` stands in front of `exp`.", Flag::KeyOrder, |claims| {
            claims.swap(EXP, IAT);
        }),
        case("iss-last", "`iss` is the last claim.", Flag::KeyOrder, |claims| claims.swap(ISS, ANSWER)),
        case(
            "answer-first",
            "The answer stands in front, as a map that sorts by value would have it.",
            Flag::KeyOrder,
            |claims| {
                let answer = claims.entries.pop().expect("the answer is the last claim");
                claims.entries.insert(0, answer);
            },
        ),
        case("iss-twice", "`iss` stands twice, the same both times.", Flag::Duplicate, |claims| {
            claims.repeat(ISS);
        }),
        case("exp-twice", "`exp` stands twice, the second one later.", Flag::Duplicate, |claims| {
            claims.repeat(EXP);
            claims.entries[3].1 = uint(EXPIRES_AT + 3600);
        }),
        case("answer-twice", "The answer stands twice.", Flag::Duplicate, |claims| claims.repeat(ANSWER)),
        case(
            "exp-float-of-eight-not-shortest",
            "`exp` is the float 1790000128.0 in eight bytes; four hold it.",
            Flag::Float,
            |claims| {
                claims.set(EXP, hx("fb41daac4f00000000"));
            },
        ),
    ]);
    cases.extend([
        Case::new(
            "encoding/payload/byte-behind",
            "A byte stands behind the claims, signed with them.",
            &[Flag::Trailing],
        )
        .payload(|payload| payload.push(0))
        .refused(Malformed),
        Case::new(
            "encoding/payload/claims-twice",
            "The claims stand twice in the payload.",
            &[Flag::Trailing],
        )
        .payload(|payload| *payload = payload.repeat(2))
        .refused(Malformed),
        Case::new("encoding/payload/break-behind", "A break stands behind the claims.", &[Flag::Trailing])
            .payload(|payload| payload.push(0xff))
            .refused(Malformed),
        Case::new(
            "encoding/payload/count-too-high",
            "The map says that it has one claim more.",
            &[Flag::Truncated],
        )
        .claims(|claims| claims.head = Some(head(MAP, claims.entries.len() as u64 + 1)))
        .refused(Malformed),
        Case::new(
            "encoding/payload/count-too-low",
            "The map says that it has one claim less.",
            &[Flag::Trailing],
        )
        .claims(|claims| claims.head = Some(head(MAP, claims.entries.len() as u64 - 1)))
        .refused(Malformed),
        Case::new("encoding/payload/iss-not-utf8", "`iss` is no UTF-8.", &[Flag::Utf8])
            .claims(|claims| claims.set(ISS, hx("6cff6e2e676f762e636f77696e")))
            .refused(Malformed),
        Case::new("encoding/payload/aud-latin-1", "`aud` is in Latin-1.", &[Flag::Utf8])
            .claims(|claims| claims.set(AUD, hx("65636166e92e")))
            .refused(Malformed),
        Case::new(
            "encoding/payload/exp-float-shortest",
            "`exp` is a float in its shortest form.",
            &[Flag::Float],
        )
        .claims(|claims| claims.set(EXP, hx("fa4ed5627f")))
        .refused(NotAStatusToken),
        Case::new(
            "encoding/payload/indefinite-without-break",
            "The indefinite map of claims has no break.",
            &[Flag::Truncated],
        )
        .claims(|claims| {
            claims.make_indefinite();
            claims.end.clear();
        })
        .refused(Malformed),
        Case::new("encoding/payload/empty", "The payload is an empty byte string.", &[Flag::Truncated])
            .payload(Vec::clear)
            .refused(Malformed),
    ]);
    cases
}

fn answer() -> Vec<VerifyCase> {
    let case = |name: &str, comment: &str, flag, edit: fn(&mut Map)| {
        Case::new(format!("encoding/payload/answer-{name}"), comment, &[flag])
            .answer(edit)
            .refused(NotCanonical)
    };
    vec![
        case("status-in-one", "The status 2 stands in a byte of its own.", Flag::LongForm, |answer| {
            answer.set(0, long_head(UINT, Width::One, 2));
        }),
        case(
            "key-status-in-one",
            "The key 0 of the answer stands in a byte of its own.",
            Flag::LongForm,
            |answer| {
                answer.rename(0, long_head(UINT, Width::One, 0));
            },
        ),
        case(
            "purpose-length-in-one",
            "The length of the purpose stands in a byte of its own.",
            Flag::LongForm,
            |answer| {
                answer.set(2, long_string(TEXT, Width::One, PURPOSE.as_bytes()));
            },
        ),
        case("purpose-indefinite", "The purpose is an indefinite string.", Flag::Indefinite, |answer| {
            answer.set(2, indefinite(TEXT, &[&text("rail-"), &text("booking")]));
        }),
        case(
            "commitment-length-in-two",
            "The length of the commitment stands in two bytes.",
            Flag::LongForm,
            |answer| {
                answer.set(1, long_string(BYTES, Width::Two, &[7; 32]));
            },
        ),
        case(
            "indefinite",
            "The answer is a map of indefinite length.",
            Flag::Indefinite,
            Map::make_indefinite,
        ),
        case(
            "count-in-one",
            "The number of members of the answer stands in a byte of its own.",
            Flag::LongForm,
            |answer| {
                answer.make_head_long(Width::One);
            },
        ),
        case("purpose-first", "The purpose stands in front of the status.", Flag::KeyOrder, |answer| {
            answer.swap(0, 2);
        }),
        case("status-twice", "The status stands twice: 2, then 0.", Flag::Duplicate, |answer| {
            answer.repeat(0);
            answer.entries[1].1 = uint(0);
        }),
        case(
            "true-in-a-long-list",
            "The specimen mark stands in a list with a long count.",
            Flag::LongForm,
            |answer| {
                answer.set(3, join(&[&long_head(4, Width::One, 1), &[0xf5]]));
            },
        ),
    ]
}

fn protected() -> Vec<VerifyCase> {
    let case = |name: &str, comment: &str, flag, edit: fn(&mut Map)| {
        Case::new(format!("encoding/protected/{name}"), comment, &[flag]).header(edit).refused(NotCanonical)
    };
    let mut cases = Vec::new();
    for width in Width::ALL {
        let (name, words) = (width.name(), width.words());
        let long = |what: &str, comment: &str| {
            let comment = format!("{comment} in {words}, though the first byte holds it.");
            Case::new(format!("encoding/protected/{what}-in-{name}"), comment, &[Flag::LongForm])
        };
        cases.extend([
            long("alg", "`alg` stands")
                .header(move |header| header.set(1, long_head(NINT, width, 7)))
                .refused(NotCanonical),
            long("key-alg", "The label 1 stands")
                .header(move |header| header.rename(1, long_head(UINT, width, 1)))
                .refused(NotCanonical),
            long("kid-length", "The length of `kid` stands")
                .header(move |header| header.set(4, long_string(BYTES, width, &cowin().kid())))
                .refused(NotCanonical),
            long("typ-length", "The length of `typ` stands")
                .header(move |header| header.set(16, long_string(TEXT, width, TYP.as_bytes())))
                .refused(NotCanonical),
            long("count", "The number of header parameters stands")
                .header(move |header| header.make_head_long(width))
                .refused(NotCanonical),
        ]);
    }
    cases.extend([
        case(
            "indefinite",
            "The header is a map of indefinite length.",
            Flag::Indefinite,
            Map::make_indefinite,
        ),
        case("typ-indefinite", "`typ` is an indefinite string.", Flag::Indefinite, |header| {
            header.set(16, indefinite(TEXT, &[&text("application/"), &text("kycvs+cwt")]));
        }),
        case("kid-indefinite", "`kid` is an indefinite string.", Flag::Indefinite, |header| {
            header.set(4, indefinite(BYTES, &[&bytes(&cowin().kid())]));
        }),
        case("kid-first", "`kid` stands in front of `alg`.", Flag::KeyOrder, |header| header.swap(1, 4)),
        case("typ-first", "`typ` stands in front.", Flag::KeyOrder, |header| header.swap(1, 16)),
        case("alg-twice", "`alg` stands twice: -8, then -19.", Flag::Duplicate, |header| {
            header.repeat(1);
            header.entries[1].1 = int(-19);
        }),
        case("kid-twice", "`kid` stands twice, the same both times.", Flag::Duplicate, |header| {
            header.repeat(4);
        }),
        case("typ-twice", "`typ` stands twice.", Flag::Duplicate, |header| header.repeat(16)),
    ]);
    let malformed =
        |name: &str, comment: &str, flag| Case::new(format!("encoding/protected/{name}"), comment, &[flag]);
    cases.extend([
        malformed("byte-behind", "A byte stands behind the header map, signed with it.", Flag::Trailing)
            .protected(|protected| protected.push(0))
            .refused(Malformed),
        malformed("header-twice", "The header map stands twice.", Flag::Trailing)
            .protected(|protected| *protected = protected.repeat(2))
            .refused(Malformed),
        malformed("count-too-high", "The map says that it has four parameters.", Flag::Truncated)
            .header(|header| header.head = Some(head(MAP, 4)))
            .refused(Malformed),
        malformed("count-too-low", "The map says that it has two parameters.", Flag::Trailing)
            .header(|header| header.head = Some(head(MAP, 2)))
            .refused(Malformed),
        malformed("typ-not-utf8", "`typ` is no UTF-8.", Flag::Utf8)
            .header(|header| {
                let mut typ = text(TYP);
                typ[5] = 0xc3;
                header.set(16, typ);
            })
            .refused(Malformed),
        malformed(
            "empty",
            "The protected header is an empty byte string, which COSE takes for an empty map.",
            Flag::Truncated,
        )
        .protected(Vec::clear)
        .refused(Malformed),
        malformed("in-an-array", "The header map stands in an array.", Flag::Shape)
            .protected(|protected| *protected = array(&[&protected.clone()]))
            .refused(NotAStatusToken),
    ]);
    cases
}
