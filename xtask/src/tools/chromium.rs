//! Chromium, for what has to run in a real browser; `playwright-core` from npm drives it.

use std::path::{Path, PathBuf};

use super::apt;
use crate::context::{Context, Stop};

/// Chromium's program; installs Debian's where there is none and this is root on Debian.
pub(crate) fn chromium(context: &mut Context) -> Result<PathBuf, Stop> {
    apt::program(context, NAME, NAME)?;
    // Without a font for it, Hindi is a row of boxes in a screenshot. It is only seen there, and no test fails of it.
    if !Path::new(HINDI).exists() && apt::may_install(context) {
        apt::install(context, HINDI_PACKAGE).ok();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(NAME))
        .find(|program| program.is_file())
        .ok_or_else(|| Stop::NotRun(format!("`{NAME}` is not there")))
}

const NAME: &str = "chromium";
const HINDI: &str = "/usr/share/fonts/truetype/lohit-devanagari";
const HINDI_PACKAGE: &str = "fonts-lohit-deva";
