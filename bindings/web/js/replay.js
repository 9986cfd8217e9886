// Remembering which tokens were used.

import { wrongType } from "./arguments.js";

/**
 * Remembers used tokens, so that each is good once: in a database that several verifiers share, for example.
 * @typedef {object} ReplayGuard
 * @property {(issuer: string, tokenId: string, keepUntilSeconds: bigint, nowSeconds: bigint) => boolean} firstUse
 *   Whether this issuer's token is used for the first time. If so, it is remembered before this returns, until
 *   `keepUntilSeconds` at least. It has to be synchronous. What it throws becomes the `cause` of a `SetUpError`
 *   (`replay_guard_failed`), and the answer is not accepted.
 */

/**
 * A replay guard in the memory of this program: bounded, and forgetful of what has expired.
 *
 * When it is full of tokens that have not expired it fails (`replay_guard_failed`) rather than forget one.
 * @implements {ReplayGuard}
 */
export class MemoryReplayGuard {
  /** The time until which each token is kept. @type {Map<string, bigint>} */
  #used = new Map();
  /** No token expires before. */
  #nextExpiry = 0n;
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
    this.#forget(nowSeconds);
    // An id is of one length, so that no two pairs make one key.
    const key = tokenId + issuer;
    if (this.#used.has(key)) return false;
    if (this.#used.size >= this.#capacity) throw new Error("the replay guard is full: give it more capacity");
    if (this.#used.size === 0 || keepUntilSeconds < this.#nextExpiry) this.#nextExpiry = keepUntilSeconds;
    this.#used.set(key, keepUntilSeconds);
    return true;
  }

  /** Forgets what has expired; goes through all only where something has. @param {bigint} now */
  #forget(now) {
    if (this.#used.size === 0 || this.#nextExpiry > now) return;
    /** @type {bigint | undefined} */
    let next;
    for (const [key, keepUntil] of this.#used) {
      if (keepUntil <= now) this.#used.delete(key);
      else if (next === undefined || keepUntil < next) next = keepUntil;
    }
    this.#nextExpiry = next ?? 0n;
  }
}
