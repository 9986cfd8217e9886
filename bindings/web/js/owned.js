// Objects that own memory of the module.

import { wrongType } from "./arguments.js";

/** @typedef {{ free(): void }} Handle */

/** @type {(object: Owned) => Handle | null} */
let opened;
/** @type {(object: Owned) => void} */
let emptied;

/**
 * An object whose memory is in the module. What nobody frees is freed when it is garbage; `free()` does it at once. Either
 * wipes it.
 */
export class Owned {
  /** @type {Handle | null} */
  #handle;

  /** @internal @param {Handle} handle */
  constructor(handle) {
    this.#handle = handle;
  }

  /** Frees it, and wipes what it held. Whatever was made of it lives on. To free it again does nothing. */
  free() {
    const handle = this.#handle;
    this.#handle = null;
    // Throws where a call of it is under way, which only a signer or a guard that it asks can bring about.
    handle?.free();
  }

  static {
    opened = (object) => object.#handle;
    emptied = (object) => {
      object.#handle = null;
    };
  }
}

/**
 * What the module knows an object by.
 * @template {Handle} H
 * @param {Owned} object
 * @param {{ prototype: H }} _ Its type, for the type checker.
 * @returns {H}
 */
export function handleOf(object, _) {
  const handle = opened(object);
  if (handle === null) throw new TypeError(`this ${object.constructor.name} was freed`);
  return /** @type {H} */ (handle);
}

/**
 * The same, of an argument that may be anything.
 * @template {Handle} H
 * @param {string} name @param {unknown} value @param {Function} type @param {{ prototype: H }} raw
 * @returns {H}
 */
export function handleOfArgument(name, value, type, raw) {
  if (!(value instanceof type)) throw wrongType(name, `a ${type.name}`, value);
  return handleOf(/** @type {Owned} */ (value), raw);
}

/**
 * What the module knows an object by, for a call that uses it up: the object is empty afterwards.
 * @template {Handle} H
 * @param {Owned} object @param {{ prototype: H }} raw
 * @returns {H}
 */
export function takeHandleOf(object, raw) {
  if (opened(object) === null) throw new TypeError(`this ${object.constructor.name} was finished or freed`);
  const handle = handleOf(object, raw);
  emptied(object);
  return handle;
}
