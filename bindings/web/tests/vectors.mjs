// The published test vectors, run as their README says, in Node.js and in a browser alike: with the package and the files'
// texts handed in, and nothing of either platform.

import { parse } from "lossless-json";

/** @typedef {typeof import("../dist/kycvs.js")} Package */
/** @typedef {any} Json */
/** @typedef {{ file: string, id: string, got: string, expected: string }} Result */

export const FILES = ["valid.json", "invalid.json", "subject.json", "text.json", "keys.json"];

/**
 * JSON whose whole numbers are exact, whatever their size.
 * @param {string} text @returns {Json}
 */
export function read(text) {
  return parse(text, null, (number) => {
    const value = Number(number);
    return Number.isSafeInteger(value) || !/^-?\d+$/.test(number) ? value : BigInt(number);
  });
}

/**
 * What every case of a file comes to, as a text, and what it has to come to.
 * @param {Package} kycvs @param {string} name @param {Json} file @returns {Result[]}
 */
export function run(kycvs, name, file) {
  const decide = DECIDE[name];
  if (!decide) throw new Error(`${name}: nobody knows how its cases are run`);
  return file.cases.map((/** @type {Json} */ one) => ({
    file: name,
    id: one.id,
    got: canonical(resultOf(kycvs, decide, file, one)),
    expected: canonical(one.expected),
  }));
}

/**
 * The report that `cargo xtask test` compares between platforms.
 * @param {string} platform @param {Result[]} results
 */
export function report(platform, results) {
  /** @type {Record<string, { cases: number, passed: number }>} */
  const files = {};
  for (const { file, got, expected } of results) {
    const count = files[file] ??= { cases: 0, passed: 0 };
    count.cases += 1;
    count.passed += Number(got === expected);
  }
  const failed = results.filter(({ got, expected }) => got !== expected).map(({ id }) => id);
  return JSON.stringify({ platform, files, failed });
}

/** @typedef {(kycvs: Package, file: Json, one: Json) => Json} Decide */

/** @param {Package} kycvs @param {Decide} decide @param {Json} file @param {Json} one @returns {Json} */
function resultOf(kycvs, decide, file, one) {
  try {
    return decide(kycvs, file, one);
  } catch (error) {
    if (!(error instanceof kycvs.KycvsError)) return { thrown: String(error) };
    // The class is the family, too.
    const type = families(kycvs)[error.family];
    if (error.name !== type.prototype.name || !(error instanceof type)) return { thrown: `${error.code} is a ${error.name}` };
    return { code: error.code, number: error.number, family: error.family };
  }
}

/** @param {Package} kycvs */
const families = (kycvs) => ({
  unreadable: kycvs.UnreadableError,
  untrusted: kycvs.UntrustedError,
  refused: kycvs.RefusedError,
  set_up: kycvs.SetUpError,
  issuing: kycvs.IssuingError,
});

/** @type {Decide} */
function verify(kycvs, file, one) {
  const { verifier, expectation } = setUp(kycvs, file, one);
  return { verdict: asJson(verifier.verify(bytes(one.presentation), expectation)) };
}

/** @type {Decide} */
function person(kycvs, _, one) {
  const subject = new kycvs.Subject(one.name, one.mobile);
  const again = new kycvs.Subject(subject.name, subject.mobile);
  // What has its normal form keeps it.
  if (again.name !== subject.name || again.mobile !== subject.mobile) return { thrown: "not normal" };
  return { name: subject.name, mobile: subject.mobile, commitment: hex(subject.commitment(bytes(one.opening))) };
}

/** @type {Decide} */
function text(kycvs, _, one) {
  const presentation = kycvs.Presentation.fromText(one.text);
  const again = kycvs.Presentation.fromText(presentation.toBase64url());
  if (again.toText() !== presentation.toText()) return { thrown: "another one in base64url" };
  return { presentation: hex(presentation.toBytes()), canonical_text: presentation.toText() };
}

/** @type {Decide} */
function key(kycvs, _, one) {
  const { input, format } = one;
  switch (format) {
    case "raw":
      return publicKey(kycvs.VerifyingKey.fromBytes(bytes(input)));
    case "public_pem": {
      const imported = importedKeys(kycvs, input, false);
      const alone = publicKey(kycvs.VerifyingKey.fromPem(input));
      return canonical(alone) === canonical(imported) ? imported : { thrown: "read in two ways" };
    }
    case "secret_pem":
      return publicKey(kycvs.SigningKey.fromPem(input).verifyingKey);
    case "encrypted_pem":
      return publicKey(kycvs.SigningKey.fromEncryptedPem(input, one.passphrase).verifyingKey);
    case "cose_key":
    case "cose_key_set":
      return importedKeys(kycvs, bytes(input), format === "cose_key_set");
    case "jwk":
      return importedKeys(kycvs, input, false);
    case "jwk_set":
    case "public_pem_set":
      return importedKeys(kycvs, input, true);
    default:
      throw new Error(`no such form: ${format}`);
  }
}

/** @type {Record<string, Decide>} */
const DECIDE = { "valid.json": verify, "invalid.json": verify, "subject.json": person, "text.json": text, "keys.json": key };

/**
 * The verifier of a case, and what its request expects.
 * @param {Package} kycvs @param {Json} file @param {Json} one
 */
export function setUp(kycvs, file, one) {
  const { policy, expectation } = one;
  const trust = new kycvs.TrustStore(file.trust_stores[one.trust].map((/** @type {Json} */ entry) => trustedKey(kycvs, entry)));
  const verifier = new kycvs.Verifier(trust, {
    audience: policy.audience,
    open: policy.open,
    clockSkewSeconds: policy.clock_skew,
    maxLifetimeSeconds: policy.max_lifetime,
    allowSpecimen: policy.allow_specimen,
    ignoreStatusLists: policy.ignore_status_lists,
    replayGuard: policy.seen === null ? null : hasSeen(policy.seen),
  });
  const { subject } = expectation;
  return {
    verifier,
    expectation: {
      nonce: expectation.nonce === null ? null : bytes(expectation.nonce),
      purpose: /** @type {string | null} */ (expectation.purpose),
      subject: subject === null ? null : new kycvs.Subject(subject.name, subject.mobile),
      now: BigInt(one.now),
    },
  };
}

/** @param {Package} kycvs @param {Json} entry */
function trustedKey(kycvs, entry) {
  const time = (/** @type {number | bigint | null} */ seconds) => (seconds === null ? null : BigInt(seconds));
  return new kycvs.TrustedKey(entry.issuer, kycvs.VerifyingKey.fromBytes(bytes(entry.public_key)), {
    algorithm: entry.algorithm,
    notBefore: time(entry.not_before),
    notAfter: time(entry.not_after),
    withdrawn: entry.withdrawn,
  });
}

/**
 * A guard that has seen just these, and learns nothing.
 * @param {{ issuer: string, token_id: string }[]} seen
 */
function hasSeen(seen) {
  return {
    /** @param {string} issuer @param {string} tokenId */
    firstUse: (issuer, tokenId) => !seen.some((one) => one.issuer === issuer && one.token_id === tokenId),
  };
}

/** @param {import("../dist/kycvs.js").Verdict} verdict */
const asJson = (verdict) => ({
  status: verdict.status,
  issuer: verdict.issuer,
  audience: verdict.audience,
  purpose: verdict.purpose,
  issued_at: verdict.issuedAtSeconds,
  expires_at: verdict.expiresAtSeconds,
  token_id: verdict.tokenId,
  key_id: verdict.keyId,
  nonce: verdict.nonce && hex(verdict.nonce),
  subject_matched: verdict.subjectMatched,
  specimen: verdict.specimen,
});

/** @param {Package} kycvs @param {string | Uint8Array} data @param {boolean} isSet */
function importedKeys(kycvs, data, isSet) {
  const imported = kycvs.importKeys(data);
  const keys = imported.keys.map((one) => publicKey(one.key, one.algorithm));
  return !isSet && keys.length === 1 && imported.skipped === 0 ? keys[0] : { keys, skipped: imported.skipped };
}

/** @param {import("../dist/kycvs.js").VerifyingKey} one @param {string | null} algorithm */
const publicKey = (one, algorithm = null) => ({ public_key: hex(one.toBytes()), key_id: one.keyId, algorithm });

/** @param {string} digits */
export const bytes = (digits) => Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** @param {Uint8Array} data @returns {string} */
export const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * One text for one value, in which a whole number is the same whether it is a BigInt or not.
 * @param {Json} value @returns {string}
 */
function canonical(value) {
  return JSON.stringify(value, (_, one) => {
    if (typeof one === "bigint") return { whole: one.toString() };
    if (typeof one === "number") return Number.isSafeInteger(one) ? { whole: one.toString() } : { part: one };
    if (typeof one !== "object" || one === null || Array.isArray(one)) return one;
    return Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
