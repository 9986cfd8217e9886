// QR codes in pictures, where a picture is what a canvas gives.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Presentation, otherKind, readQr } from "kycvs";
import { beside, qr } from "../pictures.mjs";
import { issued } from "./parties.mjs";

/** @param {import("../pictures.mjs").Picture} picture @param {(grey: number) => number} [look] */
function canvas({ width, height, pixels }, look = (grey) => grey) {
  const data = new Uint8ClampedArray(pixels.length * 4);
  pixels.forEach((grey, at) => data.set([look(grey), look(grey), look(grey), 255], at * 4));
  return { data, width, height };
}

test("an answer's code is read, in either colours and in poor light", () => {
  const text = issued().toText();
  const picture = qr(text, 700, 500);
  for (const look of [undefined, (/** @type {number} */ grey) => 255 - grey, (/** @type {number} */ grey) => 60 + grey / 4]) {
    assert.deepEqual(readQr(canvas(picture, look)).texts, [text]);
  }
});

test("two codes are two texts", () => {
  const [a, b] = [issued().toText(), "https://example.org/"];
  const both = readQr(canvas(beside(qr(a, 500, 500), qr(b, 500, 500)))).texts;
  assert.deepEqual(both.toSorted(), [a, b].toSorted());
});

test("of several texts, the answer's is known by what the core says", () => {
  const text = issued().toText();
  for (const one of [text, ` \r\n\t${text}`, "KV1:", "KV1:no Base45", `${" ".repeat(10_000)}KV1:${"0".repeat(10_000)}`]) {
    assert.equal(Presentation.isKv1(one), true, one.slice(0, 20));
  }
  for (const one of ["", "KV1", "kv1:00", "HC1:00", "https://example.org/?KV1:", issued().toBase64url(), "0".repeat(10_000)]) {
    assert.equal(Presentation.isKv1(one), false, one.slice(0, 20));
  }
});

test("a code that cannot be read is counted", () => {
  const picture = qr(issued().toText(), 500, 500);
  // All but the three corners by which a code is found.
  const side = 500;
  picture.pixels.forEach((_, at) => {
    const [x, y] = [at % side, Math.floor(at / side)];
    if (x > 190 && x < 310 && y > 100 && y < 400) picture.pixels[at] = (x * 7 + y * 13) % 11 > 5 ? 0 : 255;
  });
  const { texts, damaged } = readQr(canvas(picture));
  assert.deepEqual(texts, []);
  assert.ok(damaged > 0);
});

/** What a code with these bytes in byte mode is taken for. @param {string} bytes Each character is one byte. */
const seen = (bytes) => readQr(canvas(qr(bytes, 700, 700, 3)));

test("bytes that are no text come out as they are", () => {
  const zip = `PK\x03\x04${Array.from({ length: 256 }, (_, at) => String.fromCharCode(at)).join("")}`;
  const { found, content, contents, texts } = seen(zip);
  assert.equal(found, "other");
  assert.deepEqual(content, Uint8Array.from(zip, (char) => char.charCodeAt(0)));
  assert.deepEqual([contents.length, texts], [1, []]);
  assert.deepEqual(otherKind(content ?? ""), { name: "cowin", words: "a CoWIN certificate" });
});

test("a code of another kind is named, and an answer is none", () => {
  for (const [content, name] of /** @type {const} */ ([
    ["HC1:6BFOXN*TS0BI$ZD4N9", "eu-health"], ["shc:/5676", "smart-health"], ["upi://pay?pa=shop@bank", "upi"],
    ["https://example.org/", "url"], ["eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "jwt"], ["mdoc:owBj", "mobile-document"],
    ["BEGIN:VCARD", "contact"], ["WIFI:S:x;;", "wifi"], ["8901234567890", "number"], ["hello", "other"],
  ])) {
    assert.equal(otherKind(content)?.name, name);
    assert.equal(otherKind(new TextEncoder().encode(content))?.name, name);
    const { found, texts } = seen(content);
    assert.deepEqual([found, texts], ["other", [content]]);
  }
  const answer = issued();
  for (const text of [answer.toText(), answer.toBase64url(), "KV1:damaged", `\n${answer.toText()}`]) assert.equal(otherKind(text), null);
  assert.equal(otherKind("1".repeat(1_000_000))?.name, "aadhaar");
});

test("a code is read on any background that is transparent", () => {
  const text = issued().toText();
  const { width, height, pixels } = qr(text, 600, 600);
  for (const [ink, paper] of /** @type {const} */ ([
    [[0, 255], [0, 0]], [[0, 255], [255, 0]], [[255, 255], [255, 0]], [[255, 255], [0, 0]], [[0, 0], [0, 255]], [[0, 0], [255, 255]],
  ])) {
    const data = new Uint8ClampedArray(pixels.length * 4);
    pixels.forEach((grey, at) => {
      const [light, opacity] = grey < 128 ? ink : paper;
      data.set([light, light, light, opacity], at * 4);
    });
    assert.deepEqual(readQr({ data, width, height }).texts, [text], `${ink} on ${paper}`);
  }
});

test("two answers are several, in one picture or in two copies of it", () => {
  const [a, b] = [qr(issued().toText(), 500, 500), qr(issued({ purpose: "gate" }).toText(), 500, 500)];
  assert.equal(readQr(canvas(beside(a, b))).found, "several");
  assert.equal(readQr([canvas(a), canvas(b)]).found, "several");
  const same = readQr([canvas(a), canvas(beside(a, a))]);
  assert.deepEqual([same.found, same.contents.length], ["answer", 1]);
  assert.equal(readQr(canvas(beside(qr("https://example.org/", 500, 500), b))).found, "answer");
});
