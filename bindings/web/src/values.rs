//! The small values: what an answer says, as objects of JavaScript that are made there.

use crate::failure::{Outcome, failure};
use kycvs::{Algorithm, Status, Timestamp};
use std::str::FromStr;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(raw_module = "./values.js")]
extern "C" {
    /// A `Verdict`, by its fields in their order.
    #[allow(clippy::too_many_arguments, reason = "one call is cheaper than eleven")]
    #[wasm_bindgen(js_name = verdict)]
    fn make_verdict(
        status: u8,
        issuer: &str,
        audience: Option<String>,
        purpose: &str,
        issued_at: u64,
        expires_at: u64,
        token_id: &str,
        key_id: &str,
        nonce: Option<Vec<u8>>,
        subject_matched: bool,
        specimen: bool,
    ) -> JsValue;

    /// `Claims`, by their fields in their order.
    #[allow(clippy::too_many_arguments, reason = "one call is cheaper than fourteen")]
    #[wasm_bindgen(js_name = claims)]
    fn make_claims(
        status: u8,
        issuer: &str,
        audience: Option<String>,
        purpose: &str,
        issued_at: u64,
        expires_at: u64,
        token_id: &str,
        key_id: &str,
        algorithm: Option<String>,
        nonce: Option<Vec<u8>>,
        commitment: Option<Vec<u8>>,
        status_list_index: Option<u64>,
        status_list_uri: Option<String>,
        specimen: bool,
    ) -> JsValue;
}

pub(crate) fn verdict(verdict: &kycvs::Verdict) -> JsValue {
    make_verdict(
        verdict.status().number(),
        verdict.issuer(),
        verdict.audience().map(ToOwned::to_owned),
        verdict.purpose(),
        verdict.issued_at().as_secs(),
        verdict.expires_at().as_secs(),
        &verdict.token_id().to_string(),
        &verdict.key_id().to_string(),
        verdict.nonce().map(ToOwned::to_owned),
        verdict.subject_matched(),
        verdict.is_specimen(),
    )
}

pub(crate) fn claims(token: &kycvs::Token<'_>) -> JsValue {
    let claims = token.unverified_claims();
    make_claims(
        claims.status().number(),
        claims.issuer().as_str(),
        claims.audience().map(|audience| audience.as_str().to_owned()),
        claims.purpose().as_str(),
        claims.issued_at().as_secs(),
        claims.expires_at().as_secs(),
        &claims.token_id().to_string(),
        &token.key_id().to_string(),
        token.algorithm().map(|algorithm| algorithm.name().to_owned()),
        claims.nonce().map(|nonce| nonce.as_bytes().to_owned()),
        claims.commitment().map(|commitment| commitment.as_bytes().to_vec()),
        claims.status_list().map(kycvs::StatusListRef::index),
        claims.status_list().map(|list| list.uri().to_owned()),
        claims.is_specimen(),
    )
}

/// Whether a person of this status is vaccinated at least so far.
#[wasm_bindgen(js_name = statusMeets)]
pub fn status_meets(status: u8, at_least: u8) -> Outcome<bool> {
    Ok(self::status(status)? >= self::status(at_least)?)
}

pub(crate) fn status(number: u8) -> Outcome<Status> {
    number.try_into().map_err(failure)
}

pub(crate) fn algorithm(name: Option<&str>) -> Outcome<Option<Algorithm>> {
    name.map(Algorithm::from_str).transpose().map_err(failure)
}

pub(crate) fn timestamp(seconds: Option<u64>) -> Option<Timestamp> {
    seconds.map(Timestamp::from_secs)
}
