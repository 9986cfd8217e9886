// The package as it is published: what is in it, what its README says, and what its types allow.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import * as kycvs from "kycvs";
import { NONCE, key, said, trust } from "./parties.mjs";

const HERE = fileURLToPath(new URL("../..", import.meta.url));
const MODULES = [
  "arguments", "bounds", "errors", "init", "issuing", "keys", "kycvs", "module", "node", "owned", "presentation", "qr", "replay", "times", "trust", "values",
  "verifying", "web",
];
/** An app that has installed the package, and nothing else. */
let app = "";
/** What is in the package. @type {string[]} */
let files = [];

before(() => {
  app = mkdtempSync(join(tmpdir(), "kycvs-app-"));
  const packed = JSON.parse(npm(HERE, "pack", "--json", "--pack-destination", app));
  files = packed[0].files.map((/** @type {{ path: string }} */ { path }) => path);
  writeFileSync(join(app, "package.json"), '{ "name": "app", "private": true, "type": "module" }');
  npm(app, "install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", join(app, packed[0].filename));
  writeFileSync(join(app, "trust.cbor"), trust.toBytes());
});
after(() => rmSync(app, { recursive: true }));

test("what is in the package", () => {
  const expected = [
    "README.md", "package.json", "dist/LICENSE-APACHE", "dist/LICENSE-MIT", "dist/LICENSES-OTHERS", "dist/kycvs_web.js", "dist/kycvs_web_bg.wasm",
    ...MODULES.flatMap((name) => [`dist/${name}.js`, `dist/${name}.d.ts`]),
  ];
  assert.deepEqual(files.toSorted(), expected.toSorted());
});

test("the README's verifier", () => {
  const [verify] = readme();
  writeFileSync(join(app, "verify.js"), verify ?? assert.fail());
  const nonce = Buffer.from(NONCE).toString("hex");
  const issuer = new kycvs.Issuer("in.gov.cowin", key);
  for (const [status, expected] of /** @type {const} */ ([[2, "true"], [1, "false"]])) {
    const text = issuer.issue(said({ status })).toText();
    const call = `import { admit } from "./verify.js"; console.log(admit(${JSON.stringify(text)}, Buffer.from("${nonce}", "hex")));`;
    assert.equal(node(call), expected);
    assert.match(node(call.replace("admit(\"", "admit(\"x")), /^error\[bad_text\]: [\s\S]*\nfalse$/);
  }
});

test("the README's other examples", () => {
  const [, ask, , issue, issueAsync, once, verifyAsync] = readme();
  const passphrase = "correct horse";
  writeFileSync(join(app, "others.js"), `
    import { Issuer, SigningKey, Status, Subject, TrustStore, TrustedKey, Verifier, VerifyingKey } from "kycvs";
    const challenge = Buffer.from("sixteen bytes...");
    const passphrase = ${JSON.stringify(passphrase)};
    const keyFile = ${JSON.stringify(key.toEncryptedPem(passphrase))};
    const used = new Set();
    const database = { insertIfNew: (...use) => !used.has(String(use)) && Boolean(used.add(String(use))) };
    const trust = new TrustStore([new TrustedKey("in.gov.cowin", SigningKey.fromEncryptedPem(keyFile, passphrase).verifyingKey)]);
    ${issue}
    ${issueAsync}
    const trustService = new TrustStore([new TrustedKey("in.gov.cowin", service.verifyingKey)]);
    console.log(new Verifier(trustService, { open: true }).verify(answer, { nonce: null }).status);
    ${once}
    const scanned = text;
    try {
      ${ask}
    } catch (error) {
      console.log(error.code);
    }
    console.log(verifier.verify(text, { nonce: challenge }).status);
    try {
      verifier.verify(text, { nonce: challenge });
    } catch (error) {
      console.log(error.code);
    }
    used.clear();
    ${verifyAsync}
    console.log(verdict.status, await gate.verifyAsync(scanned, { nonce: challenge }).catch(({ code }) => code));
  `);
  assert.equal(node('import "./others.js"'), "2\nwrong_subject\n2\nreplayed\n2 replayed");
});

test("the types allow what is right, and nothing else", () => {
  // As an app has them: beside it, and not of this package.
  for (const name of ["good.ts", "bad.ts"]) copyFileSync(join(HERE, "tests/types", name), join(app, name));
  writeFileSync(join(app, "tsconfig.json"), JSON.stringify({
    compilerOptions: { strict: true, noEmit: true, module: "nodenext", target: "es2022", lib: ["es2022"], types: ["node"], skipLibCheck: false },
    files: ["good.ts", "bad.ts"],
  }));
  const modules = dirname(dirname(createRequire(import.meta.url).resolve("typescript/package.json")));
  for (const name of ["@types", "undici-types"]) symlinkSync(join(modules, name), join(app, "node_modules", name));
  execFileSync(process.execPath, [join(modules, "typescript/bin/tsc"), "--project", app], { stdio: "inherit" });
});

/** The README's examples in JavaScript. */
function readme() {
  const text = readFileSync(join(HERE, "README.md"), "utf8");
  return Array.from(text.matchAll(/^```js\n([\s\S]*?)^```/gm), ([, example]) => example);
}

/** @param {string} folder @param {string[]} words */
function npm(folder, ...words) {
  return execFileSync("npm", words, { cwd: folder, encoding: "utf8", env: { ...process.env, npm_config_cache: join(app, ".npm") } });
}

/** What a program of the app prints. @param {string} program */
function node(program) {
  const words = ["--input-type=module", "--eval", program];
  return execFileSync(process.execPath, words, { cwd: app, encoding: "utf8" }).trim();
}
