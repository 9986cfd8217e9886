// Looks for QR codes in what `reader.js` sends, away from the page.

/** @import { Found } from "./reader.js" */

// Not a static import: what is sent while the module loads would find nobody.
const loading = import("./kycvs/web.js");

/** The most pixels of a picture that is read. */
const MOST_PIXELS = 40_000_000;
/**
 * The longest sides, in pixels, at which a code is looked for: a small copy of a large photograph is read faster and, without
 * its noise, better.
 */
const LOOKS = [1_000, 2_000, 4_000];

self.onmessage = async ({ data }) => self.postMessage(await find(data));

/** @param {Blob | ImageBitmap} picture @returns {Promise<Found>} */
async function find(picture) {
  /** @type {ImageBitmap} */
  let bitmap;
  try {
    bitmap = picture instanceof ImageBitmap ? picture : await createImageBitmap(picture);
  } catch {
    return { problem: "no-picture" };
  }
  try {
    if (bitmap.width * bitmap.height > MOST_PIXELS) return { problem: "too-large" };
    return look(bitmap, await loading);
  } finally {
    bitmap.close();
  }
}

/** @param {ImageBitmap} bitmap @param {typeof import("./kycvs/web.js")} kycvs @returns {Found} */
function look(bitmap, { Presentation, readQr }) {
  const longest = Math.max(bitmap.width, bitmap.height);
  const sizes = LOOKS.filter((size) => size < longest);
  if (longest <= Math.max(...LOOKS)) sizes.push(longest);
  let damaged = false;
  /** @type {string | undefined} */
  let other;
  for (const size of sizes) {
    const found = readQr(scaled(bitmap, size / longest));
    const answers = new Set(found.texts.filter((text) => Presentation.isKv1(text)));
    if (answers.size > 1) return { problem: "several" };
    for (const text of answers) return { text, answer: true };
    other ??= found.texts[0];
    damaged ||= found.damaged > 0;
  }
  if (other !== undefined) return { text: other, answer: false };
  return { problem: damaged ? "damaged" : "nothing" };
}

/** @param {ImageBitmap} bitmap @param {number} scale @returns {ImageData} */
function scaled(bitmap, scale) {
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("there is no canvas here");
  // What is transparent is paper.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}
