/** Which sites can show the page, what passes between them and it, and what a person sees where it does not come. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Watched, picture } from "../lib/browser.js";
import { ASHA } from "../lib/service.js";
import { heard, words } from "../lib/site.js";
import { browser, embed, onStage, service, site } from "../lib/stage.js";
import { Widget } from "../lib/widget.js";

/** @import { BrowserContext } from "playwright-core" */

onStage();

test("a site that is not registered gets nothing, and the person is told why", async () => {
  const request = await service.ask();
  const { watched, page } = await embed(request, { origin: site.wrongOrigin });
  const error = await heard(page, "error");
  assert.equal(error.code, "not_registered");
  await page.getByText(`${site.wrongOrigin} is not registered with ${service.url}`).waitFor();
  assert.deepEqual((await words(page)).map((word) => word.type), ["error"]);
  assert.equal((await service.view(request.id)).state, "open");
  await picture(page, "wrong-origin");
  // That the browser refuses is what is tested.
  await watched.close(/frame-ancestors/, /Failed to execute 'postMessage'/, /chrome-error/, /policy: frame-/);
});

test("where a browser lets a site that is not registered show the frame, the page itself refuses", async () => {
  const request = await service.ask();
  const watched = await Watched.open(browser);
  const { page } = watched;
  await page.route("**/embed/*", async (route) => {
    const response = await route.fetch();
    const headers = response.headers();
    assert.match(headers["content-security-policy"], /frame-ancestors/);
    delete headers["content-security-policy"];
    await route.fulfill({ response, headers });
  });
  await page.goto(`${site.wrongOrigin}/?src=${encodeURIComponent(request.url)}&lang=en`);
  const widget = Widget.in(page);
  await widget.titled("This page may not ask here");
  assert.doesNotMatch(await widget.body.innerText(), /Sahyadri Rail|rail-booking/);
  assert.equal(await widget.inside.locator("form").count(), 0);
  assert.equal((await heard(page, "error")).code, "wrong_origin");
  assert.deepEqual((await words(page)).map((word) => word.type), ["error"]);
  assert.equal((await service.view(request.id)).state, "open");
  await watched.close();
});

test("an unknown request says so", async () => {
  const { watched, page, widget } = await embed({ url: `${service.url}/embed/AAAAAAAAAAAAAAAAAAAAAA` });
  await widget.titled("There is no such request");
  assert.equal((await heard(page, "error")).code, "not_found");
  await watched.close();
});

test("messages of other windows change nothing", async () => {
  const request = await service.ask();
  const { watched, page, widget } = await embed(request);
  await widget.titled("Sahyadri Rail asks");
  await page.evaluate(() => postMessage({ kycvs: 1, type: "answer", presentation: "forged" }, "*"));
  await widget.body.evaluate(() => postMessage({ kycvs: 1, type: "hello", lang: "hi" }, "*"));
  await page.waitForTimeout(300);
  assert.deepEqual(await words(page), []);
  await widget.titled("Sahyadri Rail asks");
  await watched.close();
});

test("where the issuer is away, the page says so and tries again", async () => {
  const request = await service.ask();
  const watched = await Watched.open(browser);
  const { page } = watched;
  await page.route(`${service.url}/embed/**`, (route) => route.abort("connectionrefused"));
  await page.goto(`${site.origin}/?src=${encodeURIComponent(request.url)}`);
  await page.waitForFunction(() => customElements.get("kycvs-request"));
  await page.route(`${service.url}/**`, (route) => route.abort("connectionrefused"));
  assert.equal((await heard(page, "error")).code, "unreachable");
  await picture(page, "unreachable");
  await page.unrouteAll();
  await page.getByRole("button", { name: "Try again" }).click();
  await Widget.in(page).titled("Sahyadri Rail asks");
  await watched.close(/ERR_CONNECTION_REFUSED/, /Failed to execute 'postMessage'/);
});

test("a site that isolates itself gets its answer, too", async () => {
  const request = await service.ask();
  const { watched, page, widget } = await embed(request, { isolated: true });
  await widget.titled("Sahyadri Rail asks");
  assert.equal(await page.evaluate("crossOriginIsolated"), true);
  await widget.identify(ASHA);
  await widget.titled("Enter the OTP");
  await widget.enter(await service.password());
  const { presentation } = await heard(page, "answer");
  assert.equal(service.verify(presentation ?? "", request.nonce).status, 2);
  await watched.close();
});

test("where the frame is slow, the page says so and leaves it to come", async () => {
  const watched = await Watched.open(browser);
  const { page } = watched;
  /** @type {() => void} */
  let go = () => {};
  const held = new Promise((resolve) => (go = () => resolve(undefined)));
  await page.route("**/embed/*", async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(`${site.origin}/?src=${encodeURIComponent((await service.ask()).url)}&lang=en`);
  const { code, message } = await heard(page, "error");
  assert.equal(code, "slow");
  const notice = page.getByRole("alert");
  assert.ok((await notice.innerText()).includes(message ?? "no message"));
  assert.match(message ?? "", /does not answer\. Nothing was told\./);
  assert.equal(await page.getByRole("button", { name: "Try again" }).isVisible(), true);
  assert.equal(await page.locator("kycvs-request iframe").isVisible(), true);
  go();
  await Widget.in(page).titled("Sahyadri Rail asks");
  assert.equal(await notice.isVisible(), false);
  await watched.close(/Failed to execute 'postMessage'/);
});

test("where the frame's script is lost, no site is blamed for sure, and it can be tried again", async () => {
  const watched = await Watched.open(browser);
  const { page } = watched;
  await page.route("**/assets/flow.js", (route) => route.abort("connectionreset"));
  await page.goto(`${site.origin}/?src=${encodeURIComponent((await service.ask()).url)}&lang=en`);
  const { code, message } = await heard(page, "error");
  assert.equal(code, "not_registered");
  assert.match(message ?? "", /Perhaps .* is not registered with .*, or the connection was lost on the way\./);
  await page.unrouteAll();
  await page.getByRole("button", { name: "Try again" }).click();
  await Widget.in(page).titled("Sahyadri Rail asks");
  assert.equal(await page.getByRole("alert").isVisible(), false);
  await watched.close(/ERR_CONNECTION_RESET/);
});

test("a whole journey: every message, from whom, and to whom alone", async () => {
  const request = await service.ask({ binding: "name" });
  const watched = await Watched.open(browser);
  const messages = await overheard(watched.context);
  await watched.page.goto(`${site.origin}/?src=${encodeURIComponent(request.url)}&lang=en`);
  const widget = Widget.in(watched.page);
  await widget.identify(ASHA);
  await widget.titled("Enter the OTP");
  const wrong = await service.wrongPassword();
  await widget.enter(wrong);
  await widget.complaint("otp");
  const password = await service.password();
  await widget.enter(password);
  const { presentation } = await heard(watched.page, "answer");
  await widget.titled("Sahyadri Rail was told:");

  const routes = new Set(messages.sent.map(({ from, to }) => `${from} to ${to}`));
  assert.deepEqual(routes, new Set([`${site.origin} to ${service.url}`, `${service.url} to ${site.origin}`]));
  const said = (/** @type {string} */ who) => messages.sent.filter(({ from }) => from === who).map(({ data }) => data);
  assert.deepEqual(said(site.origin), [{ kycvs: 1, type: "hello", lang: "en" }]);
  const sizes = said(service.url).filter(({ type }) => type === "resize");
  assert.ok(sizes.length >= 3, "one for each screen");
  for (const { height, ...rest } of sizes) {
    assert.ok(Number.isInteger(height) && height > 0, String(height));
    assert.deepEqual(rest, { kycvs: 1, type: "resize" });
  }
  assert.deepEqual(said(service.url).filter(({ type }) => type !== "resize"), [
    { kycvs: 1, type: "ready" },
    { kycvs: 1, type: "answer", presentation },
  ]);

  // What was sent has arrived, and nothing else.
  for (let tries = 0; messages.arrived.length < messages.sent.length && tries < 400; tries += 1) await watched.page.waitForTimeout(50);
  const sorted = (/** @type {Message[]} */ all) => all.map(({ from, to, data }) => JSON.stringify([from, to, data])).sort();
  assert.deepEqual(sorted(messages.arrived), sorted(messages.sent));

  const everything = JSON.stringify(messages).toLowerCase();
  for (const secret of ["asha", "verma", ASHA.mobile, "9876543210", password, wrong]) assert.ok(!everything.includes(secret.toLowerCase()), secret);
  await watched.close();
});

for (const lang of ["en", "hi"]) {
  test(`what a browser loads of the issuer for it, in ${lang}, is under 30 kB`, async (t) => {
    const request = await service.ask();
    const watched = await Watched.open(browser);
    const { page } = watched;
    /** @type {Promise<{path: string, size: number}>[]} */
    const loaded = [];
    page.on("requestfinished", (one) => {
      const { origin, pathname } = new URL(one.url());
      if (origin === service.url) loaded.push(one.sizes().then(({ responseBodySize }) => ({ path: pathname, size: responseBodySize })));
    });
    await page.goto(`${site.origin}/?src=${encodeURIComponent(request.url)}&lang=${lang}`);
    const widget = Widget.in(page);
    await widget.identify(ASHA);
    await widget.otp.waitFor();
    await widget.enter(await service.password());
    await heard(page, "answer");
    const files = (await Promise.all(loaded)).filter(({ path }) => !path.startsWith("/v1/"));
    const assets = ["api.js", "dom.js", "flow.js", "frame.js", "i18n.js", "receipt.js", "style.css", `${lang}.json`];
    assert.deepEqual(files.map(({ path }) => path).sort(), [...assets.map((name) => `/assets/${name}`), `/embed/${request.id}`, "/embed.js"].sort());
    for (const { path, size } of files) t.diagnostic(`${path.replace(request.id, "ID")}: ${size} bytes`);
    const all = files.reduce((sum, { size }) => sum + size, 0);
    t.diagnostic(`all of it: ${all} bytes`);
    assert.ok(all > 5_000 && all < 30_000, `${all} bytes`);
    await watched.close();
  });
}

/** @typedef {{from: string, to: string, data: any}} Message Where it was sent, `to` is the target origin that was given. */

/**
 * Overhears what all windows of a context say to each other. Wherever a script gets hold of another window, it gets a
 * stand-in for it, which writes down what is sent and hands it on.
 * @param {BrowserContext} context
 */
async function overheard(context) {
  /** @type {{sent: Message[], arrived: Message[]}} */
  const messages = { sent: [], arrived: [] };
  await context.exposeBinding("overhear", (_, /** @type {"sent" | "arrived"} */ list, message) => messages[list].push(message));
  await context.addInitScript(() => {
    /** @type {any} */
    const { overhear } = window;
    /** @type {Map<any, any>} */
    const standIns = new Map();
    const standIn = (/** @type {any} */ other) => {
      if (!other || other === window) return other;
      const own = standIns.get(other) ?? {
        postMessage(/** @type {any} */ data, /** @type {any} */ target) {
          void overhear("sent", { from: location.origin, to: target, data });
          other.postMessage(data, target);
        },
      };
      standIns.set(other, own);
      return own;
    };
    const instead = (/** @type {any} */ prototype, /** @type {string} */ name) => {
      const { get } = Object.getOwnPropertyDescriptor(prototype, name) ?? {};
      Object.defineProperty(prototype, name, { configurable: true, get() { return standIn(get?.call(this)); } });
    };
    Object.defineProperty(window, "parent", { value: standIn(window.parent) });
    instead(HTMLIFrameElement.prototype, "contentWindow");
    instead(MessageEvent.prototype, "source");
    addEventListener("message", ({ origin, data }) => void overhear("arrived", { from: origin, to: location.origin, data }));
  });
  return messages;
}
