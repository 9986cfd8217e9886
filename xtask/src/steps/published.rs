//! The published vectors and the specification, held to each other by tools that know nothing of the code.

use crate::conformance::vector_files;
use crate::context::{Context, Stop};
use crate::tally::Tally;
use crate::tools::{SCRIPTS, python};

/// `cargo xtask vectors --check`, counted by the cases that it compared.
pub(super) fn vectors(context: &mut Context) -> Result<Tally, Stop> {
    let cases = vector_files(context.root())?.values().sum();
    let mut check = context.cargo();
    context.must(check.args(["run", "--quiet", "--package", "kycvs-vectors", "--", "--check"]))?;
    Ok(Tally::passed(cases))
}

pub(super) fn schema(context: &mut Context) -> Result<Tally, Stop> {
    script(context, "test-vectors/interop/schema.py", &[VECTORS])
}

/// The second implementation, written from SPEC.md alone, on the vectors and on the examples in SPEC.md itself.
pub(super) fn verifier(context: &mut Context) -> Result<Tally, Stop> {
    let mut tally = script(context, "test-vectors/verify.py", &[VECTORS])?;
    tally += script(context, "test-vectors/verify_keys.py", &[VECTORS])?;
    tally += script(context, "test-vectors/verify_spec.py", &["SPEC.md"])?;
    Ok(tally)
}

pub(super) fn cddl(context: &mut Context) -> Result<Tally, Stop> {
    let kycvs = context.kycvs()?.display().to_string();
    let work = super::interop::work_folder(context, "cddl")?;
    script(context, "test-vectors/interop/cddl.py", &[&kycvs, "SPEC.md", VECTORS, &work])
}

/// Runs a Python script of the checkout, which ends with a line `N passed, N failed`.
pub(super) fn script(context: &mut Context, path: &str, arguments: &[&str]) -> Result<Tally, Stop> {
    let python = python(context, SCRIPTS)?.python();
    if !context.root().join(path).exists() {
        return Err(Stop::Failed(format!("{path} is not there")));
    }
    let mut command = context.command(python);
    command.arg(path).args(arguments).env("PYTHONDONTWRITEBYTECODE", "1");
    let ran = context.run(&mut command)?;
    match Tally::of_closing_line(&ran.text) {
        Some(tally) if ran.success == (tally.failed == 0) => Ok(tally),
        Some(_) => Err(Stop::Failed(format!("{path}: its exit status contradicts its count"))),
        None => Err(Stop::Failed(format!("{path} ended without a count"))),
    }
}

const VECTORS: &str = "test-vectors";
