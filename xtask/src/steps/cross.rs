//! The foreign surface, `kycvs-ffi`, built for phones.
//!
//! Neither the Android NDK nor Xcode comes from a package registry. So its Rust is compiled for each target with a
//! standard library from source, without optimization, since what counts is that it compiles; for Android it is also
//! linked, by LLD against stand-ins for Android's own libraries, to read from the file how its segments are aligned.

use std::fs;
use std::path::Path;
use std::process::Command;

use goblin::archive::Archive;
use goblin::elf::Elf;
use goblin::elf::program_header::PT_LOAD;
use goblin::mach::load_command::CommandVariant;
use goblin::mach::{MachO, constants::cputype::CPU_TYPE_ARM64};

use crate::context::{Context, Stop};
use crate::tally::Tally;
use crate::tools::{Std, lld, std_source};

/// A shared library for each of Android's targets, whose every segment can be loaded where memory pages are 16 KiB.
pub(super) fn android(context: &mut Context) -> Result<Tally, Stop> {
    let linker = lld(context)?;
    let stand_ins = context.target("xtask-work")?.join("android-libraries");
    write_stand_ins(&stand_ins)?;

    let mut tally = Tally::default();
    for target in ANDROID {
        let mut build = cross(context, target, "cdylib")?;
        let flags = ["-Clinker-flavor=ld.lld".to_owned(), format!("-Lnative={}", stand_ins.display())];
        // In this form a folder's name may have spaces in it.
        build.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
        build.env(format!("CARGO_TARGET_{}_LINKER", target.to_uppercase().replace('-', "_")), &linker);
        let library = context.library(&mut build, LIBRARY, ".so")?;
        tally += Tally::one(true);

        let found = segments(&fs::read(&library)?);
        tally += match found {
            Ok(aligned) if !aligned.is_empty() && aligned.iter().all(|bytes| *bytes == PAGE) => {
                Tally::one(true).with_note(format!("{target:24} {} segments, each at 16 KiB", aligned.len()))
            }
            Ok(aligned) => Tally::one(false).with_note(format!(
                "{target:24} segments are aligned to {aligned:?} bytes and not to {PAGE}: bindings/uniffi/build.rs has \
                 to give the linker `-z max-page-size={PAGE}`"
            )),
            Err(reason) => Tally::one(false).with_note(format!("{target:24} {reason}")),
        };
    }
    Ok(tally.with_note(
        "linked without the NDK, against stand-ins for Android's libraries: nothing of it was run",
    ))
}

/// A static library for each of Apple's targets, made of objects for just that platform.
pub(super) fn apple(context: &mut Context) -> Result<Tally, Stop> {
    let mut tally = Tally::default();
    for (target, platform) in APPLE {
        let mut build = cross(context, target, "staticlib")?;
        let library = context.library(&mut build, LIBRARY, ".a")?;
        tally += Tally::one(true);
        tally += match objects(&fs::read(&library)?, platform) {
            Ok(count) => Tally::one(true).with_note(format!("{target:24} {count} objects")),
            Err(reason) => Tally::one(false).with_note(format!("{target:24} {reason}")),
        };
    }
    Ok(tally.with_note("compiled without Xcode: nothing of it was linked into an app or run"))
}

/// The call of cargo that makes a library of one kind for `target`.
fn cross(context: &mut Context, target: &str, kind: &str) -> Result<Command, Stop> {
    let source = std_source(context, target)?;
    // One folder for all of them: what runs on this machine, such as macros, is built once.
    let folder = context.target("cross")?;
    let mut build = context.cargo();
    build.args(["rustc", "--profile", "tool", "--package", PACKAGE, "--lib", "--crate-type", kind]);
    build.args(["--target", target, "--target-dir"]).arg(folder);
    build.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    source.apply(&mut build, Std::Whole);
    Ok(build)
}

/// Files that LLD takes for the libraries which every Android has and which the NDK has stand-ins for as well: empty
/// linker scripts. What is not found in them is left for Android's loader, as in any shared library.
fn write_stand_ins(folder: &Path) -> Result<(), Stop> {
    fs::create_dir_all(folder)?;
    for name in ["libc.so", "libdl.so", "libm.so", "liblog.so", "libunwind.a", "libgcc.a"] {
        fs::write(folder.join(name), "INPUT()\n")?;
    }
    Ok(())
}

/// The alignments of what the loader maps, in bytes.
fn segments(library: &[u8]) -> Result<Vec<u64>, String> {
    let elf = Elf::parse(library).map_err(|error| format!("is no ELF file: {error}"))?;
    if !elf.dynsyms.iter().any(|symbol| !symbol.is_import() && is_ours(&elf, symbol.st_name)) {
        return Err(format!("exports no function whose name begins with `{PREFIX}`"));
    }
    Ok(elf
        .program_headers
        .iter()
        .filter(|header| header.p_type == PT_LOAD)
        .map(|header| header.p_align)
        .collect())
}

fn is_ours(elf: &Elf, name: usize) -> bool {
    elf.dynstrtab.get_at(name).is_some_and(|name| name.starts_with(PREFIX))
}

/// Counts a static library's objects, all of which have to be for `platform`.
fn objects(library: &[u8], platform: u32) -> Result<usize, String> {
    let archive = Archive::parse(library).map_err(|error| format!("is no archive: {error}"))?;
    let mut count = 0;
    let mut exports = false;
    for name in archive.members() {
        let bytes = archive.extract(name, library).map_err(|error| format!("{name}: {error}"))?;
        let object =
            MachO::parse(bytes, 0).map_err(|error| format!("{name} is no Mach-O object: {error}"))?;
        // Objects for an old release say it in the old way.
        let built_for = object.load_commands.iter().find_map(|load| match load.command {
            CommandVariant::BuildVersion(version) => Some(version.platform),
            CommandVariant::VersionMinMacosx(_) => Some(MACOS),
            CommandVariant::VersionMinIphoneos(_) => Some(IOS),
            _ => None,
        });
        if object.header.cputype() != CPU_TYPE_ARM64 || built_for != Some(platform) {
            return Err(format!("{name} is for another platform: {built_for:?}, not {platform}"));
        }
        exports |= object.symbols().filter_map(Result::ok).any(|(symbol, entry)| {
            entry.is_global() && !entry.is_undefined() && symbol.trim_start_matches('_').starts_with(PREFIX)
        });
        count += 1;
    }
    if exports { Ok(count) } else { Err(format!("has no function whose name begins with `{PREFIX}`")) }
}

const PACKAGE: &str = "kycvs-ffi";
const LIBRARY: &str = "kycvs_ffi";
/// How the functions begin that uniffi makes for the crate.
const PREFIX: &str = "uniffi_kycvs_ffi_";
const ANDROID: [&str; 3] = ["aarch64-linux-android", "armv7-linux-androideabi", "x86_64-linux-android"];
/// With Mach-O's number of the platform (`PLATFORM_IOS` and so on in Apple's `loader.h`).
const APPLE: [(&str, u32); 3] =
    [("aarch64-apple-ios", IOS), ("aarch64-apple-ios-sim", 7), ("aarch64-apple-darwin", MACOS)];
const MACOS: u32 = 1;
const IOS: u32 = 2;
/// In bytes. Not only at least as much: each of these targets would be linked to another size by itself, so a flag that
/// went missing is seen on all three.
const PAGE: u64 = 16 * 1024;
