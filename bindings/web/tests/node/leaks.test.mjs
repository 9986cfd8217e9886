// A million calls leave the memory of the module, and that of the process, where they were after the first tenth.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readFileSync } from "node:fs";
import * as kycvs from "kycvs";
import { memory } from "./memory.mjs";
import { bytes, read, setUp } from "../vectors.mjs";
import { AUDIENCE, NONCE, NOW, expectation, issuer, said, trust } from "./parties.mjs";

setFlagsFromString("--expose-gc");
/** @type {() => void} */
const collect = runInNewContext("gc");

/**
 * Calls it so many times. The garbage collector is called now and then: by itself it comes when it will, since it does not
 * know how much memory of the module hangs on an object, and what is freed by it is freed between two tasks.
 * @param {number} calls @param {() => void} call
 */
async function grows(calls, call) {
  const some = async (/** @type {number} */ count) => {
    for (let done = 0; done < count; done += 1) {
      call();
      if (done % 200 === 0) {
        if (done % 1000 === 0) collect();
        await setImmediate();
      }
    }
    collect();
    await setImmediate();
  };
  await some(calls / 10);
  const before = now();
  await some(calls - calls / 10);
  const after = now();
  console.log(`# after the first tenth ${JSON.stringify(before)}, at the end ${JSON.stringify(after)}`);
  return { module: after.module - before.module, process: after.process - before.process, heap: after.heap / before.heap - 1 };
}

/** In bytes: the module's memory, that of the process, and what JavaScript uses of it. */
function now() {
  const { rss, heapUsed } = process.memoryUsage();
  return { module: memory(), process: rss, heap: heapUsed };
}

test("a million verifies", async () => {
  const path = fileURLToPath(new URL("../../../../test-vectors/valid.json", import.meta.url));
  const file = read(readFileSync(path, "utf8"));
  const one = file.cases.find((/** @type {any} */ { id }) => id === "valid/specification");
  const { verifier, expectation } = setUp(kycvs, file, one);
  const data = bytes(one.presentation);
  const presentation = kycvs.Presentation.fromBytes(data);
  const damaged = data.map((byte, at) => (at === data.length - 40 ? byte ^ 1 : byte));
  // Of ten, seven are good in four forms, and three are refused at three depths.
  const good = [data, data, data, data.buffer, Buffer.from(data), presentation, presentation.toText()];
  const bad = [damaged, data.subarray(1), "no token"];
  let count = 0;
  const growth = await grows(100_000, () => {
    for (const input of good) count += Number(verifier.verify(input, expectation).subjectMatched);
    for (const input of bad) {
      try {
        verifier.verify(input, expectation);
        assert.fail("it is good");
      } catch (error) {
        assert.ok(error instanceof kycvs.KycvsError, String(error));
      }
    }
  });
  assert.equal(count, 700_000);
  assert.equal(growth.module, 0);
  assert.ok(growth.heap < 0.05, `what JavaScript uses grew by ${growth.heap}`);
  // V8 keeps now more, now less of what it has freed. This is less than 36 bytes for each call: one object is more.
  assert.ok(growth.process < 2 ** 25, `the process grew by ${growth.process} bytes`);
});

test("nor does anything else, freed or left to the garbage collector", async () => {
  const forgetful = { firstUse: (/** @type {string} */ _, /** @type {string} */ id) => {
    if (id.startsWith("0")) throw new Error("lost");
    return true;
  } };
  let turn = 0;
  const growth = await grows(20_000, () => {
    turn += 1;
    const verifier = new kycvs.Verifier(trust, { audience: AUDIENCE, replayGuard: forgetful }).withTrust(trust);
    const subject = new kycvs.Subject("Asha Rao", "9876543210");
    const answer = issuer.issue(said({ subject, statusList: { index: 1, uri: "u" } }), { now: NOW });
    const again = kycvs.Presentation.fromText(answer.toText());
    verifier.verifyMany([again, "damaged", again], { ...expectation, subject });
    again.unverifiedClaims();
    const store = kycvs.TrustStore.fromBytes(trust.toBytes());
    const { keys: [key] } = store;
    key?.key.toPem();
    for (const fail of [() => new kycvs.Subject(""), () => issuer.issue(said({ nonce: NONCE.subarray(1, 3) })), () => new kycvs.TrustedKey("", store.keys[0]?.key ?? assert.fail())]) {
      assert.throws(fail, kycvs.SetUpError);
    }
    if (turn % 2) for (const one of [verifier, subject, answer, again, store]) one.free();
  });
  assert.ok(growth.module <= 2 ** 20, `the module grew by ${growth.module} bytes`);
  // Not that of the process, which grows with what is garbage at one time.
  assert.ok(growth.heap < 0.1, `what JavaScript uses grew by ${growth.heap}`);
});

test("what was a secret is nowhere in the module's memory once it is freed", () => {
  const passphrase = "correct horse battery staple, and more";
  const name = "zebedee quagmire";
  const mobile = "9123409876";
  const seed = Uint8Array.from({ length: 32 }, (_, at) => at * 7 + 3);
  const key = kycvs.SigningKey.fromSeed(seed);
  const pem = key.toPem();
  const jwk = key.toJwk();
  key.toEncryptedPem(passphrase);
  const again = kycvs.SigningKey.fromPem(pem);
  const subject = new kycvs.Subject(name.toUpperCase(), mobile);
  const person = issuer.issue(said({ subject }));
  const text = person.toText();
  const secrets = {
    seed, passphrase: Buffer.from(passphrase), pem: Buffer.from(pem.split("\n")[1] ?? assert.fail()),
    jwk: Buffer.from(JSON.parse(jwk).d), name: Buffer.from(name), mobile: Buffer.from(mobile), text: Buffer.from(text.slice(-40)), middle: Buffer.from(text.slice(60, 100)),
  };
  assert.ok(memory.has(secrets.name), "while it is in use it is there, and is found");
  for (const one of [key, again, subject, person]) one.free();
  const found = Object.entries(secrets).filter(([, secret]) => memory.has(secret)).map(([what]) => what);
  assert.deepEqual(found, []);
});
