//! What is edited in the generated sources, and why.
//!
//! The generator's templates can not be configured far enough to give what a Kotlin or Swift developer expects. Each
//! edit replaces an exact text, and has to find it just as often as it says: a new version of uniffi that writes
//! something else is noticed here and not by a user.

use std::path::Path;

use super::{kotlin_edits, swift_edits};

/// One exact replacement.
pub(super) struct Edit {
    /// Names it where it does not apply.
    pub(super) name: &'static str,
    /// The ending of the files that it is for: `kt`, `swift`, `h`.
    pub(super) extension: &'static str,
    /// How often `from` stands in the file.
    pub(super) times: usize,
    pub(super) from: &'static str,
    pub(super) to: &'static str,
}

/// The text of the file that goes to `place`, edited.
pub(super) fn apply(place: &Path, text: &str) -> Result<String, String> {
    let swift = swift_edits::EDITS.iter().copied().flatten();
    apply_all(kotlin_edits::EDITS.iter().chain(swift), place, text)
}

fn apply_all<'a>(
    edits: impl IntoIterator<Item = &'a Edit>,
    place: &Path,
    text: &str,
) -> Result<String, String> {
    let extension = place.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let mut text = text.to_owned();
    for edit in edits.into_iter().filter(|edit| edit.extension == extension) {
        let found = text.matches(edit.from).count();
        if found != edit.times {
            return Err(format!(
                "the edit `{}` (xtask/src/bindings/) has to apply {} times to {} and would {found} times: \
                 look at what uniffi generates now",
                edit.name,
                edit.times,
                place.display()
            ));
        }
        text = text.replace(edit.from, edit.to);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{Edit, apply_all};
    use std::path::Path;

    const EDIT: Edit =
        Edit { name: "say yes", extension: "kt", times: 2, from: "return no", to: "return yes" };

    #[test]
    fn an_edit_is_made_everywhere_in_its_kind_of_file() {
        let text = "return no; return no";
        assert_eq!(apply_all(&[EDIT], Path::new("a/b.kt"), text).as_deref(), Ok("return yes; return yes"));
        assert_eq!(apply_all(&[EDIT], Path::new("a/b.swift"), text).as_deref(), Ok(text));
    }

    #[test]
    fn an_edit_that_does_not_apply_just_so_is_named() {
        for text in ["return maybe", "return no", "return no; return no; return no"] {
            let error = apply_all(&[EDIT], Path::new("b.kt"), text).expect_err("it does not apply");
            assert!(error.contains("say yes") && error.contains("b.kt"), "{error}");
        }
    }
}
