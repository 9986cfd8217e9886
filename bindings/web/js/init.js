// The package without its module: the app says where that comes from. For bundlers, workers and runtimes that do not take a
// file along, and for apps that want to load the module later or to try again.

export { init, initSync } from "./module.js";
export * from "./kycvs.js";

/** @typedef {import("./module.js").ModuleSource} ModuleSource */
