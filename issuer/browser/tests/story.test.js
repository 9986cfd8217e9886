/** `kycvs serve --demo`, and both parts played as a person plays them: the traveller, and whoever checks what came out. */

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Watched, launch, picture } from "../lib/browser.js";
import { serveFolder } from "../lib/folder.js";
import { Demo, kycvs } from "../lib/service.js";
import { Widget } from "../lib/widget.js";

/** @import { Browser, Page } from "playwright-core" */

/** @type {Browser} */
let browser;
/** @type {Demo} */
let demo;

before(async () => {
  browser = await launch();
  demo = await Demo.start();
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

/** Begins a booking. @param {string} passenger */
async function book(passenger) {
  const watched = await Watched.open(browser);
  const { page } = watched;
  await page.goto(demo.booking);
  await page.getByLabel("Passenger").fill(passenger);
  await page.getByRole("button", { name: "Book this train" }).click();
  const widget = Widget.in(page);
  await widget.titled("Sahyadri Rail asks for your vaccination status");
  return { watched, page, widget };
}

/** Reads the newest password, as a person does: on the inbox page, in another tab. @param {Watched} watched @param {string} [name] */
async function readInbox(watched, name) {
  const tab = await watched.context.newPage();
  await tab.goto(`${demo.url}/inbox`);
  const newest = tab.locator("dl").first();
  await newest.waitFor();
  if (name) await picture(tab, name);
  const found = /\b\d{6}\b/.exec(await newest.innerText());
  await tab.close();
  assert.ok(found);
  return found[0];
}

/** What the page hands to the booking site's server. @param {Page} page @returns {() => Promise<string>} */
function handedOver(page) {
  const sent = page.waitForRequest((request) => request.url().endsWith("/answer"));
  return async () => JSON.parse((await sent).postData() ?? "{}").presentation;
}

test("a fully vaccinated traveller books: asked, told, verified three times", async () => {
  const { watched, page, widget } = await book("Asha R. Verma");
  const consent = await widget.body.innerText();
  for (const said of ["Sahyadri Rail (rail.example)", "rail-booking", "not, partially or fully vaccinated. Nothing else", "Your name. It is not in the answer", "15 minutes from your consent", "Nothing is told until you enter a one-time password"]) {
    assert.ok(consent.includes(said), said);
  }
  await picture(page, "booking-consent");
  const presentation = handedOver(page);
  await widget.go.click();
  await widget.name.fill("Asha R. Verma");
  await widget.mobile.fill("98765 43210");
  await picture(page, "booking-details");
  await widget.go.click();
  await widget.titled("Enter the OTP");
  await picture(page, "booking-otp");
  await widget.enter(await readInbox(watched, "inbox"));
  await page.getByRole("heading", { name: "Your ticket" }).waitFor();
  assert.match(await page.locator("#ticket").innerText(), /Asha R\. Verma is fully vaccinated/);
  await widget.titled("Sahyadri Rail was told:");
  assert.match(await widget.body.innerText(), /Fully vaccinated/);
  await picture(page, "booking-ticket");

  // The receipt says what was told to whom, and nothing about whose it is.
  const download = page.waitForEvent("download");
  await widget.inside.getByRole("button", { name: "Save receipt" }).click();
  const receipt = readFileSync(await (await download).path(), "utf8");
  for (const line of ["Told: Fully vaccinated", "To whom: Sahyadri Rail (rail.example)", "Why: rail-booking", "Who answers: ", "Good until: ", "Request: "]) assert.ok(receipt.includes(line), line);
  assert.doesNotMatch(receipt, /Asha|98765/);

  await accepted(await presentation(), "ASHA R VERMA");
  await watched.close();
});

test("a partially vaccinated traveller is told the same as the railway, and gets no ticket", async () => {
  const { watched, page, widget } = await book("Ravi Verma");
  await widget.identify({ name: "ravi verma", mobile: "+91 98765 43210" });
  await widget.titled("Enter the OTP");
  await widget.enter(await readInbox(watched));
  await page.locator("#alert").getByText("partially vaccinated").waitFor();
  await widget.inside.getByText("Partially vaccinated").first().waitFor();
  assert.equal(await page.locator("#ticket").isVisible(), false);
  await picture(page, "booking-refused");
  await watched.close();
});

test("another person's name does not get the ticket", async () => {
  const { watched, page, widget } = await book("Somebody Else");
  await widget.identify({ name: "Asha R. Verma", mobile: "98765 43210" });
  await widget.titled("Enter the OTP");
  await widget.enter(await readInbox(watched));
  await page.locator("#alert").getByText("wrong_subject").waitFor();
  await watched.close();
});

test("declining: the booking page says what else can be done", async () => {
  const { watched, page, widget } = await book("Asha R. Verma");
  await widget.decline.click();
  await page.locator("#alert").getByText("book at the counter").waitFor();
  await picture(page, "booking-declined");
  await watched.close();
});

test("in Hindi", async () => {
  const { watched, page, widget } = await book("Asha R. Verma");
  await page.getByLabel("Language of the frame").selectOption("hi");
  await widget.titled("जानना चाहता है");
  await picture(page, "booking-hindi");
  await watched.close();
});

test("a pass: shown as a QR code, saved, printed, and good for whoever takes open passes", async () => {
  const watched = await Watched.open(browser, { acceptDownloads: true });
  const { page } = watched;
  await page.goto(`${demo.url}/pass`);
  await page.getByText("Whoever sees this code can copy it").waitFor();
  await picture(page, "pass-begin");
  await page.getByRole("button", { name: "Continue" }).click();
  const widget = new Widget(page);
  // The heading is that of the screen before, whose button does nothing twice.
  await page.getByText("Bound to", { exact: true }).waitFor();
  await widget.identify({ name: "Asha R. Verma", mobile: "98765 43210" });
  await widget.titled("Enter the OTP");
  await widget.enter(await readInbox(watched));
  await widget.titled("Your pass says:");
  const image = page.getByRole("img", { name: "QR code of your pass" });
  assert.ok(await image.evaluate((/** @type {HTMLImageElement} */ one) => one.decode().then(() => one.naturalWidth > 0)));
  assert.equal(await page.getByText("Whoever sees this code can copy it").isVisible(), true);
  await picture(page, "pass");

  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "PNG" }).click();
  const file = join(demo.folder, "pass.png");
  await (await saved).saveAs(file);
  const trust = join(demo.folder, "trust.cbor");
  const verdict = JSON.parse(kycvs("verify", "--json", "--trust", trust, "--allow-open", "--no-nonce", "--allow-specimen", "--name", "asha r verma", file));
  assert.equal(verdict.status, 2);

  await page.getByText("The code as text").click();
  assert.match(await page.locator(".text").innerText(), /^KV1:[0-9A-Z $%*+\-./:]+$/);

  // On paper: the code, and none of the buttons.
  await page.emulateMedia({ media: "print" });
  assert.equal(await image.isVisible(), true);
  assert.equal(await page.getByRole("button", { name: "PNG" }).isVisible(), false);
  await picture(page, "pass-paper");
  await watched.close();
});

/** `kycvs verify`, and the web verifier where it has been built, say yes. @param {string} presentation @param {string} name */
async function accepted(presentation, name) {
  const trust = join(demo.folder, "trust.cbor");
  const file = join(demo.folder, "answer.txt");
  writeFileSync(file, presentation);
  // The challenge is the booking site's secret; its own server has checked it before it gave the ticket.
  const { nonce } = JSON.parse(kycvs("inspect", "--json", file)).claims;
  const verdict = JSON.parse(kycvs("verify", "--json", "--trust", trust, "--audience", "rail.example", "--nonce", nonce, "--purpose", "rail-booking", "--name", name, "--allow-specimen", file));
  assert.equal(verdict.status, 2);
  assert.throws(() => kycvs("verify", "--trust", trust, "--audience", "other.example", "--nonce", nonce, "--allow-specimen", file), /wrong_audience/);

  const folder = process.env.KYCVS_WEB_VERIFIER;
  if (!folder) return;
  assert.ok(existsSync(join(folder, "index.html")), `${folder} holds no verifier page`);
  const server = await serveFolder(folder);
  const watched = await Watched.open(browser);
  try {
    const { page } = watched;
    await page.goto(server.url);
    await page.locator("html[data-ready]").waitFor();
    await page.setInputFiles("#trust", trust);
    await page.locator("#audience").fill("rail.example");
    await page.locator("summary").click();
    await page.locator("#name").fill(name);
    await page.locator("#nonce").fill(nonce);
    await page.locator("#specimens").check();
    await page.locator("#text").fill(presentation);
    await page.locator("#text-form button").click();
    await page.locator("#result-words").getByText(/fully vaccinated/i).waitFor();
    await picture(page, "web-verifier");
    await watched.close();
  } finally {
    server.close();
  }
}
