// What is too long does not cross whole: the module's memory never becomes smaller again. The core still says that it is too
// long, by its beginning.

import { raw } from "./module.js";

/**
 * Bytes, or so much of their beginning as is too long. The beginning tells the core if they are a text.
 * @param {Uint8Array} bytes @param {number} [most] Of a presentation, unless it is said.
 * @returns {Uint8Array}
 */
export function boundedBytes(bytes, most = raw.maxPresentationBytes()) {
  return bytes.length > most ? bytes.subarray(0, most + 1) : bytes;
}

/** A signature of Ed25519, or the beginning of what is too long for one. @param {Uint8Array} bytes @returns {Uint8Array} */
export function boundedSignature(bytes) {
  return boundedBytes(bytes, 64);
}

/**
 * A presentation's text, or another one that is too long. White space around it does not count, as in the core.
 * @param {string} text @returns {string}
 */
export function boundedText(text) {
  const most = raw.maxTextBytes();
  if (text.length <= most) return text;
  const start = beginning(text);
  let end = text.length;
  while (start < end && SPACE.includes(text.charAt(end - 1))) end -= 1;
  return end - start > most ? "0".repeat(most + 1) : text.slice(start, end);
}

/** What a text begins with, as long as any text of a presentation is. @param {string} text @returns {string} */
export function boundedStart(text) {
  const start = beginning(text);
  return text.slice(start, start + raw.maxTextBytes());
}

/** Where the white space before a text ends. @param {string} text */
function beginning(text) {
  let start = 0;
  while (start < text.length && SPACE.includes(text.charAt(start))) start += 1;
  return start;
}

const SPACE = " \t\r\n";
