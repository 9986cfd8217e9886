/** The receipt of an answer, kept for its tab so that it outlives a reload. No name, number, password or answer is kept. */

import { now } from "./api.js";

/** @import { Answer } from "./types" */

const PLACE = "kycvs-receipt";
/**
 * Seconds from the answer: whoever loads the page later does not see it. It is deleted then by the page that is still
 * open, else by the next one in the tab, else with the tab, which a browser may restore.
 */
const LIFETIME = 900;

const forget = () => sessionStorage.removeItem(PLACE);

/** @param {Answer} answer */
export function keep({ status, receipt }) {
  // A browser can refuse a frame all storage: then the receipt is on the screen alone.
  try {
    sessionStorage.setItem(PLACE, JSON.stringify({ status, receipt }));
    setTimeout(forget, LIFETIME * 1000);
  } catch {}
}

/** That of this request, where it is there; any other goes. @param {string} request @returns {Answer | undefined} */
export function kept(request) {
  try {
    const answer = JSON.parse(sessionStorage.getItem(PLACE) ?? "");
    const left = answer.receipt.told_at + LIFETIME - now();
    if (answer.receipt.request !== request || left <= 0) return void forget();
    setTimeout(forget, left * 1000);
    return answer;
  } catch {
    return undefined;
  }
}
