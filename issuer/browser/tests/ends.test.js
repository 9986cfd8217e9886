/** Every way in which a request ends, or does not get on: each says what to do, and nothing is done twice. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { Watched, picture } from "../lib/browser.js";
import { ASHA, Service, freePort } from "../lib/service.js";
import { heard, words } from "../lib/site.js";
import { browser, embed, frameOf, onStage, service, site } from "../lib/stage.js";
import { Widget } from "../lib/widget.js";

/** @import { Frame, Page } from "playwright-core" */

onStage();

describe("the person decides", () => {
  test("declining: the page is told, the entity sees it, and the person is told what to do", async () => {
    const request = await service.ask();
    const { watched, page, widget } = await embed(request);
    await widget.titled("Sahyadri Rail asks for your vaccination status");
    await widget.decline.click();
    await widget.titled("You declined");
    assert.match(await widget.body.innerText(), /Go back to its page to see what you can do instead/);
    assert.equal((await heard(page, "declined")).type, "declined");
    assert.equal((await service.view(request.id)).state, "declined");
    await picture(page, "declined");
    await watched.close();
  });

  test("declining is possible on every screen before the answer", async () => {
    const request = await service.ask();
    const { watched, widget } = await embed(request);
    await widget.identify(ASHA);
    await widget.titled("Enter the OTP");
    await widget.decline.click();
    await widget.titled("You declined");
    assert.equal((await service.view(request.id)).state, "declined");
    await watched.close();
  });

  test("a request that is over says so when its page is opened once more", async () => {
    const request = await service.ask();
    const first = await embed(request);
    await first.widget.decline.click();
    await first.widget.titled("You declined");
    await first.watched.close();
    const { watched, widget } = await embed(request);
    await widget.titled(/You declined|This request is over/);
    await watched.close();
  });

  test("with a number that the entity has, none is asked for, and its last digits are shown", async () => {
    const request = await service.ask({ binding: "name_and_mobile", mobile: "+919876543210" });
    const { watched, page, widget } = await embed(request);
    await widget.titled("Sahyadri Rail asks");
    assert.match(await widget.body.innerText(), /Your name and the number ending in 10\./);
    await widget.go.click();
    await widget.titled("Your name and number");
    assert.equal(await widget.mobile.count(), 0);
    await widget.name.fill(ASHA.name);
    await widget.go.click();
    await widget.titled("Enter the OTP");
    await widget.enter(await service.password());
    const { presentation } = await heard(page, "answer");
    const verdict = service.verify(presentation ?? "", request.nonce, "--name", "ASHA R VERMA", "--mobile", "9876543210");
    assert.equal(verdict.status, 2);
    await watched.close();
  });
});

describe("the password", () => {
  test("wrong three times: the request is over", async () => {
    const request = await service.ask();
    const { watched, page, widget } = await embed(request);
    await widget.identify(ASHA);
    await widget.titled("Enter the OTP");
    const wrong = await service.wrongPassword();
    await widget.enter(wrong);
    assert.match(await widget.complaint("otp"), /not the OTP that was sent\. Tries left: 2/);
    assert.equal(await widget.otp.evaluate((input) => input === document.activeElement), true, "the field to correct has the focus");
    await picture(page, "wrong-otp");
    await widget.enter(wrong);
    await widget.inside.getByText("OTP that was sent. Tries left: 1").waitFor();
    await widget.enter(wrong);
    await widget.titled("Too many wrong OTPs");
    assert.match(await widget.body.innerText(), /Begin again at Sahyadri Rail/);
    await heard(page, "failed");
    assert.equal((await service.view(request.id)).state, "failed");
    await picture(page, "failed");
    await watched.close();
  });

  test("what is no password at all costs no try", async () => {
    const request = await service.ask();
    const { watched, widget } = await embed(request);
    await widget.identify(ASHA);
    await widget.titled("Enter the OTP");
    await widget.enter("12 34");
    assert.match(await widget.complaint("otp"), /six digits/);
    assert.match(await widget.body.innerText(), /Tries left: 3/);
    await watched.close();
  });

  test("pasted from a message, in digits of Hindi, with spaces", async () => {
    const request = await service.ask();
    const { watched, page, widget } = await embed(request);
    await widget.identify(ASHA);
    await widget.titled("Enter the OTP");
    const hindi = [...(await service.password())].map((digit) => String.fromCodePoint(0x966 + Number(digit))).join("");
    await widget.enter(` ${hindi.slice(0, 3)} ${hindi.slice(3)}`);
    assert.ok((await heard(page, "answer")).presentation);
    await watched.close();
  });

  test("sent once more: the new one is good, the old one not", async () => {
    const request = await service.ask();
    const { watched, page, widget } = await embed(request);
    await widget.identify(ASHA);
    await widget.titled("Enter the OTP");
    const first = await service.password();
    await widget.inside.getByRole("button", { name: "Send another OTP" }).click();
    await widget.inside.getByText("Another OTP was sent.").waitFor();
    const second = await service.password();
    if (first !== second) {
      await widget.enter(first);
      await widget.complaint("otp");
    }
    await widget.enter(second);
    await heard(page, "answer");
    await watched.close();
  });
});

describe("names and numbers", () => {
  test("what the service does not take is said at its field, and can be corrected", async () => {
    const { watched, widget } = await embed(await service.ask());
    await widget.go.click();
    await widget.go.click();
    assert.match(await widget.complaint("name"), /Enter your name/);
    await widget.name.fill("...");
    await widget.mobile.fill(ASHA.mobile);
    await widget.go.click();
    assert.match(await widget.complaint("name"), /Enter your name/);
    await widget.name.fill(ASHA.name);
    await widget.mobile.fill("123");
    await widget.go.click();
    assert.match(await widget.complaint("mobile"), /whole mobile number/);
    await widget.mobile.fill(ASHA.mobile);
    await widget.go.click();
    await widget.titled("Enter the OTP");
    await watched.close();
  });

  test("markup in a name stays text", async () => {
    const { watched, page, widget } = await embed(await service.ask());
    const name = "<img src=x onerror=alert(1)> Asha";
    await widget.identify({ name, mobile: "9123400000" });
    // The service takes no name with signs that only programs use.
    assert.match(await widget.complaint("name"), /Enter your name in letters/);
    assert.equal(await widget.name.inputValue(), name);
    assert.equal(await widget.inside.locator("img").count(), 0);
    assert.deepEqual(await words(page), []);
    await watched.close();
  });

  test("markup in the purpose and in the name of who asks stays text", async () => {
    const markup = "<img src=x onerror=alert(1)>";
    const added = service.kycvs("entity", "add", "markup.example", "--name", `${markup} Rail`, "--origin", site.origin, "--config", service.config, "--json");
    const request = await service.ask({ purpose: markup }, JSON.parse(added).api_key);
    const { watched, page, widget } = await embed(request);
    await widget.titled(`${markup} Rail asks for your vaccination status`);
    await widget.inside.getByText(markup, { exact: true }).waitFor();
    await widget.inside.getByText(`${markup} Rail (markup.example)`).waitFor();
    assert.equal(await widget.inside.locator("img").count(), 0);
    await widget.identify({ name: "Somebody Else", mobile: "9123400000" });
    await widget.titled("Enter the OTP");
    await widget.enter(await service.password());
    await widget.titled("There is no record under this name and number");
    assert.equal(await widget.inside.locator("img").count(), 0);
    await widget.inside.getByRole("button", { name: "Consent to “Not vaccinated”" }).click();
    await widget.titled(`${markup} Rail was told:`);
    await widget.inside.getByText("Not vaccinated").first().waitFor();
    assert.match(await widget.body.innerText(), /Did you expect another answer\?/);
    assert.equal(await widget.inside.locator("img").count(), 0);
    await heard(page, "answer");
    await watched.close();
  });
});

describe("the network", () => {
  test("slow: the whole way, and each wait is said", async () => {
    const request = await service.ask();
    const { watched, page, widget } = await embed(request);
    await widget.titled("Sahyadri Rail asks");
    // The frame is of another site, so its calls go through a target of its own.
    for (const target of [page, frameOf(page)]) {
      const cdp = await watched.context.newCDPSession(target);
      await cdp.send("Network.emulateNetworkConditions", { offline: false, latency: 600, downloadThroughput: 6_000, uploadThroughput: 3_000 });
    }
    // The call goes on only if the wait was said, so a busy machine cannot miss it.
    const said = gate();
    await page.route("**/otp", async (route) => {
      await said.opened;
      await route.continue();
    });
    await widget.go.click();
    await widget.name.fill(ASHA.name);
    await widget.mobile.fill(ASHA.mobile);
    await widget.go.click();
    await widget.status.getByText("One moment").waitFor();
    said.open();
    await widget.titled("Enter the OTP");
    await widget.enter(await service.password());
    await heard(page, "answer");
    await watched.close();
  });

  test("a reply that is lost: the same call again gets the same answer, and there is one", async () => {
    const request = await service.ask();
    const { watched, page, widget } = await embed(request);
    await widget.title.waitFor();
    const before = audited();
    /** @type {{key: string | undefined, body: string}[]} */
    const calls = [];
    /** @type {{presentation: string}[]} */
    const replies = [];
    const said = gate();
    await page.route("**/confirm", async (route) => {
      calls.push({ key: route.request().headers()["idempotency-key"], body: route.request().postData() ?? "" });
      const reply = await route.fetch();
      replies.push(await reply.json());
      // The service has answered, and the browser never hears of it.
      if (calls.length < 3) await route.abort("connectionreset");
      else {
        // Held until the page's words were seen, so a busy machine cannot miss them.
        await said.opened;
        await route.fulfill({ response: reply });
      }
    });
    await widget.identify(ASHA);
    await widget.titled("Enter the OTP");
    await widget.enter(await service.password());
    await widget.status.getByText("Trying again; nothing is done twice").waitFor();
    await picture(page, "slow");
    said.open();
    const { presentation } = await heard(page, "answer");
    assert.equal(calls.length, 3);
    assert.equal(new Set(calls.map(({ key }) => key)).size, 1);
    assert.match(calls[0].key ?? "", /^.{20,}$/);
    assert.deepEqual(new Set(replies.map((reply) => reply.presentation)), new Set([presentation]));
    assert.equal((await service.view(request.id)).presentation, presentation);
    assert.equal(service.verify(presentation ?? "", request.nonce).status, 2);
    assert.equal(audited(), before + 1);
    await watched.close(/ERR_CONNECTION_RESET/);
  });

  test("a reply that is lost, to an answer that the entity has acknowledged since: there is one", async () => {
    const request = await service.ask();
    const { watched, page, widget } = await embed(request);
    await widget.title.waitFor();
    await page.route("**/confirm", async (route) => {
      await route.fetch();
      const headers = { authorization: `Bearer ${service.apiKey}` };
      const acknowledged = await fetch(`${service.url}/v1/requests/${request.id}/ack`, { method: "POST", headers });
      assert.equal(acknowledged.status, 200, await acknowledged.text());
      await route.abort("connectionreset");
    }, { times: 1 });
    await widget.identify(ASHA);
    await widget.titled("Enter the OTP");
    await widget.enter(await service.password());
    await widget.titled("You have answered already");
    assert.equal((await heard(page, "answer")).presentation, undefined);
    await watched.close(/ERR_CONNECTION_RESET/);
  });

  test("away for long: the person is told, and goes on with the same call when it is back", async () => {
    const request = await service.ask();
    const { watched, page, widget } = await embed(request);
    await widget.identify(ASHA);
    await widget.titled("Enter the OTP");
    const password = await service.password();
    /** @type {Set<string | undefined>} */
    const keys = new Set();
    page.on("request", (sent) => sent.url().endsWith("/confirm") && keys.add(sent.headers()["idempotency-key"]));
    await page.route("**/confirm", (route) => route.abort("internetdisconnected"));
    await widget.enter(password);
    await widget.alert.getByText("There is no connection").waitFor();
    await picture(page, "offline");
    await page.unrouteAll();
    await widget.go.click();
    await heard(page, "answer");
    assert.equal(keys.size, 1);
    await watched.close(/ERR_INTERNET_DISCONNECTED/);
  });

  test("the same call is still under way: it is repeated as the same, by itself and by the person", async () => {
    const { watched, page, widget } = await embed(await service.ask());
    await widget.title.waitFor();
    /** As the service says it. @param {string} call @param {number} times */
    const underWay = (call, times) => page.route(`**/${call}`, (route) => route.fulfill({ status: 409, headers: { "retry-after": "1" }, json: { code: "wrong_state" } }), { times });
    /** @type {(string | undefined)[]} */
    const keys = [];
    page.on("request", (sent) => sent.method() === "POST" && keys.push(sent.headers()["idempotency-key"]));
    await underWay("otp", 1);
    await widget.identify(ASHA);
    await widget.titled("Enter the OTP");
    assert.deepEqual(keys, [keys[0], keys[0]]);
    keys.length = 0;
    await underWay("confirm", 4);
    await widget.enter(await service.password());
    await widget.alert.getByText("Try again").waitFor();
    await widget.go.click();
    await heard(page, "answer");
    assert.deepEqual(keys, Array(5).fill(keys[0]));
    await watched.close();
  });

  test("the service is restarted in between: nothing is lost", async () => {
    const request = await service.ask();
    const { watched, page, widget } = await embed(request);
    await widget.identify(ASHA);
    await widget.titled("Enter the OTP");
    const password = await service.password();
    await service.halt();
    await service.serve();
    await widget.enter(password);
    await heard(page, "answer");
    await watched.close(/ERR_CONNECTION_REFUSED/);
  });

  test("the page is loaded anew before the password is entered: it goes on from there", async () => {
    const request = await service.ask();
    const { watched, page, widget } = await embed(request);
    await widget.identify(ASHA);
    await widget.titled("Enter the OTP");
    const password = await service.password();
    await page.reload();
    await widget.go.click();
    await widget.titled("Enter the OTP");
    assert.match(await widget.body.innerText(), /sent to your number/);
    await widget.enter(password);
    await heard(page, "answer");
    await watched.close();
  });
});

describe("the page is loaded anew after the answer", () => {
  /** From the consent to the answer. @param {Awaited<ReturnType<typeof embed>>} shown */
  async function answered({ page, widget }) {
    await widget.identify(ASHA);
    await widget.titled("Enter the OTP");
    const password = await service.password();
    await widget.enter(password);
    const { presentation } = await heard(page, "answer");
    await widget.titled("Sahyadri Rail was told:");
    return { password, presentation };
  }

  /** What the page keeps in the browser. @param {Page} page @returns {Promise<Record<string, string>>} */
  const stored = (page) => frameOf(page).evaluate("({ ...sessionStorage, ...localStorage, cookie: document.cookie })");

  test("the receipt is there, and the entity can ask for the answer", async () => {
    const request = await service.ask();
    const shown = await embed(request);
    const { watched, page, widget } = shown;
    const { presentation } = await answered(shown);
    const receipt = await widget.inside.locator("dl").innerText();
    await page.reload();
    await widget.titled("Sahyadri Rail was told:");
    assert.equal(await widget.inside.locator("dl").innerText(), receipt);
    assert.equal(await widget.inside.locator(".told").innerText(), "Fully vaccinated");
    const download = page.waitForEvent("download");
    await widget.inside.getByRole("button", { name: "Save receipt" }).click();
    assert.match(readFileSync(await (await download).path(), "utf8"), /Told: Fully vaccinated/);
    // The page did not hold on to the answer, and says that there is one.
    assert.equal((await heard(page, "answer")).presentation, undefined);
    assert.equal((await service.view(request.id)).presentation, presentation);
    await watched.close();
  });

  test("what is kept is the receipt, from the answer on, and neither name, number, password nor answer", async () => {
    const request = await service.ask({ binding: "name" });
    const shown = await embed(request);
    const { watched, page, widget } = shown;
    await widget.go.click();
    await widget.name.fill(ASHA.name);
    assert.deepEqual(await stored(page), { cookie: "" });
    await page.reload();
    await widget.titled("Sahyadri Rail asks");
    const { password, presentation } = await answered(shown);
    const kept = await stored(page);
    assert.deepEqual(Object.keys(kept).sort(), ["cookie", "kycvs-receipt"]);
    assert.deepEqual(Object.keys(JSON.parse(kept["kycvs-receipt"])).sort(), ["receipt", "status"]);
    const everything = JSON.stringify(kept).toLowerCase();
    for (const secret of ["asha", "verma", "9876543210", "98765 43210", password, presentation ?? "none"]) {
      assert.ok(!everything.includes(secret.toLowerCase()), secret);
    }
    await watched.close();
  });

  test("after a quarter of an hour the page that is open deletes it, loaded anew or not", async () => {
    const watched = await Watched.open(browser);
    const { page } = watched;
    await page.clock.install();
    for (const anew of [false, true]) {
      await page.goto(`${site.origin}/?src=${encodeURIComponent((await service.ask()).url)}&lang=en`);
      const widget = Widget.in(page);
      await answered({ watched, page, widget });
      if (anew) await page.reload();
      await widget.titled("Sahyadri Rail was told:");
      await page.clock.fastForward("14:00");
      assert.ok((await stored(page))["kycvs-receipt"], "before its time");
      await page.clock.fastForward("01:05");
      assert.deepEqual(await stored(page), { cookie: "" }, `loaded anew: ${anew}`);
    }
    await watched.close();
  });

  test("after a quarter of an hour, and for another request, it is gone", async () => {
    const request = await service.ask();
    const shown = await embed(request);
    const { watched, page, widget } = shown;
    await answered(shown);
    await frameOf(page).evaluate(() => {
      const answer = JSON.parse(sessionStorage.getItem("kycvs-receipt") ?? "");
      answer.receipt.told_at -= 900;
      sessionStorage.setItem("kycvs-receipt", JSON.stringify(answer));
    });
    await page.reload();
    await widget.titled("You have answered already");
    assert.deepEqual(await stored(page), { cookie: "" });

    const second = await service.ask();
    await page.goto(`${site.origin}/?src=${encodeURIComponent(second.url)}&lang=en`);
    await answered(shown);
    await page.goto(`${site.origin}/?src=${encodeURIComponent((await service.ask()).url)}&lang=en`);
    await widget.titled("Sahyadri Rail asks");
    assert.deepEqual(await stored(page), { cookie: "" });
    await watched.close();
  });

  test("where the browser lets the frame keep nothing, it says that there is an answer", async () => {
    const request = await service.ask();
    const watched = await Watched.open(browser);
    await watched.context.addInitScript(() => {
      Object.defineProperty(window, "sessionStorage", { get() { throw new DOMException("", "SecurityError"); } });
    });
    const { page } = watched;
    await page.goto(`${site.origin}/?src=${encodeURIComponent(request.url)}&lang=en`);
    const widget = Widget.in(page);
    await answered({ watched, page, widget });
    await page.reload();
    await widget.titled("You have answered already");
    assert.equal((await heard(page, "answer")).presentation, undefined);
    await watched.close();
  });
});

describe("the page does not come whole", () => {
  /** Sets the page's animations to a time, and halts them there. @param {Frame} frame @param {number} seconds since it came */
  const at = (frame, seconds) => frame.waitForFunction((time) => {
    const animations = document.getAnimations();
    for (const animation of animations) {
      animation.pause();
      animation.currentTime = time;
    }
    return animations.length;
  }, seconds * 1000);

  for (const missing of ["flow.js", "en.json"]) {
    for (const where of ["frame", "pass"]) {
      test(`${missing} is missing on its way to the ${where}: it says so, and can be tried again`, async () => {
        const watched = await Watched.open(browser);
        const { page } = watched;
        await page.route(`**/assets/${missing}`, (route) => route.abort("connectionreset"));
        const inFrame = where === "frame";
        await page.goto(inFrame ? `${site.origin}/?src=${encodeURIComponent((await service.ask()).url)}&lang=en` : `${service.url}/pass?lang=en`);
        const widget = inFrame ? Widget.in(page) : new Widget(page);
        const notice = widget.inside.getByText("The page did not load.");
        if (missing === "flow.js") {
          // It may only be slow. The texts are what the scripts themselves miss, and say at once.
          await notice.waitFor({ state: "attached" });
          const frame = inFrame ? frameOf(page) : page.mainFrame();
          await at(frame, 19);
          assert.equal(await notice.isVisible(), false, "too early");
          await at(frame, 20);
        }
        await notice.waitFor();
        await page.unrouteAll();
        await widget.inside.getByRole("link", { name: "Try again." }).click();
        await widget.titled(inFrame ? "Sahyadri Rail asks" : "A pass to show or print");
        assert.equal(await widget.inside.getByText("The page did not load.").count(), 0);
        await watched.close(/ERR_CONNECTION_RESET/, /Failed to fetch/);
      });
    }
  }

  test("what passes are for does not come: the page for them says so, and can be tried again", async () => {
    const watched = await Watched.open(browser);
    const { page } = watched;
    await page.route("**/v1/passes", (route) => route.fulfill({ status: 500, json: { code: "internal" } }));
    await page.goto(`${service.url}/pass?lang=en`);
    await page.getByRole("alert").getByText("Something went wrong").waitFor();
    await page.unrouteAll();
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("heading", { name: "A pass to show or print" }).waitFor();
    await watched.close(/status of 500/);
  });
});

describe("other settings", () => {
  /** @param {import("../lib/service.js").Settings} settings @param {(service: Service) => Promise<void>} story */
  async function withService(settings, story) {
    const own = await Service.start(site.origin, settings);
    try {
      await story(own);
    } finally {
      await own.stop();
    }
  }

  test("a password's time runs out: another one is good", () => withService({ more: "[otp]\nlifetime = 20\nresend_after = 1" }, async (own) => {
    const request = await own.ask();
    const { watched, page, widget } = await embed(request);
    await widget.identify(ASHA);
    await widget.titled("Enter the OTP");
    const late = await own.password();
    await widget.inside.getByRole("timer").getByText("The OTP's time is over").waitFor({ timeout: 60_000 });
    await widget.enter(late);
    await widget.alert.getByText("Send another one").waitFor();
    await picture(page, "expired-otp");
    await widget.inside.getByRole("button", { name: "Send another OTP" }).click();
    await widget.status.getByText("Another OTP was sent").waitFor();
    await widget.enter(await own.password());
    await heard(page, "answer");
    await watched.close();
  }));

  test("the request's time runs out while its page is open", () => withService({ more: "[answers]\nrequest_lifetime = 20" }, async (own) => {
    const request = await own.ask();
    const { watched, page, widget } = await embed(request);
    await widget.titled("Sahyadri Rail asks");
    await widget.titled("The time for this request is over", 60_000);
    assert.match(await widget.body.innerText(), /Begin again at Sahyadri Rail/);
    await heard(page, "expired");
    await picture(page, "expired-request");
    await watched.close();
  }));

  test("the time runs out in a tab while another has answered: it says so", () => withService({ more: "[answers]\nrequest_lifetime = 30" }, async (own) => {
    const request = await own.ask();
    const { watched, page, widget } = await embed(request);
    await widget.titled("Sahyadri Rail asks");
    const other = await embed(request);
    await other.widget.identify(ASHA);
    await other.widget.titled("Enter the OTP");
    await other.widget.enter(await own.password());
    await heard(other.page, "answer");
    await other.watched.close();
    await widget.titled("You have answered already", 60_000);
    assert.deepEqual((await words(page)).map((word) => word.type), ["answer"]);
    await watched.close();
  }));

  test("a password that does not go out voids the one before, and the request goes on", () => withService({ more: "[otp]\nresend_after = 1" }, async (own) => {
    const request = await own.ask();
    const { watched, page, widget } = await embed(request);
    await widget.identify(ASHA);
    await widget.titled("Enter the OTP");
    // What the service says, and does to the password, where its gateway is down.
    await page.route("**/otp", (route) => route.fulfill({ status: 503, json: { code: "otp_not_delivered" } }), { times: 1 });
    await widget.inside.getByRole("button", { name: "Send another OTP" }).click();
    await widget.titled("Your name and number");
    await widget.alert.getByText("The OTP could not be sent").waitFor();
    await widget.go.click();
    await widget.titled("Enter the OTP");
    await widget.enter(await own.password());
    await heard(page, "answer");
    await watched.close();
  }));

  test("the SMS gateway is dead: nothing is told, no try is lost, and it can be tried again", async () => {
    const gateway = await freePort();
    const delivery = `kind = "webhook"\nurl = "http://127.0.0.1:${gateway}/sms"\nsecret_file = "gateway-secret"\ntimeout = 1`;
    await withService({ delivery }, async (own) => {
      const request = await own.ask();
      const { watched, page, widget } = await embed(request);
      await widget.identify(ASHA);
      await widget.alert.getByText("The OTP could not be sent").waitFor();
      assert.match(await widget.alert.innerText(), /Nothing was told, and no try was used up\. Try again in a minute\./);
      await widget.titled("Your name and number");
      assert.equal((await own.view(request.id)).state, "open");
      await picture(page, "dead-gateway");
      await watched.close();
    });
  });

  test("a password whose reply is lost for good is sent once, and the page goes on", () => withService({}, async (own) => {
    const request = await own.ask();
    const { watched, page, widget } = await embed(request);
    await widget.title.waitFor();
    await page.route("**/otp", async (route) => {
      // As where the service had not yet noted its reply: the repeated call comes too soon after the first.
      await route.fetch({ headers: { ...route.request().headers(), "idempotency-key": "lost" } });
      await route.abort("connectionreset");
    }, { times: 1 });
    await widget.identify(ASHA);
    await widget.titled("Enter the OTP");
    assert.equal((await (await fetch(`${own.url}/inbox/messages`)).json()).length, 1);
    await widget.enter(await own.password());
    await heard(page, "answer");
    await watched.close(/ERR_CONNECTION_RESET/);
  }));

  test("too often: the person is told how long to wait", () => withService({ more: "[limits]\notp_per_number = { burst = 1, seconds = 7200.0 }" }, async (own) => {
    const first = await embed(await own.ask());
    await first.widget.identify(ASHA);
    await first.widget.titled("Enter the OTP");
    await first.watched.close();
    const { watched, page, widget } = await embed(await own.ask());
    await widget.identify(ASHA);
    await widget.alert.getByText("too often in a short time").waitFor();
    assert.match(await widget.alert.innerText(), /Wait (2 hours|1\.9 hours|120 minutes)/);
    await picture(page, "too-many");
    await watched.close();
  }));
});

/** What a test holds back until it has seen something. */
function gate() {
  let open = () => {};
  /** @type {Promise<void>} */
  const opened = new Promise((resolve) => (open = resolve));
  return { opened, open };
}

/** How many consents and refusals are in the audit log, which is whole. */
function audited() {
  const said = JSON.parse(service.kycvs("audit", "verify", "--config", service.config, "--json"));
  const count = Number(said.entries ?? said.count);
  assert.ok(Number.isInteger(count), JSON.stringify(said));
  return count;
}
