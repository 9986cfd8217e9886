// Times one `verify` of this package in Node.js, and what a user there would pick instead.
//
// Verifies the case `valid/specification` of test-vectors/valid.json, for its audience, nonce and purpose, at its time,
// without a person. Prints `ready NAME ...`; then for each line NAME on standard input it runs one round of 0.4 s or more and
// prints the nanoseconds of one call. The end of input ends it. `cargo xtask bench boundary` runs this beside the same in Rust.

import assert from "node:assert/strict";
import { createPublicKey, verify as bare } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Worker, isMainThread, parentPort } from "node:worker_threads";
import { CompactSign, compactVerify, importJWK } from "jose";
import * as kycvs from "kycvs";
import { bytes, read, setUp } from "./tests/vectors.mjs";

const SHORTEST_ROUND = 400;

const file = read(readFileSync(new URL("../../test-vectors/valid.json", import.meta.url), "utf8"));
const one = file.cases.find((/** @type {any} */ { id }) => id === "valid/specification");
const { verifier, expectation } = setUp(kycvs, file, { ...one, expectation: { ...one.expectation, subject: null } });
const presentation = bytes(one.presentation);
const verify = () => verifier.verify(presentation, expectation);
// That it is good is the point of the figure.
assert.equal(verify().status, 2);

/**
 * The nanoseconds of one call.
 * @param {() => unknown} call
 */
async function alone(call) {
  let calls = 0;
  const start = performance.now();
  let elapsed = 0;
  do {
    for (let some = 0; some < 200; some += 1) await call();
    calls += 200;
    elapsed = performance.now() - start;
  } while (elapsed < SHORTEST_ROUND);
  return elapsed * 1e6 / calls;
}

/** As above, of a call that is not waited for. @param {() => unknown} call */
function atOnce(call) {
  let calls = 0;
  const start = performance.now();
  let elapsed = 0;
  do {
    for (let some = 0; some < 200; some += 1) call();
    calls += 200;
    elapsed = performance.now() - start;
  } while (elapsed < SHORTEST_ROUND);
  return elapsed * 1e6 / calls;
}

if (isMainThread) await main();
else parentPort?.on("message", () => parentPort?.postMessage(atOnce(verify)));

async function main() {
  const workers = [0, 1].map(() => new Worker(new URL(import.meta.url)));
  // Each has a module of its own, and what both get done in the same time is what counts.
  const together = async () => {
    const times = await Promise.all(workers.map((worker) => new Promise((resolve) => {
      worker.once("message", resolve);
      worker.postMessage("round");
    })));
    return 1 / times.reduce((sum, time) => sum + 1 / time, 0);
  };
  const { signature, payload, node, jws, jwk } = await peers();
  /** @type {Record<string, () => Promise<number> | number>} */
  const rounds = {
    verify: () => atOnce(verify),
    "verify-2-threads": together,
    "node-crypto-bare": () => atOnce(() => assert.ok(bare(null, payload, node, signature))),
    jose: () => alone(() => compactVerify(jws, jwk)),
  };
  console.log("ready", ...Object.keys(rounds));
  const warm = new Set();
  for await (const line of createInterface({ input: process.stdin })) {
    const name = line.trim();
    const round = rounds[name];
    if (!round) throw new Error(`there is no ${name}`);
    if (!warm.has(name)) await round();
    warm.add(name);
    console.log((await round()).toFixed(1));
  }
  for (const worker of workers) await worker.terminate();
}

/** The bare signature over as many bytes with Node's own crypto, and a JSON Web Signature with the package `jose`. */
async function peers() {
  const key = kycvs.SigningKey.generate();
  const payload = presentation;
  const { d, ...open } = JSON.parse(key.toJwk());
  const secret = await importJWK({ ...open, d }, "EdDSA");
  const jws = await new CompactSign(payload).setProtectedHeader({ alg: "EdDSA" }).sign(secret);
  return {
    signature: key.sign(payload), payload, node: createPublicKey(key.verifyingKey.toPem()), jws, jwk: await importJWK(open, "EdDSA"),
  };
}
