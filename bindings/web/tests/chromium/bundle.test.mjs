// The package in an app that a bundler has made of it, in Chromium.

import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL, fileURLToPath } from "node:url";
import { test } from "node:test";
import { build } from "esbuild";
import { start } from "../browser.mjs";
import { serve } from "../server.mjs";

const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));

const APP = `
import { Issuer, KycvsError, SigningKey, TrustStore, TrustedKey, Verifier } from "kycvs";
const key = SigningKey.generate();
const answer = new Issuer("a", key).issue({ status: 2, purpose: "p", validForSeconds: 60 });
const verifier = new Verifier(new TrustStore([new TrustedKey("a", key.verifyingKey)]), { open: true });
const said = [verifier.verify(answer.toText(), { nonce: null }).status];
try {
  verifier.verify("no token", { nonce: null });
} catch (error) {
  said.push(error instanceof KycvsError && error.name, error.code);
}
document.title = said.join(" ");
`;

test("esbuild, minified", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kycvs-bundle-"));
  try {
    await build({
      stdin: { contents: APP, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
      bundle: true, minify: true, format: "esm", target: "es2022", outfile: join(folder, "app.js"), logLevel: "error",
    });
    copyFileSync(join(DIST, "kycvs_web_bg.wasm"), join(folder, "kycvs_web_bg.wasm"));
    const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";
    writeFileSync(join(folder, "index.html"), `<!doctype html><meta http-equiv="Content-Security-Policy" content="${policy}">
      <script type="module" src="app.js"></script>`);
    const server = await serve(pathToFileURL(`${folder}/`));
    const browser = await start();
    try {
      const page = await browser.newPage();
      await page.goto(`${server.origin}/`);
      await page.waitForFunction(() => document.title !== "");
      assert.equal(await page.title(), "2 UnreadableError bad_text");
    } finally {
      await browser.close();
      await server.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
