//! Any bytes as a presentation. What is refused is refused with a code of the reader's; what is accepted is written again as
//! it was, stands alone, and can be handed over in each form.
#![no_main]

use kycvs::{Presentation, Token};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let alone = Token::parse(bytes);
    let presentation = match Presentation::from_bytes(bytes) {
        Ok(presentation) => presentation,
        Err(error) => {
            assert!(matches!(error.number(), 1 | 3 | 4 | 5), "{error:?}");
            // A token by itself is a presentation.
            assert!(alone.is_err());
            return;
        }
    };
    assert!(bytes.len() <= kycvs::MAX_PRESENTATION_BYTES);
    assert_eq!(presentation.as_bytes(), bytes);

    let token = presentation.token();
    assert!(token.as_bytes().len() <= kycvs::MAX_TOKEN_BYTES);
    assert_eq!(alone.is_ok(), presentation.opening().is_none());
    written_again(&token);

    // The token and its opening make the presentation, and without the opening it is the token.
    assert_eq!(Presentation::new(token, presentation.opening().as_ref()), presentation);
    assert_eq!(presentation.without_opening().as_bytes(), token.as_bytes());

    // Each form leads back, and no other length is accepted but that without the opening.
    for text in [presentation.to_text(), presentation.to_base64url()] {
        assert!(text.len() <= kycvs::MAX_TEXT_BYTES);
        assert_eq!(Presentation::from_text(&text).as_ref(), Ok(&presentation));
    }
    let cut = &bytes[..bytes.len() - 1];
    assert!(Presentation::from_bytes(cut).is_err_and(|error| error.number() == 3));
    let longer = [bytes, &[0]].concat();
    assert!(Presentation::from_bytes(&longer).is_err());
});

/// encode(decode(b)) == b, with the envelope put together here and the claims encoded by the crate.
fn written_again(token: &Token<'_>) {
    let claims = token.unverified_claims();
    assert_eq!(claims.encode(), token.payload_bytes());
    assert!(claims.issued_at() < claims.expires_at());

    let mut bytes = vec![0xd2, 0x84];
    byte_string(token.protected_bytes(), &mut bytes);
    bytes.push(0xa0);
    byte_string(&claims.encode(), &mut bytes);
    byte_string(token.signature(), &mut bytes);
    assert_eq!(bytes, token.as_bytes());
}

/// In the shortest form.
fn byte_string(content: &[u8], out: &mut Vec<u8>) {
    match content.len() {
        len @ 0..24 => out.push(0x40 | len.to_le_bytes()[0]),
        len @ 24..0x100 => out.extend([0x58, len.to_le_bytes()[0]]),
        len => out.extend([0x59, len.to_le_bytes()[1], len.to_le_bytes()[0]]),
    }
    out.extend(content);
}
