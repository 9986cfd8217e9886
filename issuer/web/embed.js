/**
 * `<kycvs-request src="https://ISSUER/embed/ID" lang="hi">`: shows the issuer's page in a frame and hands on its answer
 * as DOM events. It holds no secret and decides nothing: the entity's server verifies the presentation.
 *
 * Events: `kycvs-answer` ({presentation?}; without it, the server asks for it), `kycvs-declined`, `kycvs-failed`,
 * `kycvs-expired`, and `kycvs-error` ({code, message?}).
 */

/** What the frame cannot say, since it did not come. @type {Record<string, Record<string, string>>} */
const TEXTS = {
  en: {
    title: "Consent to tell your vaccination status",
    again: "Try again",
    not_registered: "You cannot answer here. Perhaps {site} is not registered with {issuer}, or the connection was lost on the way. Nothing was told. Try again, or tell the owner of this page.",
    away: "{issuer} does not answer. Nothing was told. Check your connection, and wait or try again.",
  },
  hi: {
    title: "टीकाकरण की स्थिति बताने की सहमति",
    again: "फिर कोशिश करें",
    not_registered: "यहाँ उत्तर नहीं दिया जा सकता। शायद {site} का {issuer} में पंजीकरण नहीं है, या रास्ते में संपर्क टूट गया। कुछ भी नहीं बताया गया। फिर कोशिश करें, या साइट के संचालक को बताएँ।",
    away: "{issuer} से उत्तर नहीं आ रहा। कुछ भी नहीं बताया गया। अपना इंटरनेट जाँचें, और थोड़ा रुकें या फिर कोशिश करें।",
  },
};

/** Milliseconds until a silent frame is complained of. */
const PATIENCE = 10_000;

/**
 * Until the page's own scripts have run, those that are deferred and what waits for `DOMContentLoaded` among them: an event
 * before that would find no listener.
 * @type {Promise<void>}
 */
const listening = new Promise((resolve) => {
  const [loading] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
  if (document.readyState === "complete" || loading?.domContentLoadedEventEnd) resolve();
  else addEventListener("DOMContentLoaded", () => setTimeout(resolve), { once: true });
});

// Made in script, so that a page whose policy forbids inline styles needs no exception.
const STYLE = new CSSStyleSheet();
STYLE.replaceSync(`
:host { display: block; min-width: 0; }
:host([hidden]), [hidden] { display: none; }
iframe { display: block; width: 100%; height: 26rem; border: 0; color-scheme: normal; }
div { padding: 1rem; border: 2px solid #b3261e; background: #fff; color: #1b1b1f; font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
p { margin: 0 0 1rem; }
button { font: inherit; min-height: 2.75rem; padding: .5rem 1rem; }
`);

class KycvsRequest extends HTMLElement {
  static observedAttributes = ["src", "lang"];

  #frame = document.createElement("iframe");
  #notice = document.createElement("div");
  #issuer = "";
  #ready = false;
  #loaded = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  constructor() {
    super();
    const frame = this.#frame;
    // Its script, its own origin (for its calls), its forms, the receipt as a file, and the print dialogue. It can
    // neither navigate this page nor open windows.
    frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-forms allow-downloads allow-modals");
    frame.allow = "";
    // The address of a booking can say more than the issuer has to know.
    frame.referrerPolicy = "no-referrer";
    frame.addEventListener("load", () => {
      this.#loaded = frame.hasAttribute("src");
      this.#hello();
    });
    this.#notice.setAttribute("role", "alert");
    this.#notice.hidden = true;
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [STYLE];
    root.append(this.#notice, frame);
  }

  connectedCallback() {
    addEventListener("message", this.#receive);
    this.#open();
  }

  disconnectedCallback() {
    removeEventListener("message", this.#receive);
    clearTimeout(this.#timer);
  }

  /** @param {string} name */
  attributeChangedCallback(name) {
    if (!this.isConnected) return;
    if (name === "src") this.#open();
    else this.#hello();
  }

  #open() {
    clearTimeout(this.#timer);
    this.#ready = this.#loaded = false;
    this.#notice.hidden = true;
    const src = this.getAttribute("src");
    if (!src) return;
    const url = new URL(src);
    if (!/^https?:$/.test(url.protocol)) throw new TypeError("kycvs-request: src is not the address of a request");
    this.#issuer = url.origin;
    this.#frame.title = this.#text("title");
    this.#frame.hidden = false;
    this.#frame.src = url.href;
    this.#timer = setTimeout(() => this.#late(), PATIENCE);
  }

  #hello() {
    if (this.#loaded) this.#frame.contentWindow?.postMessage({ kycvs: 1, type: "hello", lang: this.#lang() }, this.#issuer);
  }

  /** A browser does not say why it shows no frame. */
  async #late() {
    const reached = await fetch(`${this.#issuer}/embed.js`, { method: "HEAD", cache: "no-store", credentials: "omit" })
      .then(() => true, () => false);
    if (!this.#ready && this.isConnected) this.#fail(!reached ? "unreachable" : this.#loaded ? "not_registered" : "slow");
  }

  /** @param {string} code */
  #fail(code) {
    const message = this.#text(code === "not_registered" ? code : "away");
    const sentence = document.createElement("p");
    sentence.textContent = message;
    const again = document.createElement("button");
    again.type = "button";
    again.textContent = this.#text("again");
    again.addEventListener("click", () => this.#open());
    this.#notice.replaceChildren(sentence, again);
    this.#notice.hidden = false;
    // A slow one may still come.
    this.#frame.hidden = code !== "slow";
    this.#tell("error", { code, message });
  }

  /** @param {MessageEvent} event */
  #receive = ({ source, origin, data }) => {
    if (source !== this.#frame.contentWindow || origin !== this.#issuer || data?.kycvs !== 1) return;
    switch (data.type) {
      case "ready":
        this.#ready = true;
        clearTimeout(this.#timer);
        this.#notice.hidden = true;
        this.#frame.hidden = false;
        break;
      case "resize":
        if (data.height > 0) this.#frame.style.height = `${Math.min(Math.ceil(data.height), 5000)}px`;
        break;
      case "answer": case "declined": case "failed": case "expired": case "error":
        this.#tell(data.type, { presentation: data.presentation, code: data.code });
    }
  };

  /** @param {string} type @param {object} detail */
  async #tell(type, detail) {
    await listening;
    this.dispatchEvent(new CustomEvent(`kycvs-${type}`, { detail, bubbles: true }));
  }

  #lang() {
    return this.lang || document.documentElement.lang || navigator.language;
  }

  /** @param {string} key */
  #text(key) {
    const texts = TEXTS[this.#lang().slice(0, 2)] ?? TEXTS.en;
    return (texts[key] ?? "").replace("{issuer}", this.#issuer).replace("{site}", location.origin);
  }
}

if (!customElements.get("kycvs-request")) customElements.define("kycvs-request", KycvsRequest);
