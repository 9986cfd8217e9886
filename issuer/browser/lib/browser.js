/** Chromium, and a watch over what must not happen in any page. */

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

/** @import { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core" */

/** Where screenshots go. */
const OUT = process.env.KYCVS_SCREENSHOTS ?? fileURLToPath(new URL("../out/", import.meta.url));

/**
 * What is off. It takes the place of Playwright's own list, which has `ThirdPartyStoragePartitioning` in it: people's browsers
 * give a frame storage of its own for each site that embeds it, and with that off they give it none.
 */
const OFF = ["AvoidCorsURLLoaderRestartOnRedirect", "DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades", "MediaRouter", "OptimizationHints", "PaintHolding", "Translate"];

/** @returns {Promise<Browser>} */
export function launch() {
  return chromium.launch({
    executablePath: process.env.KYCVS_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", `--disable-features=${OFF}`],
  });
}

/** The browser says in its console that a reply was not a good one. The pages say what follows from that; see the tests. */
const REFUSALS = /^Failed to load resource: the server responded with a status of (4\d\d|503) /;

/** A page, with whatever its scripts complain about. */
export class Watched {
  /** @type {string[]} */
  faults = [];

  /** @param {BrowserContext} context @param {Page} page */
  constructor(context, page) {
    this.context = context;
    this.page = page;
    page.setDefaultTimeout(20_000);
    page.on("pageerror", (error) => this.faults.push(`exception: ${error.stack}`));
    page.on("console", (message) => {
      if (message.type() === "error") this.faults.push(message.text());
    });
  }

  /** @param {Browser} browser @param {BrowserContextOptions} [options] */
  static async open(browser, options = {}) {
    const context = await browser.newContext({ viewport: { width: 900, height: 900 }, locale: "en-IN", ...options });
    const watched = new Watched(context, await context.newPage());
    await context.exposeBinding("tellOfViolation", (_, text) => watched.faults.push(`policy: ${text}`));
    await context.addInitScript(() => {
      addEventListener("securitypolicyviolation", (event) => {
        // @ts-ignore: made by exposeBinding
        void window.tellOfViolation(`${event.violatedDirective} ${event.blockedURI} in ${event.documentURI}`);
      });
    });
    return watched;
  }

  /** Nothing happened that a person who looks at the console would be told. @param {RegExp[]} expected */
  async close(...expected) {
    await this.context.close();
    const faults = this.faults.filter((fault) => ![REFUSALS, ...expected].some((one) => one.test(fault)));
    assert.deepEqual(faults, []);
  }
}

/** Keeps what a page looks like. @param {Page} page @param {string} name */
export async function picture(page, name) {
  mkdirSync(OUT, { recursive: true });
  // The frame grows with its content a moment later.
  await page.waitForTimeout(150);
  await page.screenshot({ path: `${OUT}/${name}.png`, fullPage: true, animations: "disabled" });
}
