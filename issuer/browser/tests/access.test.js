/** Who uses a keyboard alone, a screen reader, large text, a small phone, the dark, or Hindi. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import { Watched, picture } from "../lib/browser.js";
import { ASHA, MIRA } from "../lib/service.js";
import { heard } from "../lib/site.js";
import { browser, embed as shown, frameOf, onStage, service, site } from "../lib/stage.js";
import { Widget } from "../lib/widget.js";

/** @import { BrowserContextOptions, Frame, Page } from "playwright-core" */

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8");

onStage();

/** @param {BrowserContextOptions} [options] @param {string} [lang] @param {object} [more] */
const embed = async (options, lang, more) => shown(await service.ask(more), { options, lang });

/** No rule of WCAG 2.2 AA that a program can check is broken. @param {Frame} frame @param {string} where */
async function accessible(frame, where) {
  await frame.evaluate(AXE);
  const found = await frame.evaluate(async () => {
    // @ts-ignore: it was just put there
    const { violations } = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
    return violations.map((/** @type {any} */ one) => `${one.id}: ${one.nodes.map((/** @type {any} */ node) => node.html).join(" ")}`);
  });
  assert.deepEqual(found, [], where);
}

/** Nothing is wider than the window. @param {Frame} frame @param {string} where */
async function fits(frame, where) {
  const [wide, shown] = await frame.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(wide <= shown, `${where}: ${wide} px in ${shown} px`);
}

/**
 * The screens of the whole way, in order.
 * @param {Page} page @param {Widget} widget @param {(where: string) => Promise<void>} look @param {{name: string, mobile: string}} person
 */
async function way(page, widget, look, person) {
  await widget.go.waitFor();
  await look("consent");
  await widget.go.click();
  await widget.name.waitFor();
  await look("details");
  await widget.go.click();
  await widget.complaint("name");
  await look("details-wrong");
  // Not on record under half of the name.
  await widget.name.fill(person.name.split(" ")[0]);
  await widget.mobile.fill(person.mobile);
  await widget.go.click();
  await widget.otp.waitFor();
  await look("otp");
  await widget.enter(await service.wrongPassword());
  await widget.complaint("otp");
  await look("otp-wrong");
  await widget.enter(await service.password());
  await widget.inside.locator("ul").waitFor();
  await look("no-record");
  await widget.name.fill("...");
  await widget.go.click();
  await widget.complaint("name");
  await look("no-record-wrong");
  await widget.name.fill(person.name);
  await widget.go.click();
  await heard(page, "answer");
  await look("done");
}

describe("axe finds nothing", () => {
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    test(`on any screen, ${colorScheme}`, async () => {
      const { watched, page, widget } = await embed({ colorScheme, reducedMotion: "reduce" });
      await way(page, widget, (where) => accessible(frameOf(page), where), ASHA);
      await watched.close();
    });
  }

  test("on the pages that stand alone", async () => {
    const watched = await Watched.open(browser);
    for (const path of ["/pass", "/inbox"]) {
      await watched.page.goto(service.url + path);
      await watched.page.locator("h1").waitFor();
      await accessible(watched.page.mainFrame(), path);
    }
    await watched.close();
  });

  test("in the notice of the component", async () => {
    const watched = await Watched.open(browser);
    const { page } = watched;
    await page.goto(`${site.wrongOrigin}/?src=${encodeURIComponent((await service.ask()).url)}&lang=en`);
    await page.getByRole("alert").getByText("is not registered").waitFor();
    await accessible(page.mainFrame(), "the notice");
    await watched.close(/frame-ancestors/, /Failed to execute 'postMessage'/, /chrome-error/, /policy: frame-/);
  });
});

describe("a small phone", () => {
  for (const [lang, person] of /** @type {const} */ ([["en", ASHA], ["hi", MIRA]])) {
    test(`320 pixels wide, ${lang}`, async () => {
      const { watched, page, widget } = await embed({ viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true }, lang);
      await way(page, widget, async (where) => {
        await fits(frameOf(page), where);
        await fits(page.mainFrame(), where);
        await picture(page, `phone-${lang}-${where}`);
      }, person);
      await watched.close();
    });
  }

  test("text twice as large", async () => {
    const { watched, page, widget } = await embed({ viewport: { width: 640, height: 2400 } });
    await widget.titled("Sahyadri Rail asks");
    await frameOf(page).evaluate(() => {
      document.documentElement.style.fontSize = "200%";
    });
    await way(page, widget, (where) => fits(frameOf(page), where), ASHA);
    await picture(page, "large-text");
    await watched.close();
  });

  test("the frame is as high as its content, so that nothing scrolls inside it", async () => {
    const { watched, page, widget } = await embed({ viewport: { width: 360, height: 640 } });
    await way(page, widget, async (where) => {
      await frameOf(page).waitForFunction(() => document.documentElement.scrollHeight <= innerHeight).catch(() => assert.fail(where));
    }, ASHA);
    await watched.close();
  });
});

test("by keyboard alone, with the focus always where the person goes on", async () => {
  const { watched, page, widget } = await embed();
  await widget.titled("Sahyadri Rail asks");
  const focus = () => frameOf(page).evaluate(() => {
    const { tagName, id, textContent } = document.activeElement ?? document.body;
    return id || (tagName === "BODY" ? "" : `${tagName} ${textContent}`);
  });
  /** @param {string | RegExp} expected */
  const tabTo = async (expected) => {
    for (let tries = 0; tries < 8; tries += 1) {
      await page.keyboard.press("Tab");
      const now = await focus();
      if (typeof expected === "string" ? now === expected : expected.test(now)) return;
    }
    assert.fail(`the Tab key does not lead to ${expected}`);
  };
  // It was not taken from the embedding page.
  assert.equal(await focus(), "");
  await tabTo("BUTTON Continue");
  await page.keyboard.press("Space");
  await widget.titled("Your name and number");
  assert.equal(await focus(), "H1 Your name and number");
  await tabTo("name");
  await page.keyboard.type(ASHA.name);
  await page.keyboard.press("Enter");
  // Sent too early: the focus goes to what is missing.
  assert.match(await widget.complaint("mobile"), /whole mobile number/);
  assert.equal(await focus(), "mobile");
  await page.keyboard.type(ASHA.mobile);
  await page.keyboard.press("Enter");
  await widget.titled("Enter the OTP");
  assert.equal(await focus(), "otp");
  await page.keyboard.type(await service.wrongPassword());
  await page.keyboard.press("Enter");
  await widget.complaint("otp");
  assert.equal(await focus(), "otp");
  // What was wrong is selected, and typed over.
  await page.keyboard.type(await service.password());
  await page.keyboard.press("Enter");
  await widget.titled("Sahyadri Rail was told:");
  assert.equal(await focus(), "H1 Sahyadri Rail was told:");
  assert.ok((await heard(page, "answer")).presentation);
  await tabTo(/^SUMMARY/);
  await tabTo("BUTTON Save receipt");
  const download = page.waitForEvent("download");
  await page.keyboard.press("Enter");
  assert.equal((await download).suggestedFilename(), "kycvs-receipt.txt");
  await watched.close();
});

test("in Hindi: the page, the element's title, and the language that a screen reader is told", async () => {
  const { watched, page, widget } = await embed({ locale: "en-IN" }, "hi", { binding: "name" });
  await widget.titled("Sahyadri Rail आपके टीकाकरण की स्थिति जानना चाहता है");
  assert.equal(await frameOf(page).evaluate(() => document.documentElement.lang), "hi");
  assert.equal(await page.locator("kycvs-request iframe").getAttribute("title"), "टीकाकरण की स्थिति बताने की सहमति");
  await way(page, widget, async (where) => {
    const text = await widget.body.innerText();
    // What is left in Latin letters is names, and what the service's own identifiers are.
    const latin = text.replace(/Sahyadri Rail|Health Department|[\w-]+\.example|rail-booking|SHA-256|[0-9a-f]{64}|[\w-]{22}|\b[AaPp][Mm]\b/g, "").match(/[A-Za-z]{2,}/g);
    assert.equal(latin, null, `${where}: ${latin}`);
  }, MIRA);
  await watched.close();
});

test("the language can be changed on the way", async () => {
  const { watched, page, widget } = await embed();
  await widget.titled("Sahyadri Rail asks");
  await page.locator("kycvs-request").evaluate((element) => element.setAttribute("lang", "hi"));
  await widget.titled("जानना चाहता है");
  await page.locator("kycvs-request").evaluate((element) => element.setAttribute("lang", "en"));
  await widget.titled("Sahyadri Rail asks");
  await watched.close();
});

test("without a wish, it is the browser's language, and English where there is no other", async () => {
  const request = await service.ask();
  for (const [locale, title] of [["hi-IN", "जानना चाहता है"], ["ta-IN", "asks for your vaccination status"]]) {
    const watched = await Watched.open(browser, { locale });
    // By itself, not in a frame: it works there, too.
    await watched.page.goto(request.url);
    await new Widget(watched.page).titled(title);
    await watched.close();
  }
});
