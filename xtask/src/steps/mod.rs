//! What `cargo xtask test` does, cheap steps first.

use crate::run::Step;

mod deny;
mod interop;
mod no_std;
mod published;
mod rust;

/// All steps, in the order in which they run.
pub(crate) const ALL: &[Step] = &[
    Step { name: "fmt", about: "the code is formatted", run: rust::fmt },
    Step { name: "clippy", about: "no warning in any target and feature set", run: rust::clippy },
    Step { name: "test", about: "unit, property, terminal and documentation tests", run: rust::test },
    Step { name: "doc", about: "the documentation builds without a warning", run: rust::doc },
    Step { name: "no-std", about: "the core builds for a target without std", run: no_std::run },
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
    Step { name: "fuzz", about: "each fuzz target for 20 seconds", run: crate::fuzz::short },
];
