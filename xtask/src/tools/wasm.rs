//! What makes a package for JavaScript of a WebAssembly module.
//!
//! `wasm-opt` is not: Debian 12's breaks the table of references, and it takes 1 % off what is sent, compressed.

use std::path::PathBuf;

use super::{CargoTool, cargo_tool};
use crate::context::{Context, Stop};

/// The program that writes the JavaScript beside a module. It has to be of exactly the version of the crate in the module.
const WASM_BINDGEN: CargoTool = CargoTool { name: "wasm-bindgen-cli", version: "0.2.130", arguments: &[] };

/// `wasm-bindgen`.
pub(crate) fn wasm_bindgen(context: &mut Context) -> Result<PathBuf, Stop> {
    // The tool is named after its package, and its program is not.
    Ok(cargo_tool(context, &WASM_BINDGEN)?.with_file_name("wasm-bindgen"))
}
