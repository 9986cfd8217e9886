// The elements of `index.html`, by their ids and with their types.

/**
 * @template {HTMLElement} T
 * @param {string} id @param {new () => T} type @returns {T}
 */
export function element(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`index.html has no ${type.name} #${id}`);
  return found;
}

/** The text in a field, without white space around it. @param {string} id */
export const entered = (id) => element(id, HTMLInputElement).value.trim();

/** Whether a box is checked. @param {string} id */
export const checked = (id) => element(id, HTMLInputElement).checked;
