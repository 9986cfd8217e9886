/**
 * The booking page of a railway: asks its own server to begin, embeds the issuer's page, and hands the answer to its
 * server, which verifies it and decides. Nothing is decided here.
 */

/**
 * @typedef {{ok: boolean, status?: number, message: string, verdict?: Record<string, unknown>}} Decision
 */

/** @template {HTMLElement} [T=HTMLElement] @param {string} id */
const by = (id) => /** @type {T} */ (document.getElementById(id));

let train = "";
let passenger = "";
let booking = "";

/** @param {string} path @param {object} [body] */
async function ask(path, body) {
  const init = body && { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const reply = await fetch(path, init);
  if (!reply.ok) throw new Error(`${path}: ${reply.status}`);
  return reply.json();
}

/** @param {"train" | "check" | "ticket"} step */
function go(step) {
  by("alert").textContent = "";
  for (const one of ["train", "check", "ticket"]) by(one).hidden = one !== step;
  for (const item of document.querySelectorAll("[data-step]")) {
    if (item.getAttribute("data-step") === step) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
  by(`${step}-title`).focus();
}

/** @param {string} text */
const warn = (text) => (by("alert").textContent = text);

by("book").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
  train = String(form.get("train"));
  passenger = String(form.get("passenger"));
  try {
    const begun = await ask("/bookings", { train, passenger });
    booking = begun.booking;
    // The element comes from the issuer that the server has asked.
    await import(new URL("/embed.js", begun.embed_url).href);
    embed(begun.embed_url);
    go("check");
  } catch (error) {
    console.error(error);
    warn("The booking could not be begun. Please try again in a minute, or book at the counter.");
  }
});

/** @param {string} src */
function embed(src) {
  const request = document.createElement("kycvs-request");
  const language = by("lang");
  request.setAttribute("src", src);
  request.setAttribute("lang", /** @type {HTMLSelectElement} */ (language).value);
  language.onchange = () => request.setAttribute("lang", /** @type {HTMLSelectElement} */ (language).value);
  request.addEventListener("kycvs-answer", (event) => {
    void decide(/** @type {CustomEvent<{presentation?: string}>} */ (event).detail.presentation);
  });
  request.addEventListener("kycvs-declined", () => {
    warn("You declined, and your booking is not made. You can book at the counter, with your certificate on paper.");
  });
  request.addEventListener("kycvs-failed", () => warn("There were too many wrong passwords. Book again to begin anew."));
  request.addEventListener("kycvs-expired", () => warn("The time is over. Book again to begin anew."));
  by("widget").replaceChildren(request);
}

/** @param {string | undefined} presentation without one, the server asks the issuer itself */
async function decide(presentation) {
  try {
    /** @type {Decision} */
    const decision = presentation
      ? await ask(`/bookings/${booking}/answer`, { presentation })
      : await ask(`/bookings/${booking}`);
    if (decision.ok) ticket(decision);
    else warn(`No ticket: ${decision.message}`);
  } catch (error) {
    console.error(error);
    warn("Your answer has arrived, but the booking could not be finished. Please try again in a minute.");
  }
}

/** @param {Decision} decision */
function ticket({ message }) {
  by("message").textContent = message;
  const rows = [["Train", train], ["From", "Mumbai, platform 9"], ["Passenger", passenger], ["Booking", booking]];
  by("facts").replaceChildren(...rows.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
  // The issuer's frame, with the receipt in it, stays below the ticket.
  go("ticket");
}

/** @param {string} tag @param {string} text */
function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
