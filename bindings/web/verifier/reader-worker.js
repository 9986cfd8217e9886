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
function look(bitmap, { readQr }) {
  const { found, content } = readQr(looks(bitmap));
  return content ? { content, answer: found === "answer" } : { problem: /** @type {"several" | "damaged" | "nothing"} */ (found) };
}

/**
 * Every size is looked at, also after an answer was found: at another size there may be another answer. The result must not
 * depend on how fast the device is.
 * @param {ImageBitmap} bitmap
 */
function* looks(bitmap) {
  const longest = Math.max(bitmap.width, bitmap.height);
  const sizes = LOOKS.filter((size) => size < longest);
  if (longest <= Math.max(...LOOKS)) sizes.push(longest);
  for (const size of sizes) yield scaled(bitmap, size / longest);
}

/** @param {ImageBitmap} bitmap @param {number} scale @returns {ImageData} */
function scaled(bitmap, scale) {
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("there is no canvas here");
  // Without a background: what is transparent is for the reader to see.
  context.drawImage(bitmap, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}
