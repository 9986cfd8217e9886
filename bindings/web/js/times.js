// Times. A token's are whole seconds since 1970, up to 2^64-1: exact as a BigInt, and as a Date where that is enough.

import { kindOf, wrongType } from "./arguments.js";

/** The last moment that there is a `Date` for, in seconds since 1970. */
const LAST = 8_640_000_000_000n;
const MOST = 2n ** 64n - 1n;

/** @param {bigint} seconds @returns {Date} */
export function dateOf(seconds) {
  return new Date(Number(seconds < LAST ? seconds : LAST) * 1000);
}

/**
 * The second that a time lies in; now, where none is given.
 * @param {string} name @param {unknown} time @returns {bigint}
 */
export function secondOf(name, time) {
  return time === undefined ? inSeconds(name, new Date(), Math.floor) : inSeconds(name, time, Math.floor);
}

/**
 * The second that a time lies in; undefined if no time is given.
 * @param {string} name @param {unknown} time @returns {bigint | undefined}
 */
export function optionalSecondOf(name, time) {
  return time === undefined || time === null ? undefined : inSeconds(name, time, Math.floor);
}

/**
 * The first second that begins at a time or after it; undefined where there is no bound.
 * @param {string} name @param {unknown} time @returns {bigint | undefined}
 */
export function boundOf(name, time) {
  return time === undefined || time === null ? undefined : inSeconds(name, time, Math.ceil);
}

/**
 * A span of whole seconds.
 * @param {string} name @param {unknown} span @returns {bigint}
 */
export function spanOf(name, span) {
  if (typeof span === "number") {
    if (!Number.isSafeInteger(span)) throw new RangeError(`${name}: expected whole seconds, as a number or a BigInt`);
    return within(name, BigInt(span));
  }
  if (typeof span !== "bigint") throw wrongType(name, "seconds, as a number or a BigInt", span);
  return within(name, span);
}

/** @param {string} name @param {unknown} time @param {(seconds: number) => number} whole @returns {bigint} */
function inSeconds(name, time, whole) {
  if (typeof time === "bigint") return within(name, time);
  // A number could be seconds, or milliseconds as Date.now() has them.
  if (kindOf(time) !== "Date") throw wrongType(name, "a Date, or seconds since 1970 as a BigInt", time);
  const milliseconds = Number(time);
  if (Number.isNaN(milliseconds)) throw new RangeError(`${name}: this Date is no time`);
  return within(name, BigInt(whole(milliseconds / 1000)));
}

/** @param {string} name @param {bigint} seconds */
function within(name, seconds) {
  if (seconds < 0n) throw new RangeError(`${name}: expected no less than 0 seconds`);
  if (seconds > MOST) throw new RangeError(`${name}: expected no more than 2^64-1 seconds`);
  return seconds;
}
