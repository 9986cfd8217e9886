/** The verifying entity in Python with its page, `booking.js`, in a real browser: every way in which news reach its server. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Watched } from "../lib/browser.js";
import { Entity } from "../lib/entity.js";
import { ASHA } from "../lib/service.js";
import { browser, onStage, service } from "../lib/stage.js";
import { Widget } from "../lib/widget.js";

/** @type {Entity} */
let entity;

onStage(async () => (entity = await Entity.start(service)));

/** Books a seat, and counts how often the booking's page is loaded. @param {string} passenger @param {string} [origin] */
async function book(passenger, origin = entity.origin) {
  const watched = await Watched.open(browser);
  const { page } = watched;
  const loads = { count: 0 };
  page.on("request", (one) => {
    if (one.isNavigationRequest() && one.frame() === page.mainFrame() && one.url().includes("/bookings/")) loads.count += 1;
  });
  await page.goto(origin);
  await page.locator("[name=passenger]").fill(passenger);
  await page.getByRole("button", { name: "Book" }).click();
  const widget = Widget.in(page);
  const state = page.locator("#state");
  await state.getByText("Waiting for your consent.").waitFor();
  // With the page's own script in it, whatever becomes of its server from here on.
  await page.waitForLoadState("domcontentloaded");
  return { watched, page, widget, state, loads };
}

/** From the consent to the answer. @param {Widget} widget */
async function consent(widget) {
  await widget.identify(ASHA);
  await widget.titled("Enter the OTP");
  await widget.enter(await service.password());
  await widget.titled("Train seats was told:");
}

test("an answer: the page brings it to the server, shows what that decided, and leaves the receipt", async () => {
  const { watched, page, widget, state, loads } = await book("Asha R. Verma");
  await widget.titled("Train seats asks for your vaccination status");
  await consent(widget);
  await state.getByText("Booked. Have a good journey.").waitFor();
  assert.match(await widget.body.innerText(), /Fully vaccinated/);
  assert.equal(loads.count, 1);
  await page.reload();
  await state.getByText("Booked. Have a good journey.").waitFor();
  assert.equal(await page.locator("kycvs-request").count(), 0);
  await watched.close();
});

test("an answer about somebody else: the server refuses it, and the page says so", async () => {
  const { watched, widget, state } = await book("Somebody Else");
  await consent(widget);
  await state.getByText("This answer cannot be accepted. Please load the page again.").waitFor();
  await watched.close();
});

test("an answer that does not reach the server: loaded again, the server asks for it", async () => {
  const { watched, page, widget, state } = await book("Asha R. Verma");
  await page.route("**/answer", (route) => route.abort("connectionreset"));
  await consent(widget);
  await state.getByText("The answer was given, and could not be taken here. Please load this page again.").waitFor();
  await page.unrouteAll();
  await page.reload();
  await state.getByText("Booked. Have a good journey.").waitFor();
  await watched.close(/ERR_CONNECTION_RESET/);
});

test("an answer that the server cannot ask for yet: the page says so, and does not load again by itself", async () => {
  const { watched, page, widget, state, loads } = await book("Asha R. Verma");
  await page.route("**/answer", (route) => route.abort("connectionreset"));
  await consent(widget);
  await state.getByText("could not be taken here").waitFor();
  await cutOff(async () => {
    await page.reload();
    await state.getByText("You have answered; it could not be taken here yet.").waitFor();
    await page.waitForTimeout(500);
    assert.equal(loads.count, 2);
  });
  await page.reload();
  await state.getByText("Booked. Have a good journey.").waitFor();
  await watched.close(/ERR_CONNECTION_RESET/);
});

test("declining: the page is loaded again once, and the server says how it ended", async () => {
  const { watched, page, widget, state, loads } = await book("Asha R. Verma");
  await widget.decline.click();
  await state.getByText("Not booked: you declined.").waitFor();
  assert.equal(await page.locator("kycvs-request").count(), 0);
  assert.equal(loads.count, 2);
  await watched.close();
});

test("declining where the server cannot ask: one load, and then a sentence", async () => {
  const { watched, page, widget, state, loads } = await book("Asha R. Verma");
  await cutOff(async () => {
    await widget.decline.click();
    await state.getByText("This has ended; it could not be seen here yet.").waitFor();
    await page.waitForTimeout(500);
    assert.equal(loads.count, 2);
  });
  await page.reload();
  await state.getByText("Not booked: you declined.").waitFor();
  await watched.close();
});

test("news that are there before the page's own script: they wait for it", async () => {
  const { watched, page, widget, state } = await book("Asha R. Verma");
  /** @type {() => void} */
  let go = () => {};
  const held = new Promise((resolve) => (go = () => resolve(undefined)));
  await cutOff(async () => {
    await page.route("**/booking.js", async (route) => {
      await held;
      await route.continue();
    });
    await widget.decline.click();
    await page.waitForFunction(() => document.readyState === "interactive");
    await widget.titled("You declined");
    go();
    await state.getByText("This has ended; it could not be seen here yet.").waitFor();
  });
  await watched.close();
});

test("three wrong passwords: the server says that it ended so", async () => {
  const { watched, widget, state } = await book("Asha R. Verma");
  await widget.identify(ASHA);
  await widget.titled("Enter the OTP");
  const wrong = await service.wrongPassword();
  for (const left of [2, 1]) {
    await widget.enter(wrong);
    await widget.inside.getByText(`OTP that was sent. Tries left: ${left}`).waitFor();
  }
  await widget.enter(wrong);
  await state.getByText("Not booked: too many wrong passwords.").waitFor();
  await watched.close();
});

test("at an origin that is not registered, the component's sentence stands on the page", async () => {
  const { watched, state } = await book("Asha R. Verma", entity.wrongOrigin);
  await state.getByText(`${entity.wrongOrigin} is not registered with ${service.url}`).waitFor();
  await watched.close(/frame-ancestors/, /Failed to execute 'postMessage'/, /chrome-error/, /policy: frame-/);
});

/** While the issuer does not know the example's server. @param {() => Promise<void>} story */
async function cutOff(story) {
  await entity.serve("kycvs_not-its-own");
  try {
    await story();
  } finally {
    await entity.serve();
  }
}
