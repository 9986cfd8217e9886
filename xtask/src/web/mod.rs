//! `cargo xtask web`: the package for JavaScript, and the verifier page that uses it.
//!
//! Nothing of what this writes is committed:
//!
//! | what | where |
//! |---|---|
//! | the package's files, as they are published | `bindings/web/dist/` |
//! | the same, beside the page | `bindings/web/verifier/kycvs/` |
//! | a link to what the tests run with | `bindings/web/node_modules` |

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use crate::context::{Context, Stop};
use crate::notices;
use crate::tools::{Node, Std, node, packages, std_source, wasm_bindgen};

/// The chore.
pub(crate) fn run() -> ExitCode {
    let result = Context::new("web")
        .map_err(Stop::from)
        .and_then(|mut context| build(&mut context).inspect_err(|_| eprintln!("{}", context.log_tail(40))));
    match result {
        Ok(_) => {
            println!("{DIST}\n{BESIDE_PAGE}");
            ExitCode::SUCCESS
        }
        Err(Stop::Failed(reason) | Stop::NotRun(reason)) => {
            eprintln!("error: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// Builds the package; returns the Node.js that its tests run with.
pub(crate) fn build(context: &mut Context) -> Result<Node, Stop> {
    let node = node(context)?;
    packages(context, &node, PACKAGE)?;
    let dist = context.root().join(DIST);
    fs::remove_dir_all(&dist).ok();
    fs::create_dir_all(&dist)?;

    module(context, &dist)?;
    copy(&context.root().join(SOURCES), &dist)?;
    types(context, &node)?;
    // For the type checker alone: no app is to know what is in it.
    fs::remove_file(dist.join(format!("{MODULE}.d.ts")))?;
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(context.root().join(name), dist.join(name))?;
    }
    let notices = notices::of(context, CRATE, TARGET, "kycvs_web_bg.wasm")?;
    fs::write(dist.join(notices::FILE), notices)?;

    let beside_page = context.root().join(BESIDE_PAGE);
    fs::remove_dir_all(&beside_page).ok();
    fs::create_dir_all(&beside_page)?;
    copy(&dist, &beside_page)?;
    Ok(node)
}

/// The core as WebAssembly, and the JavaScript that calls it.
fn module(context: &mut Context, dist: &Path) -> Result<(), Stop> {
    let source = std_source(context, TARGET)?;
    // A folder of its own: what makes a stable compiler take `-Z` flags would have cargo build the rest anew.
    let folder = context.target("wasm")?;
    let mut build = context.cargo();
    build.args(["build", "--profile", "wasm", "--package", CRATE, "--target", TARGET, "--target-dir"]);
    build.arg(&folder).env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    source.apply(&mut build, Std::Whole);
    let module = context.library(&mut build, MODULE, ".wasm")?;

    let bindgen = wasm_bindgen(context)?;
    let mut bindgen = context.command(bindgen);
    // The module's address is given by `js/web.js`. Names of functions are for who debugs the module itself.
    bindgen.args(["--target", "web", "--omit-default-module-path", "--remove-name-section"]);
    bindgen.args(["--remove-producers-section", "--out-name", MODULE, "--out-dir"]).arg(dist);
    context.must(bindgen.arg(module))?;
    fs::remove_file(dist.join(format!("{MODULE}_bg.wasm.d.ts")))?;
    Ok(())
}

/// The types, made of the comments in what is published, which is checked by them.
fn types(context: &mut Context, node: &Node) -> Result<(), Stop> {
    let mut compile = node.command(context, "node");
    compile.args(["node_modules/typescript/bin/tsc", "--project", "tsconfig.types.json"]);
    context.must(compile.current_dir(context.root().join(PACKAGE)))?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), Stop> {
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        if let Some(name) = path.file_name() {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

pub(crate) const PACKAGE: &str = "bindings/web";
const SOURCES: &str = "bindings/web/js";
const DIST: &str = "bindings/web/dist";
const BESIDE_PAGE: &str = "bindings/web/verifier/kycvs";
const CRATE: &str = "kycvs-web";
const MODULE: &str = "kycvs_web";
const TARGET: &str = "wasm32-unknown-unknown";
