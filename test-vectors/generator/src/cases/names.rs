//! Names and their normal forms (SPEC.md section 7.1). What has to come out is written by hand.

use kycvs::ErrorCode::InvalidClaim;

use crate::model::{Expected, Flag, Normalised, SubjectCase};
use crate::token::{commitment, opening};

pub(super) fn cases() -> Vec<SubjectCase> {
    let mut cases: Vec<_> =
        GOOD.iter().map(|&(id, comment, name, normal)| good(id, comment, name, normal)).collect();
    cases.extend(BAD.iter().map(|&(id, comment, name)| bad(id, comment, name)));
    cases.extend(lengths());
    cases
}

fn good(id: &str, comment: &str, name: &str, normal: &str) -> SubjectCase {
    let id = format!("name/{id}");
    let opening = opening(&id);
    SubjectCase {
        expected: Expected::Good(Normalised {
            name: normal.into(),
            mobile: None,
            commitment: hex::encode(commitment(&opening, normal, None)),
        }),
        comment: comment.into(),
        flags: vec![Flag::Name, Flag::Unicode],
        name: name.into(),
        mobile: None,
        opening: hex::encode(opening),
        id,
    }
}

fn bad(id: &str, comment: &str, name: &str) -> SubjectCase {
    let id = format!("name/{id}");
    SubjectCase {
        expected: Expected::refused(InvalidClaim),
        comment: comment.into(),
        flags: vec![Flag::Name, Flag::Unicode],
        name: name.into(),
        mobile: None,
        opening: hex::encode(opening(&id)),
        id,
    }
}

#[rustfmt::skip]
const GOOD: &[(&str, &str, &str, &str)] = &[
    ("initials-with-dots", "Dots become spaces, capitals small letters.", "A.P.J. Abdul Kalam", "a p j abdul kalam"),
    ("initials-with-spaces", "Two spaces become one.", "a p j  abdul kalam", "a p j abdul kalam"),
    ("initials-behind", "Another order of the parts is another name.", "  KALAM, A. P. J. Abdul\t", "kalam a p j abdul"),
    ("initials-without-space", "Initials that stand together stay together.", "APJ Abdul Kalam", "apj abdul kalam"),
    ("one-letter", "A name of one letter.", "X", "x"),
    ("apostrophe", "An apostrophe (U+0027) becomes a space.", "D'Souza", "d souza"),
    ("apostrophe-curly", "A right quotation mark (U+2019) and a hyphen become spaces.", "O\u{2019}Brien-Smith", "o brien smith"),
    ("apostrophe-modifier", "U+02BC is a letter, and stays.", "D\u{2bc}Souza", "d\u{2bc}souza"),
    ("hyphens", "Hyphens and dashes become spaces.", "Anne-Marie\u{2010}Louise\u{2013}Rose", "anne marie louise rose"),
    ("underscore-and-parentheses", "Connectors and brackets become spaces.", "Ravi_Kumar (Jr)", "ravi kumar jr"),
    ("spaces-tabs-lines", "Controls become spaces, and runs of spaces one.", " Ravi \t\r\n  Kumar\u{b}\u{c} ", "ravi kumar"),
    ("spaces-of-unicode", "Spaces of every kind become one space.", "Ravi\u{a0}\u{2003}\u{3000}\u{202f}Kumar\u{2028}Rao", "ravi kumar rao"),
    ("nul", "A NUL becomes a space.", "Ravi\u{0}Kumar", "ravi kumar"),
    ("digits", "Digits stay.", "Louis 14", "louis 14"),
    ("symbols", "Symbols become spaces.", "A+B=C$ \u{20ac}\u{2122}", "a b c tm"),
    ("emoji-and-letters", "An emoji becomes a space.", "Ravi \u{1f600} Kumar", "ravi kumar"),
    ("emoji-with-joiner", "A joined emoji with a skin tone becomes a space.", "Ravi\u{1f469}\u{1f3fd}\u{200d}\u{1f52c}Kumar", "ravi kumar"),
    ("accents-composed", "Accents stay.", "Jos\u{e9} \u{c1}lvarez", "jos\u{e9} \u{e1}lvarez"),
    ("accents-combining", "Combining accents are composed.", "Jose\u{301} A\u{301}LVAREZ", "jos\u{e9} \u{e1}lvarez"),
    ("accents-in-another-order", "Marks are brought into their canonical order.", "q\u{307}\u{323}", "q\u{323}\u{307}"),
    ("accent-without-composition", "A mark that composes with nothing stays.", "x\u{301}y", "x\u{301}y"),
    ("accent-alone", "A combining mark alone is a name.", "\u{301}", "\u{301}"),
    ("accent-free-standing", "A free-standing acute accent becomes a space and the mark.", "Ren\u{e9}\u{b4}", "ren\u{e9} \u{301}"),
    ("sharp-s", "A sharp s is folded to two letters.", "Gro\u{df}", "gross"),
    ("sharp-s-capital", "A capital sharp s too.", "GRO\u{1e9e}", "gross"),
    ("ligature-ffi", "A ligature is taken apart.", "Gri\u{fb03}n", "griffin"),
    ("ligature-st", "So is that of long s and t.", "Au\u{fb05}in", "austin"),
    ("ligature-ij", "So is the Dutch ij.", "\u{132}sbrand", "ijsbrand"),
    ("ae-stays", "The letter \u{e6} is no ligature.", "\u{c6}gir", "\u{e6}gir"),
    ("long-s", "The long s is an s.", "Ma\u{17f}\u{17f}mann", "massmann"),
    ("kelvin", "The Kelvin sign is a k.", "\u{212a}alam", "kalam"),
    ("angstrom", "The \u{e5}ngstr\u{f6}m sign is an \u{e5}.", "\u{212b}sa", "\u{e5}sa"),
    ("full-width", "Full-width letters and the ideographic space.", "\u{ff21}\u{ff22}\u{ff24}\u{ff35}\u{ff2c}\u{3000}\u{ff2b}\u{ff21}\u{ff2c}\u{ff21}\u{ff2d}", "abdul kalam"),
    ("mathematical", "Mathematical letters are letters.", "\u{1d400}\u{1d41b}\u{1d4ed}\u{1d566}\u{1d695}", "abdul"),
    ("circled", "Circled letters are letters.", "\u{24b6}\u{24d1}\u{24d3}\u{24e4}\u{24db}", "abdul"),
    ("roman-numeral", "A Roman numeral is its letters.", "Henry \u{2163}", "henry iv"),
    ("superscripts", "Superscripts are digits.", "x\u{b2}\u{b3}\u{2074}", "x234"),
    ("fraction", "The stroke of a fraction becomes a space.", "Half \u{bd}", "half 1 2"),
    ("dotted-i", "The dotted capital I is an i and a dot above.", "\u{130}brahim", "i\u{307}brahim"),
    ("dotless-i", "The dotless i stays; the Turkic folding is not used.", "I\u{15f}\u{131}k", "i\u{15f}\u{131}k"),
    ("final-sigma", "The final sigma is a sigma.", "\u{39f}\u{3b4}\u{3c5}\u{3c3}\u{3c3}\u{3b5}\u{3cd}\u{3c2}", "\u{3bf}\u{3b4}\u{3c5}\u{3c3}\u{3c3}\u{3b5}\u{3cd}\u{3c3}"),
    ("iota-subscript", "The iota subscript is an iota of its own.", "\u{1fb3}", "\u{3b1}\u{3b9}"),
    ("iota-subscript-capital", "That of a capital too.", "\u{1fbc}", "\u{3b1}\u{3b9}"),
    ("iota-subscript-and-accent", "The iota subscript under a letter with breathing and accent.", "\u{1f84}", "\u{1f04}\u{3b9}"),
    ("greek-accents", "A letter with dialytika and tonos.", "\u{390}", "\u{390}"),
    ("title-case-dz", "The digraph in title case is two letters.", "\u{1f2}enan", "dzenan"),
    ("j-caron", "A letter whose folding is two and composes again.", "\u{1f0}", "\u{1f0}"),
    ("n-apostrophe", "U+0149 is taken apart.", "\u{149}", "\u{2bc}n"),
    ("cyrillic", "Cyrillic.", "\u{418}\u{412}\u{410}\u{41d}\u{41e}\u{412} \u{419}\u{43e}\u{441}\u{438}\u{444}", "\u{438}\u{432}\u{430}\u{43d}\u{43e}\u{432} \u{439}\u{43e}\u{441}\u{438}\u{444}"),
    ("armenian-ligature", "The Armenian ligature ech yiwn.", "\u{587}", "\u{565}\u{582}"),
    ("cherokee", "Cherokee folds to capitals.", "\u{ab70}\u{13a0}", "\u{13a0}\u{13a0}"),
    ("georgian", "Georgian Mtavruli folds to Mkhedruli.", "\u{1c90}\u{10d0}", "\u{10d0}\u{10d0}"),
    ("devanagari", "Vowel signs and the virama stay.", "\u{90f}\u{947}\u{936}\u{94d}\u{935}\u{930}\u{94d}\u{92f}\u{93e} \u{930}\u{93e}\u{92f}", "\u{90f}\u{947}\u{936}\u{94d}\u{935}\u{930}\u{94d}\u{92f}\u{93e} \u{930}\u{93e}\u{92f}"),
    ("devanagari-abbreviation", "The abbreviation sign becomes a space.", "\u{921}\u{949}\u{970} \u{905}\u{92c}\u{94d}\u{926}\u{941}\u{932} \u{915}\u{932}\u{93e}\u{92e}", "\u{921}\u{949} \u{905}\u{92c}\u{94d}\u{926}\u{941}\u{932} \u{915}\u{932}\u{93e}\u{92e}"),
    ("devanagari-danda", "The danda becomes a space.", "\u{930}\u{93e}\u{92e}\u{964}\u{938}\u{940}\u{924}\u{93e}", "\u{930}\u{93e}\u{92e} \u{938}\u{940}\u{924}\u{93e}"),
    ("devanagari-joiner", "A zero width joiner in a conjunct is dropped.", "\u{932}\u{915}\u{94d}\u{200d}\u{937}\u{94d}\u{92e}\u{940}", "\u{932}\u{915}\u{94d}\u{937}\u{94d}\u{92e}\u{940}"),
    ("devanagari-non-joiner", "So is a zero width non-joiner.", "\u{932}\u{915}\u{94d}\u{200c}\u{937}\u{94d}\u{92e}\u{940}", "\u{932}\u{915}\u{94d}\u{937}\u{94d}\u{92e}\u{940}"),
    ("devanagari-nukta-composed", "Khha as one code point is taken apart, and stays so.", "\u{959}\u{93e}\u{928}", "\u{916}\u{93c}\u{93e}\u{928}"),
    ("devanagari-nukta-apart", "Khha as two code points.", "\u{916}\u{93c}\u{93e}\u{928}", "\u{916}\u{93c}\u{93e}\u{928}"),
    ("devanagari-nukta-composes", "Nnna is composed.", "\u{928}\u{93c}", "\u{929}"),
    ("devanagari-digit", "A Devanagari digit stays one.", "\u{935}\u{93e}\u{930}\u{94d}\u{921} \u{96b}", "\u{935}\u{93e}\u{930}\u{94d}\u{921} \u{96b}"),
    ("tamil", "Tamil.", "\u{b85}\u{baa}\u{bcd}\u{ba4}\u{bc1}\u{bb2}\u{bcd} \u{b95}\u{bb2}\u{bbe}\u{bae}\u{bcd}", "\u{b85}\u{baa}\u{bcd}\u{ba4}\u{bc1}\u{bb2}\u{bcd} \u{b95}\u{bb2}\u{bbe}\u{bae}\u{bcd}"),
    ("tamil-initials", "Tamil initials.", "\u{b8f}.\u{baa}\u{bbf}.\u{b9c}\u{bc6}. \u{b95}\u{bb2}\u{bbe}\u{bae}\u{bcd}", "\u{b8f} \u{baa}\u{bbf} \u{b9c}\u{bc6} \u{b95}\u{bb2}\u{bbe}\u{bae}\u{bcd}"),
    ("tamil-vowel-oo-in-two", "The vowel sign oo in two parts is composed.", "\u{b9a}\u{bc7}\u{bbe}\u{bb4}\u{ba9}\u{bcd}", "\u{b9a}\u{bcb}\u{bb4}\u{ba9}\u{bcd}"),
    ("tamil-vowel-o-in-two", "The vowel sign o in two parts, and a dot.", "\u{b95}\u{bc6}\u{bbe}.", "\u{b95}\u{bca}"),
    ("tamil-vowel-o-in-one", "The vowel sign o in one.", "\u{b95}\u{bca}.", "\u{b95}\u{bca}"),
    ("tamil-vowel-au", "The vowel sign au in two parts.", "\u{b95}\u{bc6}\u{bd7}", "\u{b95}\u{bcc}"),
    ("bengali", "The Bengali vowel sign o in two parts is composed.", "\u{9b8}\u{9a4}\u{9c7}\u{9be}\u{9b7}", "\u{9b8}\u{9a4}\u{9cb}\u{9b7}"),
    ("bengali-nukta", "A Bengali nukta letter is taken apart.", "\u{9b0}\u{9be}\u{9df}", "\u{9b0}\u{9be}\u{9af}\u{9bc}"),
    ("gurmukhi", "Gurmukhi nukta letters are taken apart.", "\u{a36}\u{a47}\u{a5e}", "\u{a38}\u{a3c}\u{a47}\u{a2b}\u{a3c}"),
    ("telugu", "The Telugu vowel sign ai in two parts is composed.", "\u{c15}\u{c46}\u{c56}", "\u{c15}\u{c48}"),
    ("kannada", "The Kannada vowel sign oo in three parts is composed.", "\u{c95}\u{cc6}\u{cc2}\u{cd5}", "\u{c95}\u{ccb}"),
    ("malayalam-chillu", "A chillu letter stays itself.", "\u{d05}\u{d35}\u{d7b}", "\u{d05}\u{d35}\u{d7b}"),
    ("malayalam-chillu-by-joiner", "An older chillu, by virama and joiner, loses the joiner: another name.", "\u{d05}\u{d35}\u{d28}\u{d4d}\u{200d}", "\u{d05}\u{d35}\u{d28}\u{d4d}"),
    ("sinhala", "Sinhala, with a joiner.", "\u{dc1}\u{dca}\u{200d}\u{dbb}\u{dd3}", "\u{dc1}\u{dca}\u{dbb}\u{dd3}"),
    ("urdu", "Urdu; the comma becomes a space.", "\u{639}\u{628}\u{62f}\u{60c}\u{627}\u{644}\u{6a9}\u{644}\u{627}\u{645}", "\u{639}\u{628}\u{62f} \u{627}\u{644}\u{6a9}\u{644}\u{627}\u{645}"),
    ("urdu-non-joiner", "A zero width non-joiner is dropped.", "\u{62e}\u{627}\u{646}\u{200c}\u{635}\u{627}\u{62d}\u{628}", "\u{62e}\u{627}\u{646}\u{635}\u{627}\u{62d}\u{628}"),
    ("urdu-hamza", "A letter and a combining hamza are composed.", "\u{6c1}\u{654}", "\u{6c2}"),
    ("urdu-vowel-marks", "Vowel marks stay.", "\u{645}\u{64f}\u{62d}\u{64e}\u{645}\u{651}\u{64e}\u{62f}", "\u{645}\u{64f}\u{62d}\u{64e}\u{645}\u{64e}\u{651}\u{62f}"),
    ("arabic-presentation-forms", "Presentation forms become letters, a ligature two.", "\u{639}\u{628}\u{62f} \u{627}\u{fedf}\u{fb90}\u{fefc}\u{645}", "\u{639}\u{628}\u{62f} \u{627}\u{644}\u{6a9}\u{644}\u{627}\u{645}"),
    ("arabic-tatweel", "The tatweel is a letter, and stays.", "\u{645}\u{640}\u{62d}", "\u{645}\u{640}\u{62d}"),
    ("direction-marks", "Marks of the writing direction are dropped.", "\u{202b}\u{639}\u{645}\u{631}\u{202c} \u{200f}\u{62e}\u{627}\u{646}\u{61c}", "\u{639}\u{645}\u{631} \u{62e}\u{627}\u{646}"),
    ("hangul-jamo", "Jamo are composed.", "\u{1112}\u{1161}\u{11ab} \u{1100}\u{1161}\u{11bc}", "\u{d55c} \u{ac15}"),
    ("hangul-filler", "The Hangul filler is dropped.", "\u{d55c}\u{3164}\u{ac15}", "\u{d55c}\u{ac15}"),
    ("katakana-half-width", "Half-width Katakana with a voicing mark.", "\u{ff76}\u{ff9e}", "\u{30ac}"),
    ("han-compatibility", "A compatibility ideograph becomes the plain one.", "\u{f900}", "\u{8c48}"),
    ("soft-hyphen", "A soft hyphen is dropped, not made a space.", "Ka\u{ad}lam", "kalam"),
    ("invisible", "A byte order mark, a soft hyphen and a zero width space are dropped.", "\u{feff}Ka\u{ad}lam\u{200b}", "kalam"),
    ("word-joiner", "A word joiner is dropped.", "Ka\u{2060}lam", "kalam"),
    ("variation-selectors", "Variation selectors are dropped.", "K\u{fe0f}alam\u{e0100}", "kalam"),
    ("grapheme-joiner", "The combining grapheme joiner is dropped before marks are put in order.", "q\u{307}\u{34f}\u{323}", "q\u{323}\u{307}"),
    ("tag-characters", "Tag characters are dropped.", "Kalam\u{e0069}\u{e006e}", "kalam"),
    ("unassigned", "A code point that nobody has assigned (U+0378) becomes a space.", "Ravi\u{378}Kumar", "ravi kumar"),
    ("private-use", "Private use becomes a space.", "Ravi\u{e000}Kumar", "ravi kumar"),
    ("noncharacter", "A noncharacter becomes a space.", "Ravi\u{ffff}Kumar", "ravi kumar"),
    ("enclosing-mark", "An enclosing mark is a mark, and stays.", "A\u{20dd}", "a\u{20dd}"),
    ("modifier-letters", "Modifier letters become plain ones.", "\u{1d2c}\u{1d47}", "ab"),
    ("grows", "One code point that becomes eighteen.", "\u{fdfa}", "\u{635}\u{644}\u{649} \u{627}\u{644}\u{644}\u{647} \u{639}\u{644}\u{64a}\u{647} \u{648}\u{633}\u{644}\u{645}"),
];

#[rustfmt::skip]
const BAD: &[(&str, &str, &str)] = &[
    ("empty", "Nothing.", ""),
    ("spaces-alone", "Spaces alone.", "  \t\n"),
    ("dots-alone", "Dots alone.", "..."),
    ("emoji-alone", "An emoji alone.", "\u{1f600}"),
    ("joiner-alone", "A zero width joiner alone.", "\u{200d}"),
    ("symbols-alone", "Symbols alone.", "$+<=>^`|~"),
    ("private-use-alone", "A code point of private use alone.", "\u{f8ff}"),
    ("unassigned-alone", "A code point that nobody has assigned.", "\u{378}"),
    ("nul-alone", "A NUL alone.", "\u{0}"),
];

/// Lengths as given and as they come out, one under, at and one over.
fn lengths() -> Vec<SubjectCase> {
    let long = |fill: &str, bytes: usize| fill.repeat(bytes / fill.len());
    vec![
        good("127-bytes", "127 letters.", &long("n", 127), &long("n", 127)),
        good("128-bytes", "128 letters.", &long("n", 128), &long("n", 128)),
        bad("129-bytes", "129 letters.", &long("n", 129)),
        good("126-bytes-tamil", "42 letters of three bytes.", &long("\u{b95}", 126), &long("\u{b95}", 126)),
        bad("129-bytes-tamil", "43 letters of three bytes.", &long("\u{b95}", 129)),
        good("128-bytes-of-sharp-s", "63 sharp s become 126 letters; with a space and an n they are 128.", &(long("\u{df}", 80) + "  ." + &long("\u{df}", 46) + "n"), &(long("s", 80) + " " + &long("s", 46) + "n")),
        bad("grows-too-long", "Four code points that become eighteen each.", &"\u{fdfa} ".repeat(4)),
        good("grows-to-101", "Three code points that become eighteen each: 99 bytes and two spaces.", &"\u{fdfa} ".repeat(3), &["\u{635}\u{644}\u{649} \u{627}\u{644}\u{644}\u{647} \u{639}\u{644}\u{64a}\u{647} \u{648}\u{633}\u{644}\u{645}"; 3].join(" ")),
        good("shrinks-to-128", "128 full-width letters, 384 bytes as given.", &long("\u{ff4e}", 384), &long("n", 128)),
        bad("shrinks-to-129", "129 full-width letters.", &long("\u{ff4e}", 387)),
        good("1023-bytes-given", "A letter and 1,022 spaces.", &("n".to_owned() + &long(" ", 1022)), "n"),
        good("1024-bytes-given", "1,023 spaces and a letter.", &(long(" ", 1023) + "n"), "n"),
        bad("1025-bytes-given", "1,024 spaces and a letter.", &(long(" ", 1024) + "n")),
        good("1024-bytes-given-of-three", "341 zero width spaces of three bytes, and a letter.", &(long("\u{200b}", 1023) + "n"), "n"),
        bad("1026-bytes-given-of-three", "342 zero width spaces of three bytes.", &long("\u{200b}", 1026)),
    ]
}
