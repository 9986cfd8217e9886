// What the types have to allow.

import {
  Algorithm, InitError, Issuer, KycvsError, MemoryReplayGuard, Presentation, SigningKey, Status, Subject, TrustStore, TrustedKey, Verdict,
  Verifier, VerifyingKey, importKeys, otherKind, readQr,
} from "kycvs";
import type { Answer, AsyncReplayGuard, AsyncSigner, Bytes, Claims, Expectation, Family, Input, Policy, ReplayGuard, Signer, StatusListRef } from "kycvs";
import { InitError as SameInitError, PendingAnswer, PendingVerdict, Verifier as SameVerifier, init, initSync } from "kycvs/init";
import type { ModuleSource } from "kycvs/init";

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

const later: AsyncSigner = { verifyingKey, signAsync: async (message) => key.sign(message) };
const webCrypto: AsyncSigner = { verifyingKey, signAsync: (message: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> => Promise.resolve(message.buffer) };
const answered: Promise<Presentation> = new Issuer("a", later).issueAsync(answer, { now: 1n });
const pendingAnswer: PendingAnswer = new Issuer("a", verifyingKey).beginIssue(answer);
const finished: Presentation = pendingAnswer.finish(key.sign(pendingAnswer.message));
const asyncReplayGuard: AsyncReplayGuard = { firstUse: async (issuer: string, tokenId: string, keepUntil: bigint) => keepUntil > 0n && issuer !== tokenId };
const waiting = new Verifier(new TrustStore(), { open: true, asyncReplayGuard, issuedAfter: new Date() });
const awaited: Promise<Verdict> = waiting.verifyAsync("KV1:", expectation);
const all: Promise<(Verdict | KycvsError)[]> = waiting.verifyManyAsync(inputs, expectation);
const pendingVerdict: PendingVerdict = verifier.beginVerify("KV1:", expectation);
const verdict: Verdict = pendingVerdict.finish(pendingVerdict.keepUntilSeconds > pendingVerdict.nowSeconds);
const sources: (ModuleSource | Promise<ModuleSource>)[] = ["/kycvs_web_bg.wasm", new URL("data:,"), fetch("data:,"), new Uint8Array(1), Buffer.from("")];
const loaded: Promise<void> = init(sources[0]!).catch((error) => {
  if (error instanceof InitError && error.code === "init_failed") initSync(new Uint8Array(1));
});
const same: Verifier = new SameVerifier(new TrustStore(), { open: true, issuedAfter: 1n });
const early: unknown = new InitError("not_initialized", "m") instanceof SameInitError;
console.log(early, webCrypto, answered, finished, awaited, all, verdict, loaded, same);
