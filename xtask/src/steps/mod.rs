//! What `cargo xtask test` does, cheap steps first.

use crate::context::{Context, Stop};
use crate::run::{Group, Step};
use crate::tally::Tally;

mod benches;
pub(crate) mod columns;
mod cross;
mod deny;
mod guide;
mod interop;
pub(crate) mod kotlin;
mod no_std;
mod page;
mod published;
pub(crate) mod python;
mod rust;
pub(crate) mod service;
pub(crate) mod swift;
mod web;

/// All steps, in the order in which they run.
pub(crate) const ALL: &[Step] = &[
    Step { name: "fmt", about: "the code is formatted", run: rust::fmt },
    Step { name: "clippy", about: "no warning in any target and feature set", run: rust::clippy },
    Step { name: "test", about: "unit, property, terminal and documentation tests", run: rust::test },
    Step { name: "doc", about: "the documentation builds without a warning", run: rust::doc },
    Step { name: "no-std", about: "the core and kycvs-ed25519 build without std", run: no_std::run },
    Step { name: "deny", about: "licences, banned and repeated crates, sources", run: deny::run },
    Step { name: "vectors", about: "the test vectors are what the code says", run: published::vectors },
    Step {
        name: "schema",
        about: "the test vectors are what their JSON schema says",
        run: published::schema,
    },
    Step {
        name: "verifier",
        about: "the independent Python verifier decides every vector alike",
        run: published::verifier,
    },
    Step { name: "demo", about: "`cargo run --release -- demo` tells the whole story", run: interop::demo },
    Step {
        name: "cddl",
        about: "an independent CDDL tool agrees with SPEC.md and the vectors",
        run: published::cddl,
    },
    Step {
        name: "interop",
        about: "PyPI's cwt and pycose read our tokens, and we theirs",
        run: interop::libraries,
    },
    Step { name: "openssl", about: "openssl reads and writes the same key files", run: interop::openssl },
    Step {
        name: "instructions",
        about: "issuing and verifying take no more instructions than before",
        run: benches::instructions,
    },
    Step {
        name: "peers",
        about: "the libraries that kycvs is measured beside do the same work",
        run: benches::peers,
    },
    Step { name: "service", about: "the real service keeps what it promises", run: service::run },
    Step {
        name: "schemathesis",
        about: "the service does what its description says",
        run: service::schemathesis,
    },
    Step { name: "python", about: "the wheel's tests, type checkers among them", run: python::tests },
    Step { name: "wheel", about: "the wheel is manylinux and works without Rust", run: python::wheel },
    Step { name: "arrow", about: "columns of pyarrow, Polars, DuckDB and DataFusion", run: columns::arrow },
    Step { name: "spark", about: "Apache Spark, and a settlement that is killed", run: columns::spark },
    Step {
        name: "guide",
        about: "the guides and the Python entity against the real service",
        run: guide::run,
    },
    Step { name: "kotlin", about: "the jar's tests on the JVM", run: kotlin::run },
    Step { name: "swift", about: "the Swift package's tests", run: swift::run },
    Step { name: "node", about: "the JavaScript package's tests in Node.js", run: web::in_node },
    Step {
        name: "chromium",
        about: "the JavaScript package and the verifier page in Chromium",
        run: web::in_chromium,
    },
    Step {
        name: "page",
        about: "the service's pages in Chromium: the whole story, and every way in which a request ends",
        run: page::run,
    },
    Step {
        name: "platforms",
        about: "every platform decides every test vector alike",
        run: crate::conformance::compare,
    },
    Step { name: "android", about: "kycvs-ffi builds for Android, aligned to 16 KiB", run: cross::android },
    Step { name: "apple", about: "kycvs-ffi builds for iOS and macOS", run: cross::apple },
    Step { name: "fuzz", about: "each fuzz target for 20 seconds", run: crate::fuzz::short },
];

/// What a step leaves below `target/` that no step behind it uses: to be removed where there is little room.
pub(crate) const LEFT_BEHIND: &[(&str, &[&str])] = &[
    ("doc", &["doc"]),
    ("no-std", &["no-std"]),
    ("instructions", &["instructions"]),
    ("peers", &["peers"]),
    ("page", &["wasm"]),
    ("apple", &["cross"]),
    ("fuzz", &["fuzz", "fuzz-seeds"]),
];

/// Names that stand for several steps.
pub(crate) const GROUPS: &[Group] = &[Group {
    name: "core",
    about: "the Rust part alone, with no tool but Rust's own",
    steps: &["fmt", "clippy", "test", "doc", "vectors", "demo"],
}];

/// Says clearly what a step misses in the checkout.
fn must_exist(context: &Context, path: &str) -> Result<(), Stop> {
    if context.root().join(path).exists() {
        Ok(())
    } else {
        Err(Stop::Failed(format!("{path} is not there")))
    }
}

/// The count of a test runner, which has to agree with its exit status.
fn counted(tally: Option<Tally>, success: bool, runner: &str) -> Result<Tally, Stop> {
    match tally {
        Some(tally) if tally.passed + tally.failed == 0 => Err(Stop::Failed(format!("{runner} ran no test"))),
        Some(tally) if success || tally.failed > 0 => Ok(tally),
        Some(_) => Err(Stop::Failed(format!("{runner} failed, though none of its tests did"))),
        None => Err(Stop::Failed(format!("{runner} did not come to the end of its tests"))),
    }
}
