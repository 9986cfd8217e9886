// What the verifier page says: nothing is missing in any language, and nothing is left over.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const PAGE = new URL("../../verifier/", import.meta.url);
const LANGUAGES = readdirSync(new URL("strings/", PAGE));
const read = (/** @type {string} */ name) => readFileSync(new URL(name, PAGE), "utf8");
/** @type {Record<string, Record<string, string>>} */
const STRINGS = Object.fromEntries(LANGUAGES.map((name) => [name, JSON.parse(read(`strings/${name}`))]));
const english = STRINGS["en.json"] ?? {};
const page = read("index.html");
const code = readdirSync(PAGE).filter((name) => name.endsWith(".js")).map(read).join("\n");

test("every language says the same", () => {
  for (const [name, strings] of Object.entries(STRINGS)) {
    const without = Object.keys(strings).filter((key) => !key.startsWith("code-"));
    assert.deepEqual(without.toSorted(), Object.keys(english).toSorted(), name);
    for (const key of without) {
      const open = (/** @type {string | undefined} */ text) => text?.match(/\{\w+\}/g) ?? [];
      assert.deepEqual(open(strings[key]), open(english[key]), `${name}: ${key}`);
      assert.ok(strings[key]?.trim(), `${name}: ${key}`);
    }
  }
});

test("every code that a verifier can meet is translated where the core's own sentence is not shown", () => {
  // Those of the core, as SPEC.md's table has them; but for what issuers alone meet, and what this page does not have.
  const table = readFileSync(new URL("../../../SPEC.md", PAGE), "utf8");
  const codes = Array.from(table.matchAll(/^\| \d+ \| `(\w+)` \| `\w+` \|/gm), ([, name = ""]) => name);
  assert.ok(codes.length > 25, "the table of codes is found");
  const others = new Set(["invalid_key", "signer_failed", "random_source_failed", "wrong_passphrase", "replay_guard_failed"]);
  for (const name of codes) assert.equal(Object.hasOwn(STRINGS["hi.json"] ?? {}, `code-${name}`), !others.has(name), name);
});

test("every sentence is used, and every one that is used is there", () => {
  const used = new Set([
    ...Array.from(page.matchAll(/data-t(?:-label)?="([^"]+)"/g), ([, key]) => key ?? ""),
    ...Array.from(code.matchAll(/"([a-z][\w-]*)"/g), ([, key]) => key ?? ""),
  ]);
  const composed = /^(problem|family|next|kind)-/;
  for (const key of Object.keys(english)) assert.ok(used.has(key) || composed.test(key), `nobody says ${key}`);
  for (const [, key = ""] of page.matchAll(/data-t(?:-label)?="([^"]+)"/g)) assert.ok(Object.hasOwn(english, key), key);
  for (const [, key = ""] of code.matchAll(/(?:say|notice)\("([^"]*)"/g)) assert.ok(key === "" || Object.hasOwn(english, key), key);
});

test("the page says the same before its strings are there", () => {
  for (const [, key = "", text = ""] of page.matchAll(/data-t="([^"]+)"[^>]*>([^<]+)</g)) assert.equal(text, english[key], key);
});

test("the service worker keeps every file of the page", () => {
  const kept = Array.from(read("service-worker.js").matchAll(/"([\w./-]+\.(?:js|json|css|svg|wasm|webmanifest))"/g), ([, name]) => name ?? "");
  const files = readdirSync(PAGE, { recursive: true, encoding: "utf8" }).filter((name) => /\.(js|json|css|svg|wasm|webmanifest)$/.test(name));
  const needed = files.filter((name) => !["service-worker.js", "kycvs/node.js", "kycvs/init.js"].includes(name));
  assert.deepEqual(kept.toSorted(), needed.toSorted());
});
