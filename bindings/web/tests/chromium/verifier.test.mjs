// The verifier page, in Chromium: what a guard does, and what the page says.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { Issuer, Presentation, SigningKey, Status, Subject, TrustStore, TrustedKey } from "kycvs";
import { start } from "../browser.mjs";
import { beside, png, qr, y4m } from "../pictures.mjs";
import { serve } from "../server.mjs";

/** @import { Answer } from "kycvs" */
/** @import { Browser, BrowserContext, Page } from "playwright-core" */

const AUDIENCE = "irctc.co.in";
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const key = SigningKey.generate();
const issuer = new Issuer("in.gov.cowin", key);
const trust = { name: "trust.cbor", mimeType: "application/cbor", buffer: store(key) };

/** @type {Browser} */
let browser;
/** @type {{ origin: string, close(): Promise<void> }} */
let server;

before(async () => {
  server = await serve(new URL("../../verifier/", import.meta.url));
  browser = await start();
});
after(async () => {
  await browser.close();
  await server.close();
});

/** A trust store's file. @param {SigningKey} key */
function store(key) {
  return Buffer.from(new TrustStore([new TrustedKey("in.gov.cowin", key.verifyingKey)]).toBytes());
}

/** A presentation. @param {Partial<Answer>} [answer] @param {Date} [now] */
function issued(answer = {}, now = new Date()) {
  const said = { status: Status.FULLY_VACCINATED, purpose: "rail-booking", validForSeconds: 900, audience: AUDIENCE };
  return issuer.issue({ ...said, ...answer }, { now });
}

/**
 * The page in a profile of its own. It fails the test where the page breaks its policy for content, complains, or asks
 * anybody but its own server for anything.
 * @param {{ with?: Browser, trusted?: boolean, permissions?: string[], viewport?: { width: number, height: number } }} options
 * @param {(page: Page, context: BrowserContext) => Promise<void>} use
 */
async function open({ with: own = browser, trusted = true, permissions = [], viewport = { width: 412, height: 915 } }, use) {
  const context = await own.newContext({ permissions, viewport, locale: "en-IN", timezoneId: "Asia/Kolkata" });
  /** @type {string[]} */
  const complaints = [];
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    context.on("request", (request) => request.url().startsWith(`${server.origin}/`) || complaints.push(request.url()));
    await page.addInitScript(() => {
      addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
    });
    await page.goto(`${server.origin}/`);
    await ready(page);
    if (trusted) {
      await page.setInputFiles("#trust", trust);
      await page.getByText("Keys that are trusted: 1").waitFor();
      await page.fill("#audience", AUDIENCE);
    }
    await use(page, context);
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
  }
}

/** @param {Page} page */
const ready = (page) => page.locator("html[data-ready]").waitFor();

/** Writes down what the page announces from now on. @param {Page} page @returns {Promise<() => Promise<string[]>>} */
async function noticesOf(page) {
  const said = await page.evaluateHandle(() => {
    /** @type {string[]} */
    const said = [];
    const notice = document.querySelector("#notice");
    if (notice) new MutationObserver(() => said.push(notice.textContent ?? "")).observe(notice, { childList: true });
    return said;
  });
  return () => said.jsonValue();
}

/** @param {Page} page @param {string} text */
async function paste(page, text) {
  await page.fill("#text", text);
  await page.click("#text-form button");
}

/** The result, as it is read. @param {Page} page */
const result = (page) => page.locator("#result").innerText();

/** The heading of the result, with its sign. @param {Page} page */
const heading = async (page) => (await page.locator("#result-heading").innerText()).trim();

/** @param {Page} page @param {string} name */
async function screenshot(page, name) {
  const folder = process.env.KYCVS_SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, name), scale: "css" });
}

/** @param {Page} page */
async function accessible(page) {
  const found = await page.evaluate(`${AXE}; axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + " " + nodes[0].html))`);
  assert.deepEqual(found, []);
}

test("a good answer that was pasted, with the person's name", () => open({}, async (page) => {
  await page.click("summary");
  await page.fill("#name", "asha r verma");
  await paste(page, issued({ subject: new Subject("Asha R. Verma") }).toText());
  assert.equal(await heading(page), "✓ Fully vaccinated");
  const said = await result(page);
  for (const part of ["The answer is genuine", "in.gov.cowin", AUDIENCE, "rail-booking", "matches the name", "copy"]) {
    assert.ok(said.includes(part), said);
  }
  assert.ok(!said.includes("The name was not checked"), said);
  assert.equal(await page.evaluate(() => document.activeElement?.id), "result", "a screen reader reads the result");
  await accessible(page);
  await screenshot(page, "verified.png");
}));

test("the other statuses, without a name", () => open({}, async (page) => {
  await paste(page, issued({ status: Status.PARTIALLY_VACCINATED }).toBase64url());
  assert.equal(await heading(page), "◐ Partially vaccinated");
  assert.match(await result(page), /The name was not checked/);
  await paste(page, issued({ status: Status.NOT_VACCINATED }).toText());
  assert.equal(await heading(page), "✗ Not vaccinated");
}));

test("a challenge", () => open({}, async (page) => {
  const nonce = Buffer.from("sixteen bytes...");
  const text = issued({ nonce }).toText();
  await page.click("summary");
  await page.fill("#nonce", nonce.toString("hex").toUpperCase());
  await paste(page, text);
  assert.equal(await heading(page), "✓ Fully vaccinated");
  assert.ok(!(await result(page)).includes("copy"));
  await page.fill("#nonce", Buffer.from("another challenge").toString("hex"));
  await paste(page, text);
  assert.match(await result(page), /Not accepted[\s\S]*wrong_nonce \(15\)/);
  await page.fill("#nonce", "no hex");
  await paste(page, text);
  assert.match(await result(page), /not in hexadecimal digits/);
  await page.fill("#nonce", "");
  await page.fill("#mobile", "98765 43210");
  await paste(page, text);
  assert.match(await result(page), /invalid_claim \(64\)/, "a number alone cannot be checked");
}));

test("an answer whose challenge was not compared says so, whatever nonce it carries", () => open({}, async (page) => {
  const nonce = Buffer.from("somebody's nonce");
  await page.click("summary");
  for (const [language, notChecked, matched, caution, copy] of /** @type {const} */ ([
    ["en", /Challenge\s+not checked/, /Challenge\s+matches/, "The challenge was not checked", "It answers no challenge"],
    ["hi", /चुनौती\s+नहीं जाँचा गया/, /चुनौती\s+लिखी गई चुनौती से मेल/, "चुनौती नहीं जाँची गई", "किसी चुनौती का उत्तर नहीं है"],
  ])) {
    await page.selectOption("#language", language);
    await paste(page, issued({ nonce }).toText());
    const withNonce = await result(page);
    assert.match(withNonce, notChecked);
    assert.ok(withNonce.includes(caution), withNonce);
    assert.ok(!withNonce.includes(copy), withNonce);

    await paste(page, issued().toText());
    const without = await result(page);
    assert.match(without, notChecked);
    assert.ok(without.includes(copy), without);

    await page.fill("#nonce", nonce.toString("hex"));
    await paste(page, issued({ nonce }).toText());
    const compared = await result(page);
    assert.match(compared, matched);
    assert.ok(!compared.includes(caution) && !compared.includes(copy), compared);
    await page.fill("#nonce", "");
  }
}));

test("a QR code in a picture's file", () => open({}, async (page) => {
  const picture = png(qr(issued().toText(), 1200, 900));
  await page.setInputFiles("#picture", { name: "answer.png", mimeType: "image/png", buffer: picture });
  await page.locator("#result").waitFor();
  assert.equal(await heading(page), "✓ Fully vaccinated");
}));

test("pictures that do not help say why", () => open({}, async (page) => {
  const notice = page.locator("#notice");
  const give = (/** @type {Buffer} */ buffer) => page.setInputFiles("#picture", { name: "x.png", mimeType: "image/png", buffer });
  const code = () => qr(issued().toText(), 600, 600);
  await give(png({ width: 300, height: 300, pixels: new Uint8Array(90_000).fill(255) }));
  await notice.getByText("There is no QR code in this picture").waitFor();
  await give(png(beside(code(), code())));
  await notice.getByText("There are two answers").waitFor();
  // Beside another code it is the answer that is looked at, also where something is wrong with it.
  await give(png(beside(qr("https://example.org/", 300, 300), qr("KV1:00", 300, 300))));
  await page.getByText("Cannot be read").waitFor();
  assert.doesNotMatch(await result(page), /bad_text/);
  await give(Buffer.from("this is no picture"));
  await notice.getByText("no picture that can be read").waitFor();
  await give(png(qr("https://example.org/", 300, 300)));
  await page.getByText("Not a KYC-VS answer").waitFor();
  assert.match(await result(page), /code of another kind \(a web address\): ask for the KYC-VS answer[\s\S]*bad_text \(2\)/);
}));

test("a code of another kind is named, from a picture or pasted, in both languages", () => open({}, async (page) => {
  const zip = `PK\x03\x04${Array.from({ length: 256 }, (_, at) => String.fromCharCode(at)).join("")}`;
  for (const [language, heading, cowin, another] of /** @type {const} */ ([
    ["en", "Not a KYC-VS answer", "another kind (a CoWIN certificate): ask for the KYC-VS answer", "another kind: ask for the KYC-VS answer"],
    ["hi", "यह KYC-VS का उत्तर नहीं है", "(CoWIN प्रमाणपत्र): KYC-VS का उत्तर माँगें", "किसी और प्रकार का कोड है: KYC-VS"],
  ])) {
    await page.selectOption("#language", language);
    for (const [content, sentence] of /** @type {const} */ ([[zip, cowin], ["Coach B2, seat 41", another]])) {
      const buffer = png(qr(content, 700, 700, 3));
      await page.setInputFiles("#picture", { name: "x.png", mimeType: "image/png", buffer });
      await page.locator("#result").getByText(sentence).waitFor();
      const said = await result(page);
      assert.ok(said.includes(heading) && said.includes("bad_text (2)"), said);
    }
  }
  await page.selectOption("#language", "en");
  await paste(page, "HC1:6BFOXN*TS0BI$ZD4N9");
  assert.match(await result(page), /Not a KYC-VS answer[\s\S]*\(an EU health certificate\)/);
  await accessible(page);
  for (const text of ["hello", "KV1:NCF"]) {
    await paste(page, text);
    assert.doesNotMatch(await result(page), /another kind/, "it may be a damaged answer");
  }
}));

test("pictures from the field", async (context) => {
  const folder = process.env.KYCVS_SHARED_DATA ?? fileURLToPath(new URL("../../../../../shared/data", import.meta.url));
  const field = (/** @type {string} */ name) => join(folder, "field", name);
  if (!existsSync(field("qr-answer.txt"))) return context.skip("pictures from the field are not there (KYCVS_SHARED_DATA names the folder)");
  await open({}, async (page) => {
    for (const [name, sentence] of /** @type {const} */ ([
      ["qr-cowin-zip.png", "(a CoWIN certificate)"],
      ["qr-upi.png", "(a UPI payment)"],
      // The answer was made by somebody else: that it was read is what counts.
      ["qr-transparent.png", "unknown_key (7)"],
      ["qr-a4-300dpi.png", "unknown_key (7)"],
    ])) {
      await page.setInputFiles("#picture", field(name));
      await page.locator("#result").getByText(sentence).waitFor();
    }
  });
});

test("the camera", async () => {
  const film = join(mkdtempSync(join(tmpdir(), "kycvs-")), "camera.y4m");
  // A code that is no answer at first, then one that is.
  const other = qr("HC1:6BFOXN*TS0BI$ZD4N9", 640, 480);
  const answer = qr(issued().toText(), 640, 480);
  writeFileSync(film, y4m([...Array.from({ length: 20 }, () => other), ...Array.from({ length: 20 }, () => answer)]));
  const own = await start([
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", `--use-file-for-fake-video-capture=${film}`,
  ]);
  try {
    await open({ with: own, permissions: ["camera"] }, async (page) => {
      const notices = await noticesOf(page);
      await page.click("#camera");
      await page.locator("#result").waitFor();
      assert.equal(await heading(page), "✓ Fully vaccinated");
      assert.ok((await notices()).includes("This is a code of another kind (an EU health certificate): ask for the KYC-VS answer."));
      assert.ok(await page.locator("#viewfinder").isHidden(), "the camera was stopped");
      assert.equal(await page.evaluate(() => document.querySelector("video")?.srcObject ?? null), null);

      await page.click("#again");
      await page.click("#camera");
      await page.locator("#viewfinder").waitFor();
      await page.click("#stop");
      assert.ok(await page.locator("#viewfinder").isHidden());
    });
  } finally {
    await own.close();
    rmSync(join(film, ".."), { recursive: true });
  }
});

test("a camera that is not there, or may not be used", () => open({}, async (page) => {
  await page.click("#camera");
  await page.locator("#notice").getByText(/camera/).waitFor();
  await page.getByText(/There is no camera that can be used|The camera may not be used/).waitFor();
  assert.ok(await page.locator("#viewfinder").isHidden());
}));

test("what is not good", () => open({}, async (page) => {
  const hour = 3_600_000;
  const good = issued().toBytes();
  const changed = good.map((byte, at) => (at === good.length - 1 ? byte ^ 1 : byte));
  const stranger = new Issuer("in.gov.cowin", SigningKey.generate());
  for (const [presentation, words, code] of /** @type {const} */ ([
    [issued({ audience: "example.org" }), "✗ Not accepted", "wrong_audience (14)"],
    [issued({}, new Date(Date.now() - hour)), "✗ Not accepted", "expired (12)"],
    [issued({}, new Date(Date.now() + hour)), "✗ Not accepted", "not_yet_valid (11)"],
    [issued({ audience: null }), "✗ Not accepted", "wrong_audience (14)"],
    [issued({ specimen: true }), "✗ Not accepted", "specimen (21)"],
    [Presentation.fromBytes(changed), "✗ Do not rely on this", "bad_signature (8)"],
    [stranger.issue({ status: 2, purpose: "p", validForSeconds: 60, audience: AUDIENCE }), "✗ Do not rely on this", "unknown_key (7)"],
  ])) {
    await paste(page, presentation.toText());
    assert.equal(await heading(page), words);
    assert.ok((await result(page)).includes(code), await result(page));
  }
  await screenshot(page, "refused.png");
  await paste(page, "hello");
  assert.equal(await heading(page), "✗ Cannot be read");
  await accessible(page);
}));

test("open passes and specimens, where they are asked for", () => open({}, async (page) => {
  await page.check("#open");
  await paste(page, issued({ audience: null }).toText());
  assert.equal(await heading(page), "✓ Fully vaccinated");
  assert.match(await result(page), /Given to\s+anyone/);
  await page.click("summary");
  await page.check("#specimens");
  await paste(page, issued({ specimen: true }).toText());
  assert.match(await result(page), /^SPECIMEN/);
}));

test("a verifier that is not set up says what to do", () => open({ trusted: false }, async (page) => {
  await accessible(page);
  await page.fill("#audience", AUDIENCE);
  await paste(page, issued().toText());
  assert.equal(await heading(page), "! This verifier is not set up");
  assert.match(await result(page), /no_trusted_keys \(96\)/);
  await page.setInputFiles("#trust", { ...trust, buffer: Buffer.from("no store") });
  await page.getByText("bad_trust_store (98)").waitFor();
  await page.setInputFiles("#trust", trust);
  await page.getByText("Keys that are trusted: 1").waitFor();
  await page.fill("#audience", "");
  await paste(page, issued().toText());
  assert.match(await result(page), /invalid_setting \(120\)/);
}));

test("what is remembered, and what is not", () => open({}, async (page) => {
  await page.click("summary");
  await page.fill("#name", "Asha R. Verma");
  await page.fill("#mobile", "9876543210");
  await paste(page, issued({ subject: new Subject("Asha R. Verma", "9876543210") }).toText());
  assert.equal(await heading(page), "✓ Fully vaccinated");
  await page.reload();
  await ready(page);
  await page.getByText("Keys that are trusted: 1").waitFor();
  assert.equal(await page.inputValue("#audience"), AUDIENCE);
  assert.equal(await page.inputValue("#name"), "");
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }));
  assert.ok(!/asha|98765|KV1/i.test(kept), kept);
  await page.click("#forget");
  await page.getByText("No trust store yet").waitFor();
  await page.reload();
  await ready(page);
  await page.getByText("No trust store yet").waitFor();
}));

test("no result stands beside other settings than it was made with", () => open({}, async (page) => {
  const shown = page.locator("#result");
  await paste(page, issued().toText());
  assert.equal(await heading(page), "✓ Fully vaccinated");
  await page.fill("#audience", "someone.else");
  await shown.waitFor({ state: "hidden" });
  await page.fill("#audience", AUDIENCE);
  await paste(page, issued().toText());
  assert.equal(await heading(page), "✓ Fully vaccinated");
  await page.click("#forget");
  await shown.waitFor({ state: "hidden" });
}));

test("a trust store that is dropped", () => open({ trusted: false }, async (page) => {
  const data = await page.evaluateHandle((bytes) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(bytes)], "trust.cbor"));
    return transfer;
  }, [...trust.buffer]);
  await page.dispatchEvent("#drop", "drop", { dataTransfer: data });
  await page.getByText("Keys that are trusted: 1").waitFor();
}));

test("without a network", async () => {
  await open({}, async (page, context) => {
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await page.reload();
    await ready(page);
    await context.setOffline(true);
    await page.reload();
    await ready(page);
    const picture = png(qr(issued().toText(), 600, 600));
    await page.setInputFiles("#picture", { name: "answer.png", mimeType: "image/png", buffer: picture });
    await page.locator("#result").waitFor();
    assert.equal(await heading(page), "✓ Fully vaccinated");
  });
});

test("in Hindi", () => open({}, async (page) => {
  await page.selectOption("#language", "hi");
  await page.getByRole("heading", { name: "उत्तर जाँचें" }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "hi");
  await paste(page, issued().toText());
  assert.equal(await heading(page), "✓ पूर्ण टीकाकरण");
  await screenshot(page, "verified-hi.png");
  await paste(page, issued({}, new Date(0x1_9000_0000_00)).toText());
  assert.match(await result(page), /समाप्त/);
  await accessible(page);
  await page.reload();
  await ready(page);
  assert.equal(await page.title(), "KYC-VS सत्यापक");
}));

test("with the keyboard alone", () => open({}, async (page) => {
  const reached = new Set();
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press("Tab");
    const id = await page.evaluate(() => document.activeElement?.id ?? "");
    reached.add(id);
    if (id === "text") await page.keyboard.type(issued().toText());
    if (await page.evaluate(() => document.activeElement?.matches("#text-form button"))) break;
  }
  await page.keyboard.press("Enter");
  assert.equal(await heading(page), "✓ Fully vaccinated");
  for (const id of ["language", "camera", "picture", "text"]) assert.ok(reached.has(id), id);
}));

test("on a small phone nothing sticks out", () => open({ viewport: { width: 320, height: 568 } }, async (page) => {
  for (const language of ["en", "hi"]) {
    await page.selectOption("#language", language);
    await paste(page, issued().toText());
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 320, `${wide} pixels`);
  }
}));
