// All that the package has. `node.js` and `web.js` load the module, each in its own way.

export { InitError, IssuingError, KycvsError, RefusedError, SetUpError, UnreadableError, UntrustedError } from "./errors.js";
export { Algorithm, Claims, Status, Verdict } from "./values.js";
export { ImportedKey, SigningKey, VerifyingKey, importKeys } from "./keys.js";
export { TrustStore, TrustedKey } from "./trust.js";
export { Presentation, Subject } from "./presentation.js";
export { Issuer, PendingAnswer } from "./issuing.js";
export { PendingVerdict, Verifier } from "./verifying.js";
export { MemoryReplayGuard } from "./replay.js";
export { otherKind, readQr } from "./qr.js";

/** @typedef {import("./arguments.js").Bytes} Bytes */
/** @typedef {import("./errors.js").Family} Family */
/** @typedef {import("./qr.js").QrCodes} QrCodes */
/** @typedef {import("./values.js").StatusListRef} StatusListRef */
/** @typedef {import("./trust.js").TrustedKeyOptions} TrustedKeyOptions */
/** @typedef {import("./issuing.js").Answer} Answer */
/** @typedef {import("./issuing.js").Signer} Signer */
/** @typedef {import("./issuing.js").AsyncSigner} AsyncSigner */
/** @typedef {import("./verifying.js").Policy} Policy */
/** @typedef {import("./verifying.js").Expectation} Expectation */
/** @typedef {import("./verifying.js").Input} Input */
/** @typedef {import("./replay.js").ReplayGuard} ReplayGuard */
/** @typedef {import("./replay.js").AsyncReplayGuard} AsyncReplayGuard */
