// Every case of `test-vectors/` in Chromium, each a test of its own; the whole result is compared.
//
// With KYCVS_CONFORMANCE_OUT, the counts are written to that file: `cargo xtask test` compares them between platforms.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { start } from "../browser.mjs";
import { serve } from "../server.mjs";
import { report } from "../vectors.mjs";

const server = await serve(new URL("../../../../", import.meta.url));
const browser = await start();
/** @type {import("../vectors.mjs").Result[]} */
let results;
/** @type {string[]} */
const complaints = [];
try {
  const page = await browser.newPage();
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(`${server.origin}/bindings/web/tests/chromium/conformance.html`);
  const done = page.waitForFunction(() => Reflect.get(globalThis, "results"), undefined, { timeout: 120_000 });
  results = await (await done).jsonValue();
} catch (error) {
  throw new Error(`the page did not come to its end: ${complaints.join("\n")}`, { cause: error });
} finally {
  await browser.close();
  await server.close();
}

for (const { id, got, expected } of results) {
  test(id, () => assert.equal(got, expected));
}

test("the report", () => {
  const out = process.env.KYCVS_CONFORMANCE_OUT;
  if (out) writeFileSync(out, report("chromium", results));
  assert.ok(results.length > 2000);
});

test("the policy for content was enough", () => assert.deepEqual(complaints, []));
