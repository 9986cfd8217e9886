/** The page in the frame. It shows nothing of a request before a page of a registered origin has said that it embeds it. */

import { Failure, get } from "./api.js";
import { button, el } from "./dom.js";
import { Flow } from "./flow.js";
import { load, t } from "./i18n.js";

/** @import { Consent, Word } from "./types" */

const page = document.documentElement;
const root = /** @type {HTMLElement} */ (document.querySelector("main"));
const id = location.pathname.split("/").pop() ?? "";
const embedded = window.parent !== window;

/** As the browser says it with the first message. */
let parentOrigin = "";
/** @type {string | undefined} */
let wish;
/** @type {Flow | undefined} */
let flow;
/** @type {Consent | undefined} */
let consent;

/** @type {Promise<void>} */
const greeted = new Promise((resolve) => {
  addEventListener("message", async ({ source, origin, data }) => {
    if (source !== window.parent || data?.kycvs !== 1 || data.type !== "hello") return;
    parentOrigin ||= origin;
    const before = wish;
    wish = String(data.lang ?? "");
    say({ type: "ready" });
    resolve();
    if (flow && !flow.over && wish !== before) await show();
  });
});

/** @param {Word} word */
function say(word) {
  if (embedded && parentOrigin) window.parent.postMessage({ kycvs: 1, ...word }, parentOrigin);
}

/** What became of the request is for a registered origin alone. @param {Word} word */
function tell(word) {
  if (consent?.origins.includes(parentOrigin)) say(word);
}

/** @param {string} code @param {boolean} [again] */
function stop(code, again = false) {
  root.replaceChildren(el("h1", {}, t(`end.${code}`)), el("p", {}, t(`end.${code}.do`, { site: parentOrigin })));
  if (again) root.append(button(t("tryAgain"), () => location.reload()));
  say({ type: "error", code });
}

async function show() {
  await load(wish);
  document.title = t("title");
  if (!consent) return;
  flow ??= new Flow(root, consent, tell);
  flow.start();
}

async function begin() {
  new ResizeObserver(() => say({ type: "resize", height: page.offsetHeight })).observe(page);
  // Asked for at once, shown when it is known who embeds.
  const asked = get(`/v1/requests/${id}/consent`).catch((error) => error);
  if (embedded) await greeted;
  const reply = await asked;
  const registered = !embedded || reply.origins?.includes(parentOrigin);
  if (!(reply instanceof Error) && registered) consent = reply;
  await show();
  if (consent) return;
  if (!(reply instanceof Error)) return stop("wrong_origin");
  const code = reply instanceof Failure ? reply.problem.code : "";
  const gone = code === "not_found" || code === "request_over";
  stop(gone ? code : "offline", !gone);
}

begin().catch((error) => {
  console.error(error);
  // The texts themselves did not come: what the page says without its scripts is seen at once.
  document.querySelector(".late")?.classList.remove("late");
});
