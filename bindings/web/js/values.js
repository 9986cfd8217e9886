// The small values: what an answer says, and what a verifier learns of it.

import { raw } from "./module.js";
import { dateOf } from "./times.js";

/** The answer to "is this person vaccinated?". More vaccinated is greater. */
export const Status = Object.freeze({
  /** 0: not vaccinated. */
  NOT_VACCINATED: /** @type {0} */ (0),
  /** 1: partially vaccinated. */
  PARTIALLY_VACCINATED: /** @type {1} */ (1),
  /** 2: fully vaccinated. */
  FULLY_VACCINATED: /** @type {2} */ (2),
});
/** @typedef {(typeof Status)[keyof typeof Status]} Status */

/**
 * The two names of one signature scheme, Ed25519 (RFC 8032), that a token can carry. The entry of a key in the trust store
 * says which of the two its tokens carry.
 */
export const Algorithm = Object.freeze({
  /** -8 (RFC 9053, section 2.2): the default, because the COSE libraries in use today read it. */
  EDDSA: /** @type {"EdDSA"} */ ("EdDSA"),
  /** -19 (RFC 9864, section 2.2): the fully specified successor. */
  ED25519: /** @type {"Ed25519"} */ ("Ed25519"),
});
/** @typedef {(typeof Algorithm)[keyof typeof Algorithm]} Algorithm */

/**
 * A place in a Token Status List.
 * @typedef {object} StatusListRef
 * @property {bigint | number} index The place in the list.
 * @property {string} uri Where the list is: 1 to 256 bytes of UTF-8.
 */

/** What is said in a token, believed or not. */
class Said {
  /** Whether the person is vaccinated, and how far. @readonly @type {Status} */
  status;
  /** Who says so. @readonly @type {string} */
  issuer;
  /** The verifying entity that the answer was given to; null for an open one. @readonly @type {string | null} */
  audience;
  /** The purpose that was shown to the person who consented. @readonly @type {string} */
  purpose;
  /** When the answer was issued, in seconds since 1970. @readonly @type {bigint} */
  issuedAtSeconds;
  /** From when on the answer is no longer good, in seconds since 1970. @readonly @type {bigint} */
  expiresAtSeconds;
  /** The token's own id, 32 hexadecimal digits. @readonly @type {string} */
  tokenId;
  /** The id of the key that signed, 16 hexadecimal digits. @readonly @type {string} */
  keyId;
  /** The challenge that the answer carries, whether one was expected or not. @readonly @type {Uint8Array | null} */
  nonce;
  /** Whether this is a specimen, made for training. @readonly @type {boolean} */
  specimen;

  /**
   * @internal
   * @param {Status} status @param {string} issuer @param {string | undefined} audience @param {string} purpose
   * @param {bigint} issuedAt @param {bigint} expiresAt @param {string} tokenId @param {string} keyId
   * @param {Uint8Array | undefined} nonce @param {boolean} specimen
   */
  constructor(status, issuer, audience, purpose, issuedAt, expiresAt, tokenId, keyId, nonce, specimen) {
    this.status = status;
    this.issuer = issuer;
    this.audience = audience ?? null;
    this.purpose = purpose;
    this.issuedAtSeconds = issuedAt;
    this.expiresAtSeconds = expiresAt;
    this.tokenId = tokenId;
    this.keyId = keyId;
    this.nonce = nonce ?? null;
    this.specimen = specimen;
  }

  /** When the answer was issued; the last `Date` that there is where that is later. @returns {Date} */
  get issuedAt() {
    return dateOf(this.issuedAtSeconds);
  }

  /** From when on the answer is no longer good; the last `Date` that there is where that is later. @returns {Date} */
  get expiresAt() {
    return dateOf(this.expiresAtSeconds);
  }
}

/**
 * What a good answer says. That there is one means that every check has passed. A status of 0 is a good answer too, and what
 * to do about it is the verifier's rule (`meets`).
 */
export class Verdict extends Said {
  /** Whether the answer was found to be about the expected person; false where none was expected. @readonly @type {boolean} */
  subjectMatched;

  /**
   * @internal
   * @param {boolean} subjectMatched
   * @param {ConstructorParameters<typeof Said>} said
   */
  constructor(subjectMatched, ...said) {
    super(...said);
    this.subjectMatched = subjectMatched;
    Object.freeze(this);
  }

  /**
   * Whether the person is vaccinated at least so far.
   * @param {Status} atLeast
   * @returns {boolean}
   */
  meets(atLeast) {
    if (!Object.values(Status).includes(atLeast)) throw new TypeError("atLeast: expected a Status: 0, 1 or 2");
    return raw.statusMeets(this.status, atLeast);
  }
}

/**
 * What a token says, **believed by nobody yet**: from `Presentation.unverifiedClaims()`, for tools that show what is in one.
 * Never decide by it: that is for `Verifier.verify`, which returns a `Verdict`.
 */
export class Claims extends Said {
  /** The algorithm that the token names; null where it is neither of the two. @readonly @type {Algorithm | null} */
  algorithm;
  /** What binds the token to a person, 32 bytes; null where it is bound to nobody. @readonly @type {Uint8Array | null} */
  commitment;
  /** The place in a status list; null where there is none. @readonly @type {Readonly<StatusListRef> | null} */
  statusList;

  /**
   * @internal
   * @param {{ algorithm: Algorithm | null, commitment: Uint8Array | null, statusList: Readonly<StatusListRef> | null }} more
   * @param {ConstructorParameters<typeof Said>} said
   */
  constructor(more, ...said) {
    super(...said);
    this.algorithm = more.algorithm;
    this.commitment = more.commitment;
    this.statusList = more.statusList;
    Object.freeze(this);
  }
}

/**
 * What the module makes of a good answer.
 * @internal
 * @param {Status} status @param {string} issuer @param {string | undefined} audience @param {string} purpose
 * @param {bigint} issuedAt @param {bigint} expiresAt @param {string} tokenId @param {string} keyId
 * @param {Uint8Array | undefined} nonce @param {boolean} subjectMatched @param {boolean} specimen
 */
export function verdict(
  status, issuer, audience, purpose, issuedAt, expiresAt, tokenId, keyId, nonce, subjectMatched, specimen,
) {
  return new Verdict(
    subjectMatched, status, issuer, audience, purpose, issuedAt, expiresAt, tokenId, keyId, nonce, specimen,
  );
}

/**
 * What the module makes of a token that nobody has checked.
 * @internal
 * @param {Status} status @param {string} issuer @param {string | undefined} audience @param {string} purpose
 * @param {bigint} issuedAt @param {bigint} expiresAt @param {string} tokenId @param {string} keyId
 * @param {Algorithm | undefined} algorithm @param {Uint8Array | undefined} nonce @param {Uint8Array | undefined} commitment
 * @param {bigint | undefined} index @param {string | undefined} uri @param {boolean} specimen
 */
export function claims(
  status, issuer, audience, purpose, issuedAt, expiresAt, tokenId, keyId, algorithm, nonce, commitment, index, uri, specimen,
) {
  const statusList = index === undefined || uri === undefined ? null : Object.freeze({ index, uri });
  return new Claims(
    { algorithm: algorithm ?? null, commitment: commitment ?? null, statusList },
    status, issuer, audience, purpose, issuedAt, expiresAt, tokenId, keyId, nonce, specimen,
  );
}
