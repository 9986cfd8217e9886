/** Calls to the service that this page came from, repeated safely where the network or the service fails. */

/** @import { Problem } from "./types" */

/** `offline` where no reply came at all. */
export class Failure extends Error {
  /** Whether an earlier try of the same call got no reply. */
  repeated = false;

  /** @param {Problem} problem @param {boolean} [definite] whether the reply is the last word on the call */
  constructor(problem, definite = false) {
    super(problem.code);
    this.problem = problem;
    this.definite = definite;
  }
}

/** How long one try may take: the service itself gives an SMS gateway ten seconds. */
const TIMEOUT = 20_000;
/** Between tries, in milliseconds. */
const WAITS = [800, 2_000, 4_000];

let skew = 0;
/** Now, by the service's clock, in seconds. */
export const now = () => Date.now() / 1000 + skew;

/**
 * What was sent and has no definite reply yet. The same again goes out under the same Idempotency-Key, so that what the
 * service did the first time, whose reply was lost, is not done twice.
 * @type {{path: string, body: string, key: string} | undefined}
 */
let pending;

/** `true`: a call is being repeated. */
export const listener = { slow: (/** @type {boolean} */ _) => {} };

/** @param {string} path @returns {Promise<any>} */
export const get = (path) => repeated(path, {});

/** @param {string} path @param {object} content @returns {Promise<any>} */
export async function post(path, content) {
  const body = JSON.stringify(content);
  if (pending?.path !== path || pending.body !== body) {
    const key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(18))));
    pending = { path, body, key };
  }
  const headers = { "content-type": "application/json", "idempotency-key": pending.key };
  try {
    const reply = await repeated(path, { method: "POST", headers, body });
    pending = undefined;
    return reply;
  } catch (error) {
    if (error instanceof Failure && error.definite) pending = undefined;
    throw error;
  }
}

/** @param {string} path @param {RequestInit} init */
async function repeated(path, init) {
  for (const wait of [...WAITS, 0]) {
    /** @type {Failure} */
    let failure;
    try {
      const { status, content } = await once(path, init);
      listener.slow(false);
      if (status < 300) return content;
      failure = new Failure(content, status < 500);
      if (status !== 408 && (status < 502 || content.code === "otp_not_delivered")) throw failure;
    } catch (error) {
      if (error instanceof Failure) {
        error.repeated = wait !== WAITS[0];
        throw error;
      }
      failure = new Failure({ code: "offline" });
    }
    if (wait === 0) {
      listener.slow(false);
      throw failure;
    }
    listener.slow(true);
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/** @param {string} path @param {RequestInit} init */
async function once(path, init) {
  const reply = await fetch(path, { ...init, cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(TIMEOUT) });
  const date = Date.parse(reply.headers.get("date") ?? "");
  if (date) skew = (date - Date.now()) / 1000;
  // A proxy's error page is no problem document.
  const content = await reply.json().catch((error) => {
    if (reply.ok) throw error;
    return { code: reply.status < 500 ? "bad_request" : "unavailable" };
  });
  const after = Number(reply.headers.get("retry-after"));
  return { status: reply.status, content: after ? { ...content, retry_after: after } : content };
}
