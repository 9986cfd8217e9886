//! Any text as a presentation. A text that is accepted is, without the white space around it, one of the two that the
//! presentation has; white space around a text changes nothing.
#![no_main]

use kycvs::Presentation;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let read = Presentation::from_text(text);
    let padded = Presentation::from_text(&format!(" \t\r\n{text}\r\n\t "));
    assert_eq!(read.as_ref().map_err(kycvs::Error::code), padded.as_ref().map_err(kycvs::Error::code));

    match read {
        Ok(presentation) => {
            let trimmed = text.trim_matches([' ', '\t', '\r', '\n']);
            let own = [presentation.to_text(), presentation.to_base64url()];
            assert!(own.iter().any(|own| own == trimmed), "{trimmed:?} is neither of {own:?}");
            assert_eq!(Presentation::from_bytes(presentation.as_bytes()).as_ref(), Ok(&presentation));
        }
        Err(error) => assert!((1..=5).contains(&error.number()), "{error:?}"),
    }
});
