// What was found out, in words that a guard understands. Colour never says anything alone.

import { KycvsError } from "./kycvs/web.js";
import { element } from "./elements.js";
import { has, say, time } from "./language.js";

/** @import { Verdict } from "./kycvs/web.js" */

/** The sign before the words, and the colour, for each status. */
const STATUS = /** @type {const} */ ([
  { key: "status-0", sign: "✗", look: "bad" },
  { key: "status-1", sign: "◐", look: "some" },
  { key: "status-2", sign: "✓", look: "good" },
]);

/**
 * Shows a valid answer.
 * @param {Verdict} verdict
 * @param {{ name: boolean, challenge: boolean }} compared What the answer was compared with. The answer itself cannot say:
 *   a nonce in it is somebody's challenge, and this verifier's only if this verifier compared it.
 */
export function showVerdict(verdict, compared) {
  const { key, sign, look } = STATUS[verdict.status];
  const cautions = [];
  if (!compared.name) cautions.push(say("caution-name"));
  if (!compared.challenge) cautions.push(say(verdict.nonce === null ? "caution-copy" : "caution-challenge"));
  show({
    look, sign,
    words: say(key),
    advice: say("genuine"),
    caution: cautions.join(" "),
    specimen: verdict.specimen,
    facts: [
      ["fact-until", time(verdict.expiresAt)],
      ["fact-issuer", verdict.issuer],
      ["fact-audience", verdict.audience ?? say("anyone")],
      ["fact-purpose", verdict.purpose],
      ["fact-issued", time(verdict.issuedAt)],
      ["fact-subject", say(verdict.subjectMatched ? "subject-matched" : "not-checked")],
      ["fact-challenge", say(compared.challenge ? "challenge-matched" : "not-checked")],
      ["fact-key", verdict.keyId],
    ],
  });
}

/**
 * Shows why there is no valid answer. The sentence is the core's, or its translation; or it says what was shown instead of an
 * answer.
 * @param {unknown} error @param {string} [kind] The name of the kind of code that was shown instead of an answer.
 */
export function showError(error, kind) {
  if (!(error instanceof KycvsError)) {
    // Nothing that the app's own code throws holds what was entered.
    const what = error instanceof Error ? error.message : String(error);
    show({ look: "bad", sign: "!", words: say("family-issuing"), advice: what, caution: "", specimen: false, facts: [] });
    return;
  }
  const { code, number, family, message } = error;
  // What was typed in is below, as the settings are; but to say that there are none would send the operator the wrong way.
  const texts = code === "invalid_claim" ? "issuing" : family;
  const translated = `code-${code}`;
  if (kind !== undefined && family === "unreadable") {
    showAnother(error, kind);
    return;
  }
  const sentence = has(translated) ? say(translated) : message.charAt(0).toUpperCase() + message.slice(1);
  show({
    look: family === "set_up" || family === "issuing" ? "some" : "bad",
    sign: family === "set_up" || family === "issuing" ? "!" : "✗",
    words: say(`family-${texts}`),
    advice: `${sentence}${sentence.endsWith("।") ? "" : "."}`,
    caution: say(`next-${texts}`),
    specimen: false,
    facts: [["fact-code", `${code} (${number})`]],
  });
}

/** Says what was shown instead of an answer. @param {KycvsError} error @param {string} kind */
function showAnother({ code, number }, kind) {
  show({
    look: "bad", sign: "✗",
    words: say("no-answer"),
    advice: kind === "other" ? say("another") : say("another-kind", { kind: say(`kind-${kind}`) }),
    caution: say("next-another"),
    specimen: false,
    facts: [["fact-code", `${code} (${number})`]],
  });
}

/** Takes the last one away. */
export function hide() {
  element("result", HTMLElement).hidden = true;
}

/**
 * @param {{ look: "good" | "some" | "bad", sign: string, words: string, advice: string, caution: string, specimen: boolean,
 *   facts: [string, string][] }} result
 */
function show({ look, sign, words, advice, caution, specimen, facts }) {
  element("result-sign", HTMLElement).textContent = sign;
  element("result-words", HTMLElement).textContent = words;
  element("result-advice", HTMLElement).textContent = advice;
  element("result-caution", HTMLElement).textContent = caution;
  element("result-specimen", HTMLElement).hidden = !specimen;
  element("result-facts", HTMLElement).replaceChildren(...facts.flatMap(([key, value]) => {
    const [term, detail] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = say(key);
    detail.textContent = value;
    return [term, detail];
  }));
  const section = element("result", HTMLElement);
  section.className = look;
  section.hidden = false;
  // A screen reader reads what gets the focus, and a small screen shows it.
  section.focus();
  section.scrollIntoView({ block: "start" });
}
