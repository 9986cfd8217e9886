//! kycvs beside the libraries that people would take otherwise: builds and runs `benches/peers`.

use std::process::{Command, ExitCode};

use crate::context::{Context, Stop};
use crate::tools::program;

/// The folder of the program, a workspace of its own.
pub(crate) const FOLDER: &str = "benches/peers";

/// Measures for `seconds`, prints the tables and writes them and the plots beside the benches.
pub(crate) fn run(check: bool, seconds: u64) -> ExitCode {
    let measured = Context::new("peers").map_err(Stop::from).and_then(|mut context| {
        eprintln!("building, see {}", context.log_name());
        let program = build(&mut context)?;
        let mut measure = context.command(program);
        measure.args(["--seconds", &seconds.to_string(), "--write", "benches"]);
        if check {
            measure.arg("--check");
        }
        Ok(measure.status()?.success())
    });
    super::end(measured)
}

/// The program, built.
pub(crate) fn build(context: &mut Context) -> Result<std::path::PathBuf, Stop> {
    let mut build = cargo(context, "build")?;
    context.program(&mut build, "kycvs-peers")
}

/// A command of cargo for the program. It has a target folder of its own, as it has other versions of many crates.
pub(crate) fn cargo(context: &mut Context, what: &str) -> Result<Command, Stop> {
    // aws-lc, ring and libsodium are C, and libsodium is built by its makefile.
    for (name, package) in [("cc", "gcc"), ("make", "make")] {
        program(context, name, package)?;
    }
    let manifest = context.root().join(FOLDER).join("Cargo.toml");
    let folder = context.target("peers")?;
    let mut command = context.cargo();
    // Released also where it is only looked at: what is in C is built once.
    command.args([what, "--release", "--locked", "--manifest-path"]).arg(manifest);
    command.arg("--target-dir").arg(folder);
    Ok(command)
}
