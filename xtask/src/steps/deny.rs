//! `cargo deny`: what the project may depend on, as `deny.toml` says.

use crate::context::{Context, Stop};
use crate::tally::Tally;
use crate::tools::{CARGO_DENY, cargo_tool};

pub(super) fn run(context: &mut Context) -> Result<Tally, Stop> {
    let deny = cargo_tool(context, &CARGO_DENY)?;
    let mut tally = Tally::default();
    for check in ["licenses", "bans", "sources"] {
        // Called as cargo would call it.
        let mut command = context.command(&deny);
        command.args([
            "--all-features",
            "--workspace",
            "--color",
            "never",
            "check",
            "--hide-inclusion-graph",
            check,
        ]);
        tally += Tally::one(context.run(&mut command)?.success);
    }
    Ok(tally.with_note("advisories were not looked at: their database is not on a package registry"))
}
