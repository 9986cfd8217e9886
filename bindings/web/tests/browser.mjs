// Chromium, as the tests start it.

import { chromium } from "playwright-core";

const FLAGS = [
  "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync",
];

/**
 * Starts it, with a profile of its own.
 * @param {string[]} [flags]
 */
export function start(flags = []) {
  return chromium.launch({
    executablePath: process.env.KYCVS_CHROMIUM ?? "/usr/bin/chromium",
    args: [...FLAGS, ...flags],
  });
}
