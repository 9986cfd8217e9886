//! Two or more faults at once: which of them is reported.

use kycvs::ErrorCode::{
    self, BadSignature, Expired, IssuerMismatch, KeyNotValid, LifetimeTooLong, Malformed, NotAStatusToken,
    NotCanonical, NotYetValid, Replayed, Specimen, StatusListUnavailable, TooLarge, UnknownKey,
    UnsupportedAlgorithm, WrongAudience, WrongNonce, WrongPurpose, WrongSubject,
};

use crate::case::Case;
use crate::ed25519::Key;
use crate::model::{Flag, VerifyCase};
use crate::raw::{UINT, Width, hx, int, long_head, text};
use crate::stores::example;
use crate::token::{ED25519, ISS, NOW};

pub(super) fn cases() -> Vec<VerifyCase> {
    let mut cases = layers();
    cases.extend(within());
    cases.extend(keys());
    cases.extend(checks());
    cases
}

/// What is wrong with one layer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Malformed,
    NotCanonical,
    Shape,
}

impl Fault {
    const ALL: [Self; 3] = [Self::Malformed, Self::NotCanonical, Self::Shape];

    fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::NotCanonical => "not-canonical",
            Self::Shape => "other-shape",
        }
    }

    fn code(self) -> ErrorCode {
        match self {
            Self::Malformed => Malformed,
            Self::NotCanonical => NotCanonical,
            Self::Shape => NotAStatusToken,
        }
    }

    /// The value of a label that does not belong there.
    fn item(self) -> Vec<u8> {
        match self {
            Self::Malformed => hx("61ff"),
            Self::NotCanonical => hx("1800"),
            Self::Shape => hx("00"),
        }
    }

    fn in_envelope(self, case: Case) -> Case {
        case.envelope(move |envelope| envelope.items[1] = [hx("a11863"), self.item()].concat())
    }

    fn in_protected(self, case: Case) -> Case {
        case.header(move |header| header.set(99, self.item()))
    }

    fn in_payload(self, case: Case) -> Case {
        case.claims(move |claims| claims.set(99, self.item()))
    }
}

type Put = fn(Fault, Case) -> Case;

/// The first layer with a fault decides, whatever is wrong with the next.
fn layers() -> Vec<VerifyCase> {
    let layers: [(&str, Put); 3] = [
        ("envelope", Fault::in_envelope),
        ("protected", Fault::in_protected),
        ("payload", Fault::in_payload),
    ];
    let mut cases = Vec::new();
    for (first, second) in [(0, 1), (0, 2), (1, 2)] {
        let ((first_layer, put_first), (second_layer, put_second)) = (layers[first], layers[second]);
        for fault in Fault::ALL {
            for other in Fault::ALL.into_iter().filter(|other| *other != fault) {
                let (fault_name, other_name) = (fault.name(), other.name());
                let id = format!("precedence/{first_layer}-{fault_name}-before-{second_layer}-{other_name}");
                let comment = format!(
                    "The {first_layer} is {fault_name} and the {second_layer} {other_name}: the first layer decides."
                );
                let case = put_second(other, put_first(fault, Case::new(id, comment, &[Flag::Order])));
                cases.push(case.refused(fault.code()));
            }
        }
    }
    cases
}

/// Within a layer `malformed` comes before `not_canonical`, and that before the shape, wherever they stand.
fn within() -> Vec<VerifyCase> {
    let case = |name: &str, comment: &str| Case::new(format!("precedence/{name}"), comment, &[Flag::Order]);
    let behind = |name: &str, comment: &str, item: &str| case(name, comment).behind(hx(item));
    vec![
        case(
            "payload-not-canonical-then-malformed",
            "A long integer stands in front of text that is no UTF-8.",
        )
        .claims(|claims| {
            claims.set(98, hx("1800"));
            claims.set(99, hx("61ff"));
        })
        .refused(Malformed),
        case(
            "payload-malformed-then-not-canonical",
            "Text that is no UTF-8 stands in front of a long integer.",
        )
        .claims(|claims| {
            claims.set(98, hx("61ff"));
            claims.set(99, hx("1800"));
        })
        .refused(Malformed),
        case("payload-shape-then-not-canonical", "`iss` is an integer, and `exp` in a longer form.")
            .claims(|claims| {
                claims.set(ISS, int(7));
                claims.set(4, long_head(UINT, Width::Eight, 1_790_000_900));
            })
            .refused(NotCanonical),
        case(
            "payload-not-canonical-then-byte-behind",
            "`exp` is in a longer form, and a byte stands behind the claims.",
        )
        .claims(|claims| claims.set(4, long_head(UINT, Width::Eight, 1_790_000_900)))
        .payload(|payload| payload.push(0))
        .refused(Malformed),
        case(
            "protected-not-canonical-then-byte-behind",
            "`alg` is in a longer form, and a byte stands behind the header.",
        )
        .header(|header| header.set(1, hx("3807")))
        .protected(|protected| protected.push(0))
        .refused(Malformed),
        case("protected-shape-then-not-canonical", "`alg` is a text, and `typ` has a long length.")
            .header(|header| {
                header.set(1, text("EdDSA"));
                header.set(16, [hx("7815"), b"application/kycvs+cwt".to_vec()].concat());
            })
            .refused(NotCanonical),
        behind(
            "token-not-canonical-then-second-malformed",
            "The tag is in a longer form, and the second item is malformed.",
            "61ff",
        )
        .envelope(|envelope| envelope.tag = hx("d812"))
        .refused(Malformed),
        behind(
            "token-other-shape-then-second-not-canonical",
            "The tag is another, and the second item not canonical.",
            "1800",
        )
        .envelope(|envelope| envelope.tag = hx("d1"))
        .refused(NotCanonical),
        behind(
            "token-good-then-second-not-canonical",
            "The second item is not canonical, and no opening.",
            "1800",
        )
        .refused(NotCanonical),
        behind(
            "second-other-shape-before-payload-malformed",
            "The second item is an integer, and the payload malformed.",
            "00",
        )
        .claims(|claims| claims.set(99, hx("61ff")))
        .refused(NotAStatusToken),
        behind(
            "second-not-canonical-then-bytes-behind",
            "The second item is not canonical, and a third stands behind it.",
            "180000",
        )
        .refused(Malformed),
        case("too-large-before-malformed", "1,042 bytes that are no CBOR.")
            .presentation(|presentation| *presentation = vec![0xff; 1042])
            .refused(TooLarge),
        case(
            "long-first-item-malformed-at-its-end",
            "An item of 1,030 bytes that is cut short: not well-formed, so its length is not known.",
        )
        .presentation(|presentation| {
            *presentation = [hx("590403"), vec![0; 1026]].concat();
        })
        .refused(Malformed),
        case("long-first-item-before-bytes-behind", "An item of 1,025 bytes, and a break behind it.")
            .presentation(|presentation| *presentation = [hx("5903fe"), vec![0; 1022], hx("ff")].concat())
            .refused(TooLarge),
        case("long-first-item-before-not-canonical", "An item of 1,025 bytes with a long length.")
            .presentation(|presentation| *presentation = [hx("5a000003fc"), vec![0; 1020]].concat())
            .refused(TooLarge),
    ]
}

/// What can be read before whom to trust, and that before what it says.
fn keys() -> Vec<VerifyCase> {
    let case = |name: &str, comment: &str| Case::new(format!("precedence/{name}"), comment, &[Flag::Order]);
    let stranger = || Key::named("a stranger");
    vec![
        case("payload-malformed-before-algorithm", "`alg` is -7, and the payload malformed.")
            .alg(-7)
            .claims(|claims| claims.set(99, hx("61ff")))
            .refused(Malformed),
        case("payload-shape-before-algorithm", "`alg` is -7, and a claim too many.")
            .alg(-7)
            .claims(|claims| claims.set(99, int(0)))
            .refused(NotAStatusToken),
        case("payload-shape-before-unknown-key", "The key is unknown, and `exp` is missing.")
            .key(stranger())
            .claims(|claims| claims.remove(4))
            .refused(NotAStatusToken),
        case("shape-before-signature", "The signature is wrong, and the status 3.")
            .sign(|_, _| [7; 64])
            .answer(|answer| answer.set(0, int(3)))
            .refused(NotAStatusToken),
        case("algorithm-before-unknown-key", "`alg` is -7, and the key unknown.")
            .alg(-7)
            .key(stranger())
            .refused(UnsupportedAlgorithm),
        case("unknown-key-before-named-algorithm", "`alg` is -19, and the key unknown.")
            .alg(ED25519)
            .key(stranger())
            .refused(UnknownKey),
        case(
            "named-algorithm-before-signature",
            "`alg` is not the one that the entry names, and the signature wrong.",
        )
        .alg(ED25519)
        .sign(|_, _| [7; 64])
        .refused(UnsupportedAlgorithm),
        case("signature-before-issuer", "The signature is wrong, and the issuer another.")
            .trust("issuer-other")
            .sign(|_, _| [7; 64])
            .refused(BadSignature),
        case("signature-before-withdrawn", "The signature is wrong, and the key withdrawn.")
            .trust("withdrawn")
            .sign(|_, _| [7; 64])
            .refused(BadSignature),
        case("signature-before-expired", "The signature is wrong, and the token expired.")
            .now(NOW + 86_400)
            .sign(|_, _| [7; 64])
            .refused(BadSignature),
        case("unknown-key-before-expired", "The key is unknown, and the token expired.")
            .key(stranger())
            .now(NOW + 86_400)
            .refused(UnknownKey),
        case(
            "key-of-another-issuer-before-expired",
            "The key speaks for another issuer, and the token is expired.",
        )
        .trust("several")
        .key(example())
        .now(NOW + 86_400)
        .refused(IssuerMismatch),
    ]
}

/// A token with which everything is wrong at once; then one check after the other is mended.
fn checks() -> Vec<VerifyCase> {
    let order: [(ErrorCode, Mend); 12] = [
        (IssuerMismatch, |case| case.trust("withdrawn-window")),
        // Not yet valid and expired at once cannot be, unless the times are far apart: the clock is mended twice.
        (KeyNotValid, |case| case.trust("window")),
        (NotYetValid, |case| case.now(1_790_100_000)),
        (Expired, |case| case.now(NOW)),
        (LifetimeTooLong, |case| case.policy(|policy| policy.max_lifetime = 900)),
        (WrongAudience, |case| case.policy(|policy| policy.audience = Some("irctc.co.in".into()))),
        (WrongNonce, |case| case.expectation(|expectation| expectation.nonce = None)),
        (WrongPurpose, |case| case.expectation(|expectation| expectation.purpose = None)),
        (WrongSubject, |case| case.expectation(|expectation| expectation.subject = None)),
        (StatusListUnavailable, |case| case.policy(|policy| policy.ignore_status_lists = true)),
        (Specimen, |case| case.policy(|policy| policy.allow_specimen = true)),
        (Replayed, |case| case),
    ];
    let mut cases = Vec::new();
    for (count, (code, _)) in order.iter().enumerate() {
        let id = format!("precedence/all-wrong-from-{}", code.as_str().replace('_', "-"));
        let comment = format!("Everything from `{code}` on is wrong: the first of the table is reported.");
        let wrong = Case::new(id, comment, &[Flag::Order])
            .trust("other-withdrawn")
            .now(1_789_000_000)
            .facts(|facts| {
                facts.status_list = Some((7, "https://lists.example/1".into()));
                facts.specimen = true;
            })
            .bound_to("a p j abdul kalam", None)
            .person("Somebody Else", None)
            .policy(|policy| {
                policy.audience = Some("example.org".into());
                policy.max_lifetime = 899;
            })
            .expectation(|expectation| {
                expectation.nonce = Some("00".repeat(16));
                expectation.purpose = Some("another purpose".into());
            });
        let wrong = wrong.seen("in.gov.cowin", None);
        let mended = order[..count].iter().fold(wrong, |case, (_, mend)| mend(case));
        cases.push(mended.refused(*code));
    }
    cases
}

/// Makes one check of a case succeed.
type Mend = fn(Case) -> Case;
