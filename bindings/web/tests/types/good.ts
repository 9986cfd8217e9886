// What the types have to allow.

import {
  Algorithm, Issuer, KycvsError, MemoryReplayGuard, Presentation, SigningKey, Status, Subject, TrustStore, TrustedKey, Verdict,
  Verifier, VerifyingKey, importKeys, otherKind, readQr,
} from "kycvs";
import type { Answer, Bytes, Claims, Expectation, Family, Input, Policy, ReplayGuard, Signer, StatusListRef } from "kycvs";

const key: SigningKey = SigningKey.generate();
const verifyingKey: VerifyingKey = key.verifyingKey;
const signer: Signer = { verifyingKey, sign: (message: Uint8Array): Uint8Array => key.sign(message) };
const bytes: Bytes[] = [new Uint8Array(1), new ArrayBuffer(1), Buffer.from(""), new DataView(new ArrayBuffer(1))];
const statusList: StatusListRef = { index: 1n, uri: "u" };
const answer: Answer = {
  status: Status.FULLY_VACCINATED, purpose: "p", validForSeconds: 900n, audience: null, nonce: bytes[0], subject: new Subject("a"),
  statusList, specimen: false,
};
const presentation: Presentation = new Issuer("a", signer, { algorithm: Algorithm.ED25519 }).issue(answer, { now: new Date() });
const trusted = new TrustedKey("a", importKeys(key.verifyingKey.toPem()).keys[0]!, { notBefore: 1n, notAfter: new Date(), algorithm: "EdDSA" });
const guard: ReplayGuard = new MemoryReplayGuard(1);
const policy: Policy = { audience: "a", open: true, clockSkewSeconds: 1, maxLifetimeSeconds: 1n, replayGuard: guard };
const verifier = new Verifier(new TrustStore(new Set([trusted])), policy).withTrust(new TrustStore());
const expectation: Expectation = { nonce: null, purpose: undefined, subject: null, now: 1n };
const inputs: Input[] = [presentation, "KV1:", new Uint8Array(1)];
const results: (Verdict | KycvsError)[] = verifier.verifyMany(inputs, expectation);
for (const result of results) {
  if (result instanceof KycvsError) {
    const family: Family = result.family;
    console.log(result.code, result.number, family, result.cause);
  } else {
    const status: 0 | 1 | 2 = result.status;
    const seconds: bigint = result.expiresAtSeconds;
    const time: Date = result.issuedAt;
    console.log(status, seconds, time, result.meets(Status.PARTIALLY_VACCINATED), result.nonce?.length);
  }
}
const claims: Claims = presentation.unverifiedClaims();
const seen = readQr([{ data: new Uint8ClampedArray(4), width: 1, height: 1 }]);
if (seen.content !== null && seen.found === "other") console.log(otherKind(seen.content)?.words);
console.log(claims.statusList?.uri, seen.texts, readQr({ data: new Uint8ClampedArray(4), width: 1, height: 1 }).damaged);
