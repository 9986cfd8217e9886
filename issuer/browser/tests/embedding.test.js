/** Which sites can show the page, what passes between them and it, and what a person sees where it does not come. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Watched, picture } from "../lib/browser.js";
import { ASHA } from "../lib/service.js";
import { heard, words } from "../lib/site.js";
import { browser, embed, onStage, service, site } from "../lib/stage.js";
import { Widget } from "../lib/widget.js";

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
