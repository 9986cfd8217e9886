/** The development inbox: the newest message first, looked for again and again. */

import { list } from "./dom.js";

/** @import { Message } from "./types" */

const state = /** @type {HTMLElement} */ (document.getElementById("state"));
const place = /** @type {HTMLElement} */ (document.getElementById("messages"));
let shown = "";

async function look() {
  try {
    const reply = await fetch("/inbox/messages", { cache: "no-store" });
    if (!reply.ok) throw new Error(`status ${reply.status}`);
    /** @type {Message[]} */
    const messages = await reply.json();
    const seen = JSON.stringify(messages);
    if (seen !== shown) show(messages);
    shown = seen;
  } catch {
    shown = "";
    say("The service does not answer. Still looking.");
  }
  setTimeout(look, 1000);
}

/** @param {Message[]} messages the newest first */
function show(messages) {
  if (messages.length > 0) say(messages.length === 1 ? "One message." : `${messages.length} messages, the newest first.`);
  place.replaceChildren(...messages.map(({ to, text, at }) => list(["To", to], ["At", new Date(at * 1000).toLocaleTimeString()], ["Message", text])));
}

/** @param {string} text */
function say(text) {
  if (state.textContent !== text) state.textContent = text;
}

await look();
