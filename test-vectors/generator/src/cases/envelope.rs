//! The outer item and what stands behind it, in another encoding. The signature is good in all of them.

use kycvs::ErrorCode::{Malformed, NotAStatusToken, NotCanonical};

use crate::case::Case;
use crate::forms::{base64url, kv1};
use crate::model::{Flag, VerifyCase};
use crate::raw::{
    ARRAY, BREAK, BYTES, MAP, TAG, TEXT, Width, array, bytes, head, hx, indefinite, join, long_head,
    long_string,
};
use crate::token::{Envelope, opening};

pub(super) fn cases() -> Vec<VerifyCase> {
    let mut cases = heads();
    cases.extend(strings());
    cases.extend(behind());
    cases
}

fn case(name: &str, comment: &str, flag: Flag, edit: fn(&mut Envelope)) -> Case {
    Case::new(format!("encoding/envelope/{name}"), comment, &[flag]).envelope(edit)
}

fn heads() -> Vec<VerifyCase> {
    let mut cases = Vec::new();
    for width in Width::ALL {
        let (name, words) = (width.name(), width.words());
        let long = |what: &str, comment: &str| {
            let comment = format!("{comment} in {words}, though the first byte holds it.");
            Case::new(format!("encoding/envelope/{what}-in-{name}"), comment, &[Flag::LongForm])
        };
        cases.extend([
            long("tag", "The tag 18 stands")
                .envelope(move |envelope| envelope.tag = long_head(TAG, width, 18))
                .refused(NotCanonical),
            long("array-count", "The count 4 of the array stands")
                .envelope(move |envelope| envelope.head = long_head(ARRAY, width, 4))
                .refused(NotCanonical),
            long("unprotected-count", "The count 0 of the unprotected header stands")
                .envelope(move |envelope| envelope.items[1] = long_head(MAP, width, 0))
                .refused(NotCanonical),
        ]);
        if width != Width::One {
            let long_item = move |item: &mut Vec<u8>| {
                // The content behind a head of two bytes: 24 to 255 bytes are in it.
                let content = item.split_off(2);
                *item = long_string(BYTES, width, &content);
            };
            for (at, what) in [(0, "protected"), (2, "payload"), (3, "signature")] {
                let comment = format!("The length of `{what}` stands in {name} bytes, though one holds it.");
                let id = format!("encoding/envelope/{what}-length-in-{name}");
                let case = Case::new(id, comment, &[Flag::LongForm]);
                cases.push(
                    case.envelope(move |envelope| long_item(&mut envelope.items[at])).refused(NotCanonical),
                );
            }
        }
    }
    cases.extend([
        case("array-indefinite", "The array is of indefinite length.", Flag::Indefinite, |envelope| {
            envelope.head = vec![ARRAY << 5 | 31];
            envelope.end = vec![BREAK];
        })
        .refused(NotCanonical),
        case(
            "unprotected-indefinite",
            "The unprotected header is an empty map of indefinite length.",
            Flag::Indefinite,
            |envelope| {
                envelope.items[1] = indefinite(MAP, &[]);
            },
        )
        .refused(NotCanonical),
        case("array-count-5", "The array says that it has five items.", Flag::Truncated, |envelope| {
            envelope.head = head(ARRAY, 5);
        })
        .refused(Malformed),
        // Of an array of three, the signature is the item behind it: the second of the sequence.
        case(
            "array-count-3",
            "The array says that it has three items, and the signature stands behind it.",
            Flag::Shape,
            |envelope| {
                envelope.head = head(ARRAY, 3);
            },
        )
        .refused(NotAStatusToken),
        case(
            "array-count-2",
            "The array says that it has two items, and two more stand behind it.",
            Flag::Trailing,
            |envelope| {
                envelope.head = head(ARRAY, 2);
            },
        )
        .refused(Malformed),
        case(
            "indefinite-without-break",
            "The array of indefinite length has no break.",
            Flag::Truncated,
            |envelope| {
                envelope.head = vec![ARRAY << 5 | 31];
            },
        )
        .refused(Malformed),
        case(
            "break-behind",
            "A break stands behind an array of definite length.",
            Flag::Trailing,
            |envelope| {
                envelope.end = vec![BREAK];
            },
        )
        .refused(Malformed),
    ]);
    cases
}

fn strings() -> Vec<VerifyCase> {
    let mut cases = Vec::new();
    for (at, what) in [(0, "protected"), (2, "payload"), (3, "signature")] {
        let case = |name: &str, comment: &str| {
            let id = format!("encoding/envelope/{what}-{name}");
            Case::new(id, comment.replace("{}", what), &[Flag::Indefinite])
        };
        cases.extend([
            case("indefinite", "`{}` is an indefinite string of one chunk.")
                .envelope(move |envelope| envelope.items[at] = indefinite(BYTES, &[&envelope.items[at]]))
                .refused(NotCanonical),
            case("indefinite-two-chunks", "`{}` is an indefinite string of two chunks.")
                .envelope(move |envelope| {
                    let content = envelope.items[at].split_off(2);
                    let (one, other) = content.split_at(10);
                    envelope.items[at] = indefinite(BYTES, &[&bytes(one), &bytes(other)]);
                })
                .refused(NotCanonical),
            case("indefinite-text-chunk", "`{}` is an indefinite byte string with a chunk of text.")
                .envelope(move |envelope| {
                    let chunk = join(&[&head(TEXT, 1), b"a"]);
                    envelope.items[at] = indefinite(BYTES, &[&envelope.items[at], &chunk]);
                })
                .refused(Malformed),
        ]);
    }
    cases
}

fn behind() -> Vec<VerifyCase> {
    let case = |name: &str, comment: &str, item: Vec<u8>| {
        Case::new(format!("encoding/sequence/{name}"), comment, &[Flag::Trailing]).behind(item)
    };
    let opening = || bytes(&opening("encoding/sequence"));
    let with = |more: &[u8]| join(&[&opening(), more]);
    let mut cases = vec![
        case("byte-behind-the-opening", "One byte stands behind the opening.", with(&[0])).refused(Malformed),
        case("item-behind-the-opening", "A third item: the opening once more.", with(&opening()))
            .refused(Malformed),
        case("ff-behind-the-opening", "A break stands behind the opening.", with(&[BREAK]))
            .refused(Malformed),
        case("break-behind-the-token", "A break stands behind the token.", vec![BREAK]).refused(Malformed),
        case(
            "opening-length-in-one",
            "The length of the opening stands in a byte of its own.",
            long_string(BYTES, Width::One, &[7; 16]),
        )
        .refused(NotCanonical),
        case(
            "opening-length-in-two",
            "The length of the opening stands in two bytes.",
            long_string(BYTES, Width::Two, &[7; 16]),
        )
        .refused(NotCanonical),
        case("opening-indefinite", "The opening is an indefinite string.", indefinite(BYTES, &[&opening()]))
            .refused(NotCanonical),
        case("opening-15-bytes", "The opening has 15 bytes.", bytes(&[7; 15])).refused(NotAStatusToken),
        case("opening-17-bytes", "The opening has 17 bytes.", bytes(&[7; 17])).refused(NotAStatusToken),
        case("opening-empty", "The opening is empty.", bytes(&[])).refused(NotAStatusToken),
        case("opening-text", "The opening is a text string.", join(&[&head(TEXT, 16), &[b'a'; 16]]))
            .refused(NotAStatusToken),
        case("opening-null", "Null stands in the opening's place.", vec![0xf6]).refused(NotAStatusToken),
        case("opening-in-an-array", "The opening stands in an array.", array(&[&opening()]))
            .refused(NotAStatusToken),
        case("opening-tagged", "The opening is tagged.", join(&[&head(TAG, 24), &opening()]))
            .refused(NotAStatusToken),
        case("item-integer", "An integer stands behind the token.", vec![0]).refused(NotAStatusToken),
        case("item-long-integer", "An integer in a longer form stands behind the token.", hx("1800"))
            .refused(NotCanonical),
        case("item-not-utf8", "Text that is no UTF-8 stands behind the token.", hx("61ff"))
            .refused(Malformed),
        case("item-reserved", "A reserved head stands behind the token.", hx("1c")).refused(Malformed),
        case(
            "opening-cut-short",
            "The opening says that it has 16 bytes and has 15.",
            join(&[&head(BYTES, 16), &[7; 15]]),
        )
        .refused(Malformed),
        case(
            "item-depth-8",
            "Eight nested arrays stand behind the token: its depth counts from 1 again.",
            hx("8181818181818100"),
        )
        .refused(NotAStatusToken),
        case("item-depth-9", "Nine nested items stand behind the token.", hx("818181818181818100"))
            .refused(Malformed),
        case(
            "line-feed-behind",
            "A line feed stands behind the token, as an editor leaves it: it reads as the integer 10.",
            vec![b'\n'],
        )
        .refused(NotAStatusToken),
    ];
    cases.push(
        Case::new("encoding/sequence/token-twice", "The token stands twice.", &[Flag::Trailing])
            .presentation(|presentation| *presentation = presentation.repeat(2))
            .refused(NotAStatusToken),
    );
    cases.push(
        Case::new(
            "encoding/sequence/opening-first",
            "The opening stands in front of the token.",
            &[Flag::Trailing],
        )
        .presentation(move |presentation| *presentation = join(&[&opening(), presentation]))
        .refused(NotAStatusToken),
    );
    cases.push(
        Case::new(
            "encoding/sequence/text-for-bytes",
            "The bytes are those of the `KV1:` text.",
            &[Flag::Trailing],
        )
        .presentation(|presentation| *presentation = kv1(presentation).into_bytes())
        .refused(Malformed),
    );
    cases.push(
        Case::new(
            "encoding/sequence/base64url-for-bytes",
            "The bytes are those of the base64url text.",
            &[Flag::Trailing],
        )
        .presentation(|presentation| *presentation = base64url(presentation).into_bytes())
        .refused(Malformed),
    );
    cases.push(
        Case::new(
            "encoding/sequence/byte-in-front",
            "A byte stands in front of the token.",
            &[Flag::Trailing],
        )
        .presentation(|presentation| presentation.insert(0, 0))
        .refused(NotAStatusToken),
    );
    cases
}
