/** The texts of the pages. A further language is a file `lang/XX.json`, a word here, and an entry in `embed.js`. */

const LANGUAGES = ["en", "hi"];

/** @type {Record<string, string>} */
let texts = {};
export let lang = "en";

/**
 * Loads the first of the wished languages that is there, else the browser's, else English.
 * @param {string | null | undefined} wish
 */
export async function load(wish) {
  const found = [wish ?? "", ...navigator.languages].map((one) => one.slice(0, 2).toLowerCase()).find((one) => LANGUAGES.includes(one));
  lang = found ?? "en";
  const reply = await fetch(`/assets/${lang}.json`);
  if (!reply.ok) throw new Error(`${reply.status}`);
  texts = await reply.json();
  document.documentElement.lang = lang;
}

/** @param {string} key @param {Record<string, string | number>} [values] for its `{names}` */
export function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** @param {string} key */
export const has = (key) => key in texts;

const UNITS = /** @type {const} */ ([["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]]);

/** "15 minutes". @param {number} seconds */
export function duration(seconds) {
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? UNITS[3];
  return new Intl.NumberFormat(lang, { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 1 }).format(seconds / size);
}

/** @param {number} seconds since 1970 */
export function moment(seconds) {
  return new Intl.DateTimeFormat(lang, { dateStyle: "long", timeStyle: "short" }).format(seconds * 1000);
}
