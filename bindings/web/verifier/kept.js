// What the page remembers: the trust store, and who this verifier is. Never a name, a number, a challenge or an answer.

const DATABASE = "kycvs-verifier";
const TABLE = "files";
const TRUST = "trust.cbor";

/** @returns {Promise<Uint8Array | undefined>} */
export async function keptTrust() {
  const bytes = await ask("readonly", (table) => table.get(TRUST));
  return bytes instanceof Uint8Array ? bytes : undefined;
}

/** @param {Uint8Array | undefined} bytes The store's file; undefined forgets it. */
export async function keepTrust(bytes) {
  await ask("readwrite", (table) => (bytes ? table.put(bytes, TRUST) : table.delete(TRUST)));
}

/** @param {string} name @returns {string} */
export function kept(name) {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    // Some browsers keep nothing, when told so: then it is typed again.
    return "";
  }
}

/** @param {string} name @param {string} value */
export function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // As above.
  }
}

/**
 * @param {IDBTransactionMode} mode @param {(table: IDBObjectStore) => IDBRequest} request
 * @returns {Promise<unknown>}
 */
async function ask(mode, request) {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE);
  const database = /** @type {IDBDatabase} */ (await answered(opening));
  try {
    return await answered(request(database.transaction(TABLE, mode).objectStore(TABLE)));
  } finally {
    database.close();
  }
}

/** @param {IDBRequest} request @returns {Promise<unknown>} */
function answered(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
