// The WebAssembly module, which is loaded once, by the entry that comes first.

import load, * as glue from "./kycvs_web.js";
import { bytesOf, kindOf } from "./arguments.js";
import { InitError } from "./errors.js";

/** @import { Bytes } from "./arguments.js" */

/**
 * Where the module comes from: its address, which is fetched; a response to such a request; its bytes; or a compiled module.
 * @typedef {string | URL | Request | Response | Bytes | CompiledModule} ModuleSource
 */

/**
 * A `WebAssembly.Module`, if the platform's types have that: those of Node.js do not.
 * @typedef {typeof globalThis extends { WebAssembly: { Module: { prototype: infer M } } } ? M : never} CompiledModule
 */

let isLoaded = false;
/** The call of `init` in progress. @type {Promise<void> | undefined} */
let loading;

/**
 * What the module exports. Before it is loaded, each use throws an `InitError` (`not_initialized`).
 * @internal
 * @type {typeof glue}
 */
export const raw = new Proxy(glue, {
  get(exports, name) {
    if (!isLoaded) {
      throw new InitError("not_initialized", "kycvs was called before its WebAssembly module was loaded: call init and await it first");
    }
    return Reflect.get(exports, name);
  },
});

/**
 * Loads the WebAssembly module. Call it before anything else of the package, and await it.
 *
 * Further calls do nothing: a call after the first has succeeded returns at once, and a call while another is in progress
 * waits for that one. If it fails, for example because there is no network, call it again.
 *
 * Rejects with an `InitError` (`init_failed`), whose `cause` is what the platform threw.
 * @param {ModuleSource | PromiseLike<ModuleSource>} source
 * @returns {Promise<void>}
 */
export async function init(source) {
  if (isLoaded || loading) {
    // Nobody waits for this source. If it is a promise that is rejected, that must not end the process.
    Promise.resolve(source).catch(() => {});
  } else {
    loading = loadFrom(source).finally(() => {
      loading = undefined;
    });
  }
  await loading;
}

/**
 * Loads the WebAssembly module at once, if its bytes or the compiled module are at hand. In a browser's page use `init`:
 * a browser may refuse to compile so much there.
 *
 * Throws an `InitError` (`init_failed`), also if a call of `init` is in progress.
 * @param {Bytes | CompiledModule} source
 */
export function initSync(source) {
  if (isLoaded) return;
  // Two instances would have two memories, and the objects of the first would point into the second.
  if (loading) throw new InitError("init_failed", "a call of init is in progress: await it");
  const given = isModule(source) ? source : bytesOf("source", source, "the module's bytes, or a WebAssembly.Module");
  try {
    glue.initSync({ module: own(isModule(given) ? given : new WebAssembly.Module(/** @type {BufferSource} */ (given))) });
  } catch (cause) {
    throw initFailed(cause, NOT_LOADED);
  }
  isLoaded = true;
}

/** @param {ModuleSource | PromiseLike<ModuleSource>} source */
async function loadFrom(source) {
  const module = await compiled(await fetched(source));
  try {
    await load({ module_or_path: own(module) });
  } catch (cause) {
    throw initFailed(cause, NOT_LOADED);
  }
  isLoaded = true;
}

/** @param {ModuleSource | PromiseLike<ModuleSource>} source @returns {Promise<Response | BufferSource | WebAssembly.Module>} */
async function fetched(source) {
  /** @type {ModuleSource} */
  let given;
  try {
    given = await source;
    const kind = kindOf(given);
    if (typeof given === "string" || kind === "URL" || kind === "Request") given = await fetch(/** @type {string | URL | Request} */ (given));
  } catch (cause) {
    throw new InitError("init_failed", NOT_FETCHED, cause);
  }
  if (isResponse(given)) {
    if (!given.ok) throw new InitError("init_failed", `the server answered ${given.status} for kycvs_web_bg.wasm: check its address`);
    return given;
  }
  if (isModule(given)) return given;
  return /** @type {BufferSource} */ (bytesOf("source", given, "the module's address, its bytes, or a WebAssembly.Module"));
}

/** @param {Response | BufferSource | WebAssembly.Module} found @returns {Promise<WebAssembly.Module>} */
async function compiled(found) {
  if (isModule(found)) return found;
  const isDownload = isResponse(found);
  try {
    return await (isDownload ? downloaded(found) : WebAssembly.compile(/** @type {BufferSource} */ (found)));
  } catch (cause) {
    throw initFailed(cause, isDownload ? NOT_FETCHED : NOT_LOADED);
  }
}

/** Its body is still on its way, and may break off. @param {Response} response @returns {Promise<WebAssembly.Module>} */
async function downloaded(response) {
  // A server that does not know the type is no reason to fail.
  const isTyped = response.headers.get("content-type") === "application/wasm";
  return isTyped ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}

/**
 * Only a failed compilation or link shows that it is another module.
 * @param {unknown} cause @param {string} otherwise The sentence for what else went wrong.
 */
function initFailed(cause, otherwise) {
  const isAnother = cause instanceof WebAssembly.CompileError || cause instanceof WebAssembly.LinkError;
  return new InitError("init_failed", isAnother ? NOT_THE_MODULE : otherwise, cause);
}

/**
 * The same, if it is this package's. What the glue was given once it keeps, whether that works or not.
 * @param {WebAssembly.Module} module
 */
function own(module) {
  if (!WebAssembly.Module.exports(module).some(({ name }) => name === START)) throw new WebAssembly.LinkError(`the module does not export ${START}`);
  return module;
}

/** @param {unknown} source @returns {source is WebAssembly.Module} */
function isModule(source) {
  return kindOf(source) === "WebAssembly.Module";
}

/** @param {unknown} source @returns {source is Response} */
function isResponse(source) {
  return kindOf(source) === "Response";
}

const START = "__wbindgen_start";
const NOT_THE_MODULE = "this is not the WebAssembly module of this version of kycvs: check what is at the address of kycvs_web_bg.wasm";
const NOT_LOADED = "the WebAssembly module of kycvs could not be loaded here: see the cause, and call init again";
const NOT_FETCHED =
  "kycvs_web_bg.wasm could not be fetched: check its address and the network, and call init again (read a local file, and give its bytes)";
