// The page: what is entered goes to the package, and what it says is shown. No rule of a token is here.

import { Subject, TrustStore, Verifier, otherKind } from "./kycvs/web.js";
import * as camera from "./camera.js";
import { checked, element, entered } from "./elements.js";
import { keep, keepTrust, kept, keptTrust } from "./kept.js";
import { language, say, speak, time } from "./language.js";
import { read } from "./reader.js";
import { hide, showError, showVerdict } from "./result.js";

/** @import { TrustedKey } from "./kycvs/web.js" */

/** A store has at most so many bytes, and a little more is enough to be told so by the core. */
const MOST_BYTES = 2 ** 21;

let trust = new TrustStore();
/** What is said again when the language changes: the last result is not, since its answer is not kept. */
let noticed = { key: "", kind: "" };

/** How many checks were begun: a picture that was being read when the next began is not looked at any more. */
let begun = 0;

/** @param {string} key A sentence's name; an empty one says nothing. @param {string} [kind] The name of a kind of code, for a sentence about it. */
function notice(key, kind = "") {
  noticed = { key, kind };
  element("notice", HTMLElement).textContent = key && say(key, { kind: kind && say(`kind-${kind}`) });
}

// Verifying.

/**
 * Checks what a code holds. If it is another kind of code, that is said.
 * @param {Uint8Array} content
 */
function checkCode(content) {
  check(textIn(content), otherKind(content)?.name);
}

/** The text in a code. Bytes that are no text become one that no answer can be. @param {Uint8Array} content */
function textIn(content) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    return "\ufffd";
  }
}

/** Checks what was typed or pasted. If it is no answer it may be a damaged one: only a kind that is known is named. @param {string} text */
function checkText(text) {
  const kind = otherKind(text)?.name;
  check(text, kind === "other" ? undefined : kind);
}

/** @param {string} text @param {string} [kind] The name of the kind of code that it is, if it is no answer. */
function check(text, kind) {
  begun += 1;
  notice("");
  try {
    const [name, mobile] = [entered("name"), entered("mobile")];
    // A number alone is nothing that can be checked, which the core says.
    const subject = name || mobile ? new Subject(name, mobile || null) : null;
    try {
      const verifier = new Verifier(trust, {
        audience: entered("audience") || null,
        open: checked("open"),
        allowSpecimen: checked("specimens"),
      });
      const nonce = challenge();
      const verdict = verifier.verify(text, { nonce, purpose: entered("purpose") || null, subject });
      showVerdict(verdict, { name: subject !== null, challenge: nonce !== null });
    } finally {
      subject?.free();
    }
  } catch (error) {
    showError(error, kind);
  }
}

/** The challenge that was entered; null where none was. @returns {Uint8Array | null} */
function challenge() {
  const digits = entered("nonce").replace(/\s+/g, "");
  if (digits === "") return null;
  if (!/^([0-9a-fA-F]{2})+$/.test(digits)) throw new Error(say("nonce-no-hex"));
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

element("text-form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  checkText(element("text", HTMLTextAreaElement).value);
});

element("again", HTMLButtonElement).addEventListener("click", () => {
  hide();
  element("text", HTMLTextAreaElement).value = "";
  element("camera", HTMLButtonElement).focus();
});

// A result is of what was entered when it was made: nobody reads one beside another name or challenge.
document.querySelector("main")?.addEventListener("input", () => hide());

// Pictures.

/** @param {Blob} picture */
async function checkPicture(picture) {
  begun += 1;
  const own = begun;
  hide();
  notice("looking");
  const found = await read(picture);
  if (own !== begun) return;
  if ("content" in found) checkCode(found.content);
  else notice(`problem-${found.problem}`);
}

element("picture", HTMLInputElement).addEventListener("change", async ({ target }) => {
  const input = /** @type {HTMLInputElement} */ (target);
  const picture = input.files?.[0];
  if (picture) await checkPicture(picture);
  // So that the same one can be chosen again.
  input.value = "";
});

// The camera.

const video = element("video", HTMLVideoElement);
const viewfinder = element("viewfinder", HTMLElement);

function stopCamera() {
  camera.stop(video);
  viewfinder.hidden = true;
}

element("camera", HTMLButtonElement).addEventListener("click", async () => {
  hide();
  notice("camera-looking");
  viewfinder.hidden = false;
  try {
    const content = await camera.scan(video, (seen) => {
      if (seen === "several") notice("problem-several");
      else noticeOther(otherKind(seen.content)?.name ?? "other");
    });
    if (content === undefined) return;
    stopCamera();
    checkCode(content);
  } catch (error) {
    stopCamera();
    notice(error instanceof DOMException && error.name === "NotAllowedError" ? "camera-not-allowed" : "camera-none");
  }
});

/** @param {string} kind */
function noticeOther(kind) {
  if (kind === "other") notice("another");
  else notice("another-kind", kind);
}

element("stop", HTMLButtonElement).addEventListener("click", () => {
  stopCamera();
  notice("");
  element("camera", HTMLButtonElement).focus();
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden && camera.runs()) stopCamera();
});

// The trust store.

function showTrust() {
  const { keys } = trust;
  element("trust-state", HTMLElement).textContent = keys.length ? say("trust-keys", { count: keys.length }) : say("trust-none");
  element("trust-keys", HTMLElement).replaceChildren(...keys.map((key) => {
    const item = document.createElement("li");
    item.textContent = `${key.issuer} (${key.keyId})${remarks(key)}`;
    return item;
  }));
  element("forget", HTMLElement).hidden = keys.length === 0;
}

/** @param {TrustedKey} key */
function remarks({ withdrawn, notBefore, notAfter }) {
  const all = [];
  if (notBefore) all.push(say("key-from", { time: time(notBefore) }));
  if (notAfter) all.push(say("key-until", { time: time(notAfter) }));
  if (withdrawn) all.push(say("key-withdrawn"));
  return all.map((remark) => `, ${remark}`).join("");
}

/** @param {Blob} file */
async function takeTrust(file) {
  try {
    const bytes = new Uint8Array(await file.slice(0, MOST_BYTES).arrayBuffer());
    trust = TrustStore.fromBytes(bytes);
    hide();
    showTrust();
    await keepTrust(bytes);
    notice("trust-taken");
  } catch (error) {
    showError(error);
  }
}

element("trust", HTMLInputElement).addEventListener("change", async ({ target }) => {
  const input = /** @type {HTMLInputElement} */ (target);
  const file = input.files?.[0];
  if (file) await takeTrust(file);
  input.value = "";
});

element("forget", HTMLButtonElement).addEventListener("click", async () => {
  trust = new TrustStore();
  hide();
  try {
    await keepTrust(undefined);
  } finally {
    // Only now is it true that there is none, also after the page is loaded again.
    showTrust();
  }
  element("trust", HTMLInputElement).focus();
});

// A file can be dropped anywhere: a picture is read, and anything else is taken for a trust store.
const drop = element("drop", HTMLElement);
addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
addEventListener("dragleave", () => drop.classList.remove("over"));
addEventListener("drop", async (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  const file = event.dataTransfer?.files[0];
  if (file) await (file.type.startsWith("image/") ? checkPicture(file) : takeTrust(file));
});

// What is remembered.

for (const id of ["audience", "open"]) {
  const input = element(id, HTMLInputElement);
  if (input.type === "checkbox") input.checked = kept(id) === "yes";
  else input.value = kept(id);
  input.addEventListener("input", () => keep(id, input.type === "checkbox" ? (input.checked ? "yes" : "") : input.value.trim()));
}

const languages = element("language", HTMLSelectElement);
languages.addEventListener("change", async () => {
  keep("language", languages.value);
  await speak(languages.value);
  hide();
  showTrust();
  notice(noticed.key, noticed.kind);
});

await speak(kept("language") || (navigator.language.startsWith("hi") ? "hi" : "en"));
languages.value = language();
try {
  const bytes = await keptTrust();
  if (bytes) trust = TrustStore.fromBytes(bytes);
} catch (error) {
  showError(error);
}
showTrust();
document.documentElement.dataset.ready = "yes";

// From then on it works without a network.
if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register(new URL("./service-worker.js", import.meta.url)).catch(() => notice("no-offline"));
}
