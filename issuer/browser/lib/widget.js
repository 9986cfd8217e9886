/** The embedded page as a person uses it. */

import assert from "node:assert/strict";

/** @import { FrameLocator, Page } from "playwright-core" */

export class Widget {
  /** @param {FrameLocator | Page} inside the frame, or a page that shows the same by itself */
  constructor(inside) {
    this.inside = inside;
    this.title = inside.locator("h1");
    this.body = inside.locator("body");
    this.alert = inside.locator("[role=alert]");
    this.status = inside.locator("[role=status]");
    this.go = inside.locator("form button").first();
    this.decline = inside.locator("form .second");
    this.name = inside.locator("#name");
    this.mobile = inside.locator("#mobile");
    this.otp = inside.locator("#otp");
    this.resend = inside.locator(".link").first();
    this.change = inside.locator(".link").last();
  }

  /** In the embedding page. @param {Page} page */
  static in(page) {
    return new Widget(page.frameLocator("kycvs-request iframe"));
  }

  /** Waits until the title is this one. @param {string | RegExp} text @param {number} [timeout] in milliseconds */
  async titled(text, timeout) {
    await this.inside.locator("h1", { hasText: text }).waitFor({ timeout });
  }

  /** From the consent to the password. @param {{name: string, mobile?: string}} person */
  async identify({ name, mobile }) {
    await this.go.click();
    await this.name.fill(name);
    if (mobile) await this.mobile.fill(mobile);
    await this.go.click();
  }

  /** @param {string} password */
  async enter(password) {
    await this.otp.fill(password);
    await this.go.click();
  }

  /** The text that a field points at as what is wrong with it. @param {"name" | "mobile" | "otp"} field */
  async complaint(field) {
    const input = this.inside.locator(`#${field}[aria-invalid]`);
    await input.waitFor();
    const described = (await input.getAttribute("aria-describedby")) ?? "";
    const id = described.split(" ").find((one) => one.endsWith("-error"));
    assert.ok(id, `${field} does not say where it is told what is wrong`);
    return this.inside.locator(`#${id}`).innerText();
  }
}
