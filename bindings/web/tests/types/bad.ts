// What the types have to refuse: a line that they let pass is an error.

import { Issuer, SigningKey, Status, TrustStore, Verifier, VerifyingKey } from "kycvs";

const key = SigningKey.generate();
const verifier = new Verifier(new TrustStore(), { open: true });
const said = { status: Status.NOT_VACCINATED, purpose: "p", validForSeconds: 1 };
const verdict = verifier.verify("", { nonce: null });

// @ts-expect-error that no challenge was given has to be said
verifier.verify("", {});
// @ts-expect-error an option that does not exist
verifier.verify("", { nonce: null, pupose: "p" });
// @ts-expect-error a number could be milliseconds
verifier.verify("", { nonce: null, now: Date.now() });
// @ts-expect-error a challenge is bytes
verifier.verify("", { nonce: "text" });
// @ts-expect-error no presentation
verifier.verify(7, { nonce: null });
// @ts-expect-error a verifier needs a policy
new Verifier(new TrustStore());
// @ts-expect-error a span is not a text
new Verifier(new TrustStore(), { open: true, clockSkewSeconds: "60" });
// @ts-expect-error there is no status 3
new Issuer("a", key).issue({ ...said, status: 3 });
// @ts-expect-error a promise is no signature
new Issuer("a", { verifyingKey: key.verifyingKey, sign: async () => new Uint8Array(64) });
// @ts-expect-error a promise is no answer
new Verifier(new TrustStore(), { open: true, replayGuard: { firstUse: async () => true } });
// @ts-expect-error a promise is no first use
verifier.beginVerify("", { nonce: null }).finish(Promise.resolve(true));
// @ts-expect-error a promise is no signature
new Issuer("a", key).beginIssue(said).finish(Promise.resolve(new Uint8Array(64)));
// @ts-expect-error a number could be milliseconds
new Verifier(new TrustStore(), { open: true, issuedAfter: Date.now() });
// @ts-expect-error a verdict is read alone
verdict.status = 2;
// @ts-expect-error what makes a key is fromBytes
new VerifyingKey(new Uint8Array(32));
// @ts-expect-error what is inside is nobody's business
VerifyingKey.within(key);
