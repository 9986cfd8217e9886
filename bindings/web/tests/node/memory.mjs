// The module's own memory, which no app sees.

// By a name that the type checker does not follow: what is generated is not checked.
const generated = "../../dist/kycvs_web.js";
const { initSync } = await import(generated);
// It was made when the package was imported: this gives what that one has exported.
/** @type {{ memory: WebAssembly.Memory }} */
const exports = initSync();

/** How large it is, in bytes. */
export const memory = Object.assign(() => exports.memory.buffer.byteLength, {
  /** Whether these bytes stand in it. @param {Uint8Array} bytes */
  has: (bytes) => Buffer.from(exports.memory.buffer).includes(Buffer.from(bytes)),
});
