// An issuer, a verifier that trusts it, and a good answer, for the tests.

import * as kycvs from "kycvs";

export const AUDIENCE = "irctc.co.in";
export const NONCE = new TextEncoder().encode("sixteen bytes...");
/** Any time after 2024. */
export const NOW = 1_790_000_000n;

export const key = kycvs.SigningKey.generate();
export const issuer = new kycvs.Issuer("in.gov.cowin", key);
export const trusted = new kycvs.TrustedKey("in.gov.cowin", key.verifyingKey);
export const trust = new kycvs.TrustStore([trusted]);
export const verifier = new kycvs.Verifier(trust, { audience: AUDIENCE });
export const expectation = { nonce: NONCE, now: NOW };

/** @param {Partial<kycvs.Answer>} [more] @returns {kycvs.Answer} */
export const said = (more) => ({
  status: kycvs.Status.FULLY_VACCINATED, purpose: "rail-booking", validForSeconds: 900, audience: AUDIENCE, nonce: NONCE, ...more,
});

/** @param {Partial<kycvs.Answer>} [more] */
export const issued = (more) => issuer.issue(said(more), { now: NOW });
