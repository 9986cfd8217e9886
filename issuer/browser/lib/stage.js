/** A browser, a site that is registered, and the service, from the first test of a file to its last. */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { Watched, launch } from "./browser.js";
import { Service } from "./service.js";
import { Site } from "./site.js";
import { Widget } from "./widget.js";

/** @import { Browser, BrowserContextOptions, Frame, Page } from "playwright-core" */

/** @type {Browser} */
export let browser;
/** @type {Site} */
export let site;
/** @type {Service} */
export let service;

/** One who tests asks more often than a person may. */
const OFTEN = "[otp]\nresend_after = 1\n[limits]\notp_per_number = { burst = 1000, seconds = 1.0 }\nmessages_per_number = { burst = 1000, seconds = 1.0 }\ndaily_messages_per_number = { burst = 1000, seconds = 1.0 }\notp_per_address = { burst = 1000, seconds = 1.0 }\notp_per_network = { burst = 1000, seconds = 1.0 }";

/**
 * For the tests of the file that calls it.
 * @param {() => Promise<{stop: () => Promise<void>}>} [another] is started upon the service, and stopped before it
 */
export function onStage(another) {
  /** @type {{stop: () => Promise<void>} | undefined} */
  let upon;
  before(async () => {
    browser = await launch();
    site = await Site.start();
    service = await Service.start(site.origin, { more: OFTEN });
    upon = await another?.();
  });
  after(async () => {
    await upon?.stop();
    await browser?.close();
    site?.stop();
    await service?.stop();
  });
}

/**
 * Opens the page that embeds a request. Whoever then calls `page.route` for a call of the frame waits for the frame's title
 * before: the frame is a process of its own, and a route that is set while it starts may miss its calls.
 * @param {{url: string}} view
 * @param {{lang?: string, origin?: string, isolated?: boolean, options?: BrowserContextOptions}} [how]
 */
export async function embed({ url }, { lang = "en", origin = site.origin, isolated = false, options } = {}) {
  const watched = await Watched.open(browser, options);
  await watched.page.goto(`${origin}/?src=${encodeURIComponent(url)}&lang=${lang}${isolated ? "&isolated" : ""}`);
  return { watched, page: watched.page, widget: Widget.in(watched.page) };
}

/** The frame of the issuer's page. @param {Page} page @returns {Frame} */
export function frameOf(page) {
  const frame = page.frames().find((one) => one.url().startsWith(service.url));
  assert.ok(frame);
  return frame;
}
