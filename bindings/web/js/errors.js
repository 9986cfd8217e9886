// What can go wrong, as exceptions. Codes, numbers, families and sentences come from the core.

/** @typedef {"unreadable" | "untrusted" | "refused" | "set_up" | "issuing"} Family */

/**
 * A refusal or a failure: a stable code, and a sentence that says what to do next.
 *
 * `message` is the sentence. It never shows a key, an opening, a name or a number. The subclass is the family, which is who
 * has to do something; `code` says what. Where a signer or a replay guard of the app threw something, that is the `cause`.
 */
export class KycvsError extends Error {
  /** The stable code, such as `wrong_nonce`: the same on every platform. @readonly @type {string} */
  code;
  /** The code's number, as in SPEC.md. @readonly @type {number} */
  number;
  /** Who has to do something. @readonly @type {Family} */
  family;

  /**
   * @param {string} message
   * @param {{ code: string, number: number, family: Family, cause?: unknown }} what
   */
  constructor(message, { code, number, family, cause }) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.number = number;
    this.family = family;
  }
}

// A name on the prototype, so that a stack begins with it and no minifier changes it.
/** @param {Function} type @param {string} name */
const named = (type, name) => Object.defineProperty(type.prototype, "name", { value: name, configurable: true });
named(KycvsError, "KycvsError");

/** The bytes are no status token: scan again, or ask for the answer again. */
export class UnreadableError extends KycvsError {}
named(UnreadableError, "UnreadableError");

/** A status token that no trusted key speaks for: do not rely on it. */
export class UntrustedError extends KycvsError {}
named(UntrustedError, "UntrustedError");

/** A trusted answer, but not one to this question: ask for a new one. */
export class RefusedError extends KycvsError {}
named(RefusedError, "RefusedError");

/** What this program was given is at fault, not the answer: a setting, a store, a clock, or a value that was typed in. */
export class SetUpError extends KycvsError {}
named(SetUpError, "SetUpError");

/** An answer could not be signed, or a key could not be made or read. */
export class IssuingError extends KycvsError {}
named(IssuingError, "IssuingError");

/**
 * The WebAssembly module is not there. It is no `KycvsError`, because nothing was checked. If `code` is `not_initialized`, the
 * package was called before `init`; if it is `init_failed`, the module could not be loaded, and `cause` says why.
 */
export class InitError extends Error {
  /** @readonly @type {"not_initialized" | "init_failed"} */
  code;

  /** @param {"not_initialized" | "init_failed"} code @param {string} message @param {unknown} [cause] */
  constructor(code, message, cause) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
named(InitError, "InitError");

/** @type {Record<string, typeof KycvsError>} */
const CLASSES = {
  unreadable: UnreadableError,
  untrusted: UntrustedError,
  refused: RefusedError,
  set_up: SetUpError,
  issuing: IssuingError,
};

/**
 * What the module throws.
 * @internal
 * @param {string} code @param {number} number @param {Family} family @param {string} message @param {unknown} cause
 * @returns {KycvsError}
 */
export function kycvsError(code, number, family, message, cause) {
  const sentence = cause instanceof PromiseReturned ? cause.message : message;
  return new (CLASSES[family] ?? KycvsError)(sentence, { code, number, family, cause });
}

/**
 * An app's function returned a promise to a call that cannot wait. Its message takes the place of the core's sentence.
 * @internal
 */
class PromiseReturned extends TypeError {}

/**
 * The same value, unless it is a promise: that is truthy, and must never be taken for an answer.
 * @internal
 * @template T
 * @param {T} value @param {string} sentence What is wrong, and what to do.
 * @returns {T}
 */
export function noPromise(value, sentence) {
  const { then } = /** @type {{ then?: unknown }} */ (value ?? {});
  if (typeof then !== "function") return value;
  // Nobody waits for it. If it is rejected, that must not end the process.
  Promise.resolve(value).catch(() => {});
  throw new PromiseReturned(sentence);
}
