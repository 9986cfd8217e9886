//! `kycvs qr`: a token as a QR code. Nothing is verified.

use std::path::Path;

use serde::Serialize;

use crate::args::Qr;
use crate::failure::{DONE, Failure, Result};
use crate::files::{self, Readers};
use crate::input::TokenInput;
use crate::output::Output;
use crate::qr::Code;

#[derive(Serialize)]
struct Drawn {
    ok: bool,
    version: i16,
    level: &'static str,
    modules: usize,
    text: String,
    out: Option<String>,
}

pub(crate) fn run(options: &Qr, out: &mut Output) -> Result<u8> {
    let target = files::out_file(options.out.as_deref(), &[Some(Path::new(&options.token))])?;
    let text = TokenInput::read(&options.token)?.presentation()?.to_text();
    let code = Code::new(&text)?;
    if let Some(path) = target {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        let picture = match ending.as_deref() {
            Some("png") => code.to_png()?,
            Some("svg") => code.to_svg().into_bytes(),
            _ => return Err(Failure::Usage("the name of the picture ends in .png or .svg".into())),
        };
        files::write_whole(path, &picture, Readers::Owner)?;
    }
    if out.is_json() {
        out.object(&Drawn {
            ok: true,
            version: code.version(),
            level: "M",
            modules: code.width(),
            text,
            out: target.map(|path| path.to_string_lossy().into_owned()),
        })?;
    } else if let Some(path) = target {
        out.line(&format!("wrote {} (QR code version {}, level M)", files::name(path), code.version()))?;
    } else {
        let picture = code.for_terminal(out.is_terminal());
        out.text(&picture)?;
    }
    Ok(DONE)
}
