// QR codes in a picture, and what a code is that is no answer.

import { bytesOf, wrongType } from "./arguments.js";
import { raw } from "./module.js";

/** A picture, as a canvas gives it. @typedef {{ data: Uint8ClampedArray | Uint8Array, width: number, height: number }} Picture */

/**
 * What was seen in a picture. `found` says what is meant, and `content` is what that code holds:
 *
 * - `answer`: one KYC-VS answer, which is `content`. Nothing was verified. Other codes beside it do not count.
 * - `other`: codes of another kind, the first of which is `content`; `otherKind` says which kind.
 * - `several`: different answers, so nobody can say which is meant.
 * - `damaged`: a code that cannot be read.
 * - `nothing`: no code.
 *
 * `contents` are those of all codes, each once; `texts` are those of them that are text. `damaged` is how often a code was seen
 * that cannot be read.
 * @typedef {object} QrCodes
 * @property {"answer" | "other" | "several" | "damaged" | "nothing"} found
 * @property {Uint8Array | null} content
 * @property {Uint8Array[]} contents
 * @property {string[]} texts
 * @property {number} damaged
 */

/**
 * The QR codes in a picture, as a canvas gives it (`getImageData`), or in several copies of one picture, such as in other sizes:
 * a small copy of a large photograph is read faster and, without its noise, better. A part that is transparent is looked at on
 * white and on black.
 *
 * It takes as long as the picture is large, and a picture can be made for which it takes very long: call it in a worker that
 * can be ended.
 * @param {Picture | Iterable<Picture>} pictures
 * @returns {QrCodes}
 */
export function readQr(pictures) {
  const codes = new raw.QrCodes();
  try {
    let looks = 0;
    for (const picture of isIterable(pictures) ? pictures : [pictures]) {
      const { data, width } = checked(picture);
      codes.look(new Uint8Array(data.buffer, data.byteOffset, data.length), width);
      looks += 1;
    }
    if (looks === 0) throw wrongType("picture", "an ImageData", pictures);
    const contents = codes.contents();
    return {
      found: /** @type {QrCodes["found"]} */ (codes.found()),
      content: codes.content() ?? null,
      contents,
      texts: contents.map(textIn).filter((text) => text !== null),
      damaged: codes.damaged(),
    };
  } finally {
    codes.free();
  }
}

/**
 * The kind of code that people show in place of an answer, such as `{ name: "cowin", words: "a CoWIN certificate" }`: `name` never
 * changes, `words` are English. `{ name: "other", words: "" }` if it is none that is known; null if it is an answer or claims to be.
 * @param {string | import("./arguments.js").Bytes} content What the code holds.
 * @returns {{ name: string, words: string } | null}
 */
export function otherKind(content) {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : bytesOf("content", content);
  const [name, words] = raw.otherKind(bytes.subarray(0, MOST_BYTES));
  return name === undefined || words === undefined ? null : { name, words };
}

/** More than any QR code holds (7,089 digits): what is longer does not cross. */
const MOST_BYTES = 8_192;

/** @param {Picture} picture @returns {Picture} */
function checked(picture) {
  const { data, width, height } = picture ?? {};
  if (!(data instanceof Uint8ClampedArray || data instanceof Uint8Array)) throw wrongType("picture", "an ImageData", picture);
  if (!Number.isSafeInteger(width) || width < 0 || width * height * 4 !== data.length) {
    throw new RangeError("picture: expected four bytes for each of width times height pixels");
  }
  return picture;
}

/** @param {Picture | Iterable<Picture>} pictures @returns {pictures is Iterable<Picture>} */
const isIterable = (pictures) => typeof pictures === "object" && pictures !== null && Symbol.iterator in pictures;

/** @param {Uint8Array} content @returns {string | null} */
function textIn(content) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return null;
  }
}
