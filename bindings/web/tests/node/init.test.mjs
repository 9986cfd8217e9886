// `kycvs/init`: the module is loaded when the app says so. Each test is a process of its own, since it is loaded once in each.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL("../..", import.meta.url));

const BEGIN = `
  import { readFileSync } from "node:fs";
  import * as kycvs from "kycvs/init";
  const file = new URL("dist/kycvs_web_bg.wasm", "file://" + process.cwd() + "/");
  const bytes = readFileSync(file);
  const works = () => new kycvs.Subject("Asha").name;
  const code = async (call) => { try { await call(); return "done"; } catch (error) {
    if (!(error instanceof kycvs.InitError)) return error.constructor.name + " " + error.message;
    return error.code + (error.cause ? " with cause" : "");
  } };
  const say = (...words) => console.log(words.join(", "));
`;

/** What a program says. @param {string} program */
function said(program) {
  const words = ["--input-type=module", "--eval", BEGIN + program];
  return execFileSync(process.execPath, words, { cwd: HERE, encoding: "utf8" }).trim();
}

test("every use before init throws not_initialized, and after it works", () => {
  assert.equal(said(`
    const { Issuer, MemoryReplayGuard, Presentation, SigningKey, Subject, TrustStore, VerifyingKey, importKeys, otherKind, readQr } = kycvs;
    const uses = [
      () => new Subject("a"), () => SigningKey.generate(), () => SigningKey.fromSeed(new Uint8Array(32)), () => SigningKey.isEncryptedPem(""),
      () => VerifyingKey.fromBytes(new Uint8Array(32)), () => VerifyingKey.fromPem(""), () => Presentation.fromText("KV1:"),
      () => Presentation.fromBytes(bytes.subarray(0, 9)), () => Presentation.isKv1("KV1:"), () => new TrustStore(), () => TrustStore.fromBytes(new Uint8Array(3)),
      () => importKeys("{}"), () => otherKind("HC1:"), () => readQr({ data: new Uint8ClampedArray(4), width: 1, height: 1 }),
    ];
    const codes = new Set();
    for (const use of uses) codes.add(await code(use));
    await kycvs.init(bytes);
    say(...codes, works());
  `), "not_initialized, asha");
});

test("each kind of source loads the module", () => {
  const sources = {
    bytes: "bytes", buffer: "new Uint8Array(bytes).buffer", view: "new DataView(new Uint8Array(bytes).buffer)", module: "new WebAssembly.Module(bytes)",
    promise: "Promise.resolve(bytes)", response: 'new Response(bytes, { headers: { "content-type": "application/wasm" } })',
    "response of another type": "new Response(bytes)", url: "new URL(`data:application/wasm;base64,${bytes.toString(\"base64\")}`)",
    address: "`data:application/wasm;base64,${bytes.toString(\"base64\")}`", request: "new Request(`data:application/wasm;base64,${bytes.toString(\"base64\")}`)",
  };
  for (const [name, source] of Object.entries(sources)) {
    assert.equal(said(`await kycvs.init(${source}); say(works());`), "asha", name);
  }
});

test("a failed init can be repeated", () => {
  assert.equal(said(`
    say(
      await code(() => kycvs.init(new URL("http://127.0.0.1:1/kycvs_web_bg.wasm"))),
      await code(() => kycvs.init(new Response("not here", { status: 404 }))),
      await code(() => kycvs.init(new Response("<!doctype html>", { headers: { "content-type": "application/wasm" } }))),
      await code(() => kycvs.init(bytes.subarray(0, 1000))),
      await code(() => kycvs.init(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))),
      await code(() => kycvs.init(file)),
      await code(works),
      await code(() => kycvs.init(bytes)),
      works(),
    );
  `), "init_failed with cause, init_failed, init_failed with cause, init_failed with cause, init_failed with cause, init_failed with cause, not_initialized, done, asha");
});

test("a download that breaks off is not taken for another module, and can be repeated", () => {
  assert.deepEqual(said(`
    const message = (source) => kycvs.init(source).then(() => "done", (error) => error.code + " " + error.message.split(":")[0] + " " + error.cause?.name);
    const halfOf = (type) => {
      const pulls = [(body) => body.enqueue(new Uint8Array(bytes.subarray(0, bytes.length / 2))), (body) => body.error(new TypeError("terminated"))];
      return new Response(new ReadableStream({ pull: (body) => pulls.shift()(body) }), { headers: { "content-type": type } });
    };
    const another = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    const wasm = { headers: { "content-type": "application/wasm" } };
    const said = [];
    for (const source of [
      halfOf("application/wasm"), halfOf("application/octet-stream"),
      bytes.subarray(0, 1000), new Response("<!doctype html>"), new Response("<!doctype html>", wasm), another, new Response(another, wasm),
    ]) said.push(await message(source));
    // Memory that is not there, as an example of what says nothing about the module.
    const { instantiate } = WebAssembly;
    WebAssembly.instantiate = async () => { throw new RangeError("out of memory"); };
    said.push(await message(bytes));
    WebAssembly.instantiate = instantiate;
    said.push(await message(bytes), works());
    console.log(said.join("\\n"));
  `).split("\n"), [
    "init_failed kycvs_web_bg.wasm could not be fetched TypeError",
    "init_failed kycvs_web_bg.wasm could not be fetched TypeError",
    "init_failed this is not the WebAssembly module of this version of kycvs CompileError",
    "init_failed this is not the WebAssembly module of this version of kycvs CompileError",
    "init_failed this is not the WebAssembly module of this version of kycvs CompileError",
    "init_failed this is not the WebAssembly module of this version of kycvs LinkError",
    "init_failed this is not the WebAssembly module of this version of kycvs LinkError",
    "init_failed the WebAssembly module of kycvs could not be loaded here RangeError",
    "done", "asha",
  ]);
});

test("a source that init does not load from may be a promise that is rejected", () => {
  // Node.js ends a process with such a promise, if nobody waits for it.
  assert.equal(said(`
    const rejected = () => Promise.reject(new Error("no network"));
    const both = [code(() => kycvs.init(bytes)), code(() => kycvs.init(rejected()))];
    const meanwhile = await Promise.all(both);
    const after = await code(() => kycvs.init(rejected()));
    await new Promise((resolve) => setImmediate(resolve));
    say(...meanwhile, after, works());
  `), "done, done, done, asha");
});

test("an argument of a wrong type is a TypeError that says what is expected", () => {
  assert.match(said("say(await code(() => kycvs.init()), await code(() => kycvs.init(7)), await code(() => kycvs.initSync(file)));"),
    /^TypeError source: expected the module's address, its bytes.*not undefined, TypeError source: .*not number, TypeError source: .*not URL$/);
});

test("init twice, and at the same time, loads one module", () => {
  assert.equal(said(`
    const instantiate = WebAssembly.instantiate;
    let times = 0;
    // Node.js has modules of its own.
    WebAssembly.instantiate = (...words) => { times += Number("./kycvs_web_bg.js" in (words[1] ?? {})); return instantiate(...words); };
    const both = Promise.all([kycvs.init(bytes), kycvs.init(bytes), kycvs.init(bytes)]);
    const meanwhile = await code(() => kycvs.initSync(bytes));
    await both;
    const subject = new kycvs.Subject("Asha");
    await kycvs.init(bytes);
    kycvs.initSync(bytes);
    // An object from before still belongs to the module.
    say(meanwhile, times, subject.name);
  `), "init_failed, 1, asha");
});

test("calls at the same time fail together, and the next one loads the module", () => {
  assert.equal(said(`
    const bad = () => code(() => kycvs.init(bytes.subarray(0, 100)));
    say(...await Promise.all([bad(), bad()]), await code(() => kycvs.init(bytes)), works());
  `), "init_failed with cause, init_failed with cause, done, asha");
});

test("the main entry and kycvs/init are one module", () => {
  assert.equal(said('const main = await import("kycvs"); say(new main.Subject("Asha") instanceof kycvs.Subject, main.InitError === kycvs.InitError, main.InitError.name, works(), await code(() => kycvs.init(bytes)));'),
    "true, true, InitError, asha, done");
});
