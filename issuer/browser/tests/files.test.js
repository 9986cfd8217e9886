/** What can be said of the pages' files without a browser: languages, types, size, and that no page needs a lax policy. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const here = new URL("../", import.meta.url);
const web = new URL("../web/", here);
/** @param {string} name */
const read = (name) => readFileSync(new URL(name, web), "utf8");
const files = readdirSync(web, { recursive: true }).map(String);
const scripts = files.filter((name) => name.endsWith(".js"));
const languages = readdirSync(new URL("lang/", web)).map((name) => name.replace(".json", ""));
/** @type {Map<string, Record<string, string>>} */
const texts = new Map(languages.map((name) => [name, JSON.parse(read(`lang/${name}.json`))]));
const english = texts.get("en") ?? {};

/** Codes of problem documents, from the source that makes them. */
const codes = [...readFileSync(new URL("../src/problem.rs", here), "utf8").matchAll(/^ {4}\w+ = "(\w+)", [A-Z_]+, "/gm)].map((match) => match[1]);

test("every language has every text, with the same places for values", () => {
  const places = (/** @type {string} */ text) => (text.match(/\{\w+\}/g) ?? []).sort();
  for (const [language, own] of texts) {
    assert.deepEqual(Object.keys(own).sort(), Object.keys(english).sort(), language);
    for (const [key, text] of Object.entries(own)) {
      assert.notEqual(text.trim(), "", `${language}: ${key}`);
      // A sentence of another language may name a thing once more, but never one that has no value.
      assert.deepEqual([...new Set(places(text))], [...new Set(places(english[key]))], `${language}: ${key}`);
    }
  }
});

test("no text repeats in two keys, and none of English stands in Hindi", () => {
  for (const [language, own] of texts) {
    const values = Object.values(own);
    assert.equal(new Set(values).size, values.length, language);
    if (language !== "en") for (const key of Object.keys(own)) assert.notEqual(own[key], english[key], key);
  }
});

test("no text is missing, and none is unused", () => {
  const used = new Set(["flow.js", "frame.js", "pass.js"].flatMap((name) => [...read(name).matchAll(/"([\w.]+)"/g)].map((match) => match[1])));
  // Keys that are put together of a word and what the service says.
  const states = ["declined", "failed", "expired", "answered", "request_over", "not_found", "forbidden", "wrong_origin", "offline"];
  const made = [
    ...states.flatMap((state) => [`end.${state}`, `end.${state}.do`]),
    ...["none", "name", "name_and_mobile"].map((binding) => `bound.${binding}`),
    ...[0, 1, 2].map((status) => `status${status}`),
  ];
  const ofProblems = [...codes, "offline"].map((code) => `problem.${code}`);
  const calls = ["flow.js", "frame.js", "pass.js"].flatMap((name) => [...read(name).matchAll(/\bt\("([\w.]+)"/g)].map((match) => match[1]));
  for (const key of [...calls, ...made]) assert.ok(key in english, `missing: ${key}`);
  for (const key of Object.keys(english)) {
    assert.ok(used.has(key) || made.includes(key) || ofProblems.includes(key), `unused: ${key}`);
  }
});

test("every code of a problem ends in a text that says what to do", () => {
  assert.ok(codes.length >= 20, `only ${codes.length} codes found`);
  const flow = read("flow.js");
  // The page itself makes no such call; where one comes all the same, it is a fault like one of the service.
  const faults = ["bad_request", "unauthorized", "method_not_allowed", "timeout", "too_large", "unsupported_media_type", "invalid_value", "key_reused", "continue_on_page"];
  for (const code of codes) {
    const own = `problem.${code}` in english || flow.includes(`"${code}"`);
    assert.ok(own || faults.includes(code), `${code} has no text of its own, and is not listed as a fault`);
  }
});

test("the component knows the languages that there are", () => {
  const listed = /LANGUAGES = (\[.*?\])/.exec(read("i18n.js"))?.[1] ?? "[]";
  assert.deepEqual(JSON.parse(listed).sort(), [...languages].sort());
  const inComponent = [...read("embed.js").matchAll(/^ {2}(\w{2}): \{$/gm)].map((match) => match[1]);
  assert.deepEqual(inComponent.sort(), [...languages].sort());
});

test("no page needs script or style in its text, and no script makes markup of text", () => {
  for (const name of files.filter((name) => name.endsWith(".html"))) {
    const html = read(name);
    assert.doesNotMatch(html, /<style|\sstyle=|\son\w+=|javascript:/i, name);
    for (const [whole, inside] of html.matchAll(/<script[^>]*>([^<]*)<\/script>/g)) assert.equal(inside, "", `${name}: ${whole}`);
  }
  for (const name of scripts) {
    assert.doesNotMatch(read(name), /innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|outerHTML\s*=[^=]|localStorage|document\.cookie/, name);
    // A receipt alone outlives the page.
    if (name !== "receipt.js") assert.doesNotMatch(read(name), /sessionStorage/, name);
  }
});

test("the binary serves every file, and no other", () => {
  const table = readFileSync(new URL("../src/http/pages.rs", here), "utf8");
  const served = files.filter((name) => statSync(new URL(name, web)).isFile() && !name.endsWith(".d.ts") && !name.startsWith("demo/"));
  for (const name of served) assert.ok(table.includes(`"${name}"`) || table.includes(`web/${name}"`), `${name} is not served`);
});

test("the page waits for longer than any call takes, and than a password may be on its way", () => {
  const number = (/** @type {string} */ path, /** @type {RegExp} */ where) => {
    const found = where.exec(readFileSync(new URL(path, web), "utf8"))?.[1];
    assert.ok(found, `${where} is not in ${path}`);
    return Number(found.replaceAll("_", ""));
  };
  const page = number("api.js", /TIMEOUT = ([\d_]+);/) / 1000;
  const call = number("../src/http/middleware.rs", /const CALL: Duration = Duration::from_secs\((\d+)\)/);
  const delivery = number("../src/config/check.rs", /within\("delivery\.timeout", &seconds, 1\.\.=(\d+)\)/);
  assert.ok(page > call && call > delivery, `${page}, ${call} and ${delivery} seconds`);
});

test("tsc --checkJs --strict passes", () => {
  const tsc = fileURLToPath(new URL("node_modules/typescript/bin/tsc", here));
  assert.ok(existsSync(tsc), "run `npm ci` first");
  const ran = spawnSync(process.execPath, [tsc, "-p", fileURLToPath(here)], { encoding: "utf8" });
  assert.equal(ran.status, 0, ran.stdout + ran.stderr);
});
