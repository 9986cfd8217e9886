//! Whole terminal sessions, word for word: those of `tests/cmd`, and those that the README shows.
//!
//! `TRYCMD=overwrite cargo test -p kycvs-cli` writes what the binary says into them.

use std::path::Path;

use crate::support::fixture;

#[test]
fn sessions_go_as_written() {
    // Git keeps no such mode, and the binary warns of a key that others can read.
    use std::os::unix::fs::PermissionsExt as _;
    let sessions = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd");
    for key in
        [fixture("issuer.pem"), sessions.join("batch.in/issuer.pem"), sessions.join("service.in/secret")]
    {
        if key.exists() {
            std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o600)).expect("the mode is set");
        }
    }
    let cases = cases();
    cases.case("tests/cmd/*.trycmd");
    if !cfg!(feature = "serve") {
        // The small binary has none of these commands, and its help does not name them. Later calls count.
        cases.skip("tests/cmd/service.trycmd").skip("tests/cmd/help.trycmd");
    }
}

/// The README's sessions run one after the other in one empty folder.
#[test]
fn the_readme_tells_the_truth() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let text = std::fs::read_to_string(readme).expect("there is a README");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    let _ = std::fs::remove_dir_all(&folder);
    for name in ["README.in", "README.out"] {
        std::fs::create_dir_all(folder.join(name)).expect("the folder is made");
    }
    std::fs::write(folder.join("README.md"), text).expect("the copy is written");
    cases().case(folder.join("README.md"));
}

fn cases() -> trycmd::TestCases {
    let cases = trycmd::TestCases::new();
    cases.env("COLUMNS", "100");
    cases
}

#[cfg(not(feature = "serve"))]
#[test]
fn build_without_the_service_says_how_to_get_it() {
    let folder = crate::support::Folder::new();
    for call in
        ["serve", "serve --demo", "entity add x --name y", "records import people.csv", "audit --help"]
    {
        folder.run(call, crate::support::NOTHING).ends(2, "call `cargo install --path cli --features serve`");
    }
}
