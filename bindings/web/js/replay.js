// Remembering which tokens were used.

import { wrongType } from "./arguments.js";

/**
 * Remembers used tokens, so that each is good once: in a database that several verifiers share, for example.
 * @typedef {object} ReplayGuard
 * @property {(issuer: string, tokenId: string, keepUntilSeconds: bigint, nowSeconds: bigint) => boolean} firstUse
 *   Whether this issuer's token is used for the first time. If so, it is remembered before this returns, until
 *   `keepUntilSeconds` at least. It has to be synchronous (see `AsyncReplayGuard`). What it throws becomes the `cause` of a `SetUpError`
 *   (`replay_guard_failed`), and the answer is not accepted.
 */

/**
 * A replay guard that answers later, for example after a request to a database: for `Verifier.verifyAsync`.
 * @typedef {object} AsyncReplayGuard
 * @property {(issuer: string, tokenId: string, keepUntilSeconds: bigint, nowSeconds: bigint) => boolean | PromiseLike<boolean>} firstUse
 *   As that of a `ReplayGuard`; it may return a promise. Of two calls for one token at the same time only one may get true.
 */

/**
 * A replay guard in the memory of this program: bounded, and forgetful of what has expired.
 *
 * When it is full of tokens that have not expired it fails (`replay_guard_failed`) and forgets none. It forgets a token when
 * two clocks are past its end: the time of a call, and `performance.now()`, which nobody sets. So one call with a time that is
 * far too late forgets nothing.
 * @implements {ReplayGuard}
 */
export class MemoryReplayGuard {
  /** Until when each token is kept, in seconds since 1970, and in milliseconds of `performance.now()`. @type {Map<string, End>} */
  #used = new Map();
  /** No token is forgotten before. @type {End} */
  #next = NEVER;
  /** @type {number} */
  #capacity;

  /**
   * For so many tokens at a time: as many as come in within the longest lifetime and the clock skew.
   * @param {number} capacity
   */
  constructor(capacity) {
    if (typeof capacity !== "number") throw wrongType("capacity", "a number", capacity);
    if (!Number.isSafeInteger(capacity) || capacity < 0) throw new RangeError("capacity: expected a whole number of tokens");
    this.#capacity = capacity;
  }

  /** For how many tokens it is. @returns {number} */
  get capacity() {
    return this.#capacity;
  }

  /**
   * @param {string} issuer @param {string} tokenId @param {bigint} keepUntilSeconds @param {bigint} nowSeconds
   * @returns {boolean}
   */
  firstUse(issuer, tokenId, keepUntilSeconds, nowSeconds) {
    const ownNow = performance.now();
    this.#forget(nowSeconds, ownNow);
    // An id is of one length, so that no two pairs make one key.
    const key = tokenId + issuer;
    if (this.#used.has(key)) return false;
    if (this.#used.size >= this.#capacity) throw new Error("the replay guard is full: give it more capacity");
    const left = keepUntilSeconds > nowSeconds ? keepUntilSeconds - nowSeconds : 0n;
    const end = { seconds: keepUntilSeconds, own: ownNow + 1000 * Number(left) };
    this.#next = earlier(this.#next, end);
    this.#used.set(key, end);
    return true;
  }

  /** Forgets what has expired; goes through all only if something may have. @param {bigint} now @param {number} ownNow */
  #forget(now, ownNow) {
    if (!isOver(this.#next, now, ownNow)) return;
    let next = NEVER;
    for (const [key, end] of this.#used) {
      if (isOver(end, now, ownNow)) this.#used.delete(key);
      else next = earlier(next, end);
    }
    this.#next = next;
  }
}

/** @typedef {{ seconds: bigint, own: number }} End */

/** @type {End} */
const NEVER = { seconds: 2n ** 64n, own: Infinity };

/** @param {End} end @param {bigint} now @param {number} ownNow */
function isOver({ seconds, own }, now, ownNow) {
  return seconds <= now && own <= ownNow;
}

/** @param {End} one @param {End} other @returns {End} */
function earlier(one, other) {
  return {
    seconds: one.seconds < other.seconds ? one.seconds : other.seconds,
    own: Math.min(one.own, other.own),
  };
}
