// Making answers.

import { bytesOf, flagOf, optionalText, optionsOf, textOf, wrongType } from "./arguments.js";
import { boundedSignature } from "./bounds.js";
import { noPromise } from "./errors.js";
import { SigningKey, VerifyingKey } from "./keys.js";
import { raw } from "./module.js";
import { Owned, handleOf, handleOfArgument, takeHandleOf } from "./owned.js";
import { Presentation, Subject } from "./presentation.js";
import { secondOf, spanOf } from "./times.js";
import { Status } from "./values.js";

/** @import * as Raw from "./kycvs_web.js" */
/** @import { Bytes, OwnBytes } from "./arguments.js" */
/** @import { Algorithm, StatusListRef } from "./values.js" */

/**
 * Makes signatures with a key that lives elsewhere, and returns them at once.
 * @typedef {object} Signer
 * @property {VerifyingKey} verifyingKey The public half of the key that signs. Read once, when the `Issuer` is made.
 * @property {(message: Uint8Array) => Uint8Array} sign The Ed25519 signature over the message: 64 bytes, neither prehashed
 *   nor with a context. It is checked under `verifyingKey`. What it throws becomes the `cause` of an `IssuingError` (`signer_failed`).
 */

/**
 * Makes signatures with a key that lives elsewhere, and returns them later, such as WebCrypto or a key management service:
 * for `Issuer.issueAsync`.
 * @typedef {object} AsyncSigner
 * @property {VerifyingKey} verifyingKey The public half of the key that signs. Read once, when the `Issuer` is made.
 * @property {(message: OwnBytes) => Bytes | PromiseLike<Bytes>} signAsync As the `sign` of a `Signer`; it may
 *   return a promise.
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
  /** @type {Signing} */
  #signing;

  /**
   * With a `VerifyingKey` in place of a signer it can only `beginIssue`.
   *
   * Throws `SetUpError` (`invalid_claim`) where the name is not 1 to 64 bytes of UTF-8.
   * @param {string} name
   * @param {SigningKey | Signer | AsyncSigner | VerifyingKey} signer
   * @param {{ algorithm?: Algorithm | null }} [options] Another algorithm in the tokens: the one that the verifiers' trust
   *   stores name for the key.
   */
  constructor(name, signer, options = {}) {
    const given = optionsOf("options", options, ["algorithm"]);
    const signing = signingOf(signer);
    super(issuer(textOf("name", name), signing, optionalText("algorithm", given.algorithm)));
    this.#signing = signing;
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
    const { key, sign, signAsync } = this.#signing;
    if (key) return within(this, answer, options, (own, said, now) => Presentation.within(own.issue(said, now)));
    if (!sign) throw new TypeError(`this Issuer cannot sign at once: call ${signAsync ? "issueAsync" : "beginIssue"}`);
    const pending = begin(this, answer, options);
    let signature;
    try {
      signature = sign(new Uint8Array(pending.message()));
    } catch (thrown) {
      throw pending.failed(thrown);
    }
    return Presentation.within(pending.finish(signature));
  }

  /**
   * Issues an answer with a signer that may return a promise; with any other signer it does what `issue` does. Rejects with what
   * `issue` throws.
   * @param {Answer} answer @param {{ now?: Date | bigint }} [options]
   * @returns {Promise<Presentation>}
   */
  async issueAsync(answer, options = {}) {
    const { key, sign, signAsync = sign } = this.#signing;
    if (key) return this.issue(answer, options);
    if (!signAsync) throw new TypeError("this Issuer has no signer: call beginIssue");
    const pending = begin(this, answer, options);
    let signature;
    try {
      signature = signatureOf("signAsync", await signAsync(new Uint8Array(pending.message())));
    } catch (thrown) {
      throw pending.failed(thrown);
    }
    return Presentation.within(pending.finish(signature));
  }

  /**
   * Begins to issue an answer: the bytes to sign, and then, with their signature, the presentation.
   *
   * Throws as `issue`, except `signer_failed`.
   * @param {Answer} answer @param {{ now?: Date | bigint }} [options]
   * @returns {PendingAnswer}
   */
  beginIssue(answer, options = {}) {
    return PendingAnswer.within(begin(this, answer, options));
  }
}

/** An answer that waits for its signature: from `Issuer.beginIssue`. Nothing is issued before `finish`. */
export class PendingAnswer extends Owned {
  /** @private @param {Raw.PendingAnswer} handle */
  constructor(handle) {
    if (!(handle instanceof raw.PendingAnswer)) throw wrongType("PendingAnswer", "a call of beginIssue", handle);
    super(handle);
  }

  /** @internal @param {Raw.PendingAnswer} handle @returns {PendingAnswer} */
  static within(handle) {
    return new PendingAnswer(handle);
  }

  /** The bytes to sign: with Ed25519, neither prehashed nor with a context. @returns {OwnBytes} */
  get message() {
    return new Uint8Array(handleOf(this, raw.PendingAnswer).message());
  }

  /**
   * The presentation with this signature, which is checked under the issuer's key. It can be called once: if the signer fails,
   * begin again.
   *
   * Throws `IssuingError` (`signer_failed`) if these are not the 64 bytes of the key's signature of the message.
   * @param {Bytes} signature
   * @returns {Presentation}
   */
  finish(signature) {
    const bytes = bytesOf("signature", noPromise(signature, "the signature is a promise: await it, then call finish"));
    return Presentation.within(takeHandleOf(this, raw.PendingAnswer).finish(boundedSignature(bytes)));
  }
}

/**
 * Who signs: a key of this package, a function of the app, or somebody else.
 * @typedef {object} Signing
 * @property {SigningKey} [key]
 * @property {VerifyingKey} [verifyingKey]
 * @property {(message: Uint8Array) => Uint8Array} [sign]
 * @property {AsyncSigner["signAsync"]} [signAsync]
 */

/** @param {unknown} signer @returns {Signing} */
function signingOf(signer) {
  if (signer instanceof SigningKey) return { key: signer };
  if (signer instanceof VerifyingKey) return { verifyingKey: signer };
  const foreign = /** @type {Partial<Signer & AsyncSigner> | null | undefined} */ (signer);
  const [isSync, isAsync] = [typeof foreign?.sign === "function", typeof foreign?.signAsync === "function"];
  if (!foreign || isSync === isAsync) {
    throw wrongType("signer", "a SigningKey, a VerifyingKey, or an object with one of the methods sign and signAsync", signer);
  }
  const { verifyingKey } = foreign;
  return isSync
    ? { verifyingKey, sign: (message) => signed(/** @type {Signer} */ (foreign).sign(message)) }
    : { verifyingKey, signAsync: (message) => /** @type {AsyncSigner} */ (foreign).signAsync(message) };
}

/** @param {unknown} signature @returns {Uint8Array} */
function signed(signature) {
  const instead = "the signer's sign returned a promise, so nothing was issued: name it signAsync, and call issueAsync";
  return signatureOf("sign", noPromise(signature, instead));
}

/** @param {string} name @param {unknown} signature @returns {Uint8Array} */
function signatureOf(name, signature) {
  return boundedSignature(bytesOf(name, signature, "the 64 bytes of a signature"));
}

/** @param {string} name @param {Signing} signing @param {string | undefined} algorithm */
function issuer(name, { key, verifyingKey }, algorithm) {
  if (key) return raw.Issuer.withKey(name, handleOf(key, raw.SigningKey), algorithm);
  return raw.Issuer.signedElsewhere(name, handleOfArgument("signer.verifyingKey", verifyingKey, VerifyingKey, raw.VerifyingKey), algorithm);
}

/** @param {Issuer} own @param {Answer} answer @param {{ now?: Date | bigint }} options @returns {Raw.PendingAnswer} */
function begin(own, answer, options) {
  return within(own, answer, options, (issuer, said, now) => issuer.beginIssue(said, now));
}

/**
 * @template T
 * @param {Issuer} own @param {Answer} answer @param {{ now?: Date | bigint }} options
 * @param {(issuer: Raw.Issuer, said: Raw.Answer, now: bigint) => T} call
 * @returns {T}
 */
function within(own, answer, options, call) {
  const handle = handleOf(own, raw.Issuer);
  const now = secondOf("now", optionsOf("options", options, ["now"]).now);
  const said = answerOf(answer);
  try {
    return call(handle, said, now);
  } finally {
    said.free();
  }
}

/** @param {unknown} answer @returns {Raw.Answer} */
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
