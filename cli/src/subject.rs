//! The person whom an answer is about, from options or from a file.

use std::path::Path;

use kycvs::Subject;
use kycvs_tables::text;

use crate::args::SubjectOptions;
use crate::failure::{Failure, Result};
use crate::files;

/// The subject that the options name, where they name one.
pub(crate) fn from_options(options: &SubjectOptions) -> Result<Option<Subject>> {
    match (&options.subject_file, &options.name) {
        (Some(file), _) => from_file(file).map(Some),
        (None, Some(name)) => new(name, options.mobile.as_deref()).map(Some),
        (None, None) => Ok(None),
    }
}

/// A subject of a name and, where there is one, a number.
pub(crate) fn new(name: &str, mobile: Option<&str>) -> Result<Subject> {
    let subject = Subject::new(name)?;
    Ok(match mobile {
        Some(mobile) => subject.with_mobile(mobile)?,
        None => subject,
    })
}

/// The name on the first line, and perhaps the number on the second.
fn from_file(path: &Path) -> Result<Subject> {
    let bytes = files::read_secret(path)?;
    let text = text::utf8(&bytes).map_err(|error| Failure::Io(format!("{} {error}", files::name(path))))?;
    let mut lines = text::lines(text);
    let name = lines.next().unwrap_or_default();
    let mobile = lines.next().filter(|line| !line.trim().is_empty());
    if lines.any(|line| !line.trim().is_empty()) {
        let shape = "it has a name on its first line, a mobile number on its second and nothing more";
        return Err(Failure::Usage(format!("{} is no subject file: {shape}", files::name(path))));
    }
    new(name, mobile).map_err(|failure| failure.at(files::name(path)))
}
