//! What the project may depend on, as `deny.toml` says, and with which features.

use crate::context::{Context, Stop};
use crate::tally::Tally;
use crate::tools::{CARGO_DENY, cargo_tool};

pub(super) fn run(context: &mut Context) -> Result<Tally, Stop> {
    let deny = cargo_tool(context, &CARGO_DENY)?;
    let mut tally = Tally::default();
    for workspace in WORKSPACES {
        for check in ["licenses", "bans", "sources"] {
            // Called as cargo would call it.
            let mut command = context.command(&deny);
            command.args([
                "--manifest-path",
                workspace.manifest,
                "--workspace",
                "--all-features",
                "--locked",
            ]);
            command.args(["--color", "never", "check", "--hide-inclusion-graph"]);
            command.args(workspace.allowed.iter().flat_map(|lint| ["--allow", lint])).arg(check);
            tally += Tally::one(context.run(&mut command)?.success);
        }
    }
    tally += wiping(context)?;
    Ok(tally.with_note("advisories were not looked at: their database is not on a package registry"))
}

/// A workspace that `deny.toml` is for.
struct Workspace {
    manifest: &'static str,
    /// What it may do all the same.
    allowed: &'static [&'static str],
}

const WORKSPACES: [Workspace; 3] = [
    Workspace { manifest: "Cargo.toml", allowed: &[] },
    Workspace { manifest: "fuzz/Cargo.toml", allowed: &[] },
    // Other implementations of Ed25519 are what it is there for, and they bring their own versions of much. Nothing of it
    // is shipped.
    Workspace { manifest: "benches/peers/Cargo.toml", allowed: &["banned", "duplicate"] },
];

/// That what touches secrets is built to wipe them, whichever of the core's features are on. A test cannot see that: the
/// memory is gone when it could look.
fn wiping(context: &mut Context) -> Result<Tally, Stop> {
    let mut tree = context.cargo();
    tree.args(["tree", "--package", "kycvs", "--edges", "normal", "--no-default-features"]);
    let tree = context.stdout_of(tree.args(["--prefix", "none", "--format", "{p} [{f}]"]))?;
    let mut tally = Tally::default();
    for name in ["ed25519", "ed25519-dalek", "curve25519-dalek", "sha2"] {
        let mut lines = tree.lines().filter(|line| line.starts_with(&format!("{name} v"))).peekable();
        let wipes = lines.peek().is_some() && lines.all(|line| line.contains("zeroize"));
        if !wipes {
            tally.notes.push(format!("{name} is built without its feature `zeroize`"));
        }
        tally += Tally::one(wipes);
    }
    Ok(tally)
}
