//! The Kotlin package, on the JVM.

use crate::bindings;
use crate::conformance::{self, VARIABLE};
use crate::context::{Context, Stop};
use crate::counts;
use crate::tally::Tally;
use crate::tools::maven;

/// Builds the jar and runs its tests.
pub(super) fn run(context: &mut Context) -> Result<Tally, Stop> {
    conformance::platform(context, "kotlin", |context, report| {
        super::must_exist(context, POM)?;
        maven(context)?;
        bindings::generate(context)?;
        let mut verify = context.command("mvn");
        verify
            .args(["--batch-mode", "--no-transfer-progress", "--file", POM, "verify"])
            .env(VARIABLE, report);
        let ran = context.run(&mut verify)?;
        super::counted(counts::of_surefire(&ran.text), ran.success, "Maven")
    })
}

pub(crate) const POM: &str = "bindings/kotlin/pom.xml";
