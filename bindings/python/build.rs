//! Sees to it that the module unwinds with the system's `libgcc_s.so.1`, as the interpreter and the C library do.
//!
//! Where the interpreter ends, it ends its daemon threads as soon as they want its lock again: by `pthread_exit`, which
//! unwinds their stacks with that library. Zig would link an unwinder of its own into the module (`-lgcc_s` becomes its static
//! libunwind), which knows nothing of the other one's state: the process crashes. The library itself, by its path, goes
//! before that. `tests/smoke.py` looks whether it is so.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

const LIBRARY: &str = "libgcc_s.so.1";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if variable("CARGO_CFG_TARGET_OS") != "linux" || variable("CARGO_CFG_TARGET_ENV") != "gnu" {
        return;
    }
    let target = variable("TARGET");
    // Cargo's own `RUSTC_LINKER` comes from this one, and only what is set outside of Cargo is watched.
    let linker = format!("CARGO_TARGET_{}_LINKER", target.to_uppercase().replace(['-', '.'], "_"));
    for name in ["CC", &linker] {
        println!("cargo::rerun-if-env-changed={name}");
    }

    // Another architecture's library is nothing that the compilers here know of.
    let architecture = variable("CARGO_CFG_TARGET_ARCH");
    let here = variable("HOST").split('-').next() == target.split('-').next();
    let found = if here { from_compilers().or_else(|| from_folders(&architecture)) } else { None };

    if let Some(library) = found {
        println!("cargo::rerun-if-changed={}", library.display());
        println!("cargo::rustc-cdylib-link-arg={}", library.display());
    } else if [variable("RUSTC_LINKER"), variable(&linker)].iter().any(|linker| linker.contains("zig")) {
        println!(
            "cargo::error={LIBRARY} for {target} was not found, and a module that zig links without it crashes where a \
             process ends while a thread is in it: build on such a machine, with GCC or its runtime library \
             (Debian: gcc or libgcc-s1; Fedora: gcc or libgcc)"
        );
    } else if here {
        println!("cargo::warning={LIBRARY} was not found: the linker has to find it by itself");
    }
}

/// A variable, or nothing.
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

/// Where the C compilers find it.
fn from_compilers() -> Option<PathBuf> {
    [variable("CC").as_str(), "cc", "gcc", "clang"].iter().find_map(|command| {
        // As in `CC="ccache gcc"`.
        let mut words = command.split_whitespace();
        let mut compiler = Command::new(words.next()?);
        let output = compiler.args(words).arg(format!("-print-file-name={LIBRARY}")).output().ok()?;
        // One that does not find it says its bare name.
        is_there(Path::new(str::from_utf8(&output.stdout).ok()?.trim()))
    })
}

/// Where the distributions have it, which install it without a compiler too.
fn from_folders(architecture: &str) -> Option<PathBuf> {
    let debian = format!("/usr/lib/{architecture}-linux-gnu");
    let wide = if variable("CARGO_CFG_TARGET_POINTER_WIDTH") == "64" { "/usr/lib64" } else { "/usr/lib" };
    [debian.as_str(), &debian[4..], wide, &wide[4..], "/usr/lib"]
        .iter()
        .find_map(|folder| is_there(&Path::new(folder).join(LIBRARY)))
}

fn is_there(library: &Path) -> Option<PathBuf> {
    (library.is_absolute() && library.is_file()).then(|| library.to_owned())
}
