//! The service's pages in Chromium: the whole story of a booking, every way in which a request ends, who uses them, and the
//! verifying entity in Python with its own page.

use std::fs;

use crate::context::{Context, Stop};
use crate::counts;
use crate::tally::Tally;
use crate::tools::{chromium, node, packages};
use crate::web;

/// Runs against the real service, and lets the web verifier check what the booking page gets.
pub(super) fn run(context: &mut Context) -> Result<Tally, Stop> {
    let chromium = chromium(context)?;
    let node = node(context)?;
    packages(context, &node, PACKAGE)?;
    web::build(context)?;
    let kycvs = context.kycvs()?;
    let python = super::python::installed(context)?.python();
    let mut test = node.command(context, "node");
    // One file at a time: each has a service and a browser of its own.
    test.args(["--test", "--test-reporter=tap", "--test-concurrency=1"]).args(files(context)?);
    test.current_dir(context.root().join(PACKAGE)).env_remove("NODE_OPTIONS").env("NO_COLOR", "1");
    test.env("KYCVS_BIN", kycvs).env("KYCVS_CHROMIUM", chromium).env("KYCVS_PYTHON", python);
    test.env("KYCVS_WEB_VERIFIER", context.root().join(VERIFIER));
    test.env("KYCVS_SCREENSHOTS", context.target("page")?);
    let ran = context.run(&mut test)?;
    super::counted(counts::of_node_test(&ran.text), ran.success, "`node --test`")
}

/// The tests, each named: whether Node.js takes a folder for the tests in it differs by its version.
fn files(context: &Context) -> Result<Vec<String>, Stop> {
    let mut files = Vec::new();
    for entry in fs::read_dir(context.root().join(PACKAGE).join("tests"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".test.js") {
            files.push(format!("tests/{name}"));
        }
    }
    files.sort();
    Ok(files)
}

const PACKAGE: &str = "issuer/browser";
const VERIFIER: &str = "bindings/web/verifier";
