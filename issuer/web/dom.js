/** What is done to the document. Text goes in as text alone. */

/**
 * An attribute that is `false` is left out, a function is a listener.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | number | boolean | ((event: any) => void)>} [attributes]
 * @param {...(Node | string | false | undefined)} children
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== false && child !== undefined));
  return element;
}

/** One that sends no form. @param {string} text @param {() => void} click @param {string} [kind] its class */
export const button = (text, click, kind = "") => el("button", { type: "button", click, class: kind }, text);

/** @param {...([string, string | Node] | null)} rows */
export function list(...rows) {
  return el("dl", {}, ...rows.flatMap((row) => (row ? [el("dt", {}, row[0]), el("dd", {}, row[1])] : [])));
}

/** @param {string} name @param {string} label @param {string} hint @param {Record<string, string | number | boolean>} attributes */
export function field(name, label, hint, attributes) {
  const input = el("input", { id: name, name, required: true, "aria-describedby": `${name}-hint ${name}-error`, ...attributes });
  const error = el("p", { id: `${name}-error`, class: "wrong" });
  const whole = el("div", { class: "field" }, el("label", { for: name }, label), el("p", { id: `${name}-hint`, class: "hint" }, hint), input, error);
  /** @param {string} text */
  const complain = (text) => {
    error.textContent = text;
    input.setAttribute("aria-invalid", "true");
    input.focus();
    input.select();
  };
  return { whole, input, complain };
}

/** @param {string} name @param {Blob} blob */
export function save(name, blob) {
  const address = URL.createObjectURL(blob);
  el("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
