// What the package does, apart from what the test vectors see.

import assert from "node:assert/strict";
import { createPublicKey, sign, verify } from "node:crypto";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import * as kycvs from "kycvs";
import { AUDIENCE, NONCE, NOW, expectation, issued, issuer, key, said, trust, trusted, verifier } from "./parties.mjs";

const PASSPHRASE = "correct horse battery staple";

test("an answer comes back as a verdict", () => {
  const answer = issued({ subject: new kycvs.Subject("A.P.J. Abdul Kalam", "98765 43210") });
  const subject = new kycvs.Subject("a p j abdul kalam", "+919876543210");
  const verdict = verifier.verify(answer.toText(), { ...expectation, purpose: "rail-booking", subject });
  assert.ok(verdict instanceof kycvs.Verdict);
  assert.deepEqual({ ...verdict, nonce: [...verdict.nonce ?? []], tokenId: verdict.tokenId.length }, {
    status: 2, issuer: "in.gov.cowin", audience: AUDIENCE, purpose: "rail-booking", issuedAtSeconds: NOW,
    expiresAtSeconds: NOW + 900n, tokenId: 32, keyId: key.verifyingKey.keyId, nonce: [...NONCE], specimen: false,
    subjectMatched: true,
  });
  assert.equal(verdict.issuedAt.getTime(), Number(NOW) * 1000);
  assert.equal(verdict.expiresAt.getTime(), Number(NOW + 900n) * 1000);
  assert.throws(() => Object.assign(verdict, { status: 0 }), TypeError);
  for (const [status, met] of /** @type {const} */ ([[0, true], [1, true], [2, true]])) assert.equal(verdict.meets(status), met);
  const none = verifier.verify(issued({ status: kycvs.Status.NOT_VACCINATED }), expectation);
  assert.deepEqual([none.meets(0), none.meets(1), none.meets(2)], [true, false, false]);
});

test("bytes and dates of another realm", () => {
  const { bytes, buffer, view, now } = runInNewContext(`
    const bytes = Uint8Array.from(data);
    ({ bytes, buffer: bytes.buffer, view: new DataView(bytes.buffer), now: new Date(milliseconds) });
  `, { data: [...issued().toBytes()], milliseconds: Number(NOW) * 1000 });
  for (const data of [bytes, buffer, view]) assert.equal(verifier.verify(data, { nonce: NONCE, now }).status, 2);
  const sign = (/** @type {Uint8Array} */ message) => runInNewContext("Uint8Array.from(data)", { data: [...key.sign(message)] });
  assert.ok(new kycvs.Issuer("a", { verifyingKey: key.verifyingKey, sign }).issue(said()));
  assert.throws(() => verifier.verify(/** @type {any} */ (new Float64Array(2)), expectation), TypeError);
});

test("without a time it is now", () => {
  const verdict = verifier.verify(issuer.issue(said()), { nonce: NONCE });
  assert.ok(Math.abs(verdict.issuedAt.getTime() - Date.now()) < 5000);
  assert.equal(verifier.verify(issued(), { nonce: NONCE, now: new Date(Number(NOW) * 1000 + 999) }).status, 2);
});

test("claims are what a token says", () => {
  const statusList = { index: 2n ** 40n, uri: "https://example.org/lists/1" };
  const answer = issued({ statusList, specimen: true, subject: new kycvs.Subject("Asha Rao"), audience: null, nonce: null });
  const claims = answer.unverifiedClaims();
  assert.ok(claims instanceof kycvs.Claims);
  assert.deepEqual([claims.algorithm, claims.statusList, claims.specimen, claims.audience, claims.nonce, claims.commitment?.length],
    ["EdDSA", statusList, true, null, null, 32]);
  assert.equal(claims.keyId, key.verifyingKey.keyId);
  assert.ok(answer.hasOpening && !answer.withoutOpening().hasOpening);
});

test("errors are of their family's class, and lead nowhere else", () => {
  const { name, message, code, number, family, stack } = /** @type {kycvs.KycvsError} */ (caught(
    () => verifier.verify(issued(), { ...expectation, nonce: new TextEncoder().encode("another challenge") }),
  ));
  assert.deepEqual([name, code, number, family], ["RefusedError", "wrong_nonce", 15, "refused"]);
  assert.match(message, /ask again/);
  assert.match(stack ?? "", /^RefusedError: the answer/);
  const names = { TrustStore: kycvs.SetUpError, Presentation: kycvs.UnreadableError };
  assert.ok(caught(() => kycvs.TrustStore.fromBytes(Buffer.from("x"))) instanceof names.TrustStore);
  assert.ok(caught(() => kycvs.Presentation.fromBytes(Buffer.from("x"))) instanceof names.Presentation);
});

test("a signer of the app's own", () => {
  const device = { verifyingKey: key.verifyingKey, sign: (/** @type {Uint8Array} */ message) => key.sign(message) };
  const foreign = new kycvs.Issuer("in.gov.cowin", device);
  assert.equal(verifier.verify(foreign.issue(said(), { now: NOW }), expectation).status, 2);
  const pin = new Error("the device is locked");
  const broken = (/** @type {() => any} */ sign) => /** @type {kycvs.KycvsError} */ (caught(
    () => new kycvs.Issuer("in.gov.cowin", { verifyingKey: key.verifyingKey, sign }).issue(said()),
  ));
  const locked = broken(() => { throw pin; });
  assert.ok(locked instanceof kycvs.IssuingError);
  assert.deepEqual([locked.code, locked.cause], ["signer_failed", pin]);
  for (const wrong of [new Uint8Array(63), null, "signature"]) {
    const { code, message, cause } = broken(() => wrong);
    assert.equal(code, "signer_failed");
    assert.match(`${message} ${cause}`, /64 bytes/);
  }
});

test("a replay guard of the app's own", () => {
  /** @type {unknown[][]} */
  const asked = [];
  const guarded = (/** @type {(...asked: any[]) => any} */ firstUse) => new kycvs.Verifier(trust, { audience: AUDIENCE, replayGuard: { firstUse } });
  const answer = issued();
  const first = guarded((...given) => asked.push(given) === 1);
  const { tokenId } = first.verify(answer, expectation);
  assert.equal(code(() => first.verify(answer, expectation)), "replayed");
  assert.equal(code(() => first.withTrust(trust).verify(answer, expectation)), "replayed", "the guard stays");
  assert.deepEqual(asked[0]?.slice(0, 2), ["in.gov.cowin", tokenId]);
  assert.ok(/** @type {bigint} */ (asked[0]?.[2]) > NOW + 900n && asked[0]?.[3] === NOW);
  // A refused answer uses nothing up.
  const never = guarded(() => assert.fail("it was asked"));
  assert.equal(code(() => never.verify(answer, { ...expectation, purpose: "another" })), "wrong_purpose");

  const lost = new Error("the database is gone");
  const failed = /** @type {kycvs.KycvsError} */ (caught(() => guarded(() => { throw lost; }).verify(answer, expectation)));
  assert.deepEqual([failed.code, failed.cause], ["replay_guard_failed", lost]);
  for (const wrong of [undefined, 1, "yes", Promise.resolve(true)]) {
    assert.equal(code(() => guarded(() => wrong).verify(answer, expectation)), "replay_guard_failed");
  }
  // It may come back into the verifier that asks it.
  const inner = guarded(() => inner2.verify(answer, expectation).status === 2);
  const inner2 = guarded(() => true);
  assert.equal(inner.verify(answer, expectation).status, 2);
});

test("the guard in memory takes each token once, is bounded, and forgets what has expired by both clocks", (t) => {
  let own = 0;
  t.mock.method(performance, "now", () => own);
  const guard = new kycvs.MemoryReplayGuard(2);
  assert.equal(guard.capacity, 2);
  const ids = [1, 2, 3].map((digit) => String(digit).repeat(32));
  const use = (/** @type {number} */ id, /** @type {bigint} */ until, /** @type {bigint} */ now) => guard.firstUse("a", ids[id] ?? "", until, now);
  assert.deepEqual([use(0, 10n, 1n), use(1, 20n, 1n), use(0, 10n, 9n)], [true, true, false]);
  assert.throws(() => use(2, 30n, 9n), /full/);
  assert.throws(() => use(2, 30n, 1000n), /full/, "a late time alone forgets nothing");
  own = 1_000_000;
  assert.throws(() => use(2, 30n, 9n), /full/, "nor does time that passes while the clock stands");
  own = 9000;
  assert.deepEqual([use(2, 30n, 10n), use(1, 20n, 19n)], [true, false]);
  own = 19_000;
  assert.deepEqual([use(0, 40n, 20n), use(2, 30n, 21n)], [true, false]);
  const other = new kycvs.MemoryReplayGuard(2);
  assert.ok(other.firstUse("a", ids[0] ?? "", 9n, 1n) && other.firstUse("b", ids[0] ?? "", 9n, 1n));

  const once = new kycvs.Verifier(trust, { audience: AUDIENCE, replayGuard: new kycvs.MemoryReplayGuard(1) });
  const answer = issued();
  assert.equal(once.verify(answer, expectation).status, 2);
  assert.equal(code(() => once.verify(answer, expectation)), "replayed");
  const full = /** @type {kycvs.KycvsError} */ (caught(() => once.verify(issued(), expectation)));
  assert.match(`${full.code} ${full.cause}`, /replay_guard_failed.*full/);
});

test("what was typed in is a fault of the set-up, and text given as bytes says so", () => {
  for (const name of ["", "...", "\u200d"]) assert.ok(caught(() => new kycvs.Subject(name)) instanceof kycvs.SetUpError);
  const unreadable = /** @type {kycvs.KycvsError} */ (caught(() => verifier.verify(Buffer.from(issued().toText()), expectation)));
  assert.equal(unreadable.code, "malformed");
  assert.match(unreadable.message, /give it as text/);
});

test("many at once", () => {
  const answers = verifier.verifyMany(new Set([issued(), issued().toText(), Buffer.from("damaged"), issued().toBytes()]), expectation);
  assert.deepEqual(answers.map((one) => (one instanceof kycvs.KycvsError ? one.code : one.status)), [2, 2, "malformed", 2]);
});

test("keys in all their forms, and Node's own crypto reads them", () => {
  const message = Buffer.from("a message");
  const again = [
    kycvs.SigningKey.fromPem(key.toPem()), kycvs.SigningKey.fromJwk(key.toJwk()), kycvs.SigningKey.fromCoseKey(key.toCoseKey()),
    kycvs.SigningKey.fromEncryptedPem(Buffer.from(key.toEncryptedPem(PASSPHRASE)), PASSPHRASE),
    kycvs.SigningKey.fromSeed(Buffer.from(JSON.parse(key.toJwk()).d, "base64url")),
  ];
  for (const one of again) assert.equal(one.verifyingKey.keyId, key.verifyingKey.keyId);
  assert.ok(kycvs.SigningKey.isEncryptedPem(key.toEncryptedPem("x")) && !kycvs.SigningKey.isEncryptedPem(key.toPem()));
  assert.equal(code(() => kycvs.SigningKey.fromEncryptedPem(key.toEncryptedPem(PASSPHRASE), "wrong")), "wrong_passphrase");
  for (const empty of ["", new Uint8Array()]) assert.equal(code(() => key.toEncryptedPem(empty)), "wrong_passphrase");

  const { verifyingKey } = key;
  assert.ok(verify(null, message, createPublicKey(verifyingKey.toPem()), key.sign(message)));
  assert.ok(verifyingKey.verifies(message, sign(null, message, { key: key.toPem(), format: "pem" })));
  assert.ok(!verifyingKey.verifies(Buffer.from("another"), key.sign(message)) && !verifyingKey.verifies(message, Buffer.alloc(3)));
  assert.equal(verifyingKey.thumbprint.length, 32);
  for (const file of [verifyingKey.toJwk("Ed25519"), verifyingKey.toCoseKey("Ed25519"), Buffer.from(verifyingKey.toJwk("Ed25519"))]) {
    const { keys: [imported], skipped } = kycvs.importKeys(file);
    assert.ok(imported && skipped === 0);
    assert.deepEqual([imported.algorithm, imported.key.keyId], ["Ed25519", verifyingKey.keyId]);
    assert.equal(new kycvs.TrustedKey("a", imported).algorithm, "Ed25519");
    assert.equal(code(() => new kycvs.TrustedKey("a", imported, { algorithm: "EdDSA" })), "bad_trust_store");
  }
  assert.equal(kycvs.importKeys(verifyingKey.toPem()).keys[0]?.algorithm, null);
});

test("a trust store and its keys", () => {
  const notBefore = new Date(1_700_000_000_500);
  const one = new kycvs.TrustedKey("x", kycvs.SigningKey.generate().verifyingKey, {
    algorithm: kycvs.Algorithm.ED25519, notBefore, notAfter: 2n ** 64n - 1n, withdrawn: true,
  });
  // A bound within a second is one at its end.
  assert.deepEqual([one.notBeforeSeconds, one.notAfterSeconds, one.withdrawn, one.algorithm], [1_700_000_001n, 2n ** 64n - 1n, true, "Ed25519"]);
  assert.equal(one.notAfter?.getTime(), 8.64e15);
  assert.deepEqual([trusted.notBefore, trusted.notAfter, trusted.withdrawn], [null, null, false]);
  const both = trust.withKey(one);
  assert.deepEqual([trust.size, both.size], [1, 2]);
  const again = kycvs.TrustStore.fromBytes(both.toBytes());
  assert.deepEqual(again.keys.map(({ issuer, keyId }) => [issuer, keyId]), both.keys.map(({ issuer, keyId }) => [issuer, keyId]));
  assert.equal(code(() => both.withKey(trusted)), "bad_trust_store");
  assert.equal(code(() => new kycvs.TrustStore([trusted, trusted])), "bad_trust_store");
  assert.equal(trust.size, 1, "a store never changes");
});

test("what is random is so", () => {
  const ids = Array.from({ length: 200 }, () => issued().unverifiedClaims().tokenId);
  assert.equal(new Set(ids).size, 200);
  assert.notEqual(kycvs.SigningKey.generate().verifyingKey.keyId, kycvs.SigningKey.generate().verifyingKey.keyId);
});

test("a random source that fails is told", () => {
  const { getRandomValues } = crypto;
  const broken = new Error("no entropy");
  crypto.getRandomValues = () => { throw broken; };
  try {
    const error = /** @type {kycvs.KycvsError} */ (caught(() => kycvs.SigningKey.generate()));
    assert.deepEqual([error.code, error.cause], ["random_source_failed", broken]);
    assert.equal(code(() => issuer.issue(said())), "random_source_failed");
  } finally {
    crypto.getRandomValues = getRandomValues;
  }
});

/** @param {() => unknown} call */
function caught(call) {
  try {
    call();
  } catch (error) {
    return error;
  }
  assert.fail("it did not throw");
}

/** @param {() => unknown} call */
function code(call) {
  const error = caught(call);
  assert.ok(error instanceof kycvs.KycvsError, String(error));
  return error.code;
}
