// Making answers.

import * as raw from "./kycvs_web.js";
import { bytesOf, flagOf, optionalText, optionsOf, textOf, wrongType } from "./arguments.js";
import { SigningKey, VerifyingKey } from "./keys.js";
import { Owned, handleOf, handleOfArgument } from "./owned.js";
import { Presentation, Subject } from "./presentation.js";
import { secondOf, spanOf } from "./times.js";
import { Status } from "./values.js";

/** @import { Bytes } from "./arguments.js" */
/** @import { Algorithm, StatusListRef } from "./values.js" */

/**
 * Makes signatures with a key that lives elsewhere. `sign` has to be synchronous, so that WebCrypto's is none.
 * @typedef {object} Signer
 * @property {VerifyingKey} verifyingKey The public half of the key that signs. Read once, when the `Issuer` is made.
 * @property {(message: Uint8Array) => Uint8Array} sign The Ed25519 signature over the message: 64 bytes, neither prehashed
 *   nor with a context. What it throws becomes the `cause` of an `IssuingError` (`signer_failed`).
 */

/**
 * What is to be said, to whom, and for how long.
 *
 * By default an answer is an open pass: for anyone, without a challenge, bound to nobody. Say whom it is for and what it
 * answers wherever there is a verifying entity to name.
 * @typedef {object} Answer
 * @property {Status} status The answer.
 * @property {string} purpose The purpose that was shown to the person who consented.
 * @property {number | bigint} validForSeconds How long it is good, from the moment that it is issued.
 * @property {string | null} [audience] The verifying entity that it is for.
 * @property {Bytes | null} [nonce] The challenge that it answers, 8 to 64 bytes.
 * @property {Subject | null} [subject] The person, where the verifying entity asked for it and the person was told.
 * @property {StatusListRef | null} [statusList] A place in a status list, by which it can be taken back.
 * @property {boolean} [specimen] For training: refused by every verifier that does not ask for specimens.
 */

const ANSWER = ["status", "purpose", "validForSeconds", "audience", "nonce", "subject", "statusList", "specimen"];

/** An issuer: a name, and a signer that verifiers trust for it. */
export class Issuer extends Owned {
  /**
   * Throws `SetUpError` (`invalid_claim`) where the name is not 1 to 64 bytes of UTF-8.
   * @param {string} name
   * @param {SigningKey | Signer} signer
   * @param {{ algorithm?: Algorithm | null }} [options] Another algorithm in the tokens: the one that the verifiers' trust
   *   stores name for the key.
   */
  constructor(name, signer, options = {}) {
    const given = optionsOf("options", options, ["algorithm"]);
    super(issuer(textOf("name", name), signer, optionalText("algorithm", given.algorithm)));
  }

  /** The issuer's name. @returns {string} */
  get name() {
    return handleOf(this, raw.Issuer).name();
  }

  /** The key that verifiers have to trust. @returns {VerifyingKey} */
  get verifyingKey() {
    return VerifyingKey.within(handleOf(this, raw.Issuer).verifyingKey());
  }

  /**
   * Issues an answer: now, or at the time `now`, a Date or seconds since 1970 as a BigInt.
   *
   * Throws `SetUpError` (`invalid_claim`, `clock_not_set`) or `IssuingError` (`signer_failed`, `random_source_failed`).
   * @param {Answer} answer @param {{ now?: Date | bigint }} [options]
   * @returns {Presentation}
   */
  issue(answer, options = {}) {
    const own = handleOf(this, raw.Issuer);
    const now = secondOf("now", optionsOf("options", options, ["now"]).now);
    const said = answerOf(answer);
    try {
      return Presentation.within(own.issue(said, now));
    } finally {
      said.free();
    }
  }
}

/** @param {string} name @param {unknown} signer @param {string | undefined} algorithm */
function issuer(name, signer, algorithm) {
  if (signer instanceof SigningKey) return raw.Issuer.withKey(name, handleOf(signer, raw.SigningKey), algorithm);
  const foreign = /** @type {Signer | null | undefined} */ (signer);
  if (typeof foreign?.sign !== "function") throw wrongType("signer", "a SigningKey, or an object with a method sign", signer);
  const key = handleOfArgument("signer.verifyingKey", foreign.verifyingKey, VerifyingKey, raw.VerifyingKey);
  const sign = (/** @type {Uint8Array} */ message) => bytesOf("sign", foreign.sign(message), "the 64 bytes of a signature, and no promise");
  return raw.Issuer.withSigner(name, key, { sign }, algorithm);
}

/** @param {unknown} answer @returns {raw.Answer} */
function answerOf(answer) {
  const given = optionsOf("answer", answer, ANSWER);
  const status = /** @type {Status} */ (given.status);
  if (!Object.values(Status).includes(status)) throw wrongType("status", "a Status: 0, 1 or 2", status);
  const purpose = textOf("purpose", given.purpose);
  const validFor = spanOf("validForSeconds", given.validForSeconds);
  const audience = optionalText("audience", given.audience);
  const nonce = given.nonce == null ? undefined : bytesOf("nonce", given.nonce);
  const subject = given.subject == null ? undefined : handleOfArgument("subject", given.subject, Subject, raw.Subject);
  const list = given.statusList == null ? undefined : optionsOf("statusList", given.statusList, ["index", "uri"]);
  const index = list && spanOf("statusList.index", list.index);
  const uri = list && textOf("statusList.uri", list.uri);
  const specimen = flagOf("specimen", given.specimen);

  // Each step takes the answer before it, and frees it where it fails.
  let said = raw.Answer.of(status, purpose, validFor);
  if (audience !== undefined) said = said.withAudience(audience);
  if (nonce) said = said.withNonce(nonce);
  if (subject) said = said.withSubject(subject);
  if (index !== undefined && uri !== undefined) said = said.withStatusList(index, uri);
  return specimen ? said.specimen() : said;
}
