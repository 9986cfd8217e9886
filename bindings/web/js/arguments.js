// Arguments are looked at before they cross: WebAssembly takes one of a wrong type for another.

/** @typedef {Uint8Array | ArrayBuffer | DataView} Bytes */
/**
 * A `Uint8Array` with a buffer of its own, as WebCrypto takes it. TypeScript before 5.7 has no name for the difference.
 * @typedef {ReturnType<Uint8ArrayConstructor["of"]>} OwnBytes
 */

/**
 * What is thrown for an argument of a wrong type. The value is not shown: it may be a name.
 * @param {string} name @param {string} expected @param {unknown} value @returns {TypeError}
 */
export function wrongType(name, expected, value) {
  const given = value === null ? "null"
    : typeof value !== "object" ? typeof value
    : value.constructor?.name || "an object";
  return new TypeError(`${name}: expected ${expected}, not ${given}`);
}

/**
 * @param {string} name @param {unknown} value @param {string} [expected] @returns {Uint8Array}
 */
export function bytesOf(name, value, expected = "bytes (a Uint8Array or an ArrayBuffer)") {
  if (value instanceof Uint8Array) return value;
  // Those of another realm, as of a frame or of a test runner, are of other classes with the same names.
  const kind = kindOf(value);
  if (kind === "ArrayBuffer") return new Uint8Array(/** @type {ArrayBuffer} */ (value));
  if (ArrayBuffer.isView(value) && (kind === "Uint8Array" || kind === "DataView")) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  throw wrongType(name, expected, value);
}

/** What kind of object of the language it is, whatever realm it comes from. @param {unknown} value @returns {string} */
export function kindOf(value) {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

/**
 * A value that stands in a token, or is compared with what does.
 * @param {string} name @param {unknown} value @returns {string}
 */
export function textOf(name, value) {
  if (typeof value !== "string") throw wrongType(name, "a string", value);
  if (HALF.test(value)) throw new TypeError(`${name}: half of a surrogate pair is no text: look at where it was cut or read`);
  return value;
}

/** @param {string} name @param {unknown} value @returns {string | undefined} */
export function optionalText(name, value) {
  return value === undefined || value === null ? undefined : textOf(name, value);
}

/**
 * The content of a file as text, which may be anything: what is no UTF-8 becomes U+FFFD, which is in no key.
 * @param {string} name @param {unknown} value @returns {string}
 */
export function fileText(name, value) {
  return typeof value === "string" ? value : new TextDecoder().decode(bytesOf(name, value, "a string or bytes"));
}

/**
 * The content of a file as bytes.
 * @param {string} name @param {unknown} value @returns {Uint8Array}
 */
export function fileBytes(name, value) {
  return typeof value === "string" ? new TextEncoder().encode(value) : bytesOf(name, value, "a string or bytes");
}

/** @param {string} name @param {unknown} value @returns {boolean} */
export function flagOf(name, value) {
  if (value === undefined) return false;
  if (typeof value !== "boolean") throw wrongType(name, "true or false", value);
  return value;
}

/**
 * An object of options, none of which is unknown: one that was misspelled would be a check that is not made.
 * @param {string} name @param {unknown} value @param {readonly string[]} known @returns {Record<string, unknown>}
 */
export function optionsOf(name, value, known) {
  if (typeof value !== "object" || value === null) throw wrongType(name, `an object of ${known.join(", ")}`, value);
  for (const key in value) {
    if (!known.includes(key)) throw new TypeError(`${name}: there is no ${JSON.stringify(key)}: ${known.join(", ")}`);
  }
  return /** @type {Record<string, unknown>} */ (value);
}

/** A half of a surrogate pair without the other. */
const HALF = /\p{Surrogate}/u;
