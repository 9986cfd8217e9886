// Which keys speak for which issuer, and when.

import { bytesOf, flagOf, optionalText, optionsOf, textOf, wrongType } from "./arguments.js";
import { boundedBytes } from "./bounds.js";
import { ImportedKey, VerifyingKey } from "./keys.js";
import { raw } from "./module.js";
import { Owned, handleOf, handleOfArgument } from "./owned.js";
import { boundOf, dateOf } from "./times.js";

/** @import * as Raw from "./kycvs_web.js" */
/** @import { Bytes } from "./arguments.js" */
/** @import { Algorithm } from "./values.js" */

/**
 * What a key's tokens must be like.
 * @typedef {object} TrustedKeyOptions
 * @property {Algorithm | null} [algorithm] The algorithm that its tokens name: `EdDSA`, or what the key's file names.
 * @property {Date | bigint | null} [notBefore] Good for tokens that were issued from then on; null is no bound.
 * @property {Date | bigint | null} [notAfter] Good for tokens that were issued before then; null is no bound.
 * @property {boolean} [withdrawn] No token of it is good any longer, whenever it was issued.
 */

/** One key, the issuer that it speaks for, and what its tokens must be like. */
export class TrustedKey extends Owned {
  /**
   * Times are Dates, or BigInts in seconds since 1970. Throws `SetUpError`: `invalid_claim` where the issuer's name is not
   * 1 to 64 bytes of UTF-8, `bad_trust_store` where the bounds or the algorithm contradict each other.
   * @param {string} issuer @param {VerifyingKey | ImportedKey} key @param {TrustedKeyOptions} [options]
   */
  constructor(issuer, key, options = {}) {
    const given = /** @type {unknown} */ (issuer);
    super(given instanceof raw.TrustedKey ? given : trustedKey(issuer, key, options));
  }

  /** @internal @param {Raw.TrustedKey} handle @returns {TrustedKey} */
  static within(handle) {
    return Reflect.construct(TrustedKey, [handle]);
  }

  /** The issuer. @returns {string} */
  get issuer() {
    return handleOf(this, raw.TrustedKey).issuer();
  }

  /** The key. @returns {VerifyingKey} */
  get key() {
    return VerifyingKey.within(handleOf(this, raw.TrustedKey).key());
  }

  /** The key's id, 16 hexadecimal digits. @returns {string} */
  get keyId() {
    return handleOf(this, raw.TrustedKey).keyId();
  }

  /** The algorithm that the key's tokens name. @returns {Algorithm} */
  get algorithm() {
    return /** @type {Algorithm} */ (handleOf(this, raw.TrustedKey).algorithm());
  }

  /** The first second in which the key may have signed, since 1970; null where there is no bound. @returns {bigint | null} */
  get notBeforeSeconds() {
    return handleOf(this, raw.TrustedKey).notBefore() ?? null;
  }

  /** The first second in which the key may no longer have signed, since 1970. @returns {bigint | null} */
  get notAfterSeconds() {
    return handleOf(this, raw.TrustedKey).notAfter() ?? null;
  }

  /** The first moment at which the key may have signed; null where there is no bound. @returns {Date | null} */
  get notBefore() {
    const seconds = this.notBeforeSeconds;
    return seconds === null ? null : dateOf(seconds);
  }

  /** The first moment at which the key may no longer have signed; null where there is no bound. @returns {Date | null} */
  get notAfter() {
    const seconds = this.notAfterSeconds;
    return seconds === null ? null : dateOf(seconds);
  }

  /** Whether it is withdrawn. @returns {boolean} */
  get withdrawn() {
    return handleOf(this, raw.TrustedKey).withdrawn();
  }
}

/**
 * The keys that a verifier trusts: of several issuers, several of each. A key stands in it once. It never changes; what adds
 * a key gives a new store.
 */
export class TrustStore extends Owned {
  /**
   * A store of these keys; of none, one that trusts nobody. Throws `SetUpError` (`bad_trust_store`) where a key is there
   * twice, or there are too many.
   * @param {Iterable<TrustedKey>} [keys]
   */
  constructor(keys = []) {
    const given = /** @type {unknown} */ (keys);
    super(given instanceof raw.TrustStore ? given : filled(raw.TrustStore.empty(), keys));
  }

  /** @internal @param {Raw.TrustStore} handle @returns {TrustStore} */
  static within(handle) {
    return Reflect.construct(TrustStore, [handle]);
  }

  /**
   * Reads a store's file, such as `kycvs keygen` and `kycvs trust` write. Throws `SetUpError` (`bad_trust_store`).
   *
   * Take it only from where you trust it: whoever can change the file decides whom you believe.
   * @param {Bytes} bytes
   * @returns {TrustStore}
   */
  static fromBytes(bytes) {
    return TrustStore.within(raw.TrustStore.fromBytes(boundedBytes(bytesOf("bytes", bytes), raw.TrustStore.maxBytes())));
  }

  /** The store's file. The same keys always make the same bytes. @returns {Uint8Array} */
  toBytes() {
    return handleOf(this, raw.TrustStore).toBytes();
  }

  /**
   * A store with one key more. Throws `SetUpError` (`bad_trust_store`) where it is there already.
   * @param {TrustedKey} key
   * @returns {TrustStore}
   */
  withKey(key) {
    return TrustStore.within(filled(handleOf(this, raw.TrustStore).copy(), [key]));
  }

  /** The keys, by issuer. @returns {TrustedKey[]} */
  get keys() {
    return handleOf(this, raw.TrustStore).keys().map((key) => TrustedKey.within(key));
  }

  /** How many keys there are. @returns {number} */
  get size() {
    return handleOf(this, raw.TrustStore).size();
  }
}

/** @param {Raw.TrustStore} store @param {unknown} keys */
function filled(store, keys) {
  const iterable = /** @type {Iterable<unknown> | null | undefined} */ (keys);
  try {
    if (typeof iterable?.[Symbol.iterator] !== "function") throw wrongType("keys", "an iterable of TrustedKey", keys);
    for (const key of iterable) store.add(handleOfArgument("keys", key, TrustedKey, raw.TrustedKey));
    return store;
  } catch (error) {
    store.free();
    throw error;
  }
}

/** @param {unknown} issuer @param {unknown} key @param {unknown} options */
function trustedKey(issuer, key, options) {
  const given = optionsOf("options", options, ["algorithm", "notBefore", "notAfter", "withdrawn"]);
  const name = textOf("issuer", issuer);
  const algorithm = optionalText("algorithm", given.algorithm);
  const notBefore = boundOf("notBefore", given.notBefore);
  const notAfter = boundOf("notAfter", given.notAfter);
  const withdrawn = flagOf("withdrawn", given.withdrawn);
  const trusted = key instanceof ImportedKey
    ? raw.TrustedKey.ofImported(name, handleOf(key, raw.ImportedKey), algorithm)
    : raw.TrustedKey.ofKey(
      name, handleOfArgument("key", key, VerifyingKey, raw.VerifyingKey), algorithm,
    );
  const bounded = trusted.withValidity(notBefore, notAfter);
  return withdrawn ? bounded.withdraw() : bounded;
}
