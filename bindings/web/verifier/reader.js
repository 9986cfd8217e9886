// Reads QR codes in a worker, which is ended where it takes too long: a picture can be drawn so that looking for codes in it
// takes hours.

/** How long a code is looked for, in milliseconds. A slow phone takes some seconds for a large photograph. */
const PATIENCE = 30_000;

/**
 * What a code holds, and whether it claims to be an answer; or why there is no such code.
 * @typedef {{ content: Uint8Array, answer: boolean } | { problem: "nothing" | "damaged" | "several" | "too-large" | "no-picture" | "too-long" }} Found
 */

/** @type {Worker | undefined} */
let worker;
/** One after the other. @type {Promise<unknown>} */
let last = Promise.resolve();

/**
 * What the QR code in a picture holds: of several, the one that is an answer.
 * @param {Blob | ImageBitmap} picture A picture's file; or a frame of the camera, which is handed over.
 * @returns {Promise<Found>}
 */
export function read(picture) {
  const next = last.then(() => ask(picture));
  last = next.catch(() => undefined);
  return next;
}

/** @param {Blob | ImageBitmap} picture @returns {Promise<Found>} */
function ask(picture) {
  const asked = worker ??= new Worker(new URL("./reader-worker.js", import.meta.url), { type: "module" });
  return new Promise((resolve) => {
    const end = () => {
      asked.terminate();
      worker = undefined;
    };
    const timer = setTimeout(() => {
      end();
      resolve({ problem: "too-long" });
    }, PATIENCE);
    asked.onmessage = ({ data }) => {
      clearTimeout(timer);
      resolve(data);
    };
    asked.onerror = () => {
      clearTimeout(timer);
      end();
      resolve({ problem: "too-long" });
    };
    asked.postMessage(picture, picture instanceof ImageBitmap ? [picture] : []);
  });
}
