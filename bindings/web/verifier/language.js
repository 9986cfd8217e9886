// What the page says, in the language that was chosen. One file of strings for each; a language more is a file more, and an
// option in `index.html`.

/** @type {Record<string, string>} */
let strings = {};
let chosen = "en";

/** The language that is shown. */
export const language = () => chosen;

/**
 * Whether there is a sentence of this name.
 * @param {string} key
 */
export const has = (key) => Object.hasOwn(strings, key);

/**
 * A sentence, with what it leaves open filled in.
 * @param {string} key @param {Record<string, string | number>} [values]
 */
export function say(key, values = {}) {
  return (strings[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/**
 * Shows the page in a language.
 * @param {string} name
 */
export async function speak(name) {
  const file = await fetch(new URL(`./strings/${name === "hi" ? "hi" : "en"}.json`, import.meta.url));
  strings = await file.json();
  chosen = name === "hi" ? "hi" : "en";
  document.documentElement.lang = chosen;
  document.title = say("title");
  for (const one of document.querySelectorAll("[data-t]")) one.textContent = say(one.getAttribute("data-t") ?? "");
  for (const one of document.querySelectorAll("[data-t-label]")) {
    one.setAttribute("aria-label", say(one.getAttribute("data-t-label") ?? ""));
  }
}

/** A time as people here read it. @param {Date} time */
export function time(time) {
  return new Intl.DateTimeFormat(chosen === "hi" ? "hi-IN" : "en-IN", { dateStyle: "medium", timeStyle: "short" }).format(time);
}
