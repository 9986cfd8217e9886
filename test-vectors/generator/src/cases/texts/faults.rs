//! Texts that do not decode: one character, or the form of the text, is wrong.

use kycvs::ErrorCode::{BadText, Malformed};

use super::{presentation, refused, with_rest};
use crate::forms::{base64, base64url, kv1};
use crate::model::TextCase;

pub(super) fn cases() -> Vec<TextCase> {
    let mut cases = base45();
    cases.extend(base64_and_base64url());
    cases
}

fn base45() -> Vec<TextCase> {
    let token = presentation("base45");
    let text = kv1(&token);
    let with = |at: usize, character: &str| {
        let mut text = text.clone();
        text.replace_range(at..=at, character);
        text
    };
    vec![
        refused("kv1-lower-case", "The whole text in lower case.", text.to_lowercase(), BadText),
        refused(
            "kv1-lower-case-prefix",
            "The prefix in lower case.",
            text.replacen("KV1:", "kv1:", 1),
            BadText,
        ),
        refused("kv1-mixed-prefix", "The prefix in mixed case.", text.replacen("KV1:", "Kv1:", 1), BadText),
        refused("kv1-lower-case-digit", "One lower case letter.", with(9, "a"), BadText),
        refused("kv2", "Another version.", text.replacen("KV1:", "KV2:", 1), BadText),
        refused("hc1", "The prefix of a European certificate.", text.replacen("KV1:", "HC1:", 1), BadText),
        refused(
            "kv1-without-colon",
            "The prefix without its colon.",
            text.replacen("KV1:", "KV1", 1),
            BadText,
        ),
        refused(
            "kv1-twice",
            "The prefix twice: its second half reads as Base45.",
            text.replacen("KV1:", "KV1:KV1:", 1),
            BadText,
        ),
        refused("base45-without-prefix", "Base45 without its prefix.", text.replacen("KV1:", "", 1), BadText),
        refused(
            "kv1-line-feed-inside",
            "A line feed inside.",
            text[..60].to_owned() + "\n" + &text[60..],
            BadText,
        ),
        refused("kv1-tab-inside", "A tab inside.", text[..60].to_owned() + "\t" + &text[60..], BadText),
        refused(
            "kv1-space-behind-prefix",
            "A space behind the prefix is a digit: what comes out is another thing.",
            text.replacen("KV1:", "KV1:  ", 1),
            BadText,
        ),
        refused("kv1-not-in-the-alphabet", "A `#`.", with(9, "#"), BadText),
        refused("kv1-underscore", "An underscore.", with(9, "_"), BadText),
        refused("kv1-not-ascii", "A full-width digit.", with(9, "\u{ff10}"), BadText),
        refused("kv1-nul", "A NUL.", with(9, "\u{0}"), BadText),
        refused("kv1-one-character-left", "One character left over.", "KV1:BB8B", BadText),
        refused("kv1-one-character", "One character.", "KV1:0", BadText),
        refused(
            "kv1-group-65536",
            "Three characters that stand for 65,536.",
            format!("KV1:{}", group(65_536)),
            BadText,
        ),
        refused("kv1-group-91124", "Three characters that stand for 91,124, the most.", "KV1::::", BadText),
        refused(
            "kv1-pair-256",
            "Two characters at the end that stand for 256.",
            format!("KV1:{}", &group(256)[..2]),
            BadText,
        ),
        refused("kv1-pair-2024", "Two characters that stand for 2,024, the most.", "KV1:::", BadText),
        refused(
            "kv1-pair-256-behind",
            "Two characters that stand for 256, behind a token.",
            kv1(&with_rest(0)) + &group(256)[..2],
            BadText,
        ),
        refused(
            "kv1-percent-encoded",
            "The colon percent-encoded, as a browser does it.",
            text.replacen(':', "%3A", 1),
            BadText,
        ),
        refused("kv1-byte-order-mark", "A byte order mark in front.", format!("\u{feff}{text}"), BadText),
        refused(
            "kv1-no-break-space",
            "A no-break space in front is not dropped.",
            format!("\u{a0}{text}"),
            BadText,
        ),
        refused("kv1-vertical-tab", "A vertical tab behind is not dropped.", format!("{text}\u{b}"), BadText),
        refused("kv1-form-feed", "A form feed behind is not dropped.", format!("{text}\u{c}"), BadText),
        refused(
            "kv1-line-separator",
            "A line separator (U+2028) behind is not dropped.",
            format!("{text}\u{2028}"),
            BadText,
        ),
        refused(
            "kv1-next-line",
            "A next line (U+0085) behind is not dropped.",
            format!("{text}\u{85}"),
            BadText,
        ),
        refused("kv1-quoted", "Quotation marks around.", format!("\"{text}\""), BadText),
        refused("kv1-padded", "An equals sign behind.", format!("{text}="), BadText),
        refused(
            "kv1-base64url",
            "Base64url behind the prefix.",
            format!("KV1:{}", base64url(&token)),
            BadText,
        ),
        refused(
            "kv1-hexadecimal",
            "Hexadecimal digits in capitals, which read as Base45 of something else.",
            format!("KV1:{}", hex::encode_upper(with_rest(0))),
            Malformed,
        ),
        refused("two-texts", "Two texts, one a line.", format!("{text}\n{text}"), BadText),
    ]
}

fn base64_and_base64url() -> Vec<TextCase> {
    // 205 bytes or so: of each rest one, to have each kind of end.
    let one_left = with_rest(1);
    let two_left = with_rest(2);
    let none_left = with_rest(0);
    let text = base64url(&none_left);
    let last_changed = |token: &[u8], add: u8| {
        let mut text = base64url(token);
        let last = text.pop().expect("it has characters");
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let value = alphabet.find(last).expect("base64url") + usize::from(add);
        text.push(char::from(alphabet.as_bytes()[value]));
        text
    };
    let special = |wanted: [char; 2]| {
        // A token whose base64 has both characters that the two alphabets do not share.
        (0..u64::MAX)
            .map(|at| presentation(&format!("standard-alphabet-{at}")))
            .find(|token| base64(token).contains(wanted[0]) && base64(token).contains(wanted[1]))
            .expect("one of many has both")
    };
    vec![
        refused("base64url-padded-one", "One `=` behind.", base64url(&two_left) + "=", BadText),
        refused("base64url-padded-two", "Two `=` behind.", base64url(&one_left) + "==", BadText),
        refused(
            "base64url-padded-needlessly",
            "Four `=` behind a text that needs none.",
            text.clone() + "====",
            BadText,
        ),
        refused(
            "base64url-spare-bits-of-four",
            "The last character of a pair has a spare bit set.",
            last_changed(&one_left, 1),
            BadText,
        ),
        refused(
            "base64url-spare-bits-of-four-high",
            "The last character of a pair has its highest spare bit set.",
            last_changed(&one_left, 8),
            BadText,
        ),
        refused(
            "base64url-spare-bits-of-two",
            "The last character of three has a spare bit set.",
            last_changed(&two_left, 1),
            BadText,
        ),
        refused(
            "base64-standard-alphabet",
            "The alphabet with `+` and `/`, unpadded.",
            base64(&special(['+', '/'])).replace('=', ""),
            BadText,
        ),
        refused("base64url-one-left", "One character too many.", text.clone() + "A", BadText),
        refused(
            "base64url-space-inside",
            "A space inside.",
            text[..40].to_owned() + " " + &text[40..],
            BadText,
        ),
        refused(
            "base64url-line-feed-inside",
            "A line feed after 76 characters, as mail has it.",
            text[..76].to_owned() + "\n" + &text[76..],
            BadText,
        ),
        refused(
            "base64url-byte-order-mark",
            "A byte order mark in front.",
            format!("\u{feff}{text}"),
            BadText,
        ),
        refused("base64url-nul", "A NUL behind.", format!("{text}\u{0}"), BadText),
        refused("base64url-full-width", "A full-width letter.", format!("\u{ff21}{}", &text[1..]), BadText),
        refused(
            "base64url-cut-by-three",
            "The last three characters are missing, and one is left over.",
            text[..text.len() - 3].to_owned(),
            BadText,
        ),
        refused("uri", "A URI around the text.", format!("kycvs:{text}"), BadText),
        refused(
            "base64url-cut-by-four",
            "The last three bytes are missing.",
            text[..text.len() - 4].to_owned(),
            Malformed,
        ),
        refused("empty", "Nothing.", "", BadText),
        refused("white-space-alone", "White space alone.", " \t\r\n", BadText),
        refused("letter", "One letter.", "A", BadText),
        refused("sentence", "A sentence.", "this is not a token", BadText),
        refused(
            "hexadecimal",
            "The token in hexadecimal digits, which read as base64url of something else.",
            hex::encode(&none_left),
            Malformed,
        ),
    ]
}

/// Three characters that stand for a number.
fn group(value: usize) -> String {
    let alphabet = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    [value % 45, value / 45 % 45, value / 2025].iter().map(|&digit| char::from(alphabet[digit])).collect()
}
