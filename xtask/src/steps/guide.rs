//! The guides of the service: their commands as a reader types them, and the verifying entity in Python, all against the
//! real service.

use crate::context::{Context, Stop};
use crate::counts;
use crate::tally::Tally;
use crate::tools::program;

/// The tests of `issuer/guide-tests`, and whether the example's types are right.
pub(super) fn run(context: &mut Context) -> Result<Tally, Stop> {
    super::must_exist(context, REQUIREMENTS)?;
    // What the commands of the pages call.
    for name in ["curl", "openssl", "sqlite3"] {
        program(context, name, name)?;
    }
    let kycvs = context.kycvs()?;
    let environment = super::python::installed_upon(context, REQUIREMENTS, "python-guide")?;

    let mut mypy = environment.command(context);
    mypy.args(["-m", "mypy", "--strict", EXAMPLE]).env("MYPY_CACHE_DIR", environment.folder().join("mypy"));
    let mut tally = Tally::one(context.run(&mut mypy)?.success);

    let mut pytest = environment.command(context);
    pytest.current_dir(context.root().join(TESTS)).env("KYCVS_BIN", kycvs);
    pytest.args(["-m", "pytest", "--color=no", "-p", "no:cacheprovider"]);
    let ran = context.run(&mut pytest)?;
    tally += super::counted(counts::of_pytest(&ran.text), ran.success, "pytest")?;
    Ok(tally)
}

const EXAMPLE: &str = "issuer/examples/entity/server.py";
const TESTS: &str = "issuer/guide-tests";
const REQUIREMENTS: &str = "issuer/guide-tests/requirements.txt";
