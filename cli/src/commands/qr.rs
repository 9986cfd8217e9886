//! `kycvs qr`: a token as a QR code. Nothing is verified.

use std::path::Path;

use serde::Serialize;

use crate::args::Qr;
use crate::failure::{DONE, Failure, Result};
use crate::files::{self, Readers};
use crate::input::{TokenInput, with_shell_hint};
use crate::output::Output;
use crate::qr::{Code, is_picture};

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
    let presentation = TokenInput::read(&options.token)?.presentation();
    let text = presentation.map_err(|failure| with_shell_hint(&options.token, failure))?.to_text();
    let code = Code::new(&text)?;
    if let Some(path) = target {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        let picture = match ending.as_deref() {
            Some("png") => code.to_png()?,
            Some("svg") => code.to_svg().into_bytes(),
            _ => return Err(Failure::Usage("the name of the picture ends in .png or .svg".into())),
        };
        files::replaces_only(path, "picture", |content| {
            is_picture(content) || content.starts_with(b"<?xml") || content.starts_with(b"<svg")
        })?;
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
        if let Some(columns) = out.columns()
            && columns < code.full_width()
        {
            let width = code.full_width();
            return Err(Failure::Usage(format!(
                "the terminal has {columns} columns and the code needs {width}: make the window wider, or write a picture \
                 with --out FILE.png"
            )));
        }
        let picture = code.for_terminal(out.colours());
        out.text(&picture)?;
    }
    Ok(DONE)
}
