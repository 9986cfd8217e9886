// Keeps the page's own files, so that it opens without a network. Asks the network first: a page that decides whom to
// believe must not stay at an old version.

const CACHE = "kycvs-verifier-1";
const FILES = [
  "./", "app.js", "camera.js", "elements.js", "icon.svg", "kept.js", "language.js", "manifest.webmanifest", "reader-worker.js",
  "reader.js", "result.js", "strings/en.json", "strings/hi.json", "style.css", "kycvs/arguments.js", "kycvs/bounds.js", "kycvs/errors.js",
  "kycvs/issuing.js", "kycvs/keys.js", "kycvs/kycvs.js", "kycvs/kycvs_web.js", "kycvs/kycvs_web_bg.wasm", "kycvs/module.js", "kycvs/owned.js",
  "kycvs/presentation.js", "kycvs/qr.js", "kycvs/replay.js", "kycvs/times.js", "kycvs/trust.js", "kycvs/values.js",
  "kycvs/verifying.js", "kycvs/web.js",
];

const worker = /** @type {any} */ (self);

worker.addEventListener("install", (/** @type {any} */ event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)).then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (/** @type {any} */ event) => {
  const others = caches.keys().then((names) => names.filter((name) => name.startsWith("kycvs-verifier-") && name !== CACHE));
  event.waitUntil(others.then((names) => Promise.all(names.map((name) => caches.delete(name)))).then(() => worker.clients.claim()));
});

worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  event.respondWith(answer(request));
});

/** @param {Request} request @returns {Promise<Response>} */
async function answer(request) {
  const cache = await caches.open(CACHE);
  try {
    const fresh = await fetch(request);
    // What belongs to the page, and nothing that a server may give at the same address for another reason.
    if (fresh.ok && await cache.match(request, { ignoreSearch: true })) await cache.put(request, fresh.clone());
    return fresh;
  } catch {
    return await cache.match(request, { ignoreSearch: true }) ?? Response.error();
  }
}
