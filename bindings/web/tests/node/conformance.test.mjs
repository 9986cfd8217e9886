// Every case of `test-vectors/` in Node.js, each a test of its own; the whole result is compared.
//
// With KYCVS_CONFORMANCE_OUT, the counts are written to that file: `cargo xtask test` compares them between platforms.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import * as kycvs from "kycvs";
import { FILES, bytes, read, report, run, setUp } from "../vectors.mjs";

const CONTENT = new Map(FILES.map((name) => {
  const text = readFileSync(new URL(`../../../../test-vectors/${name}`, import.meta.url), "utf8");
  return [name, read(text)];
}));

const results = [...CONTENT].flatMap(([name, file]) => run(kycvs, name, file));

for (const { id, got, expected } of results) {
  test(id, () => assert.equal(got, expected));
}

test("the report", () => {
  const out = process.env.KYCVS_CONFORMANCE_OUT;
  if (out) writeFileSync(out, report("node", results));
  assert.ok(results.length > 2000);
});

test("every form of an input is decided alike", () => {
  for (const name of ["valid.json", "invalid.json"]) {
    const file = CONTENT.get(name);
    for (const one of file.cases) {
      /** @type {import("kycvs").Verifier} */
      let verifier;
      /** @type {import("kycvs").Expectation} */
      let expectation;
      try {
        ({ verifier, expectation } = setUp(kycvs, file, one));
      } catch (error) {
        assert.ok(error instanceof kycvs.KycvsError, one.id);
        continue;
      }
      const decide = (/** @type {import("kycvs").Input} */ input) => {
        try {
          return verifier.verify(input, expectation).tokenId;
        } catch (error) {
          return error instanceof kycvs.KycvsError ? error.code : error;
        }
      };
      const data = bytes(one.presentation);
      const whole = Uint8Array.from([0, ...data, 0]);
      const expected = decide(data);
      /** @type {import("kycvs").Input[]} */
      const forms = [data.buffer, new DataView(whole.buffer, 1, data.length), whole.subarray(1, -1), Buffer.from(data)];
      try {
        const presentation = kycvs.Presentation.fromBytes(data);
        forms.push(presentation, presentation.toText(), ` ${presentation.toBase64url()}\r\n`);
      } catch (error) {
        assert.ok(error instanceof kycvs.UnreadableError, one.id);
      }
      for (const form of forms) assert.equal(decide(form), expected, one.id);
    }
  }
});

test("every change and every cut of a token is refused", () => {
  const file = CONTENT.get("valid.json");
  const one = file.cases.find((/** @type {any} */ one) => one.id === "valid/specification");
  const { verifier, expectation } = setUp(kycvs, file, one);
  const data = bytes(one.presentation);
  const changed = Array.from({ length: data.length * 8 }, (_, bit) => data.map((byte, at) => (at === bit >> 3 ? byte ^ 1 << (bit & 7) : byte)));
  const cut = Array.from(data, (_, length) => data.subarray(0, length));
  const answers = verifier.verifyMany([...changed, ...cut], expectation);
  assert.equal(answers.length, 9 * data.length);
  for (const answer of answers) assert.ok(answer instanceof kycvs.KycvsError);
});
