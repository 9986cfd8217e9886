// Checking answers.

import * as raw from "./kycvs_web.js";
import { bytesOf, flagOf, optionalText, optionsOf, textOf, wrongType } from "./arguments.js";
import { boundedBytes, boundedText } from "./bounds.js";
import { KycvsError } from "./errors.js";
import { Owned, handleOf, handleOfArgument } from "./owned.js";
import { Presentation, Subject } from "./presentation.js";
import { secondOf, spanOf } from "./times.js";
import { TrustStore } from "./trust.js";

/** @import { Bytes } from "./arguments.js" */
/** @import { ReplayGuard } from "./replay.js" */
/** @import { Verdict } from "./values.js" */

/**
 * What a verifier takes. Either `audience` or `open` has to be said, or both; what else is not given is as SPEC.md says.
 * @typedef {object} Policy
 * @property {string | null} [audience] The verifying entity's own name. Answers that were given to it are taken.
 * @property {boolean} [open] Takes answers that name no verifying entity (open passes).
 * @property {number | bigint} [clockSkewSeconds] How far the issuer's clock and this one may be apart.
 * @property {number | bigint} [maxLifetimeSeconds] The longest lifetime of an answer.
 * @property {boolean} [allowSpecimen] Takes specimens too, for training.
 * @property {boolean} [ignoreStatusLists] Does not look at status lists, so that an answer that was taken back is good here
 *   until it expires.
 * @property {ReplayGuard | null} [replayGuard] Takes each token once, as this guard remembers.
 */

/**
 * What one request expects of its answer.
 * @typedef {object} Expectation
 * @property {Bytes | null} nonce The challenge that was given, which the answer must carry. `null` says that none was given;
 *   then the answer may be one that was shown before. There is no default.
 * @property {string | null} [purpose] The answer must have been given for this purpose.
 * @property {Subject | null} [subject] The answer must be about this person, and come with its opening.
 * @property {Date | bigint} [now] The time: a Date, or seconds since 1970 as a BigInt; without it, now.
 */

/** Either text form, the bytes, or a `Presentation`. @typedef {string | Bytes | Presentation} Input */

const POLICY = [
  "audience", "open", "clockSkewSeconds", "maxLifetimeSeconds", "allowSpecimen", "ignoreStatusLists", "replayGuard",
];
const EXPECTATION = ["nonce", "purpose", "subject", "now"];

/** Checks answers against a trust store and a policy. It never changes: make one, and keep it. */
export class Verifier extends Owned {
  /**
   * Throws `SetUpError`: `invalid_setting` where a setting is out of its range or neither `audience` nor `open` is said,
   * `invalid_claim` for an audience that is empty or too long.
   * @param {TrustStore} trust @param {Policy} policy
   */
  constructor(trust, policy) {
    const given = /** @type {unknown} */ (trust);
    super(given instanceof raw.Verifier ? given : verifier(trust, policy));
  }

  /** @internal @param {raw.Verifier} handle @returns {Verifier} */
  static within(handle) {
    return Reflect.construct(Verifier, [handle]);
  }

  /**
   * The same verifier with another trust store: what to do when the store's file has changed. The replay guard stays, and
   * with it what was used.
   * @param {TrustStore} trust
   * @returns {Verifier}
   */
  withTrust(trust) {
    const store = handleOfArgument("trust", trust, TrustStore, raw.TrustStore);
    return Verifier.within(handleOf(this, raw.Verifier).withTrust(store));
  }

  /**
   * Checks a presentation.
   *
   * Throws `UnreadableError`, `UntrustedError` or `RefusedError` where the answer is not good, `SetUpError` where the
   * verifier's own set-up is at fault (what a replay guard threw is the `cause`): also `invalid_claim` for a
   * nonce or a purpose that no token can hold.
   * @param {Input} presentation @param {Expectation} expectation
   * @returns {Verdict}
   */
  verify(presentation, expectation) {
    const own = handleOf(this, raw.Verifier);
    const input = inputOf("presentation", presentation);
    const now = nowOf(expectation);
    const expected = expectationOf(expectation);
    try {
      return check(own, input, expected, now);
    } finally {
      expected.free();
    }
  }

  /**
   * Checks many presentations: for each, in order, its `Verdict` or the `KycvsError` that `verify` would throw.
   * @param {Iterable<Input>} presentations @param {Expectation} expectation
   * @returns {(Verdict | KycvsError)[]}
   */
  verifyMany(presentations, expectation) {
    const own = handleOf(this, raw.Verifier);
    const iterable = /** @type {Iterable<unknown> | null | undefined} */ (presentations);
    // A text or bytes could be gone through one by one as well.
    const one = typeof presentations === "string" || ArrayBuffer.isView(presentations);
    if (one || typeof iterable?.[Symbol.iterator] !== "function") {
      throw wrongType("presentations", "an iterable of presentations (for one there is verify)", presentations);
    }
    const inputs = Array.from(iterable, (input, place) => inputOf(`presentations[${place}]`, input));
    const now = nowOf(expectation);
    const expected = expectationOf(expectation);
    try {
      return inputs.map((input) => {
        try {
          return check(own, input, expected, now);
        } catch (error) {
          if (error instanceof KycvsError) return error;
          throw error;
        }
      });
    } finally {
      expected.free();
    }
  }
}

/** @param {raw.Verifier} own @param {string | Uint8Array | raw.Presentation} input @param {raw.Expectation} expected @param {bigint} now */
function check(own, input, expected, now) {
  if (typeof input === "string") return own.verifyText(input, expected, now);
  if (input instanceof Uint8Array) return own.verifyBytes(input, expected, now);
  return own.verifyPresentation(input, expected, now);
}

/** @param {string} name @param {unknown} input */
function inputOf(name, input) {
  if (typeof input === "string") return boundedText(input);
  if (input instanceof Presentation) return handleOf(input, raw.Presentation);
  return boundedBytes(bytesOf(name, input, "a string, bytes or a Presentation"));
}

/** @param {unknown} trust @param {unknown} policy */
function verifier(trust, policy) {
  const store = handleOfArgument("trust", trust, TrustStore, raw.TrustStore);
  const given = optionsOf("policy", policy, POLICY);
  const audience = optionalText("audience", given.audience);
  const open = flagOf("open", given.open);
  const skew = given.clockSkewSeconds === undefined ? undefined : spanOf("clockSkewSeconds", given.clockSkewSeconds);
  const lifetime = given.maxLifetimeSeconds === undefined ? undefined : spanOf("maxLifetimeSeconds", given.maxLifetimeSeconds);
  const specimens = flagOf("allowSpecimen", given.allowSpecimen);
  const noLists = flagOf("ignoreStatusLists", given.ignoreStatusLists);
  const guard = guardOf(given.replayGuard);

  // Each step takes the policy before it, and frees it where it fails.
  let made = raw.Policy.of(audience, open);
  if (skew !== undefined) made = made.withClockSkew(skew);
  if (lifetime !== undefined) made = made.withMaxLifetime(lifetime);
  if (specimens) made = made.allowingSpecimens();
  if (noLists) made = made.ignoringStatusLists();
  return raw.Verifier.of(store, made, guard);
}

/** @param {unknown} guard @returns {ReplayGuard | undefined} */
function guardOf(guard) {
  if (guard === undefined || guard === null) return undefined;
  const given = /** @type {ReplayGuard} */ (guard);
  if (typeof given.firstUse !== "function") throw wrongType("replayGuard", "an object with a method firstUse", guard);
  return given;
}

/** @param {unknown} expectation @returns {bigint} */
function nowOf(expectation) {
  return secondOf("now", optionsOf("expectation", expectation, EXPECTATION).now);
}

/** @param {Expectation} given @returns {raw.Expectation} */
function expectationOf(given) {
  const { nonce, purpose, subject } = given;
  if (nonce === undefined) throw new TypeError("nonce: say the challenge that was given, or null where none was");
  const person = subject == null ? undefined : handleOfArgument("subject", subject, Subject, raw.Subject);
  const expected = purpose == null ? undefined : textOf("purpose", purpose);

  // Each step takes the expectation before it, and frees it where it fails.
  let made = nonce === null ? raw.Expectation.noNonce() : raw.Expectation.nonce(bytesOf("nonce", nonce));
  if (expected !== undefined) made = made.withPurpose(expected);
  return person ? made.withSubject(person) : made;
}
