//! Mobile numbers and their normal forms (SPEC.md section 7.2), for one and the same name.

use kycvs::ErrorCode::InvalidClaim;

use crate::model::{Expected, Flag, Normalised, SubjectCase};
use crate::token::{commitment, opening};

const NAME: &str = "A.P.J. Abdul Kalam";
const NORMAL_NAME: &str = "a p j abdul kalam";
/// What most of the numbers are.
const NUMBER: &str = "+919876543210";

pub(super) fn cases() -> Vec<SubjectCase> {
    let mut cases: Vec<_> =
        GOOD.iter().map(|&(id, comment, mobile, normal)| good(id, comment, mobile, normal)).collect();
    cases.extend(
        BAD.iter().map(|&(id, comment, mobile)| case(id, comment, mobile, Expected::refused(InvalidClaim))),
    );
    cases.extend([
        good("256-bytes-given", "A number and 246 spaces.", &(" ".repeat(246) + "9876543210"), NUMBER),
        case(
            "257-bytes-given",
            "A number and 247 spaces.",
            &(" ".repeat(247) + "9876543210"),
            Expected::refused(InvalidClaim),
        ),
        case("257-bytes-of-digits", "257 digits.", &"9".repeat(257), Expected::refused(InvalidClaim)),
        good(
            "255-bytes-given-of-three",
            "75 ideographic spaces of three bytes, and Devanagari digits of three.",
            &("\u{3000}".repeat(75)
                + "\u{96f}\u{96e}\u{96d}\u{96c}\u{96b}\u{96a}\u{969}\u{968}\u{967}\u{966}"),
            NUMBER,
        ),
    ]);
    let mut with_bad_name = case(
        "with-a-bad-name",
        "The number is good, and the name empty.",
        NUMBER,
        Expected::refused(InvalidClaim),
    );
    with_bad_name.name.clear();
    cases.push(with_bad_name);
    cases
}

fn good(id: &str, comment: &str, mobile: &str, normal: &str) -> SubjectCase {
    let commitment = commitment(&opening(&full(id)), NORMAL_NAME, Some(normal));
    let expected = Normalised {
        name: NORMAL_NAME.into(),
        mobile: Some(normal.into()),
        commitment: hex::encode(commitment),
    };
    case(id, comment, mobile, Expected::Good(expected))
}

fn case(id: &str, comment: &str, mobile: &str, expected: Expected<Normalised>) -> SubjectCase {
    let id = full(id);
    SubjectCase {
        comment: comment.into(),
        flags: vec![Flag::MobileNumber],
        name: NAME.into(),
        mobile: Some(mobile.into()),
        opening: hex::encode(opening(&id)),
        id,
        expected,
    }
}

fn full(id: &str) -> String {
    format!("mobile/{id}")
}

#[rustfmt::skip]
const GOOD: &[(&str, &str, &str, &str)] = &[
    ("e164", "The normal form itself.", "+919876543210", NUMBER),
    ("ten-digits", "Ten digits are Indian.", "9876543210", NUMBER),
    ("zero-and-ten-digits", "A zero in front is dropped.", "09876543210", NUMBER),
    ("twelve-digits", "Twelve digits that begin with 91.", "919876543210", NUMBER),
    ("zero-and-twelve-digits", "A zero in front of them is dropped.", "0919876543210", NUMBER),
    ("spaces-and-hyphen", "Spaces and hyphens are dropped.", "+91 98765-43210", NUMBER),
    ("parentheses-and-dot", "So are parentheses and dots.", "(+91) 98765.43210", NUMBER),
    ("no-break-space-and-dash", "And other spaces and dashes.", "+91\u{a0}98765\u{2013}43210", NUMBER),
    ("dashes-of-unicode", "Every dash of the category Pd.", "98765\u{2010}\u{2011}\u{2012}\u{2014}\u{2015}\u{ff0d}\u{fe58}43210", NUMBER),
    ("spaces-of-unicode", "Every space of the category Zs.", "98765\u{2003}\u{2009}\u{202f}\u{205f}\u{3000}43210", NUMBER),
    ("tab-and-spaces-around", "A tab in front and a space behind.", "\t98765 43210 ", NUMBER),
    ("parenthesis-alone", "Parentheses need not match.", ")98765(43210", NUMBER),
    ("devanagari", "Devanagari digits.", "\u{96f}\u{96e}\u{96d}\u{96c}\u{96b}\u{96a}\u{969}\u{968}\u{967}\u{966}", NUMBER),
    ("devanagari-mixed", "Devanagari and ASCII digits.", "+91 \u{96f}\u{96e}\u{96d}\u{96c}\u{96b} 43210", NUMBER),
    ("devanagari-zero-in-front", "A Devanagari zero in front is dropped.", "\u{966}9876543210", NUMBER),
    ("full-width-digits", "Full-width digits.", "+\u{ff19}\u{ff11} 9876543210", NUMBER),
    ("tamil", "Tamil digits.", "\u{bef}\u{bee}\u{bed}\u{bec}\u{beb}\u{bea}\u{be9}\u{be8}\u{be7}\u{be6}", NUMBER),
    ("bengali", "Bengali digits.", "\u{9ef}\u{9ee}\u{9ed}\u{9ec}\u{9eb}\u{9ea}\u{9e9}\u{9e8}\u{9e7}\u{9e6}", NUMBER),
    ("urdu", "The digits of Urdu (U+06F0 and on).", "\u{6f9}\u{6f8}\u{6f7}\u{6f6}\u{6f5}\u{6f4}\u{6f3}\u{6f2}\u{6f1}\u{6f0}", NUMBER),
    ("arabic-indic", "Arabic-Indic digits (U+0660 and on).", "\u{669}\u{668}\u{667}\u{666}\u{665}\u{664}\u{663}\u{662}\u{661}\u{660}", NUMBER),
    ("mathematical", "Mathematical digits: fifty of them stand in a row.", "\u{1d7ff}\u{1d7e0}\u{1d7d5}\u{1d7f2}\u{1d7e7}\u{1d7fa}\u{1d7d1}\u{1d7ee}\u{1d7cf}\u{1d7d8}", NUMBER),
    ("other-country", "A number of the United States.", "+1 (415) 555-0123", "+14155550123"),
    ("eight-digits", "Eight digits, the fewest.", "+12345678", "+12345678"),
    ("fifteen-digits", "Fifteen digits, the most.", "+123456789012345", "+123456789012345"),
    ("zero-behind-plus", "A zero behind the plus is not refused.", "+01234567", "+01234567"),
    ("two-zeroes", "Of two zeroes one is dropped, and ten digits are left.", "00987654321", "+910987654321"),
    ("ten-digits-from-91", "Ten digits that begin with 91 are ten digits.", "9198765432", "+919198765432"),
    ("ten-digits-after-zero", "A zero and ten digits that begin with zero.", "00123456789", "+910123456789"),
    ("left-to-right-mark", "A left-to-right mark behind.", "9876543210\u{200e}", NUMBER),
    ("pop-directional", "A direction around the number, as a phone's contacts copy it.", "\u{202a}+919876543210\u{202c}", NUMBER),
    ("isolate", "An isolate around the number, before its plus too.", "\u{2068}+\u{2066}91 98765\u{2069} 43210\u{2069}", NUMBER),
    ("zero-width-space", "A zero width space.", "98765\u{200b}43210", NUMBER),
    ("byte-order-mark", "A byte order mark in front.", "\u{feff}9876543210", NUMBER),
    ("joiners-and-hyphen", "Joiners, a soft hyphen, a word joiner and an Arabic letter mark.", "9\u{200c}8\u{200d}7\u{ad}6\u{2060}5\u{61c}43210", NUMBER),
    ("variation-selector", "A variation selector behind a digit.", "9\u{fe0f}876543210", NUMBER),
    ("trunk-zero", "A zero alone in parentheses behind the country code is dialled only inside the country.", "+91 (0) 98765 43210", NUMBER),
    ("trunk-zero-without-spaces", "The same without spaces.", "+91(0)9876543210", NUMBER),
    ("trunk-zero-with-spaces-inside", "Spaces and a mark stand beside the zero.", "+91 ( \u{200e}0 ) 98765 43210", NUMBER),
    ("trunk-zero-devanagari", "The same in Devanagari digits.", "+\u{96f}\u{967} (\u{966}) 98765 43210", NUMBER),
    ("trunk-zero-without-plus", "Behind 91 without a plus.", "91 (0) 98765 43210", NUMBER),
    ("trunk-zero-in-front", "In front of ten digits.", "(0) 98765 43210", NUMBER),
    ("trunk-zero-without-parentheses", "A zero behind +91 without parentheses: no number in India begins with 0.", "+91 098765 43210", NUMBER),
    ("trunk-zero-without-plus-and-parentheses", "The same without the plus.", "91 098765 43210", NUMBER),
    ("trunk-zero-country-code-of-one", "Behind a country code of one digit.", "+7 (0) 495 123 45 67", "+74951234567"),
    ("trunk-zero-country-code-of-two", "Behind a country code of two digits.", "+44 (0)20 7946 0958", "+442079460958"),
    ("trunk-zero-country-code-of-three", "Behind a country code of three digits.", "+353 (0)87 123 4567", "+353871234567"),
    ("zero-of-the-number", "The zero of an Italian number stays.", "+39 06 1234 5678", "+390612345678"),
    ("zero-in-a-group-of-parentheses", "A zero that is not alone in its parentheses stays.", "+39 (06) 1234 5678", "+390612345678"),
    ("zero-behind-91-of-twelve-digits", "A zero behind +91 with nine digits stays: there is none to spare.", "+91 0987654321", "+910987654321"),
    ("plus-and-twelve", "With a plus the digits stay as they are.", "+009876543210", "+009876543210"),
];

#[rustfmt::skip]
const BAD: &[(&str, &str, &str)] = &[
    ("empty", "Nothing.", ""),
    ("space-alone", "A space alone.", " "),
    ("plus-alone", "A plus alone.", "+"),
    ("zero-alone", "A zero alone.", "0"),
    ("seven-digits", "Seven digits with a plus.", "+1234567"),
    ("sixteen-digits", "Sixteen digits with a plus.", "+1234567890123456"),
    ("five-digits", "Five digits.", "98765"),
    ("nine-digits", "Nine digits.", "987654321"),
    ("zero-and-nine-digits", "A zero and nine digits.", "0987654321"),
    ("eleven-digits", "Eleven digits that do not begin with zero.", "98765432101"),
    ("two-zeroes-and-twelve", "Two zeroes and twelve digits: one is dropped, and thirteen are left.", "00919876543210"),
    ("twelve-digits-not-91", "Twelve digits that begin with 92.", "929876543210"),
    ("other-country-without-plus", "A number of another country without its plus.", "14155550123"),
    ("thirteen-digits", "Thirteen digits.", "9198765432101"),
    ("two-pluses", "Two pluses.", "++919876543210"),
    ("plus-behind-a-digit", "A plus behind a digit.", "91+9876543210"),
    ("plus-behind", "A plus at the end.", "9876543210+"),
    ("plus-full-width", "A full-width plus.", "\u{ff0b}919876543210"),
    ("slash", "A slash.", "98765/43210"),
    ("comma", "A comma.", "98765,43210"),
    ("minus-sign", "A minus sign (U+2212) is no dash.", "98765\u{2212}43210"),
    ("line-feed", "A line feed behind.", "9876543210\n"),
    ("carriage-return", "A carriage return behind.", "9876543210\r"),
    ("extension", "An extension.", "9876543210 ext. 5"),
    ("extension-x", "An extension behind an x.", "9876543210 x5"),
    ("extension-uri", "An extension as a telephone URI has it.", "+919876543210;ext=5"),
    ("extension-number-sign", "An extension behind a number sign.", "9876543210#5"),
    ("trunk-zero-second-time", "A zero in parentheses twice.", "+91 (0)(0) 98765 43210"),
    ("trunk-zero-behind-four-digits", "A zero in parentheses behind four digits, which are no country code.", "+9198 (0) 765 43210"),
    ("trunk-zero-inside", "A zero in parentheses inside a number without a plus.", "987 (0) 6543210"),
    ("trunk-zero-at-the-end", "A zero in parentheses at the end.", "98765 4321(0)"),
    ("trunk-zero-other-country-without-plus", "A zero in parentheses behind a country code other than 91, without a plus.", "44 (0) 20 7946 0958"),
    ("trunk-zero-behind-two-zeroes", "Two zeroes for a plus are refused, with a zero in parentheses too.", "0091 (0) 98765 43210"),
    ("trunk-zero-and-nine-digits", "A trunk zero and nine digits: too few for India without a plus.", "91 (0) 98765 4321"),
    ("enclosing-keycap", "Digits as keycaps: U+20E3 is a mark that is seen.", "9\u{fe0f}\u{20e3}876543210"),
    ("letters", "Letters on a keypad.", "1-800-FLOWERS"),
    ("underscore", "An underscore.", "98765_43210"),
    ("superscript", "A superscript is no decimal digit.", "987654321\u{b2}"),
    ("circled-digit", "A circled digit is no decimal digit.", "987654321\u{2460}"),
    ("han-digit", "A Han numeral is no decimal digit.", "987654321\u{4e5d}"),
    ("middle-dot", "A middle dot.", "98765\u{b7}43210"),
    ("tel-uri", "A telephone URI.", "tel:+919876543210"),
    ("star", "A star.", "*9876543210"),
    ("bracket", "A square bracket.", "[91]9876543210"),
];
