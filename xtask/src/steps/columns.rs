//! `kycvs.arrow` and `kycvs.spark` with the libraries that they are for.

use std::process::Command;

use crate::context::{Context, Stop};
use crate::counts;
use crate::tally::Tally;
use crate::tools::{ARROW, Environment, SPARK, java};

/// The tests with the libraries that columns come from and go to.
pub(super) fn arrow(context: &mut Context) -> Result<Tally, Stop> {
    super::must_exist(context, ARROW)?;
    let environment = super::python::installed_upon(context, ARROW, "python-arrow")?;
    let command = environment.command(context);
    pytest(context, command, "tests_arrow")
}

/// The tests with Apache Spark on this machine's Java, and whether the types are right.
pub(super) fn spark(context: &mut Context) -> Result<Tally, Stop> {
    super::must_exist(context, SPARK)?;
    let environment = with_spark(context)?;
    let kycvs = context.kycvs()?;

    let mut tally = Tally::default();
    for what in [&["--module", "kycvs.spark"][..], &["settlement/settle.py"]] {
        let mut mypy = environment.command(context);
        mypy.current_dir(context.root().join(super::python::PACKAGE));
        mypy.args(["-m", "mypy", "--strict"]).args(what);
        mypy.env("MYPY_CACHE_DIR", environment.folder().join("mypy"));
        tally += Tally::one(context.run(&mut mypy)?.success);
    }

    let mut command = spark_command(context, &environment);
    command.env("KYCVS_BIN", kycvs);
    tally += pytest(context, command, "tests_spark")?;
    Ok(tally)
}

/// A new environment with the wheel and Spark.
pub(crate) fn with_spark(context: &mut Context) -> Result<Environment, Stop> {
    java(context)?;
    super::python::installed_upon(context, SPARK, "python-spark")
}

/// A call of Python that finds Spark, on this machine alone.
pub(crate) fn spark_command(context: &Context, environment: &Environment) -> Command {
    let mut command = environment.command(context);
    // What another Spark of the user's would want.
    for variable in ["SPARK_HOME", "SPARK_CONF_DIR", "PYSPARK_SUBMIT_ARGS", "PYSPARK_DRIVER_PYTHON"] {
        command.env_remove(variable);
    }
    command.env("PYSPARK_PYTHON", environment.python()).env("SPARK_LOCAL_IP", "127.0.0.1");
    command
}

fn pytest(context: &mut Context, mut command: Command, folder: &str) -> Result<Tally, Stop> {
    command.current_dir(context.root().join(super::python::PACKAGE));
    command.args(["-m", "pytest", "--color=no", "-p", "no:cacheprovider", folder]);
    let ran = context.run(&mut command)?;
    super::counted(counts::of_pytest(&ran.text), ran.success, "pytest")
}
