//! The core and its verification of signatures without std, on a target that has none.

use crate::context::{Context, Stop};
use crate::tally::Tally;
use crate::tools::{BARE_TARGET, Std, std_source};

pub(super) fn run(context: &mut Context) -> Result<Tally, Stop> {
    let source = std_source(context, BARE_TARGET)?;
    // A folder of its own: what makes a stable compiler take `-Z` flags would have cargo build the rest anew.
    let folder = context.target("no-std")?;
    let mut tally = Tally::default();
    // `kycvs-ed25519` is also built without the core, because the core turns on features of the crates that both use.
    for (package, features) in [("kycvs", ""), ("kycvs", "serde,encrypted-keys"), ("kycvs-ed25519", "")] {
        let mut build = context.cargo();
        build.args(["build", "--package", package, "--no-default-features", "--features", features]);
        build.args(["--target", BARE_TARGET, "--target-dir"]).arg(&folder);
        source.apply(&mut build, Std::CoreAndAlloc);
        tally += Tally::one(context.run(&mut build)?.success);
    }
    Ok(tally)
}
