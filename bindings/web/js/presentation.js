// What is handed over and shown, and the person whom it is about.

import { bytesOf, optionalText, textOf, wrongType } from "./arguments.js";
import { boundedBytes, boundedStart, boundedText } from "./bounds.js";
import { raw } from "./module.js";
import { Owned, handleOf } from "./owned.js";

/** @import * as Raw from "./kycvs_web.js" */
/** @import { Bytes } from "./arguments.js" */
/** @import { Claims } from "./values.js" */

/** The person whom an answer is about. `free()` wipes the name. */
export class Subject extends Owned {
  /**
   * A person by name, and by mobile number where it is given: in E.164, or ten digits, which are taken as Indian. Both are
   * normalised. Throws `SetUpError` (`invalid_claim`).
   * @param {string} name @param {string | null} [mobile]
   */
  constructor(name, mobile) {
    super(raw.Subject.of(textOf("name", name), optionalText("mobile", mobile)));
  }

  /** The normalised name. @returns {string} */
  get name() {
    return handleOf(this, raw.Subject).name();
  }

  /** The number in E.164; null where there is none. @returns {string | null} */
  get mobile() {
    return handleOf(this, raw.Subject).mobile() ?? null;
  }

  /**
   * What binds a token to this person, 32 bytes, with the 16 bytes of an opening. Throws `SetUpError` (`invalid_claim`).
   * @param {Bytes} opening
   * @returns {Uint8Array}
   */
  commitment(opening) {
    return handleOf(this, raw.Subject).commitment(bytesOf("opening", opening));
  }
}

/** What is handed over and shown: a token, and its opening where there is one. It is of the right shape, and no more. */
export class Presentation extends Owned {
  /** @private @param {Raw.Presentation} handle */
  constructor(handle) {
    if (!(handle instanceof raw.Presentation)) throw wrongType("Presentation", "a call of fromText or fromBytes", handle);
    super(handle);
  }

  /** @internal @param {Raw.Presentation} handle @returns {Presentation} */
  static within(handle) {
    return new Presentation(handle);
  }

  /**
   * From its bytes. Throws `UnreadableError`.
   * @param {Bytes} bytes
   * @returns {Presentation}
   */
  static fromBytes(bytes) {
    return new Presentation(raw.Presentation.fromBytes(boundedBytes(bytesOf("bytes", bytes))));
  }

  /**
   * From either text form. White space around it is dropped. Throws `UnreadableError`.
   * @param {string} text
   * @returns {Presentation}
   */
  static fromText(text) {
    if (typeof text !== "string") throw wrongType("text", "a string", text);
    return new Presentation(raw.Presentation.fromText(boundedText(text)));
  }

  /**
   * Whether a text claims to be an answer's: whether it begins with `KV1:`, behind white space or not. So the answer is told
   * from whatever else was scanned beside it; to read it is for `fromText`. Base64url has no such mark.
   * @param {string} text
   * @returns {boolean}
   */
  static isKv1(text) {
    if (typeof text !== "string") throw wrongType("text", "a string", text);
    return raw.Presentation.isKv1(boundedStart(text));
  }

  /** Its bytes. @returns {Uint8Array} */
  toBytes() {
    return handleOf(this, raw.Presentation).toBytes();
  }

  /** The text for a QR code: `KV1:` and Base45. @returns {string} */
  toText() {
    return handleOf(this, raw.Presentation).toText();
  }

  /** The text for a URL or a header. @returns {string} */
  toBase64url() {
    return handleOf(this, raw.Presentation).toBase64url();
  }

  /** Whether the opening is there, by which the person can be checked. @returns {boolean} */
  get hasOpening() {
    return handleOf(this, raw.Presentation).hasOpening();
  }

  /** The same token without its opening. @returns {Presentation} */
  withoutOpening() {
    return new Presentation(handleOf(this, raw.Presentation).withoutOpening());
  }

  /** What the token says, **believed by nobody yet**: to show it, never to decide. @returns {Claims} */
  unverifiedClaims() {
    return handleOf(this, raw.Presentation).unverifiedClaims();
  }
}
