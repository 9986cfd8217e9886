//! The Python package: the wheel as it is published, and its tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::conformance::{self, VARIABLE};
use crate::context::{Context, Stop};
use crate::counts;
use crate::notices;
use crate::tally::Tally;
use crate::tools::{BINDINGS, Environment, python};

/// The wheel in an environment with the tools of the tests.
pub(super) fn tests(context: &mut Context) -> Result<Tally, Stop> {
    conformance::platform(context, "python", |context, report| {
        super::must_exist(context, BINDINGS)?;
        let environment = installed(context)?;
        let mut tally = Tally::default();
        // The slow ones look at the memory of their process, so that they have one for themselves.
        for which in ["not slow", "slow"] {
            let mut pytest = in_package(context, &environment);
            pytest.args(["-m", "pytest", "--color=no", "-p", "no:cacheprovider", "-m", which]);
            pytest.env(VARIABLE, report);
            // They run the type checkers: with the Node.js that PyPI has, and their files not in the checkout.
            pytest
                .env("PYRIGHT_PYTHON_GLOBAL_NODE", "0")
                .env("MYPY_CACHE_DIR", environment.folder().join("mypy"));
            let ran = context.run(&mut pytest)?;
            tally += super::counted(counts::of_pytest(&ran.text), ran.success, "pytest")?;
        }
        Ok(tally)
    })
}

/// The wheel in an environment with nothing else.
pub(super) fn wheel(context: &mut Context) -> Result<Tally, Stop> {
    super::must_exist(context, BINDINGS)?;
    let tools = python(context, BINDINGS)?;
    let wheel = build(context, &tools)?;
    let mut tally = Tally::default();
    if cfg!(target_os = "linux") {
        // Somebody else's word for it, beside maturin's own when it built the wheel.
        let mut show = tools.command(context);
        let shown = context.run(show.args(["-m", "auditwheel", "show"]).arg(&wheel))?;
        let tag = shown.text.split(['"', ' ', '\n']).find(|word| word.starts_with("manylinux"));
        tally += Tally::one(shown.success && tag.is_some() && name_of(&wheel).contains("manylinux"));
        tally.notes.push(format!("auditwheel: {}", tag.unwrap_or("no manylinux tag")));
    }
    tally.notes.push(format!("{}, {} kB", name_of(&wheel), fs::metadata(&wheel)?.len() / 1000));

    let clean = Environment::empty(context, "python-clean")?;
    tools.install_into(context, &clean, &wheel)?;
    let mut smoke = clean.command(context);
    // Not in the checkout, so that nothing of it can be imported, and with no Rust on the path.
    smoke.arg(context.root().join(SMOKE)).current_dir(clean.folder());
    smoke.env("PATH", std::env::join_paths(folders_without_rust()).unwrap_or_default());
    tally += Tally::one(context.run(&mut smoke)?.success);
    Ok(tally)
}

/// A new environment with the tools of the tests and the wheel.
pub(crate) fn installed(context: &mut Context) -> Result<Environment, Stop> {
    installed_upon(context, BINDINGS, "python-tests")
}

/// A new environment `name` with the wheel and the packages that the file `requirements` of the checkout lists.
pub(crate) fn installed_upon(
    context: &mut Context,
    requirements: &str,
    name: &str,
) -> Result<Environment, Stop> {
    let builder = python(context, BINDINGS)?;
    let wheel = build(context, &builder)?;
    let packages = python(context, requirements)?;
    let environment = packages.upon_it(context, name)?;
    packages.install_into(context, &environment, &wheel)?;
    Ok(environment)
}

/// Builds the wheel by the commands that `bindings/python/README.md` tells.
fn build(context: &mut Context, tools: &Environment) -> Result<PathBuf, Stop> {
    let folder = context.target("xtask-work")?.join("wheel");
    fs::remove_dir_all(&folder).ok();
    notices::python(context)?;
    let mut maturin = in_package(context, tools);
    maturin.args(["-m", "maturin", "build", "--release", "--out"]).arg(&folder);
    if cfg!(target_os = "linux") {
        maturin.args(["--zig", "--compatibility", "manylinux2014"]);
    }
    context.must(&mut maturin)?;
    let wheels: Vec<PathBuf> =
        fs::read_dir(&folder)?.filter_map(Result::ok).map(|entry| entry.path()).collect();
    match &wheels[..] {
        [wheel] => Ok(wheel.clone()),
        _ => Err(Stop::Failed(format!("maturin built {} wheels and not one", wheels.len()))),
    }
}

/// The environment's Python, in the package's folder.
fn in_package(context: &Context, environment: &Environment) -> Command {
    let mut command = environment.command(context);
    command.current_dir(context.root().join(PACKAGE));
    command
}

fn folders_without_rust() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let has_rust = |folder: &PathBuf| ["cargo", "rustc"].iter().any(|name| folder.join(name).exists());
    std::env::split_paths(&path).filter(|folder| !has_rust(folder)).collect()
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

pub(crate) const PACKAGE: &str = "bindings/python";
const SMOKE: &str = "bindings/python/tests/smoke.py";
