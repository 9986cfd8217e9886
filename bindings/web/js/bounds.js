// What is too long does not cross: the module's memory never becomes smaller again. The core still says so, of something else
// that is too long.

import { maxPresentationBytes, maxTextBytes } from "./kycvs_web.js";

/**
 * Bytes, or as many others as are too many.
 * @param {Uint8Array} bytes @param {number} [most] Of a presentation, unless it is said.
 * @returns {Uint8Array}
 */
export function boundedBytes(bytes, most = maxPresentationBytes()) {
  return bytes.length > most ? new Uint8Array(most + 1) : bytes;
}

/**
 * A presentation's text, or another one that is too long. White space around it does not count, as in the core.
 * @param {string} text @returns {string}
 */
export function boundedText(text) {
  const most = maxTextBytes();
  if (text.length <= most) return text;
  const start = beginning(text);
  let end = text.length;
  while (start < end && SPACE.includes(text.charAt(end - 1))) end -= 1;
  return end - start > most ? "0".repeat(most + 1) : text.slice(start, end);
}

/** What a text begins with, as long as any text of a presentation is. @param {string} text @returns {string} */
export function boundedStart(text) {
  const start = beginning(text);
  return text.slice(start, start + maxTextBytes());
}

/** Where the white space before a text ends. @param {string} text */
function beginning(text) {
  let start = 0;
  while (start < text.length && SPACE.includes(text.charAt(start))) start += 1;
  return start;
}

const SPACE = " \t\r\n";
