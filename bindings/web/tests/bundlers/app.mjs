// An app that has installed the package as npm installs it, and what the app does: it verifies a published test vector.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));
const VECTORS = JSON.parse(readFileSync(new URL("../../../../test-vectors/valid.json", import.meta.url), "utf8"));

/** A valid answer to a challenge, with a time that a `Number` can hold. */
const vector = VECTORS.cases.find((one) => one.expectation.nonce && !one.expectation.subject && !one.policy.seen);
const [{ issuer, public_key: publicKey }] = VECTORS.trust_stores[vector.trust];

/** What each app has to say: what the vector says, and the code of a damaged answer. */
export const EXPECTED = `${vector.expected.verdict.status} ${vector.expected.verdict.token_id} bad_signature`;

const CHECK = `
  const bytes = (digits) => Uint8Array.from(digits.match(/../g), (pair) => Number.parseInt(pair, 16));
  export function check({ KycvsError, TrustStore, TrustedKey, Verifier, VerifyingKey }) {
    const key = VerifyingKey.fromBytes(bytes(${JSON.stringify(publicKey)}));
    const trust = new TrustStore([new TrustedKey(${JSON.stringify(issuer)}, key)]);
    const verifier = new Verifier(trust, { audience: ${JSON.stringify(vector.policy.audience)} });
    const expectation = { nonce: bytes(${JSON.stringify(vector.expectation.nonce)}), now: ${BigInt(vector.now)}n };
    const presentation = bytes(${JSON.stringify(vector.presentation)});
    const { status, tokenId } = verifier.verify(presentation, expectation);
    presentation[presentation.length - 1] ^= 1;
    try {
      verifier.verify(presentation, expectation);
      return "a damaged answer was accepted";
    } catch (error) {
      return [status, tokenId, error instanceof KycvsError && error.code].join(" ");
    }
  }
`;

/**
 * A folder with the package in its `node_modules`, `check.js`, and these files.
 * @param {Record<string, string>} files By their names.
 * @returns {{ folder: string, remove(): void }}
 */
export function app(files) {
  const folder = mkdtempSync(join(tmpdir(), "kycvs-bundler-"));
  const installed = join(folder, "node_modules/kycvs");
  mkdirSync(installed, { recursive: true });
  cpSync(join(PACKAGE, "package.json"), join(installed, "package.json"));
  cpSync(join(PACKAGE, "dist"), join(installed, "dist"), { recursive: true });
  const all = { "package.json": '{ "name": "app", "private": true, "type": "module" }', "check.js": CHECK, ...files };
  for (const [name, content] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}

/**
 * A page and a worker, which both check. The page sends the worker a message as soon as it has made it.
 * @param {string} wasm A line that imports or names the module, as `wasm`.
 * @param {string} [worker] The worker's address.
 * @returns {Record<string, string>}
 */
export function pageAndWorker(wasm, worker = "./worker.js") {
  return {
    "index.html": '<!doctype html><title>waiting</title><script type="module" src="./page.js"></script>',
    "page.js": `
      import * as kycvs from "kycvs/init";
      import { check } from "./check.js";
      ${wasm}
      const worker = new Worker(new URL("${worker}", import.meta.url), { type: "module" });
      const heard = new Promise((resolve) => { worker.onmessage = ({ data }) => resolve(data); });
      worker.postMessage("first");
      let early;
      try { check(kycvs); } catch (error) { early = error.code; }
      const checked = kycvs.init(wasm).catch((error) => {
        // The network was down: once more.
        globalThis.failed = error.code;
        return kycvs.init(wasm);
      }).then(() => check(kycvs));
      Promise.all([checked, heard]).then(([page, worker]) => { document.title = [early, page, worker].join(" | "); })
        .catch((error) => { document.title = String(error); });
    `,
    "worker.js": `
      import * as kycvs from "kycvs/init";
      import { check } from "./check.js";
      ${wasm}
      const ready = kycvs.init(wasm);
      self.onmessage = async ({ data }) => {
        try {
          await ready;
          self.postMessage(data + " " + check(kycvs));
        } catch (error) {
          self.postMessage(String(error));
        }
      };
    `,
  };
}

/** What such a page has to say. */
export const EXPECTED_OF_BOTH = `not_initialized | ${EXPECTED} | first ${EXPECTED}`;
