//! What cargo itself checks.

use crate::context::{Context, Stop};
use crate::tally::Tally;

pub(super) fn fmt(context: &mut Context) -> Result<Tally, Stop> {
    let mut tally = Tally::default();
    // The fuzz targets are a workspace of their own.
    for manifest in ["Cargo.toml", "fuzz/Cargo.toml"] {
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
    ] {
        let mut clippy = context.cargo();
        clippy.arg("clippy").args(what).args(["--", "--deny", "warnings"]);
        tally += Tally::one(component(context, &mut clippy, "clippy")?);
    }
    Ok(tally)
}

pub(super) fn test(context: &mut Context) -> Result<Tally, Stop> {
    let mut tally = Tally::default();
    for what in [
        &["--workspace", "--all-features"][..],
        // The core without std, run and not only built. Its examples in the documentation need the system's clock.
        &["--package", "kycvs", "--no-default-features", "--features", "encrypted-keys", "--lib", "--tests"],
    ] {
        let mut test = context.cargo();
        // On after the first binary with a failure, so that the count is of all tests.
        let ran = context.run(test.arg("test").args(what).arg("--no-fail-fast"))?;
        let mut part = Tally::of_cargo_test(&ran.text);
        if !ran.success && part.failed == 0 {
            // It did not come as far as to run them.
            part.failed = 1;
        }
        part.notes.retain(|note| !tally.notes.contains(note));
        tally += part;
    }
    Ok(tally)
}

pub(super) fn doc(context: &mut Context) -> Result<Tally, Stop> {
    let mut doc = context.cargo();
    doc.args(["doc", "--workspace", "--all-features", "--no-deps"]).env("RUSTDOCFLAGS", "--deny warnings");
    Ok(Tally::one(context.run(&mut doc)?.success))
}

/// Runs a subcommand that comes as a component of its own and may not be there.
fn component(context: &mut Context, command: &mut std::process::Command, name: &str) -> Result<bool, Stop> {
    let ran = context.run(command)?;
    if !ran.success && (ran.text.contains("is not installed") || ran.text.contains("no such command")) {
        return Err(Stop::NotRun(format!("`{name}` is not there: `rustup component add {name}`")));
    }
    Ok(ran.success)
}
