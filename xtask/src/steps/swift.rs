//! The Swift package, on this machine.

use std::process::Command;

use crate::bindings::{self, SWIFT_LIBRARY};
use crate::conformance::{self, VARIABLE};
use crate::context::{Context, Stop};
use crate::counts;
use crate::tally::Tally;
use crate::tools::{Swift, swift};

/// Builds the package and runs its tests; builds an app that depends on it; and looks at how it is written.
pub(super) fn run(context: &mut Context) -> Result<Tally, Stop> {
    conformance::platform(context, "swift", |context, report| {
        super::must_exist(context, "bindings/swift/Package.swift")?;
        let swift = swift(context)?;
        bindings::generate(context)?;
        let mut test = command(context, &swift, "test", PACKAGE, SCRATCH);
        // Optimized, as an app's release is: a million calls take minutes otherwise.
        test.args([
            "--configuration",
            "release",
            "--disable-swift-testing",
            "-Xswiftc",
            "-warnings-as-errors",
        ]);
        let ran = context.run(test.env(VARIABLE, report))?;
        let mut tally = super::counted(counts::of_xctest(&ran.text), ran.success, "`swift test`")?;

        // A package that depends on this one, as an app does.
        let mut build = command(context, &swift, "build", BENCH, BENCH_SCRATCH);
        tally += Tally::one(context.run(build.args(["--configuration", "release"]))?.success);
        let mut lint = swift.command(context, "swift");
        lint.args(["format", "lint", "--strict", "--recursive"]);
        lint.args(WRITTEN_BY_HAND.map(|path| context.root().join(PACKAGE).join(path)));
        tally += Tally::one(context.run(&mut lint)?.success);
        Ok(tally)
    })
}

/// `swift build` or `swift test` of a package of the checkout; what it builds goes to the folder `scratch` in `target/`.
pub(crate) fn command(context: &Context, swift: &Swift, verb: &str, package: &str, scratch: &str) -> Command {
    let mut command = swift.command(context, "swift");
    command.arg(verb).arg("--package-path").arg(context.root().join(package));
    command.arg("--scratch-path").arg(context.target_root().join(scratch));
    command.arg("-Xlinker").arg(format!("-L{}", context.root().join(SWIFT_LIBRARY).display()));
    command
}

const PACKAGE: &str = "bindings/swift";
const SCRATCH: &str = "swift";
pub(crate) const BENCH: &str = "bindings/swift/Bench";
pub(crate) const BENCH_SCRATCH: &str = "swift-bench";
const WRITTEN_BY_HAND: [&str; 10] = [
    "Package.swift",
    "Bench",
    "Examples",
    "Tests",
    "Sources/Kycvs/Cause.swift",
    "Sources/Kycvs/Errors.swift",
    "Sources/Kycvs/Issuing.swift",
    "Sources/Kycvs/Times.swift",
    "Sources/Kycvs/Values.swift",
    "Sources/Kycvs/Verifying.swift",
];
