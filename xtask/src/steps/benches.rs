//! The benches that are no part of the workspace, and the instructions that the core takes.

use crate::bench::{instructions, peers};
use crate::context::{Context, Stop};
use crate::tally::Tally;

/// The peers are linted, do what they are measured at, and can be measured. How fast anything is does not count here:
/// `cargo xtask bench peers --check` looks at that.
pub(super) fn peers(context: &mut Context) -> Result<Tally, Stop> {
    let program = peers::build(context)?;
    let mut clippy = peers::cargo(context, "clippy")?;
    clippy.args(["--", "--deny", "warnings"]);
    let mut tally = Tally::one(context.run(&mut clippy)?.success);
    let mut run = context.command(program);
    tally += Tally::one(context.run(run.args(["--seconds", "1"]))?.success);
    Ok(tally)
}

/// Nothing takes more instructions than `benches/instructions.txt` says, but for some per cent.
pub(super) fn instructions(context: &mut Context) -> Result<Tally, Stop> {
    let counts = instructions::count(context)?;
    let known = instructions::known(context)?;
    let mut tally = Tally::default();
    for finding in instructions::compare(&known, &counts) {
        tally += Tally::one(finding.fine).with_note(finding.says);
    }
    Ok(tally)
}
