//! The kinds of codes that are not KYC-VS answers. The person learns which kind was shown instead.

/// A kind of code that people show in place of a KYC-VS answer.
///
/// It is a help for people and decides nothing: only the core says whether something is an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A `CoWIN` certificate: a zip file in byte mode.
    Cowin,
    /// An EU digital COVID certificate, or another health certificate of its form.
    EuHealth,
    /// A SMART Health Card.
    SmartHealth,
    /// Aadhaar: the XML of older cards, or the number of over a thousand digits that the secure code holds.
    Aadhaar,
    /// An ABHA health account.
    Abha,
    /// A UPI payment.
    Upi,
    /// A payment by the rules of `EMVCo`, such as `BharatQR`.
    Payment,
    /// A mobile document (ISO/IEC 18013-5), such as a driving licence.
    MobileDocument,
    /// A request of a wallet for identity documents.
    Wallet,
    /// A JSON Web Token, or a credential of its form.
    Jwt,
    /// A boarding pass (IATA).
    BoardingPass,
    /// A person's contact details.
    Contact,
    /// The access to a wireless network.
    Wifi,
    /// The secret of an app that shows one-time passwords.
    OneTimePassword,
    /// A web address.
    Url,
    /// Digits only.
    Number,
    /// A JSON object.
    Json,
    /// Readable, and none of the above.
    Other,
}

impl Kind {
    /// The kind of a code by its content. It looks at the beginning and, for numbers and tokens, through all of it once.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        let text = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content).trim_ascii();
        let begins = |start: &str| {
            text.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start.as_bytes()))
        };
        if let Some((_, kind)) = BEGINNINGS.iter().find(|(start, _)| begins(start)) {
            return *kind;
        }
        match text {
            // Any zip file: nobody else puts one into a QR code.
            [b'P', b'K', 3, 4, ..] => Self::Cowin,
            [b'H' | b'h', b'C' | b'c', b'1'..=b'9', b':', ..] => Self::EuHealth,
            _ if is_number(text) && text.len() > LONGEST_NUMBER => Self::Aadhaar,
            // The payload format indicator.
            _ if text.starts_with(b"000201") => Self::Payment,
            _ if is_number(text) => Self::Number,
            _ if is_jwt(text) => Self::Jwt,
            _ if is_boarding_pass(text) => Self::BoardingPass,
            [b'{', .., b'}'] if contains(text, b"\"hidn\"") => Self::Abha,
            [b'{', .., b'}'] => Self::Json,
            _ => Self::Other,
        }
    }

    /// A name for programs, such as `cowin`. It never changes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.names().0
    }

    /// A name for people, in English, such as "a `CoWIN` certificate"; empty for [`Other`](Self::Other).
    #[must_use]
    pub const fn words(self) -> &'static str {
        self.names().1
    }

    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Cowin => ("cowin", "a CoWIN certificate"),
            Self::EuHealth => ("eu-health", "an EU health certificate"),
            Self::SmartHealth => ("smart-health", "a SMART Health Card"),
            Self::Aadhaar => ("aadhaar", "an Aadhaar card"),
            Self::Abha => ("abha", "an ABHA card"),
            Self::Upi => ("upi", "a UPI payment"),
            Self::Payment => ("payment", "a payment"),
            Self::MobileDocument => ("mobile-document", "a mobile identity document"),
            Self::Wallet => ("wallet", "a request of a wallet"),
            Self::Jwt => ("jwt", "a JSON Web Token"),
            Self::BoardingPass => ("boarding-pass", "a boarding pass"),
            Self::Contact => ("contact", "contact details"),
            Self::Wifi => ("wifi", "a wireless network"),
            Self::OneTimePassword => ("one-time-password", "a secret for one-time passwords"),
            Self::Url => ("url", "a web address"),
            Self::Number => ("number", "a plain number"),
            Self::Json => ("json", "a JSON document"),
            Self::Other => ("other", ""),
        }
    }

    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Cowin,
        Self::EuHealth,
        Self::SmartHealth,
        Self::Aadhaar,
        Self::Abha,
        Self::Upi,
        Self::Payment,
        Self::MobileDocument,
        Self::Wallet,
        Self::Jwt,
        Self::BoardingPass,
        Self::Contact,
        Self::Wifi,
        Self::OneTimePassword,
        Self::Url,
        Self::Number,
        Self::Json,
        Self::Other,
    ];
}

/// Beginnings of contents. Capitals do not count: the alphanumeric mode of a QR code has no small letters.
const BEGINNINGS: &[(&str, Kind)] = &[
    ("shc:/", Kind::SmartHealth),
    ("nzcp:/", Kind::EuHealth),
    ("<PrintLetterBarcodeData", Kind::Aadhaar),
    ("<?xml", Kind::Aadhaar),
    ("<QPD", Kind::Aadhaar),
    ("upi:", Kind::Upi),
    ("mdoc", Kind::MobileDocument),
    ("mdl", Kind::MobileDocument),
    ("openid", Kind::Wallet),
    ("haip:", Kind::Wallet),
    ("didcomm:", Kind::Wallet),
    ("eudi-", Kind::Wallet),
    ("BEGIN:VCARD", Kind::Contact),
    ("MECARD:", Kind::Contact),
    ("BIZCARD:", Kind::Contact),
    ("mailto:", Kind::Contact),
    ("tel:", Kind::Contact),
    ("sms", Kind::Contact),
    ("WIFI:", Kind::Wifi),
    ("otpauth", Kind::OneTimePassword),
    ("http://", Kind::Url),
    ("https://", Kind::Url),
    ("www.", Kind::Url),
    ("intent:", Kind::Url),
];

/// The most digits of what is called a number. The secure code of Aadhaar has over a thousand.
const LONGEST_NUMBER: usize = 100;

fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// A JSON object in base64url, and parts behind it: a JWS or JWE in its compact form, or an SD-JWT.
fn is_jwt(text: &[u8]) -> bool {
    let of_base64url = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.starts_with(b"eyJ") && text.contains(&b'.') && text.iter().all(of_base64url)
}

/// `M`, the number of flights, and a name of 20 characters with a stroke in it (IATA resolution 792).
fn is_boarding_pass(text: &[u8]) -> bool {
    matches!(text, [b'M', b'1'..=b'4', name @ ..] if name.len() >= 50 && name[..20].contains(&b'/'))
        && text.iter().all(|byte| (b' '..=b'~').contains(byte))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_recognised_by_its_content() {
        let secure_aadhaar = "7".repeat(2_500);
        let cases: &[(&[u8], Kind)] = &[
            (b"PK\x03\x04\x14\0\0\0\x08\0certificate.json\xff\xfe", Kind::Cowin),
            (b"HC1:6BFOXN*TS0BI$ZD4N9", Kind::EuHealth),
            (b"hc1:6BFOXN", Kind::EuHealth),
            (b"NZCP:/1/2KCEVIQEIVVWK6", Kind::EuHealth),
            (b"shc:/5676290952432060346029", Kind::SmartHealth),
            (b"SHC:/1/2/5676", Kind::SmartHealth),
            (b"upi://pay?pa=shop@bank&am=10", Kind::Upi),
            (b"UPI://PAY?PA=SHOP", Kind::Upi),
            (b"00020101021226370009", Kind::Payment),
            (b"00020101021126330015in.gov.shop5204", Kind::Payment),
            (b"https://example.org/KV1:", Kind::Url),
            (b"HTTP://EXAMPLE.ORG", Kind::Url),
            (b"www.example.org", Kind::Url),
            (b"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", Kind::Jwt),
            (b"eyJhbGciOiJFUzI1NiJ9.e30.c2ln~WyJh~", Kind::Jwt),
            (b"mdoc:owBjMS4wAYIB2BhYS6QBAiABIVgg", Kind::MobileDocument),
            (b"mdoc://abc", Kind::MobileDocument),
            (b"MDL1234", Kind::MobileDocument),
            (b"openid4vp://authorize?client_id=x", Kind::Wallet),
            (b"openid-credential-offer://?x", Kind::Wallet),
            (b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:X\r\nEND:VCARD", Kind::Contact),
            (b"MECARD:N:X;;", Kind::Contact),
            (b"tel:+911234", Kind::Contact),
            (b"WIFI:S:net;T:WPA;P:secret;;", Kind::Wifi),
            (b"otpauth://totp/x?secret=y", Kind::OneTimePassword),
            (b"<?xml version=\"1.0\"?><PrintLetterBarcodeData uid=\"1\"/>", Kind::Aadhaar),
            (b"<PrintLetterBarcodeData uid=\"1\"/>", Kind::Aadhaar),
            (b"<QPDB n=\"x\"/>", Kind::Aadhaar),
            (secure_aadhaar.as_bytes(), Kind::Aadhaar),
            (b"{\"hidn\":\"91-1\",\"name\":\"x\"}", Kind::Abha),
            (b"{\"a\":1}", Kind::Json),
            (b"M1VERMA/ASHA          EABC123 DELBOMAI 0865 181Y012A0001 100", Kind::BoardingPass),
            (b"8901234567890", Kind::Number),
            (b" \t8901\r\n", Kind::Number),
            (b"\xef\xbb\xbfhttps://example.org", Kind::Url),
            (b"hello", Kind::Other),
            (b"", Kind::Other),
            (b"\xff\xfe\0", Kind::Other),
            (b"PK", Kind::Other),
            (b"HC", Kind::Other),
            (b"eyJhbGciOiJFUzI1NiJ9", Kind::Other),
            (b"M1VERMA/ASHA", Kind::Other),
        ];
        for (content, kind) in cases {
            assert_eq!(Kind::of(content), *kind, "{}", content.escape_ascii());
        }
        for kind in Kind::ALL {
            assert!(cases.iter().any(|(_, one)| one == kind), "no case for {kind:?}");
        }
    }

    #[test]
    fn names_are_unique_and_only_other_has_no_words() {
        for (at, kind) in Kind::ALL.iter().enumerate() {
            assert!(Kind::ALL[..at].iter().all(|one| one.name() != kind.name()), "{kind:?}");
            assert_eq!(kind.words().is_empty(), *kind == Kind::Other, "{kind:?}");
        }
    }
}
