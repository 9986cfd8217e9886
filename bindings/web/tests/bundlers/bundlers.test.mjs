// The package in every bundler and runtime that its README names: built by the real tool, run by the real engine.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { build as esbuild } from "esbuild";
import { Log, LogLevel, Miniflare } from "miniflare";
import webpack from "webpack";
import { start } from "../browser.mjs";
import { serve } from "../server.mjs";
import { EXPECTED, EXPECTED_OF_BOTH, app, pageAndWorker } from "./app.mjs";

const WASM = "kycvs/kycvs_web_bg.wasm";
/** How webpack and Vite name a file that they take along. */
const AS_URL = `const wasm = new URL("${WASM}", import.meta.url);`;
const require = createRequire(import.meta.url);

/** @type {import("playwright-core").Browser} */
let browser;
before(async () => {
  browser = await start();
});
after(() => browser.close());

/**
 * The title that a page has in the end.
 * @param {string} address @param {(page: import("playwright-core").Page) => Promise<unknown>} [prepare]
 */
async function titleOf(address, prepare) {
  const page = await browser.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  try {
    await prepare?.(page);
    await page.goto(address);
    await page.waitForFunction(() => document.title !== "waiting", undefined, { timeout: 120_000 });
    return await page.title();
  } catch (error) {
    throw new Error(complaints.join("\n"), { cause: error });
  } finally {
    await page.close();
  }
}

/** The title of a folder's page. @param {string} folder @param {Parameters<typeof titleOf>[1]} [prepare] */
async function titleIn(folder, prepare) {
  const server = await serve(pathToFileURL(`${folder}/`));
  try {
    return await titleOf(`${server.origin}/`, prepare);
  } finally {
    await server.close();
  }
}

/** @param {Record<string, string>} files @param {(folder: string) => Promise<void> | void} use */
async function inApp(files, use) {
  const { folder, remove } = app(files);
  try {
    await use(folder);
  } finally {
    remove();
  }
}

/** @param {string} program @param {...string} words */
const run = (program, ...words) => execFileSync(program, words, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();

for (const name of ["vite6", "vite7", "vite8"]) {
  const files = pageAndWorker(`import wasm from "${WASM}?url";`);

  test(`${name}, development server`, () => inApp(files, async (root) => {
    const { createServer } = await import(name);
    const server = await createServer({ root, logLevel: "error", configFile: false, server: { host: "127.0.0.1", port: 0, hmr: false, ws: false } });
    try {
      await server.listen();
      assert.equal(await titleOf(server.resolvedUrls.local[0]), EXPECTED_OF_BOTH);
    } finally {
      await server.close();
    }
  }));

  test(`${name}, build`, () => inApp(files, async (root) => {
    const { build } = await import(name);
    await build({ root, logLevel: "error", configFile: false });
    assert.equal(await titleIn(join(root, "dist")), EXPECTED_OF_BOTH);
  }));
}

/** @param {string} folder */
async function buildWithWebpack(folder) {
  const stats = await new Promise((resolve, reject) => {
    const compiler = webpack({ mode: "production", context: folder, entry: "./page.js", output: { path: join(folder, "dist"), filename: "page.js" } });
    compiler.run((error, done) => compiler.close(() => (error ? reject(error) : resolve(done))));
  });
  assert.equal(stats.toString({ all: false, errors: true }), "");
  copyFileSync(join(folder, "index.html"), join(folder, "dist/index.html"));
}

test("webpack 5", () => inApp(pageAndWorker(AS_URL), async (folder) => {
  await buildWithWebpack(folder);
  assert.equal(await titleIn(join(folder, "dist")), EXPECTED_OF_BOTH);
}));

test("webpack 5, entry that loads the module by itself", () => inApp({
  ...pageAndWorker(""),
  "page.js": 'import * as kycvs from "kycvs"; import { check } from "./check.js"; document.title = check(kycvs);',
}, async (folder) => {
  await buildWithWebpack(folder);
  assert.equal(await titleIn(join(folder, "dist")), EXPECTED);
}));

/** @param {string} folder @param {import("esbuild").BuildOptions} options */
const bundle = (folder, options) => esbuild({ absWorkingDir: folder, bundle: true, minify: true, logLevel: "error", ...options });

test("esbuild, esm, for a page and its worker", () => inApp(pageAndWorker(`import wasm from "${WASM}";`), async (folder) => {
  await bundle(folder, { entryPoints: ["page.js", "worker.js"], format: "esm", outdir: "dist", loader: { ".wasm": "file" } });
  copyFileSync(join(folder, "index.html"), join(folder, "dist/index.html"));
  assert.equal(await titleIn(join(folder, "dist")), EXPECTED_OF_BOTH);
}));

test("download that fails once can be repeated", () => inApp(pageAndWorker(`import wasm from "${WASM}";`), async (folder) => {
  await bundle(folder, { entryPoints: ["page.js", "worker.js"], format: "esm", outdir: "dist", loader: { ".wasm": "file" } });
  copyFileSync(join(folder, "index.html"), join(folder, "dist/index.html"));
  let failed = "";
  const title = await titleIn(join(folder, "dist"), async (page) => {
    // Only the page's own request is held up: the worker's is not.
    let isFirst = true;
    await page.route("**/*.wasm", (route) => {
      const abort = isFirst && route.request().frame() === page.mainFrame();
      if (!abort) return route.continue();
      isFirst = false;
      failed = "aborted";
      return route.abort();
    });
  });
  assert.equal(failed, "aborted");
  assert.equal(title, EXPECTED_OF_BOTH);
}));

test("esbuild, iife, with the module inside", () => inApp({
  "index.html": '<!doctype html><title>waiting</title><script src="page.js"></script>',
  "page.js": `
    import * as kycvs from "kycvs/init"; import { check } from "./check.js"; import wasm from "${WASM}";
    kycvs.init(wasm).then(() => { document.title = check(kycvs); }, (error) => { document.title = String(error); });
  `,
}, async (folder) => {
  await bundle(folder, { entryPoints: ["page.js"], format: "iife", target: "es2022", outdir: "dist", loader: { ".wasm": "binary" } });
  copyFileSync(join(folder, "index.html"), join(folder, "dist/index.html"));
  assert.equal(await titleIn(join(folder, "dist")), EXPECTED);
}));

const SAYS_IT = `
  import * as kycvs from "kycvs/init"; import { check } from "./check.js"; import wasm from "${WASM}";
  kycvs.initSync(wasm);
  console.log(check(kycvs));
`;
for (const [format, file] of /** @type {const} */ ([["esm", "app.mjs"], ["cjs", "app.cjs"]])) {
  test(`esbuild, ${format}, for Node.js`, () => inApp({ "main.js": SAYS_IT }, async (folder) => {
    await bundle(folder, { entryPoints: ["main.js"], platform: "node", target: "node20", format, outfile: `dist/${file}`, loader: { ".wasm": "binary" } });
    assert.equal(run(process.execPath, join(folder, "dist", file)), EXPECTED);
  }));
}

test("Cloudflare Workers", () => inApp({
  "main.js": `
    import * as kycvs from "kycvs/init"; import { check } from "./check.js"; import wasm from "${WASM}";
    export default { async fetch() { await kycvs.init(wasm); return new Response(check(kycvs)); } };
  `,
}, async (folder) => {
  // As wrangler does it: the module stays an import of its own, which the runtime has compiled.
  await bundle(folder, { entryPoints: ["main.js"], format: "esm", outfile: "dist/main.js", external: ["*.wasm"], conditions: ["workerd", "worker", "browser"] });
  const modules = [
    { type: "ESModule", path: "main.js", contents: readFileSync(join(folder, "dist/main.js"), "utf8") },
    { type: "CompiledWasm", path: WASM, contents: readFileSync(join(folder, "node_modules/kycvs/dist/kycvs_web_bg.wasm")) },
  ];
  const logged = [];
  const log = Object.assign(new Log(LogLevel.DEBUG), { log: (message) => logged.push(message) });
  // Otherwise it asks Cloudflare what `request.cf` is to say: a test calls no third party.
  const worker = new Miniflare({ modules, compatibilityDate: "2025-01-01", cf: false, log });
  try {
    const said = await worker.dispatchFetch("http://localhost/");
    assert.equal(await said.text(), EXPECTED);
    const again = await worker.dispatchFetch("http://localhost/");
    assert.equal(await again.text(), EXPECTED);
    assert.doesNotMatch(logged.join("\n"), /Request\.cf/, "it was not asked for");
  } finally {
    await worker.dispose();
  }
}));

/** Bun's program itself: the file that its npm package starts is made by a script, and scripts of packages are not run. */
const bun = () => require.resolve(`@oven/bun-${process.platform}-${process.arch === "arm64" ? "aarch64" : process.arch}/bin/bun`);

test("Bun, as a runtime and its build for itself", () => inApp({
  "main.js": `
    import * as kycvs from "kycvs/init"; import { check } from "./check.js"; import wasm from "${WASM}" with { type: "file" };
    await kycvs.init(Bun.file(new URL(wasm, import.meta.url)).bytes());
    console.log(check(kycvs));
  `,
}, (folder) => {
  assert.equal(run(bun(), join(folder, "main.js")), EXPECTED);
  run(bun(), "build", join(folder, "main.js"), "--target=bun", `--outdir=${join(folder, "dist")}`);
  assert.equal(run(bun(), join(folder, "dist/main.js")), EXPECTED);
}));

test("Bun, its build for a page and its worker", () => inApp(pageAndWorker(
  `import file from "${WASM}" with { type: "file" }; const wasm = new URL(file, import.meta.url);`,
), async (folder) => {
  run(bun(), "build", join(folder, "page.js"), join(folder, "worker.js"), "--target=browser", `--outdir=${join(folder, "dist")}`);
  copyFileSync(join(folder, "index.html"), join(folder, "dist/index.html"));
  assert.equal(await titleIn(join(folder, "dist")), EXPECTED_OF_BOTH);
}));
