/** From the consent to the answer: the screens that the embedded page and the page for passes have in common. */

import { Failure, get, listener, now, post } from "./api.js";
import { button, el, field, list, save } from "./dom.js";
import { duration, has, lang, moment, t } from "./i18n.js";
import { keep, kept } from "./receipt.js";

/** @import { Answer, Consent, NoRecord, Problem, Sent, Unanswered, Word } from "./types" */

export class Flow {
  /** @type {Consent} */
  #consent;
  #given = { name: "", mobile: "" };
  #busy = false;
  over = false;
  #alert = el("div", { role: "alert" });
  #screen = el("div");
  #status = el("p", { role: "status" });
  #tick = () => {};

  /**
   * `tell` says it to the embedding page; `extra` is what else is shown of an answer.
   * @param {HTMLElement} root @param {Consent} consent @param {(word: Word) => void} tell @param {(answer: Answer) => Node[]} [extra]
   */
  constructor(root, consent, tell, extra) {
    this.#consent = consent;
    this.tell = tell;
    this.extra = extra;
    root.replaceChildren(this.#alert, this.#screen, this.#status);
    listener.retrying = () => (this.#status.textContent = t("retrying"));
    setInterval(() => {
      if (!this.over && !this.#busy && consent.expires_at < now()) this.#late();
      this.#tick();
    }, 1000);
  }

  /** Once more where the language has changed. */
  start() {
    const { id, state } = this.#consent;
    const answer = kept(id);
    if (lives(state)) this.#ask();
    else if (answer) this.#done(answer);
    else this.#end(state);
  }

  #ask() {
    const { entity, issuer, purpose, valid_for } = this.#consent;
    this.#show(
      t(entity ? "asks" : "pass.title", this.#names()),
      list(
        entity && [t("who"), `${entity.name} (${entity.id})`],
        [t("why"), el("bdi", {}, purpose)],
        [t("what"), t("whatStatus")],
        [t("bound"), this.#binding()],
        [t("until"), t("untilText", { time: duration(valid_for) })],
        [t("answers"), `${issuer.name} (${issuer.id})`],
      ),
      this.#form(async () => this.#next(), [el("p", {}, t("notYet"))], t("continue")),
    );
  }

  #next() {
    const { state, otp } = this.#consent;
    if (state === "otp_sent" && (otp.expires_at ?? 0) > now()) this.#enter();
    else this.#details();
  }

  #details() {
    const known = this.#consent.binding === "name_and_mobile";
    const given = this.#isGiven();
    const name = field("name", t("name"), t("nameHint"), { autocomplete: "name", maxlength: 200, value: this.#given.name });
    const mobile = field("mobile", t("mobile"), t("mobileHint"), { type: "tel", autocomplete: "tel", maxlength: 40, value: this.#given.mobile });
    const send = async () => {
      this.#given = { name: name.input.value.trim(), mobile: known ? "" : mobile.input.value.trim() };
      if (!given && !this.#given.name) return name.complain(t("problem.invalid_name"));
      if (!known && !this.#given.mobile) return mobile.complain(t("problem.invalid_mobile"));
      try {
        await this.#send();
      } catch (error) {
        const { code } = problem(error);
        const wrong = { invalid_name: name, invalid_mobile: mobile }[code];
        if (wrong) wrong.complain(t(`problem.${code}`));
        else this.#failed(error);
      }
    };
    this.#show(
      t(given ? "send" : "details"),
      given ? el("p", {}, t("detailsGiven", this.#names())) : el("p", {}, t("detailsWhy", this.#names())),
      this.#form(send, [!given && name.whole, known ? el("p", {}, t("mobileKnown", this.#names())) : mobile.whole], t("send")),
    );
  }

  async #send() {
    const { id } = this.#consent;
    const { name, mobile } = this.#given;
    try {
      /** @type {Sent} */
      const sent = await this.#call(() => post(`/v1/requests/${id}/otp`, { ...(name && { name }), ...(mobile && { mobile }), language: lang }));
      this.#consent.state = sent.state;
      this.#consent.otp = { expires_at: sent.otp_expires_at, resend_at: sent.resend_at, tries_left: sent.tries_left };
    } catch (error) {
      // The first try has sent it, perhaps, and the second came too soon after it.
      if (!(error instanceof Failure && error.repeated && problem(error).code === "too_many_requests")) throw error;
      const consent = await this.#call(() => get(`/v1/requests/${id}/consent`));
      if (consent.state !== "otp_sent") throw error;
      this.#consent = consent;
    }
    this.#enter();
  }

  #enter() {
    const consent = this.#consent;
    const otp = field("otp", t("otp"), t("otpHint"), { inputmode: "numeric", autocomplete: "one-time-code" });
    const tries = el("p", {}, t("triesLeft", { n: consent.otp.tries_left }));
    const { left, again, tick } = this.#clocks();
    const confirm = async () => {
      // A password is pasted with whatever stood around it, and typed in the digits of any script.
      const digits = onlyDigits(otp.input.value);
      if ([...digits].length !== 6) return otp.complain(t("sixDigits"));
      try {
        // Another tab may have sent another name: the one that this page shows counts.
        await this.#confirm(digits, this.#given.name ? { name: this.#given.name } : undefined);
      } catch (error) {
        const { code, tries_left } = problem(error);
        if (code !== "wrong_otp") return this.#failed(error);
        consent.otp.tries_left = tries_left ?? 0;
        tries.textContent = t("triesLeft", { n: consent.otp.tries_left });
        otp.complain(`${t("problem.wrong_otp")} ${tries.textContent}`);
      }
    };
    this.#show(
      t("enter"),
      el("p", {}, t("sent", { to: this.#given.mobile || t(consent.mobile_hint ? "endingIn" : "yourNumber", this.#names()) })),
      this.#form(confirm, [otp.whole, el("div", { class: "row" }, left, tries)], t("confirm")),
      this.#other(again),
    );
    this.#tick = tick;
    tick();
    otp.input.focus();
  }

  /** The ways to another password, and to another name or number. @param {Node} again */
  #other(again) {
    return el("p", { class: "row" }, again, !this.#isGiven() && button(t("change"), () => this.#details(), "link"));
  }

  /** Whether the entity gave name and number, and takes the answer for that of this person. */
  #isGiven() {
    return this.#consent.kind === "legacy";
  }

  /** How long the password is valid, and the way to another. */
  #clocks() {
    const { otp } = this.#consent;
    const left = el("p", { role: "timer" });
    const again = button("", () => this.#again(), "link");
    const tick = () => {
      const rest = Math.ceil((otp.expires_at ?? 0) - now());
      left.textContent = rest > 0 ? t("timeLeft", { time: clock(rest) }) : t("problem.otp_expired");
      const wait = Math.ceil((otp.resend_at ?? 0) - now());
      again.textContent = wait > 0 ? t("resendIn", { time: clock(wait) }) : t("resend");
      again.toggleAttribute("disabled", wait > 0);
    };
    return { left, again, tick };
  }

  /** Sends the password, and what else the person says with it. @param {string} otp @param {{name: string} | {accept_no_record: string}} [said] */
  async #confirm(otp, said) {
    const { id, entity } = this.#consent;
    /** @type {Answer | Unanswered} */
    const reply = await this.#call(() => post(`/v1/requests/${id}/confirm`, { otp, ...said }));
    if ("no_record" in reply) return this.#noRecord(otp, reply.no_record);
    if (entity) keep(reply);
    this.#done(reply);
  }

  /** The password was right, and nothing is told before the person corrects the name or consents to "not vaccinated". @param {string} otp @param {NoRecord} noRecord */
  #noRecord(otp, { acceptance, corrections_left, name: given }) {
    const { entity, binding } = this.#consent;
    const searched = this.#given.name;
    const shown = given ?? searched;
    const name = field("name", t("name"), t("nameHint"), { autocomplete: "name", maxlength: 200, value: searched });
    const { left, again, tick } = this.#clocks();
    name.input.addEventListener("input", () => (this.#given.name = name.input.value.trim()));
    /** @param {{name: string} | {accept_no_record: string}} said */
    const say = async (said) => {
      if (this.#busy) return;
      try {
        await this.#confirm(otp, said);
      } catch (error) {
        const { code } = problem(error);
        if (code === "invalid_name") return name.complain(t(`problem.${code}`));
        // Its time is over, or another tab asked for another: the newest one has to be entered.
        if (code === "otp_expired" || code === "wrong_otp") this.#enter();
        this.#failed(error);
      }
    };
    const correct = async () => (this.#given.name ? say({ name: this.#given.name }) : name.complain(t("problem.invalid_name")));
    // The consent is for the name that was searched for. Another one in the field is searched for first.
    const accept = async () => (this.#given.name === searched ? say({ accept_no_record: acceptance }) : correct());
    const rules = ["rule.marks", "rule.initials", "rule.spellings", "rule.else"].map((rule) => el("li", {}, t(rule)));
    const consent = t(entity ? "noRecord.accept" : "noRecord.acceptPass");
    const zero = el("p", {}, t(given ? "noRecord.zeroGiven" : entity ? "noRecord.zero" : "noRecord.zeroPass", this.#names()));
    const content = corrections_left > 0
      ? [
          el("p", {}, t("noRecord.nothing")),
          el("p", {}, t("rules")),
          el("ul", {}, ...rules),
          entity !== null && binding !== "none" && el("p", {}, t("noRecord.bound", this.#names())),
          this.#form(correct, [name.whole, el("div", { class: "row" }, left, el("p", {}, t("correctionsLeft", { n: corrections_left })))], t("noRecord.again")),
          zero,
          el("p", { class: "row" }, button(consent, accept, "second")),
        ]
      : [el("p", {}, t(given ? "noRecord.given" : "noRecord.usedUp", this.#names())), shown !== "" && list([t("name"), shown]), this.#form(accept, [zero, left], consent)];
    this.#show(
      t("noRecord"),
      ...content,
      this.#other(again),
    );
    this.#tick = tick;
    tick();
  }

  async #again() {
    const { name, mobile } = this.#given;
    // After the page was loaded anew it does not know them any more.
    if (!this.#isGiven() && (!name || (!mobile && this.#consent.binding !== "name_and_mobile"))) return this.#details();
    try {
      await this.#send();
      this.#status.textContent = t("resent");
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @param {Answer} answer */
  #done(answer) {
    this.over = true;
    this.#given = { name: "", mobile: "" };
    const { receipt } = answer;
    const { entity, issuer } = this.#consent;
    /** @type {[string, string][]} */
    const rows = [
      [t("told"), t(`status${answer.status}`)],
      [t("toldTo"), entity ? `${entity.name} (${entity.id})` : t("anyone")],
      [t("why"), receipt.purpose],
      [t("bound"), this.#binding()],
      [t("answers"), `${issuer.name} (${issuer.id})`],
      [t("toldAt"), moment(receipt.told_at)],
      [t("validUntil"), moment(receipt.valid_until)],
      [t("request"), receipt.request],
      [t("tokenHash"), receipt.token_hash],
      [t("audit"), `${receipt.audit.seq}: ${receipt.audit.hash}`],
    ];
    const lines = [t("receipt"), "", ...rows.map(([name, value]) => `${name}: ${value}`), ""];
    const download = () => save("kycvs-receipt.txt", new Blob([lines.join("\r\n")], { type: "text/plain;charset=utf-8" }));
    this.#show(
      t(entity ? "done" : "doneAnyone", this.#names()),
      el("p", { class: `told told-${answer.status}` }, rows[0][1]),
      answer.status < 2 && el("p", {}, t("unexpected", this.#names())),
      ...(this.extra?.(answer) ?? []),
      el("details", { open: !this.extra }, el("summary", {}, t("receipt")), list(...rows)),
      el("p", { class: "row" }, button(t("save"), download), button(t("print"), () => print(), "second")),
    );
    this.tell({ type: "answer", presentation: answer.presentation });
  }

  /** As the service says, if it does. */
  async #state() {
    return (await this.#call(() => get(`/v1/requests/${this.#consent.id}/consent`)).catch(() => {}))?.state;
  }

  /** The time is over; the request may have been answered in another tab before that. */
  async #late() {
    const how = await this.#state();
    if (!lives(how)) this.#end(how);
  }

  /** @param {string} [how] */
  #end(how) {
    this.over = true;
    if (how === "acknowledged") how = "answered";
    if (!how || !has(`end.${how}`)) how = "request_over";
    this.#given = { name: "", mobile: "" };
    this.#show(t(`end.${how}`), el("p", {}, t(this.#consent.entity ? `end.${how}.do` : "pass.again", this.#names())));
    if (how === "declined" || how === "failed" || how === "expired") this.tell({ type: how });
    else this.tell(how === "answered" ? { type: "answer" } : { type: "error", code: how });
  }

  /** @param {unknown} error */
  async #failed(error) {
    // A fault of this script is for whoever looks at the console, and the person still is told.
    if (!(error instanceof Failure)) console.error(error);
    const { code, retry_after, state } = problem(error);
    if (code === "tries_used_up") return this.#end("failed");
    if (code === "not_found" || code === "forbidden") return this.#end(code);
    let how = state;
    if (code === "request_over" || code === "wrong_state") {
      how ??= await this.#state();
      // Of a live request, too, one tab can ask for what another has made impossible.
      if (code === "request_over" || (how && !lives(how))) return this.#end(how);
    }
    // A password that could not be sent has voided the one before it.
    if ((how === "open" || code === "otp_not_delivered") && this.#consent.state === "otp_sent") {
      this.#consent.state = "open";
      this.#details();
    }
    if (code === "otp_expired") this.#consent.otp.expires_at = 0;
    const text = t(has(`problem.${code}`) ? `problem.${code}` : "problem.internal", this.#names());
    const wait = retry_after && code === "too_many_requests" ? ` ${t("waitFor", { time: duration(retry_after) })}` : "";
    this.#alert.replaceChildren(el("p", {}, text + wait));
    this.#alert.scrollIntoView({ block: "nearest" });
    this.#tick();
  }

  /** @template R @param {() => Promise<R>} call @returns {Promise<R>} */
  async #call(call) {
    this.#busy = true;
    this.#screen.setAttribute("aria-busy", "true");
    this.#alert.replaceChildren();
    for (const wrong of this.#screen.querySelectorAll(".wrong")) wrong.textContent = "";
    for (const input of this.#screen.querySelectorAll("input")) input.removeAttribute("aria-invalid");
    this.#status.textContent = t("working");
    try {
      return await call();
    } finally {
      this.#busy = false;
      this.#screen.removeAttribute("aria-busy");
      this.#status.textContent = "";
    }
  }

  /** @param {string} title @param {...(Node | false)} content */
  #show(title, ...content) {
    const heading = el("h1", { tabindex: -1 }, title);
    // The focus is not taken from the embedding page, only moved on with the person who is here.
    const here = this.#screen.contains(document.activeElement);
    this.#tick = () => {};
    this.#alert.replaceChildren();
    this.#screen.replaceChildren(heading, ...content.filter((one) => one !== false));
    if (here) heading.focus();
  }

  /** @param {() => Promise<void>} submit @param {(Node | false)[]} fields @param {string} label */
  #form(submit, fields, label) {
    const go = (/** @type {Event} */ event) => {
      event.preventDefault();
      if (!this.#busy) submit();
    };
    const decline = async () => {
      if (this.#busy) return;
      try {
        await this.#call(() => post(`/v1/requests/${this.#consent.id}/decline`, {}));
        this.#end("declined");
      } catch (error) {
        this.#failed(error);
      }
    };
    return el("form", { novalidate: true, submit: go }, ...fields, el("p", { class: "row" }, el("button", {}, label), button(t("decline"), decline, "second")));
  }

  #binding() {
    return t(`bound.${this.#consent.binding}`, this.#names());
  }

  #names() {
    const { entity, issuer, mobile_hint } = this.#consent;
    return { entity: entity?.name ?? t("anyone"), issuer: issuer.name, hint: mobile_hint ?? "" };
  }
}

const lives = (/** @type {string=} */ state) => state === "open" || state === "otp_sent";

/** @param {unknown} error @returns {Problem} */
const problem = (error) => (error instanceof Failure ? error.problem : { code: "internal" });

/** `2:05`. @param {number} seconds */
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

/** The digits, of whatever script: the service reads them. @param {string} text */
const onlyDigits = (text) => text.replace(/\P{Nd}/gu, "");
