//! The command line beside other people's programs.

use std::fs;

use super::published::script;
use crate::context::{Context, Stop};
use crate::tally::Tally;
use crate::tools::program;

/// The README's first command: it has to end well and to show each of the refusals. There is no C compiler for it.
pub(super) fn demo(context: &mut Context) -> Result<Tally, Stop> {
    let mut demo = context.cargo();
    let ran =
        context.run(demo.args(["run", "--quiet", "--release", "--", "demo"]).env("CC", "no-c-compiler"))?;
    let mut tally = Tally::one(ran.success);
    for code in ["bad_signature", "wrong_audience", "wrong_nonce", "wrong_subject", "expired"] {
        if !ran.text.contains(code) {
            tally.notes.push(format!("the demo does not show `{code}`"));
        }
        tally += Tally::one(ran.text.contains(code));
    }
    Ok(tally)
}

/// Tokens to and from Python's packages `cwt` and `pycose`.
pub(super) fn libraries(context: &mut Context) -> Result<Tally, Stop> {
    with_kycvs(context, "test-vectors/interop/interop.py", "interop")
}

/// Key files to and from `openssl`.
pub(super) fn openssl(context: &mut Context) -> Result<Tally, Stop> {
    program(context, "openssl", "openssl")?;
    with_kycvs(context, "test-vectors/interop/openssl_keys.py", "openssl")
}

fn with_kycvs(context: &mut Context, path: &str, name: &str) -> Result<Tally, Stop> {
    let kycvs = context.kycvs()?.display().to_string();
    let work = work_folder(context, name)?;
    script(context, path, &[&kycvs, &work])
}

/// An empty folder for a script's files.
pub(super) fn work_folder(context: &Context, name: &str) -> Result<String, Stop> {
    let folder = context.target("xtask-work")?.join(name);
    fs::remove_dir_all(&folder).ok();
    fs::create_dir_all(&folder)?;
    Ok(folder.display().to_string())
}
