//! Whether the token is bound to the person who is expected.

use kycvs::ErrorCode::WrongSubject;

use crate::case::Case;
use crate::model::{Flag, VerifyCase};
use crate::raw::bytes;
use crate::token::{commitment, opening};

const NAME: &str = "a p j abdul kalam";
const MOBILE: &str = "+919876543210";

pub(super) fn valid() -> Vec<VerifyCase> {
    let named = |name: &str, comment: &str, normal: &str, given: &str| {
        case(name, comment).bound_to(normal, None).person(given, None).accepted()
    };
    let called = |name: &str, comment: &str, mobile: &str| {
        case(name, comment).bound_to(NAME, Some(MOBILE)).person("A.P.J. Abdul Kalam", Some(mobile)).accepted()
    };
    vec![
        named("name", "The name is the one that the token is bound to.", NAME, "A.P.J. Abdul Kalam"),
        named("name-normalised", "The name is given in its normal form.", NAME, NAME),
        named(
            "name-in-capitals",
            "The name is given in capitals, with other spaces and marks.",
            NAME,
            "  A. P. J.  ABDUL-KALAM ",
        ),
        named("name-devanagari", "A name in Devanagari.", "ऐश्वर्या राय", "ऐश्वर्या राय"),
        named(
            "name-devanagari-nukta",
            "A nukta letter as one code point; the token was bound to two.",
            "ख\u{93c}ान",
            "\u{959}ान",
        ),
        named("name-tamil", "A name in Tamil, with initials.", "ஏ பி ஜெ கலாம்", "ஏ.பி.ஜெ. கலாம்"),
        named(
            "name-bengali",
            "A name in Bengali, with the vowel sign in two parts.",
            "সত\u{9cb}ষ",
            "সত\u{9c7}\u{9be}ষ",
        ),
        named(
            "name-accents",
            "A name with accents as combining marks.",
            "josé álvarez",
            "Jose\u{301} A\u{301}lvarez",
        ),
        named("name-sharp-s", "A sharp s.", "gross", "GROẞ"),
        called("name-and-mobile", "Name and number.", "+919876543210"),
        called("mobile-of-ten-digits", "The number is given with its ten digits alone.", "98765 43210"),
        called("mobile-with-zero", "The number is given with a zero in front.", "098765-43210"),
        called("mobile-devanagari", "The number is given in Devanagari digits.", "९८७६५४३२१०"),
        called("mobile-tamil", "The number is given in Tamil digits, with +91.", "+௯௧ ௯௮௭௬௫ ௪௩௨௧௦"),
        case("not-expected", "The token is bound to a person, and nobody is expected: nothing is checked.")
            .bound_to(NAME, Some(MOBILE))
            .accepted(),
        case("not-expected-without-opening", "The same, and the holder has taken the opening away.")
            .bound_to(NAME, Some(MOBILE))
            .without_opening()
            .accepted(),
        case("not-expected-wrong-opening", "The same with an opening that is not the commitment's.")
            .bound_to(NAME, None)
            .behind(bytes(&opening("another case")))
            .accepted(),
        case(
            "opening-without-commitment",
            "An opening beside a token that is bound to nobody means nothing.",
        )
        .behind(bytes(&opening("subject/opening-without-commitment")))
        .accepted(),
        open_pass("open-pass", "An open pass that is bound to a person, as printed on paper.").accepted(),
    ]
}

pub(super) fn invalid() -> Vec<VerifyCase> {
    let named = |name: &str, comment: &str, given: &str| {
        case(name, comment).bound_to(NAME, None).person(given, None).refused(WrongSubject)
    };
    let called = |name: &str, comment: &str, mobile: Option<&str>| {
        case(name, comment)
            .bound_to(NAME, Some(MOBILE))
            .person("A.P.J. Abdul Kalam", mobile)
            .refused(WrongSubject)
    };
    let expected = |case: Case| case.person("A.P.J. Abdul Kalam", None);
    vec![
        named("other-name", "Another name.", "Somebody Else"),
        named("order-of-the-parts", "The parts of the name in another order.", "Kalam A.P.J. Abdul"),
        named("without-initials", "The name without its initials.", "Abdul Kalam"),
        named("initials-together", "The initials without anything between them.", "APJ Abdul Kalam"),
        named("one-letter-off", "One letter is another.", "A.P.J. Abdul Kalan"),
        named("look-alike", "One letter is a Cyrillic `а`.", "A.P.J. Abdul K\u{430}lam"),
        named("accent", "One letter has an accent.", "A.P.J. Abdul Kalám"),
        named("another-script", "The name in Tamil.", "ஏ.பி.ஜெ. அப்துல் கலாம்"),
        called("other-number", "Another number.", Some("+919876543211")),
        called("other-country", "The same ten digits in another country.", Some("+19876543210")),
        called("number-not-given", "The token is bound to a number, and none is expected.", None),
        case("number-not-bound", "The token is bound to the name alone, and a number is expected.")
            .bound_to(NAME, None)
            .person("A.P.J. Abdul Kalam", Some(MOBILE))
            .refused(WrongSubject),
        expected(case("no-commitment", "A person is expected, and the token is bound to nobody."))
            .refused(WrongSubject),
        expected(case(
            "no-commitment-but-opening",
            "A person is expected; there is an opening, but no commitment.",
        ))
        .behind(bytes(&opening("subject/no-commitment-but-opening")))
        .refused(WrongSubject),
        expected(
            case("no-opening", "A person is expected, and the opening is missing.").bound_to(NAME, None),
        )
        .without_opening()
        .refused(WrongSubject),
        expected(case("wrong-opening", "The opening is that of another token.").bound_to(NAME, None))
            .behind(bytes(&opening("another case")))
            .refused(WrongSubject),
        expected(case("opening-one-bit-off", "The last bit of the opening is changed.").bound_to(NAME, None))
            .presentation(|presentation| *presentation.last_mut().expect("it has bytes") ^= 1)
            .refused(WrongSubject),
        expected(
            case("commitment-one-bit-off", "The last bit of the commitment is another.").bound_to(NAME, None),
        )
        .answer(|answer| *answer.entries[1].1.last_mut().expect("it has bytes") ^= 1)
        .refused(WrongSubject),
        expected(
            case("name-not-normalised", "The issuer did not normalise the name.")
                .bound_to("A.P.J. Abdul Kalam", None),
        )
        .refused(WrongSubject),
        case("number-not-normalised", "The issuer did not normalise the number.")
            .bound_to(NAME, Some("9876543210"))
            .person("A.P.J. Abdul Kalam", Some("9876543210"))
            .refused(WrongSubject),
        case("number-empty-for-none", "The issuer wrote an empty text for no number.")
            .bound_to(NAME, Some(""))
            .person("A.P.J. Abdul Kalam", None)
            .refused(WrongSubject),
        expected(case(
            "plain-hash-of-the-name",
            "The commitment is a hash of another form: SHA-256 of opening and name.",
        ))
        .facts(|facts| {
            use sha2::{Digest, Sha256};
            let opening = opening("subject/plain-hash-of-the-name");
            facts.commitment = Some(Sha256::new().chain_update(opening).chain_update(NAME).finalize().into());
        })
        .behind(bytes(&opening("subject/plain-hash-of-the-name")))
        .refused(WrongSubject),
        expected(case(
            "opening-of-zeroes",
            "The commitment was made with an opening of zeroes, and another comes with it.",
        ))
        .facts(|facts| facts.commitment = Some(commitment(&[0; 16], NAME, None)))
        .behind(bytes(&opening("subject/opening-of-zeroes")))
        .refused(WrongSubject),
        open_pass("open-pass-of-somebody-else", "An open pass, shown by somebody else.")
            .person("Somebody Else", None)
            .refused(WrongSubject),
    ]
}

fn case(name: &str, comment: &str) -> Case {
    Case::new(format!("subject/{name}"), comment, &[Flag::Subject])
}

fn open_pass(name: &str, comment: &str) -> Case {
    case(name, comment)
        .facts(|facts| {
            facts.audience = None;
            facts.nonce = None;
        })
        .policy(|policy| {
            policy.audience = None;
            policy.open = true;
        })
        .expectation(|expectation| expectation.nonce = None)
        .bound_to(NAME, None)
        .person("A.P.J. Abdul Kalam", None)
}
