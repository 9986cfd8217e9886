//! Text and JSON that are safe to show on a terminal, whoever wrote them.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` with everything escaped that could steer a terminal or turn the order of the letters round.
///
/// Joiners (U+200C, U+200D) stay: scripts of India need them.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().fold(String::with_capacity(text.len()), |mut safe, char| {
        if steers(char) {
            let _ = write!(safe, "{}", char.escape_unicode());
        } else {
            safe.push(char);
        }
        safe
    }))
}

/// JSON with the same characters escaped. They are only in its strings, where JSON's own escape means the
/// same character.
#[must_use]
pub fn escaped(json: String) -> String {
    if !json.chars().any(steers) {
        return json;
    }
    json.chars().fold(String::with_capacity(json.len()), |mut safe, char| {
        if steers(char) {
            for unit in char.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(char);
        }
        safe
    })
}

/// Control characters, separators of lines, what turns the order of letters round, and what is not seen at all
/// (Unicode's `Default_Ignorable_Code_Point`, except the joiners).
fn steers(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::{escaped, shown};

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        assert_eq!(shown("in.gov.cowin"), "in.gov.cowin");
        assert_eq!(shown("a\u{1b}[2Jb\r\n\u{9b}"), "a\\u{1b}[2Jb\\u{d}\\u{a}\\u{9b}");
        assert_eq!(shown("abc\u{202e}def\u{2066}"), "abc\\u{202e}def\\u{2066}");
        assert_eq!(shown("a\u{ad}\u{3164}\u{e0041}"), "a\\u{ad}\\u{3164}\\u{e0041}");
        assert_eq!(shown("\u{915}\u{94d}\u{200d}\u{937}"), "\u{915}\u{94d}\u{200d}\u{937}");
    }
    #[test]
    fn json_means_the_same_with_its_escapes() {
        let text = "a\u{7f}\u{9b}\u{202e}\u{2028}\u{200b}\u{feff}\u{e0041}\u{1b}\n\\\"";
        let json = escaped(serde_json::to_string(text).expect("it is JSON"));
        assert_eq!(json, r#""a\u007f\u009b\u202e\u2028\u200b\ufeff\udb40\udc41\u001b\n\\\"""#);
        assert_eq!(serde_json::from_str::<String>(&json).expect("it is JSON"), text);
    }
}
