/** The right password of somebody who is not on record under the name that they typed: nothing is told before they choose. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { Watched, picture } from "../lib/browser.js";
import { ASHA, MIRA } from "../lib/service.js";
import { heard, words } from "../lib/site.js";
import { browser, embed, frameOf, onStage, service } from "../lib/stage.js";
import { Widget } from "../lib/widget.js";

/** @import { Page } from "playwright-core" */

onStage();

const TITLE = "There is no record under this name and number";

/** To the screen that says it. @param {{name: string, mobile: string}} person @param {{lang?: string, more?: object}} [how] */
async function unknown(person, { lang = "en", more = { binding: "name" } } = {}) {
  const request = await service.ask(more);
  const opened = await embed(request, { lang });
  await opened.widget.identify(person);
  await opened.widget.otp.waitFor();
  await opened.widget.enter(await service.password());
  await opened.widget.inside.locator("ul").waitFor();
  return { request, ...opened };
}

/** @param {Page} page @param {{id: string}} request */
async function nothingWasTold(page, request) {
  assert.deepEqual(await words(page), []);
  const view = await service.view(request.id);
  assert.deepEqual([view.state, view.presentation], ["otp_sent", undefined]);
}

describe("a name that is written otherwise than in the register", () => {
  for (const [lang, wrong, right, title, told] of /** @type {const} */ ([
    ["en", { ...ASHA, name: "Asha Verma" }, ASHA, TITLE, "Fully vaccinated"],
    ["hi", { ...MIRA, name: "मीरा जोषी" }, MIRA, "इस नाम और नंबर का कोई रिकॉर्ड नहीं मिला", "पूर्ण टीकाकरण हुआ"],
  ])) {
    test(`the person is told, corrects it, and the right answer is told, ${lang}`, async () => {
      const { request, watched, page, widget } = await unknown(wrong, { lang });
      await widget.titled(title);
      await picture(page, `no-record-${lang}`);
      await nothingWasTold(page, request);
      assert.equal(await widget.name.inputValue(), wrong.name);
      await widget.name.fill(right.name);
      await widget.go.click();
      const { presentation } = await heard(page, "answer");
      await widget.inside.getByText(told).first().waitFor();
      await picture(page, `no-record-corrected-${lang}`);
      const verdict = service.verify(presentation ?? "", request.nonce, "--name", right.name);
      assert.equal(verdict.status, 2);
      await watched.close();
    });
  }

  test("initials may stand elsewhere: the answer is bound to the name that was typed", async () => {
    const request = await service.ask({ binding: "name" });
    const { watched, page, widget } = await embed(request);
    await widget.identify({ ...ASHA, name: "R. Asha Verma" });
    await widget.titled("Enter the OTP");
    await widget.enter(await service.password());
    const { presentation } = await heard(page, "answer");
    assert.equal(service.verify(presentation ?? "", request.nonce, "--name", "R Asha Verma").status, 2);
    await watched.close();
  });

  test("three corrections at most; then the person can decline or consent", async () => {
    const { request, watched, page, widget } = await unknown({ ...ASHA, name: "Asha Verma" });
    for (const [name, left] of /** @type {const} */ ([["Asha B Verma", 2], ["Asha C Verma", 1], ["Asha D Verma", 0]])) {
      await widget.name.fill(name);
      await widget.go.click();
      await widget.inside.getByText(left ? `Corrections left: ${left}` : "You cannot correct the name again").waitFor();
    }
    assert.equal(await widget.name.count(), 0);
    assert.match(await widget.body.innerText(), /Full name\s+Asha D Verma/);
    await picture(page, "no-record-used-up");
    await nothingWasTold(page, request);
    await widget.decline.click();
    await widget.titled("You declined");
    assert.equal((await service.view(request.id)).state, "declined");
    await watched.close();
  });

  test("what is no name is said at the field, and costs no correction", async () => {
    const { watched, widget } = await unknown({ ...ASHA, name: "Asha Verma" });
    for (const name of ["", "..."]) {
      await widget.name.fill(name);
      await widget.go.click();
      assert.match(await widget.complaint("name"), /Enter your name in letters/);
    }
    assert.match(await widget.body.innerText(), /Corrections left: 3/);
    await watched.close();
  });
});

describe("somebody without a record", () => {
  test("consents to 0, which is told then and bound to the name", async () => {
    const { request, watched, page, widget } = await unknown({ name: "Somebody Else", mobile: "9123400000" });
    await nothingWasTold(page, request);
    const zero = widget.inside.getByRole("button", { name: "Consent to “Not vaccinated”" });
    // Once, however often the person presses.
    await zero.dblclick();
    const { presentation } = await heard(page, "answer");
    await widget.titled("Sahyadri Rail was told:");
    await widget.inside.getByText("Not vaccinated").first().waitFor();
    assert.equal(service.verify(presentation ?? "", request.nonce, "--name", "Somebody Else").status, 0);
    assert.equal((await words(page)).length, 1);
    await watched.close();
  });

  test("a name that was changed in the field is searched for before anybody consents to 0 for it", async () => {
    const { request, watched, page, widget } = await unknown({ ...ASHA, name: "Asha Verma" });
    const zero = widget.inside.getByRole("button", { name: "Consent to “Not vaccinated”" });
    await widget.name.fill("Asha B Verma");
    await zero.click();
    await widget.inside.getByText("Corrections left: 2").waitFor();
    await nothingWasTold(page, request);
    await widget.name.fill(ASHA.name);
    await zero.click();
    const { presentation } = await heard(page, "answer");
    assert.equal(service.verify(presentation ?? "", request.nonce, "--name", ASHA.name).status, 2);
    await watched.close();
  });

  test("declines: the entity is told only that", async () => {
    const { request, watched, page, widget } = await unknown({ name: "Somebody Else", mobile: "9123400000" });
    await widget.decline.click();
    await widget.titled("You declined");
    await heard(page, "declined");
    assert.equal((await service.view(request.id)).state, "declined");
    await watched.close();
  });

  test("a pass says it only after the consent", async () => {
    const watched = await Watched.open(browser);
    await watched.page.goto(`${service.url}/pass`);
    const widget = new Widget(watched.page);
    await watched.page.getByRole("button", { name: "Continue" }).click();
    await widget.titled("A pass to show or print");
    await widget.identify({ name: "Somebody Else", mobile: "9123400000" });
    await widget.titled("Enter the OTP");
    await widget.enter(await service.password());
    await widget.titled(TITLE);
    await picture(watched.page, "no-record-pass");
    assert.equal(await watched.page.locator(".qr").count(), 0);
    await watched.page.getByRole("button", { name: "Get the pass “Not vaccinated”" }).click();
    await watched.page.locator(".qr").waitFor();
    assert.match(await widget.body.innerText(), /Your pass says:\s+Not vaccinated/);
    await watched.close();
  });
});

/** What a client of 2021 is told of this person, and its bearer token. @param {{name: string, mobile: string}} person */
async function byCallOf2021({ name, mobile }) {
  /** @param {string} call @param {object} body */
  const post = (call, body) => fetch(`${service.url}/v3/vaccination/${call}`, {
    method: "POST", headers: { "content-type": "application/json", "x-api-key": service.apiKey }, body: JSON.stringify(body),
  });
  const { txnId } = await (await post("generateOTP", { full_name: name, mobile_number: mobile })).json();
  const otp = createHash("sha256").update(await service.password()).digest("hex");
  const reply = await post("confirmOTP", { txnId, otp });
  assert.equal(reply.status, 409);
  return /** @type {{url: string, token: string}} */ (await reply.json());
}

/** @param {string} token */
const statusOf2021 = (token) => fetch(`${service.url}/v3/vaccination/status`, { headers: { authorization: `Bearer ${token}` } });

describe("a person whom an entity asked for by the calls of 2021, without a record", () => {
  for (const [lang, given, consent, told] of /** @type {const} */ ([
    ["en", "Sahyadri Rail gave your name and number", "Consent to “Not vaccinated”", "Not vaccinated"],
    ["hi", "आपका नाम और नंबर Sahyadri Rail ने दिया है", "“टीकाकरण नहीं हुआ” बताने की सहमति दें", "टीकाकरण नहीं हुआ"],
  ])) {
    test(`consents to 0 on the page, ${lang}`, async () => {
      const { url, token } = await byCallOf2021({ name: "Somebody Else", mobile: "9123400000" });
      const watched = await Watched.open(browser, { locale: lang });
      await watched.page.goto(url);
      const widget = new Widget(watched.page);
      await widget.go.click();
      await widget.inside.getByText(given).waitFor();
      assert.equal(await widget.inside.locator("input").count(), 0);
      await picture(watched.page, `legacy-send-${lang}`);
      await widget.go.click();
      await widget.otp.waitFor();
      await widget.enter(await service.password());
      await widget.inside.locator("dd", { hasText: "somebody else" }).waitFor();
      await picture(watched.page, `legacy-no-record-${lang}`);
      assert.equal((await statusOf2021(token)).status, 409);
      await widget.inside.getByRole("button", { name: consent }).click();
      await widget.inside.getByText(told).first().waitFor();
      assert.equal((await (await statusOf2021(token)).json()).vaccination_status, 0);
      await watched.close();
    });
  }

  test("loaded again, sends another OTP, and declines", async () => {
    const { url, token } = await byCallOf2021({ name: "Somebody Else", mobile: "9123400000" });
    const watched = await Watched.open(browser);
    await watched.page.goto(url);
    const widget = new Widget(watched.page);
    await widget.go.click();
    await widget.go.click();
    await widget.titled("Enter the OTP");
    await watched.page.reload();
    await widget.go.click();
    await widget.inside.getByRole("button", { name: "Send another OTP" }).click();
    await widget.inside.getByText("Another OTP was sent.").waitFor();
    await widget.enter(await service.password());
    await widget.titled(TITLE);
    await widget.decline.click();
    await widget.titled("You declined");
    assert.equal((await statusOf2021(token)).status, 410);
    await watched.close();
  });
});

describe("on the way", () => {
  test("loaded again: the OTP is entered once more, and the person is where they were", async () => {
    const { request, watched, page, widget } = await unknown({ ...ASHA, name: "Asha Verma" });
    const otp = await service.password();
    await page.reload();
    await widget.titled("Sahyadri Rail asks");
    await widget.go.click();
    await widget.titled("Enter the OTP");
    assert.match(await widget.body.innerText(), /Tries left: 3/);
    await widget.enter(otp);
    await widget.titled(TITLE);
    assert.equal(await widget.name.inputValue(), "", "the page keeps no name");
    await nothingWasTold(page, request);
    await widget.name.fill(ASHA.name);
    await widget.go.click();
    await widget.titled("Sahyadri Rail was told:");
    await watched.close();
  });

  test("another OTP was asked for meanwhile: the newest one is asked for, and nothing is told", async () => {
    const { request, watched, page, widget } = await unknown({ ...ASHA, name: "Asha Verma" });
    const first = await service.password();
    await widget.inside.getByRole("button", { name: "Send another OTP" }).click();
    await widget.titled("Enter the OTP");
    const second = await service.password();
    if (first !== second) {
      await widget.enter(first);
      await widget.complaint("otp");
    }
    await nothingWasTold(page, request);
    await widget.enter(second);
    await widget.titled(TITLE);
    await watched.close();
  });

  test("another tab sent another name: the name that this page shows is looked up and bound", async () => {
    const request = await service.ask({ binding: "name" });
    const { watched, page, widget } = await embed(request);
    await widget.identify(ASHA);
    await widget.titled("Enter the OTP");
    const body = JSON.stringify({ name: "Somebody Else", mobile: ASHA.mobile });
    const send = () => fetch(`${service.url}/v1/requests/${request.id}/otp`, { method: "POST", headers: { "content-type": "application/json" }, body });
    // Until it may be sent once more.
    while ((await send()).status !== 202) await new Promise((resolve) => setTimeout(resolve, 100));
    await widget.enter(await service.password());
    const { presentation } = await heard(page, "answer");
    assert.equal(service.verify(presentation ?? "", request.nonce, "--name", ASHA.name).status, 2);
    await watched.close();
  });

  test("the OTP's time is over: another is asked for, with the corrected name", async () => {
    const { watched, page, widget } = await unknown({ ...ASHA, name: "Asha Verma" });
    await page.route("**/confirm", (route) => route.fulfill({ status: 410, json: { code: "otp_expired" } }), { times: 1 });
    await widget.name.fill(ASHA.name);
    await widget.go.click();
    await widget.titled("Enter the OTP");
    await widget.alert.getByText("Send another one").waitFor();
    await widget.inside.getByRole("button", { name: "Send another OTP" }).click();
    await widget.inside.getByText("Another OTP was sent.").waitFor();
    await widget.enter(await service.password());
    await widget.titled("Sahyadri Rail was told:");
    await watched.close();
  });

  test("a reply that is lost is asked for again, and counts once", async () => {
    const { watched, page, widget } = await unknown({ ...ASHA, name: "Asha Verma" });
    await page.route("**/confirm", async (route) => {
      await route.fetch();
      await route.abort("connectionreset");
    }, { times: 1 });
    await widget.name.fill("Asha B Verma");
    await widget.go.click();
    await widget.inside.getByText("Corrections left: 2").waitFor();
    await watched.close(/ERR_CONNECTION_RESET/);
  });

  test("by keyboard: the focus goes to the title, and the field says what it is for", async () => {
    const { watched, page, widget } = await unknown({ ...ASHA, name: "Asha Verma" });
    const focus = () => frameOf(page).evaluate(() => `${document.activeElement?.tagName} ${document.activeElement?.textContent}`);
    assert.equal(await focus(), `H1 ${TITLE}`);
    await page.keyboard.press("Tab");
    assert.equal(await widget.name.evaluate((input) => input === document.activeElement), true);
    await page.keyboard.press("End");
    await page.keyboard.type("s");
    await page.keyboard.press("Enter");
    await widget.inside.getByText("Corrections left: 2").waitFor();
    assert.equal(await focus(), `H1 ${TITLE}`);
    await watched.close();
  });
});
