//! Every rule of section 5 of SPEC.md, in each of the three layers: one item of CBOR stands where an unknown label's value
//! would, so that a malformed one is `malformed`, one that is not canonical `not_canonical`, and any other
//! `not_a_status_token`.

use kycvs::ErrorCode::{self, Malformed, NotAStatusToken, NotCanonical};

use crate::case::Case;
use crate::model::{Flag, VerifyCase};
use crate::raw::{
    ARRAY, BYTES, MAP, TAG, TEXT, Width, head, hx, indefinite, join, long_head, long_string, tag, uint,
};

/// A label that no layer of a token has.
const UNKNOWN: i64 = 99;

pub(super) fn cases() -> Vec<VerifyCase> {
    let layers: [(&str, &str, usize, Place); 3] = [
        ("envelope", "the unprotected header", 4, in_unprotected),
        ("protected", "the protected header", 2, in_protected),
        ("payload", "the claims", 2, in_payload),
    ];
    let mut cases = Vec::new();
    for (layer, place, depth, put) in layers {
        for item in items().into_iter().chain(nested(depth)) {
            let id = format!("encoding/{layer}/item-{}", item.name);
            let comment = format!("The label 99 in {place} has as its value: {}.", item.about);
            cases.push(put(Case::new(id, comment, &[item.flag]), item.bytes).refused(item.code));
        }
    }
    cases
}

type Place = fn(Case, Vec<u8>) -> Case;

fn in_unprotected(case: Case, item: Vec<u8>) -> Case {
    case.envelope(move |envelope| {
        envelope.items[1] = join(&[&head(MAP, 1), &uint(UNKNOWN.cast_unsigned()), &item]);
    })
}

fn in_protected(case: Case, item: Vec<u8>) -> Case {
    case.header(|header| header.set(UNKNOWN, item))
}

fn in_payload(case: Case, item: Vec<u8>) -> Case {
    case.claims(|claims| claims.set(UNKNOWN, item))
}

struct Item {
    name: String,
    about: String,
    flag: Flag,
    bytes: Vec<u8>,
    code: ErrorCode,
}

fn item(name: &str, about: &str, flag: Flag, digits: &str, code: ErrorCode) -> Item {
    Item { name: name.into(), about: about.into(), flag, bytes: hx(digits), code }
}

fn items() -> Vec<Item> {
    let mut items = long_forms();
    items
        .extend(FIXED.iter().map(|&(name, about, flag, digits, code)| item(name, about, flag, digits, code)));
    items
}

/// Arguments in every width that is longer than they need, and the smallest that needs it.
fn long_forms() -> Vec<Item> {
    let mut items = Vec::new();
    let greatest_below =
        [(Width::One, 23), (Width::Two, 0xff), (Width::Four, 0xffff), (Width::Eight, 0xffff_ffff)];
    for (width, value) in greatest_below {
        let (name, words) = (width.name(), width.words());
        for (major, article, kind) in [(0, "an", "unsigned"), (1, "a", "negative")] {
            items.push(Item {
                name: format!("{kind}-integer-long-{name}"),
                about: format!(
                    "the argument {value} of {article} {kind} integer in {words}, though fewer hold it"
                ),
                flag: Flag::LongForm,
                bytes: long_head(major, width, value),
                code: NotCanonical,
            });
            items.push(Item {
                name: format!("{kind}-integer-right-{name}"),
                about: format!(
                    "the argument {} of {article} {kind} integer in {words}, which it needs",
                    value + 1
                ),
                flag: Flag::LongForm,
                bytes: long_head(major, width, value + 1),
                code: NotAStatusToken,
            });
        }
        for (major, kind, content) in [
            (BYTES, "byte-string", vec![0]),
            (TEXT, "text-string", b"a".to_vec()),
            (ARRAY, "array", vec![0]),
            (MAP, "map", vec![0, 0]),
            (TAG, "tag", vec![0]),
        ] {
            items.push(Item {
                name: format!("{kind}-long-{name}"),
                about: format!(
                    "a {} whose length, count or number 1 stands in {words}",
                    kind.replace('-', " ")
                ),
                flag: Flag::LongForm,
                bytes: join(&[&long_head(major, width, 1), &content]),
                code: NotCanonical,
            });
        }
    }
    for (major, kind) in [(BYTES, "byte-string"), (TEXT, "text-string")] {
        items.push(Item {
            name: format!("{kind}-23-long-one"),
            about: format!("a {} of 23 whose length stands in a byte of its own", kind.replace('-', " ")),
            flag: Flag::LongForm,
            bytes: long_string(major, Width::One, &[b'a'; 23]),
            code: NotCanonical,
        });
    }
    items
}

type Fixed = (&'static str, &'static str, Flag, &'static str, ErrorCode);

#[rustfmt::skip]
const FIXED: &[Fixed] = &[
    ("negative-integer-least", "the least integer, -2^64", Flag::LongForm, "3bffffffffffffffff", NotAStatusToken),
    ("reserved-unsigned-28", "additional information 28", Flag::WellFormed, "1c", Malformed),
    ("reserved-negative-29", "additional information 29", Flag::WellFormed, "3d", Malformed),
    ("reserved-bytes-30", "additional information 30", Flag::WellFormed, "5e", Malformed),
    ("reserved-text-28", "additional information 28", Flag::WellFormed, "7c", Malformed),
    ("reserved-array-29", "additional information 29", Flag::WellFormed, "9d", Malformed),
    ("reserved-map-30", "additional information 30", Flag::WellFormed, "be", Malformed),
    ("reserved-tag-28", "additional information 28", Flag::WellFormed, "dc00", Malformed),
    ("reserved-simple-29", "additional information 29", Flag::WellFormed, "fd", Malformed),
    ("indefinite-unsigned", "an integer with additional information 31", Flag::WellFormed, "1f", Malformed),
    ("indefinite-negative", "a negative integer with additional information 31", Flag::WellFormed, "3f", Malformed),
    ("indefinite-tag", "a tag with additional information 31", Flag::WellFormed, "df00", Malformed),
    ("break-alone", "a break where an item should be", Flag::WellFormed, "ff", Malformed),
    ("break-in-array", "a break in an array of definite length", Flag::WellFormed, "8200ff", Malformed),
    ("break-as-value", "a break where a value should be, in an indefinite map", Flag::WellFormed, "bf00ff", Malformed),
    ("break-in-map", "a break as a key of a map of definite length", Flag::WellFormed, "a1ff00", Malformed),
    ("break-in-tag", "a break as the content of a tag", Flag::WellFormed, "c1ff", Malformed),
    ("indefinite-bytes-empty", "an indefinite byte string without a chunk", Flag::Indefinite, "5fff", NotCanonical),
    ("indefinite-bytes", "an indefinite byte string of two chunks", Flag::Indefinite, "5f41004101ff", NotCanonical),
    ("indefinite-text-empty", "an indefinite text string without a chunk", Flag::Indefinite, "7fff", NotCanonical),
    ("indefinite-text", "an indefinite text string of two chunks", Flag::Indefinite, "7f61616162ff", NotCanonical),
    ("indefinite-array-empty", "an empty array of indefinite length", Flag::Indefinite, "9fff", NotCanonical),
    ("indefinite-array", "an array of indefinite length", Flag::Indefinite, "9f0001ff", NotCanonical),
    ("indefinite-map-empty", "an empty map of indefinite length", Flag::Indefinite, "bfff", NotCanonical),
    ("indefinite-map", "a map of indefinite length", Flag::Indefinite, "bf0001ff", NotCanonical),
    ("indefinite-in-array", "an indefinite array in a definite one", Flag::Indefinite, "819fff", NotCanonical),
    ("chunk-text-in-bytes", "a text chunk in a byte string", Flag::WellFormed, "5f6161ff", Malformed),
    ("chunk-bytes-in-text", "a byte chunk in a text string", Flag::WellFormed, "7f4161ff", Malformed),
    ("chunk-integer", "an integer as a chunk", Flag::WellFormed, "5f00ff", Malformed),
    ("chunk-indefinite-bytes", "an indefinite string as a chunk", Flag::WellFormed, "5f5f4100ffff", Malformed),
    ("chunk-indefinite-text", "an indefinite string as a chunk", Flag::WellFormed, "7f7f6161ffff", Malformed),
    ("chunk-tagged", "a tagged string as a chunk", Flag::WellFormed, "5fc24100ff", Malformed),
    ("chunk-splits-a-character", "a text whose chunks cut a character in two", Flag::Utf8, "7f61c361a9ff", Malformed),
    ("utf8-ff", "text with the byte ff", Flag::Utf8, "61ff", Malformed),
    ("utf8-lone-continuation", "text with a continuation byte alone", Flag::Utf8, "6180", Malformed),
    ("utf8-wrong-continuation", "text with a wrong continuation byte", Flag::Utf8, "62c328", Malformed),
    ("utf8-overlong-two", "`/` in two bytes", Flag::Utf8, "62c0af", Malformed),
    ("utf8-overlong-three", "`/` in three bytes", Flag::Utf8, "63e080af", Malformed),
    ("utf8-overlong-four", "U+FFFF in four bytes", Flag::Utf8, "64f08fbfbf", Malformed),
    ("utf8-overlong-nul", "NUL in two bytes, as Java writes it", Flag::Utf8, "62c080", Malformed),
    ("utf8-surrogate", "the surrogate U+D800", Flag::Utf8, "63eda080", Malformed),
    ("utf8-surrogate-pair", "a pair of surrogates (CESU-8)", Flag::Utf8, "66eda0bdedb880", Malformed),
    ("utf8-above-10ffff", "U+110000", Flag::Utf8, "64f4908080", Malformed),
    ("utf8-five-bytes", "a form of five bytes", Flag::Utf8, "65f888808080", Malformed),
    ("utf8-cut-short", "two of the three bytes of a character", Flag::Utf8, "62e282", Malformed),
    ("utf8-in-a-key", "text that is not UTF-8 as the key of a map", Flag::Utf8, "a161ff00", Malformed),
    ("utf8-nul", "text that is a NUL", Flag::Utf8, "6100", NotAStatusToken),
    ("utf8-noncharacter", "the noncharacter U+FFFF, which is text", Flag::Utf8, "63efbfbf", NotAStatusToken),
    ("utf8-10ffff", "the last code point", Flag::Utf8, "64f48fbfbf", NotAStatusToken),
    ("utf8-not-nfc", "an accent as a combining mark: not a matter of the encoding", Flag::Utf8, "6365cc81", NotAStatusToken),
    ("bytes-that-are-no-cbor", "a byte string whose content is no CBOR: it is not looked at", Flag::WellFormed, "42ffff", NotAStatusToken),
    ("keys-descending", "a map with the keys 2 and 1", Flag::KeyOrder, "a202000100", NotCanonical),
    ("keys-equal", "a map with the key 1 twice", Flag::Duplicate, "a201000100", NotCanonical),
    ("keys-equal-and-values", "a map with the same entry twice, as text", Flag::Duplicate, "a2616100616100", NotCanonical),
    ("keys-equal-apart", "a map with the keys 1, 2 and 1", Flag::Duplicate, "a3010002000100", NotCanonical),
    ("keys-text-first", "a text key in front of an integer key", Flag::KeyOrder, "a26161000000", NotCanonical),
    ("keys-negative-first", "the key -1 in front of 1", Flag::KeyOrder, "a220000100", NotCanonical),
    ("keys-by-length-first", "the keys -1 and 24 in the older order that sorts by length", Flag::KeyOrder, "a22000181800", NotCanonical),
    ("keys-by-byte", "the keys 24 and -1 in the order of their bytes", Flag::KeyOrder, "a21818002000", NotAStatusToken),
    ("keys-text-by-length", "the keys `b` and `aa`: the head is compared first", Flag::KeyOrder, "a261620062616100", NotAStatusToken),
    ("keys-text-by-alphabet", "the keys `aa` and `b` by alphabet", Flag::KeyOrder, "a262616100616200", NotCanonical),
    ("keys-of-every-kind", "keys of every kind, sorted", Flag::KeyOrder, "a7000020004100006100008000a000f400", NotAStatusToken),
    ("keys-in-a-key", "a map that is a key, itself not sorted", Flag::KeyOrder, "a1a20200010000", NotCanonical),
    ("key-long-form", "a key in a longer form than it needs", Flag::LongForm, "a1180100", NotCanonical),
    ("tag-bignum", "the bignum 1 (tag 2)", Flag::Shape, "c24101", NotAStatusToken),
    ("tag-bignum-large", "the bignum 2^64 (tag 2)", Flag::Shape, "c249010000000000000000", NotAStatusToken),
    ("tag-bignum-leading-zero", "a bignum with a leading zero: what a tag means is not looked at", Flag::Shape, "c2420001", NotAStatusToken),
    ("tag-epoch", "a time (tag 1)", Flag::Shape, "c11a6ab13b80", NotAStatusToken),
    ("tag-largest", "the tag 2^64-1", Flag::Shape, "dbffffffffffffffff00", NotAStatusToken),
    ("tag-with-long-content", "a tag around an integer in a longer form", Flag::LongForm, "c11801", NotCanonical),
    ("false", "false", Flag::SimpleValue, "f4", NotAStatusToken),
    ("true", "true", Flag::SimpleValue, "f5", NotAStatusToken),
    ("null", "null", Flag::SimpleValue, "f6", NotAStatusToken),
    ("undefined", "undefined", Flag::SimpleValue, "f7", NotAStatusToken),
    ("simple-0", "the simple value 0", Flag::SimpleValue, "e0", NotAStatusToken),
    ("simple-19", "the simple value 19", Flag::SimpleValue, "f3", NotAStatusToken),
    ("simple-32", "the simple value 32", Flag::SimpleValue, "f820", NotAStatusToken),
    ("simple-255", "the simple value 255", Flag::SimpleValue, "f8ff", NotAStatusToken),
    ("simple-0-in-two-bytes", "the simple value 0 in two bytes", Flag::SimpleValue, "f800", Malformed),
    ("simple-false-in-two-bytes", "the simple value 20 in two bytes", Flag::SimpleValue, "f814", Malformed),
    ("simple-24-in-two-bytes", "the simple value 24 in two bytes", Flag::SimpleValue, "f818", Malformed),
    ("simple-31-in-two-bytes", "the simple value 31 in two bytes", Flag::SimpleValue, "f81f", Malformed),
    ("float-zero", "0.0", Flag::Float, "f90000", NotAStatusToken),
    ("float-negative-zero", "-0.0", Flag::Float, "f98000", NotAStatusToken),
    ("float-negative-zero-in-four", "-0.0 in four bytes", Flag::Float, "fa80000000", NotCanonical),
    ("float-one", "1.0", Flag::Float, "f93c00", NotAStatusToken),
    ("float-one-in-four", "1.0 in four bytes", Flag::Float, "fa3f800000", NotCanonical),
    ("float-one-in-eight", "1.0 in eight bytes", Flag::Float, "fb3ff0000000000000", NotCanonical),
    ("float-100000", "100000.0, which needs four bytes", Flag::Float, "fa47c35000", NotAStatusToken),
    ("float-100000-in-eight", "100000.0 in eight bytes", Flag::Float, "fb40f86a0000000000", NotCanonical),
    ("float-1.1", "1.1, which needs eight bytes", Flag::Float, "fb3ff199999999999a", NotAStatusToken),
    ("float-65504-in-four", "the largest number of two bytes, in four", Flag::Float, "fa477fe000", NotCanonical),
    ("float-65536-in-four", "65536.0: two bytes do not hold it", Flag::Float, "fa47800000", NotAStatusToken),
    ("float-least-of-two", "the least positive number of two bytes", Flag::Float, "f90001", NotAStatusToken),
    ("float-least-of-two-in-four", "2^-24, a subnormal of two bytes, in four", Flag::Float, "fa33800000", NotCanonical),
    ("float-2^-25", "2^-25: no number of two bytes", Flag::Float, "fa33000000", NotAStatusToken),
    ("float-subnormal-needs-more", "2^-24 and a half of it: two bytes do not hold it", Flag::Float, "fa33c00000", NotAStatusToken),
    ("float-least-of-four-in-eight", "2^-149, a subnormal of four bytes, in eight", Flag::Float, "fb36a0000000000000", NotCanonical),
    ("float-2^-150", "2^-150: no number of four bytes", Flag::Float, "fb3690000000000000", NotAStatusToken),
    ("float-greatest-of-four-in-eight", "the largest number of four bytes, in eight", Flag::Float, "fb47efffffe0000000", NotCanonical),
    ("float-greatest", "the largest number of eight bytes", Flag::Float, "fb7fefffffffffffff", NotAStatusToken),
    ("float-infinity", "infinity", Flag::Float, "f97c00", NotAStatusToken),
    ("float-infinity-in-four", "infinity in four bytes", Flag::Float, "fa7f800000", NotCanonical),
    ("float-infinity-in-eight", "infinity in eight bytes", Flag::Float, "fb7ff0000000000000", NotCanonical),
    ("float-negative-infinity", "minus infinity", Flag::Float, "f9fc00", NotAStatusToken),
    ("float-negative-infinity-in-four", "minus infinity in four bytes", Flag::Float, "faff800000", NotCanonical),
    ("nan", "the one NaN that is canonical", Flag::Float, "f97e00", NotAStatusToken),
    ("nan-payload", "a NaN with a payload", Flag::Float, "f97e01", NotCanonical),
    ("nan-signalling", "a signalling NaN", Flag::Float, "f97c01", NotCanonical),
    ("nan-negative", "a NaN with its sign set", Flag::Float, "f9fe00", NotCanonical),
    ("nan-in-four", "NaN in four bytes", Flag::Float, "fa7fc00000", NotCanonical),
    ("nan-in-eight", "NaN in eight bytes", Flag::Float, "fb7ff8000000000000", NotCanonical),
    ("nan-payload-in-four", "a NaN of four bytes with a payload that two do not hold", Flag::Float, "fa7fc00001", NotCanonical),
    ("nan-payload-in-eight", "a NaN of eight bytes with a payload that four do not hold", Flag::Float, "fb7ff8000000000001", NotCanonical),
    ("length-2^64-1", "a byte string that says that it has 2^64-1 bytes", Flag::Length, "5bffffffffffffffff", Malformed),
    ("text-length-2^63", "a text string that says that it has 2^63 bytes", Flag::Length, "7b8000000000000000", Malformed),
    ("array-count-2^64-1", "an array that says that it has 2^64-1 items", Flag::Length, "9bffffffffffffffff", Malformed),
    ("array-count-2^32", "an array that says that it has 2^32 items", Flag::Length, "9b0000000100000000", Malformed),
    ("map-count-2^64-1", "a map that says that it has 2^64-1 entries", Flag::Length, "bbffffffffffffffff", Malformed),
    ("map-count-2^63", "a map that says that it has 2^63 entries, whose items are 0 in 64 bits", Flag::Length, "bb8000000000000000", Malformed),
];

/// Nested to the last depth that is allowed and to the next; `depth` is where the outermost stands.
fn nested(depth: usize) -> Vec<Item> {
    let ways: [(&str, &str, Nest); 6] = [
        ("arrays", "arrays", |inner| join(&[&head(ARRAY, 1), inner])),
        ("values", "maps, each the value in another", |inner| join(&[&head(MAP, 1), &[0], inner])),
        ("keys", "maps, each the key of another", |inner| join(&[&head(MAP, 1), inner, &[0]])),
        ("tags", "tags", |inner| tag(1, inner)),
        ("indefinite-arrays", "arrays of indefinite length", |inner| indefinite(ARRAY, &[inner])),
        ("indefinite-maps", "maps of indefinite length", |inner| indefinite(MAP, &[&[0], inner])),
    ];
    let mut items = Vec::new();
    for (name, about, nest) in ways {
        let good = if name.starts_with("indefinite") { NotCanonical } else { NotAStatusToken };
        for (deepest, code) in [(8, good), (9, Malformed)] {
            let bytes = (depth..deepest).fold(vec![0], |inner, _| nest(&inner));
            let name = format!("depth-{deepest}-{name}");
            let about = format!("{about}, the innermost integer at depth {deepest} of the layer");
            items.push(Item { name, about, flag: Flag::Depth, bytes, code });
        }
    }
    // Chunks are no items of their own, so that those of a string at depth 8 are not deeper.
    let string = (depth..8).fold(hx("5f4100ff"), |inner, _| join(&[&head(ARRAY, 1), &inner]));
    items.push(Item {
        name: "depth-8-chunks".into(),
        about: "an indefinite string at depth 8, whose chunks do not count as deeper".into(),
        flag: Flag::Depth,
        bytes: string,
        code: NotCanonical,
    });
    items
}

type Nest = fn(&[u8]) -> Vec<u8>;
