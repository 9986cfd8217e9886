// The package in a browser, which fetches the module from beside this file. Bundlers know this form of an address, and take
// the module along.

import { init } from "./module.js";

await init(new URL("./kycvs_web_bg.wasm", import.meta.url));

export * from "./kycvs.js";
