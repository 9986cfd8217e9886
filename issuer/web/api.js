/** Calls to the service that this page came from, repeated safely where the network or the service fails. */

/** @import { Problem } from "./types" */

/** A call that came to nothing, for good or for now. */
export class Failure extends Error {
  /** Whether an earlier try of the same call got no definite reply. */
  repeated = false;

  /** @param {Problem} problem @param {number} status of HTTP; 0 where no reply came at all */
  constructor(problem, status) {
    super(problem.code);
    this.problem = problem;
    // A conflict that says when to come back: the same call, sent before, is still under way.
    const underWay = status === 409 && problem.retry_after !== undefined;
    this.again = status === 0 || status === 408 || underWay || (status > 501 && problem.code !== "otp_not_delivered");
    /** Whether this is the last word on the call. */
    this.definite = !this.again && status < 500;
  }
}

/** How long one try may take, in milliseconds: the service ends every call within 30 seconds, a slow SMS gateway or not. */
const TIMEOUT = 35_000;
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

/** Is told where a call is being repeated. */
export const listener = { retrying() {} };

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
  for (let tries = 0; ; tries += 1) {
    try {
      return await once(path, init);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      error.repeated = tries > 0;
      if (!error.again || tries === WAITS.length) throw error;
    }
    listener.retrying();
    await new Promise((resolve) => setTimeout(resolve, WAITS[tries]));
  }
}

/** @param {string} path @param {RequestInit} init */
async function once(path, init) {
  try {
    const reply = await fetch(path, { ...init, cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(TIMEOUT) });
    const date = Date.parse(reply.headers.get("date") ?? "");
    if (date) skew = (date - Date.now()) / 1000;
    if (reply.ok) return await reply.json();
    // A proxy's error page is no problem document.
    const problem = await reply.json().catch(() => ({ code: reply.status < 500 ? "bad_request" : "unavailable" }));
    const after = Number(reply.headers.get("retry-after"));
    throw new Failure(after ? { ...problem, retry_after: after } : problem, reply.status);
  } catch (error) {
    throw error instanceof Failure ? error : new Failure({ code: "offline" }, 0);
  }
}
