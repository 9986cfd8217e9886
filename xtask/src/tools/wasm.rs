//! What makes a package for JavaScript of a WebAssembly module: `wasm-bindgen` and `wasm-opt`.

use std::path::PathBuf;

use super::{CargoTool, apt, cargo_tool};
use crate::context::{Context, Stop};

/// The program that writes the JavaScript beside a module. It has to be of exactly the version of the crate in the module.
const WASM_BINDGEN: CargoTool = CargoTool { name: "wasm-bindgen-cli", version: "0.2.130", arguments: &[] };

/// `wasm-bindgen`.
pub(crate) fn wasm_bindgen(context: &mut Context) -> Result<PathBuf, Stop> {
    // The tool is named after its package, and its program is not.
    Ok(cargo_tool(context, &WASM_BINDGEN)?.with_file_name("wasm-bindgen"))
}

/// `wasm-opt`, of Debian's package `binaryen`.
pub(crate) fn wasm_opt(context: &mut Context) -> Result<PathBuf, Stop> {
    apt::program(context, "wasm-opt", "binaryen")?;
    Ok("wasm-opt".into())
}
