// Checking answers.

import { bytesOf, flagOf, optionalText, optionsOf, textOf, wrongType } from "./arguments.js";
import { boundedBytes, boundedText } from "./bounds.js";
import { KycvsError, noPromise } from "./errors.js";
import { raw } from "./module.js";
import { Owned, handleOf, handleOfArgument, takeHandleOf } from "./owned.js";
import { Presentation, Subject } from "./presentation.js";
import { optionalSecondOf, secondOf, spanOf } from "./times.js";
import { TrustStore } from "./trust.js";

/** @import * as Raw from "./kycvs_web.js" */
/** @import { Bytes } from "./arguments.js" */
/** @import { AsyncReplayGuard, ReplayGuard } from "./replay.js" */
/** @import { Verdict } from "./values.js" */

/**
 * What a verifier takes. Either `audience` or `open` has to be said, or both; what else is not given is as SPEC.md says.
 * @typedef {object} Policy
 * @property {string | null} [audience] The verifying entity's own name. Answers that were given to it are taken.
 * @property {boolean} [open] Takes answers that name no verifying entity (open passes).
 * @property {number | bigint} [clockSkewSeconds] How far the issuer's clock and this one may be apart.
 * @property {number | bigint} [maxLifetimeSeconds] The longest lifetime of an answer.
 * @property {Date | bigint | null} [issuedAfter] Refuses answers that may have been issued at or before this time, as `expired`:
 *   a Date, or seconds since 1970 as a BigInt. A `MemoryReplayGuard` does not know which answers were used before the program
 *   was started: give the time of the start, and none of them is accepted again. Answers that are issued within the clock skew
 *   after it are refused as well.
 * @property {boolean} [allowSpecimen] Takes specimens too, for training.
 * @property {boolean} [ignoreStatusLists] Does not look at status lists, so that an answer that was taken back is good here
 *   until it expires.
 * @property {ReplayGuard | null} [replayGuard] Takes each token once, as this guard remembers.
 * @property {AsyncReplayGuard | null} [asyncReplayGuard] The same with a guard that returns promises: only `verifyAsync` and
 *   `verifyManyAsync` can be called then.
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
  "audience", "open", "clockSkewSeconds", "maxLifetimeSeconds", "issuedAfter", "allowSpecimen", "ignoreStatusLists",
  "replayGuard", "asyncReplayGuard",
];
const EXPECTATION = ["nonce", "purpose", "subject", "now"];

/** Checks answers against a trust store and a policy. It never changes: make one, and keep it. */
export class Verifier extends Owned {
  /** @type {Guard} */
  #guard;

  /**
   * Throws `SetUpError`: `invalid_setting` where a setting is out of its range or neither `audience` nor `open` is said,
   * `invalid_claim` for an audience that is empty or too long.
   * @param {TrustStore} trust @param {Policy} policy
   */
  constructor(trust, policy) {
    const given = /** @type {unknown} */ (trust);
    const made = given instanceof raw.Verifier;
    const guard = made ? /** @type {Guard} */ (policy) : guardOf(policy);
    super(made ? given : verifier(trust, policy, guard));
    this.#guard = guard;
  }

  /** @internal @param {Raw.Verifier} handle @param {Guard} guard @returns {Verifier} */
  static within(handle, guard) {
    return Reflect.construct(Verifier, [handle, guard]);
  }

  /**
   * The same verifier with another trust store: what to do when the store's file has changed. The replay guard stays, and
   * with it what was used.
   * @param {TrustStore} trust
   * @returns {Verifier}
   */
  withTrust(trust) {
    const store = handleOfArgument("trust", trust, TrustStore, raw.TrustStore);
    return Verifier.within(handleOf(this, raw.Verifier).withTrust(store), this.#guard);
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
    const own = this.#atOnce();
    const input = inputOf("presentation", presentation);
    return expecting(expectation, (expected, now) => check(own, input, expected, now));
  }

  /**
   * Checks many presentations: for each, in order, its `Verdict` or the `KycvsError` that `verify` would throw.
   * @param {Iterable<Input>} presentations @param {Expectation} expectation
   * @returns {(Verdict | KycvsError)[]}
   */
  verifyMany(presentations, expectation) {
    const own = this.#atOnce();
    const inputs = inputsOf(presentations);
    return expecting(expectation, (expected, now) => inputs.map((input) => outcome(() => check(own, input, expected, now))));
  }

  /**
   * Checks a presentation with a replay guard that may return a promise; with any other guard, or none, it does what `verify`
   * does. Rejects with what `verify` throws.
   * @param {Input} presentation @param {Expectation} expectation
   * @returns {Promise<Verdict>}
   */
  async verifyAsync(presentation, expectation) {
    const own = handleOf(this, raw.Verifier);
    const input = inputOf("presentation", presentation);
    return this.#settled(expecting(expectation, (expected, now) => begin(own, input, expected, now, false)));
  }

  /**
   * Checks many presentations with a replay guard that may return a promise: for each, in order, its `Verdict` or the
   * `KycvsError` that `verifyAsync` would reject with. Each row is checked just before the guard is asked for it, one row
   * after the other. If there is no `now`, the time is taken for each row. The rows are copied first, so you may change or free
   * what you gave. Do not free the verifier before the promise is settled.
   * @param {Iterable<Input>} presentations @param {Expectation} expectation
   * @returns {Promise<(Verdict | KycvsError)[]>}
   */
  async verifyManyAsync(presentations, expectation) {
    handleOf(this, raw.Verifier);
    const inputs = inputsOf(presentations).map(copyOf);
    const { now } = optionsOf("expectation", expectation, EXPECTATION);
    const fixed = now === undefined ? undefined : secondOf("now", now);
    const expected = expectationOf(expectation);
    try {
      const outcomes = [];
      for (const input of inputs) {
        // Not earlier: an answer may expire while the guard is asked for the rows before it.
        const own = handleOf(this, raw.Verifier);
        const begun = outcome(() => begin(own, input, expected, fixed ?? secondOf("now", undefined), false));
        outcomes.push(begun instanceof KycvsError ? begun : await this.#settled(begun).catch(failureOnly));
      }
      return outcomes;
    } finally {
      expected.free();
    }
  }

  /**
   * Begins to check a presentation: everything except whether it was used before, and then, with what your replay guard says,
   * the verdict. If the verifier has a `replayGuard` of its own, that is asked at the end, too.
   *
   * Throws as `verify`, except `replayed` and `replay_guard_failed`.
   * @param {Input} presentation @param {Expectation} expectation
   * @returns {PendingVerdict}
   */
  beginVerify(presentation, expectation) {
    const own = this.#atOnce();
    const input = inputOf("presentation", presentation);
    return PendingVerdict.within(expecting(expectation, (expected, now) => begin(own, input, expected, now, true)));
  }

  /** For the calls that cannot wait for a guard. @returns {Raw.Verifier} */
  #atOnce() {
    if (this.#guard.isAsync) throw new TypeError("this Verifier has an asyncReplayGuard: call verifyAsync or verifyManyAsync");
    return handleOf(this, raw.Verifier);
  }

  /** @param {Raw.PendingVerdict} pending @returns {Promise<Verdict>} */
  async #settled(pending) {
    const { guard } = this.#guard;
    if (!guard) return pending.finish(true);
    let firstUse;
    try {
      firstUse = await guard.firstUse(pending.issuer(), pending.tokenId(), pending.keepUntilSeconds(), pending.nowSeconds());
      if (typeof firstUse !== "boolean") throw wrongType("firstUse", "true or false", firstUse);
    } catch (thrown) {
      return pending.failed(thrown);
    }
    return pending.finish(firstUse);
  }
}

/**
 * A verdict that waits for your replay guard: from `Verifier.beginVerify`. It shows what a guard needs; what the answer says
 * comes only from `finish`.
 */
export class PendingVerdict extends Owned {
  /** @private @param {Raw.PendingVerdict} handle */
  constructor(handle) {
    if (!(handle instanceof raw.PendingVerdict)) throw wrongType("PendingVerdict", "a call of beginVerify", handle);
    super(handle);
  }

  /** @internal @param {Raw.PendingVerdict} handle @returns {PendingVerdict} */
  static within(handle) {
    return new PendingVerdict(handle);
  }

  /** The issuer whose token it is. @returns {string} */
  get issuer() {
    return handleOf(this, raw.PendingVerdict).issuer();
  }

  /** The token's id, which one issuer uses once: 32 hexadecimal digits. @returns {string} */
  get tokenId() {
    return handleOf(this, raw.PendingVerdict).tokenId();
  }

  /** Until when the guard has to remember the token, at least, in seconds since 1970. @returns {bigint} */
  get keepUntilSeconds() {
    return handleOf(this, raw.PendingVerdict).keepUntilSeconds();
  }

  /** The time of the check, in seconds since 1970. @returns {bigint} */
  get nowSeconds() {
    return handleOf(this, raw.PendingVerdict).nowSeconds();
  }

  /**
   * The verdict, if this is the first use of the token: `firstUse` is what the guard said. It can be called once. If your guard
   * could not be asked, do not call it: there is no verdict then.
   *
   * Throws `RefusedError` (`replayed`) if it is not the first use, or `SetUpError` (`replay_guard_failed`) if the verifier's own
   * guard fails.
   * @param {boolean} firstUse
   * @returns {Verdict}
   */
  finish(firstUse) {
    const said = noPromise(firstUse, "firstUse is a promise, so the answer was not accepted: await it, then call finish");
    if (typeof said !== "boolean") throw wrongType("firstUse", "true or false", said);
    return takeHandleOf(this, raw.PendingVerdict).finish(said);
  }
}

/**
 * @param {Raw.Verifier} own @param {string | Uint8Array | Raw.Presentation} input @param {Raw.Expectation} expected
 * @param {bigint} now
 */
function check(own, input, expected, now) {
  if (typeof input === "string") return own.verifyText(input, expected, now);
  if (input instanceof Uint8Array) return own.verifyBytes(input, expected, now);
  return own.verifyPresentation(input, expected, now);
}

/**
 * @param {Raw.Verifier} own @param {string | Uint8Array | Raw.Presentation} input @param {Raw.Expectation} expected
 * @param {bigint} now
 * @param {boolean} withGuard Whether the verifier's own guard is asked at the end.
 */
function begin(own, input, expected, now, withGuard) {
  if (typeof input === "string") return own.beginText(input, expected, now, withGuard);
  if (input instanceof Uint8Array) return own.beginBytes(input, expected, now, withGuard);
  return own.beginPresentation(input, expected, now, withGuard);
}

/**
 * What a call returns, or the `KycvsError` that it throws.
 * @template T
 * @param {() => T} call @returns {T | KycvsError}
 */
function outcome(call) {
  try {
    return call();
  } catch (error) {
    return failureOnly(error);
  }
}

/** @param {unknown} error @returns {KycvsError} */
function failureOnly(error) {
  if (error instanceof KycvsError) return error;
  throw error;
}

/** @param {unknown} presentations */
function inputsOf(presentations) {
  const iterable = /** @type {Iterable<unknown> | null | undefined} */ (presentations);
  // A text or bytes could be gone through one by one as well.
  const one = typeof presentations === "string" || ArrayBuffer.isView(presentations);
  if (one || typeof iterable?.[Symbol.iterator] !== "function") {
    throw wrongType("presentations", "an iterable of presentations (for one there is verify)", presentations);
  }
  return Array.from(iterable, (input, place) => inputOf(`presentations[${place}]`, input));
}

/**
 * A copy, since the app may change or free what it gave while a call waits.
 * @param {ReturnType<typeof inputOf>} input @returns {string | Uint8Array}
 */
function copyOf(input) {
  if (typeof input === "string") return input;
  return input instanceof Uint8Array ? new Uint8Array(input) : input.toBytes();
}

/** @param {string} name @param {unknown} input */
function inputOf(name, input) {
  if (typeof input === "string") return boundedText(input);
  if (input instanceof Presentation) return handleOf(input, raw.Presentation);
  return boundedBytes(bytesOf(name, input, "a string, bytes or a Presentation"));
}

/** @param {unknown} trust @param {unknown} policy @param {Guard} guard */
function verifier(trust, policy, { guard, isAsync }) {
  const store = handleOfArgument("trust", trust, TrustStore, raw.TrustStore);
  const given = optionsOf("policy", policy, POLICY);
  const audience = optionalText("audience", given.audience);
  const open = flagOf("open", given.open);
  const skew = given.clockSkewSeconds === undefined ? undefined : spanOf("clockSkewSeconds", given.clockSkewSeconds);
  const lifetime = given.maxLifetimeSeconds === undefined ? undefined : spanOf("maxLifetimeSeconds", given.maxLifetimeSeconds);
  const issuedAfter = optionalSecondOf("issuedAfter", given.issuedAfter);
  const specimens = flagOf("allowSpecimen", given.allowSpecimen);
  const noLists = flagOf("ignoreStatusLists", given.ignoreStatusLists);

  // Each step takes the policy before it, and frees it where it fails.
  let made = raw.Policy.of(audience, open);
  if (skew !== undefined) made = made.withClockSkew(skew);
  if (lifetime !== undefined) made = made.withMaxLifetime(lifetime);
  if (issuedAfter !== undefined) made = made.withIssuedAfter(issuedAfter);
  if (specimens) made = made.allowingSpecimens();
  if (noLists) made = made.ignoringStatusLists();
  return raw.Verifier.of(store, made, guard && !isAsync ? askedAtOnce(guard) : undefined);
}

/** @typedef {{ guard: ReplayGuard | AsyncReplayGuard | undefined, isAsync: boolean }} Guard */

/** The guard that a policy names. @param {unknown} policy @returns {Guard} */
function guardOf(policy) {
  const { replayGuard, asyncReplayGuard } = optionsOf("policy", policy, POLICY);
  if (replayGuard != null && asyncReplayGuard != null) throw new TypeError("asyncReplayGuard: give this one, or replayGuard, and not both");
  const isAsync = asyncReplayGuard != null;
  const guard = /** @type {ReplayGuard | AsyncReplayGuard | null | undefined} */ (isAsync ? asyncReplayGuard : replayGuard);
  if (guard === undefined || guard === null) return { guard: undefined, isAsync };
  if (typeof guard.firstUse !== "function") {
    throw wrongType(isAsync ? "asyncReplayGuard" : "replayGuard", "an object with a method firstUse", guard);
  }
  return { guard, isAsync };
}

/**
 * The same guard, as the core asks it: without waiting.
 * @param {ReplayGuard | AsyncReplayGuard} guard
 */
function askedAtOnce(guard) {
  const instead =
    "the replay guard's firstUse returned a promise, so the answer was not accepted: give the guard as asyncReplayGuard, and call verifyAsync";
  return { firstUse: (/** @type {Parameters<ReplayGuard["firstUse"]>} */ ...use) => noPromise(guard.firstUse(...use), instead) };
}

/**
 * @template T
 * @param {Expectation} expectation @param {(expected: Raw.Expectation, now: bigint) => T} call
 * @returns {T}
 */
function expecting(expectation, call) {
  const now = secondOf("now", optionsOf("expectation", expectation, EXPECTATION).now);
  const expected = expectationOf(expectation);
  try {
    return call(expected, now);
  } finally {
    expected.free();
  }
}

/** @param {Expectation} given @returns {Raw.Expectation} */
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
