//! The package for JavaScript, in Node.js and in a browser, and the verifier page.

use std::fs;
use std::process::Command;

use crate::conformance::{self, VARIABLE};
use crate::context::{Context, Stop};
use crate::counts;
use crate::tally::Tally;
use crate::tools::{Node, chromium, packages};
use crate::web::{self, PACKAGE};

/// The package's tests in Node.js, and the type checker over all that is written here.
pub(super) fn in_node(context: &mut Context) -> Result<Tally, Stop> {
    conformance::platform(context, "node", |context, report| {
        let node = web::build(context)?;
        let mut check = in_package(context, &node);
        check.args(["node_modules/typescript/bin/tsc", "--project", "tsconfig.json"]);
        let mut tally = Tally::one(context.run(&mut check)?.success);
        let mut test = tests(context, &node, &["tests/node"])?;
        let ran = context.run(test.env(VARIABLE, report))?;
        tally += super::counted(counts::of_node_test(&ran.text), ran.success, "`node --test`")?;
        Ok(tally)
    })
}

/// The same vectors in Chromium, the verifier page there, and the package in every bundler and runtime that it names.
pub(super) fn in_chromium(context: &mut Context) -> Result<Tally, Stop> {
    conformance::platform(context, "chromium", |context, report| {
        let chromium = chromium(context)?;
        let node = web::build(context)?;
        packages(context, &node, BUNDLERS)?;
        let mut test = tests(context, &node, &["tests/chromium", "tests/bundlers"])?;
        let ran = context.run(test.env(VARIABLE, report).env("KYCVS_CHROMIUM", chromium))?;
        super::counted(counts::of_node_test(&ran.text), ran.success, "`node --test`")
    })
}

/// The test runner on the tests of some folders, each named: which of them it takes a folder for differs by its version.
fn tests(context: &Context, node: &Node, folders: &[&str]) -> Result<Command, Stop> {
    let mut files = Vec::new();
    for folder in folders {
        for entry in fs::read_dir(context.root().join(PACKAGE).join(folder))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".test.mjs") {
                files.push(format!("{folder}/{name}"));
            }
        }
    }
    files.sort();
    let mut command = in_package(context, node);
    // One file at a time: some look at the memory of their process, and browsers are slow beside each other.
    command.args(["--test", "--test-reporter=tap", "--test-concurrency=1"]).args(files);
    Ok(command)
}

fn in_package(context: &Context, node: &Node) -> Command {
    let mut command = node.command(context, "node");
    command.current_dir(context.root().join(PACKAGE));
    // What a user has set for other programs.
    command.env_remove("NODE_OPTIONS").env("NO_COLOR", "1");
    command
}

/// What only the tests of bundlers need, apart from what builds the package: it is large.
const BUNDLERS: &str = "bindings/web/tests/bundlers";
