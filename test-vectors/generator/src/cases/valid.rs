//! Good answers: the example of SPEC.md, each status, and every set of claims that may be left out.

use super::specification::PRESENTATION;
use crate::case::Case;
use crate::model::{Flag, VerifyCase};
use crate::raw::hx;
use crate::stores::of_the_specification;
use crate::token::{AUDIENCE, PURPOSE, commitment};

pub(super) fn cases() -> Vec<VerifyCase> {
    let mut cases = vec![specification()];
    for (status, words) in [(0, "not vaccinated"), (1, "partially vaccinated"), (2, "fully vaccinated")] {
        let id = format!("valid/status-{status}");
        let case = Case::new(id, format!("The answer is {words}: a good answer."), &[Flag::Shape]);
        cases.push(case.facts(|facts| facts.status = status).accepted());
    }
    cases.extend((0..32).map(optional));
    cases
}

/// SPEC.md section 13, byte for byte.
fn specification() -> VerifyCase {
    let opening: [u8; 16] = hx("b0b1b2b3b4b5b6b7b8b9babbbcbdbebf").try_into().expect("16 bytes");
    let nonce = "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf";
    Case::new("valid/specification", "The example of the specification, section 13.", &[Flag::Example])
        .trust("specification")
        .key(of_the_specification())
        .facts(|facts| {
            facts.token_id = hx("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf").try_into().expect("16 bytes");
            facts.nonce = Some(hx(nonce));
            facts.commitment = Some(commitment(&opening, "a p j abdul kalam", Some("+919876543210")));
        })
        .behind([hx("50"), opening.to_vec()].concat())
        .expectation(|expectation| {
            expectation.nonce = Some(nonce.into());
            expectation.purpose = Some(PURPOSE.into());
        })
        .person("a p j  abdul kalam", Some("98765 43210"))
        .presentation(|presentation| assert_eq!(*presentation, hx(PRESENTATION), "as SPEC.md has it"))
        .accepted()
}

/// One of the 32 sets of: audience, nonce, status list, commitment, specimen.
fn optional(set: u8) -> VerifyCase {
    let has = |bit: u8| set >> bit & 1 == 1;
    let names = ["audience", "nonce", "status list", "commitment", "specimen mark"];
    let listed: Vec<_> = (0..).zip(names).filter(|&(bit, _)| has(bit)).map(|(_, name)| name).collect();
    let comment = match listed.as_slice() {
        [] => "Of what may be left out, nothing is there.".to_owned(),
        listed => format!("Of what may be left out, these are there: {}.", listed.join(", ")),
    };
    let mut case = Case::new(format!("valid/optional-claims-{set:02}"), comment, &[Flag::Shape])
        .facts(|facts| {
            if !has(0) {
                facts.audience = None;
            }
            if !has(1) {
                facts.nonce = None;
            }
            if has(2) {
                facts.status_list = Some((u64::from(set), "https://lists.example/1".into()));
            }
            facts.specimen = has(4);
        })
        .policy(|policy| {
            policy.audience = has(0).then(|| AUDIENCE.into());
            policy.open = !has(0);
            policy.ignore_status_lists = has(2);
            policy.allow_specimen = has(4);
        })
        .expectation(|expectation| {
            if !has(1) {
                expectation.nonce = None;
            }
        });
    if has(3) {
        case = case.bound_to("a p j abdul kalam", None).person("A. P. J. Abdul Kalam", None);
    }
    case.accepted()
}
