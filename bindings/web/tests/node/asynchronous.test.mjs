// Signers and replay guards that do not answer at once: in two calls, or with a promise.

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import * as kycvs from "kycvs";
import { AUDIENCE, NONCE, NOW, expectation, issued, key, said, trust, verifier } from "./parties.mjs";

const NAME = "in.gov.cowin";
const { verifyingKey } = key;
/** @typedef {kycvs.KycvsError} Failure */

/** @param {() => unknown} call @returns {Promise<any>} */
async function caught(call) {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return assert.fail("it was expected to throw");
}

/** @param {any} firstUse */
const guarded = (firstUse) => new kycvs.Verifier(trust, { audience: AUDIENCE, asyncReplayGuard: { firstUse } });
/** @param {any} firstUse */
const guardedAtOnce = (firstUse) => new kycvs.Verifier(trust, { audience: AUDIENCE, replayGuard: { firstUse } });
/** @param {any} signAsync */
const signing = (signAsync) => new kycvs.Issuer(NAME, { verifyingKey, signAsync });
const strangers = kycvs.SigningKey.generate();

test("a key of WebCrypto signs an answer that verifies", async () => {
  const pair = /** @type {webcrypto.CryptoKeyPair} */ (await webcrypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]));
  const own = kycvs.VerifyingKey.fromBytes(await webcrypto.subtle.exportKey("raw", pair.publicKey));
  const issuer = new kycvs.Issuer(NAME, { verifyingKey: own, signAsync: (message) => webcrypto.subtle.sign("Ed25519", pair.privateKey, message) });
  const answer = await issuer.issueAsync(said(), { now: NOW });
  const trusting = new kycvs.Verifier(new kycvs.TrustStore([new kycvs.TrustedKey(NAME, own)]), { audience: AUDIENCE });
  assert.equal(trusting.verify(answer, expectation).status, 2);
});

test("issueAsync issues with any signer that can sign", async () => {
  const subject = new kycvs.Subject("Asha Rani");
  for (const signer of [key, { verifyingKey, sign: key.sign.bind(key) }, { verifyingKey, signAsync: async (/** @type {Uint8Array} */ message) => key.sign(message) }]) {
    const answer = await new kycvs.Issuer(NAME, signer).issueAsync(said({ subject }), { now: NOW });
    assert.ok(verifier.verify(answer, { ...expectation, subject }).subjectMatched);
  }
});

test("beginIssue gives the bytes to sign, and finish the answer", () => {
  const pending = new kycvs.Issuer(NAME, verifyingKey).beginIssue(said(), { now: NOW });
  const answer = pending.finish(key.sign(pending.message));
  assert.equal(verifier.verify(answer, expectation).status, 2);
  assert.throws(() => pending.finish(new Uint8Array(64)), /this PendingAnswer was finished or freed/);
  assert.throws(() => pending.message, /was freed/);
});

test("a wrong signature issues nothing, at once, in two calls and with a promise", async () => {
  /** @type {Record<string, (message: Uint8Array) => Uint8Array>} */
  const wrong = {
    none: () => new Uint8Array(0), short: (message) => key.sign(message).subarray(1), zeros: () => new Uint8Array(64),
    "another key's": (message) => strangers.sign(message), "another message's": (message) => key.sign(message.subarray(1)),
  };
  for (const [name, sign] of Object.entries(wrong)) {
    const pending = new kycvs.Issuer(NAME, verifyingKey).beginIssue(said());
    const error = await caught(() => pending.finish(sign(pending.message)));
    const other = await caught(() => signing(async (/** @type {Uint8Array} */ message) => sign(message)).issueAsync(said()));
    const atOnce = await caught(() => new kycvs.Issuer(NAME, { verifyingKey, sign }).issue(said()));
    assert.ok(error instanceof kycvs.IssuingError && other instanceof kycvs.IssuingError, name);
    assert.deepEqual([atOnce.code, atOnce.message], [error.code, error.message], name);
    assert.deepEqual([error.code, other.code, error.message], ["signer_failed", "signer_failed", other.message], name);
    assert.match(error.message, /nothing was issued/, name);
  }
});

test("what an asynchronous signer rejects with is the cause", async () => {
  const lost = new Error("the key service is gone");
  for (const sign of [async () => { throw lost; }, () => { throw lost; }]) {
    const error = await caught(() => signing(sign).issueAsync(said()));
    assert.deepEqual([error.code, error.cause], ["signer_failed", lost]);
  }
  for (const wrong of [undefined, "signature", 7]) {
    const error = await caught(() => signing(async () => wrong).issueAsync(said()));
    assert.equal(error.code, "signer_failed");
    assert.match(error.cause.message, /64 bytes of a signature/);
  }
});

test("a call that cannot wait says which one can", async () => {
  assert.throws(() => signing(async () => key.sign(NONCE)).issue(said()), /TypeError.*call issueAsync/);
  const keyOnly = new kycvs.Issuer(NAME, verifyingKey);
  assert.throws(() => keyOnly.issue(said()), /TypeError.*call beginIssue/);
  assert.match((await caught(() => keyOnly.issueAsync(said()))).message, /call beginIssue/);
  const async = guarded(async () => true);
  for (const call of [() => async.verify(issued(), expectation), () => async.verifyMany([issued()], expectation), () => async.beginVerify(issued(), expectation)]) {
    assert.throws(call, /TypeError.*call verifyAsync/);
  }
  assert.throws(() => async.withTrust(trust).verify(issued(), expectation), /call verifyAsync/, "the guard stays");
  const both = { audience: AUDIENCE, replayGuard: new kycvs.MemoryReplayGuard(1), asyncReplayGuard: new kycvs.MemoryReplayGuard(1) };
  assert.throws(() => new kycvs.Verifier(trust, both), /and not both/);
});

test("a promise in a synchronous call is refused with a sentence that says what to do", async () => {
  // One that is rejected must not end the process either.
  for (const promise of [() => Promise.resolve(true), () => Promise.reject(new Error("gone")), () => ({ then() {} })]) {
    const own = guardedAtOnce(promise);
    const [row] = own.verifyMany([issued()], expectation);
    for (const error of [await caught(() => own.verify(issued(), expectation)), row, await caught(() => own.beginVerify(issued(), expectation).finish(true))]) {
      assert.ok(error instanceof kycvs.SetUpError);
      assert.equal(error.code, "replay_guard_failed");
      assert.match(error.message, /returned a promise, so the answer was not accepted: .*verifyAsync/);
    }
    const signer = { verifyingKey, sign: /** @type {any} */ (promise) };
    const error = await caught(() => new kycvs.Issuer(NAME, signer).issue(said()));
    assert.ok(error instanceof kycvs.IssuingError);
    assert.match(error.message, /returned a promise, so nothing was issued: .*issueAsync/);
    assert.throws(() => verifier.beginVerify(issued(), expectation).finish(/** @type {any} */ (promise())), /TypeError.*is a promise, so the answer was not accepted/);
    assert.throws(() => new kycvs.Issuer(NAME, key).beginIssue(said()).finish(/** @type {any} */ (promise())), /TypeError.*is a promise/);
  }
});

test("verifyAsync waits for the guard, and gives it what it needs", async () => {
  /** @type {any[]} */
  const asked = [];
  const own = guarded(async (/** @type {any[]} */ ...use) => asked.push(use) === 1);
  const answer = issued();
  const { tokenId, status } = await own.verifyAsync(answer, expectation);
  assert.equal(status, 2);
  assert.deepEqual(asked, [[NAME, tokenId, NOW + 900n + 600n, NOW]]);
  assert.equal((await caught(() => own.verifyAsync(answer.toText(), expectation))).code, "replayed");
  assert.equal((await caught(() => own.withTrust(trust).verifyAsync(answer.toBytes(), expectation))).code, "replayed");
  assert.equal((await caught(() => own.verifyAsync(answer, { ...expectation, purpose: "another" }))).code, "wrong_purpose");
  assert.equal(asked.length, 3, "a refused answer uses nothing up");
});

test("verifyAsync does what verify does with a guard that answers at once, or none", async () => {
  const once = new kycvs.Verifier(trust, { audience: AUDIENCE, replayGuard: new kycvs.MemoryReplayGuard(1) });
  const answer = issued();
  assert.equal((await once.verifyAsync(answer, expectation)).status, 2);
  assert.equal((await caught(() => once.verifyAsync(answer, expectation))).code, "replayed");
  assert.equal((await caught(() => once.verify(answer, expectation))).code, "replayed", "one guard for both");
  assert.equal((await verifier.verifyAsync(answer, expectation)).status, 2);
});

test("only true is a first use", async () => {
  const lost = new Error("the database is gone");
  for (const firstUse of [async () => { throw lost; }, () => { throw lost; }]) {
    const error = await caught(() => guarded(firstUse).verifyAsync(issued(), expectation));
    assert.deepEqual([error.code, error.cause], ["replay_guard_failed", lost]);
  }
  for (const wrong of [undefined, null, 1, "true", {}, [true]]) {
    const error = await caught(() => guarded(async () => wrong).verifyAsync(issued(), expectation));
    assert.equal(error.code, "replay_guard_failed");
    assert.throws(() => verifier.beginVerify(issued(), expectation).finish(/** @type {any} */ (wrong)), /firstUse: expected true or false/);
  }
});

test("verifyManyAsync gives each row its verdict or error, in order", async () => {
  const used = new Set();
  const own = guarded(async (/** @type {string} */ _, /** @type {string} */ tokenId) => !used.has(tokenId) && Boolean(used.add(tokenId)));
  const [one, other] = [issued(), issued({ status: 0 })];
  const rows = await own.verifyManyAsync([one, "KV1:DAMAGED", other.toText(), one.toBytes()], expectation);
  assert.deepEqual(rows.map((row) => (row instanceof kycvs.KycvsError ? row.code : row.status)), [2, "bad_text", 0, "replayed"]);
  await assert.rejects(own.verifyManyAsync(/** @type {any} */ ([issued(), 7]), expectation), /presentations\[1\]: expected/);
  assert.equal(used.size, 2, "a mistake in the call uses nothing up");
});

test("verifyManyAsync checks each row when its turn comes, by the time that it is then", async (t) => {
  let now = Number(NOW) * 1000;
  t.mock.timers.enable({ apis: ["Date"], now });
  /** @type {bigint[]} */
  const asked = [];
  const own = guarded(async (/** @type {any[]} */ ...[, , , second]) => {
    asked.push(second);
    now += 440_000;
    t.mock.timers.setTime(now);
    return true;
  });
  // Good for 15 minutes, and a little more since clocks differ. The guard takes 440 seconds for each row.
  const given = [issued(), issued(), issued(), issued()];
  const rows = await own.verifyManyAsync(given, { nonce: NONCE });
  assert.deepEqual(rows.map((row) => (row instanceof kycvs.KycvsError ? row.code : row.status)), [2, 2, 2, "expired"]);
  assert.deepEqual(asked, [NOW, NOW + 440n, NOW + 880n], "the guard is not asked for what has expired");
  const date = new Date(Number(NOW) * 1000);
  const fixed = own.verifyManyAsync(given, { nonce: NONCE, now: date });
  date.setTime(0);
  assert.equal((await fixed).filter((row) => row instanceof kycvs.KycvsError).length, 0, "a time that is given is that of all rows");
});

test("what happens during verifyManyAsync to what it was given changes nothing, and a verifier that is freed is told", async () => {
  const nonce = new Uint8Array(NONCE);
  const subject = new kycvs.Subject("Asha Rani");
  const freed = issued({ subject });
  const wiped = Buffer.from(issued({ subject }).toBytes());
  const given = [issued({ subject }), issued({ subject }).toText(), freed, wiped];
  const own = guarded(async () => {
    freed.free();
    wiped.fill(0);
    nonce.fill(0);
    subject.free();
    given.length = 0;
    return true;
  });
  const rows = await own.verifyManyAsync(given, { nonce, now: NOW, subject });
  assert.deepEqual(rows.map((row) => !(row instanceof kycvs.KycvsError) && row.subjectMatched), [true, true, true, true]);
  const closing = guarded(async () => {
    closing.free();
    return true;
  });
  await assert.rejects(closing.verifyManyAsync([issued(), issued()], expectation), /TypeError.*this Verifier was freed/);
});

test("beginVerify checks all else first, and finish gives the verdict once", () => {
  const pending = verifier.beginVerify(issued(), expectation);
  assert.deepEqual([pending.issuer, pending.keepUntilSeconds, pending.nowSeconds], [NAME, NOW + 1500n, NOW]);
  const { tokenId } = pending;
  assert.equal(pending.finish(true).tokenId, tokenId);
  assert.throws(() => pending.finish(true), /this PendingVerdict was finished or freed/);
  assert.throws(() => verifier.beginVerify(issued(), expectation).finish(false), { code: "replayed" });
  assert.throws(() => verifier.beginVerify("KV1:DAMAGED", expectation), { code: "bad_text" });
  assert.throws(() => verifier.beginVerify(issued(), { ...expectation, now: NOW + 10_000n }), { code: "expired" });
  // A guard of the verifier's own is not left out.
  const own = new kycvs.Verifier(trust, { audience: AUDIENCE, replayGuard: new kycvs.MemoryReplayGuard(1) });
  const answer = issued();
  assert.equal(own.beginVerify(answer, expectation).finish(true).status, 2);
  assert.throws(() => own.beginVerify(answer, expectation).finish(true), { code: "replayed" });
});

test("answers that may be from before the start are expired", () => {
  const after = (/** @type {any} */ issuedAfter) => new kycvs.Verifier(trust, { audience: AUDIENCE, issuedAfter, clockSkewSeconds: 60 });
  const code = (/** @type {any} */ bound) => {
    try {
      return after(bound).verify(issued(), expectation).status;
    } catch (error) {
      return /** @type {Failure} */ (error).code;
    }
  };
  assert.deepEqual([NOW - 61n, NOW - 60n, NOW, 2n ** 64n - 1n, 0n, null, undefined].map(code), [2, "expired", "expired", "expired", 2, 2, 2]);
  assert.equal(code(new Date(Number(NOW - 61n) * 1000 + 999)), 2, "in the second before");
  assert.equal(code(new Date(Number(NOW - 60n) * 1000)), "expired");
  assert.throws(() => after(1_790_000_000), /issuedAfter: expected a Date, or seconds since 1970 as a BigInt, not number/);
  assert.throws(() => after(new Date(Number.NaN)), RangeError);
  assert.throws(() => after(NOW).withTrust(trust).verify(issued(), expectation), { code: "expired" }, "it stays");
});

test("a text given as bytes says so, in each call and each row", async () => {
  const texts = [issued().toText(), issued().toBase64url(), `\ufeff ${issued().toText()}`, `KV1:${"0".repeat(2000)}`];
  const rows = texts.map((text) => new TextEncoder().encode(text));
  const sentence = /this is an answer's text given as bytes: give it as text/;
  for (const row of rows) {
    assert.throws(() => verifier.verify(row, expectation), sentence);
    assert.throws(() => verifier.beginVerify(row, expectation), sentence);
    assert.throws(() => kycvs.Presentation.fromBytes(row), sentence);
    assert.match((await caught(() => verifier.verifyAsync(row, expectation))).message, sentence);
  }
  const outcomes = [...verifier.verifyMany([issued(), ...rows], expectation), ...await verifier.verifyManyAsync(rows, expectation)];
  assert.ok(!(outcomes.shift() instanceof kycvs.KycvsError));
  assert.equal(outcomes.length, 8);
  for (const outcome of outcomes) assert.match(/** @type {Failure} */ (outcome).message, sentence);
});
