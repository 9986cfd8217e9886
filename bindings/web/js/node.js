// The package in Node.js, which reads the module from its file.

import { readFileSync } from "node:fs";
import { initSync } from "./module.js";

initSync(readFileSync(new URL("./kycvs_web_bg.wasm", import.meta.url)));

export * from "./kycvs.js";
