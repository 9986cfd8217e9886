// QR codes in pictures, where a picture is what a canvas gives.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Presentation, readQr } from "kycvs";
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
