//! What cargo itself checks.

use std::process::Command;

use crate::conformance::{self, VARIABLE};
use crate::context::{Context, Stop};
use crate::tally::Tally;

pub(super) fn fmt(context: &mut Context) -> Result<Tally, Stop> {
    let mut tally = Tally::default();
    // The fuzz targets and the peers are workspaces of their own.
    for manifest in ["Cargo.toml", "fuzz/Cargo.toml", "benches/peers/Cargo.toml"] {
        let mut fmt = context.cargo();
        fmt.args(["fmt", "--all", "--check", "--manifest-path", manifest]);
        tally += Tally::one(component(context, &mut fmt, "rustfmt")?);
    }
    Ok(tally)
}

pub(super) fn clippy(context: &mut Context) -> Result<Tally, Stop> {
    let mut tally = Tally::default();
    for what in [
        &["--workspace", "--all-targets"][..],
        &["--package", "kycvs", "--all-targets", "--all-features"],
        &["--package", "kycvs", "--no-default-features"],
        &["--package", "kycvs-cli", "--all-targets", "--features", "serve"],
    ] {
        let mut clippy = context.cargo();
        clippy.arg("clippy").args(what).args(["--", "--deny", "warnings"]);
        tally += Tally::one(component(context, &mut clippy, "clippy")?);
    }
    Ok(tally)
}

pub(super) fn test(context: &mut Context) -> Result<Tally, Stop> {
    conformance::platform(context, "rust", |context, report| {
        let mut whole = context.cargo();
        whole.args(["test", "--workspace", "--all-features"]).args(NO_GENERATOR).env(VARIABLE, report);
        let mut tally = cargo_test(context, &mut whole)?;
        let mut surface = context.cargo();
        tally += cargo_test(context, surface.args(["test", "--package", "kycvs-ffi"]))?;
        // The core without std, run and not only built. Its examples in the documentation need the system's clock.
        let mut bare = context.cargo();
        bare.args(["test", "--package", "kycvs", "--no-default-features", "--features", "encrypted-keys"]);
        let mut part = cargo_test(context, bare.args(["--lib", "--tests"]))?;
        part.notes.retain(|note| !tally.notes.contains(note));
        tally += part;
        // The small binary, which has no service.
        let mut small = context.cargo();
        let mut part = cargo_test(context, small.args(["test", "--package", "kycvs-cli"]))?;
        part.notes.retain(|note| !tally.notes.contains(note));
        tally += part;
        Ok(tally)
    })
}

fn cargo_test(context: &mut Context, test: &mut Command) -> Result<Tally, Stop> {
    // On after the first binary with a failure, so that the count is of all tests.
    let ran = context.run(test.arg("--no-fail-fast"))?;
    let mut tally = Tally::of_cargo_test(&ran.text);
    if !ran.success && tally.failed == 0 {
        // It did not come as far as to run them.
        tally.failed = 1;
    }
    Ok(tally)
}

pub(super) fn doc(context: &mut Context) -> Result<Tally, Stop> {
    let mut doc = context.cargo();
    doc.args(["doc", "--workspace", "--all-features", "--no-deps"]).args(NO_GENERATOR);
    doc.env("RUSTDOCFLAGS", "--deny warnings");
    Ok(Tally::one(context.run(&mut doc)?.success))
}

/// Runs a subcommand that comes as a component of its own and may not be there.
fn component(context: &mut Context, command: &mut Command, name: &str) -> Result<bool, Stop> {
    let ran = context.run(command)?;
    if !ran.success && (ran.text.contains("is not installed") || ran.text.contains("no such command")) {
        return Err(Stop::NotRun(format!("`{name}` is not there: `rustup component add {name}`")));
    }
    Ok(ran.success)
}

/// With all of its features, `kycvs-ffi` is uniffi's generator too, which takes minutes to build.
pub(super) const NO_GENERATOR: [&str; 2] = ["--exclude", "kycvs-ffi"];
