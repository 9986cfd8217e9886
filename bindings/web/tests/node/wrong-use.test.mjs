// Wrong use is an error that says what to do, shows nothing of what was put in, and leaves the rest working.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as kycvs from "kycvs";
import { memory } from "./memory.mjs";
import { AUDIENCE, NONCE, NOW, expectation, issued, issuer, key, said, trust, verifier } from "./parties.mjs";

const SECRET = "Asha R. Verma";

/** Things that are of no type that is wanted anywhere. @type {any[]} */
const THINGS = [undefined, null, 7, Number.NaN, true, Symbol("s"), () => SECRET, {}, [], [1, 2], new Date(), new Map([[SECRET, SECRET]])];

/** @type {Record<string, (thing: any) => unknown>} */
const CALLS = {
  "a trust store of": (thing) => kycvs.TrustStore.fromBytes(thing),
  "a trust store with": (thing) => trust.withKey(thing),
  "a trusted key's issuer": (thing) => new kycvs.TrustedKey(thing, key.verifyingKey),
  "a trusted key's key": (thing) => new kycvs.TrustedKey("a", thing),
  "a verifier that trusts": (thing) => new kycvs.Verifier(thing, { open: true }),
  "a presentation": (thing) => verifier.verify(thing, expectation),
  "a presentation's text": (thing) => kycvs.Presentation.fromText(thing),
  "what may be a presentation's text": (thing) => kycvs.Presentation.isKv1(thing),
  "a presentation's bytes": (thing) => kycvs.Presentation.fromBytes(thing),
  "presentations of": (thing) => verifier.verifyMany([thing], expectation),
  "a name": (thing) => new kycvs.Subject(thing),
  "an opening": (thing) => new kycvs.Subject("a").commitment(thing),
  "an issuer's name": (thing) => new kycvs.Issuer(thing, key),
  "a signer": (thing) => new kycvs.Issuer("a", thing),
  "a status": (thing) => issuer.issue(said({ status: thing })),
  "a purpose": (thing) => issuer.issue(said({ purpose: thing })),
  "a seed": (thing) => kycvs.SigningKey.fromSeed(thing),
  "a PEM file": (thing) => kycvs.SigningKey.fromPem(thing),
  "a passphrase": (thing) => key.toEncryptedPem(thing),
  "a file of keys": (thing) => kycvs.importKeys(thing),
  "a message": (thing) => key.sign(thing),
  "a signature": (thing) => key.verifyingKey.verifies(NONCE, thing),
  "a key of": (thing) => kycvs.VerifyingKey.fromBytes(thing),
  "a constructor that is not public": (thing) => Reflect.construct(kycvs.SigningKey, [thing]),
  "a picture": (thing) => kycvs.readQr(thing),
  "a picture of several": (thing) => kycvs.readQr([thing]),
};

for (const [what, call] of Object.entries(CALLS)) {
  test(`wrong types: ${what}`, () => {
    for (const thing of THINGS) {
      assert.throws(() => call(thing), (error) => {
        assert.ok(error instanceof TypeError, `${String(error)} for ${typeof thing}`);
        assert.match(error.message, /expected/);
        assert.ok(!error.message.includes(SECRET));
        return true;
      });
    }
  });
}

test("wrong types where nothing may be given", () => {
  const wrong = [7, true, {}, [1], Symbol("s")];
  for (const thing of /** @type {any[]} */ (wrong)) {
    assert.throws(() => new kycvs.Subject("a", thing), /mobile: expected a string/);
    assert.throws(() => new kycvs.Verifier(trust, { audience: thing }), /audience: expected a string/);
    assert.throws(() => new kycvs.Verifier(trust, { open: true, replayGuard: thing }), /replayGuard: expected an object with a method firstUse/);
    assert.throws(() => verifier.verify(issued(), { nonce: thing }), /nonce: expected bytes/);
    assert.throws(() => verifier.verify(issued(), { nonce: null, purpose: thing }), /purpose: expected a string/);
    assert.throws(() => verifier.verify(issued(), { nonce: null, subject: thing }), /subject: expected a Subject/);
    assert.throws(() => issuer.issue(said({ subject: thing })), /subject: expected a Subject/);
  }
  assert.throws(() => new kycvs.Verifier(trust, { open: /** @type {any} */ (1) }), /open: expected true or false, not number/);
  assert.throws(() => verifier.verifyMany(/** @type {any} */ (issued().toText()), expectation), /for one there is verify/);
  assert.throws(() => verifier.verifyMany(/** @type {any} */ (issued().toBytes()), expectation), /for one there is verify/);
});

test("that no challenge was given has to be said", () => {
  assert.throws(() => verifier.verify(issued(), /** @type {any} */ ({})), /nonce: say the challenge/);
  assert.throws(() => verifier.verify(issued(), /** @type {any} */ (undefined)), /expectation: expected an object of nonce/);
  assert.equal(verifier.verify(issued(), { nonce: null, now: NOW }).status, 2);
});

test("an option that does not exist is a mistake, and not a check that is left out", () => {
  const misspelled = /** @type {any} */ ({ nonce: null, pupose: "rail-booking" });
  assert.throws(() => verifier.verify(issued(), misspelled), /there is no "pupose": nonce, purpose, subject, now/);
  assert.throws(() => new kycvs.Verifier(trust, /** @type {any} */ ({ audience: AUDIENCE, maxLifetme: 1 })), /there is no "maxLifetme"/);
  assert.throws(() => issuer.issue(/** @type {any} */ ({ ...said(), validFor: 1 })), /there is no "validFor"/);
});

test("times and spans", () => {
  const check = (/** @type {any} */ now) => verifier.verify(issued(), { nonce: NONCE, now });
  assert.throws(() => check(Date.now()), /now: expected a Date, or seconds since 1970 as a BigInt, not number/);
  assert.throws(() => check("2026-11-24"), /now: expected a Date/);
  assert.throws(() => check(new Date(Number.NaN)), RangeError);
  assert.throws(() => check(new Date(-1)), RangeError);
  assert.throws(() => check(-1n), RangeError);
  assert.throws(() => check(2n ** 64n), RangeError);
  for (const span of /** @type {any[]} */ ([-1, 0.5, Number.NaN, Infinity, 2 ** 53, -1n, 2n ** 64n])) {
    assert.throws(() => new kycvs.Verifier(trust, { open: true, maxLifetimeSeconds: span }), RangeError);
    assert.throws(() => issuer.issue(said({ validForSeconds: span })), RangeError);
  }
  assert.throws(() => new kycvs.Verifier(trust, { open: true, clockSkewSeconds: /** @type {any} */ ("60") }), TypeError);
  assert.throws(() => new kycvs.Verifier(trust, { open: true, clockSkewSeconds: 86_400 }), { code: "invalid_setting" });
  assert.throws(() => new kycvs.Verifier(trust, {}), { code: "invalid_setting" });
});

test("half of a surrogate pair", () => {
  const half = "\ud83d";
  assert.throws(() => new kycvs.Subject(half), /no text/);
  assert.throws(() => new kycvs.Issuer(half, key), /no text/);
  assert.throws(() => key.toEncryptedPem(half), /no text/);
  // What was scanned may be anything.
  assert.throws(() => verifier.verify(half, expectation), { code: "bad_text" });
  assert.throws(() => kycvs.SigningKey.fromPem(half), { code: "invalid_key" });
  assert.throws(() => kycvs.SigningKey.fromPem(Uint8Array.of(0xff, 0xfe)), { code: "invalid_key" });
});

test("inputs of 100 megabytes", () => {
  const before = memory();
  assert.throws(() => verifier.verify(new Uint8Array(100_000_000), expectation), { code: "too_large" });
  assert.throws(() => verifier.verify("A".repeat(100_000_000), expectation), { code: "too_large" });
  assert.throws(() => kycvs.Presentation.fromText("0".repeat(100_000_000)), { code: "too_large" });
  assert.equal(kycvs.Presentation.isKv1(`KV1:${"0".repeat(100_000_000)}`), true);
  assert.throws(() => kycvs.Presentation.fromBytes(new Uint8Array(100_000_000)), { code: "too_large" });
  assert.throws(() => kycvs.TrustStore.fromBytes(new Uint8Array(100_000_000)), { code: "bad_trust_store" });
  // A text that is too long alone, or with something after white space; and one that is not.
  const text = issued().toText();
  const space = " \t\r\n".repeat(1000);
  assert.equal(verifier.verify(space + text + space, expectation).status, 2);
  assert.throws(() => verifier.verify(`${text}${space}x`, expectation), { code: "too_large" });
  assert.throws(() => verifier.verify(space, expectation), { code: "bad_text" });
  assert.ok(memory() - before < 2 ** 22, "the module's memory, which never becomes smaller, did not take them in");
  assert.throws(() => kycvs.importKeys(new Uint8Array(100_000_000)), { code: "invalid_key" });
});

test("signatures of 200 megabytes", async () => {
  const before = memory();
  const long = new Uint8Array(200_000_000);
  const { verifyingKey } = key;
  const [atOnce, later] = [{ verifyingKey, sign: () => long }, { verifyingKey, signAsync: async () => long }].map((signer) => new kycvs.Issuer("a", signer));
  // Not even one that begins with a good signature is good.
  const longer = (/** @type {Uint8Array} */ message) => Uint8Array.of(...key.sign(message), 0);
  assert.throws(() => atOnce?.issue(said()), { code: "signer_failed" });
  await assert.rejects(async () => atOnce?.issueAsync(said()), { code: "signer_failed" });
  await assert.rejects(async () => later?.issueAsync(said()), { code: "signer_failed" });
  assert.throws(() => new kycvs.Issuer("a", verifyingKey).beginIssue(said()).finish(long), { code: "signer_failed" });
  assert.throws(() => new kycvs.Issuer("a", { verifyingKey, sign: longer }).issue(said()), { code: "signer_failed" });
  assert.equal(verifyingKey.verifies(NONCE, long), false);
  assert.equal(verifyingKey.verifies(NONCE, longer(NONCE)), false);
  assert.ok(memory() - before < 2 ** 22, "the module's memory did not take them in");
});

test("a signer with both methods, or with none, is told that it is to have one of them", () => {
  const { verifyingKey } = key;
  const sign = (/** @type {Uint8Array} */ message) => key.sign(message);
  for (const signer of /** @type {any[]} */ ([{ verifyingKey, sign, signAsync: sign }, { verifyingKey }])) {
    assert.throws(() => new kycvs.Issuer("a", signer), /TypeError.*an object with one of the methods sign and signAsync/);
  }
});

test("objects that were freed", () => {
  const store = new kycvs.TrustStore([new kycvs.TrustedKey("a", key.verifyingKey)]);
  const own = new kycvs.Verifier(store, { open: true });
  store.free();
  store.free();
  assert.throws(() => store.size, /this TrustStore was freed/);
  assert.throws(() => new kycvs.Verifier(store, { open: true }), /this TrustStore was freed/);
  // What was made of it lives on.
  const open = new kycvs.Issuer("a", key).issue(said({ audience: null, nonce: null }), { now: NOW });
  assert.equal(own.verify(open, { nonce: null, now: NOW }).status, 2);
  open.free();
  assert.throws(() => own.verify(open, { nonce: null }), /this Presentation was freed/);
  own.free();
  assert.throws(() => own.verify("KV1:", { nonce: null }), /this Verifier was freed/);
  const secret = kycvs.SigningKey.generate();
  const heir = new kycvs.Issuer("a", secret);
  secret.free();
  assert.throws(() => secret.sign(NONCE), /this SigningKey was freed/);
  assert.ok(heir.issue(said()));
  const subject = new kycvs.Subject("a");
  subject.free();
  assert.throws(() => verifier.verify(issued(), { nonce: null, subject }), /this Subject was freed/);
});

test("a verifier that is freed while it is asked", () => {
  const own = new kycvs.Verifier(trust, { audience: AUDIENCE, replayGuard: { firstUse: () => { own.free(); return true; } } });
  assert.throws(() => own.verify(issued(), expectation), { code: "replay_guard_failed" });
  assert.throws(() => own.verify(issued(), expectation), /this Verifier was freed/);
});

test("a picture whose numbers do not agree", () => {
  for (const [width, height, length] of /** @type {const} */ ([[10, 10, 399], [-1, 1, 4], [0.5, 8, 16], [0, 0, 4], [Number.NaN, 1, 4]])) {
    assert.throws(() => kycvs.readQr({ data: new Uint8ClampedArray(length), width, height }), RangeError);
  }
  for (const [width, height] of /** @type {const} */ ([[0, 0], [1, 1], [20, 20], [1, 400], [400, 1], [21, 21]])) {
    const data = new Uint8ClampedArray(width * height * 4).fill(255);
    assert.deepEqual(kycvs.readQr({ data, width, height }), { found: "nothing", content: null, contents: [], texts: [], damaged: 0 });
  }
});

test("after all of that the module works as before", () => {
  assert.equal(verifier.verify(issued(), expectation).status, 2);
});
