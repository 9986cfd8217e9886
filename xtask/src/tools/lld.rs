//! A linker for other machines' files: the compiler's own LLD, else Debian's.

use std::path::PathBuf;

use super::{apt, rust_src};
use crate::context::{Context, Stop};

/// A program that takes the arguments of `ld.lld`, called with `-Clinker-flavor=ld.lld`.
pub(crate) fn lld(context: &mut Context) -> Result<PathBuf, Stop> {
    let own = rust_src::rustlib(context)?.join(context.host()?).join("bin/rust-lld");
    if own.exists() {
        return Ok(own);
    }
    apt::program(context, "ld.lld", "lld")?;
    Ok("ld.lld".into())
}
