// Keys, and the files that they come in.

import { bytesOf, fileBytes, fileText, optionalText, textOf, wrongType } from "./arguments.js";
import { boundedSignature } from "./bounds.js";
import { raw } from "./module.js";
import { Owned, handleOf } from "./owned.js";

/** @import * as Raw from "./kycvs_web.js" */
/** @import { Bytes } from "./arguments.js" */
/** @import { Algorithm } from "./values.js" */

/** A public key. From `VerifyingKey.fromBytes` and its like, or of a `SigningKey`. */
export class VerifyingKey extends Owned {
  /** @private @param {Raw.VerifyingKey} handle */
  constructor(handle) {
    if (!(handle instanceof raw.VerifyingKey)) throw wrongType("VerifyingKey", "a call of fromBytes or fromPem", handle);
    super(handle);
  }

  /** @internal @param {Raw.VerifyingKey} handle @returns {VerifyingKey} */
  static within(handle) {
    return new VerifyingKey(handle);
  }

  /**
   * From its 32 bytes. Throws `IssuingError` (`invalid_key`).
   * @param {Bytes} bytes
   * @returns {VerifyingKey}
   */
  static fromBytes(bytes) {
    return new VerifyingKey(raw.VerifyingKey.fromBytes(bytesOf("bytes", bytes)));
  }

  /**
   * From a PEM file (`PUBLIC KEY`). Throws `IssuingError` (`invalid_key`).
   * @param {string | Bytes} pem
   * @returns {VerifyingKey}
   */
  static fromPem(pem) {
    return new VerifyingKey(raw.VerifyingKey.fromPem(fileText("pem", pem)));
  }

  /** Its 32 bytes. @returns {Uint8Array} */
  toBytes() {
    return handleOf(this, raw.VerifyingKey).toBytes();
  }

  /** A PEM file (`PUBLIC KEY`). @returns {string} */
  toPem() {
    return handleOf(this, raw.VerifyingKey).toPem();
  }

  /**
   * A JSON Web Key (RFC 8037); with `algorithm`, for that one alone.
   * @param {Algorithm | null} [algorithm]
   * @returns {string}
   */
  toJwk(algorithm) {
    return handleOf(this, raw.VerifyingKey).toJwk(optionalText("algorithm", algorithm));
  }

  /**
   * A COSE_Key (RFC 9053); with `algorithm`, for that one alone.
   * @param {Algorithm | null} [algorithm]
   * @returns {Uint8Array}
   */
  toCoseKey(algorithm) {
    return handleOf(this, raw.VerifyingKey).toCoseKey(optionalText("algorithm", algorithm));
  }

  /** Its id in tokens, 16 hexadecimal digits. @returns {string} */
  get keyId() {
    return handleOf(this, raw.VerifyingKey).keyId();
  }

  /** Its SHA-256 COSE Key Thumbprint (RFC 9679), 32 bytes. @returns {Uint8Array} */
  get thumbprint() {
    return handleOf(this, raw.VerifyingKey).thumbprint();
  }

  /**
   * Whether this is the key's strict Ed25519 signature over these bytes.
   * @param {Bytes} message @param {Bytes} signature
   * @returns {boolean}
   */
  verifies(message, signature) {
    const own = handleOf(this, raw.VerifyingKey);
    return own.verifies(bytesOf("message", message), boundedSignature(bytesOf("signature", signature)));
  }
}

/** A secret key. `free()` wipes it; `generate` and the `from...` functions make one. */
export class SigningKey extends Owned {
  /** @private @param {Raw.SigningKey} handle */
  constructor(handle) {
    if (!(handle instanceof raw.SigningKey)) throw wrongType("SigningKey", "a call of generate or fromPem", handle);
    super(handle);
  }

  /**
   * A new key, of `crypto.getRandomValues`. Throws `IssuingError` (`random_source_failed`).
   * @returns {SigningKey}
   */
  static generate() {
    return new SigningKey(raw.SigningKey.generate());
  }

  /**
   * From its 32 secret bytes. Your own copy of them is not wiped. Throws `IssuingError` (`invalid_key`).
   * @param {Bytes} seed
   * @returns {SigningKey}
   */
  static fromSeed(seed) {
    return new SigningKey(raw.SigningKey.fromSeed(bytesOf("seed", seed)));
  }

  /**
   * From a PEM file (`PRIVATE KEY`) that is not encrypted. Throws `IssuingError` (`invalid_key`).
   * @param {string | Bytes} pem
   * @returns {SigningKey}
   */
  static fromPem(pem) {
    return new SigningKey(raw.SigningKey.fromPem(fileText("pem", pem)));
  }

  /**
   * From a PEM file that a passphrase encrypts (`ENCRYPTED PRIVATE KEY`). It takes up to a second or so, on purpose, and
   * nothing else runs meanwhile. Throws `IssuingError` (`wrong_passphrase`, `invalid_key`).
   * @param {string | Bytes} pem @param {string | Bytes} passphrase
   * @returns {SigningKey}
   */
  static fromEncryptedPem(pem, passphrase) {
    return new SigningKey(raw.SigningKey.fromEncryptedPem(fileText("pem", pem), passphraseOf(passphrase)));
  }

  /**
   * From a JSON Web Key with its secret part (RFC 8037). Throws `IssuingError` (`invalid_key`).
   * @param {string | Bytes} jwk
   * @returns {SigningKey}
   */
  static fromJwk(jwk) {
    return new SigningKey(raw.SigningKey.fromJwk(fileText("jwk", jwk)));
  }

  /**
   * From a COSE_Key with its secret part (RFC 9053). Throws `IssuingError` (`invalid_key`).
   * @param {Bytes} bytes
   * @returns {SigningKey}
   */
  static fromCoseKey(bytes) {
    return new SigningKey(raw.SigningKey.fromCoseKey(bytesOf("bytes", bytes)));
  }

  /**
   * Whether a PEM file says that it is encrypted, so that a passphrase has to be asked for.
   * @param {string | Bytes} pem
   * @returns {boolean}
   */
  static isEncryptedPem(pem) {
    return raw.SigningKey.isEncryptedPem(fileText("pem", pem));
  }

  /** A PEM file (`PRIVATE KEY`), **not encrypted**. @returns {string} */
  toPem() {
    return handleOf(this, raw.SigningKey).toPem();
  }

  /**
   * A PEM file that the passphrase encrypts (`ENCRYPTED PRIVATE KEY`). It takes up to a second or so, on purpose.
   * @param {string | Bytes} passphrase
   * @returns {string}
   */
  toEncryptedPem(passphrase) {
    return handleOf(this, raw.SigningKey).toEncryptedPem(passphraseOf(passphrase));
  }

  /** A JSON Web Key with its secret part. @returns {string} */
  toJwk() {
    return handleOf(this, raw.SigningKey).toJwk();
  }

  /** A COSE_Key with its secret part. @returns {Uint8Array} */
  toCoseKey() {
    return handleOf(this, raw.SigningKey).toCoseKey();
  }

  /** The public half. @returns {VerifyingKey} */
  get verifyingKey() {
    return VerifyingKey.within(handleOf(this, raw.SigningKey).verifyingKey());
  }

  /**
   * The Ed25519 signature over these bytes, 64 bytes.
   * @param {Bytes} message
   * @returns {Uint8Array}
   */
  sign(message) {
    return handleOf(this, raw.SigningKey).sign(bytesOf("message", message));
  }
}

/** A public key from a file, and the algorithm that the file names for it. From `importKeys`. */
export class ImportedKey extends Owned {
  /** @private @param {Raw.ImportedKey} handle */
  constructor(handle) {
    if (!(handle instanceof raw.ImportedKey)) throw wrongType("ImportedKey", "a call of importKeys", handle);
    super(handle);
  }

  /** @internal @param {Raw.ImportedKey} handle @returns {ImportedKey} */
  static within(handle) {
    return new ImportedKey(handle);
  }

  /** The key. @returns {VerifyingKey} */
  get key() {
    return VerifyingKey.within(handleOf(this, raw.ImportedKey).key());
  }

  /** The algorithm that the file names for it; null where it names none. @returns {Algorithm | null} */
  get algorithm() {
    return /** @type {Algorithm | undefined} */ (handleOf(this, raw.ImportedKey).algorithm()) ?? null;
  }
}

/**
 * The public keys of a file: PEM, a JSON Web Key or a set of them, a COSE_Key or a COSE_KeySet. Of a set, those that are of
 * other kinds are counted in `skipped`. Throws `IssuingError` (`invalid_key`).
 * @param {string | Bytes} file
 * @returns {{ keys: ImportedKey[], skipped: number }}
 */
export function importKeys(file) {
  const imported = raw.ImportedKeys.read(fileBytes("file", file));
  try {
    return { keys: imported.keys().map((key) => ImportedKey.within(key)), skipped: imported.skipped() };
  } finally {
    imported.free();
  }
}

/** @param {unknown} passphrase @returns {Uint8Array} */
function passphraseOf(passphrase) {
  if (typeof passphrase === "string") textOf("passphrase", passphrase);
  return fileBytes("passphrase", passphrase);
}
